"""Asking on behalf of somebody who waits: again as long as it is of use, and never longer than they wait."""

import asyncio
from collections import deque

import pytest

from custom_components.wesmart.cloud.errors import (
    AccountBlockedError,
    CloudConnectionError,
    CloudFaultError,
    CloudTimeoutError,
    InvalidRequestError,
    MaintenanceError,
    NotFoundError,
    RateLimitedError,
    SessionEndedError,
    UnexpectedAnswerError,
    WeSmartError,
)
from custom_components.wesmart.cloud.patience import DEADLINE_S, insist

ANSWER = "answer"


class Cloud:
    """Answers with the next of its outcomes, the last again and again, each after some seconds."""

    def __init__(self, *outcomes: WeSmartError | str, latency: float = 0) -> None:
        self._outcomes = deque(outcomes)
        self._latency = latency
        self.asked_at: list[float] = []

    async def ask(self) -> str:
        """Be the request."""
        self.asked_at.append(now())
        await asyncio.sleep(self._latency)
        outcome = self._outcomes.popleft() if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, str):
            return outcome
        raise outcome


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()


async def test_an_answer_is_returned_at_once() -> None:
    """Nobody is asked twice."""
    cloud = Cloud(ANSWER)
    assert (await insist(cloud.ask), cloud.asked_at) == (ANSWER, [0])


@pytest.mark.parametrize(
    ("failure", "again_at"),
    [
        (CloudConnectionError(""), 1),
        (CloudTimeoutError(""), 1),
        (CloudFaultError(""), 1),
        (RateLimitedError("", retry_after=1), 1),
        (RateLimitedError("", retry_after=9), 9),
        (MaintenanceError("", retry_after=0.25), 0.25),
        (MaintenanceError(""), 1),
    ],
)
async def test_what_may_succeed_in_time_is_asked_again(failure: WeSmartError, again_at: float) -> None:
    """What got no answer soon, what the cloud wants to be asked later when it wants."""
    cloud = Cloud(failure, ANSWER)
    assert (await insist(cloud.ask), cloud.asked_at) == (ANSWER, [0, again_at])


@pytest.mark.parametrize(
    "failure",
    [
        RateLimitedError("", retry_after=DEADLINE_S),
        MaintenanceError("", retry_after=600),
        AccountBlockedError("", terminated=False),
        InvalidRequestError(""),
        NotFoundError(""),
        SessionEndedError(""),
        UnexpectedAnswerError(""),
    ],
)
async def test_what_cannot_succeed_in_time_fails_at_once(failure: WeSmartError) -> None:
    """Nobody waits for what they will not get."""
    cloud = Cloud(failure)
    with pytest.raises(type(failure)) as error:
        await insist(cloud.ask)
    assert error.value is failure
    assert cloud.asked_at == [0]


async def test_the_last_failure_is_told_when_there_is_no_time_for_another_attempt() -> None:
    """Here the tenth would begin when nobody waits any more."""
    last = CloudFaultError("")
    cloud = Cloud(RateLimitedError("", retry_after=6), CloudConnectionError(""), last)
    with pytest.raises(CloudFaultError) as error:
        await insist(cloud.ask)
    assert error.value is last
    assert cloud.asked_at == [0, 6, 7, 8, 9]


@pytest.mark.parametrize("latency", [3, 30])
async def test_a_request_that_takes_too_long_is_given_up(latency: float) -> None:
    """Whichever attempt it is."""
    cloud = Cloud(CloudConnectionError(""), latency=latency)
    with pytest.raises(CloudTimeoutError):
        await insist(cloud.ask)
    assert now() == DEADLINE_S


async def test_a_request_whose_own_time_is_over_in_the_same_moment_is_given_up() -> None:
    """As every request's is that began with the action."""

    async def ask() -> str:
        try:
            async with asyncio.timeout(DEADLINE_S):
                await asyncio.sleep(60)
        except TimeoutError:
            raise CloudTimeoutError("") from None
        return ANSWER

    with pytest.raises(CloudTimeoutError):
        await insist(ask)
    assert now() == DEADLINE_S
