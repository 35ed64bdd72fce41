"""Clocks that disagree: tokens are renewed and commands are obeyed whatever Home Assistant believes the time to be."""

import asyncio
import datetime as dt

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.wesmart.const import DOMAIN
from tests.accounts import OWNER
from tests.home import shows
from tests.mock_cloud import MockCloud
from tests.virtual_time import VirtualTimeLoop

KITCHEN = "switch.bep_cong_tac_bep_den_tran"


async def obeys(hass: HomeAssistant, cloud: MockCloud) -> None:
    """Make sure that commands take effect and that nobody is asked for a login."""
    for action, state in (("turn_on", STATE_ON), ("turn_off", STATE_OFF)):
        await hass.services.async_call("switch", action, {ATTR_ENTITY_ID: KITCHEN}, blocking=True)
        assert cloud.state("cong-tac-bep", "1")["on"] is (state == STATE_ON)
        await shows(hass, KITCHEN, state)
    assert list(hass.config_entries.flow.async_progress_by_handler(DOMAIN)) == []
    assert len(cloud.sessions(OWNER.username)) == 1


@pytest.mark.parametrize("hours", [-30, -7, -1, 1, 7, 30])
async def test_a_clock_that_jumps_while_running_does_no_harm(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """Back or ahead, for hours, over a restart, and when it is right again."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    assert await async_setup_component(hass, "homeassistant", {})
    await obeys(hass, cloud)
    await asyncio.sleep(3000)
    with monkeypatch.context() as wrong:
        wrong.setattr("homeassistant.util.dt.utcnow", lambda: loop.utcnow() + dt.timedelta(hours=hours))
        await obeys(hass, cloud)
        await asyncio.sleep(2 * 3600)
        await obeys(hass, cloud)
        assert await hass.config_entries.async_reload(entry.entry_id)
        await asyncio.sleep(2)
        await obeys(hass, cloud)
    await obeys(hass, cloud)
    await asyncio.sleep(2 * 3600)
    await obeys(hass, cloud)
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("ahead", [dt.timedelta(minutes=1), dt.timedelta(hours=7), dt.timedelta(days=400)])
async def test_a_start_with_the_right_clock_after_one_that_was_ahead_is_obeyed(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, monkeypatch: pytest.MonkeyPatch, ahead: dt.timedelta
) -> None:
    """A clock in local time, say, until the network has set it: what was commanded then must not outlast all that follows."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    with monkeypatch.context() as wrong:
        wrong.setattr("homeassistant.util.dt.utcnow", lambda: loop.utcnow() + ahead)
        await obeys(hass, cloud)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await obeys(hass, cloud)


@pytest.mark.parametrize("cloud_ahead_s", [90, 7 * 3600])
async def test_a_start_without_push_is_obeyed_although_the_cloud_s_clock_is_ahead(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Orders rose from the cloud's time before, and nobody says now which that is."""
    await asyncio.sleep(1)
    await obeys(hass, cloud)
    cloud.mute(True)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await obeys(hass, cloud)
