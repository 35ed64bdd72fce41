"""What is remembered for an entry beside what Home Assistant remembers: small files of its own, gone with the entry."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN

# What changes does so a few times at once.
_SAVE_DELAY_S = 1

# The files: which areas devices were given, and what was told of tickets.
AREAS = "areas"
TICKETS = "tickets"


class Memory[DataT: Mapping[str, Any]]:
    """One file of an entry; nothing is read before `async_load`."""

    def __init__(self, hass: HomeAssistant, entry_id: str, name: str) -> None:
        """Remember under that name."""
        # Private: it may say how a home is divided.
        self._store = Store[DataT](hass, 1, f"{DOMAIN}.{entry_id}.{name}", private=True)
        self._unsaved: Callable[[], DataT] | None = None

    async def async_load(self) -> DataT | None:
        """Return what was remembered; None where nothing was."""
        return await self._store.async_load()

    @callback
    def async_keep(self, data: Callable[[], DataT]) -> None:
        """Remember, soon, what `data` returns then."""

        def to_save() -> DataT:
            self._unsaved = None
            return data()

        self._unsaved = to_save
        self._store.async_delay_save(to_save, _SAVE_DELAY_S)

    async def async_close(self) -> None:
        """Write what is not written yet."""
        if self._unsaved is not None:
            await self._store.async_save(self._unsaved())

    async def async_forget(self) -> None:
        """Remove the file."""
        await self._store.async_remove()


async def async_forget(hass: HomeAssistant, entry_id: str) -> None:
    """Remove all that is remembered for an entry."""
    for name in (AREAS, TICKETS):
        await Memory[dict[str, Any]](hass, entry_id, name).async_forget()
