"""A hundred random days in a house, thousands in the nightly profile; and that what is wrong would be found."""

from collections.abc import Callable, Iterator
import json
import re

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
import pytest

from tests.mock_cloud import MockCloud
from tests.state_machine.machine import HomeMachine, limited

# How many examples there are is a matter of the profile.
_SETTINGS = settings(stateful_step_count=25, report_multiple_bugs=False, suppress_health_check=list(HealthCheck))

# Without making a failure smaller, which takes its time.
_ONLY_FIND = settings(_SETTINGS, max_examples=100, phases=[Phase.generate], derandomize=True, database=None)


@pytest.fixture(autouse=True)
def houses() -> Iterator[None]:
    """Close the house of an example that failed when it is run by itself."""
    yield
    for machine in tuple(HomeMachine.open_machines):
        machine.teardown()


@pytest.mark.slow
@pytest.mark.timeout(5 * _SETTINGS.max_examples)
def test_whatever_happens_the_promises_hold() -> None:
    """All that people, things and lines do, in any order."""
    run_state_machine_as_test(HomeMachine, settings=_SETTINGS)


def _say_the_opposite(cloud: MockCloud) -> None:
    cloud.spoil_frames(lambda frame: frame.replace('"on": true', '"on": false'))


def _forget_the_time(cloud: MockCloud) -> None:
    """Greet with a time long ago, by which every press is of this moment."""

    def spoil(frame: str) -> str:
        document = json.loads(frame)
        return json.dumps({**document, "at": "2026-01-01T00:00:00Z"}) if document["type"] == "hello" else frame

    cloud.spoil_frames(spoil)


def _repeat_the_first_snapshot(cloud: MockCloud) -> None:
    first: list[object] = []

    def spoil(text: str) -> str:
        snapshot = json.loads(text)
        first.append(snapshot["homes"])
        return json.dumps({**snapshot, "homes": first[0]})

    cloud.spoil_snapshots(spoil)


BROKEN: dict[str, tuple[Callable[[MockCloud], None], set[str]]] = {
    "events say the opposite": (_say_the_opposite, {"touch_switch", "switch", "rest"}),
    "old presses seem new": (_forget_the_time, {"outage"}),
    "snapshots are old": (_repeat_the_first_snapshot, {"restart_home_assistant", "touch_switch", "rest"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("rule", BROKEN)
def test_a_cloud_that_breaks_the_contract_is_found(rule: str) -> None:
    """By what Home Assistant shows or does then; with few rules, so that it is found soon."""
    break_cloud, rules = BROKEN[rule]
    with pytest.raises(AssertionError):
        run_state_machine_as_test(limited(rules, break_cloud), settings=_ONLY_FIND)


@pytest.mark.slow
def test_what_a_failure_prints_is_a_test() -> None:
    """It fails in the same way by itself."""
    break_cloud, rules = BROKEN["snapshots are old"]
    machine = limited(rules, break_cloud)
    with pytest.raises(AssertionError) as found:
        run_state_machine_as_test(machine, settings=_ONLY_FIND)
    _, first, steps = "\n".join(found.value.__notes__).partition("state = HomeMachine()")
    with pytest.raises(AssertionError) as again:
        exec(first + steps, {"HomeMachine": machine})  # noqa: S102  # as if somebody had pasted it
    # Chance may be some milliseconds longer.
    assert re.sub(r"at [\d.]+", "", str(again.value)) == re.sub(r"at [\d.]+", "", str(found.value))
