"""Lights."""

from typing import Any, override

from homeassistant.components.light import ATTR_BRIGHTNESS, ColorMode, LightEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import TextbookCoordinator
from .entity import TextbookEntity


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry[TextbookCoordinator], async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the lights."""
    coordinator = entry.runtime_data
    async_add_entities(
        TextbookLight(coordinator, key)
        for key, (_, endpoint) in coordinator.data.items()
        if endpoint["type"] == "light"
    )


class TextbookLight(TextbookEntity, LightEntity):
    """A dimmable light."""

    _attr_color_mode: ColorMode | None = ColorMode.BRIGHTNESS
    _attr_supported_color_modes: set[ColorMode] | None = {ColorMode.BRIGHTNESS}  # noqa: RUF012  # as the documentation

    @override
    def _show(self) -> None:
        super()._show()
        self._attr_brightness = round(self.endpoint_state["brightness"] * 2.55)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch on."""
        fields: dict[str, Any] = {"on": True}
        if ATTR_BRIGHTNESS in kwargs:
            fields["brightness"] = round(kwargs[ATTR_BRIGHTNESS] / 2.55)
        await self._set(fields)
