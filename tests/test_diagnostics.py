"""Diagnostics, and the promise that no secret is in them, nor anywhere else."""

import asyncio
import json
import logging
from urllib.parse import quote

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.wesmart.const import CONF_TOKENS
from custom_components.wesmart.diagnostics import async_get_config_entry_diagnostics
from tests.accounts import OWNER, log_in
from tests.mock_cloud import MockCloud


async def test_diagnostics_show_how_things_are(
    hass: HomeAssistant, entry: ConfigEntry, snapshot: SnapshotAssertion
) -> None:
    """And nothing else: a new field of the cloud does not appear by itself."""
    assert await async_get_config_entry_diagnostics(hass, entry) == snapshot


async def test_no_secret_is_in_diagnostics_logs_or_states(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, cloud: MockCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """Through a login, commands, a renewal of the tokens, faults and a removal, with everything logged."""
    caplog.set_level(logging.DEBUG)
    assert await async_setup_component(hass, "diagnostics", {})
    entry = await log_in(hass, cloud, OWNER)
    tokens = [*entry.data[CONF_TOKENS].values()]
    await hass.services.async_call("switch", "turn_on", {"entity_id": "switch.bep_o_cam_am_nuoc"}, blocking=True)
    await asyncio.sleep(2 * 3600)
    cloud.cut()
    cloud.rate_limit(5, count=2)
    await asyncio.sleep(120)
    tokens += entry.data[CONF_TOKENS].values()
    diagnostics = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert await hass.config_entries.async_remove(entry.entry_id)

    homes = cloud.snapshot(OWNER.username)["homes"]
    serials = [device["serial"] for home in homes for device in home["devices"]]
    names = [home["name"] for home in homes] + [device["name"] for home in homes for device in home["devices"]]
    personal = [OWNER.password, OWNER.username, "912345678", "912 345 678", "tk-minh-anh", OWNER.full_name]
    secrets = [*personal, *(token for token in tokens if isinstance(token, str)), *serials]
    found = {
        secret
        for secret in [*secrets, *names, *(quote(secret) for secret in secrets)]
        if secret in json.dumps(diagnostics, ensure_ascii=False)
    }
    assert found == set()
    ours = [record for record in caplog.records if record.name.startswith("custom_components.wesmart")]
    logged = "\n".join(record.getMessage() + (record.exc_text or "") for record in ours)
    # The entry's title is the account's name, and Home Assistant names entries in its log.
    assert {secret for secret in secrets if secret in logged} <= {OWNER.full_name}
    states = json.dumps([state.as_dict() for state in hass.states.async_all()], default=str, ensure_ascii=False)
    assert {secret for secret in secrets if secret in states} == set()
    urls = [request.path + json.dumps(dict(request.query)) for request in cloud.requests]
    assert {secret for secret in secrets for url in urls if secret in url} == set()
