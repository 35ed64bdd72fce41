"""WeSMART wall panels, lights and curtains in Home Assistant. Unofficial; see README.md."""

from contextlib import suppress

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN, PLATFORMS
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .homes import async_setup_homes
from .identifiers import cloud_id, is_account
from .registry import async_setup_accounts
from .repairs import async_setup_repairs
from .services import async_setup_services
from .session import async_pop_session

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, and what concerns all accounts together."""
    async_setup_services(hass)
    async_setup_accounts(hass)
    async_setup_homes(hass)
    async_setup_repairs(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: WeSmartConfigEntry) -> bool:
    """Set up an account."""
    coordinator = entry.runtime_data = WeSmartCoordinator(hass, entry)
    await coordinator.async_config_entry_first_refresh()
    await coordinator.async_start()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: WeSmartConfigEntry) -> bool:
    """Unload an account."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: WeSmartConfigEntry) -> None:
    """Log out."""
    with suppress(ConfigEntryError):  # what cannot be read holds no session
        await async_pop_session(hass, entry).revoke()


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: WeSmartConfigEntry, device: dr.AnyDeviceEntry
) -> bool:
    """Let a user delete a device that the server does not have; any other would come back at the next start."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    return not is_account(entry, device) and cloud_id(entry, device) not in entry.runtime_data.state.devices
