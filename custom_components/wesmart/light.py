"""Lights: dimmable and colored ones, and lamps that the gang of a wall panel switches."""

from collections.abc import Iterator
from functools import lru_cache
import math
from typing import Any, override

from homeassistant.components.light import (
    ATTR_BRIGHTNESS,
    ATTR_COLOR_TEMP_KELVIN,
    ATTR_EFFECT,
    ATTR_HS_COLOR,
    ATTR_TRANSITION,
    EFFECT_OFF,
    ColorMode,
    LightEntity,
    LightEntityFeature,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cloud.commands import Command, FieldValue
from .cloud.models import Controls, LightEndpoint, LightFeatures, LightMode, SwitchEndpoint
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .entity import WeSmartEndpointEntity, WeSmartRelay, async_setup_entities

# The command queue merges calls made at once into one request, so they must not be serialized.
PARALLEL_UPDATES = 0

_COLOR_MODES: dict[LightMode | None, ColorMode] = {
    LightMode.WHITE: ColorMode.COLOR_TEMP,
    LightMode.COLOR: ColorMode.HS,
    LightMode.EFFECT: ColorMode.HS,
}
# The contract's longest transition.
_MAX_TRANSITION_S = 3600
# The label of an effect that is called like Home Assistant's "off".
_OFF_LABEL = f"{EFFECT_OFF} (effect)"


async def async_setup_entry(
    hass: HomeAssistant, entry: WeSmartConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's lights."""
    await async_setup_entities(hass, entry, async_add_entities, Platform.LIGHT, _create)


def _create(coordinator: WeSmartCoordinator, device_id: str) -> Iterator[WeSmartLight | WeSmartLamp]:
    for key, endpoint in coordinator.state.endpoints_of(device_id):
        if isinstance(endpoint, LightEndpoint):
            yield WeSmartLight(coordinator, key, endpoint)
        elif isinstance(endpoint, SwitchEndpoint) and endpoint.features.controls is Controls.LIGHT:
            yield WeSmartLamp(coordinator, key, endpoint)


class WeSmartLight(WeSmartEndpointEntity[LightEndpoint], LightEntity):
    """A light, from one that is only on or off to one with colors and effects."""

    _attr_translation_key = "light"

    @callback
    @override
    def _describe(self) -> None:
        """Set the color modes, the effects and the supported features."""
        super()._describe()
        features = self.endpoint.features
        modes: set[ColorMode] = set()
        if features.color:
            modes.add(ColorMode.HS)
        if kelvin_range := _kelvin_range(features):
            modes.add(ColorMode.COLOR_TEMP)
            self._attr_min_color_temp_kelvin, self._attr_max_color_temp_kelvin = kelvin_range
        if not modes:
            modes.add(ColorMode.BRIGHTNESS if features.brightness else ColorMode.ONOFF)
        self._attr_supported_color_modes = modes
        self._only_mode = next(iter(modes)) if len(modes) == 1 else None
        labels = dict.fromkeys(map(_effect_label, features.effects))
        self._attr_effect_list = [EFFECT_OFF, *labels] if labels else None
        self._attr_supported_features = LightEntityFeature(0)
        if features.effects:
            self._attr_supported_features |= LightEntityFeature.EFFECT
        if features.transition:
            self._attr_supported_features |= LightEntityFeature.TRANSITION

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether the light is on."""
        return self.endpoint.state.on

    @property
    @override
    def brightness(self) -> int | None:
        """The brightness, 1-255."""
        brightness = self.endpoint.state.brightness
        return None if brightness is None else _brightness_from_percent(brightness)

    @property
    @override
    def color_mode(self) -> ColorMode:
        """The color mode. Unknown if the value of the mode is unknown."""
        state = self.endpoint.state
        mode = self._only_mode or _COLOR_MODES.get(state.mode, ColorMode.UNKNOWN)
        match mode:
            case ColorMode.BRIGHTNESS:
                is_known = state.brightness is not None
            case ColorMode.COLOR_TEMP:
                is_known = state.color_temp_kelvin is not None
            case ColorMode.HS:
                is_known = self.hs_color is not None
            case _:
                is_known = True
        if is_known:
            return mode
        # Home Assistant lets a light claim this one while an effect is running.
        is_dimmed = state.brightness is not None and state.mode is LightMode.EFFECT and state.effect
        return ColorMode.BRIGHTNESS if is_dimmed else ColorMode.UNKNOWN

    @property
    @override
    def color_temp_kelvin(self) -> int | None:
        """The color temperature in kelvin."""
        kelvin = self.endpoint.state.color_temp_kelvin
        return None if kelvin is None else round(kelvin)

    @property
    @override
    def hs_color(self) -> tuple[float, float] | None:
        """The hue (0-360) and saturation (0-100)."""
        hue, saturation = self.endpoint.state.hue, self.endpoint.state.saturation
        return None if hue is None or saturation is None else (hue, saturation)

    @property
    @override
    def effect(self) -> str | None:
        """The effect that is running."""
        state = self.endpoint.state
        if state.mode is not LightMode.EFFECT:
            return EFFECT_OFF
        return state.effect and _effect_label(state.effect)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Turn the light on, with everything else in the same command."""
        fields: dict[str, FieldValue] = {"on": True}
        # Home Assistant offers brightness for every light with colors.
        if ATTR_BRIGHTNESS in kwargs and self.endpoint.features.brightness:
            fields["brightness"] = _percent_from_brightness(kwargs[ATTR_BRIGHTNESS])
        effect = kwargs.get(ATTR_EFFECT)
        # One of these at a time (C-52). A scene of Home Assistant has the effect and the color that was
        # seen with it: the effect is what the user saw.
        if effect is not None and effect != EFFECT_OFF:
            fields["effect"] = EFFECT_OFF if effect == _OFF_LABEL else effect
        elif ATTR_COLOR_TEMP_KELVIN in kwargs:
            kelvin = kwargs[ATTR_COLOR_TEMP_KELVIN]
            fields["color_temp_kelvin"] = min(max(kelvin, self.min_color_temp_kelvin), self.max_color_temp_kelvin)
        elif ATTR_HS_COLOR in kwargs:
            fields["hue"], fields["saturation"] = kwargs[ATTR_HS_COLOR]
        elif effect == EFFECT_OFF:
            fields["effect"] = None
        await self._async_set(fields, kwargs)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Turn the light off."""
        await self._async_set({"on": False}, kwargs)

    async def _async_set(self, fields: dict[str, FieldValue], kwargs: dict[str, Any]) -> None:
        if ATTR_TRANSITION in kwargs:
            fields["transition_ms"] = round(min(kwargs[ATTR_TRANSITION], _MAX_TRANSITION_S) * 1000)
        await self._async_execute(Command.set(self.key, **fields))


class WeSmartLamp(WeSmartRelay, LightEntity):
    """A relay that switches a lamp."""

    _attr_translation_key = "light"
    _attr_color_mode = ColorMode.ONOFF
    _attr_supported_color_modes = {ColorMode.ONOFF}  # noqa: RUF012  # as in core


@lru_cache(maxsize=256)
def _brightness_from_percent(percent: float) -> int:
    return max(1, round(percent * 255 / 100))


def _percent_from_brightness(brightness: int) -> float:
    # In fractions: each of Home Assistant's steps must move the lamp.
    return max(1, round(brightness * 100 / 255, 2))


def _effect_label(effect: str) -> str:
    return _OFF_LABEL if effect == EFFECT_OFF else effect


def _kelvin_range(features: LightFeatures) -> tuple[int, int] | None:
    """Return the whole kelvins a light can show; None if there are not at least two."""
    if features.color_temp is None:
        return None
    lowest, highest = math.ceil(features.color_temp.min_kelvin), math.floor(features.color_temp.max_kelvin)
    return (lowest, highest) if lowest < highest else None
