"""Updates of the devices' firmware."""

from collections.abc import Iterator
from typing import Any, override

from homeassistant.components.update import UpdateDeviceClass, UpdateEntity, UpdateEntityFeature
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cloud.commands import Command
from .cloud.models import EndpointKey
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .entity import WeSmartDeviceEntity, async_setup_entities
from .formatting import markdown, short

# The command queue merges calls made at once into one request, so they must not be serialized.
PARALLEL_UPDATES = 0

# Characters; each line is shortened, too.
_MAX_NOTES = 10_000


async def async_setup_entry(
    hass: HomeAssistant, entry: WeSmartConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add an update entity for each device that can be updated."""
    await async_setup_entities(hass, entry, async_add_entities, Platform.UPDATE, _create)


def _create(coordinator: WeSmartCoordinator, device_id: str) -> Iterator[WeSmartFirmware]:
    device = coordinator.state.devices.get(device_id)
    if device is not None and device.updatable:
        yield WeSmartFirmware(coordinator, EndpointKey(device_id), "firmware")


class WeSmartFirmware(WeSmartDeviceEntity, UpdateEntity):
    """The firmware of a device."""

    _attr_device_class = UpdateDeviceClass.FIRMWARE
    _attr_supported_features = (
        UpdateEntityFeature.INSTALL | UpdateEntityFeature.PROGRESS | UpdateEntityFeature.RELEASE_NOTES
    )

    @property
    @override
    def installed_version(self) -> str | None:
        """The version that is installed."""
        return short(self.device.firmware) or None

    @property
    @override
    def latest_version(self) -> str | None:
        """The version that can be installed, or the installed one."""
        update = self.device.update
        return short(update.version if update else self.device.firmware) or None

    @property
    @override
    def in_progress(self) -> bool:
        """Whether it is being installed."""
        update = self.device.update
        return update is not None and update.progress is not None

    @property
    @override
    def update_percentage(self) -> float | None:
        """How much of it is installed."""
        update = self.device.update
        return update.progress if update else None

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        """Return whether the versions differ: the server says what is newer, and they are never parsed."""
        return latest_version != installed_version

    @override
    async def async_release_notes(self) -> str | None:
        """Return what is new, without the server's markup."""
        update = self.device.update
        lines = update.notes[:_MAX_NOTES].splitlines() if update and update.notes else []
        return "\n\n".join(text for line in lines if (text := markdown(line))) or None

    @override
    async def async_install(self, version: str | None, backup: bool, **kwargs: Any) -> None:
        """Start the update."""
        await self._async_execute(Command.update(self.device.id))
