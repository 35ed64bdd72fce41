"""Updates of the devices' firmware."""

import asyncio

from homeassistant.components.update import DOMAIN as UPDATE, SERVICE_INSTALL
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_ENTITY_ID, STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
from syrupy.assertion import SnapshotAssertion

from tests.home import device_of, entities, shows
from tests.mock_cloud import MockCloud

PANEL, FIRMWARE = "cong-tac-phong-khach", "update.phong_khach_cong_tac_phong_khach_firmware"
KITCHEN, KITCHEN_FIRMWARE = "cong-tac-bep", "update.bep_cong_tac_bep_firmware"


async def install(hass: HomeAssistant, entity_id: str) -> None:
    """Press "Install"."""
    await hass.services.async_call(UPDATE, SERVICE_INSTALL, {ATTR_ENTITY_ID: entity_id}, blocking=True)


async def test_every_update_of_the_homes(hass: HomeAssistant, entry: ConfigEntry, snapshot: SnapshotAssertion) -> None:
    """Of the devices that can be updated."""
    assert entities(hass, entry, UPDATE) == snapshot


async def test_an_update_shows_its_progress_and_the_new_version(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The device shows the version, too."""
    await install(hass, FIRMWARE)
    await shows(hass, FIRMWARE, STATE_ON, within_s=1, in_progress=True, update_percentage=0)
    await shows(hass, FIRMWARE, STATE_ON, within_s=20, in_progress=True, update_percentage=50)
    await shows(hass, FIRMWARE, STATE_OFF, within_s=20, installed_version="2.5.0", in_progress=False)
    device = device_of(hass, FIRMWARE)
    assert isinstance(device, dr.DeviceEntry)
    assert device.sw_version == "2.5.0"
    assert [request.path for request in cloud.requests].count("/v1/commands") == 1


async def test_an_update_that_fails_can_be_tried_again(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """It is available as before."""
    await install(hass, FIRMWARE)
    await asyncio.sleep(10)
    cloud.fail_update(PANEL)
    await shows(hass, FIRMWARE, STATE_ON, within_s=1, in_progress=False, update_percentage=None)
    await install(hass, FIRMWARE)
    await shows(hass, FIRMWARE, STATE_OFF, within_s=40, installed_version="2.5.0")


async def test_an_update_appears_when_it_is_offered(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Also for a device that could not be updated before."""
    await shows(hass, KITCHEN_FIRMWARE, STATE_OFF, installed_version="2.4.1", latest_version="2.4.1")
    # Versions are never compared: an older one may be what the vendor wants.
    cloud.offer_update(KITCHEN, "2.4.0")
    await shows(hass, KITCHEN_FIRMWARE, STATE_ON, within_s=1, latest_version="2.4.0")
    cloud.offer_update("den-tu-bep", "1.3.0")
    await shows(hass, "update.bep_den_tu_bep_firmware", STATE_ON, within_s=1)
    cloud.update_device("den-tu-bep", updatable=False)
    await asyncio.sleep(1)
    assert er.async_get(hass).async_get("update.bep_den_tu_bep_firmware") is None


async def test_an_offline_device_cannot_be_updated(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """It says so."""
    cloud.set_online(PANEL, False)
    await shows(hass, FIRMWARE, STATE_UNAVAILABLE, within_s=1)


@pytest.mark.parametrize(
    ("notes", "shown"),
    [
        ("Sửa lỗi mất kết nối", "Sửa lỗi mất kết nối"),
        ("[Tải về](https://evil.example)\n<script>", "\\[Tải về\\]\\(https\\://evil\\.example\\)\n\n\\<script\\>"),
        ("\n".join(["Phản hồi chạm nhanh hơn"] * 12), "\n\n".join(["Phản hồi chạm nhanh hơn"] * 12)),
        (None, None),
    ],
)
async def test_release_notes_are_text(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    cloud: MockCloud,
    entry: ConfigEntry,
    notes: str | None,
    shown: str | None,
) -> None:
    """Home Assistant shows them as Markdown."""
    assert await async_setup_component(hass, "websocket_api", {})
    cloud.offer_update(PANEL, "2.6.0", notes)
    await shows(hass, FIRMWARE, STATE_ON, within_s=1, latest_version="2.6.0")
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "update/release_notes", "entity_id": FIRMWARE})
    answer = await client.receive_json()
    await client.close()
    assert (answer["success"], answer["result"]) == (True, shown)
