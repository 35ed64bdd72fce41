"""The benchmark's arithmetic: what it makes of what its runs saw, and what it prints."""

from collections.abc import Mapping

import pytest

from script.benchmark.live import household
from script.benchmark.live.figures import (
    COMMANDS_SIZE,
    FLOOR,
    IDLE_SIZE,
    MEMORY_SIZES,
    OURS,
    SIZES,
    SUBJECTS,
    TEXTBOOK,
    Results,
)
from script.benchmark.live.report import as_json, print_tables

# The keys that others read.
KEYS = {
    "event_vs_floor",
    "event_growth_5000_vs_100",
    "setup_1000_vs_floor",
    "setup_requests",
    "memory_vs_floor",
    "switch_100_requests",
    "idle_requests_per_hour",
}


def steady(event_us: float, setup_cpu_ms: float = 100, requests: float = 2) -> Mapping[str, float]:
    """Return what a run sees of setting up and of events."""
    return {
        "event_us": event_us,
        "lone_event_us": event_us,
        "setup_cpu_ms": setup_cpu_ms,
        "setup_wall_ms": setup_cpu_ms,
        "setup_requests": requests,
    }


def commands(*, requests: float = 1, over: float = 0, wrong: float = 0) -> Mapping[str, float]:
    """Return what a run sees of commands."""
    return {
        "switch_100_requests": requests,
        "switch_100_ms": 30,
        "switch_100_round_trips": 1.5,
        "drag_requests": 20,
        "drag_requests_over": over,
        "drag_ack_ms": 40,
        "drag_level": 51,
        "drag_wrong_levels": wrong,
    }


@pytest.fixture
def results() -> Results:
    """Return a benchmark of one round in which everybody does the same, at every size."""
    results = Results()
    for subject in SUBJECTS:
        for size in SIZES:
            results.add("steady", size, subject, steady(50))
        for size in MEMORY_SIZES:
            results.add("memory", size, subject, {"account_kb": 200 + 10 * size})
        results.add("commands", COMMANDS_SIZE, subject, commands())
        results.add("idle", IDLE_SIZE, subject, {"idle_requests_per_hour": 2})
    return results


def value(results: Results, key: str) -> float:
    """Return what a target came to."""
    return next(target.value for target in results.targets() if target.key == key)


def met(results: Results, key: str) -> bool:
    """Return whether a target was met."""
    return next(target.met for target in results.targets() if target.key == key)


def test_the_json_has_a_number_a_limit_and_a_verdict_for_every_target(results: Results) -> None:
    """Whoever reads it looks for these names."""
    document = as_json(results)

    assert document.keys() >= KEYS
    assert document["limits"].keys() == document["met"].keys() >= KEYS
    assert all(document["met"].values())
    assert document["figures"]["event_us"]["1000"] == {OURS: 50, FLOOR: 50, TEXTBOOK: 50}
    assert document["figures"]["memory_kb"] == {OURS: 10, FLOOR: 10, TEXTBOOK: 10}


def test_ratios_compare_the_runs_of_one_round(results: Results) -> None:
    """A slow round and a fast one: in each we take twice the floor, though the medians of both are far apart."""
    results.runs["steady", 1000, OURS] = [steady(200), steady(60), steady(20)]
    results.runs["steady", 1000, FLOOR] = [steady(100), steady(20), steady(10)]

    assert value(results, "event_vs_floor") == 2
    assert not met(results, "event_vs_floor")


def test_growth_leaves_out_what_the_floor_grows_by(results: Results) -> None:
    """What a larger Home Assistant costs by itself is not ours."""
    results.runs["steady", 5000, FLOOR] = [steady(100)]
    results.runs["steady", 5000, OURS] = [steady(110)]

    assert value(results, "event_growth_5000_vs_100") == pytest.approx(1.1)


def test_memory_per_device_leaves_out_what_does_not_grow(results: Results) -> None:
    """An account costs something without a single device."""
    results.runs["memory", 100, OURS] = [{"account_kb": 5000 + 12 * 100}]
    results.runs["memory", 1000, OURS] = [{"account_kb": 5000 + 12 * 1000}]

    assert value(results, "memory_vs_floor") == pytest.approx(1.2)


def test_one_set_up_that_asks_too_much_is_not_lost_in_the_median(results: Results) -> None:
    """At no size, in no round."""
    results.runs["steady", 100, OURS] = [steady(50), steady(50), steady(50, requests=5)]
    results.runs["steady", 100, FLOOR] = [steady(50)] * 3
    results.runs["steady", 5000, OURS] = results.runs["steady", 5000, FLOOR] = [steady(50)] * 3

    assert not met(results, "setup_requests")


@pytest.mark.parametrize(("key", "field"), [("drag_wrong_levels", "wrong"), ("drag_requests_over", "over")])
def test_one_bad_drag_is_not_lost_in_the_median(results: Results, key: str, field: str) -> None:
    """Once is too often."""
    results.runs["commands", COMMANDS_SIZE, OURS] = [commands(), commands(), commands(**{field: 1})]

    assert not met(results, key)


def test_the_table_says_what_was_missed_and_how_much_runs_differed(
    results: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    """A median alone would not tell how far to trust it."""
    results.runs["commands", COMMANDS_SIZE, OURS] = [
        commands(requests=1),
        commands(requests=3),
        commands(requests=2),
    ]

    print_tables(results)

    lines = capsys.readouterr().out.splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert ["100 entities on, requests", "2 (1–3)", "1", "1"] in cells
    assert ["Requests for 100 entities (`switch_100_requests`)", "1", "2 (1–3)", "**missed**"] in cells


@pytest.mark.parametrize("devices", [2, 100])
def test_every_event_changes_something_and_none_is_about_the_marker(devices: int) -> None:
    """An event that changes nothing would be cheap, and the marker tells when all have come."""
    states: dict[int, dict[str, object]] = {
        number: {"on": True} if household.is_switch(number) else {"on": True, "brightness": 100}
        for number in range(devices)
    }
    for event in range(300):
        number, fields = household.touched(event, devices)
        assert number != household.MARKER
        assert any(states[number][name] != field for name, field in fields.items())
        states[number].update(fields)
