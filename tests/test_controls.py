"""What the gangs of a wall panel control: a lamp is a light, and a gang that becomes one leaves nothing behind."""

import asyncio

from homeassistant.config_entries import SOURCE_USER, ConfigEntry
from homeassistant.const import ATTR_ENTITY_ID, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
import pytest

from tests.home import device_of, shows
from tests.mock_cloud import MockCloud

PANEL, GANG = "cong-tac-bep", "3"
# The area is renamed below.
SWITCH, LIGHT = "switch.bep_quat_hut", "light.bep_nuong_quat_hut"


async def test_a_lamp_of_a_panel_is_a_light(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """`light.turn_on` switches it; it cannot be dimmed."""
    target = {ATTR_ENTITY_ID: "light.bep_den_tran"}
    await hass.services.async_call("light", "turn_on", {**target, "brightness_pct": 30}, blocking=True)
    await shows(hass, "light.bep_den_tran", STATE_ON, within_s=1, supported_color_modes=["onoff"], color_mode="onoff")
    assert cloud.state(PANEL, "1") == {"on": True}
    await hass.services.async_call("light", "turn_off", target, blocking=True)
    await shows(hass, "light.bep_den_tran", STATE_OFF, within_s=1)


async def test_all_lights_can_be_turned_off(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Ceiling lights included, and no fan."""
    cloud.touch(PANEL, GANG, on=True)
    await shows(hass, SWITCH, STATE_ON, within_s=1)
    await hass.services.async_call("light", "turn_off", {ATTR_ENTITY_ID: "all"}, blocking=True)
    await asyncio.sleep(1)
    assert cloud.state("cong-tac-phong-khach", "1")["on"] is False
    assert cloud.state("den-hat-tran", "1")["on"] is False
    assert cloud.state(PANEL, GANG)["on"] is True


@pytest.mark.parametrize(
    ("controls", "device_class", "key"),
    [
        ("fan", "switch", "fan"),
        ("heater", "switch", "heater"),
        ("outlet", "outlet", "switch"),
        ("other", "switch", "switch"),
        ("sauna", "switch", "switch"),
        (None, "switch", "switch"),
    ],
)
async def test_other_gangs_are_switches_that_look_like_it(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, controls: str | None, device_class: str, key: str
) -> None:
    """The translation key finds the icon. What a newer server has added is a switch."""
    cloud._core.world.endpoint(PANEL, GANG).features["controls"] = controls
    cloud._core.publish_device(cloud._core.world.device(PANEL))
    await shows(hass, SWITCH, STATE_OFF, within_s=1, device_class=device_class)
    await hass.config_entries.async_reload(entry.entry_id)
    entity = er.async_get(hass).async_get(SWITCH)
    assert entity is not None
    assert entity.translation_key == key


@pytest.mark.parametrize("is_running", [True, False])
async def test_a_gang_that_turns_out_to_be_a_lamp_becomes_a_light(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, is_running: bool
) -> None:
    """Also while Home Assistant is off. It keeps its device and area, and leaves nothing behind; and back again."""
    entities, devices = er.async_get(hass), dr.async_get(hass)
    area = ar.async_get(hass).async_create("Bếp nướng").id
    device = device_of(hass, SWITCH)
    devices.async_update_child_device(device.id, area_id=area)
    for controls, old, new in (("light", SWITCH, LIGHT), ("fan", LIGHT, SWITCH)):
        if not is_running:
            assert await hass.config_entries.async_unload(entry.entry_id)
        cloud.set_controls(PANEL, GANG, controls)
        if not is_running:
            assert await hass.config_entries.async_setup(entry.entry_id)
        await shows(hass, new, STATE_OFF, within_s=1, friendly_name="Quạt hút")
        assert hass.states.get(old) is None
        assert entities.async_get(old) is None
        assert device_of(hass, new).id == device.id
        assert device_of(hass, new).area_id == area
    cloud.touch(PANEL, GANG, on=True)
    await shows(hass, SWITCH, STATE_ON, within_s=1)


async def test_show_as_works_until_the_server_knows_better(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Home Assistant's *Show as* makes a light of an unknown gang, and goes with the switch."""
    cloud.set_controls(PANEL, GANG, None)
    await asyncio.sleep(1)
    flow = await hass.config_entries.flow.async_init("switch_as_x", context={"source": SOURCE_USER})
    flow = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"entity_id": SWITCH, "target_domain": "light", "invert": False}
    )
    await hass.async_block_till_done()
    (helper,) = hass.config_entries.async_entries("switch_as_x")
    (shown,) = er.async_entries_for_config_entry(er.async_get(hass), helper.entry_id)
    await hass.services.async_call("light", "turn_on", {ATTR_ENTITY_ID: shown.entity_id}, blocking=True)
    assert cloud.state(PANEL, GANG)["on"] is True
    await shows(hass, shown.entity_id, STATE_ON, within_s=1)
    cloud.set_controls(PANEL, GANG, "light")
    await asyncio.sleep(1)
    await hass.async_block_till_done()
    assert hass.config_entries.async_entries("switch_as_x") == []
    lights = [entity_id for entity_id in hass.states.async_entity_ids("light") if "quat_hut" in entity_id]
    assert len(lights) == 1
    await shows(hass, lights[0], STATE_ON, within_s=1)
