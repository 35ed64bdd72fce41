"""Areas: the room's, until somebody chooses another."""

import asyncio

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
import pytest

from tests.mock_cloud import MockCloud

FRIDGE = "switch.bep_o_cam_tu_lanh"
HALL_LAMP = "switch.hanh_lang_den_hanh_lang"


def device_of(hass: HomeAssistant, entity_id: str) -> dr.AnyDeviceEntry:
    """Return the device of an entity."""
    entity = er.async_get(hass).async_get(entity_id)
    assert entity is not None
    assert entity.device_id is not None
    device = dr.async_get(hass).async_get(entity.device_id)
    assert device is not None
    return device


def area_of(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return what the area of an entity's device is called."""
    area_id = device_of(hass, entity_id).area_id
    area = ar.async_get(hass).async_get_area(area_id) if area_id else None
    return area.name if area else None


def put(hass: HomeAssistant, entity_id: str, name: str | None) -> None:
    """Choose an area for a device, as a user would."""
    area_id = ar.async_get(hass).async_get_or_create(name).id if name else None
    device = device_of(hass, entity_id)
    if isinstance(device, dr.ChildDeviceEntry):
        dr.async_get(hass).async_update_child_device(device.id, area_id=area_id)
    else:
        dr.async_get(hass).async_update_device(device.id, area_id=area_id)


async def news() -> None:
    """Let the cloud's events arrive: a second is what is promised."""
    await asyncio.sleep(1)


async def test_a_device_that_moves_to_another_room_moves_to_its_area(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Within a second, whatever it shows meanwhile; its entity keeps its id."""
    states = []
    hass.bus.async_listen("state_changed", lambda event: states.append(event.data["new_state"]))
    cloud.update_device("o-cam-tu-lanh", room_id="ban-cong")
    await news()
    assert area_of(hass, FRIDGE) == "Ban công"
    cloud.update_device("o-cam-tu-lanh", room_id=None)
    await news()
    assert area_of(hass, FRIDGE) is None
    cloud.update_device("o-cam-tu-lanh", room_id="phong-khach")
    await news()
    assert area_of(hass, FRIDGE) == "Phòng khách (Nhà Hà Nội)"
    assert {state.state for state in states if state.entity_id == FRIDGE} <= {"on"}


@pytest.mark.parametrize("chosen", ["Gác xép", None])
async def test_an_area_of_the_users_own_stays(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, chosen: str | None
) -> None:
    """However often the room changes; and no area as well."""
    put(hass, FRIDGE, chosen)
    for room in ("ban-cong", None, "hanh-lang"):
        cloud.update_device("o-cam-tu-lanh", room_id=room)
        await news()
        assert area_of(hass, FRIDGE) == chosen


async def test_a_gang_of_another_room_follows_it_like_any_device(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Also after it was a part of its panel for a while."""
    cloud.move_endpoint("cong-tac-phong-ngu", "2", "bep")
    await news()
    assert area_of(hass, HALL_LAMP) == "Bếp"
    cloud.move_endpoint("cong-tac-phong-ngu", "2", None)
    await news()
    assert area_of(hass, HALL_LAMP) == "Phòng ngủ chính"
    cloud.move_endpoint("cong-tac-phong-ngu", "2", "phong-tho")
    await news()
    assert area_of(hass, HALL_LAMP) == "Phòng thờ"
    put(hass, HALL_LAMP, "Gác xép")
    cloud.move_endpoint("cong-tac-phong-ngu", "2", "hanh-lang")
    await news()
    assert area_of(hass, HALL_LAMP) == "Gác xép"


async def test_a_room_that_is_renamed_takes_its_devices_along(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """All but those that somebody has put elsewhere."""
    put(hass, "switch.bep_o_cam_am_nuoc", "Gác xép")
    cloud.rename_room("nha-ha-noi", "bep", "Nhà bếp")
    await news()
    assert area_of(hass, FRIDGE) == "Nhà bếp"
    assert area_of(hass, "switch.bep_o_cam_am_nuoc") == "Gác xép"
    cloud.remove_room("nha-ha-noi", "bep")
    await news()
    assert area_of(hass, FRIDGE) is None


async def test_an_area_that_the_user_has_renamed_is_still_the_room(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """No second one is made of the room's name, until the room becomes another."""
    areas = ar.async_get(hass)
    areas.async_update("bep", name="Kitchen")
    cloud.update_device("o-cam-tu-lanh", firmware="9.9.9")
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert area_of(hass, FRIDGE) == "Kitchen"
    assert areas.async_get_area_by_name("Bếp") is None
    cloud.update_device("o-cam-tu-lanh", room_id="ban-cong")
    await news()
    assert area_of(hass, FRIDGE) == "Ban công"


async def test_what_happened_to_rooms_and_areas_while_home_assistant_was_off_is_told_apart(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Which area was the room's is remembered from the start before."""
    cloud.update_device("o-cam-tu-lanh", room_id="ban-cong")
    await news()
    assert await hass.config_entries.async_unload(entry.entry_id)
    put(hass, "switch.bep_o_cam_am_nuoc", "Gác xép")
    for device_id in ("o-cam-tu-lanh", "o-cam-am-nuoc"):
        cloud.update_device(device_id, room_id="hanh-lang")
    cloud.move_endpoint("cong-tac-phong-ngu", "2", "bep")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert area_of(hass, FRIDGE) == "Hành lang"
    assert area_of(hass, "switch.bep_o_cam_am_nuoc") == "Gác xép"
    assert area_of(hass, HALL_LAMP) == "Bếp"


async def test_a_device_that_comes_back_follows_the_room_it_comes_back_to(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Home Assistant remembers the area that it had."""
    fridge = {name: value for name, value in cloud.device("o-cam-tu-lanh").items() if name != "home_id"}
    cloud.remove_device("o-cam-tu-lanh")
    await news()
    cloud.add_device("nha-ha-noi", {**fridge, "room_id": "ban-cong"})
    await news()
    assert area_of(hass, FRIDGE) == "Ban công"


async def test_a_home_with_rooms_of_the_same_names_moves_nothing(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Only what is new there is told apart, and its rooms may be called otherwise later."""
    cloud.add_home("minhanh@example.com", {"id": "bien", "name": "Nhà biển", "rooms": [{"id": "b", "name": "Bếp"}]})
    cloud.update_device("o-cam-tu-lanh", firmware="9.9.9")
    await news()
    assert area_of(hass, FRIDGE) == "Bếp"
    cloud.rename_home("nha-ha-noi", "Nhà phố")
    await news()
    assert area_of(hass, FRIDGE) == "Bếp"
    cloud.update_device("o-cam-am-nuoc", room_id="phong-khach")
    await news()
    assert area_of(hass, "switch.bep_o_cam_am_nuoc") == "Phòng khách (Nhà phố)"


async def test_nothing_is_remembered_of_an_account_that_is_removed(
    hass: HomeAssistant, hass_storage: dict[str, object], cloud: MockCloud, entry: ConfigEntry
) -> None:
    """How a home is divided is nobody's business."""
    await asyncio.sleep(2)
    stored = f"wesmart.{entry.entry_id}.areas"
    assert stored in hass_storage
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert stored not in hass_storage
