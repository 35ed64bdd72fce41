"""Switches."""

from homeassistant.components.switch import SwitchEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import TextbookCoordinator
from .entity import TextbookEntity


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry[TextbookCoordinator], async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switches."""
    coordinator = entry.runtime_data
    async_add_entities(
        TextbookSwitch(coordinator, key)
        for key, (_, endpoint) in coordinator.data.items()
        if endpoint["type"] == "switch"
    )


class TextbookSwitch(TextbookEntity, SwitchEntity):
    """A relay."""
