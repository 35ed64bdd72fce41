"""Devices: what they are called, where they are, and what happens when the app moves, renames or removes one."""

import asyncio
from dataclasses import replace
import json

from homeassistant.components.light import ColorMode
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME, STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import DATA_DISPATCHER
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.wesmart import identifiers, registry
from custom_components.wesmart.cloud.models import EndpointKey
from custom_components.wesmart.const import CONF_HOMES, DOMAIN
from tests.accounts import OWNER, configure, submit
from tests.home import FEEDBACK, device_of, devices, shown_name, shows
from tests.mock_cloud import MockCloud
from tests.mock_cloud.model import Endpoint
from tests.mock_cloud.wire import JsonObject
from tests.test_simulated_week import held_by

NEW_LAMP: JsonObject = {
    "id": "den-hoc",
    "room_id": "phong-ngu-be",
    "name": "Đèn học",
    "model": "Dimmer, 1 channel",
    "firmware": "1.2.0",
    "serial": "LD-1",
    "online": True,
    "identify": False,
    "endpoints": [
        {
            "id": "1",
            "type": "light",
            "features": {"brightness": True, "color_temp": None, "color": False, "effects": [], "transition": False},
            "state": {"on": True, "brightness": 50},
        }
    ],
}


async def test_every_device_of_the_homes(hass: HomeAssistant, entry: ConfigEntry, snapshot: SnapshotAssertion) -> None:
    """With model, firmware, serial and room; rooms that two homes have are told apart."""
    assert devices(hass, entry) == snapshot


