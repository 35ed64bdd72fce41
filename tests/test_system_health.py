"""System information, as the frontend gets it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
import logging

from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.wesmart.const import DOMAIN
from tests.accounts import OTHER, OWNER, log_in
from tests.mock_cloud import MockCloud
from tests.test_translations import keys, load

type Information = dict[str, object]


async def information(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> Information:
    """Return the information about the integration, once nothing is pending."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "system_health/info"})
    assert (await client.receive_json())["success"]
    shown: Information = (await client.receive_json())["event"]["data"][DOMAIN]["info"]
    while (event := (await client.receive_json())["event"])["type"] != "finish":
        if event["domain"] == DOMAIN:
            shown[event["key"]] = event["data"] if event["success"] else event["error"]
    return shown


async def test_a_server_that_works(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """It is reachable, with its latency, the accounts that have push, and the time of the last pushed change."""
    await asyncio.sleep(60)
    changed_at = dt_util.utcnow()
    cloud.press("nut-dau-giuong", "1", "single")
    await asyncio.sleep(5)
    cloud.latency = 0.25
    shown = await information(hass, hass_ws_client)
    last_event = shown.pop("last_event")
    assert isinstance(last_event, Mapping)
    assert last_event["type"] == "date"
    age = dt_util.parse_datetime(last_event["value"], raise_on_error=True) - changed_at
    assert 0 <= age.total_seconds() < 1
    assert shown == {"cloud": "ok", "latency": "250 ms", "push": "1/1"}


async def test_without_a_pushed_change_there_is_no_time_of_it(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """And without push, no account has it."""
    cloud.rate_limit(3600, path="/v1/events")
    cloud.cut()
    assert await information(hass, hass_ws_client) == {"cloud": "ok", "latency": "0 ms", "push": "0/1"}


async def test_two_accounts_are_summed_up(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The older of their last changes is shown, and their server is asked once."""
    other = await log_in(hass, cloud, OTHER)
    cloud.meters_report = False
    await asyncio.sleep(1)
    changed_at = dt_util.utcnow()
    cloud.press("nut-dau-giuong", "1", "single")
    await asyncio.sleep(3600)
    said = {"config_entry_id": other.entry_id, "category": "application", "message": "Xin chào."}
    await hass.services.async_call(DOMAIN, "send_feedback", said, blocking=True)
    await asyncio.sleep(1)
    asked = len(cloud.requests)
    shown = await information(hass, hass_ws_client)
    assert [request.path for request in cloud.requests[asked:]] == ["/.well-known/wesmart"]
    assert shown["push"] == "2/2"
    last_event = shown["last_event"]
    assert isinstance(last_event, Mapping)
    age = dt_util.parse_datetime(last_event["value"], raise_on_error=True) - changed_at
    assert 0 <= age.total_seconds() < 1
    assert await hass.config_entries.async_unload(other.entry_id)
    assert (await information(hass, hass_ws_client))["push"] == "1/1"


async def test_an_account_that_could_not_be_set_up_is_counted(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Its owner wants to know whether the server can be reached."""
    cloud.suspend(OWNER.username)
    assert not await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert await information(hass, hass_ws_client) == {"cloud": "ok", "latency": "0 ms", "push": "0/1"}


async def _disabled(hass: HomeAssistant, entry: ConfigEntry) -> None:
    assert await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)


async def _removed(hass: HomeAssistant, entry: ConfigEntry) -> None:
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()


@pytest.mark.parametrize("gone", [_disabled, _removed], ids=lambda gone: gone.__name__)
async def test_without_an_account_there_is_no_information(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    cloud: MockCloud,
    entry: ConfigEntry,
    caplog: pytest.LogCaptureFixture,
    gone: Callable[[HomeAssistant, ConfigEntry], Awaitable[None]],
) -> None:
    """No server is asked, and nothing is logged."""
    await gone(hass, entry)
    asked = len(cloud.requests)
    assert await information(hass, hass_ws_client) == {}
    assert len(cloud.requests) == asked
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_disabled_account_is_not_counted(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Nor is its server asked."""
    async with MockCloud(clock=cloud.now) as elsewhere:
        other = await log_in(hass, elsewhere, OWNER)
        await asyncio.sleep(60)
        assert (await information(hass, hass_ws_client))["push"] == "2/2"
        await _disabled(hass, other)
        asked = len(elsewhere.requests)
        assert (await information(hass, hass_ws_client))["push"] == "1/1"
        assert len(elsewhere.requests) == asked


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (lambda cloud: setattr(cloud, "latency", 30), "timeout"),
        (lambda cloud: cloud.maintenance(), "maintenance"),
    ],
)
async def test_a_server_in_trouble(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    cloud: MockCloud,
    entry: ConfigEntry,
    trouble: Callable[[MockCloud], None],
    error: str,
) -> None:
    """In the words of Home Assistant's own checks if it has some, and within their time limit."""
    trouble(cloud)
    started = asyncio.get_running_loop().time()
    shown = await information(hass, hass_ws_client)
    assert asyncio.get_running_loop().time() - started < 5.5
    assert shown["cloud"] == {"type": "failed", "error": error}
    assert shown["latency"] == "–"
    cloud.latency = 0
    await asyncio.sleep(60)


async def test_a_server_that_is_gone_is_unreachable(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Nothing listens at its address."""
    await cloud.stop()
    shown = await information(hass, hass_ws_client)
    assert shown["cloud"] == {"type": "failed", "error": "unreachable"}


async def test_every_line_has_a_text_and_every_text_a_line(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """In the translations."""
    await asyncio.sleep(1)
    cloud.press("nut-dau-giuong", "1", "single")
    await asyncio.sleep(1)
    assert (await information(hass, hass_ws_client)).keys() == keys(load("en"), "system_health", "info")
