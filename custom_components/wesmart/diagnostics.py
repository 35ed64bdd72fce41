"""Diagnostics of an account and of a device, as the report tells them."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from . import report
from .coordinator import WeSmartConfigEntry


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: WeSmartConfigEntry) -> report.Report:
    """Return what helps to find a fault of an account's entities."""
    return report.of_account(entry)


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: WeSmartConfigEntry, device: dr.AnyDeviceEntry
) -> report.Report:
    """Return what helps to find a fault of a device's entities."""
    return report.of_device(entry, device)
