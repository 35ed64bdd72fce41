"""The life of an entry: set-up, unloading, reloading, removal, and what stands in the way of each."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
import logging

from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
from homeassistant.util.file import WriteError
import pytest

from tests.accounts import OTHER, OWNER, Person, log_in
from tests.home import ACCOUNT_ENTITIES, shows
from tests.mock_cloud import MockCloud
from tests.mock_cloud.wire import JsonObject

KITCHEN = "light.bep_den_tran"


def paths(cloud: MockCloud, since: int) -> list[str]:
    """Return what was asked of the cloud since so many requests."""
    return [request.path for request in cloud.requests[since:]]


async def test_starting_takes_a_snapshot_a_stream_and_a_look_at_the_account(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """For its terms; nothing is asked per device, and the discovery document was read at login."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    before = len(cloud.requests)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await asyncio.sleep(1)
    assert paths(cloud, before) == ["/v1/snapshot", "/v1/account", "/v1/events"]


async def test_unloading_closes_the_stream_and_leaves_nothing_behind(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """No task, timer or listener stays (the test plugin looks); the session does, for the next start."""
    await asyncio.sleep(1)
    assert cloud.streams == 1
    assert await hass.config_entries.async_unload(entry.entry_id)
    await asyncio.sleep(1)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert cloud.streams == 0
    assert len(cloud.sessions(OWNER.username)) == 1
    await shows(hass, KITCHEN, STATE_UNAVAILABLE)


async def test_reloading_shows_what_happened_meanwhile(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Again and again, with one stream each time."""
    for on in (True, False, True):
        assert await hass.config_entries.async_unload(entry.entry_id)
        cloud.touch("cong-tac-bep", "1", on=on)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await shows(hass, KITCHEN, STATE_ON if on else "off", within_s=1)
    await asyncio.sleep(2)
    assert cloud.streams == 1


async def test_removing_an_account_signs_out(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """The tokens are worth nothing any more."""
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert cloud.sessions(OWNER.username) == []
    assert hass.states.async_entity_ids("switch") == []


@pytest.mark.parametrize("how", ["not ready", "disabled"])
async def test_removing_an_account_that_is_not_loaded_signs_out_as_well(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, how: str
) -> None:
    """The cloud keeps no session that nobody uses."""
    if how == "disabled":
        await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    else:
        cloud.rate_limit(30, path="/v1/snapshot")
        assert not await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is not ConfigEntryState.LOADED
    assert len(cloud.sessions(OWNER.username)) == 1
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert cloud.sessions(OWNER.username) == []


async def test_removing_an_account_signs_out_although_the_disk_is_read_only(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has to be written for it."""

    async def refuse(*_arguments: object) -> None:
        raise WriteError("Read-only file system")

    with monkeypatch.context() as patches:
        patches.setattr(Store, "_async_write_data", refuse)
        await asyncio.sleep(3 * 3600)  # tokens are renewed, and cannot be stored
        await shows(hass, KITCHEN, "off")
        assert await hass.config_entries.async_remove(entry.entry_id)
        await asyncio.sleep(60)
        assert cloud.sessions(OWNER.username) == []


async def test_removing_an_account_does_not_wait_for_a_cloud_that_is_gone(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """At most the five seconds of the contract."""
    cloud.latency = 60
    started = asyncio.get_running_loop().time()
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert asyncio.get_running_loop().time() - started < 8
    await asyncio.sleep(61)


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        (lambda cloud: cloud.maintenance(), ConfigEntryState.SETUP_RETRY, "under maintenance"),
        (lambda cloud: cloud.rate_limit(7, path="/v1/snapshot"), ConfigEntryState.SETUP_RETRY, "too many requests"),
        (lambda cloud: cloud.suspend(OWNER.username, reason="Kiểm tra"), ConfigEntryState.SETUP_RETRY, "suspended"),
        (lambda cloud: cloud.change_terms("2027"), ConfigEntryState.SETUP_RETRY, "new terms"),
        (lambda cloud: cloud.sign_out(OWNER.username), ConfigEntryState.SETUP_ERROR, "has ended"),
    ],
)
async def test_what_stands_in_the_way_of_set_up_is_said(
    hass: HomeAssistant,
    cloud: MockCloud,
    entry: ConfigEntry,
    fault: Callable[[MockCloud], None],
    state: ConfigEntryState,
    reason: str,
) -> None:
    """In a sentence, on the integration's page; what passes by itself is tried again."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    fault(cloud)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is state
    assert entry.reason is not None
    assert reason in entry.reason
    if state is ConfigEntryState.SETUP_RETRY:
        cloud.end_maintenance()
        cloud.unblock(OWNER.username)
        cloud.change_terms("2026-03")
        await asyncio.sleep(300)  # a blocked account is looked at so often, at a start more often by older releases
        await shows(hass, KITCHEN, "off")


async def test_a_cloud_that_is_gone_at_start_is_found_when_it_is_back(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """As after a power cut, when the router is slower than Home Assistant."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    port = cloud.port
    await cloud.stop()
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await cloud.start(port=port)
    await asyncio.sleep(120)
    await shows(hass, KITCHEN, "off")


async def test_set_up_waits_as_long_as_the_cloud_has_asked_for(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Home Assistant itself would try again much sooner."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.rate_limit(1800, path="/v1/snapshot")
    before = len(cloud.requests)
    await hass.config_entries.async_setup(entry.entry_id)
    await asyncio.sleep(1700)
    assert (entry.state, paths(cloud, before)) == (ConfigEntryState.SETUP_RETRY, ["/v1/snapshot"])
    await asyncio.sleep(1200)
    await shows(hass, KITCHEN, "off")


@pytest.mark.parametrize("hiccup", ["limited", "maintained", "lost", "late"])
async def test_a_token_endpoint_with_a_hiccup_asks_nobody_to_log_in(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, hiccup: str
) -> None:
    """However long it takes: when it is over the session goes on."""
    await asyncio.sleep(3500)
    match hiccup:
        case "limited":
            cloud.rate_limit(60, count=200, path="/oauth/token")
        case "maintained":
            cloud.maintenance(retry_after=600)
        case "lost":
            cloud.lose_answers(300)
        case _:
            cloud.latency = 30
    await asyncio.sleep(200)  # the token expires
    cloud.cut()
    await asyncio.sleep(800)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE)
    cloud.end_maintenance()
    cloud.forgive()
    cloud._server.faults.lost_answers = 0
    cloud.latency = 0
    await asyncio.sleep(800)
    await shows(hass, KITCHEN, "off")
    assert hass.config_entries.flow.async_progress() == []
    assert len(cloud.sessions(OWNER.username)) == 1


async def test_renewed_tokens_are_saved(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """The next start goes on with them."""
    before = {**entry.data["tokens"]}
    await asyncio.sleep(3 * 3600)
    assert entry.data["tokens"] != before
    assert entry.data["tokens"]["session_id"] == before["session_id"]
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert len(cloud.sessions(OWNER.username)) == 1


@pytest.mark.parametrize("person", [Person("quocbao@example.com", "song-han-2026", "Trần Quốc Bảo")])
async def test_an_account_without_homes_is_fine(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, person: Person
) -> None:
    """It fills when something comes."""
    cloud.remove_home("nha-da-nang")
    await asyncio.sleep(1)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert sorted(hass.states.async_entity_ids()) == ACCOUNT_ENTITIES
    cloud.share_home("can-ho-my-dinh", person.username)
    await shows(hass, "light.phong_ngu_den_ngu", "off", within_s=5)


async def test_home_assistant_stops_at_once(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """With a stream open."""
    await asyncio.sleep(1)
    started = asyncio.get_running_loop().time()
    await hass.async_stop(force=True)
    assert asyncio.get_running_loop().time() - started < 5


async def test_two_accounts_do_not_add_up_to_a_storm(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """In maintenance each asks as often as the server allows; afterwards both are back, not in the same moment."""
    other = await log_in(hass, cloud, OTHER)
    await asyncio.sleep(60)
    before = len(cloud.requests)
    cloud.maintenance(retry_after=300)
    await asyncio.sleep(3600)
    assert 20 <= len(cloud.requests) - before <= 32
    cloud.end_maintenance()
    before = len(cloud.requests)
    await asyncio.sleep(400)
    await shows(hass, KITCHEN, "off")
    assert cloud.streams == 2
    back = sorted(request.at for request in cloud.requests[before:] if request.path == "/v1/snapshot")
    assert back[-1] - back[0] > 0.1
    assert len(back) <= 4
    assert await hass.config_entries.async_unload(other.entry_id)


@pytest.mark.slow
async def test_a_limit_of_two_accounts_is_obeyed_and_nobody_storms_after_it(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Each path is asked again when its time is over, by each account; an outage later, too, they come one by one."""
    cloud.meters_report = False
    other = await log_in(hass, cloud, OTHER)
    await asyncio.sleep(60)
    before = len(cloud.requests)
    cloud.rate_limit(60, count=10**6)
    cloud.cut()
    await asyncio.sleep(3600)
    limited = cloud.requests[before:]
    asked: dict[tuple[str, str], list[float]] = {}
    for request in limited:
        if bearer := request.headers.get("Authorization"):
            asked.setdefault((request.path, bearer), []).append(request.at)
    assert {path for path, _ in asked} >= {"/v1/snapshot", "/v1/events"}
    for times in asked.values():
        assert min((later - earlier for earlier, later in pairwise(times)), default=60) >= 59.9
    assert len(limited) <= 4 * 60
    cloud.forgive()
    await asyncio.sleep(600)
    assert cloud.streams == 2
    port = cloud.port
    await cloud.stop()
    await asyncio.sleep(3600)
    await cloud.start(port=port)
    before = len(cloud.requests)
    await asyncio.sleep(160)
    back = [request.at for request in cloud.requests[before:] if request.path in ("/v1/snapshot", "/v1/events")]
    assert cloud.streams == 2
    assert len(back) <= 2 * 8
    assert max(back) - min(back) > 0.1
    assert await hass.config_entries.async_unload(other.entry_id)


async def test_a_reload_does_not_ask_sooner_than_the_cloud_wants_to_be_asked(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """What the home has heard, its next set-up knows."""
    await asyncio.sleep(60)
    cloud.maintenance(retry_after=600)
    await asyncio.sleep(45)  # after a restart, homes ask within half a minute
    before = len(cloud.requests)
    assert not await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await asyncio.sleep(500)
    assert len(cloud.requests) == before
    cloud.end_maintenance()
    await asyncio.sleep(800)
    await shows(hass, KITCHEN, "off")


async def test_two_logins_of_one_account_do_not_sign_each_other_out(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Home Assistant and the phone live side by side."""
    assert len(cloud.sessions(OWNER.username)) == 1
    other = await log_in(hass, cloud, Person("0987654321", "song-han-2026", "Trần Quốc Bảo"))
    assert len(cloud.sessions(OWNER.username)) == 1
    assert await hass.config_entries.async_unload(other.entry_id)


LATE_DEVICE: JsonObject = {
    "id": "late",
    "name": "Late",
    "model": "X",
    "firmware": "1",
    "serial": "s",
    "online": True,
    "endpoints": [
        {"id": "1", "type": "switch", "features": {"controls": None, "metering": False}, "state": {"on": True}}
    ],
}


@pytest.mark.parametrize("end", ["disable", "remove", "unload"])
async def test_a_refresh_under_way_at_an_unload_changes_nothing(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture, end: str
) -> None:
    """Neither the registries nor Repairs, and nobody is asked to log in."""
    assert await async_setup_component(hass, "homeassistant", {})
    await asyncio.sleep(30)
    cloud.mute(True)
    cloud.add_device("nha-ha-noi", LATE_DEVICE)
    cloud.latency = 3
    target = {"entity_id": KITCHEN}
    await hass.services.async_call("homeassistant", "update_entity", target, blocking=False)
    await asyncio.sleep(0.5)
    match end:
        case "disable":
            await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
        case "remove":
            await hass.config_entries.async_remove(entry.entry_id)
        case _:
            await hass.config_entries.async_unload(entry.entry_id)
    await asyncio.sleep(30)
    registry = dr.async_get(hass)
    assert not [
        device for device in dr.async_entries_for_config_entry(registry, entry.entry_id) if device.name == "Late"
    ]
    assert hass.config_entries.flow.async_progress() == []
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
    cloud.latency = 0
    cloud.mute(False)
