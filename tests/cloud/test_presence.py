"""When the cloud is lost and when it is back, each said once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from custom_components.wesmart.cloud.errors import CloudTimeoutError, MaintenanceError, WeSmartError
from custom_components.wesmart.cloud.presence import SILENCE_S, Presence

ASK_S = 60


class Told:
    """A presence that is watched, and what it has told."""

    def __init__(self) -> None:
        self.said: list[type[WeSmartError] | None] = []
        self.quiet = 0
        self.presence = Presence(
            lambda lost: self.said.append(None if lost is None else type(lost)), on_quiet=self._be_quiet
        )

    def _be_quiet(self) -> None:
        self.quiet += 1


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    """Return one that is watched."""
    told = Told()
    watching = asyncio.create_task(told.presence.watch())
    yield told
    watching.cancel()
    await asyncio.wait([watching])


async def test_without_a_word_it_is_asked_for_one_before_it_is_lost(told: Told) -> None:
    """The cloud may just have nothing to say."""
    await asyncio.sleep(ASK_S - 1)
    assert told.quiet == 0
    await asyncio.sleep(2)
    assert (told.quiet, told.said) == (1, [])
    await asyncio.sleep(SILENCE_S - ASK_S - 2)
    assert told.presence.present
    await asyncio.sleep(2)
    assert (told.presence.present, told.said) == (False, [CloudTimeoutError])


async def test_words_keep_it(told: Told) -> None:
    """However few."""
    for _ in range(20):
        await asyncio.sleep(SILENCE_S - 1)
        told.presence.hear()
    assert told.said == []


async def test_why_it_was_lost_is_what_came_of_asking(told: Told) -> None:
    """Rather than that there was silence."""
    await asyncio.sleep(ASK_S)
    told.presence.miss(MaintenanceError(""))
    await asyncio.sleep(SILENCE_S)
    assert told.said == [MaintenanceError]


async def test_a_word_alone_does_not_bring_back_what_was_lost(told: Told) -> None:
    """What is known may still be from before; when it is not any more, that is said, and lost again another time."""
    told.presence.lose(MaintenanceError(""))
    told.presence.lose()
    told.presence.hear()
    assert (told.presence.present, told.said) == (False, [MaintenanceError])
    told.presence.regain()
    told.presence.regain()
    assert (told.presence.present, told.said) == (True, [MaintenanceError, None])
    await asyncio.sleep(SILENCE_S + 1)
    assert told.said == [MaintenanceError, None, CloudTimeoutError]
