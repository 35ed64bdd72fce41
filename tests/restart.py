"""A restart of Home Assistant, with the accounts it has and what it has written of their repairs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from custom_components.wesmart.const import DOMAIN


@asynccontextmanager
async def restarted(
    hass: HomeAssistant, storage: dict[str, object], *, off_s: float = 0
) -> AsyncIterator[HomeAssistant]:
    """Have a second Home Assistant go on, later, where the first one leaves off; `storage` is what both have for a disk."""
    entries = hass.config_entries.async_entries(DOMAIN)
    for entry in entries:
        # What would end with its process.
        assert await hass.config_entries.async_unload(entry.entry_id)
    storage[ir.STORAGE_KEY] = {
        "version": ir.STORAGE_VERSION_MAJOR,
        "minor_version": ir.STORAGE_VERSION_MINOR,
        "key": ir.STORAGE_KEY,
        "data": ir.async_get(hass)._data_to_save(),
    }
    await asyncio.sleep(off_s)
    async with async_test_home_assistant() as again:
        del again.data[DATA_CUSTOM_COMPONENTS]
        # Home Assistant's own fixtures begin with empty registries.
        del again.data[ir.DATA_REGISTRY]
        await ir.async_load(again)
        for entry in entries:
            _twin(entry).add_to_hass(again)
        for entry in again.config_entries.async_entries(DOMAIN):
            if entry.state is ConfigEntryState.NOT_LOADED and entry.disabled_by is None:
                await again.config_entries.async_setup(entry.entry_id)
        try:
            yield again
        finally:
            for entry in again.config_entries.async_entries(DOMAIN):
                if entry.state is ConfigEntryState.LOADED:
                    assert await again.config_entries.async_unload(entry.entry_id)
            await again.async_stop(force=True)


def _twin(entry: ConfigEntry) -> MockConfigEntry:
    return MockConfigEntry(
        domain=DOMAIN,
        entry_id=entry.entry_id,
        unique_id=entry.unique_id,
        title=entry.title,
        data={**entry.data},
        options={**entry.options},
        disabled_by=entry.disabled_by,
    )
