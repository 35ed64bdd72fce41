"""Whatever happens on the way, in whatever order: the promises hold, and the schedules would show it if they did not."""

import os

import pytest

from tests.cloud.simulation.home import Parts
from tests.cloud.simulation.promises import BrokenPromiseError
from tests.cloud.simulation.schedule import (
    Call,
    Do,
    Fault,
    Flood,
    Pass,
    Press,
    Restart,
    as_test,
    breaks,
    play,
    random_schedule,
    shrunk,
)
from tests.cloud.simulation.violations import VIOLATIONS

# WESMART_SCHEDULES looks further; the first ten thousand are the same each time.
_SCHEDULES = int(os.environ.get("WESMART_SCHEDULES", "10000"))
_BLOCK = 500
# So many must be enough to find any planted violation.
_ENOUGH = 4_000


@pytest.fixture(autouse=True)
def custom_integrations() -> None:
    """Start no Home Assistant: the client knows nothing of it."""


@pytest.mark.parametrize("first", range(0, _SCHEDULES, _BLOCK))
def test_every_schedule_keeps_every_promise(first: int) -> None:
    """One that does not is printed as a test, with as few steps as show it."""
    for seed in range(first, min(first + _BLOCK, _SCHEDULES)):
        steps = random_schedule(seed)
        if breaks(steps, Parts()):
            fewer = shrunk(steps, Parts())
            pytest.fail(as_test(fewer, seed, breaks(fewer, Parts()) or ""), pytrace=False)


@pytest.mark.parametrize("rule", VIOLATIONS)
def test_the_schedules_find_every_planted_violation(rule: str) -> None:
    """A proof that they look where it hurts."""
    assert any(breaks(random_schedule(seed), VIOLATIONS[rule]) for seed in range(_ENOUGH))


def test_the_schedules_find_a_tag_that_is_not_of_what_is_held() -> None:
    """A 304 that proves nothing."""
    assert any(breaks(random_schedule(seed), Parts(), tags_lag=True) for seed in range(_ENOUGH))


def test_what_is_printed_fails_alike() -> None:
    """Pasted into this file, that is; and it has no step that is not needed."""
    parts = VIOLATIONS["a gap is ignored"]
    seed = next(seed for seed in range(_ENOUGH) if breaks(random_schedule(seed), parts))
    steps = shrunk(random_schedule(seed), parts)
    reason = breaks(steps, parts)
    assert reason is not None
    assert all(not breaks(steps[:index] + steps[index + 1 :], parts) for index in range(len(steps)))
    file = {one.__name__: one for one in (Call, Do, Fault, Flood, Pass, Press, Restart)}
    played: dict[str, object] = {**file, "play": lambda printed: play(printed, parts)}
    exec(as_test(steps, seed, reason), played)  # noqa: S102 - the text is ours, and this is what it is for
    test = played[f"test_schedule_{seed}"]
    assert callable(test)
    with pytest.raises(BrokenPromiseError) as caught:
        test()
    assert str(caught.value) == reason
