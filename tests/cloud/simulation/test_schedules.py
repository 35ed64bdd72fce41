"""Whatever happens, in whatever order: the promises hold; and with any rule left out, the schedules find it."""

import os

import pytest

from tests.cloud.simulation.modules import REAL, mutated
from tests.cloud.simulation.mutations import MUTATIONS
from tests.cloud.simulation.schedule import breaks, random_schedule, shortened

# The same schedules each time; the nightly profile plays more of them, and WESMART_SCHEDULES as many as it says.
_NIGHTLY = os.environ.get("WESMART_HYPOTHESIS") == "nightly"
_SCHEDULES = int(os.environ.get("WESMART_SCHEDULES", "10000" if _NIGHTLY else "2500"))
_BLOCK = 500
# So many find any rule that is left out.
_ENOUGH = 4_000

# What the cloud or the link does against the contract.
BROKEN = (
    "an epoch outlives a restored backup",
    "two events of one seq",
    "a number is left out",
    "a 304 for another position",
    "a snapshot's seq is ahead",
    "resumed without all events",
    "a repeat is carried out again",
    "an older request is carried out",
    "a result's state is older than its seq",
    "frames overtake each other",
)


@pytest.fixture(autouse=True)
def custom_integrations() -> None:
    """Start no Home Assistant: the client knows nothing of it."""


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, _SCHEDULES, _BLOCK))
def test_every_schedule_keeps_every_promise(first: int) -> None:
    """One that does not is printed with as few steps as break a promise."""
    for seed in range(first, min(first + _BLOCK, _SCHEDULES)):
        steps = random_schedule(seed)
        if breaks(steps):
            fewer = shortened(steps)
            pytest.fail(f"{breaks(fewer)}\nplay({fewer})", pytrace=False)


@pytest.mark.slow
@pytest.mark.parametrize("rule", MUTATIONS)
def test_the_schedules_find_a_rule_that_is_left_out(rule: str) -> None:
    """Of the client: in the source of its modules."""
    modules = mutated(MUTATIONS[rule])
    assert any(breaks(random_schedule(seed), modules) for seed in range(_ENOUGH))


@pytest.mark.slow
@pytest.mark.parametrize("rule", BROKEN)
def test_the_schedules_find_a_rule_that_is_broken(rule: str) -> None:
    """By the cloud, or by the link."""
    assert any(breaks(random_schedule(seed), REAL, broken=rule) for seed in range(_ENOUGH))


def test_a_schedule_is_shortened_to_what_breaks_the_promise() -> None:
    """To steps that are all needed."""
    modules = mutated(MUTATIONS["a gap is ignored"])
    steps = shortened(
        next(steps for seed in range(_ENOUGH) if breaks(steps := random_schedule(seed), modules)), modules
    )
    assert breaks(steps, modules)
    assert not any(breaks(steps[:index] + steps[index + 1 :], modules) for index in range(len(steps)))
