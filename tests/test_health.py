"""How each device is doing: whether it is connected, and a button that makes it show itself."""

import asyncio

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR
from homeassistant.components.button import DOMAIN as BUTTON, SERVICE_PRESS
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_ENTITY_ID, STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from syrupy.assertion import SnapshotAssertion

from tests.home import entities, shows
from tests.mock_cloud import MockCloud

PANEL = "cong-tac-phong-khach"
CONNECTED = "binary_sensor.phong_khach_cong_tac_phong_khach_connectivity"
IDENTIFY = "button.phong_khach_cong_tac_phong_khach_identify"


async def test_every_device_says_whether_it_is_connected(
    hass: HomeAssistant, entry: ConfigEntry, snapshot: SnapshotAssertion
) -> None:
    """Once for each box, not for each gang."""
    assert entities(hass, entry, BINARY_SENSOR) == snapshot


async def test_an_offline_panel_is_seen_at_one_place(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """While its gangs are unavailable."""
    await shows(hass, CONNECTED, STATE_ON)
    cloud.set_online(PANEL, False)
    await shows(hass, CONNECTED, STATE_OFF, within_s=1)
    await shows(hass, "light.phong_khach_den_tran", STATE_UNAVAILABLE, within_s=1)
    cloud.set_online(PANEL, True)
    await shows(hass, CONNECTED, STATE_ON, within_s=1)


async def test_nothing_is_said_of_devices_while_the_server_is_away(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Whether they are connected is unknown then."""
    cloud.maintenance(retry_after=10)
    await shows(hass, CONNECTED, STATE_UNAVAILABLE, within_s=120)
    cloud.end_maintenance()
    await shows(hass, CONNECTED, STATE_ON, within_s=120)


async def test_every_device_that_can_be_identified_has_a_button(
    hass: HomeAssistant, entry: ConfigEntry, snapshot: SnapshotAssertion
) -> None:
    """Others have none."""
    assert entities(hass, entry, BUTTON) == snapshot


async def test_identify_is_one_request(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """One that fails says why."""
    before = len(cloud.requests)
    await hass.services.async_call(BUTTON, SERVICE_PRESS, {ATTR_ENTITY_ID: IDENTIFY}, blocking=True)
    assert [request.path for request in cloud.requests[before:]].count("/v1/commands") == 1
    cloud.mute(True)
    cloud.update_device(PANEL, identify=False)
    with pytest.raises(HomeAssistantError) as error:
        await hass.services.async_call(BUTTON, SERVICE_PRESS, {ATTR_ENTITY_ID: IDENTIFY}, blocking=True)
    assert error.value.translation_key == "command_unsupported"
    cloud.mute(False)


async def test_the_button_goes_with_the_ability(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """As after an update of the firmware."""
    cloud.update_device(PANEL, identify=False)
    await asyncio.sleep(1)
    assert (er.async_get(hass).async_get(IDENTIFY), hass.states.get(IDENTIFY)) == (None, None)
