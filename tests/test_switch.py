"""Switches: what a wall panel and Home Assistant do to each other."""

from homeassistant.components.switch import DOMAIN as SWITCH
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_ENTITY_ID, SERVICE_TURN_OFF, SERVICE_TURN_ON, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
import pytest
from syrupy.assertion import SnapshotAssertion

from tests.home import entities, shows
from tests.mock_cloud import MockCloud

FAN = "switch.bep_quat_hut"
PANEL = "cong-tac-bep"


async def test_every_switch_of_the_homes(hass: HomeAssistant, entry: ConfigEntry, snapshot: SnapshotAssertion) -> None:
    """Gangs that switch no lamp by their own names, and outlets as outlets."""
    assert entities(hass, entry, SWITCH) == snapshot


@pytest.mark.parametrize(("service", "on"), [(SERVICE_TURN_ON, True), (SERVICE_TURN_OFF, False)])
async def test_a_tap_reaches_the_cloud_and_comes_back_by_push(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, service: str, on: bool
) -> None:
    """One request out, and the state that the cloud reports."""
    cloud.touch(PANEL, "3", on=not on)
    await shows(hass, FAN, STATE_OFF if on else STATE_ON)
    before = len(cloud.requests)
    await hass.services.async_call(SWITCH, service, {ATTR_ENTITY_ID: FAN}, blocking=True)
    assert cloud.state(PANEL, "3")["on"] is on
    await shows(hass, FAN, STATE_ON if on else STATE_OFF)
    assert [(request.method, request.path) for request in cloud.requests[before:]] == [("POST", "/v1/commands")]


async def test_a_press_on_the_wall_is_there_at_once(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Without a request of ours."""
    before = len(cloud.requests)
    cloud.touch(PANEL, "3", on=True)
    await shows(hass, FAN, STATE_ON, within_s=1)
    assert len(cloud.requests) == before


async def test_a_state_nobody_knows_is_unknown(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Null is not off."""
    cloud.touch(PANEL, "3", on=None)
    await shows(hass, FAN, "unknown")
