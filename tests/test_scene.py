"""Scenes: one request each, and live like the homes they belong to."""

import asyncio

from homeassistant.components.scene import DOMAIN as SCENE
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_ENTITY_ID, SERVICE_TURN_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from syrupy.assertion import SnapshotAssertion

from tests.home import entities, shows
from tests.mock_cloud import MockCloud

GOOD_NIGHT = "scene.di_ngu"


async def test_every_scene_of_the_homes(hass: HomeAssistant, entry: ConfigEntry, snapshot: SnapshotAssertion) -> None:
    """Called by their own names, which is how Assist finds them."""
    assert entities(hass, entry, SCENE) == snapshot


async def test_a_scene_is_one_request_and_what_it_sets_is_pushed(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Whatever it consists of."""
    before = len(cloud.requests)
    await hass.services.async_call(SCENE, SERVICE_TURN_ON, {ATTR_ENTITY_ID: GOOD_NIGHT}, blocking=True)
    await shows(hass, "light.phong_ngu_chinh_den_dau_giuong", "on", within_s=1)
    await shows(hass, "light.phong_khach_den_tran", "off", within_s=1)
    requests = [request for request in cloud.requests[before:] if request.path == "/v1/commands"]
    assert [request.method for request in requests] == ["POST"]
    state = hass.states.get(GOOD_NIGHT)
    assert state is not None
    assert state.state.startswith("2026-11-20T")


async def test_scenes_come_go_and_are_renamed_live(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """A renamed one keeps its entity ID and what the user made of it."""
    registry = er.async_get(hass)
    cloud.add_scene("nha-ha-noi", {"id": "an-com", "name": "Ăn cơm"})
    await shows(hass, "scene.an_com", "unknown", within_s=1, friendly_name="Ăn cơm")
    registry.async_update_entity("scene.an_com", icon="mdi:rice")
    cloud.rename_scene("nha-ha-noi", "an-com", "Ăn tối")
    await shows(hass, "scene.an_com", "unknown", within_s=1, friendly_name="Ăn tối", icon="mdi:rice")
    cloud.remove_scene("nha-ha-noi", "an-com")
    await asyncio.sleep(1)
    assert "scene.an_com" not in hass.states.async_entity_ids()
    assert registry.async_get("scene.an_com") is None


async def test_scenes_of_one_name_say_their_homes(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """As long as both homes have one."""
    cloud.add_scene("can-ho-my-dinh", {"id": "ngu", "name": "Đi ngủ"})
    await shows(hass, "scene.di_ngu_can_ho_my_dinh", "unknown", within_s=1, friendly_name="Đi ngủ Căn hộ Mỹ Đình")
    await shows(hass, GOOD_NIGHT, "unknown", within_s=1, friendly_name="Đi ngủ Nhà Hà Nội")
    cloud.remove_home("can-ho-my-dinh")
    await shows(hass, GOOD_NIGHT, "unknown", within_s=1, friendly_name="Đi ngủ")
    assert er.async_get(hass).async_get("scene.di_ngu_can_ho_my_dinh") is None


async def test_a_scene_that_went_while_home_assistant_was_off_is_gone(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Nothing of it stays in the registry."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.remove_scene("nha-ha-noi", "canh-di-ngu")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert er.async_get(hass).async_get(GOOD_NIGHT) is None


async def test_a_scene_that_cannot_be_activated_says_why(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """By its own name."""
    cloud.mute(True)
    cloud.remove_scene("nha-ha-noi", "canh-di-ngu")
    with pytest.raises(HomeAssistantError) as error:
        await hass.services.async_call(SCENE, SERVICE_TURN_ON, {ATTR_ENTITY_ID: GOOD_NIGHT}, blocking=True)
    assert error.value.translation_key == "command_not_found"
    assert error.value.translation_placeholders is not None
    assert error.value.translation_placeholders["name"] == "Đi ngủ"
    cloud.mute(False)


async def test_scenes_are_unavailable_with_the_server(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """And are back with it."""
    cloud.maintenance(retry_after=10)
    await shows(hass, GOOD_NIGHT, STATE_UNAVAILABLE, within_s=120)
    cloud.end_maintenance()
    await shows(hass, GOOD_NIGHT, "unknown", within_s=120)
