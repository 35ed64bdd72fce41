"""Unloading, reloading and stopping are quick, whatever state the connection is in."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Protocol

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest

from custom_components.wesmart.cloud.client import DEADLINE_S
from tests.mock_cloud import MockCloud

pytestmark = pytest.mark.slow

KITCHEN = "light.bep_den_tran"
# The closing handshake of the socket and a renewal of tokens may take some seconds; Home Assistant allows 10 s.
LONGEST_S = 8
# How long the server does not respond, in the tests below.
HOLE_S = 60


class _Trouble(Protocol):
    def __call__(self, hass: HomeAssistant, cloud: MockCloud) -> Coroutine[None, None, None]: ...


async def _handshake_into_a_black_hole(hass: HomeAssistant, cloud: MockCloud) -> None:
    cloud.latency = HOLE_S
    cloud.cut()
    await asyncio.sleep(5)


async def _between_two_attempts(hass: HomeAssistant, cloud: MockCloud) -> None:
    await cloud.stop()
    await asyncio.sleep(600)


async def _half_open(hass: HomeAssistant, cloud: MockCloud) -> None:
    cloud.mute(True)
    await asyncio.sleep(10)


async def _request_that_hangs(hass: HomeAssistant, cloud: MockCloud) -> None:
    cloud.latency = HOLE_S
    target = {"entity_id": KITCHEN}
    await hass.services.async_call("light", "turn_on", target, blocking=False)
    await asyncio.sleep(1)


async def _renewal_that_hangs(hass: HomeAssistant, cloud: MockCloud) -> None:
    await asyncio.sleep(3580)
    await _request_that_hangs(hass, cloud)


TROUBLES: list[_Trouble] = [
    _handshake_into_a_black_hole,
    _between_two_attempts,
    _half_open,
    _request_that_hangs,
    _renewal_that_hangs,
]


@pytest.fixture(params=TROUBLES, ids=lambda trouble: trouble.__name__.strip("_"))
async def trouble(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, request: pytest.FixtureRequest
) -> AsyncGenerator[Callable[[], float]]:
    """Return the seconds since the trouble began."""
    await asyncio.sleep(1)
    assert cloud.streams == 1
    await request.param(hass, cloud)
    loop = asyncio.get_running_loop()
    since = loop.time()
    yield lambda: loop.time() - since
    await asyncio.sleep(HOLE_S + 1)  # the server's handlers end


async def test_unloading_is_not_delayed(hass: HomeAssistant, entry: ConfigEntry, trouble: Callable[[], float]) -> None:
    """And leaves no task or timer behind (the test plugin checks that)."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert trouble() < LONGEST_S


async def test_reloading_is_not_delayed(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, trouble: Callable[[], float]
) -> None:
    """The new set-up needs a snapshot, and waits for a renewal that is in progress."""
    cloud.latency = 0
    await hass.config_entries.async_reload(entry.entry_id)
    assert trouble() < DEADLINE_S


async def test_stopping_is_not_delayed(hass: HomeAssistant, entry: ConfigEntry, trouble: Callable[[], float]) -> None:
    """Home Assistant waits for tasks that are not background tasks."""
    await hass.async_stop(force=True)
    assert trouble() < LONGEST_S
