"""The options of an account: the homes to show, and reversed curtains."""

import asyncio

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.wesmart.const import CONF_EXCLUDED_HOMES, CONF_HOMES, CONF_REVERSED_COVERS
from tests.accounts import OTHER, OWNER, Person, choices, configure, suggested
from tests.home import ACCOUNT, ACCOUNT_ENTITIES, devices, shown_name, shows
from tests.mock_cloud import MockCloud
from tests.test_devices import NEW_LAMP

ROLLER = "cover.phong_ngu_cua_be_rem_cuon_phong_be"
ROLLER_ID = "rem-phong-be"
BEDSIDE = "light.phong_ngu_den_ngu"


async def opened(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    """Return the form of the options."""
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "init")
    return flow


# The form


async def test_the_form_lists_homes_and_curtains_with_their_areas(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """All homes are selected, and no curtain is; curtains are called as their owner calls them."""
    flow = await opened(hass, entry)
    assert sorted(choices(flow, CONF_REVERSED_COVERS).values()) == [
        "Mái hiên ban công · Ban công",
        "Rèm cuốn phòng bé · Phòng ngủ của bé",
        "Rèm cửa sổ · Phòng ngủ",
        "Rèm phòng khách · Phòng khách",
        "Rèm phòng ngủ · Phòng ngủ chính",
    ]
    assert suggested(flow) == {CONF_HOMES: ["nha-ha-noi", "can-ho-my-dinh"], CONF_REVERSED_COVERS: []}
    er.async_get(hass).async_update_entity(ROLLER, name="Rèm của Bống", area_id="ban_cong")
    assert "Rèm của Bống · Ban công" in choices(await opened(hass, entry), CONF_REVERSED_COVERS).values()


@pytest.mark.parametrize("person", [OTHER])
async def test_an_account_without_curtains_is_not_asked_about_them(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, person: Person
) -> None:
    """Only about its home."""
    for device_id in [device["id"] for device in cloud.snapshot(person.username)["homes"][0]["devices"]]:
        if any(endpoint["type"] == "curtain" for endpoint in cloud.device(device_id)["endpoints"]):
            cloud.remove_device(device_id)
    await asyncio.sleep(1)
    assert suggested(await opened(hass, entry)) == {CONF_HOMES: ["nha-da-nang"]}
    assert await configure(hass, entry) == {CONF_EXCLUDED_HOMES: [], CONF_REVERSED_COVERS: []}


async def test_curtains_can_be_reversed_while_the_account_is_not_loaded(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The registries know them; homes that are not known stay as they were."""
    await configure(hass, entry, **{CONF_HOMES: ["nha-ha-noi"]})
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.maintenance()
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    flow = await opened(hass, entry)
    assert len(choices(flow, CONF_REVERSED_COVERS)) == 4
    assert CONF_HOMES not in suggested(flow)
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], {})
    assert entry.options == {CONF_EXCLUDED_HOMES: ["can-ho-my-dinh"], CONF_REVERSED_COVERS: []}
    cloud.end_maintenance()


# Homes


async def test_an_excluded_home_leaves_and_comes_back_as_it_was(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Devices and entities, with the names that their owner gave them."""
    flow = await opened(hass, entry)
    assert choices(flow, CONF_HOMES) == {"nha-ha-noi": "Nhà Hà Nội", "can-ho-my-dinh": "Căn hộ Mỹ Đình"}
    entities, registry = er.async_get(hass), dr.async_get(hass)
    before = entities.async_update_entity(BEDSIDE, new_entity_id="light.den_ngu_cua_toi", name="Đèn ngủ của tôi")
    assert before.device_id is not None
    child = registry.async_get(before.device_id)
    assert isinstance(child, dr.ChildDeviceEntry)
    registry.async_update_device(child.parent_device_id, name_by_user="Công tắc cửa")

    await configure(hass, entry, **{CONF_HOMES: ["nha-ha-noi"]})
    assert hass.states.get("light.den_ngu_cua_toi") is None
    assert entities.async_get("light.den_ngu_cua_toi") is None
    assert registry.async_get(child.parent_device_id) is None
    assert not {"Rèm cửa sổ", "Ổ cắm điều hòa", "Công tắc cửa ra vào"} & devices(hass, entry).keys()
    await shows(hass, ROLLER, "closed")

    await configure(hass, entry, **{CONF_HOMES: ["nha-ha-noi", "can-ho-my-dinh"]})
    name = shown_name(hass, "light.den_ngu_cua_toi", "Đèn ngủ của tôi")
    await shows(hass, "light.den_ngu_cua_toi", "off", friendly_name=name)
    after = entities.async_get("light.den_ngu_cua_toi")
    assert after is not None
    assert (after.id, after.device_id) == (before.id, before.device_id)
    parent = registry.async_get(child.parent_device_id)
    assert parent is not None
    assert parent.name_by_user == "Công tắc cửa"


async def test_changes_in_an_excluded_home_have_no_effect_and_cost_no_request(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Not even its removal."""
    cloud.meters_report = False
    await configure(hass, entry, **{CONF_HOMES: ["nha-ha-noi"]})
    await asyncio.sleep(60)
    states = {state.entity_id: state for state in hass.states.async_all()}
    before, known = len(cloud.requests), devices(hass, entry)
    cloud.touch("cong-tac-can-ho", "2", on=True)
    cloud.set_online("o-cam-dieu-hoa", False)
    cloud.update_device("o-cam-dieu-hoa", name="Ổ cắm mới")
    cloud.rename_room("can-ho-my-dinh", "ngu", "Phòng của ba")
    cloud.add_device("can-ho-my-dinh", {**NEW_LAMP, "room_id": "ngu"})
    cloud.touch("den-hoc", "1", on=False)
    cloud.remove_device("rem-can-ho")
    await asyncio.sleep(200)
    cloud.remove_home("can-ho-my-dinh")
    await asyncio.sleep(200)
    assert {state.entity_id: state for state in hass.states.async_all()} == states
    assert (len(cloud.requests), devices(hass, entry)) == (before, known)
    assert choices(await opened(hass, entry), CONF_HOMES) == {"nha-ha-noi": "Nhà Hà Nội"}


async def test_a_new_home_is_shown_by_itself(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Also if the others are excluded, and if a form that was opened before is submitted after it came."""
    await configure(hass, entry, **{CONF_HOMES: []})
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert (entry.state, sorted(hass.states.async_entity_ids())) == (ConfigEntryState.LOADED, ACCOUNT_ENTITIES)
    flow = await opened(hass, entry)
    cloud.share_home("nha-da-nang", OWNER.username)
    await asyncio.sleep(1)
    cloud.rename_home("nha-da-nang", "Nhà\u202e\nĐà Nẵng")
    await asyncio.sleep(1)
    assert "Nhà Đà Nẵng" in choices(await opened(hass, entry), CONF_HOMES).values()
    shown = devices(hass, entry).keys()
    assert shown > {ACCOUNT, "Công tắc phòng khách", "Đèn bàn"}
    assert not {"Công tắc bếp", "Công tắc cửa ra vào"} & shown
    await hass.config_entries.options.async_configure(flow["flow_id"], {CONF_HOMES: ["can-ho-my-dinh"]})
    await hass.async_block_till_done()
    assert devices(hass, entry).keys() > shown
    await shows(hass, BEDSIDE, "off")


# Reversed curtains (test_cover.py shows what they do)


async def test_a_reversed_curtain_stays_reversed_while_it_is_removed(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Also if the options are changed in the meantime."""
    entity = er.async_get(hass).async_get(ROLLER)
    assert entity is not None
    await configure(hass, entry, **{CONF_REVERSED_COVERS: [entity.unique_id]})
    device = {name: value for name, value in cloud.device(ROLLER_ID).items() if name != "home_id"}
    cloud.remove_device(ROLLER_ID)
    await asyncio.sleep(1)
    flow = await opened(hass, entry)
    assert entity.unique_id not in choices(flow, CONF_REVERSED_COVERS)
    await configure(hass, entry, **{CONF_HOMES: ["nha-ha-noi"], CONF_REVERSED_COVERS: []})
    cloud.add_device("nha-ha-noi", device)
    await shows(hass, ROLLER, "open", within_s=1, current_position=100)


async def test_unchanged_options_do_not_reload(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Nothing is asked of the server."""
    await configure(hass, entry)
    await asyncio.sleep(5)
    before = len(cloud.requests)
    await configure(hass, entry)
    await asyncio.sleep(5)
    assert len(cloud.requests) == before