async def test_a_device_that_is_added_in_the_app_is_there_within_a_second(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Without a reload, and with what it does."""
    cloud.add_device("nha-ha-noi", {**NEW_LAMP})
    await shows(hass, "light.phong_ngu_cua_be_den_hoc", STATE_ON, within_s=1, brightness=128)


async def test_a_device_that_is_removed_in_the_app_goes_and_may_come_back(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """With its entities and its children."""
    cloud.remove_device("cong-tac-phong-ngu")
    await asyncio.sleep(1)
    assert hass.states.get("light.hanh_lang_den_hanh_lang") is None
    assert "Công tắc phòng ngủ" not in devices(hass, entry)
    assert "Đèn hành lang" not in devices(hass, entry)
    cloud.add_device("nha-ha-noi", {**NEW_LAMP})
    cloud.remove_device("den-hoc")
    await asyncio.sleep(1)
    cloud.add_device("nha-ha-noi", {**NEW_LAMP})
    await shows(hass, "light.phong_ngu_cua_be_den_hoc", STATE_ON, within_s=1)


async def test_a_new_name_or_firmware_is_shown_and_a_name_of_the_users_own_stays(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The app's name is underneath."""
    device = device_of(hass, "switch.bep_o_cam_tu_lanh")
    dr.async_get(hass).async_update_device(device.id, name_by_user="Tủ lạnh")
    cloud.update_device("o-cam-tu-lanh", name="Ổ cắm tủ đông", firmware="1.5.0")
    await asyncio.sleep(1)
    device = device_of(hass, "switch.bep_o_cam_tu_lanh")
    assert isinstance(device, dr.DeviceEntry)
    assert (device.name, device.name_by_user, device.sw_version) == ("Ổ cắm tủ đông", "Tủ lạnh", "1.5.0")
    cloud.update_device("o-cam-am-nuoc", name="Ổ cắm nồi cơm")
    await shows(hass, "switch.bep_o_cam_am_nuoc", STATE_OFF, friendly_name="Ổ cắm nồi cơm", within_s=1)


async def test_gangs_that_come_go_or_are_renamed_in_the_app_do_so_within_a_second(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """On a panel that goes on working."""
    await asyncio.sleep(1)
    lamp, *others = cloud._core.world.device("cong-tac-bep").endpoints
    new = Endpoint(id="9", type="switch", name="Đèn bếp nhỏ", features=dict(lamp.features), state={"on": True})
    cloud.set_endpoints("cong-tac-bep", [replace(lamp, name="Đèn chùm"), new])
    await shows(hass, "light.bep_den_bep_nho", STATE_ON, within_s=1)
    await shows(hass, "light.bep_den_tran", STATE_OFF, friendly_name="Đèn chùm")
    assert hass.states.get("switch.bep_quat_hut") is None
    cloud.set_endpoints("cong-tac-bep", [lamp, *others])
    await shows(hass, "switch.bep_quat_hut", STATE_OFF, within_s=1)
    assert hass.states.get("light.bep_den_bep_nho") is None
    assert not {"Đèn chùm", "Đèn bếp nhỏ"} & devices(hass, entry).keys()


async def test_a_gang_that_gets_a_name_becomes_a_device_and_one_that_loses_it_the_panels(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Its entity keeps its id, and what the user made of it."""
    er.async_get(hass).async_update_entity("light.bep_den_tran", labels={"ours"})
    lamp, *others = cloud._core.world.device("cong-tac-bep").endpoints
    cloud.set_endpoints("cong-tac-bep", [replace(lamp, name=None), *others])
    await shows(hass, "light.bep_den_tran", STATE_OFF, within_s=1, friendly_name="Công tắc bếp")
    assert isinstance(device_of(hass, "light.bep_den_tran"), dr.DeviceEntry)
    cloud.set_endpoints("cong-tac-bep", [lamp, *others])
    await shows(hass, "light.bep_den_tran", STATE_OFF, within_s=1, friendly_name="Đèn trần")
    assert isinstance(device := device_of(hass, "light.bep_den_tran"), dr.ChildDeviceEntry)
    assert device.area_id == "bep"
    entity = er.async_get(hass).async_get("light.bep_den_tran")
    assert entity is not None
    assert entity.labels == {"ours"}


async def test_a_gang_that_becomes_a_light_is_one_within_a_second(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """As an update of a panel's firmware may bring it."""
    lamp, other, fan = cloud._core.world.device("cong-tac-bep").endpoints
    features: JsonObject = {"brightness": True, "color": False, "effects": [], "transition": False}
    changed = [replace(endpoint, type="light", features=features) for endpoint in (lamp, fan)]
    cloud.set_endpoints("cong-tac-bep", [changed[0], other, changed[1]])
    dimmable = [ColorMode.BRIGHTNESS]
    await shows(hass, "light.bep_quat_hut", STATE_OFF, within_s=1, supported_color_modes=dimmable)
    await shows(hass, "light.bep_den_tran", STATE_OFF, within_s=1, supported_color_modes=dimmable)
    assert hass.states.get("switch.bep_quat_hut") is None


async def test_a_home_that_is_removed_takes_its_devices_along(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The other home stays."""
    cloud.remove_home("can-ho-my-dinh")
    await asyncio.sleep(1)
    assert hass.states.get("light.phong_ngu_den_ngu") is None
    await shows(hass, "light.hanh_lang_den_hanh_lang", STATE_ON)


async def test_what_went_while_home_assistant_was_off_is_gone_at_the_next_start(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Devices and single gangs alike."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.remove_device("o-cam-tivi")
    panel = {name: value for name, value in cloud.device("cong-tac-phong-tam").items() if name != "home_id"}
    endpoints = panel["endpoints"]
    assert isinstance(endpoints, list)
    cloud.remove_device("cong-tac-phong-tam")
    cloud.add_device("nha-ha-noi", {**panel, "endpoints": endpoints[:1]})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    entities = er.async_get(hass)
    assert entities.async_get("switch.phong_khach_o_cam_tivi") is None
    assert entities.async_get("switch.phong_tam_quat_thong_gio") is None
    assert "Quạt thông gió" not in devices(hass, entry)
    await shows(hass, "light.phong_tam_den_guong", STATE_OFF)


async def test_a_device_without_name_room_or_endpoints_is_fine(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """It is called what it is."""
    cloud.add_device("nha-ha-noi", {**NEW_LAMP, "name": None, "room_id": None})
    cloud.add_device("nha-ha-noi", {**NEW_LAMP, "id": "hop-rong", "name": "Hộp rỗng", "endpoints": []})
    await shows(hass, "light.dimmer_1_channel", STATE_ON, within_s=1)
    found = devices(hass, entry)
    assert {"Dimmer, 1 channel", "Hộp rỗng"} <= found.keys()


def test_ids_of_any_spelling_do_not_collide() -> None:
    """They are opaque: a separator may be part of one."""
    entry_of_server = MockConfigEntry(domain=DOMAIN, unique_id="https://cloud.example.com account")
    keys = [EndpointKey("a:b", "c"), EndpointKey("a", "b:c"), EndpointKey("a%3Ab", "c"), EndpointKey("ă", "c")]
    ids = {identifiers.unique_id(entry_of_server, key) for key in keys}
    assert len(ids) == len(keys)


def gang(number: str, name: str | None) -> JsonObject:
    """Return a switch of a panel."""
    features: JsonObject = {"controls": None, "metering": False}
    return {"id": number, "type": "switch", "name": name, "features": features, "state": {"on": True}}


def add_gangs(cloud: MockCloud) -> None:
    """Add a panel with two gangs that have no names."""
    endpoints = [gang("1", None), gang("2", None)]
    cloud.add_device("nha-ha-noi", {**NEW_LAMP, "name": "Công tắc mới", "endpoints": endpoints})


async def test_gangs_without_names_are_told_apart(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """By their numbers, in the language of Home Assistant."""
    add_gangs(cloud)
    await shows(hass, "switch.phong_ngu_cua_be_cong_tac_moi_switch_2", STATE_ON, friendly_name="Công tắc mới Switch 2")
    one, two = cloud._core.world.device("den-hoc").endpoints
    first = "switch.phong_ngu_cua_be_cong_tac_moi_switch_1"
    second = "switch.phong_ngu_cua_be_cong_tac_moi_switch_2"
    cloud.set_endpoints("den-hoc", [replace(one, name="Đèn tủ"), two])
    await shows(hass, second, STATE_ON, within_s=1, friendly_name="Công tắc mới")
    await shows(hass, first, STATE_ON, within_s=1, friendly_name="Đèn tủ")
    cloud.set_endpoints("den-hoc", [one, two])
    await shows(hass, first, STATE_ON, within_s=1, friendly_name="Công tắc mới Switch 1")
    await shows(hass, second, STATE_ON, within_s=1, friendly_name="Công tắc mới Switch 2")
    three = replace(one, id="3")
    cloud.set_endpoints("den-hoc", [two, three])
    await shows(hass, second, STATE_ON, within_s=1, friendly_name="Công tắc mới Switch 1")
    entity = er.async_get(hass).async_get(second)
    assert entity is not None
    assert entity.original_name == "Switch 1"


async def test_a_gang_is_called_anew_although_its_state_changes_at_once(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """What both changes do arrives in one frame."""
    add_gangs(cloud)
    second = "switch.phong_ngu_cua_be_cong_tac_moi_switch_2"
    await shows(hass, second, STATE_ON, within_s=1, friendly_name="Công tắc mới Switch 2")
    cloud.mute(True)
    cloud.rename_endpoint("den-hoc", "1", "Đèn tủ")
    cloud.touch("den-hoc", "2", on=False)
    cloud.mute(False)
    await shows(hass, second, "off", within_s=1, friendly_name="Công tắc mới")


async def test_a_gang_that_gets_a_name_keeps_its_entity_and_its_helpers(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Home Assistant would remove helpers with an entity that is removed."""
    add_gangs(cloud)
    entity_id = "switch.phong_ngu_cua_be_cong_tac_moi_switch_1"
    await shows(hass, entity_id, STATE_ON, within_s=1)
    entities = er.async_get(hass)
    before = entities.async_get(entity_id)
    assert before is not None
    flow = await hass.config_entries.flow.async_init("switch_as_x", context={"source": "user"})
    data = {"entity_id": entity_id, "target_domain": "light", "invert": False}
    await hass.config_entries.flow.async_configure(flow["flow_id"], data)
    await hass.async_block_till_done()
    for name, device in (("Đèn tủ", "Đèn tủ"), (None, "Công tắc mới"), ("Đèn bàn", "Đèn bàn")):
        cloud.rename_endpoint("den-hoc", "1", name)
        await asyncio.sleep(1)
        after = entities.async_get(entity_id)
        assert after is not None
        assert after.id == before.id
        assert device_of(hass, entity_id).name == device
        assert len(hass.config_entries.async_entries("switch_as_x")) == 1
    cloud.touch("den-hoc", "1", on=False)
    await shows(hass, entity_id, "off", within_s=1)


async def delete(hass: HomeAssistant, hass_ws_client: WebSocketGenerator, device_id: str) -> bool:
    """Return whether a user who deletes a device on its page succeeds."""
    assert await async_setup_component(hass, "config", {})
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "config/device_registry/remove", "device_id": device_id})
    answer = await client.receive_json()
    await client.close()
    return bool(answer["success"])


async def test_only_a_device_that_the_cloud_does_not_have_can_be_deleted(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """One that it has would be back at the next start."""
    known = dr.async_get(hass)
    identifier = (DOMAIN, identifiers.device_identifier(entry, "gone"))
    gone = known.async_get_or_create(config_entry_id=entry.entry_id, identifiers={identifier})
    child = device_of(hass, "light.hanh_lang_den_hanh_lang")
    assert isinstance(child, dr.ChildDeviceEntry)
    for device_id in (child.id, child.parent_device_id):
        assert not await delete(hass, hass_ws_client, device_id)
        assert known.async_get(device_id)
    assert await delete(hass, hass_ws_client, gone.id)
    assert known.async_get(gone.id) is None


async def test_the_account_itself_cannot_be_deleted_as_a_device(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, entry: ConfigEntry
) -> None:
    """The cloud has no such device, and still it would be back at the next start."""
    service = device_of(hass, FEEDBACK)
    assert not await delete(hass, hass_ws_client, service.id)
    assert dr.async_get(hass).async_get(service.id)
    await shows(hass, FEEDBACK, STATE_UNKNOWN)


async def test_nothing_can_be_deleted_while_nobody_knows_what_the_cloud_has(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, entry: ConfigEntry
) -> None:
    """Such as while the account is disabled."""
    gone = dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, identifiers={(DOMAIN, "gone")})
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not await delete(hass, hass_ws_client, gone.id)


async def test_ids_and_what_a_user_made_of_an_entity_survive(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """A reload, hours without a cloud, a login anew, and devices that went offline: history hangs on the ids."""
    entities = er.async_get(hass)
    entities.async_update_entity("switch.bep_o_cam_tu_lanh", new_entity_id="switch.tu_lanh", name="Tủ lạnh")

    def known() -> dict[str, tuple[str, str | None, str | None]]:
        return {
            entity.entity_id: (entity.id, entity.device_id, entity.name)
            for entity in er.async_entries_for_config_entry(entities, entry.entry_id)
        }

    before = known()
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert known() == before
    for device_id in ("o-cam-tu-lanh", "cong-tac-phong-ngu"):
        cloud.set_online(device_id, False)
    await shows(hass, "switch.tu_lanh", STATE_UNAVAILABLE, within_s=1)
    port = cloud.port
    await cloud.stop()
    await asyncio.sleep(2 * 3600)
    assert known() == before
    await cloud.start(port=port)
    for device_id in ("o-cam-tu-lanh", "cong-tac-phong-ngu"):
        cloud.set_online(device_id, True)
    name = shown_name(hass, "switch.tu_lanh", "Tủ lạnh")
    await shows(hass, "switch.tu_lanh", STATE_ON, within_s=240, friendly_name=name)
    cloud.sign_out(OWNER.username)
    await asyncio.sleep(60)
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    flow = await submit(hass, flow, {CONF_USERNAME: OWNER.username, CONF_PASSWORD: OWNER.password})
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    await hass.async_block_till_done()
    assert known() == before
    await shows(hass, "switch.tu_lanh", STATE_ON)


async def test_a_home_without_rooms_and_a_device_with_things_from_the_future_are_fine(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """What is not known yet has no entity, and keeps nothing else from being there."""
    cloud.add_home(OWNER.username, {"id": "kho", "name": "Kho"})
    future: JsonObject = {"id": "f", "type": "fountain", "features": {"jets": 7}, "state": {"height_m": 2.5}}
    lamp = NEW_LAMP["endpoints"]
    assert isinstance(lamp, list)
    cloud.add_device("kho", {**NEW_LAMP, "id": "dai-phun", "room_id": None, "name": "Đài phun", "endpoints": [future]})
    cloud.add_device(
        "kho", {**NEW_LAMP, "id": "den-kho", "room_id": None, "name": "Đèn kho", "endpoints": [future, *lamp]}
    )
    await shows(hass, "light.den_kho", STATE_ON, within_s=2)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await shows(hass, "light.den_kho", STATE_ON)
    assert {"Đài phun", "Đèn kho"} <= devices(hass, entry).keys()
    assert device_of(hass, "light.den_kho").area_id is None


@pytest.mark.slow
async def test_a_thousand_devices_are_fine(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """One snapshot, each is followed, and hundreds are switched by a request for each two hundred."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    for number in range(1000):
        cloud.add_device("nha-ha-noi", {**NEW_LAMP, "id": f"den-{number}", "name": f"Đèn {number}"})
    before = len(cloud.requests)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert [request.path for request in cloud.requests[before:]].count("/v1/snapshot") == 1
    assert len(hass.states.async_entity_ids("light")) >= 1000
    await asyncio.sleep(1)
    cloud.touch("den-999", "1", on=False)
    await shows(hass, "light.phong_ngu_cua_be_den_999", STATE_OFF, within_s=1)
    lamps = [entity_id for entity_id in hass.states.async_entity_ids("light") if "cua_be_den_" in entity_id]
    before = len(cloud.requests)
    await hass.services.async_call("light", "turn_off", {"entity_id": lamps[:450]}, blocking=True)
    sent = [json.loads(request.body) for request in cloud.requests[before:] if request.path == "/v1/commands"]
    assert [len(request["commands"]) for request in sent] == [200, 200, 50]
    await asyncio.sleep(0.1)
    assert all(hass.states.is_state(entity_id, STATE_OFF) for entity_id in lamps[:450])


@pytest.mark.slow
async def test_nothing_is_kept_of_devices_that_came_and_went(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """3,000 of them, a third in a home that is not shown. The rooms of the last hundred or so are remembered."""
    await configure(hass, entry, **{CONF_HOMES: ["nha-ha-noi"]})
    await asyncio.sleep(60)

    async def come_and_go(round_: int) -> tuple[int, int, int]:
        ids = [f"guest-{round_}-{number}" for number in range(100)]
        for number, id_ in enumerate(ids):
            home, room = ("can-ho-my-dinh", None) if number % 3 == 0 else ("nha-ha-noi", "phong-khach")
            cloud.add_device(home, {**NEW_LAMP, "id": id_, "room_id": room})
        await asyncio.sleep(2)
        for id_ in ids:
            cloud.remove_device(id_)
        await asyncio.sleep(2)
        state = entry.runtime_data.state
        assert len(registry._ROOMS[state].by_device) < 2 * len(state.endpoints) + 500
        return held_by(entry.runtime_data), len(hass.data[DATA_DISPATCHER]), len(state._ignored_devices)

    first = [await come_and_go(round_) for round_ in range(3)][-1]
    last = [await come_and_go(round_) for round_ in range(3, 30)][-1]
    assert last[0] <= first[0] + 20
    assert last[1:] == first[1:]


async def test_a_device_that_cannot_be_decoded_at_a_start_is_not_removed(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """It exists. A value of a wrong type is the server's fault, and may be corrected."""
    before = set(devices(hass, entry))
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.spoil_snapshots(
        lambda text: text.replace('"Công tắc bếp"', "7").replace('"C\\u00f4ng t\\u1eafc b\\u1ebfp"', "7")
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert set(devices(hass, entry)) == before
    cloud.spoil_snapshots(None)
