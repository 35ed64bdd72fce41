"""Switches."""

from homeassistant.components.switch import SwitchEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import Account, FloorEntity


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry[Account], async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the switches."""
    account = entry.runtime_data
    async_add_entities(
        FloorSwitch(account, key, device, endpoint)
        for key, (device, endpoint) in account.found.items()
        if endpoint["type"] == "switch"
    )


class FloorSwitch(FloorEntity, SwitchEntity):
    """A relay."""
