"""The account's devices in Home Assistant's registries: what they are called, where they are, and which are gone."""

from collections import Counter
from hashlib import sha256
from urllib.parse import quote

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .cloud.models import Device, Endpoint, EndpointKey, Room
from .cloud.replica import Replica
from .const import CONF_SERVER, DOMAIN, MANUFACTURER


def unique_id(entry: ConfigEntry, key: EndpointKey) -> str:
    """Return the unique id of an endpoint's entity, and of its child device where it has one.

    Ids are unique within a server only, so the server is part of it: two accounts of one server that see the same
    endpoint mean the same thing by it.
    """
    return f"{device_unique_id(entry, key.device_id)}:{quote(key.endpoint_id, safe='')}"


def device_unique_id(entry: ConfigEntry, device_id: str) -> str:
    """Return the identifier of a device."""
    server = sha256(entry.data[CONF_SERVER].encode()).hexdigest()[:12]
    return f"{server}:{quote(device_id, safe='')}"


def is_own_device(replica: Replica, endpoint: Endpoint) -> bool:
    """Return whether an endpoint is a device of its own: a gang that switches the lamp of another room.

    As a child device it is in that room, is called what it switches, and still belongs to its panel.
    """
    device = replica.devices[endpoint.key.device_id]
    return replica.room(device, endpoint) not in (None, replica.room(device))


@callback
def async_find(hass: HomeAssistant, entry: ConfigEntry, replica: Replica, endpoint: Endpoint) -> dr.AnyDeviceEntry:
    """Return the device that an endpoint's entity belongs to; `async_sync` has made it."""
    registry = dr.async_get(hass)
    device: dr.AnyDeviceEntry | None
    if is_own_device(replica, endpoint):
        identifier = (DOMAIN, unique_id(entry, endpoint.key))
        device = registry.async_get_child_device_by_identifier(identifier, entry.entry_id)
    else:
        identifier = (DOMAIN, device_unique_id(entry, endpoint.key.device_id))
        device = registry.async_get_device_by_identifier(identifier, entry.entry_id)
    if device is None:
        raise LookupError(f"{identifier} is not registered")
    return device


def find_cloud_id(entry: ConfigEntry, replica: Replica, device: dr.AnyDeviceEntry) -> str | None:
    """Return the cloud's id of a device of the entry; for a child device, of the panel it is a part of."""
    wanted = {identifier for domain, identifier in device.identifiers if domain == DOMAIN}
    for known in replica.devices.values():
        ids = {device_unique_id(entry, known.id)}
        ids.update(unique_id(entry, EndpointKey(known.id, endpoint_id)) for endpoint_id in known.endpoint_ids)
        if wanted & ids:
            return known.id
    return None


@callback
def async_sync(hass: HomeAssistant, entry: ConfigEntry, replica: Replica) -> None:
    """Make the registries know the devices of a replica, and forget those that are gone."""
    registry = dr.async_get(hass)
    areas = _AreaNames(replica)
    # Which device each endpoint's entity belongs to; the devices without any are known all the same.
    homes: dict[str, str] = {}
    known: set[str] = set()
    for device in replica.devices.values():
        parent = _register(registry, entry, device, areas)
        known.add(parent.id)
        for endpoint_id in device.endpoint_ids:
            endpoint = replica.endpoints[EndpointKey(device.id, endpoint_id)]
            identifier = unique_id(entry, endpoint.key)
            homes[identifier] = parent.id
            if is_own_device(replica, endpoint):
                child = registry.async_get_or_create_child(
                    config_entry_id=entry.entry_id,
                    identifiers={(DOMAIN, identifier)},
                    name=endpoint.name or device.name,
                    parent_device_id=parent.id,
                    suggested_area=areas.of(replica.room(device, endpoint)),
                )
                homes[identifier] = child.id
    known.update(homes.values())
    # Entities first: a device that is removed takes those it still has with it.
    _move_entities(hass, entry, homes)
    _forget_devices(registry, entry, known)


def _register(registry: dr.DeviceRegistry, entry: ConfigEntry, device: Device, areas: _AreaNames) -> dr.DeviceEntry:
    return registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, device_unique_id(entry, device.id))},
        manufacturer=MANUFACTURER,
        model=device.model,
        name=device.name or device.model or MANUFACTURER,
        serial_number=device.serial,
        suggested_area=areas.of_device(device),
        sw_version=device.firmware,
    )


def _move_entities(hass: HomeAssistant, entry: ConfigEntry, homes: dict[str, str]) -> None:
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        device_id = homes.get(entity.unique_id)
        if device_id is None:
            registry.async_remove(entity.entity_id)
        elif device_id != entity.device_id:
            registry.async_update_entity(entity.entity_id, device_id=device_id)


def _forget_devices(registry: dr.DeviceRegistry, entry: ConfigEntry, known: set[str]) -> None:
    children = dr.async_child_entries_for_config_entry(registry, entry.entry_id)
    parents = dr.async_entries_for_config_entry(registry, entry.entry_id)
    # Children first: a parent that is removed takes its own with it.
    for device_id in [device.id for device in (*children, *parents) if device.id not in known]:
        registry.async_remove_device(device_id)


class _AreaNames:
    """What the area of a room is called: by the room, and by its home too where two homes have a room of that name."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self._rooms = Counter(_folded(room) for home in replica.homes.values() for room in home.rooms)
        self._homes = {room.id: home for home in replica.homes.values() for room in home.rooms}

    def of_device(self, device: Device) -> str | None:
        return self.of(self._replica.room(device))

    def of(self, room: Room | None) -> str | None:
        if room is None or not room.name:
            return None
        home = self._homes[room.id]
        return f"{room.name} ({home.name})" if self._rooms[_folded(room)] > 1 and home.name else room.name


def _folded(room: Room) -> str:
    return (room.name or "").casefold()
