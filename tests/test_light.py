"""Lights: brightness, whites, colors, effects and transitions."""

import json

from homeassistant.components.light import DOMAIN as LIGHT
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_ENTITY_ID, SERVICE_TURN_OFF, SERVICE_TURN_ON, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from hypothesis import given, strategies as st
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.wesmart.cloud.models import ColorTemperatureRange, LightFeatures
from custom_components.wesmart.light import _brightness_from_percent, _kelvin_range, _percent_from_brightness
from tests.home import entities, shows
from tests.mock_cloud import MockCloud
from tests.mock_cloud.wire import JsonObject

# A strip with white, color, effects and transition; a lamp with color and effects but no whites.
STRIP = "light.phong_khach_den_hat_tran"
STRIP_ID = "den-hat-tran"
NIGHT = "light.phong_ngu_cua_be_den_ngu_cua_be"
NIGHT_ID = "den-ngu-cua-be"

LAMP: JsonObject = {"id": "den-la", "name": "Đèn lạ", "model": "Lamp", "firmware": "1.0", "serial": "L-1"}


async def turn_on(hass: HomeAssistant, entity_id: str, **data: object) -> None:
    """Call the action as a user would."""
    await hass.services.async_call(LIGHT, SERVICE_TURN_ON, {ATTR_ENTITY_ID: entity_id, **data}, blocking=True)


def add_lamp(cloud: MockCloud, features: JsonObject, state: JsonObject) -> None:
    """Add a lamp, dimmable if nothing else is said."""
    plain: JsonObject = {"brightness": True, "color": False, "effects": [], "transition": False}
    endpoint: JsonObject = {"id": "1", "type": "light", "features": {**plain, **features}, "state": state}
    cloud.add_device("nha-ha-noi", {**LAMP, "endpoints": [endpoint]})


def last_set(cloud: MockCloud) -> object:
    """Return the fields of the last command the cloud got."""
    (command,) = json.loads(cloud.requests[-1].body)["commands"]
    return command["set"]


async def test_every_light_of_the_homes(hass: HomeAssistant, entry: ConfigEntry, snapshot: SnapshotAssertion) -> None:
    """From one that is only on or off to one with everything."""
    assert entities(hass, entry, LIGHT) == snapshot


@pytest.mark.parametrize(
    ("data", "sent", "shown"),
    [
        ({}, {"on": True}, {"color_mode": "hs"}),
        ({"brightness": 255}, {"on": True, "brightness": 100}, {"brightness": 255}),
        ({"brightness": 1}, {"on": True, "brightness": 1}, {"brightness": 3}),
        (
            {"color_temp_kelvin": 4000},
            {"on": True, "color_temp_kelvin": 4000},
            {"color_mode": "color_temp", "color_temp_kelvin": 4000, "effect": "off"},
        ),
        (
            {"hs_color": (210, 80), "brightness_pct": 50},
            {"on": True, "brightness": 50.2, "hue": 210, "saturation": 80},
            {"color_mode": "hs", "hs_color": (210, 80), "brightness": 128},
        ),
        ({"effect": "Lễ hội"}, {"on": True, "effect": "Lễ hội"}, {"effect": "Lễ hội"}),
        ({"effect": "off"}, {"on": True, "effect": None}, {"effect": "off"}),
        ({"effect": "Nến", "hs_color": (1, 2)}, {"on": True, "effect": "Nến"}, {"effect": "Nến"}),
        ({"color_temp_kelvin": 9000}, {"on": True, "color_temp_kelvin": 6500}, {"color_temp_kelvin": 6500}),
        ({"effect": "off", "color_temp_kelvin": 3000}, {"on": True, "color_temp_kelvin": 3000}, {"effect": "off"}),
    ],
)
async def test_all_that_one_call_asks_for_travels_in_one_command(
    hass: HomeAssistant,
    cloud: MockCloud,
    entry: ConfigEntry,
    data: dict[str, object],
    sent: dict[str, object],
    shown: dict[str, object],
) -> None:
    """Never on first and brightness after; and of mode, one at a time."""
    await turn_on(hass, STRIP, **data)
    assert last_set(cloud) == sent
    await shows(hass, STRIP, STATE_ON, within_s=30, **shown)


