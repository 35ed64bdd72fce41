"""What the entities see of the cloud's ups and downs, and what a call that fails tells its user."""

import asyncio
from collections import Counter
import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    ATTR_ENTITY_ID,
    EVENT_STATE_CHANGED,
    EVENT_STATE_REPORTED,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
)
from homeassistant.core import Event, EventStateChangedData, EventStateReportedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
import pytest

from custom_components.wesmart.cloud.models import EndpointKey
from tests.accounts import OWNER
from tests.home import shows
from tests.mock_cloud import MockCloud

KITCHEN = "light.bep_den_tran"
PANEL = "cong-tac-bep"
OFFLINE = "light.ban_cong_den_vuon_treo"
CANNOT_CONNECT = "WeSMART: cannot connect to the server. Check your network, then try again"


async def turn_on(hass: HomeAssistant, entity_id: str) -> None:
    """Call the action as a user would."""
    await hass.services.async_call("homeassistant", "turn_on", {ATTR_ENTITY_ID: entity_id}, blocking=True)


@pytest.fixture(autouse=True)
async def common_actions(hass: HomeAssistant) -> None:
    """Have `homeassistant.turn_on` and `update_entity`."""
    assert await async_setup_component(hass, "homeassistant", {})


async def test_an_event_wakes_the_entities_of_its_endpoint_only(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Whatever the size of the home."""
    reported: list[str] = []

    @callback
    def report(event: Event[EventStateChangedData] | Event[EventStateReportedData]) -> None:
        reported.append(event.data["entity_id"])

    cloud.meters_report = False
    await asyncio.sleep(60)
    # Also those that write a state that they show already.
    every = callback(lambda _data: True)
    stops = [
        hass.bus.async_listen(EVENT_STATE_CHANGED, report),
        hass.bus.async_listen(EVENT_STATE_REPORTED, report, event_filter=every),
    ]
    cloud.touch(PANEL, "1", on=True)
    await asyncio.sleep(1)
    for stop in stops:
        stop()
    assert reported == [KITCHEN]


async def test_losing_push_alone_makes_nothing_unavailable(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Polling finds out instead, and push comes back."""
    await asyncio.sleep(1)
    cloud.rate_limit(600, count=1, path="/v1/events")
    cloud.cut()
    await asyncio.sleep(5)
    assert cloud.streams == 0
    cloud.touch(PANEL, "1", on=True)
    await shows(hass, KITCHEN, STATE_ON, within_s=80)
    await asyncio.sleep(900)
    assert cloud.streams == 1
    cloud.touch(PANEL, "1", on=False)
    await shows(hass, KITCHEN, STATE_OFF, within_s=1)


async def test_after_ninety_seconds_without_a_word_everything_is_unavailable(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Home Assistant logs one error when the server is lost and one info when it is back, and nothing else is logged."""
    await asyncio.sleep(1)
    caplog.clear()
    port = cloud.port
    await cloud.stop()
    await asyncio.sleep(60)
    await shows(hass, KITCHEN, STATE_OFF, within_s=1)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=32)
    await asyncio.sleep(1800)
    cloud.touch(PANEL, "1", on=True)
    await cloud.start(port=port)
    await shows(hass, KITCHEN, STATE_ON, within_s=240)
    await asyncio.sleep(15)  # push may be back before a poll
    ours = [record for record in caplog.records if "wesmart" in record.name and record.levelno >= logging.INFO]
    assert [(record.levelname, record.getMessage()) for record in ours] == [
        ("ERROR", f"Error requesting WeSMART at {cloud.url} data: {CANNOT_CONNECT}"),
        ("INFO", f"Fetching WeSMART at {cloud.url} data recovered"),
    ]


async def test_after_a_restart_the_stream_alone_comes_back(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """C-80: all homes have lost theirs in the same second, so no poll comes beside it, nor soon after."""
    await asyncio.sleep(30)  # push is up
    port, before = cloud.port, len(cloud.requests)
    await cloud.stop()
    await cloud.start(port=port)
    await asyncio.sleep(41)
    assert [request.path for request in cloud.requests[before:]] == ["/v1/events"]
    await asyncio.sleep(3000)
    assert len(cloud.requests) == before + 1


async def test_a_device_that_is_offline_is_unavailable_and_comes_back(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """It alone."""
    await shows(hass, OFFLINE, STATE_UNAVAILABLE)
    cloud.set_online("den-vuon-treo", True)
    await shows(hass, OFFLINE, STATE_ON, within_s=1)
    cloud.set_online(PANEL, False)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=1)
    await shows(hass, OFFLINE, STATE_ON)


async def test_calls_at_once_are_few_requests(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Whatever is waiting leaves with the next request."""
    cloud.latency = 0.02
    before = len(cloud.requests)
    switches = list(hass.states.async_entity_ids("switch"))
    await hass.services.async_call("switch", "turn_on", {ATTR_ENTITY_ID: switches}, blocking=True)
    for entity_id in switches:
        await shows(hass, entity_id, STATE_ON, within_s=2)
    assert len(cloud.requests) - before <= 2


async def test_a_device_that_went_offline_is_named_in_the_error(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """When the news has not arrived yet: nothing is queued for later."""
    cloud.mute(True)
    cloud.set_online(PANEL, False)
    with pytest.raises(HomeAssistantError) as error:
        await hass.services.async_call("light", "turn_on", {ATTR_ENTITY_ID: KITCHEN}, blocking=True)
    assert error.value.translation_key == "device_offline"
    # Home Assistant calls those a validation error, and nothing was wrong with the call.
    assert not isinstance(error.value, ServiceValidationError)
    assert error.value.translation_placeholders is not None
    assert error.value.translation_placeholders["name"] == "Đèn trần"
    cloud.mute(False)


@pytest.mark.parametrize(
    ("path_fault", "key"),
    [("rate_limit", "rate_limited"), ("maintenance", "maintenance"), ("latency", "timeout_command")],
)
async def test_a_call_that_cannot_be_done_in_time_fails_within_ten_seconds(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, path_fault: str, key: str
) -> None:
    """It says why, and what was not done is not done later."""
    match path_fault:
        case "rate_limit":
            cloud.rate_limit(60, path="/v1/commands")
        case "maintenance":
            cloud.maintenance(retry_after=600)
        case "latency":
            cloud.latency = 30
    started = asyncio.get_running_loop().time()
    with pytest.raises(HomeAssistantError) as error:
        await hass.services.async_call("light", "turn_on", {ATTR_ENTITY_ID: KITCHEN}, blocking=True)
    assert error.value.translation_key == key
    assert asyncio.get_running_loop().time() - started < 10.5
    cloud.latency = 0
    cloud.end_maintenance()
    await asyncio.sleep(60)
    assert cloud.state(PANEL, "1")["on"] is (path_fault == "latency")


async def test_an_answer_that_got_lost_is_asked_for_again(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Under the same id: it is done once."""
    cloud.lose_answers(1)
    await hass.services.async_call("light", "turn_on", {ATTR_ENTITY_ID: KITCHEN}, blocking=True)
    await shows(hass, KITCHEN, STATE_ON)


async def test_a_thing_that_was_removed_meanwhile_is_said_to_be_gone(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Rather than that something went wrong."""
    cloud.mute(True)
    cloud.remove_device(PANEL)
    with pytest.raises(HomeAssistantError) as error:
        await hass.services.async_call("light", "turn_on", {ATTR_ENTITY_ID: KITCHEN}, blocking=True)
    assert error.value.translation_key == "command_not_found"
    assert not isinstance(error.value, ServiceValidationError)
    cloud.mute(False)


async def test_an_action_that_the_device_does_not_support_is_the_callers_mistake(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """A lamp that cannot be dimmed any more, which is not known here yet."""
    cloud._core.world.endpoint("den-tu-bep", "1").features["brightness"] = False
    with pytest.raises(ServiceValidationError) as error:
        await hass.services.async_call(
            "light", "turn_on", {ATTR_ENTITY_ID: "light.bep_den_tu_bep", "brightness": 20}, blocking=True
        )
    assert error.value.translation_key == "command_unsupported"


async def test_asking_for_an_update_asks_the_cloud_now(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """As `homeassistant.update_entity` promises."""
    await asyncio.sleep(1)
    cloud.drop_next()
    cloud.touch(PANEL, "1", on=True)
    await hass.services.async_call("homeassistant", "update_entity", {ATTR_ENTITY_ID: KITCHEN}, blocking=True)
    await shows(hass, KITCHEN, STATE_ON, within_s=1)


@pytest.mark.parametrize("outage", ["slow", "maintenance", "gone"])
async def test_asking_for_an_update_in_an_outage_logs_no_traceback(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture, outage: str
) -> None:
    """And at most one line, however many entities are updated."""
    await asyncio.sleep(30)
    port = cloud.port
    match outage:
        case "slow":
            cloud.latency = 30
        case "maintenance":
            cloud.maintenance()
        case "gone":
            await cloud.stop()
            await asyncio.sleep(120)
    everything = hass.states.async_entity_ids()
    await hass.services.async_call("homeassistant", "update_entity", {ATTR_ENTITY_ID: everything}, blocking=True)
    logged = [record for record in caplog.records if record.levelno >= logging.INFO and "wesmart" in record.name]
    assert len(logged) <= 1
    assert not [record for record in caplog.records if record.exc_info and record.levelno >= logging.INFO]
    if outage == "gone":
        await cloud.start(port=port)
    cloud.latency = 0
    cloud.end_maintenance()
    await asyncio.sleep(60)


@pytest.mark.slow
async def test_an_idle_hour_costs_two_requests(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """The conditional poll, and the renewal of a token that a request needs; now and then the discovery document instead."""
    cloud.meters_report = False
    await asyncio.sleep(3700)
    since = cloud.now()
    await asyncio.sleep(26 * 3600)
    requests = [request for request in cloud.requests if request.at >= since]
    assert [request.path for request in requests].count("/.well-known/wesmart") in (1, 2, 3)
    assert {request.status for request in requests if request.path == "/v1/snapshot"} == {304}
    assert max(Counter(int((request.at - since) // 3600) for request in requests).values()) == 2


@pytest.mark.slow
async def test_steady_pushes_do_not_starve_the_safety_poll(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """What proves that nothing was lost comes every one to two hours, however often something happens.

    Once or twice a day, the discovery document is read instead.
    """
    await asyncio.sleep(60)
    before = len(cloud.requests)
    for minute in range(4 * 60 + 1):
        cloud.touch(PANEL, "1", on=minute % 2 == 0)
        await asyncio.sleep(60)
    polls = [(request.path, request.status) for request in cloud.requests[before:] if request.path != "/oauth/token"]
    assert 2 <= len(polls) <= 4
    assert set(polls) <= {("/v1/snapshot", 304), ("/.well-known/wesmart", 200)}
    assert polls.count(("/.well-known/wesmart", 200)) <= 1


async def test_when_the_session_is_over_nothing_pretends_to_be_known(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """However long the owner takes to log in again."""
    await asyncio.sleep(1)
    cloud.sign_out(OWNER.username)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=60)
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]


async def test_a_new_token_that_is_refused_as_well_asks_for_a_login(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was tried once; nothing goes round in circles."""
    await asyncio.sleep(1)
    before = len(cloud.requests)
    # A cloud that has lost its mind: it gives tokens and knows none.
    monkeypatch.setattr(cloud._core.sessions, "of_access_token", lambda _token, _now: None)
    cloud.cut()
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=30)
    await hass.async_block_till_done()
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]
    assert [request.path for request in cloud.requests[before:]].count("/oauth/token") == 1
    await asyncio.sleep(1)  # the login that is asked for reads where its server keeps what
    asked = len(cloud.requests)
    await asyncio.sleep(3600)
    assert len(cloud.requests) == asked


async def test_an_action_that_finds_the_session_over_asks_for_a_login(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Also where the stream has not said so."""
    cloud.mute(True)
    cloud.sign_out(OWNER.username)
    with pytest.raises(HomeAssistantError) as error:
        await hass.services.async_call("light", "turn_on", {ATTR_ENTITY_ID: KITCHEN}, blocking=True)
    assert error.value.translation_key == "session_ended"
    await hass.async_block_till_done()
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]
    cloud.mute(False)


async def test_a_registry_that_fails_does_not_stop_push(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault is logged, and states go on arriving."""
    await asyncio.sleep(1)
    with monkeypatch.context() as broken:
        broken.setattr(dr.DeviceRegistry, "async_get_or_create", None)
        broken.setattr(dr.DeviceRegistry, "async_update_device", None)
        cloud.update_device(PANEL, firmware="9.9.9")
        await asyncio.sleep(2)
    cloud.touch(PANEL, "1", on=True)
    await shows(hass, KITCHEN, STATE_ON, within_s=1)


async def test_the_state_in_the_answer_to_a_command_is_shown_at_once(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Older events on their way do not show in between."""
    await asyncio.sleep(1)
    cloud.mute(True)
    await turn_on(hass, KITCHEN)
    await shows(hass, KITCHEN, STATE_ON, within_s=0.1)
    await asyncio.sleep(8)
    await shows(hass, KITCHEN, STATE_ON, within_s=0.1)
    cloud.mute(False)
    await asyncio.sleep(60)
    await shows(hass, KITCHEN, STATE_ON, within_s=0.1)


async def test_a_command_without_push_shows_its_result(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The old value does not come back in between."""
    await asyncio.sleep(1)
    cloud.rate_limit(600, path="/v1/events")
    cloud.cut()
    await asyncio.sleep(5)
    seen: list[str] = []
    stop = async_track_state_change_event(hass, KITCHEN, lambda event: seen.append(str(event.data["new_state"])))
    await turn_on(hass, KITCHEN)
    await asyncio.sleep(29)
    stop()
    assert len(seen) == 1
    await shows(hass, KITCHEN, STATE_ON, within_s=0.1)


async def test_a_hundred_lamps_are_one_breath(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Switches and lights of a whole home in one request."""
    await asyncio.sleep(25)  # push is up
    cloud.latency = 0.02
    before = len(cloud.requests)
    targets = [*hass.states.async_entity_ids("switch"), *hass.states.async_entity_ids("light")]
    targets.remove(OFFLINE)
    await hass.services.async_call("homeassistant", "turn_on", {ATTR_ENTITY_ID: targets}, blocking=True)
    assert [request.path for request in cloud.requests[before:]] == ["/v1/commands"]
    for entity_id in targets:
        await shows(hass, entity_id, STATE_ON, within_s=0.1)


async def test_a_listener_that_fails_keeps_no_other_from_being_called(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether it listens to an endpoint or to devices that come and go."""

    @callback
    def fail(*_args: object) -> None:
        raise RuntimeError("a mistake")

    coordinator = entry.runtime_data
    remove = coordinator.async_add_listener(fail, EndpointKey(PANEL, "1"))
    # First in line.
    coordinator._structure_listeners.insert(0, fail)
    cloud.touch(PANEL, "1", on=True)
    await shows(hass, KITCHEN, STATE_ON, within_s=1)
    cloud.add_scene("nha-ha-noi", {"id": "an-com", "name": "Ăn cơm"})
    await shows(hass, "scene.an_com", "unknown", within_s=1)
    assert [text for text in ("A listener failed", "A platform could not be updated") if text not in caplog.text] == []
    coordinator._structure_listeners.remove(fail)
    remove()
    cloud.touch(PANEL, "1", on=False)
    await shows(hass, KITCHEN, STATE_OFF, within_s=1)
