"""Diagnostics of an account and of a device, as the report tells them."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from . import report
from .coordinator import WeSmartConfigEntry


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: WeSmartConfigEntry) -> report.Report:
    """Return what helps to find a fault of an account's entities."""
    return report.of_account(entry) if _is_loaded(entry) else _not_loaded(entry)


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: WeSmartConfigEntry, device: dr.AnyDeviceEntry
) -> report.Report:
    """Return what helps to find a fault of a device's entities."""
    return report.of_device(entry, device) if _is_loaded(entry) else _not_loaded(entry)


def _is_loaded(entry: WeSmartConfigEntry) -> bool:
    return entry.state is ConfigEntryState.LOADED


def _not_loaded(entry: WeSmartConfigEntry) -> report.Report:
    # Why it is not is in the log, and on the entry itself.
    return {"state": entry.state.value}
