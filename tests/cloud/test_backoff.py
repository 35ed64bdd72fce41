"""How long is waited before the cloud is asked again."""

import pytest

from custom_components.wesmart.cloud.backoff import delay
from custom_components.wesmart.cloud.errors import (
    AccountBlockedError,
    CloudConnectionError,
    MaintenanceError,
    RateLimitedError,
    TermsNotAcceptedError,
    WeSmartError,
)


def delays(error: WeSmartError | None, failures: int, **options: float) -> list[float]:
    """Return what a thousand homes wait."""
    return sorted(delay(error, failures, **options) for _ in range(1000))


@pytest.mark.parametrize(("failures", "longest"), [(1, 2), (2, 4), (5, 32), (7, 120), (10**6, 120)])
def test_pauses_grow_to_two_minutes_and_are_random_as_a_whole(failures: int, longest: float) -> None:
    """Nobody comes in step with anybody."""
    waited = delays(CloudConnectionError(""), failures)
    assert waited[0] < longest * 0.05
    assert longest * 0.95 < waited[-1] <= longest


def test_polling_never_pauses_longer_than_its_interval() -> None:
    """However often it has failed."""
    assert delays(CloudConnectionError(""), 20, ceiling=30)[-1] <= 30


@pytest.mark.parametrize("kind", [RateLimitedError, MaintenanceError])
def test_retry_after_is_obeyed_and_spread(kind: type[RateLimitedError | MaintenanceError]) -> None:
    """A tenth of it on top, at random: those who were sent away together do not come back together."""
    waited = delays(kind("", retry_after=600), 1)
    assert waited[0] >= 600
    assert 655 < waited[-1] <= 660


@pytest.mark.parametrize("retry_after", [None, 0])
def test_without_retry_after_busy_is_like_any_failure(retry_after: float | None) -> None:
    """The pauses grow."""
    assert delays(RateLimitedError("", retry_after=retry_after), 3)[-1] <= 8


@pytest.mark.parametrize("error", [AccountBlockedError("", terminated=False), TermsNotAcceptedError("")])
def test_a_blocked_account_is_looked_at_every_few_minutes(error: WeSmartError) -> None:
    """However often it was before, and not by all at once."""
    for failures in (1, 100):
        waited = delays(error, failures)
        assert 225 <= waited[0] < 235
        assert 290 < waited[-1] <= 300
