"""The benchmark's arithmetic, its tables, and its events."""

import pytest

from script.benchmark import cloud
from script.benchmark.figures import FLOOR, MEMORY_SIZES, OURS, SIZES, SUBJECTS, TEXTBOOK, Results, as_json, tables

KEYS = {
    "event_vs_floor",
    "event_growth_5000_vs_100",
    "setup_1000_vs_floor",
    "setup_requests",
    "memory_vs_floor",
    "switch_100_requests",
    "switch_100_round_trips",
    "drag_requests_over",
    "drag_wrong_levels",
    "idle_requests_per_hour",
}


@pytest.fixture
def results() -> Results:
    """Return a benchmark of one round in which all subjects are equal, at every size."""
    results = Results()
    steady = {"event_us": 50, "setup_cpu_ms": 100, "setup_wall_ms": 100, "setup_requests": 2}
    for subject in SUBJECTS:
        for size in SIZES:
            results.add(size, subject, steady)
        for size in MEMORY_SIZES:
            results.add(size, subject, {"account_kb": 200 + 10 * size})
    switch = {"switch_100_requests": 1, "switch_100_ms": 30, "switch_100_round_trips": 1.5}
    drag = {"drag_requests": 20, "drag_ack_ms": 40, "drag_level": 51, "drag_requests_over": 0, "drag_wrong_levels": 0}
    results.add(None, OURS, {**switch, **drag, "idle_requests_per_hour": 2})
    return results


def target(results: Results, key: str) -> tuple[float, bool]:
    """Return the value of a target and whether it was met."""
    return next((target.value, target.met) for target in results.targets() if target.key == key)


def test_json_contains_value_limit_and_verdict_of_every_target(results: Results) -> None:
    """Other programs read these names."""
    document = as_json(results)
    assert document.keys() == KEYS | {"limits", "met", "figures"}
    assert document["limits"].keys() == document["met"].keys() == KEYS
    assert all(document["met"].values())
    assert document["figures"]["event_us"]["1000"] == {OURS: 50, FLOOR: 50, TEXTBOOK: 50}
    assert document["figures"]["memory_kb"] == {OURS: 10, FLOOR: 10, TEXTBOOK: 10}
    assert document["figures"]["idle_requests_per_hour"] == {OURS: 2}


def test_ratios_compare_runs_of_the_same_round(results: Results) -> None:
    """A slow and a fast round: each takes twice the floor, though the medians are far apart."""
    results.values["event_us", 1000, OURS] = [200, 60, 20]
    results.values["event_us", 1000, FLOOR] = [100, 20, 10]
    assert target(results, "event_vs_floor") == (2, False)


def test_growth_does_not_contain_the_growth_of_the_floor(results: Results) -> None:
    """A larger Home Assistant costs more by itself."""
    results.values["event_us", 5000, FLOOR] = [100]
    results.values["event_us", 5000, OURS] = [110]
    value, _ = target(results, "event_growth_5000_vs_100")
    assert value == pytest.approx(1.1)


def test_memory_per_device_does_not_contain_what_does_not_grow(results: Results) -> None:
    """An account without devices costs something, too."""
    for size in MEMORY_SIZES:
        results.values["account_kb", size, OURS] = [5000 + 12 * size]
    value, met = target(results, "memory_vs_floor")
    assert value == pytest.approx(1.2)
    assert met


@pytest.mark.parametrize(
    ("key", "name", "devices", "values"),
    [
        ("setup_requests", "setup_requests", 100, [2, 2, 5]),
        ("drag_requests_over", "drag_requests_over", None, [0, 0, 1]),
        ("drag_wrong_levels", "drag_wrong_levels", None, [0, 0, 1]),
    ],
)
def test_one_bad_run_counts(results: Results, key: str, name: str, devices: int | None, values: list[float]) -> None:
    """A median would hide it."""
    results.values[name, devices, OURS] = values
    assert target(results, key) == (values[-1], False)


def test_tables_show_misses_and_the_spread(results: Results) -> None:
    """A median alone does not say how far to trust it."""
    results.values["switch_100_requests", None, OURS] = [1, 3, 2]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in tables(results).splitlines()]
    assert ["100 entities on, requests", "2 (1–3)", "–", "–"] in rows
    assert ["Requests for 100 entities (`switch_100_requests`)", "1", "2 (1–3)", "**missed**"] in rows


@pytest.mark.parametrize("devices", [2, 100])
def test_every_event_changes_a_state_and_none_the_marker(devices: int) -> None:
    """An event without a change costs little, and the marker says that all have arrived."""
    states = {number: {"on": True, "brightness": 100} for number in range(devices)}
    for index in range(300):
        number, fields = cloud.event(index, devices)
        assert number != cloud.MARKER
        assert not fields.items() <= states[number].items()
        states[number].update(fields)


def test_the_home_is_valid() -> None:
    """The mock cloud checks it."""
    assert len(list(cloud.world(20).devices())) == 20
