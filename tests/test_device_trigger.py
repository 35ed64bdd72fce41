"""Triggers of buttons: the automation editor offers the presses of a panel, and an automation runs at each press."""

import asyncio

from homeassistant.components.device_automation import DeviceAutomationType, async_get_device_automations
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.wesmart.const import DOMAIN
from tests.home import device_of, shows
from tests.mock_cloud import MockCloud

PANEL = "nut-dau-giuong"
COMING_HOME, READING = "event.phong_ngu_chinh_ve_nha", "event.phong_ngu_chinh_doc_sach"


@pytest.fixture
def runs(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the runs of the automation."""
    calls: list[ServiceCall] = async_mock_service(hass, "test", "run")
    return calls


async def offered(hass: HomeAssistant, device_id: str) -> list[dict[str, str]]:
    """Return our triggers that the editor offers for a device."""
    found = await async_get_device_automations(hass, DeviceAutomationType.TRIGGER, [device_id])
    return [trigger for trigger in found.get(device_id, []) if trigger["domain"] == DOMAIN]


async def automate(hass: HomeAssistant, trigger: dict[str, str]) -> None:
    """Save an automation with a trigger."""
    automation = {
        "alias": "Test",
        "triggers": [{key: value for key, value in trigger.items() if key != "metadata"}],
        "actions": [{"action": "test.run", "data": {"what": "{{ trigger.description }}"}}],
    }
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await hass.async_block_till_done()


async def test_a_panel_offers_the_presses_of_all_its_buttons(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """And each button its own: those that it reports."""
    button = device_of(hass, READING)
    assert isinstance(button, dr.ChildDeviceEntry)
    entity = er.async_get(hass).async_get(READING)
    assert entity is not None
    presses = [(trigger["entity_id"], trigger["type"]) for trigger in await offered(hass, button.id)]
    assert presses == [(entity.id, "press_end"), (entity.id, "long_press_end")]
    of_panel = await offered(hass, button.parent_device_id)
    assert len(of_panel) == 3 + 3 + 2 + 1
    assert {(trigger["entity_id"], trigger["type"]) for trigger in of_panel} >= {*presses}
    assert await offered(hass, device_of(hass, "light.bep_den_tran").id) == []
    assert await offered(hass, device_of(hass, "event.wesmart_feedback").id) == []


@pytest.mark.parametrize(
    ("press", "type_", "is_run"),
    [
        ("single", "press_end", True),
        ("double", "multi_press_end", True),
        ("long", "long_press_end", True),
        ("double", "press_end", False),
        ("single", "long_press_end", False),
    ],
)
async def test_a_press_runs_the_automation_of_its_kind(
    hass: HomeAssistant,
    cloud: MockCloud,
    entry: ConfigEntry,
    runs: list[ServiceCall],
    press: str,
    type_: str,
    is_run: bool,
) -> None:
    """Once, at each press; of this button only."""
    triggers = await offered(hass, device_of(hass, COMING_HOME).id)
    await automate(hass, next(trigger for trigger in triggers if trigger["type"] == type_))
    await asyncio.sleep(30)
    for _ in range(2):
        cloud.press(PANEL, "1", press)
        cloud.press(PANEL, "2", press)
        await asyncio.sleep(2)
    assert [call.data["what"] for call in runs] == ([f"Về nhà: {type_}"] * 2 if is_run else [])


async def test_nothing_but_a_press_runs_it(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, runs: list[ServiceCall]
) -> None:
    """Not a panel that is back, not a reload, not a button that is renamed."""
    await asyncio.sleep(30)
    cloud.press(PANEL, "1", "single")
    await asyncio.sleep(2)
    triggers = await offered(hass, device_of(hass, COMING_HOME).id)
    await automate(hass, triggers[0])
    cloud.set_online(PANEL, False)
    await shows(hass, COMING_HOME, "unavailable", within_s=2)
    cloud.set_online(PANEL, True)
    await asyncio.sleep(2)
    cloud.rename_endpoint(PANEL, "1", "Về tới nhà")
    await asyncio.sleep(2)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await asyncio.sleep(30)
    assert runs == []
    cloud.press(PANEL, "1", "single")
    await asyncio.sleep(2)
    assert len(runs) == 1


async def test_a_button_that_is_gone_breaks_nothing(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, runs: list[ServiceCall]
) -> None:
    """The automation stays, and waits."""
    triggers = await offered(hass, device_of(hass, COMING_HOME).id)
    cloud.remove_device(PANEL)
    await asyncio.sleep(2)
    await automate(hass, triggers[0])
    assert runs == []


async def test_an_automation_whose_button_was_removed_can_be_turned_on(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, runs: list[ServiceCall]
) -> None:
    """It waits for nothing then."""
    await automate(hass, (await offered(hass, device_of(hass, COMING_HOME).id))[0])
    cloud.remove_device(PANEL)
    await asyncio.sleep(2)
    for action in ("turn_off", "turn_on", "turn_off"):
        await hass.services.async_call("automation", action, {"entity_id": "automation.test"}, blocking=True)
    assert runs == []
