"""A hundred random days in a house, thousands in the nightly profile; and that what is wrong would be found."""

from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
import pytest

from tests.state_machine.machine import HomeMachine, limited
from tests.state_machine.planted import PLANTED

# How many examples there are is a matter of the profile.
_SETTINGS = settings(stateful_step_count=25, report_multiple_bugs=False, suppress_health_check=list(HealthCheck))

# Without making a failure smaller, which takes its time.
_ONLY_FIND = settings(_SETTINGS, max_examples=200, phases=[Phase.generate], derandomize=True, database=None)


@pytest.fixture(autouse=True)
def houses() -> Iterator[None]:
    """Close the house of an example that failed when it is run by itself."""
    yield
    for machine in tuple(HomeMachine.open_machines):
        machine.teardown()


@pytest.mark.timeout(5 * _SETTINGS.max_examples)
def test_whatever_happens_the_promises_hold() -> None:
    """All that people, things and lines do, in any order."""
    run_state_machine_as_test(HomeMachine, settings=_SETTINGS)


@pytest.mark.parametrize("name", PLANTED)
def test_a_broken_promise_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine finds an integration that does not keep one of the rules."""
    PLANTED[name].plant(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(limited(PLANTED[name].rules), settings=_ONLY_FIND)


def test_what_a_failure_prints_is_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails in the same way by itself."""
    planted = PLANTED["gaps are ignored"]
    planted.plant(monkeypatch)
    with pytest.raises(AssertionError) as found:
        run_state_machine_as_test(limited(planted.rules), settings=_ONLY_FIND)
    _, first, steps = "\n".join(found.value.__notes__).partition("state = HomeMachine()")
    with pytest.raises(AssertionError) as again:
        exec(first + steps, {"HomeMachine": HomeMachine})  # noqa: S102  # as if somebody had pasted it
    assert str(again.value) == str(found.value)
