"""What the entities of an account have in common, and those of its endpoints."""

from collections.abc import Callable, Collection
from typing import override

from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import BaseCoordinatorEntity

from . import devices
from .cloud import Command
from .cloud.models import Endpoint
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator


class WeSmartAccountEntity(BaseCoordinatorEntity[WeSmartCoordinator]):
    """Anything of an account; its name comes after that of its device."""

    _attr_has_entity_name = True

    @override
    async def async_update(self) -> None:
        """Ask the cloud now, for `homeassistant.update_entity`."""
        await self.coordinator.async_refresh()


class WeSmartEntity[EndpointT: Endpoint](WeSmartAccountEntity):
    """An endpoint as an entity: `endpoint` is what the cloud says of it now."""

    def __init__(self, coordinator: WeSmartCoordinator, endpoint: EndpointT) -> None:
        """Show an endpoint that the coordinator's replica has."""
        super().__init__(coordinator, endpoint.key)
        self.endpoint = endpoint
        self._attr_unique_id = devices.unique_id(coordinator.config_entry, endpoint.key)
        # The registry knows the device already, as it has to know a panel before the gangs that are parts of it:
        # device info of ours would only repeat what `devices` said.
        self.device_entry = devices.async_find(
            coordinator.hass, coordinator.config_entry, coordinator.replica, endpoint
        )
        self._describe()

    @property
    @override
    def available(self) -> bool:
        """Whether the device is online and there is word from the cloud."""
        return self._device.online and self.coordinator.live.presence.present

    @callback
    def _describe(self) -> None:
        """Take over what is known of the endpoint but its state: what it is called, what it can do; platforms add the latter."""
        replica, endpoint = self.coordinator.replica, self.endpoint
        self._revision = replica.revision
        self._device = replica.devices[endpoint.key.device_id]
        if len(self._device.endpoint_ids) == 1 or devices.is_own_device(replica, endpoint):
            # A device that does one thing is that thing, and so is a gang that is a device of its own.
            self._attr_name = None
        elif endpoint.name:
            self._attr_name = endpoint.name
        else:
            self._attr_translation_key = "unnamed"
            number = self._device.endpoint_ids.index(endpoint.key.endpoint_id) + 1
            self._attr_translation_placeholders = {"number": str(number)}
            if hasattr(self, "_attr_name"):
                del self._attr_name

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show what the replica says now."""
        live = self.coordinator.live
        endpoint = live.endpoint(self.endpoint.key)
        if not isinstance(endpoint, type(self.endpoint)):
            return  # it is gone, and so is this entity in a moment
        self.endpoint = endpoint
        if self._revision != live.replica.revision:
            self._describe()
        self.async_write_ha_state()

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
    added: set[tuple[str, str]] = set()

    @callback
    def add_new(keys: Collection[tuple[str, str]]) -> None:
        new = []
        for key in keys:
            endpoint = coordinator.replica.endpoints.get(key)
            if not isinstance(endpoint, endpoint_type):
                added.discard(key)
            elif key not in added:
                added.add(key)
                new.append(create(coordinator, endpoint))
        if new:
            async_add_entities(new)

    add_new(coordinator.replica.endpoints.keys())
    entry.async_on_unload(coordinator.async_add_arrival_listener(add_new))
