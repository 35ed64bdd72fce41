"""A home as the cloud described it last, and what a snapshot or an event does to it. Pure: no I/O, no clock."""

from collections.abc import Callable, Iterable, Set as AbstractSet

from msgspec import Struct, field
from msgspec.structs import replace

from .models import NOWHERE, Device, Endpoint, EndpointKey, Home, Position, Room
from .wire_events import (
    DeviceEvent,
    DeviceRemovedEvent,
    Event,
    HomeEvent,
    HomeRemovedEvent,
    StateEvent,
    UnapplicableEvent,
)
from .wire_home import DeviceReport, Snapshot, patched, with_last_known


class Changes(Struct):
    """What to look at again, and nothing else."""

    # May show something else: new state, new description, device online or offline, new, or gone.
    endpoints: set[EndpointKey] = field(default_factory=set)
    # Came, went, or are described differently: what registries have to know.
    devices: set[str] = field(default_factory=set)
    # A home or its rooms came, went or changed: the names of areas may change for all of it.
    homes: bool = False

    @property
    def structure(self) -> bool:
        """Whether there is more than what endpoints show."""
        return bool(self.devices) or self.homes


class CannotApplyError(Exception):
    """The event does not fit what is known: only a snapshot helps."""


class Replica:
    """What the account can see of the homes that are wanted, and up to which position."""

    def __init__(self, wants_home: Callable[[str], bool] = lambda _home_id: True) -> None:
        """`wants_home` is asked of a home when it comes, and of each again when a snapshot is loaded."""
        self._wants_home = wants_home
        self.epoch, self.seq = NOWHERE
        # Another number whenever more than states may have changed: what there is, and how it is described.
        self.revision = 0
        self.homes: dict[str, Home] = {}
        self.devices: dict[str, Device] = {}
        # By the key of each, which is a tuple: for a lookup a plain one does.
        self.endpoints: dict[tuple[str, str], Endpoint] = {}
        # What else the account can see: the homes that are not wanted, and the home of each device in one.
        self.left_out: dict[str, Home] = {}
        self.left_out_devices: dict[str, str] = {}

    @property
    def position(self) -> Position:
        """Where the cloud was when all this was so."""
        return Position(self.epoch, self.seq)

    def room(self, device: Device, endpoint: Endpoint | None = None) -> Room | None:
        """Return the room of a device, or the own room of one of its endpoints; None for none or an unknown one."""
        room_id = device.room_id if endpoint is None else endpoint.room_id
        home = self.homes.get(device.home_id)
        if room_id is None or home is None:
            return None
        return next((room for room in home.rooms if room.id == room_id), None)

    def load(self, snapshot: Snapshot) -> Changes:
        """Hold what the snapshot says instead; the caller has made sure that this does not turn the clock back."""
        changes = Changes()
        self.revision += 1
        seen = {home.id: home for home in snapshot.homes}
        homes = {home.id: home for home in snapshot.homes if self._wants_home(home.id)}
        # What could not be decoded is not gone: it stays as it was known last.
        kept_homes = snapshot.unreadable_homes - seen.keys()
        changes.homes = self._load_left_out(snapshot, seen.keys() - homes.keys(), kept_homes)
        for home_id in self.homes.keys() - homes.keys() - kept_homes:
            del self.homes[home_id]  # its devices may have moved to another
            changes.homes = True
        for home in homes.values():
            self._report_home(home, changes)
        reports = {r.device.id: r for r in snapshot.devices if r.device.home_id not in self.left_out}
        kept = snapshot.unreadable | {device.id for device in self.devices.values() if device.home_id in kept_homes}
        kept -= self.left_out_devices.keys()
        for device_id in self.devices.keys() - reports.keys() - kept:
            self._remove(device_id, changes)
        for report in reports.values():
            self._report(report, changes)
        self.epoch, self.seq = snapshot.position
        return changes

    def apply(self, event: Event, changes: Changes) -> None:
        """Apply the event that comes next, and add to `changes` what it touched; the caller has counted.

        Raises CannotApplyError, with the position moved on.
        """
        self.seq = event.seq
        if isinstance(event, StateEvent):
            self._state(event, changes)
            return
        self.revision += 1
        match event:
            case DeviceEvent():
                self._device(event.report, changes)
            case DeviceRemovedEvent():
                self.left_out_devices.pop(event.device_id, None)
                self._remove(event.device_id, changes)
            case HomeEvent():
                self._home(event.home, changes)
            case HomeRemovedEvent():
                self._remove_home(event.home_id, changes)
            case UnapplicableEvent():
                raise CannotApplyError("an event that makes no sense")

    def _state(self, event: StateEvent, changes: Changes) -> None:
        endpoint = self.endpoints.get((event.device_id, event.endpoint_id))
        if endpoint is None:
            if event.device_id not in self.devices and event.device_id not in self.left_out_devices:
                raise CannotApplyError("the state of an unknown device")
            # Of a home that is not wanted, or left out as one from the future or one that made no sense: there is
            # nothing to show it on.
            return
        updated = patched(endpoint, event.patch)
        if updated is None:
            raise CannotApplyError("a state that does not fit its endpoint")
        if not event.patch:
            return  # nothing in it made sense
        self.endpoints[endpoint.key] = updated
        changes.endpoints.add(endpoint.key)

    def _device(self, report: DeviceReport, changes: Changes) -> None:
        device_id, home_id = report.device.id, report.device.home_id
        if home_id in self.homes:
            self.left_out_devices.pop(device_id, None)
            self._report(report, changes)
        elif home_id in self.left_out:
            self.left_out_devices[device_id] = home_id
            self._remove(device_id, changes)
        else:
            raise CannotApplyError("a device of an unknown home")

    def _home(self, home: Home, changes: Changes) -> None:
        if home.id in self.homes or (home.id not in self.left_out and self._wants_home(home.id)):
            self._report_home(home, changes)
        elif self.left_out.get(home.id) != home:
            self.left_out[home.id] = home
            changes.homes = True

    def _load_left_out(self, snapshot: Snapshot, unwanted: AbstractSet[str], kept_homes: AbstractSet[str]) -> bool:
        """Note what of a snapshot is not wanted; return whether that is something else than before."""
        before = self.left_out
        self.left_out = {home_id: home for home_id, home in before.items() if home_id in kept_homes}
        self.left_out |= {home.id: home for home in snapshot.homes if home.id in unwanted}
        known = {
            device_id: home_id
            for device_id, home_id in self.left_out_devices.items()
            if device_id in snapshot.unreadable or home_id in kept_homes
        }
        reported = {report.device.id: report.device.home_id for report in snapshot.devices}
        self.left_out_devices = {
            id_: home_id for id_, home_id in (known | reported).items() if home_id in self.left_out
        }
        return self.left_out != before

    def _report(self, report: DeviceReport, changes: Changes) -> None:
        known = self.devices.get(report.device.id)
        device = report.device if known is None else _with_unreadable(report, known)
        if known != device:
            self.devices[device.id] = device
            # Everything a device shows may hang on what changed: whether it is online, for one.
            changes.endpoints |= _keys(device)
            if known is None or _identity(known) != _identity(device):
                changes.devices.add(device.id)
        if known is not None:
            gone = _keys(known) - _keys(device)
            changes.endpoints |= gone
            self._forget(gone)
        for reported in report.endpoints:
            before = self.endpoints.get(reported.key)
            endpoint = with_last_known(reported, before)
            if before == endpoint:
                continue
            self.endpoints[endpoint.key] = endpoint
            changes.endpoints.add(endpoint.key)
            if before is None or _description(before) != _description(endpoint):
                changes.devices.add(device.id)

    def _remove(self, device_id: str, changes: Changes) -> None:
        device = self.devices.pop(device_id, None)
        if device is None:
            return
        keys = _keys(device)
        self._forget(keys)
        changes.endpoints |= keys
        changes.devices.add(device_id)

    def _report_home(self, home: Home, changes: Changes) -> None:
        known = self.homes.get(home.id)
        self.homes[home.id] = home
        if known is None or (known.name, known.rooms) != (home.name, home.rooms):
            changes.homes = True
        if known is not None and known.rooms != home.rooms:
            for device in self._devices_of(home.id):
                changes.devices.add(device.id)
                changes.endpoints |= _keys(device)

    def _remove_home(self, home_id: str, changes: Changes) -> None:
        left_out = self.left_out.pop(home_id, None)
        for device_id in [device_id for device_id, home in self.left_out_devices.items() if home == home_id]:
            del self.left_out_devices[device_id]
        changes.homes |= self.homes.pop(home_id, left_out) is not None
        for device in self._devices_of(home_id):
            self._remove(device.id, changes)

    def _devices_of(self, home_id: str) -> list[Device]:
        return [device for device in self.devices.values() if device.home_id == home_id]

    def _forget(self, keys: Iterable[EndpointKey]) -> None:
        for key in keys:
            self.endpoints.pop(key, None)


def _keys(device: Device) -> set[EndpointKey]:
    return {EndpointKey(device.id, endpoint_id) for endpoint_id in device.endpoint_ids}


def _with_unreadable(report: DeviceReport, known: Device) -> Device:
    """Return the device of a report, with those endpoints known before that are there and could not be decoded."""
    if not report.unreadable:
        return report.device
    there = {*report.device.endpoint_ids, *(report.unreadable & set(known.endpoint_ids))}
    # In the order that was known, so that nothing seems to have changed where nothing else did.
    endpoint_ids = tuple(
        id_ for id_ in dict.fromkeys((*known.endpoint_ids, *report.device.endpoint_ids)) if id_ in there
    )
    return replace(report.device, endpoint_ids=endpoint_ids)


def _identity(device: Device) -> tuple[object, ...]:
    """Return what Home Assistant's device registry would have to know about."""
    return (
        device.home_id,
        device.room_id,
        device.name,
        device.model,
        device.firmware,
        device.serial,
        device.endpoint_ids,
    )


def _description(endpoint: Endpoint) -> tuple[object, ...]:
    """Return everything of an endpoint but its state."""
    return (type(endpoint), endpoint.name, endpoint.room_id, endpoint.features)
