"""Areas: those of the rooms, until the owner wants something else."""

import asyncio

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr
import pytest

from tests.accounts import OTHER, OWNER, log_in
from tests.home import device_of, shows
from tests.mock_cloud import MockCloud
from tests.mock_cloud.wire import JsonObject

FRIDGE = "switch.bep_o_cam_tu_lanh"
KETTLE = "switch.bep_o_cam_am_nuoc"
HALL_LAMP = "light.hanh_lang_den_hanh_lang"


def area_of(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the name of the area of an entity's device."""
    area = ar.async_get(hass).async_get_area(device_of(hass, entity_id).area_id or "")
    return area.name if area else None


def put(hass: HomeAssistant, entity_id: str, name: str | None) -> None:
    """Choose an area for a device, as a user would."""
    area_id = ar.async_get(hass).async_get_or_create(name).id if name else None
    device = device_of(hass, entity_id)
    if isinstance(device, dr.ChildDeviceEntry):
        dr.async_get(hass).async_update_child_device(device.id, area_id=area_id)
    else:
        dr.async_get(hass).async_update_device(device.id, area_id=area_id)


def lamp(device_id: str, room_id: str | None, name: str = "Đèn mới") -> JsonObject:
    """Return a device as in the home file."""
    features: JsonObject = {"controls": "light", "metering": False}
    endpoint: JsonObject = {"id": "1", "type": "switch", "features": features, "state": {"on": True}}
    rest: JsonObject = {"model": "M", "firmware": "1", "serial": device_id, "endpoints": [endpoint]}
    return {"id": device_id, "room_id": room_id, "name": name, **rest}


async def news() -> None:
    """Let the cloud's events arrive: a second is what is promised."""
    await asyncio.sleep(1)


# Where a new device goes


async def test_each_device_and_each_gang_is_in_its_own_room(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """A gang gets an area of its own, also in its panel's room: only then HA calls it by its own name in Assist."""
    assert area_of(hass, FRIDGE) == "Bếp"
    assert area_of(hass, "light.bep_den_tran") == "Bếp"
    assert area_of(hass, HALL_LAMP) == "Hành lang"
    assert area_of(hass, "switch.o_cam_di_dong") is None


async def test_the_later_of_two_rooms_of_one_name_says_its_home(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """In plain words: voice sentences cannot match brackets."""
    assert area_of(hass, "switch.phong_khach_o_cam_tivi") == "Phòng khách"
    assert area_of(hass, "switch.phong_khach_can_ho_my_dinh_o_cam_dieu_hoa") == "Phòng khách Căn hộ Mỹ Đình"


async def test_rooms_of_one_name_of_two_accounts_are_told_apart(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Like those of one."""
    other = await log_in(hass, cloud, OTHER)
    assert area_of(hass, "light.phong_khach_nha_da_nang_den_ban") == "Phòng khách Nhà Đà Nẵng"
    assert area_of(hass, "switch.phong_khach_o_cam_tivi") == "Phòng khách"
    assert await hass.config_entries.async_unload(other.entry_id)


@pytest.mark.parametrize(("room", "area"), [("Bếp", "Bếp Nhà biển"), ("b ếp", "b ếp Nhà biển"), ("Gác", "Gác")])
async def test_names_that_home_assistant_takes_for_one_are_told_apart(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, room: str, area: str
) -> None:
    """It knows no case and no spaces. And of homes of one name, the next is numbered."""
    for number, suffix in ((1, ""), (2, " 2" if room != "Gác" else " Nhà biển")):
        document: JsonObject = {"id": f"bien-{number}", "name": "Nhà biển", "rooms": [{"id": "b", "name": room}]}
        cloud.add_home(OWNER.username, document)
        cloud.add_device(f"bien-{number}", lamp(f"den-{number}", "b", f"Đèn biển {number}"))
        await news()
        (entity_id,) = (found for found in hass.states.async_entity_ids("light") if f"den_bien_{number}" in found)
        assert area_of(hass, entity_id) == area + suffix
    assert area_of(hass, FRIDGE) == "Bếp"


async def test_a_new_device_joins_its_neighbors_whatever_their_area_is_called(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """No second area is made of the room's name, also not at the next start."""
    ar.async_get(hass).async_update("bep", name="Kitchen")
    cloud.add_device("nha-ha-noi", lamp("den-moi", "bep"))
    await news()
    assert area_of(hass, "light.kitchen_den_moi") == "Kitchen"
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.add_device("nha-ha-noi", lamp("den-kho", "bep", "Đèn kho"))
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert area_of(hass, "light.kitchen_den_kho") == "Kitchen"
    assert ar.async_get(hass).async_get_area_by_name("Bếp") is None


async def test_an_area_that_the_owner_deleted_stays_deleted(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """A new device of the room has none, like its neighbors."""
    ar.async_get(hass).async_delete("bep")
    await hass.async_block_till_done()
    cloud.add_device("nha-ha-noi", lamp("den-moi", "bep"))
    await news()
    assert area_of(hass, "light.den_moi") is None
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert ar.async_get(hass).async_get_area_by_name("Bếp") is None


# When a room changes


async def test_a_device_that_moves_to_another_room_moves_to_its_area(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Within a second, whatever it shows meanwhile; its entity keeps its id."""
    states = []
    hass.bus.async_listen("state_changed", lambda event: states.append(event.data["new_state"]))
    for room, area in (("ban-cong", "Ban công"), (None, None), ("phong-khach", "Phòng khách")):
        cloud.update_device("o-cam-tu-lanh", room_id=room)
        await news()
        assert area_of(hass, FRIDGE) == area
    assert {state.state for state in states if state.entity_id == FRIDGE} <= {"on"}


@pytest.mark.parametrize("chosen", ["Gác xép", None])
async def test_an_area_of_the_users_own_stays(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, chosen: str | None
) -> None:
    """However often the room changes; and no area as well."""
    put(hass, FRIDGE, chosen)
    for room in ("ban-cong", "hanh-lang", "phong-khach"):
        cloud.update_device("o-cam-tu-lanh", room_id=room)
        await news()
        assert area_of(hass, FRIDGE) == chosen


async def test_a_device_follows_its_room_from_an_area_that_the_owner_renamed(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Its neighbors tell where its room is."""
    ar.async_get(hass).async_update("bep", name="Kitchen")
    cloud.update_device("o-cam-tu-lanh", room_id="ban-cong")
    await news()
    assert area_of(hass, FRIDGE) == "Ban công"


async def test_a_gang_of_another_room_follows_it_like_any_device(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Until its owner has put it elsewhere."""
    for room, area in (("bep", "Bếp"), (None, "Phòng ngủ chính"), ("phong-tho", "Phòng thờ")):
        cloud.move_endpoint("cong-tac-phong-ngu", "2", room)
        await news()
        assert area_of(hass, HALL_LAMP) == area
    put(hass, HALL_LAMP, "Gác xép")
    cloud.move_endpoint("cong-tac-phong-ngu", "2", "hanh-lang")
    await news()
    assert area_of(hass, HALL_LAMP) == "Gác xép"


async def test_a_room_that_is_renamed_takes_its_devices_along(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """All but those that somebody has put elsewhere."""
    put(hass, KETTLE, "Gác xép")
    cloud.rename_room("nha-ha-noi", "bep", "Nhà bếp")
    await news()
    assert area_of(hass, FRIDGE) == area_of(hass, "light.bep_den_tran") == "Nhà bếp"
    assert area_of(hass, KETTLE) == "Gác xép"
    cloud.remove_room("nha-ha-noi", "bep")
    await news()
    assert (area_of(hass, FRIDGE), area_of(hass, KETTLE)) == (None, "Gác xép")


async def test_what_moves_while_home_assistant_is_off_stays_where_it_was(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Nobody knows then who chose its area."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.update_device("o-cam-tu-lanh", room_id="ban-cong")
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert area_of(hass, FRIDGE) == "Bếp"


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


async def test_a_home_that_is_renamed_moves_nothing(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """An area that says its home is the owner's to rename. No device is even looked at."""
    changed: list[object] = []
    hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, lambda event: changed.append(event.data))
    cloud.rename_home("can-ho-my-dinh", "Căn hộ cũ")
    await news()
    assert area_of(hass, "switch.phong_khach_can_ho_my_dinh_o_cam_dieu_hoa") == "Phòng khách Căn hộ Mỹ Đình"
    assert changed == []
    cloud.add_room("can-ho-my-dinh", "kho", "Kho")
    cloud.update_device("o-cam-dieu-hoa", room_id="kho")
    await shows(hass, "switch.phong_khach_can_ho_my_dinh_o_cam_dieu_hoa", "off")
    await news()
    assert area_of(hass, "switch.phong_khach_can_ho_my_dinh_o_cam_dieu_hoa") == "Kho"
