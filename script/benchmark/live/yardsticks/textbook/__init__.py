"""The textbook: the `DataUpdateCoordinator` of Home Assistant's documentation, with push as it says to do it."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from script.benchmark.live.yardsticks.contract import Cloud

from .coordinator import TextbookCoordinator

PLATFORMS = [Platform.LIGHT, Platform.SWITCH]


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry[TextbookCoordinator]) -> bool:
    """Show an account."""
    cloud = Cloud(async_get_clientsession(hass), entry.data)
    coordinator = entry.runtime_data = TextbookCoordinator(hass, entry, cloud)
    await coordinator.async_config_entry_first_refresh()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_create_background_task(hass, coordinator.follow(), "textbook")
    return True


async def async_unload_entry(hass: HomeAssistant, entry: ConfigEntry[TextbookCoordinator]) -> bool:
    """Forget an account."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
