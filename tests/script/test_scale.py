"""What docs/scale.md says of a million homes, with few."""

import pytest

from script.scale_simulation.__main__ import tables
from script.scale_simulation.scenarios import OUTAGES, Results, simulate

HOMES = 20_000


@pytest.fixture(scope="module")
def results() -> Results:
    """Return the results of all scenarios."""
    return simulate(HOMES)


def test_after_a_restart_no_second_sees_more_than_a_thirtieth_of_the_homes(results: Results) -> None:
    """C-80. Nobody was away for so long that the homes became unavailable."""
    restart = results.scenarios["restart"]
    assert restart.peak_homes < 1 / 30
    assert restart.all_back < 90


@pytest.mark.parametrize("outage", [key for key in OUTAGES if key != "restart"])
def test_after_any_outage_the_homes_come_back_one_after_the_other(results: Results, outage: str) -> None:
    """And all of them soon."""
    assert results.scenarios[outage].peak_homes < 1 / 25
    assert results.scenarios[outage].all_back < 160


@pytest.mark.parametrize("outage", OUTAGES)
def test_a_day_later_nothing_is_in_step(results: Results, outage: str) -> None:
    """The numbers of requests in the seconds of an hour vary as those of chance do."""
    assert 0.8 < results.scenarios[outage].day_variance < 1.2


def test_an_idle_home_makes_at_most_two_requests_an_hour(results: Results) -> None:
    """C-62. Renewals of tokens are among them, also of those that were issued together."""
    assert results.scenarios["idle"].mean_requests * 3600 < 2
    assert results.scenarios["tokens"].peak_requests * HOMES < 12


def test_results_are_shown_as_tables(results: Results) -> None:
    """For docs/scale.md."""
    assert "| restart: 1012, back after 5 s | 1/" in tables(results)
