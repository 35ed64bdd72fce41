"""What the entities of an account share."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from itertools import batched
from typing import Any, override

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import ToggleEntity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import UNDEFINED
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from . import identifiers, registry
from .cloud.commands import Command
from .cloud.models import Endpoint, EndpointKey, SwitchEndpoint
from .const import DOMAIN
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator


class WeSmartEntity(CoordinatorEntity[WeSmartCoordinator]):
    """An entity of an account."""

    _attr_has_entity_name = True

    @property
    @override
    def available(self) -> bool:
        """Whether the server's state is known."""
        return self.coordinator.available

    async def _async_execute(self, command: Command) -> None:
        """Carry out a command. Raises HomeAssistantError."""
        state = self.hass.states.get(self.entity_id)
        await self.coordinator.async_execute(command, state.name if state else self.entity_id)


class WeSmartDeviceEntity(WeSmartEntity):
    """An entity that shows something of a device, such as its signal, or of an endpoint of it."""

    def __init__(self, coordinator: WeSmartCoordinator, key: EndpointKey, kind: str | None = None) -> None:
        """Show a part of the coordinator's state; `kind` is None for the main entity of an endpoint."""
        super().__init__(coordinator, key)
        self.key = key
        self.device = coordinator.state.devices[key.device_id]
        self._attr_unique_id = identifiers.unique_id(coordinator.config_entry, key, kind)
        self.device_entry = registry.async_find_device(
            coordinator.hass, coordinator.config_entry, coordinator.state, key
        )

    @property
    @override
    def available(self) -> bool:
        """Whether the device is online, and the server's state is known."""
        return self.device.online and self.coordinator.available

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show the device as it is now."""
        # It may have been removed, and this entity is about to be.
        self.device = self.coordinator.state.devices.get(self.device.id, self.device)
        self.async_write_ha_state()


class WeSmartEndpointEntity[EndpointT: Endpoint](WeSmartDeviceEntity):
    """An entity that shows an endpoint."""

    def __init__(
        self, coordinator: WeSmartCoordinator, key: EndpointKey, endpoint: EndpointT, kind: str | None = None
    ) -> None:
        """Show an endpoint of the coordinator's state."""
        super().__init__(coordinator, key, kind)
        self.endpoint = endpoint
        self._describe()

    @callback
    def _describe(self) -> None:
        """Set what does not depend on the endpoint's state: its name here, its features in the platforms."""
        if self._number is None:
            self._attr_name = None
        else:
            self._attr_translation_placeholders = {"number": str(self._number)}
            if hasattr(self, "_attr_name"):
                del self._attr_name

    @callback
    def _describe_anew(self) -> None:
        """Describe the entity again, also to the registry, which other parts of Home Assistant read."""
        self._describe()
        # Home Assistant caches what it made of the translation key and its placeholders.
        for cached in ("name", "_name_translation_key"):
            self.__dict__.pop(cached, None)
        name = self.name
        er.async_get(self.hass).async_update_entity(
            self.entity_id,
            original_name=None if name is UNDEFINED else name,
            translation_key=self.translation_key,
        )

    @property
    def _number(self) -> int | None:
        """The number of the endpoint in its device, from 1; None if the device is called by the endpoint's name."""
        state = self.coordinator.state
        keys = state.keys_of(self.key.device_id)
        if self.endpoint.name or not any(key != self.key and not state.endpoints[key].name for key in keys):
            return None
        return keys.index(self.key) + 1

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Show the endpoint as it is now."""
        state = self.coordinator.state
        endpoint = state.endpoints.get(self.key)
        if not isinstance(endpoint, type(self.endpoint)):
            return  # it was removed, and this entity is about to be
        self.endpoint = endpoint
        device = state.devices[self.key.device_id]
        # Usually only the state changed.
        if device is not self.device:
            self.device = device
            self._describe_anew()
        self.async_write_ha_state()


class WeSmartRelay(WeSmartEndpointEntity[SwitchEndpoint], ToggleEntity):
    """A relay: the gang of a wall panel, or an outlet."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether the relay is closed."""
        return self.endpoint.state.on

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Close the relay."""
        await self._async_execute(Command.set(self.key, on=True))

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Open the relay."""
        await self._async_execute(Command.set(self.key, on=False))


class EntityManager:
    """Adds the entities of a platform, and keeps them as the server's devices or homes change.

    An entity of another class, or a scene of another name, is removed and added again, and Home Assistant restores what the
    user made of it. One that moves to another device stays (`registry.py`).
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: WeSmartConfigEntry,
        async_add_entities: AddConfigEntryEntitiesCallback,
        platform: Platform,
        create: Callable[[str], Iterable[WeSmartEntity]],
    ) -> None:
        """Use `create`, which returns the entities that a device or a home (ID) should have now."""
        self._entry = entry
        self._async_add_entities = async_add_entities
        self._platform = platform
        self._create = create
        self._entities = er.async_get(hass)
        # The unique IDs, classes, and names without a device, of what was added, by device or home.
        self._added: dict[str, tuple[tuple[str, ...], ...]] = {}

    async def async_start(self, ids: Iterable[str]) -> None:
        """Add the entities of all devices or homes, and remove those of earlier runs that none of them has any more."""
        for batch in batched([*ids], registry.BATCH, strict=False):
            self.async_update(batch)
            await asyncio.sleep(0)
        current = {unique_id for places in self._added.values() for unique_id, *_ in places}
        for entity in er.async_entries_for_config_entry(self._entities, self._entry.entry_id):
            if (
                entity.domain == self._platform
                and entity.unique_id not in current
                and identifiers.is_stale(self._entry, self._entry.runtime_data.state, entity.unique_id)
            ):
                self._entities.async_remove(entity.entity_id)

    @callback
    def async_update(self, ids: Iterable[str]) -> None:
        """Add and remove entities of devices or homes that changed."""
        new: list[WeSmartEntity] = []
        try:
            for id_ in ids:
                created = {_identity(entity): entity for entity in self._create(id_)}
                known = self._added.pop(id_, ())
                for unique_id, *_ in set(known) - created.keys():
                    if entity_id := self._entities.async_get_entity_id(self._platform, DOMAIN, unique_id):
                        self._entities.async_remove(entity_id)
                if created:
                    self._added[id_] = (*created,)
                new += [entity for identity, entity in created.items() if identity not in known]
        finally:
            # Also if another device could not be described.
            if new:
                self._async_add_entities(new)


async def async_setup_entities(
    hass: HomeAssistant,
    entry: WeSmartConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    platform: Platform,
    create: Callable[[WeSmartCoordinator, str], Iterable[WeSmartEntity]],
) -> None:
    """Add the entities of a platform that `create` returns for each device (ID), now and whenever devices change."""
    coordinator = entry.runtime_data
    manager = EntityManager(hass, entry, async_add_entities, platform, partial(create, coordinator))
    entry.async_on_unload(
        coordinator.async_add_structure_listener(lambda changes: manager.async_update(changes.devices))
    )
    await manager.async_start(coordinator.state.devices)


def _identity(entity: WeSmartEntity) -> tuple[str, ...]:
    return (
        str(entity.unique_id),
        type(entity).__name__,
        "" if isinstance(entity, WeSmartDeviceEntity) else str(entity.name),
    )
