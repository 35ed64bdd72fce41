"""What outlives a reload: a renewal of tokens is never torn, and never done twice."""

import asyncio

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import ATTR_ENTITY_ID, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.wesmart.const import CONF_TOKENS, DOMAIN
from tests.accounts import OWNER, renewals, submit
from tests.mock_cloud import MockCloud

pytestmark = pytest.mark.slow

KITCHEN = "light.bep_den_tran"
# Access tokens are good for an hour, and are renewed in the last minute of it.
LAST_MINUTE_S = 3545


def saved(entry: ConfigEntry) -> str:
    """Return the refresh token that would be there after a restart."""
    token: str = entry.data[CONF_TOKENS]["refresh_token"]
    return token


def newest(cloud: MockCloud) -> str | None:
    """Return the refresh token that the cloud has given out last."""
    (session,) = cloud.sessions(OWNER.username)
    return session.successor or session.used


async def start_renewal(hass: HomeAssistant, cloud: MockCloud, latency: float) -> asyncio.Task[object]:
    """Return a call that needs new tokens, which the cloud is slow to send."""
    cloud.meters_report = False
    await asyncio.sleep(LAST_MINUTE_S)
    cloud.latency = latency
    call: asyncio.Task[object] = asyncio.create_task(
        hass.services.async_call("light", "turn_on", {ATTR_ENTITY_ID: KITCHEN}, blocking=True)
    )
    await asyncio.sleep(0.5)
    assert renewals(cloud) == 1
    cloud.latency = 0
    return call


async def test_tokens_are_renewed_once_however_many_wait_for_them(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Actions, a command and an update, all at once."""
    assert await async_setup_component(hass, "homeassistant", {})
    cloud.meters_report = False
    await asyncio.sleep(LAST_MINUTE_S)
    cloud.latency = 1
    target = {ATTR_ENTITY_ID: KITCHEN}
    await asyncio.gather(
        *(hass.services.async_call(DOMAIN, "get_feedback", {}, blocking=True, return_response=True) for _ in range(10)),
        hass.services.async_call("light", "turn_on", target, blocking=True),
        hass.services.async_call("homeassistant", "update_entity", target, blocking=True),
    )
    assert (renewals(cloud), saved(entry)) == (1, newest(cloud))


@pytest.mark.parametrize("latency", [3, 9])
async def test_a_reload_in_the_middle_of_a_renewal_leaves_a_session_that_works(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, latency: float
) -> None:
    """Also where the answer comes when unloading does not wait any more: what is saved is what the cloud has sent last."""
    call = await start_renewal(hass, cloud, latency)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    await asyncio.sleep(10)
    assert (renewals(cloud), saved(entry)) == (1, newest(cloud))
    await asyncio.gather(call, return_exceptions=True)
    for _ in range(2):
        await asyncio.sleep(7200)
        await hass.config_entries.async_reload(entry.entry_id)
        assert entry.state is ConfigEntryState.LOADED
    assert not hass.config_entries.flow.async_progress()


async def test_unloading_waits_for_a_renewal_so_that_it_is_saved(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """What comes afterwards may be the end of Home Assistant."""
    call = await start_renewal(hass, cloud, 3)
    before = saved(entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert before != saved(entry) == newest(cloud)
    await asyncio.gather(call, return_exceptions=True)


async def test_a_call_that_is_given_up_does_not_tear_a_renewal(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Whoever waits for it next gets what it brings."""
    call = await start_renewal(hass, cloud, 3)
    call.cancel()
    await asyncio.sleep(5)
    assert (renewals(cloud), saved(entry)) == (1, newest(cloud))


async def test_a_late_answer_does_not_undo_a_new_login(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The session that it belongs to has been replaced."""
    call = await start_renewal(hass, cloud, 9)
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    result = await submit(hass, flow, {"username": OWNER.username, CONF_PASSWORD: OWNER.password})
    assert result["reason"] == "reauth_successful"
    session = entry.data[CONF_TOKENS]["session_id"]
    await asyncio.sleep(12)
    assert entry.data[CONF_TOKENS]["session_id"] == session
    assert [one.id for one in cloud.sessions(OWNER.username)] == [session]
    await asyncio.gather(call, return_exceptions=True)


async def test_an_account_that_was_removed_does_not_come_back_with_late_tokens(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """And its session is over."""
    call = await start_renewal(hass, cloud, 9)
    await hass.config_entries.async_remove(entry.entry_id)
    await asyncio.sleep(10)
    assert not hass.config_entries.async_entries()
    assert cloud.sessions(OWNER.username) == []
    await asyncio.gather(call, return_exceptions=True)
