"""Lights."""

from functools import lru_cache
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
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util.color import brightness_to_value, value_to_brightness

from .cloud import Command
from .cloud.commands import FieldValue
from .cloud.models import LightEndpoint, LightFeatures, LightMode
from .coordinator import WeSmartConfigEntry
from .entity import WeSmartEntity, async_setup_endpoints

# Commands that are given at once leave as one request: to let them in one by one would undo that.
PARALLEL_UPDATES = 0

# The contract's brightness; Home Assistant's is 1-255.
_BRIGHTNESS = (1, 100)


async def async_setup_entry(
    hass: HomeAssistant, entry: WeSmartConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's lights."""
    async_setup_endpoints(entry, async_add_entities, LightEndpoint, WeSmartLight)


class WeSmartLight(WeSmartEntity[LightEndpoint], LightEntity):
    """A light, from one that is only on or off to one with colours and effects."""

    @callback
    @override
    def _describe(self) -> None:
        """Take over what the light can do."""
        super()._describe()
        features = self.endpoint.features
        modes = self._attr_supported_color_modes = _color_modes(features)
        self._only_mode = next(iter(modes)) if len(modes) == 1 else None
        if features.color_temp:
            self._attr_min_color_temp_kelvin = round(features.color_temp.min_kelvin)
            self._attr_max_color_temp_kelvin = round(features.color_temp.max_kelvin)
        self._attr_supported_features = LightEntityFeature(0)
        self._attr_effect_list = [EFFECT_OFF, *features.effects] if features.effects else None
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
        return None if brightness is None else _to_home_assistant(brightness)

    @property
    @override
    def color_mode(self) -> ColorMode:
        """What the light is shining with; of an effect, the best it can."""
        if self._only_mode is not None:
            return self._only_mode
        match self.endpoint.state.mode:
            case LightMode.WHITE:
                return ColorMode.COLOR_TEMP
            case LightMode.COLOR | LightMode.EFFECT:
                return ColorMode.HS
        return ColorMode.UNKNOWN

    @property
    @override
    def color_temp_kelvin(self) -> int | None:
        """The colour temperature in kelvin."""
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
        return state.effect if state.mode is LightMode.EFFECT else EFFECT_OFF

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch on, with everything that was asked for in one command."""
        fields: dict[str, FieldValue] = {"on": True}
        # Home Assistant takes every coloured light for a dimmable one.
        if ATTR_BRIGHTNESS in kwargs and self.endpoint.features.brightness:
            fields["brightness"] = max(1, round(brightness_to_value(_BRIGHTNESS, kwargs[ATTR_BRIGHTNESS])))
        effect = kwargs.get(ATTR_EFFECT)
        # One of these at a time (contract, "Model"). A scene of Home Assistant names the effect and the colour that was
        # seen with it: the effect is what the user saw.
        if effect is not None and effect != EFFECT_OFF:
            fields["effect"] = effect
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
        """Switch off."""
        await self._async_set({"on": False}, kwargs)

    async def _async_set(self, fields: dict[str, FieldValue], kwargs: dict[str, Any]) -> None:
        if ATTR_TRANSITION in kwargs:
            fields["transition_ms"] = round(kwargs[ATTR_TRANSITION] * 1000)
        await self._async_execute(Command.set(self.endpoint.key, **fields))


@lru_cache(maxsize=128)
def _to_home_assistant(brightness: float) -> int:
    return value_to_brightness(_BRIGHTNESS, brightness)


def _color_modes(features: LightFeatures) -> set[ColorMode]:
    modes = set()
    if features.color:
        modes.add(ColorMode.HS)
    if features.color_temp:
        modes.add(ColorMode.COLOR_TEMP)
    return modes or {ColorMode.BRIGHTNESS if features.brightness else ColorMode.ONOFF}
