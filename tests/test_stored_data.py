"""Data of an entry that do not fit: of another version of the integration, edited by hand, or damaged."""

import asyncio
from collections.abc import AsyncIterator, Mapping
import logging

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.wesmart.const import (
    CONF_ENDPOINTS,
    CONF_EXCLUDED_HOMES,
    CONF_HOMES,
    CONF_REVERSED_COVERS,
    CONF_SERVER,
    CONF_TOKENS,
    DOMAIN,
)
from tests.accounts import OTHER, OWNER, configure, log_in, start_flow, submit, suggested
from tests.home import shows
from tests.mock_cloud import MockCloud
from tests.test_system_health import information

pytestmark = pytest.mark.slow

KITCHEN = "light.bep_den_tran"
LAMP = "light.phong_khach_nha_da_nang_den_ban"
MISSING = object()

UNREADABLE: dict[str, dict[str, object]] = {
    "no endpoints": {CONF_ENDPOINTS: MISSING},
    "endpoints are a list": {CONF_ENDPOINTS: []},
    "an endpoint is missing": {CONF_ENDPOINTS: {"api_url": MISSING}},
    "an endpoint is no text": {CONF_ENDPOINTS: {"events_url": 7}},
    "an endpoint is no URL": {CONF_ENDPOINTS: {"api_url": "http://["}},
    "no tokens": {CONF_TOKENS: MISSING},
    "tokens are a text": {CONF_TOKENS: "abc"},
    "a token is missing": {CONF_TOKENS: {"refresh_token": MISSING}},
    "the expiry is no number": {CONF_TOKENS: {"expires_at": "soon"}},
    "nothing at all": dict.fromkeys((CONF_SERVER, CONF_USERNAME, CONF_ENDPOINTS, CONF_TOKENS, CONF_HOMES), MISSING),
}
READABLE: dict[str, dict[str, object]] = {
    "no server": {CONF_SERVER: MISSING},
    "no user name": {CONF_USERNAME: MISSING},
    "no homes": {CONF_HOMES: MISSING},
    "homes are a number": {CONF_HOMES: 7},
    "homes are no IDs": {CONF_HOMES: [None, ["x"], {}]},
}
# The options; everything else is data.
OPTIONS: dict[str, object] = {CONF_EXCLUDED_HOMES: None, CONF_REVERSED_COVERS: 5}


@pytest.fixture
async def other(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> AsyncIterator[ConfigEntry]:
    """Return the entry of a second account."""
    other = await log_in(hass, cloud, OTHER)
    yield other
    if other.state is ConfigEntryState.LOADED:
        assert await hass.config_entries.async_unload(other.entry_id)


def changed(stored: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """Return stored data with changes, also of what is in them."""
    result = {**stored}
    for name, value in changes.items():
        before = result.get(name)
        if value is MISSING:
            result.pop(name, None)
        elif isinstance(value, dict) and isinstance(before, Mapping):
            result[name] = changed(before, value)
        else:
            result[name] = value
    return result


async def restart_with(hass: HomeAssistant, entry: ConfigEntry, changes: Mapping[str, object]) -> None:
    """Set an entry up with changed data."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_update_entry(entry, data=changed(entry.data, changes))
    hass.data[DOMAIN].sessions.clear()  # as they would be by a restart
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def goes_on(hass: HomeAssistant, ws: WebSocketGenerator, cloud: MockCloud, other: ConfigEntry) -> None:
    """Use everything that iterates over all entries, through the account that has no fault."""
    assert await hass.config_entries.async_reload(other.entry_id)
    cloud.touch("den-da-nang", "1", on=True)
    await shows(hass, LAMP, "on", within_s=2)
    await configure(hass, other)
    assert (await information(hass, ws))["cloud"] == "ok"
    found = await hass.services.async_call(DOMAIN, "find_dealers", {}, blocking=True, return_response=True)
    assert found
    data = {"config_entry_id": other.entry_id}
    assert await hass.services.async_call(DOMAIN, "get_feedback", data, blocking=True, return_response=True)
    flow = await start_flow(hass, cloud)
    flow = await submit(hass, flow, {CONF_USERNAME: OTHER.username, CONF_PASSWORD: OTHER.password})
    assert (flow["type"], flow.get("reason")) == (FlowResultType.ABORT, "already_configured")


@pytest.mark.parametrize("fault", UNREADABLE)
async def test_an_entry_that_cannot_be_read_fails_alone_and_is_reconfigured(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    cloud: MockCloud,
    entry: ConfigEntry,
    other: ConfigEntry,
    caplog: pytest.LogCaptureFixture,
    fault: str,
) -> None:
    """Its page says what to do, and the log says it once."""
    entities = {entity.id for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}
    caplog.clear()
    await restart_with(hass, entry, UNREADABLE[fault])
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "entry_unreadable"
    assert "Reconfigure" in str(entry.reason)
    await goes_on(hass, hass_ws_client, cloud, other)
    await asyncio.sleep(3600)
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    assert suggested(flow) == {CONF_SERVER: cloud.url}
    flow = await submit(hass, flow, {CONF_SERVER: cloud.url})
    flow = await submit(hass, flow, {CONF_USERNAME: OWNER.username, CONF_PASSWORD: OWNER.password})
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    await hass.async_block_till_done()
    await shows(hass, KITCHEN, "off")
    assert entities == {entity.id for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}


@pytest.mark.parametrize("fault", READABLE)
async def test_an_entry_goes_on_without_what_it_can_do_without(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    cloud: MockCloud,
    entry: ConfigEntry,
    other: ConfigEntry,
    caplog: pytest.LogCaptureFixture,
    fault: str,
) -> None:
    """Its homes are the same, and it can be configured."""
    caplog.clear()
    await restart_with(hass, entry, READABLE[fault])
    assert entry.state is ConfigEntryState.LOADED
    await shows(hass, KITCHEN, "off")
    await goes_on(hass, hass_ws_client, cloud, other)
    cloud.sign_out(OWNER.username)
    await asyncio.sleep(60)
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    flow = await submit(hass, flow, {CONF_USERNAME: OWNER.username, CONF_PASSWORD: OWNER.password})
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    await hass.async_block_till_done()
    await shows(hass, KITCHEN, "off")


async def test_options_of_another_shape_count_as_none(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """And are stored anew."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_update_entry(entry, options=OPTIONS)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await shows(hass, KITCHEN, "off")
    assert await configure(hass, entry) == {CONF_EXCLUDED_HOMES: [], CONF_REVERSED_COVERS: []}


async def test_an_entry_that_cannot_be_read_is_removed(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Without a word in the log of an error that nobody can do anything about."""
    await restart_with(hass, entry, UNREADABLE["no tokens"])
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert hass.config_entries.async_entries(DOMAIN) == []


async def test_an_entry_of_a_newer_version_fails_alone(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    cloud: MockCloud,
    entry: ConfigEntry,
    other: ConfigEntry,
) -> None:
    """As after a downgrade."""
    MockConfigEntry(domain=DOMAIN, version=2, unique_id="https://cloud.example 1", data={"new": {}}).add_to_hass(hass)
    (newer,) = (known for known in hass.config_entries.async_entries(DOMAIN) if known.version == 2)
    await hass.config_entries.async_setup(newer.entry_id)
    assert newer.state is ConfigEntryState.MIGRATION_ERROR
    assert await hass.config_entries.async_reload(entry.entry_id)
    await shows(hass, KITCHEN, "off")
    await goes_on(hass, hass_ws_client, cloud, other)
