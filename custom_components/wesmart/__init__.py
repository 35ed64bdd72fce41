"""WeSMART wall panels, lights and curtains in Home Assistant. Unofficial; see README.md."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from . import devices
from .connection import async_pop_session
from .const import DOMAIN, PLATFORMS
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .issues import async_setup_issues
from .memory import async_forget
from .services import async_setup_services

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, which explain themselves also while no account is set up."""
    async_setup_services(hass)
    async_setup_issues(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: WeSmartConfigEntry) -> bool:
    """Show the homes of an account."""
    coordinator = WeSmartCoordinator(hass, entry)
    # Before anything can fail: a token renewal that is under way has to be waited for.
    entry.async_on_unload(coordinator.async_close)
    await coordinator.async_start()
    entry.runtime_data = coordinator
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: WeSmartConfigEntry) -> bool:
    """Forget the homes of an account."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: WeSmartConfigEntry) -> None:
    """Sign out of the cloud, and forget what was remembered for the account."""
    await async_forget(hass, entry.entry_id)
    await async_pop_session(hass, entry).revoke()


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: WeSmartConfigEntry, device: dr.AnyDeviceEntry
) -> bool:
    """Let a user delete a device that the cloud does not have any more; any other would be back at the next start."""
    if entry.state is not ConfigEntryState.LOADED:
        return False  # nobody knows what the cloud has
    gone = devices.cloud_id(entry, device) not in entry.runtime_data.replica.devices
    return gone and not devices.is_account(entry, device)
