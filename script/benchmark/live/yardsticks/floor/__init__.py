"""The floor: the least an integration can do whose entities have unique ids and devices.

A lookup and a state for each frame, a request for each command. Nothing is checked, nothing is repaired.
"""

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from script.benchmark.live.yardsticks.contract import Cloud

from .account import Account

PLATFORMS = [Platform.LIGHT, Platform.SWITCH]


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry[Account]) -> bool:
    """Show an account."""
    cloud = Cloud(async_get_clientsession(hass), entry.data)
    entry.runtime_data = Account(cloud, await cloud.snapshot())
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_create_background_task(hass, entry.runtime_data.follow(), "floor")
    return True


async def async_unload_entry(hass: HomeAssistant, entry: ConfigEntry[Account]) -> bool:
    """Forget an account."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
