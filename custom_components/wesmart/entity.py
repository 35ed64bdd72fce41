"""What the entities of an account share."""

from collections.abc import Callable
from typing import cast, override

from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from . import registry
from .cloud.commands import Command
from .cloud.models import Endpoint, EndpointKey
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator


class WeSmartAccountEntity(CoordinatorEntity[WeSmartCoordinator]):
    """An entity of an account."""

    _attr_has_entity_name = True

    @property
    @override
    def available(self) -> bool:
        """Whether the server's state is known."""
        return self.coordinator.available


class WeSmartEntity[EndpointT: Endpoint](WeSmartAccountEntity):
    """An entity that shows an endpoint."""

    def __init__(self, coordinator: WeSmartCoordinator, key: EndpointKey, endpoint: EndpointT) -> None:
        """Show an endpoint of the coordinator's state."""
        super().__init__(coordinator, key)
        self.key = key
        self.endpoint = endpoint
        self.device = coordinator.state.devices[key.device_id]
        self._attr_unique_id = registry.unique_id(coordinator.config_entry, key)
        self._attr_device_info = registry.device_info(
            coordinator.hass, coordinator.config_entry, coordinator.state, key
        )
        self._describe()

    @property
    @override
    def available(self) -> bool:
        """Whether the device is online, and the server's state is known."""
        return self.device.online and self.coordinator.available

    @callback
    def _describe(self) -> None:
        """Set what does not depend on the endpoint's state: its name here, its features in the platforms."""
        state = self.coordinator.state
        keys = state.keys_of(self.key.device_id)
        if self.endpoint.name or not any(key != self.key and not state.endpoints[key].name for key in keys):
            # The device is called by its name.
            self._attr_name = None
            return
        self._attr_translation_key = "unnamed"
        self._attr_translation_placeholders = {"number": str(keys.index(self.key) + 1)}
        if hasattr(self, "_attr_name"):
            del self._attr_name

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show the endpoint as it is now."""
        state = self.coordinator.state
        endpoint = state.endpoints.get(self.key)
        if type(endpoint) is not type(self.endpoint):
            return  # it was removed, and this entity is about to be
        known, self.endpoint = self.endpoint, cast("EndpointT", endpoint)
        device = state.devices[self.key.device_id]
        # Usually only the state changed. If not even that did, it may be the other endpoints of the device.
        if (
            endpoint is known
            or endpoint.features is not known.features
            or endpoint.name is not known.name
            or device is not self.device
        ):
            self.device = device
            self._describe()
        self.async_write_ha_state()

    async def _async_execute(self, command: Command) -> None:
        """Carry out a command. Raises HomeAssistantError."""
        state = self.hass.states.get(self.entity_id)
        await self.coordinator.async_execute(command, state.name if state else self.entity_id)


@callback
def async_setup_endpoints[EndpointT: Endpoint](
    entry: WeSmartConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    endpoint_type: type[EndpointT],
    create: Callable[[WeSmartCoordinator, EndpointKey, EndpointT], WeSmartEntity[EndpointT]],
) -> None:
    """Add an entity for each endpoint of a type, now and whenever one is added, or gets or loses its name."""
    coordinator = entry.runtime_data
    added: set[tuple[EndpointKey, bool]] = set()

    @callback
    def add_new() -> None:
        nonlocal added
        found = {
            (key, bool(endpoint.name)): endpoint
            for key, endpoint in coordinator.state.endpoints.items()
            if isinstance(endpoint, endpoint_type)
        }
        new = [create(coordinator, id_[0], endpoint) for id_, endpoint in found.items() if id_ not in added]
        added = set(found)
        if new:
            async_add_entities(new)

    add_new()
    entry.async_on_unload(coordinator.async_add_listener(add_new))