async def test_a_transition_fades(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """The cloud gets milliseconds, and what it fades to is shown at once."""
    await turn_on(hass, STRIP, brightness=3)
    await turn_on(hass, STRIP, brightness=255, transition=4)
    assert last_set(cloud) == {"on": True, "brightness": 100, "transition_ms": 4000}
    await shows(hass, STRIP, STATE_ON, within_s=0.1, brightness=255)


async def test_switching_off_keeps_the_rest(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """And may fade, too."""
    data = {ATTR_ENTITY_ID: STRIP, "transition": 2}
    await hass.services.async_call(LIGHT, SERVICE_TURN_OFF, data, blocking=True)
    assert last_set(cloud) == {"on": False, "transition_ms": 2000}
    await shows(hass, STRIP, STATE_OFF)
    await turn_on(hass, STRIP)
    await shows(hass, STRIP, STATE_ON, hs_color=(28, 70))


async def test_a_light_that_cannot_fade_is_not_asked_to(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Home Assistant leaves out what the entity does not claim."""
    await turn_on(hass, NIGHT, transition=4)
    assert last_set(cloud) == {"on": True}


async def test_an_effect_from_the_cloud_is_shown_until_it_is_left(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The mode says whether it runs."""
    await shows(hass, NIGHT, STATE_ON, effect="Đom đóm")
    cloud.touch(NIGHT_ID, "1", hue=120, saturation=100)
    await shows(hass, NIGHT, STATE_ON, effect="off", hs_color=(120, 100))


async def test_a_light_of_two_modes_that_names_none_admits_it(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Rather than guess a color."""
    cloud.touch(STRIP_ID, "1", mode=None)
    await shows(hass, STRIP, STATE_ON, color_mode="unknown")


@given(st.integers(min_value=1, max_value=255))
def test_a_brightness_that_was_set_is_shown(brightness: int) -> None:
    """Below one percent, as one percent: the contract knows no less."""
    assert _brightness_from_percent(_percent_from_brightness(brightness)) == max(brightness, 3)


@given(st.floats(min_value=1, max_value=100))
def test_every_brightness_of_the_cloud_can_be_shown(percent: float) -> None:
    """And is off by less than half a percent."""
    brightness = _brightness_from_percent(percent)
    assert 1 <= brightness <= 255
    assert abs(_percent_from_brightness(brightness) - percent) < 0.5


def test_each_of_the_smallest_steps_moves_the_lamp() -> None:
    """Whole percents would swallow every second or third."""
    assert len({_percent_from_brightness(brightness) for brightness in range(3, 14)}) == 11


@pytest.mark.parametrize(
    ("features", "state", "shown"),
    [
        ({"color": True}, {}, {"color_mode": "unknown", "brightness": None}),
        ({"color": True}, {"mode": "color", "hue": 20}, {"color_mode": "unknown", "hs_color": None}),
        ({"color_temp": {"min_kelvin": 2700, "max_kelvin": 6500}}, {"mode": "white"}, {"color_mode": "unknown"}),
        ({}, {"brightness": None}, {"color_mode": "unknown", "brightness": None}),
        # An effect may be running in a light whose color nobody knows, or that has none.
        (
            {"color": True, "effects": ["Nến"]},
            {"mode": "effect", "effect": "Nến"},
            {"color_mode": "brightness", "brightness": 128, "effect": "Nến"},
        ),
        (
            {"color_temp": {"min_kelvin": 2700, "max_kelvin": 6500}, "effects": ["Nến"]},
            {"mode": "effect", "effect": "Nến", "color_temp_kelvin": 3000},
            {"color_mode": "color_temp", "color_temp_kelvin": 3000, "effect": "Nến"},
        ),
        ({"color": True, "effects": ["Nến"]}, {"mode": "effect", "effect": None}, {"color_mode": "unknown"}),
    ],
)
async def test_no_mode_is_claimed_whose_value_nobody_knows(
    hass: HomeAssistant,
    cloud: MockCloud,
    entry: ConfigEntry,
    features: JsonObject,
    state: JsonObject,
    shown: dict[str, object],
) -> None:
    """Home Assistant would show a color that is none, or no state at all."""
    add_lamp(cloud, features, {"on": True, "brightness": 50, **state})
    await shows(hass, "light.den_la", STATE_ON, within_s=2, **shown)


@pytest.mark.parametrize(
    ("lowest", "highest", "shown"),
    [(2700, 6500, (2700, 6500)), (2700.4, 6500.8, (2701, 6500)), (6500, 2700, None), (4000.2, 4001.8, None)],
)
def test_a_range_of_white_is_of_whole_kelvins_that_lie_within_it(
    lowest: float, highest: float, shown: tuple[int, int] | None
) -> None:
    """Home Assistant knows no fractions. A range that is none is no range of white."""
    color_temp = ColorTemperatureRange(min_kelvin=lowest, max_kelvin=highest)
    assert _kelvin_range(LightFeatures(color_temp=color_temp)) == shown


async def test_an_effect_called_off_can_be_started(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Home Assistant calls none so; each is listed once."""
    add_lamp(cloud, {"color": True, "effects": ["off", "Nến", "off"]}, {"on": True, "brightness": 50})
    await shows(hass, "light.den_la", STATE_ON, within_s=2, effect_list=["off", "off (effect)", "Nến"])
    await turn_on(hass, "light.den_la", effect="off (effect)")
    assert last_set(cloud) == {"on": True, "effect": "off"}
    await shows(hass, "light.den_la", STATE_ON, within_s=2, effect="off (effect)")


async def test_a_transition_is_at_most_as_long_as_the_contract_allows(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Home Assistant allows nearly two hours."""
    await turn_on(hass, STRIP, brightness=255, transition=6553)
    assert last_set(cloud) == {"on": True, "brightness": 100, "transition_ms": 3_600_000}


async def test_a_colored_light_without_brightness_is_not_sent_any(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Home Assistant offers a brightness for every color."""
    add_lamp(cloud, {"brightness": False, "color": True}, {"on": False})
    await shows(hass, "light.den_la", STATE_OFF, within_s=2)
    await turn_on(hass, "light.den_la", hs_color=(120, 100), brightness=128)
    assert last_set(cloud) == {"on": True, "hue": 120, "saturation": 100}


async def test_a_light_that_learns_to_shine_white_says_so(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """As a new firmware may bring it, without a reload."""
    lamp = {name: value for name, value in cloud.device(NIGHT_ID).items() if name != "home_id"}
    features: JsonObject = {
        "brightness": True,
        "color": True,
        "color_temp": {"min_kelvin": 2200, "max_kelvin": 5000},
        "effects": [],
        "transition": True,
    }
    endpoint: JsonObject = {"id": "1", "type": "light", "features": features, "state": {"on": True, "brightness": 10}}
    # Without a word in between: the cloud reports the device as it is now.
    cloud.mute(True)
    cloud.remove_device(NIGHT_ID)
    cloud.add_device("nha-ha-noi", {**lamp, "endpoints": [endpoint]})
    cloud.cut()
    cloud.forget_history()
    cloud.mute(False)
    await shows(
        hass,
        NIGHT,
        STATE_ON,
        within_s=60,
        supported_color_modes=["color_temp", "hs"],
        min_color_temp_kelvin=2200,
        effect_list=None,
        supported_features=32,
    )
