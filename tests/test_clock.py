"""Wrong clocks: tokens are renewed and commands take effect whatever time Home Assistant or the server believes in."""

import asyncio
import datetime as dt

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
import pytest

from custom_components.wesmart.const import DOMAIN
from tests.accounts import OWNER
from tests.home import shows
from tests.mock_cloud import MockCloud
from tests.virtual_time import VirtualTimeLoop

pytestmark = pytest.mark.slow

KITCHEN = "light.bep_den_tran"
# Access tokens are valid for an hour.
RENEWAL_S = 3700


async def check_commands(hass: HomeAssistant, cloud: MockCloud) -> None:
    """Check that commands take effect and that nobody is asked to log in."""
    for action, state in (("turn_on", STATE_ON), ("turn_off", STATE_OFF)):
        await hass.services.async_call("light", action, {ATTR_ENTITY_ID: KITCHEN}, blocking=True)
        assert cloud.state("cong-tac-bep", "1")["on"] is (state == STATE_ON)
        await shows(hass, KITCHEN, state)
    assert list(hass.config_entries.flow.async_progress_by_handler(DOMAIN)) == []
    assert len(cloud.sessions(OWNER.username)) == 1


@pytest.mark.parametrize("hours", [-30, -1, 1, 7, 24 * 400])
async def test_a_clock_that_jumps_does_no_harm(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """While tokens are renewed, over a reload, and when the clock is right again."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    await asyncio.sleep(3000)
    with monkeypatch.context() as wrong:
        wrong.setattr("homeassistant.util.dt.utcnow", lambda: loop.utcnow() + dt.timedelta(hours=hours))
        await check_commands(hass, cloud)
        await asyncio.sleep(RENEWAL_S)
        await check_commands(hass, cloud)
        assert await hass.config_entries.async_reload(entry.entry_id)
        await check_commands(hass, cloud)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await check_commands(hass, cloud)
    await asyncio.sleep(RENEWAL_S)
    await check_commands(hass, cloud)
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("cloud_ahead_s", [-7 * 3600, 90, 7 * 3600])
async def test_a_server_s_clock_does_not_matter(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """With and without push."""
    await check_commands(hass, cloud)
    cloud.mute(True)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await check_commands(hass, cloud)
