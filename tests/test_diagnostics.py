"""Diagnostics, and the promise that no secret is in them, nor anywhere else."""

import asyncio
import json
import logging
from urllib.parse import quote

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.wesmart.const import CONF_TOKENS
from tests.accounts import OWNER, log_in
from tests.home import device_of
from tests.mock_cloud import MockCloud


async def test_diagnostics_show_how_things_are(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: ConfigEntry, snapshot: SnapshotAssertion
) -> None:
    """And nothing else: a new field of the cloud does not appear by itself."""
    assert await async_setup_component(hass, "diagnostics", {})
    assert await get_diagnostics_for_config_entry(hass, hass_client, entry) == snapshot


@pytest.mark.parametrize(
    ("entity_id", "model"),
    [
        ("light.bep_den_tu_bep", "Dimmer, 1 channel"),
        ("switch.hanh_lang_den_hanh_lang", "Touch panel, 2 gangs"),
    ],
)
async def test_diagnostics_of_a_device_are_about_it(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: ConfigEntry, entity_id: str, model: str
) -> None:
    """A gang that is a device of its own is a part of its panel."""
    assert await async_setup_component(hass, "diagnostics", {})
    diagnostics = await get_diagnostics_for_device(hass, hass_client, entry, device_of(hass, entity_id))
    (device,) = diagnostics["devices"]
    assert device["model"] == model
    assert device in (await get_diagnostics_for_config_entry(hass, hass_client, entry))["devices"]


async def test_diagnostics_of_the_account_service_are_those_of_the_account(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: ConfigEntry
) -> None:
    """It stands for it."""
    assert await async_setup_component(hass, "diagnostics", {})
    service = device_of(hass, "event.wesmart_feedback")
    assert await get_diagnostics_for_device(hass, hass_client, entry, service) == (
        await get_diagnostics_for_config_entry(hass, hass_client, entry)
    )


async def test_an_account_that_could_not_be_set_up_has_diagnostics_too(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """That is when they are asked for."""
    assert await async_setup_component(hass, "diagnostics", {})
    lamp = device_of(hass, "light.bep_den_tu_bep")
    cloud.maintenance(retry_after=600)
    assert not await hass.config_entries.async_reload(entry.entry_id)
    assert await get_diagnostics_for_config_entry(hass, hass_client, entry) == {"state": "setup_retry"}
    assert await get_diagnostics_for_device(hass, hass_client, entry, lamp) == {"state": "setup_retry"}


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
