"""After any outage the home is right again at once: what was before it is never shown as if it were new."""

import asyncio
from collections.abc import Callable, Coroutine

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_ENTITY_ID, STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
import msgspec
import pytest

from tests.accounts import OWNER
from tests.cloud.scripted import answer
from tests.discovery_server import DiscoveryServer
from tests.home import shows
from tests.mock_cloud import MockCloud
from tests.repairs import MAINTAINED, comes, issues, said

pytestmark = pytest.mark.slow

KITCHEN = "light.bep_den_tran"
PANEL = "cong-tac-bep"

type Outage = Callable[[MockCloud], Coroutine[None, None, Callable[[], Coroutine[None, None, None]]]]


async def _gone(cloud: MockCloud) -> Callable[[], Coroutine[None, None, None]]:
    """The server stops; the stream resumes behind what is held."""
    port = cloud.port
    await cloud.stop()

    async def end() -> None:
        await cloud.start(port=port)

    return end


async def _gone_and_forgetful(cloud: MockCloud) -> Callable[[], Coroutine[None, None, None]]:
    """The same, but only a snapshot helps."""
    end = await _gone(cloud)
    cloud.forget_history()
    return end


async def _restored(cloud: MockCloud) -> Callable[[], Coroutine[None, None, None]]:
    """The same, and it counts anew."""
    end = await _gone(cloud)
    cloud.new_epoch()
    return end


async def _maintained(cloud: MockCloud) -> Callable[[], Coroutine[None, None, None]]:
    """It says so, and closes the streams."""
    cloud.maintenance(retry_after=30)

    async def end() -> None:
        cloud.end_maintenance()

    return end


async def _blocked(cloud: MockCloud) -> Callable[[], Coroutine[None, None, None]]:
    """The account is suspended."""
    cloud.suspend(OWNER.username)

    async def end() -> None:
        cloud.unblock(OWNER.username)

    return end


@pytest.mark.parametrize(
    "outage", [_gone, _gone_and_forgetful, _restored, _maintained, _blocked], ids=lambda outage: outage.__name__[1:]
)
async def test_what_is_shown_after_an_outage_is_what_is(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, outage: Outage
) -> None:
    """An automation that waits for the lamp to be switched off must not start because the cloud is back."""
    shown: list[str] = []

    @callback
    def look(event: Event[EventStateChangedData]) -> None:
        if state := event.data["new_state"]:
            shown.append(state.state)

    cloud.meters_report = False
    await asyncio.sleep(1)
    stop = async_track_state_change_event(hass, KITCHEN, look)
    end = await outage(cloud)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=120)
    cloud.touch(PANEL, "1", on=True)
    await asyncio.sleep(60)
    await end()
    await shows(hass, KITCHEN, STATE_ON, within_s=600)
    await asyncio.sleep(600)
    stop()
    assert shown == [STATE_UNAVAILABLE, STATE_ON]


async def test_push_is_back_with_the_home(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """And not minutes later, when a refused stream would have been tried again."""
    await asyncio.sleep(1)
    cloud.suspend(OWNER.username)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=10)
    cloud.unblock(OWNER.username)
    await shows(hass, KITCHEN, STATE_OFF, within_s=400)
    await asyncio.sleep(5)
    assert cloud.streams == 1
    cloud.touch(PANEL, "1", on=True)
    await shows(hass, KITCHEN, STATE_ON, within_s=1)


async def test_a_block_is_noticed_at_once_also_while_a_snapshot_has_to_wait(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """What cannot be applied is fetched once a minute; a doubt about the account does not wait for that."""
    await asyncio.sleep(30)
    for _ in range(2):
        cloud.spoil_frames(lambda frame: frame.replace('"state": {', '"state": 7, "was": {'))
        cloud.touch(PANEL, "1", on=True)
        cloud.touch(PANEL, "1", on=False)
        cloud.spoil_frames(None)
        await asyncio.sleep(2)
    cloud.suspend(OWNER.username)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=5)


async def test_maintenance_that_push_survives_is_said_and_takes_nothing_away(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """What push tells is true, and Repairs say why commands fail. Home Assistant logs that polls fail."""
    await asyncio.sleep(1)
    caplog.clear()
    cloud.maintenance(retry_after=60, push_survives=True)
    await comes(hass, MAINTAINED)
    cloud.touch(PANEL, "1", on=True)
    await shows(hass, KITCHEN, STATE_ON, within_s=1)
    with pytest.raises(HomeAssistantError) as refused:
        await hass.services.async_call("light", "turn_off", {ATTR_ENTITY_ID: KITCHEN}, blocking=True)
    assert refused.value.translation_key == "maintenance"
    cloud.end_maintenance()
    await comes(hass, within_s=120)
    await hass.services.async_call("light", "turn_off", {ATTR_ENTITY_ID: KITCHEN}, blocking=True)
    await shows(hass, KITCHEN, STATE_OFF, within_s=1)
    assert said(caplog) == ["ERROR", "INFO"]


async def test_asking_for_an_update_of_everything_is_one_request(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """However many entities are named."""
    assert await async_setup_component(hass, "homeassistant", {})
    await asyncio.sleep(1)
    before = len(cloud.requests)
    everything = [state.entity_id for state in hass.states.async_all() if state.state != STATE_UNAVAILABLE]
    assert len(everything) > 20
    await hass.services.async_call("homeassistant", "update_entity", {ATTR_ENTITY_ID: everything}, blocking=True)
    assert len(cloud.requests) - before == 1


async def test_a_bare_503_is_no_maintenance(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """It may be a proxy's: nothing is unavailable for 90 seconds, and Repairs says nothing (C-25)."""
    await asyncio.sleep(60)
    session = entry.runtime_data.client.session
    right = session.endpoints
    async with DiscoveryServer() as proxy:
        proxy.elsewhere = answer(503)
        events_url = proxy.url.replace("http", "ws") + "/events"
        session.endpoints = msgspec.structs.replace(right, api_url=proxy.url, events_url=events_url)
        cloud.cut()
        await asyncio.sleep(80)
        assert hass.states.is_state(KITCHEN, STATE_OFF)
        await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=30)
        assert issues(hass) == []
        session.endpoints = right
        await shows(hass, KITCHEN, STATE_OFF, within_s=130)
