"""Scene buttons: each press once, in Home Assistant's own words, and none of the past."""

import asyncio

from homeassistant.components.event import DOMAIN as EVENT
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from syrupy.assertion import SnapshotAssertion

from tests.home import entities, shows
from tests.mock_cloud import MockCloud

BUTTON = "event.phong_ngu_chinh_nut_dau_giuong_ve_nha"
DEVICE = "nut-dau-giuong"


async def test_every_button_of_the_homes(hass: HomeAssistant, entry: ConfigEntry, snapshot: SnapshotAssertion) -> None:
    """With the presses it can tell apart."""
    assert entities(hass, entry, EVENT) == snapshot


@pytest.mark.parametrize(
    ("press", "attributes"),
    [
        ("single", {"event_type": "press_end", "multi_press_count": None}),
        ("double", {"event_type": "multi_press_end", "multi_press_count": 2}),
        ("long", {"event_type": "long_press_end", "multi_press_count": None}),
    ],
)
async def test_a_press_is_an_event_once(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, press: str, attributes: dict[str, object]
) -> None:
    """Also where the cloud says it twice."""
    fired: list[dict[str, object]] = []

    @callback
    def fire(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        assert state is not None
        fired.append({name: state.attributes.get(name) for name in attributes})

    await asyncio.sleep(1)
    stop = async_track_state_change_event(hass, BUTTON, fire)
    cloud.double_next()
    cloud.press(DEVICE, "1", press)
    await asyncio.sleep(2)
    stop()
    assert fired == [attributes]


async def test_a_press_while_push_was_down_for_long_starts_nothing(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """It is told when the stream is back, and is history by then."""
    await asyncio.sleep(1)
    cloud.rate_limit(60, path="/v1/events")
    cloud.cut()
    await asyncio.sleep(5)
    cloud.press(DEVICE, "1", "single")
    await asyncio.sleep(200)
    await shows(hass, BUTTON, "unknown")


async def test_a_button_of_an_offline_panel_is_unavailable(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """As everything of it is."""
    cloud.set_online(DEVICE, False)
    await shows(hass, BUTTON, STATE_UNAVAILABLE, within_s=2)
