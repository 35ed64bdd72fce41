"""Diagnostics of an account, of a device, and of an account that could not be set up."""

import asyncio

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from msgspec.structs import asdict, replace
import pytest
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.wesmart.cloud.models import ButtonEndpoint, LightEndpoint, LightFeatures, LightState
from custom_components.wesmart.coordinator import WeSmartConfigEntry
from tests.home import FEEDBACK, device_of
from tests.mock_cloud import MockCloud

# Nobody has put it there yet.
SECRET = "Sinh nhật bé An"


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
    service = device_of(hass, FEEDBACK)
    assert await get_diagnostics_for_device(hass, hass_client, entry, service) == (
        await get_diagnostics_for_config_entry(hass, hass_client, entry)
    )


async def test_an_account_that_could_not_be_set_up_has_diagnostics_too(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """That is when they are asked for: they say why."""
    assert await async_setup_component(hass, "diagnostics", {})
    lamp = device_of(hass, "light.bep_den_tu_bep")
    cloud.maintenance(retry_after=600)
    assert not await hass.config_entries.async_reload(entry.entry_id)
    why = {"state": "setup_retry", "reason": "maintenance"}
    assert await get_diagnostics_for_config_entry(hass, hass_client, entry) == why
    assert await get_diagnostics_for_device(hass, hass_client, entry, lamp) == why


class TellingFeatures(LightFeatures, frozen=True):
    """What a light of tomorrow can do, in this client of tomorrow."""

    dedicated_to: str = SECRET


class TellingState(LightState, frozen=True):
    """What it does."""

    last_switched_by: str = SECRET


async def test_what_the_cloud_may_add_is_told_nobody_by_itself(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: WeSmartConfigEntry
) -> None:
    """Neither a field that our models will have one day, nor a press of somebody's own naming."""
    assert await async_setup_component(hass, "diagnostics", {})
    before = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    endpoints = entry.runtime_data.replica.endpoints
    for key, endpoint in endpoints.items():
        match endpoint:
            case LightEndpoint(features=features, state=state):
                telling = TellingFeatures(**asdict(features)), TellingState(**asdict(state))
                endpoints[key] = replace(endpoint, features=telling[0], state=telling[1])
            case ButtonEndpoint(features=buttons):
                endpoints[key] = replace(endpoint, features=replace(buttons, presses=(*buttons.presses, SECRET)))
    after = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    for report in (before, after):
        del report["cloud"]  # goes on
    assert after == before


async def test_a_model_is_not_a_place_for_a_letter(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Text of the cloud is told on one line, and not all of it."""
    assert await async_setup_component(hass, "diagnostics", {})
    cloud.update_device("den-tu-bep", model="Dimmer\n" * 1000)
    await asyncio.sleep(1)
    lamp = device_of(hass, "light.bep_den_tu_bep")
    (device,) = (await get_diagnostics_for_device(hass, hass_client, entry, lamp))["devices"]
    assert device["model"].startswith("Dimmer Dimmer ")
    assert len(device["model"]) < 210
