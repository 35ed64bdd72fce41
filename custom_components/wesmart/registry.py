"""The account's devices and their areas in Home Assistant's registries, kept in step with the server.

An endpoint with a name of its own is a child device of its panel, called that and in its own room. One without is on
the panel's device.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Set as AbstractSet
from itertools import batched, count, islice
from typing import NamedTuple
from weakref import WeakKeyDictionary

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .cloud.models import Device, Endpoint, EndpointKey, Room
from .cloud.state import Changes, HomeState
from .const import DOMAIN, MANUFACTURER
from .formatting import short
from .identifiers import cloud_id, device_identifier, endpoint_part, is_account, unique_id

# Devices that are registered, or whose entities are added, before other tasks get their turn: a few milliseconds.
BATCH = 50


async def async_sync_all(hass: HomeAssistant, entry: ConfigEntry, state: HomeState) -> None:
    """Register all devices of the state, which does not change meanwhile, and remove all others of the entry."""
    devices = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(devices, entry.entry_id):
        device_id = cloud_id(entry, device)
        # Which devices are in an invalid home is unknown.
        is_kept = device_id in state.devices or device_id in state.invalid_devices or state.invalid_homes
        if not is_kept and not is_account(entry, device):
            devices.async_remove_device(device.id)
    sync = _Sync(hass, entry, state, is_first=True)
    for device_ids in batched([*state.devices], BATCH, strict=False):
        sync.update(dict.fromkeys(device_ids).keys())
        await asyncio.sleep(0)


@callback
def async_sync(hass: HomeAssistant, entry: ConfigEntry, state: HomeState, changes: Changes) -> None:
    """Register, update and remove the devices that changed, or whose room did."""
    sync = _Sync(hass, entry, state)
    sync.update(changes.devices | sync.devices_of_changed_rooms(changes.homes))


@callback
def async_find_device(
    hass: HomeAssistant, entry: ConfigEntry, state: HomeState, key: EndpointKey
) -> dr.AnyDeviceEntry | None:
    """Return the device of an entity that shows a device or an endpoint, as it is registered."""
    endpoint = state.endpoints.get(key)
    devices = dr.async_get(hass)
    if endpoint is None or not endpoint.name:
        return devices.async_get_device_by_identifier((DOMAIN, device_identifier(entry, key.device_id)), entry.entry_id)
    return devices.async_get_child_device_by_identifier((DOMAIN, unique_id(entry, key)), entry.entry_id)


@callback
def async_setup_accounts(hass: HomeAssistant) -> None:
    """Rename the service of an account when its owner renames the account."""

    @callback
    def handle_change(_change: ConfigEntryChange, entry: ConfigEntry) -> None:
        devices = dr.async_get(hass)
        device = devices.async_get_device_by_identifier((DOMAIN, entry.entry_id), entry.entry_id)
        if device is not None and device.name != entry.title:
            devices.async_update_device(device.id, name=entry.title)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, handle_change)


class _RoomKey(NamedTuple):
    """A room of a home. A renamed room counts as another one, to which its devices move."""

    home_id: str
    room_id: str = ""  # no room
    name: str = ""

    @classmethod
    def of(cls, home_id: str, room: Room | None) -> _RoomKey:
        return cls(home_id) if room is None else cls(home_id, room.id, short(room.name))


class _Rooms:
    """The room of each device (registry ID) as of the last sync, also of some devices that were removed since."""

    def __init__(self) -> None:
        self.by_device: dict[str, _RoomKey] = {}
        self.devices: dict[_RoomKey, dict[str, None]] = {}

    def set(self, device_id: str, room: _RoomKey) -> None:
        self.forget(device_id)
        self.by_device[device_id] = room
        self.devices.setdefault(room, {})[device_id] = None

    def forget(self, device_id: str) -> None:
        if room := self.by_device.pop(device_id, None):
            del self.devices[room][device_id]
            if not self.devices[room]:
                del self.devices[room]


# Removed devices whose rooms are remembered, beside as many as there are devices and endpoints.
_MAX_REMOVED = 100

# Not stored: a device follows its room only while Home Assistant runs.
_ROOMS: WeakKeyDictionary[HomeState, _Rooms] = WeakKeyDictionary()


class _Sync:
    """One pass over devices. The areas of a room's devices are counted as they were before it."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, state: HomeState, *, is_first: bool = False) -> None:
        self._is_first = is_first
        self._entry = entry
        self._state = state
        self._entry_ids = {entry.entry_id for entry in hass.config_entries.async_entries(DOMAIN)}
        self._areas = ar.async_get(hass)
        self._devices = dr.async_get(hass)
        self._entities = er.async_get(hass)
        self._rooms = _ROOMS.setdefault(state, _Rooms())
        self._updated_rooms: dict[str, _RoomKey] = {}
        self._area_counts: dict[_RoomKey, Counter[str | None]] = {}
        self._new_area_names: dict[_RoomKey, str] = {}

    def devices_of_changed_rooms(self, home_ids: set[str]) -> set[str]:
        """Return the devices (IDs) whose room was renamed, removed or added."""
        homes = [self._state.homes[home_id] for home_id in home_ids & self._state.homes.keys()]
        current = {_RoomKey.of(home.id, room) for home in homes for room in home.rooms}
        changed = [
            self._devices.async_get(registry_id)
            for room, registry_ids in self._rooms.devices.items()
            if room.home_id in home_ids and room not in current
            for registry_id in registry_ids
        ]
        return {device_id for device in changed if device and (device_id := cloud_id(self._entry, device))}

    def update(self, device_ids: AbstractSet[str]) -> None:
        """Register devices and their children as they are described now, and remove those that are gone."""
        # Another account may have a device that came here, such as a disabled one: unique IDs must not collide.
        others = self._entry_ids - {self._entry.entry_id}
        for device_id in device_ids if others else device_ids - self._state.devices.keys():
            owners = others if device_id in self._state.devices else {self._entry.entry_id}
            identifier = (DOMAIN, device_identifier(self._entry, device_id))
            for registered in self._devices.async_get_devices(identifiers={identifier}):
                if registered.config_entry_id in owners:
                    self._devices.async_remove_device(registered.id)  # with its children and entities
        for device_id in device_ids:
            if device := self._state.devices.get(device_id):
                self._update(device)
        for registry_id, room in self._updated_rooms.items():
            self._rooms.set(registry_id, room)
        self._updated_rooms.clear()
        if len(self._rooms.by_device) > 2 * (len(self._state.devices) + len(self._state.endpoints)) + _MAX_REMOVED:
            for registry_id in [id_ for id_ in self._rooms.by_device if self._devices.async_get(id_) is None]:
                self._rooms.forget(registry_id)

    def _find_child(self, key: EndpointKey) -> dr.ChildDeviceEntry | None:
        identifier = (DOMAIN, unique_id(self._entry, key))
        return self._devices.async_get_child_device_by_identifier(identifier, self._entry.entry_id)

    def _room(self, device: Device, endpoint: Endpoint | None = None) -> _RoomKey:
        return _RoomKey.of(device.home_id, self._state.room(device, endpoint))

    def _update(self, device: Device) -> None:
        parent = self._update_parent(device)
        owners: dict[str, str] = {}
        for key, endpoint in self._state.endpoints_of(device.id):
            owner = self._update_child(parent, device, key, endpoint) if endpoint.name else parent
            owners[unique_id(self._entry, key)] = owner.id
        children = [child.id for child in dr.async_entries_for_parent_device(self._devices, parent.id)]
        for device_id in (parent.id, *children):
            self._move_entities(device_id, owners)
        for device_id in set(children).difference(owners.values()):
            self._devices.async_remove_device(device_id)

    def _move_entities(self, device_id: str, owners: dict[str, str]) -> None:
        """Move the entities of endpoints that got or lost their name. Removing a child device would remove them."""
        for entity in er.async_entries_for_device(self._entities, device_id, include_disabled_entities=True):
            owner = owners.get(endpoint_part(entity.unique_id), device_id)
            if entity.platform == DOMAIN and owner != device_id:
                self._entities.async_update_entity(entity.entity_id, device_id=owner)

    def _update_parent(self, device: Device) -> dr.DeviceEntry:
        room, identifier = self._room(device), (DOMAIN, device_identifier(self._entry, device.id))
        parent = self._devices.async_get_device_by_identifier(identifier, self._entry.entry_id)
        info = dr.DeviceInfo(
            identifiers={identifier},
            manufacturer=MANUFACTURER,
            model=short(device.model) or None,
            name=short(device.name) or short(device.model) or MANUFACTURER,
            serial_number=short(device.serial) or None,
            sw_version=short(device.firmware) or None,
        )
        if parent is None:
            info["suggested_area"] = self._area_name(room)
        if parent is None or any(getattr(parent, field) != value for field, value in info.items()):
            parent = self._devices.async_get_or_create(config_entry_id=self._entry.entry_id, **info)
        self._move(parent, room)
        return parent

    def _update_child(
        self, parent: dr.DeviceEntry, device: Device, key: EndpointKey, endpoint: Endpoint
    ) -> dr.ChildDeviceEntry:
        room, child, name = self._room(device, endpoint), self._find_child(key), short(endpoint.name) or MANUFACTURER
        if child is None or child.name != name:
            child = self._devices.async_get_or_create_child(
                config_entry_id=self._entry.entry_id,
                identifiers={(DOMAIN, unique_id(self._entry, key))},
                name=name,
                parent_device_id=parent.id,
                # Explicitly: only a child with an area of its own is called by its own name in Assist and entity IDs.
                suggested_area=self._area_name(room) if child is None else None,
            )
        self._move(child, room)
        return child

    def _move(self, device: dr.AnyDeviceEntry, room: _RoomKey) -> None:
        """If the room of a device changed, move it to the area of the new room, unless the user has put it elsewhere."""
        before = self._rooms.by_device.get(device.id, room)
        if before != room and self._is_with_room(device, before):
            name = self._area_name(room)
            area_id = self._areas.async_get_or_create(name).id if name else None
            if isinstance(device, dr.ChildDeviceEntry):
                self._devices.async_update_child_device(device.id, area_id=area_id)
            else:
                self._devices.async_update_device(device.id, area_id=area_id)
        self._updated_rooms[device.id] = room

    def _is_with_room(self, device: dr.AnyDeviceEntry, room: _RoomKey) -> bool:
        """Return whether a device is where most others of its room are, or in an area that has the room's name."""
        if not room.name:
            return device.area_id is None
        others = self._count_areas(room) - Counter([device.area_id])
        area = self._areas.async_get_area(device.area_id or "")
        if area is not None and area.name in islice(self._possible_area_names(room), 2):
            return True
        return device.area_id in others and others[device.area_id] == max(others.values())

    def _area_name(self, room: _RoomKey) -> str | None:
        """Return the name of the area for devices that come to a room."""
        if not room.name:
            return None
        if counts := self._count_areas(room):
            # Where most of its devices are, whatever the user calls it; nowhere if the user removed the area.
            area = self._areas.async_get_area(counts.most_common(1)[0][0] or "")
            return area.name if area else None
        if room not in self._new_area_names:
            names = self._possible_area_names(room)
            self._new_area_names[room] = next(name for name in names if not self._is_taken(name, room.home_id))
        return self._new_area_names[room]

    def _count_areas(self, room: _RoomKey) -> Counter[str | None]:
        """Return in which areas the registered devices of a room are."""
        if self._is_first:
            # They are registered since earlier, and all count before any is added.
            self._is_first = False
            self._note_rooms()
        if room not in self._area_counts:
            devices = map(self._devices.async_get, self._rooms.devices.get(room, ()))
            self._area_counts[room] = Counter(device.area_id for device in devices if device is not None)
        return self._area_counts[room]

    def _note_rooms(self) -> None:
        for device in self._state.devices.values():
            identifier = (DOMAIN, device_identifier(self._entry, device.id))
            if parent := self._devices.async_get_device_by_identifier(identifier, self._entry.entry_id):
                self._rooms.set(parent.id, self._room(device))
            for key, endpoint in self._state.endpoints_of(device.id):
                if endpoint.name and (child := self._find_child(key)):
                    self._rooms.set(child.id, self._room(device, endpoint))

    def _possible_area_names(self, room: _RoomKey) -> Iterator[str]:
        """Return names for the area of a room; all but the first tell it from rooms of that name in other homes."""
        yield room.name
        home = self._state.homes.get(room.home_id)
        name = f"{room.name} {short(home.name if home else None)}".strip()
        yield name
        for number in count(2):
            yield f"{name} {number}"

    def _is_taken(self, area_name: str, home_id: str) -> bool:
        """Return whether devices of another home are in an area, of this account or of another."""
        area = self._areas.async_get_area_by_name(area_name)
        for device in dr.async_entries_for_area(self._devices, area.id) if area else ():
            known = self._state.devices.get(cloud_id(self._entry, device) or "")
            if (known is None or known.home_id != home_id) and device.config_entry_id in self._entry_ids:
                return True
        return False
