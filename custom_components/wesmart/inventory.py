"""The homes of an account's entry and what is in them, as Home Assistant's entries and registries know them."""

from collections.abc import Collection

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from . import devices, homes, issues
from .areas import Areas
from .cloud.replica import Changes, Replica
from .identity import async_entries_of, server_identity


class Inventory:
    """Keeps entries, registries and Repairs at what the replica of an entry holds."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, replica: Replica) -> None:
        """Touch nothing before `async_sync_all`."""
        self._hass = hass
        self._entry = entry
        self._replica = replica
        self._areas = Areas(hass, entry.entry_id)

    async def async_load(self) -> None:
        """Read what was remembered."""
        await self._areas.async_load()

    async def async_close(self) -> None:
        """Write what is to be remembered and not written yet."""
        await self._areas.async_close()

    @callback
    def wants_home(self, home_id: str) -> bool:
        """Return whether the entry is to show a home."""
        return homes.async_wants(self._hass, self._entry, home_id)

    @callback
    def async_sync(self, changes: Changes) -> None:
        """Take over what has changed."""
        if changes.homes:
            self.async_sync_all()
            return
        # One that is new here may be registered under an account that is disabled, or that it was moved from.
        self._adopt(changes.devices & self._replica.devices.keys())
        devices.async_sync(self._hass, self._entry, self._replica, self._areas, changes.devices)

    @callback
    def async_sync_all(self) -> None:
        """Have and say that we have the homes of the replica, with the devices in them, and nothing else."""
        hass, entry, replica = self._hass, self._entry, self._replica
        self._adopt(replica.devices)
        # Whoever takes over what is not ours any more takes the devices over now, before they are removed.
        homes.async_claim(hass, entry, replica.homes)
        devices.async_sync_all(hass, entry, replica, self._areas)
        issues.async_report_homes(hass, entry, replica)

    @callback
    def async_regard(self, other: ConfigEntry) -> bool:
        """Regard what another entry shows now; return whether the homes that are ours are others than the replica's."""
        hass, entry, replica = self._hass, self._entry, self._replica
        if freed := {home_id for home_id in replica.left_out if self.wants_home(home_id)}:
            device_ids = [device_id for device_id, home_id in replica.left_out_devices.items() if home_id in freed]
            devices.async_adopt(hass, entry, [other], device_ids)
        issues.async_report_homes(hass, entry, replica)
        return bool(freed) or not all(map(self.wants_home, replica.homes))

    @callback
    def _adopt(self, device_ids: Collection[str]) -> None:
        others = async_entries_of(self._hass, server_identity(self._entry), besides=self._entry)
        devices.async_adopt(self._hass, self._entry, others, device_ids)
