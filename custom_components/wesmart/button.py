"""Buttons: identify a device."""

from collections.abc import Iterator
from typing import override

from homeassistant.components.button import ButtonDeviceClass, ButtonEntity
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cloud.commands import Command
from .cloud.models import EndpointKey
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .entity import WeSmartDeviceEntity, async_setup_entities

# The command queue merges calls made at once into one request, so they must not be serialized.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: WeSmartConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a button for each device that can identify itself."""
    await async_setup_entities(hass, entry, async_add_entities, Platform.BUTTON, _create)


def _create(coordinator: WeSmartCoordinator, device_id: str) -> Iterator[WeSmartIdentify]:
    device = coordinator.state.devices.get(device_id)
    if device is not None and device.identify:
        yield WeSmartIdentify(coordinator, EndpointKey(device_id), "identify")


class WeSmartIdentify(WeSmartDeviceEntity, ButtonEntity):
    """Lets a device show itself, such as by blinking."""

    _attr_device_class = ButtonDeviceClass.IDENTIFY
    _attr_entity_category = EntityCategory.CONFIG

    @override
    async def async_press(self) -> None:
        """Let the device show itself."""
        await self._async_execute(Command.identify(self.device.id))
