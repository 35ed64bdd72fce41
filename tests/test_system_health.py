"""System information, as the frontend gets it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
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


def seconds_between(moment: datetime, shown: object) -> float:
    """Return the seconds from a moment to one that is shown."""
    assert isinstance(shown, Mapping)
    assert shown["type"] == "date"
    return (dt_util.parse_datetime(shown["value"], raise_on_error=True) - moment).total_seconds()


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
    assert shown.keys() == keys(load("en"), "system_health", "info")
    assert 0 <= seconds_between(changed_at, shown.pop("last_event")) < 1
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
    assert 0 <= seconds_between(changed_at, shown["last_event"]) < 1
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


async def test_accounts_that_are_disabled_or_removed_are_not_counted(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    cloud: MockCloud,
    entry: ConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nor are their servers asked; without an account there is no information, and nothing is logged."""
    async with MockCloud(clock=cloud.now) as elsewhere:
        other = await log_in(hass, elsewhere, OWNER)
        await asyncio.sleep(60)
        assert (await information(hass, hass_ws_client))["push"] == "2/2"
        assert await hass.config_entries.async_set_disabled_by(other.entry_id, ConfigEntryDisabler.USER)
        asked = len(elsewhere.requests)
        assert (await information(hass, hass_ws_client))["push"] == "1/1"
        assert len(elsewhere.requests) == asked
    assert await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    asked = len(cloud.requests)
    assert await information(hass, hass_ws_client) == {}
    assert len(cloud.requests) == asked
    for removed in (entry, other):
        await hass.config_entries.async_remove(removed.entry_id)
    await hass.async_block_till_done()
    assert await information(hass, hass_ws_client) == {}
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_server_in_trouble(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """In the words of Home Assistant's own checks if it has some, and within their time limit."""

    async def check(error: str) -> None:
        started = asyncio.get_running_loop().time()
        shown = await information(hass, hass_ws_client)
        assert asyncio.get_running_loop().time() - started < 5.5
        assert (shown["cloud"], shown["latency"]) == ({"type": "failed", "error": error}, "–")

    cloud.latency = 30
    await check("timeout")
    cloud.latency = 0
    await asyncio.sleep(60)
    cloud.maintenance()
    await check("maintenance")
    await cloud.stop()
    await check("unreachable")
