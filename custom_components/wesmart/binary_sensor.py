"""Binary sensors: whether each device is connected."""

from collections.abc import Iterator
from typing import override

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cloud.models import EndpointKey
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .entity import WeSmartDeviceEntity, async_setup_entities

# They send no requests.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: WeSmartConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the connectivity of the account's devices."""
    await async_setup_entities(hass, entry, async_add_entities, Platform.BINARY_SENSOR, _create)


def _create(coordinator: WeSmartCoordinator, device_id: str) -> Iterator[WeSmartConnectivity]:
    if device_id in coordinator.state.devices:
        yield WeSmartConnectivity(coordinator, EndpointKey(device_id), "connectivity")


class WeSmartConnectivity(WeSmartDeviceEntity, BinarySensorEntity):
    """Whether a device is connected to the server."""

    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    @property
    @override
    def available(self) -> bool:
        """Whether the server's state is known, also of a device that is offline."""
        return self.coordinator.available

    @property
    @override
    def is_on(self) -> bool:
        """Whether the device is online."""
        return self.device.online
