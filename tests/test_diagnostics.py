"""Diagnostics of an account, of a device, and of an account that could not be set up."""

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
