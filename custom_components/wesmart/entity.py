"""What every entity of an endpoint has in common."""

from collections.abc import Callable
from typing import override

from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import BaseCoordinatorEntity

from . import devices
from .cloud import Command
from .cloud.models import Endpoint, EndpointKey
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator


class WeSmartEntity[EndpointT: Endpoint](BaseCoordinatorEntity[WeSmartCoordinator]):
    """An endpoint as an entity: `endpoint` is what the cloud says of it now."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: WeSmartCoordinator, endpoint: EndpointT) -> None:
        """Show an endpoint that the coordinator's replica has."""
        super().__init__(coordinator, endpoint.key)
        self.endpoint = endpoint
        entry, replica = coordinator.config_entry, coordinator.replica
        device = replica.devices[endpoint.key.device_id]
        self._attr_unique_id = devices.unique_id(entry, endpoint.key)
        self.device_entry = devices.async_find(coordinator.hass, entry, replica, endpoint)
        # A device that does one thing is that thing, and so is a gang that is a device of its own.
        is_the_device = len(device.endpoint_ids) == 1 or devices.is_own_device(replica, endpoint)
        self._attr_name = None if is_the_device else endpoint.name

    @property
    @override
    def available(self) -> bool:
        """Whether the device is online and there is word from the cloud."""
        device = self.coordinator.replica.devices.get(self.endpoint.key.device_id)
        return device is not None and device.online and self.coordinator.present

    @override
    async def async_update(self) -> None:
        """Ask the cloud now, for `homeassistant.update_entity`."""
        await self.coordinator.async_refresh()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show what the replica says now."""
        endpoint = self.coordinator.replica.endpoints.get(self.endpoint.key)
        if isinstance(endpoint, type(self.endpoint)):
            self.endpoint = endpoint
        super()._handle_coordinator_update()

    async def _async_execute(self, command: Command) -> None:
        """Have the cloud do something with this endpoint; raises HomeAssistantError."""
        state = self.hass.states.get(self.entity_id)
        await self.coordinator.async_execute(command, state.name if state else self.entity_id)


@callback
def async_setup_endpoints[EndpointT: Endpoint](
    entry: WeSmartConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    endpoint_type: type[EndpointT],
    create: Callable[[WeSmartCoordinator, EndpointT], WeSmartEntity[EndpointT]],
) -> None:
    """Add an entity for each endpoint of a type, now and whenever one comes."""
    coordinator = entry.runtime_data
    added: set[EndpointKey] = set()

    @callback
    def add_new() -> None:
        endpoints = {
            key: endpoint
            for key, endpoint in coordinator.replica.endpoints.items()
            if isinstance(endpoint, endpoint_type)
        }
        new = [endpoint for key, endpoint in endpoints.items() if key not in added]
        added.clear()
        added.update(endpoints)
        if new:
            async_add_entities([create(coordinator, endpoint) for endpoint in new])

    add_new()
    entry.async_on_unload(coordinator.async_add_listener(add_new))
