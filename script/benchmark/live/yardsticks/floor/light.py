"""Lights."""

from typing import Any, override

from homeassistant.components.light import ATTR_BRIGHTNESS, ColorMode, LightEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import Account, FloorEntity


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry[Account], async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the lights."""
    account = entry.runtime_data
    async_add_entities(
        FloorLight(account, key, device, endpoint)
        for key, (device, endpoint) in account.found.items()
        if endpoint["type"] == "light"
    )


class FloorLight(FloorEntity, LightEntity):
    """A dimmable light."""

    _attr_color_mode: ColorMode | None = ColorMode.BRIGHTNESS
    _attr_supported_color_modes: set[ColorMode] | None = {ColorMode.BRIGHTNESS}  # noqa: RUF012  # as the documentation

    @property
    @override
    def brightness(self) -> int:
        """The brightness, 1-255."""
        percent: float = self.endpoint_state["brightness"]
        return round(percent * 2.55)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch on."""
        fields: dict[str, Any] = {"on": True}
        if ATTR_BRIGHTNESS in kwargs:
            fields["brightness"] = round(kwargs[ATTR_BRIGHTNESS] / 2.55)
        await self._set(fields)
