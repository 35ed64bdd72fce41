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

# A name, where there is none yet.
SECRET = "Sinh nhật bé An"


async def test_diagnostics_of_an_account(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    cloud: MockCloud,
    entry: ConfigEntry,
    snapshot: SnapshotAssertion,
) -> None:
    """Any other field is missing on purpose."""
    cloud.meters_report = False
    await asyncio.sleep(60)
    assert await async_setup_component(hass, "diagnostics", {})
    assert await get_diagnostics_for_config_entry(hass, hass_client, entry) == snapshot


@pytest.mark.parametrize(
    ("entity_id", "model"),
    [
        ("light.bep_den_tu_bep", "Dimmer, 1 channel"),
        ("light.hanh_lang_den_hanh_lang", "Touch panel, 2 gangs"),
    ],
)
async def test_diagnostics_of_a_device_are_about_that_device(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: ConfigEntry, entity_id: str, model: str
) -> None:
    """Of a child device, about its panel."""
    assert await async_setup_component(hass, "diagnostics", {})
    diagnostics = await get_diagnostics_for_device(hass, hass_client, entry, device_of(hass, entity_id))
    (device,) = diagnostics["devices"]
    assert device["model"] == model
    assert device in (await get_diagnostics_for_config_entry(hass, hass_client, entry))["devices"]


async def test_diagnostics_of_the_account_service_are_those_of_the_account(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: ConfigEntry
) -> None:
    """The service represents it."""
    assert await async_setup_component(hass, "diagnostics", {})
    service = device_of(hass, FEEDBACK)
    assert await get_diagnostics_for_device(hass, hass_client, entry, service) == (
        await get_diagnostics_for_config_entry(hass, hass_client, entry)
    )


async def test_diagnostics_of_an_account_that_is_not_set_up_say_why(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """So do those of its devices."""
    assert await async_setup_component(hass, "diagnostics", {})
    lamp = device_of(hass, "light.bep_den_tu_bep")
    cloud.maintenance(retry_after=600)
    assert not await hass.config_entries.async_reload(entry.entry_id)
    why = {"state": "setup_retry", "reason": "maintenance"}
    assert await get_diagnostics_for_config_entry(hass, hass_client, entry) == why
    assert await get_diagnostics_for_device(hass, hass_client, entry, lamp) == why


class NewFeatures(LightFeatures, frozen=True):
    """Features of a light in a later version of the client."""

    dedicated_to: str = SECRET


class NewState(LightState, frozen=True):
    """State of a light in a later version of the client."""

    last_switched_by: str = SECRET


async def test_no_text_of_the_server_is_shown_unless_it_is_named(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: WeSmartConfigEntry
) -> None:
    """Only that there is one: a later field may be personal, and a kind of press a name."""
    assert await async_setup_component(hass, "diagnostics", {})
    endpoints = entry.runtime_data.state.endpoints
    for key, endpoint in endpoints.items():
        match endpoint:
            case LightEndpoint(features=features, state=state):
                added = NewFeatures(**asdict(features)), NewState(**asdict(state))
                endpoints[key] = replace(endpoint, features=added[0], state=added[1])
            case ButtonEndpoint(features=buttons):
                endpoints[key] = replace(endpoint, features=replace(buttons, presses=(*buttons.presses, SECRET)))
    report = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert SECRET not in str(report)
    (lamp,) = (device for device in report["devices"] if device["model"] == "Colour strip driver")
    (endpoint,) = lamp["endpoints"]
    assert endpoint["features"]["dedicated_to"] is endpoint["state"]["last_switched_by"] is True


async def test_a_long_model_is_shortened(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """To a part of one line, as any text of the server."""
    assert await async_setup_component(hass, "diagnostics", {})
    cloud.update_device("den-tu-bep", model="Dimmer\n" * 1000)
    await asyncio.sleep(1)
    lamp = device_of(hass, "light.bep_den_tu_bep")
    (device,) = (await get_diagnostics_for_device(hass, hass_client, entry, lamp))["devices"]
    assert device["model"].startswith("Dimmer Dimmer ")
    assert len(device["model"]) < 210
