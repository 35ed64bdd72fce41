"""The state of an account's homes, and what a snapshot, an event or a command's result does to it. Pure: no I/O.

Two positions in the account's counter of changes. `state_seq` is what the state holds. `stream_seq` is what the event
stream has told: doubled events are found by it, and the next stream resumes there. A snapshot raises only the first, so
presses, tickets and hints that it has overtaken are still told when the stream brings them.

Each endpoint also has the `seq` that its state is of. Anything that is not newer is ignored, so the results of commands,
events and snapshots may overtake each other.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from .decode import MAX_DEVICES, MAX_ENDPOINTS, MAX_HOMES
from .events import (
    AccountEvent,
    ButtonEvent,
    DeviceEvent,
    DeviceRemovedEvent,
    Event,
    EventsFrame,
    Frame,
    HeartbeatFrame,
    HelloFrame,
    HomeEvent,
    HomeRemovedEvent,
    InvalidEvent,
    StateEvent,
    TicketEvent,
)
from .models import (
    ButtonEndpoint,
    Device,
    Endpoint,
    EndpointKey,
    HomeOutline,
    Patch,
    Room,
    Snapshot,
    patched,
    with_known_features,
    with_known_values,
)

# Older presses are dropped (C-70).
PRESS_AGE_S = 10

type _Told = ButtonEvent | TicketEvent | AccountEvent


class Changes(Struct):
    """What changed."""

    # Endpoints with another state or description, new or gone, or whose device changed; and such devices.
    endpoints: set[EndpointKey] = field(default_factory=set)
    # Devices (IDs) that came, went, or are described differently.
    devices: set[str] = field(default_factory=set)
    # Homes (IDs) that came, went, or have another name, other rooms or other scenes.
    homes: set[str] = field(default_factory=set)
    # Events that are part of no state.
    events: list[_Told] = field(default_factory=list)
    # Whether the stream skipped events. A snapshot restores their effect, but not presses, tickets and hints.
    missed_events: bool = False

    @property
    def structure(self) -> bool:
        """Whether more than states changed."""
        return bool(self.devices or self.homes)


class HomeState:
    """The shown homes of an account, with their devices and endpoints."""

    def __init__(self, is_included: Callable[[str], bool] = lambda _home_id: True) -> None:
        """Create an empty state; `is_included` says whether to show a home, once for each."""
        self._is_included = is_included
        self.epoch = ""
        self.state_seq = -1
        self.stream_seq = -1
        # Whether an event could not be applied: a snapshot is needed.
        self.dirty = False
        self.homes: dict[str, HomeOutline] = {}
        # Without their endpoints, which are below by key. Another object whenever one of those is described differently.
        self.devices: dict[str, Device] = {}
        self.endpoints: dict[EndpointKey, Endpoint] = {}
        self.excluded: dict[str, HomeOutline] = {}
        # Devices and homes (IDs) of the last snapshot that exist, but could not be decoded.
        self.invalid_devices: frozenset[str] = frozenset()
        self.invalid_homes: frozenset[str] = frozenset()
        self._keys: dict[str, tuple[EndpointKey, ...]] = {}
        self._seqs: dict[EndpointKey, int] = {}
        # Devices of excluded homes with their home, and invalid ones: their events are ignored.
        self._ignored_devices: dict[str, str | None] = {}
        self._hello: HelloFrame | None = None
        self._hello_at = 0.0

    def keys_of(self, device_id: str) -> tuple[EndpointKey, ...]:
        """Return the endpoints of a device in the server's order."""
        return self._keys.get(device_id, ())

    def endpoints_of(self, device_id: str) -> Iterator[tuple[EndpointKey, Endpoint]]:
        """Iterate over the endpoints of a device in the server's order."""
        for key in self.keys_of(device_id):
            yield key, self.endpoints[key]

    def room(self, device: Device, endpoint: Endpoint | None = None) -> Room | None:
        """Return the room of an endpoint, which is its device's unless it has its own; None if there is none."""
        home = self.homes.get(device.home_id)
        if home is None:
            return None
        own = home.room(endpoint.room_id) if endpoint is not None else None
        return own or home.room(device.room_id)

    def needed_seq(self, frame: Frame) -> int | None:
        """Return the `seq` that the state must have before the frame is applied; None if it has it.

        Events are missing before the frame then, and a snapshot has what they changed.
        """
        if isinstance(frame, EventsFrame):
            needed, held = None, self.state_seq
            for event in frame.events:
                if event.seq > held + 1:
                    needed = event.seq - 1
                held = max(held, event.seq)
            return needed
        seq = int(frame.seq)
        if isinstance(frame, HelloFrame):
            is_known = frame.epoch == self.epoch and (frame.resumed or seq <= self.state_seq)
        else:
            is_known = seq <= self.state_seq
        return None if is_known else seq

    def apply(self, frame: Frame, now: float) -> Changes:
        """Apply a frame, once `needed_seq` is satisfied; `now` is monotonic time in seconds."""
        changes = Changes()
        if not isinstance(frame, EventsFrame):
            self._apply_position(frame, now, changes)
            return changes
        for event in frame.events:
            if event.seq <= self.stream_seq:
                continue
            changes.missed_events |= event.seq > self.stream_seq + 1
            self.stream_seq = event.seq
            is_new = event.seq > self.state_seq
            if is_new:
                self.state_seq = event.seq
            if isinstance(event, StateEvent):
                if is_new:
                    self._apply_state(event, changes)
            elif isinstance(event, ButtonEvent | TicketEvent | AccountEvent):
                if not isinstance(event, ButtonEvent) or self._is_recent(event, now):
                    changes.events.append(event)
            elif is_new:
                self._apply_structure(event, changes)
        return changes

    def apply_result(self, epoch: str, key: EndpointKey, seq: int, state: Patch) -> Changes:
        """Apply the whole state of an endpoint at `seq`, which a command's result holds."""
        endpoint = self.endpoints.get(key)
        if endpoint is None or isinstance(endpoint, ButtonEndpoint) or epoch != self.epoch or seq <= self._seqs[key]:
            return Changes()
        self._seqs[key] = seq
        self.endpoints[key] = replace(endpoint, state=patched(type(endpoint.state)(), state, endpoint.state))
        return Changes(endpoints={key})

    def load(self, snapshot: Snapshot) -> Changes:
        """Apply a snapshot, unless the state is newer."""
        changes = Changes()
        if snapshot.epoch != self.epoch:
            # What happened in it before the snapshot, no stream will tell.
            changes.missed_events = bool(self.epoch)
            self.epoch = snapshot.epoch
            self.stream_seq = snapshot.seq
            self._seqs = dict.fromkeys(self.endpoints, -1)
        elif snapshot.seq < self.state_seq:
            return changes
        self.state_seq = snapshot.seq
        self.dirty = False
        listed_homes = {home.id for home in snapshot.homes} | snapshot.invalid_homes
        for home_id in (self.homes.keys() | self.excluded.keys()) - listed_homes:
            self._remove_home(home_id, changes)
        for home in snapshot.homes:
            outline = HomeOutline(id=home.id, name=home.name, rooms=home.rooms, scenes=home.scenes)
            self._set_home(outline, changes)
        self.invalid_devices, self.invalid_homes = snapshot.invalid_devices, snapshot.invalid_homes
        self._ignored_devices = dict.fromkeys(snapshot.invalid_devices)
        listed = {device.id for home in snapshot.homes for device in home.devices} | snapshot.invalid_devices
        for device in [*self.devices.values()]:
            if device.id not in listed and device.home_id not in snapshot.invalid_homes:
                self._remove_device(device.id, changes)
        seen: set[str] = set()
        for home in snapshot.homes:
            for device in home.devices:
                if device.id not in seen:
                    seen.add(device.id)
                    self._set_device(replace(device, home_id=home.id), snapshot.seq, changes)
        return changes

    def _apply_position(self, frame: HelloFrame | HeartbeatFrame, now: float, changes: Changes) -> None:
        seq = int(frame.seq)
        if isinstance(frame, HeartbeatFrame):
            changes.missed_events = seq > self.stream_seq
            self.stream_seq = max(self.stream_seq, seq)
            return
        self._hello, self._hello_at = frame, now
        if not frame.resumed:
            changes.missed_events = True
            self.stream_seq = seq

    def _apply_structure(self, event: Event, changes: Changes) -> None:
        match event:
            case DeviceEvent():
                self._set_device(event.device, event.seq, changes)
            case DeviceRemovedEvent():
                self._ignored_devices.pop(event.device_id, None)
                self._remove_device(event.device_id, changes)
            case HomeEvent():
                self._set_home(event.home, changes)
            case HomeRemovedEvent():
                self._remove_home(event.home_id, changes)
            case InvalidEvent():
                self.dirty = True

    def _apply_state(self, event: StateEvent, changes: Changes) -> None:
        key = EndpointKey(event.device_id, event.endpoint_id)
        endpoint = self.endpoints.get(key)
        if endpoint is None:
            # An unknown endpoint of a known device is of an unknown type.
            if event.device_id not in self.devices and event.device_id not in self._ignored_devices:
                self.dirty = True
        elif event.seq > self._seqs[key] and not isinstance(endpoint, ButtonEndpoint):
            self._seqs[key] = event.seq
            self.endpoints[key] = replace(endpoint, state=patched(endpoint.state, event.state, endpoint.state))
            changes.endpoints.add(key)

    def _is_recent(self, event: ButtonEvent, now: float) -> bool:
        if self._hello is None or self._hello.at is None or event.at is None:
            return True
        # By the server's clock: ours may be wrong.
        return now - self._hello_at - (event.at - self._hello.at).total_seconds() <= PRESS_AGE_S

    def _set_home(self, home: HomeOutline, changes: Changes) -> None:
        if home.id in self.homes:
            homes = self.homes
        elif home.id in self.excluded:
            homes = self.excluded
        elif len(self.homes) + len(self.excluded) >= MAX_HOMES:
            self.dirty = True  # a snapshot of so many is refused
            return
        else:
            homes = self.homes if self._is_included(home.id) else self.excluded
        if homes.get(home.id) != home:
            homes[home.id] = home
            changes.homes.add(home.id)

    def _remove_home(self, home_id: str, changes: Changes) -> None:
        if self.homes.pop(home_id, None) or self.excluded.pop(home_id, None):
            changes.homes.add(home_id)
        for device in [*self.devices.values()]:
            if device.home_id == home_id:
                self._remove_device(device.id, changes)
        self._ignored_devices = {id_: home for id_, home in self._ignored_devices.items() if home != home_id}

    def _set_device(self, device: Device, seq: int, changes: Changes) -> None:
        if device.home_id not in self.homes:
            if device.home_id in self.excluded and len(self._ignored_devices) < MAX_DEVICES:
                self._ignored_devices[device.id] = device.home_id
                self._remove_device(device.id, changes)
            else:
                self.dirty = True
            return
        known = self.devices.get(device.id)
        if known is None and (len(self.devices) >= MAX_DEVICES or len(self.endpoints) >= MAX_ENDPOINTS):
            self.dirty = True  # a snapshot of so many is refused
            return
        endpoints = {EndpointKey(device.id, endpoint.id): endpoint for endpoint in device.endpoints}
        keys, known_keys = tuple(endpoints), self.keys_of(device.id)
        description = replace(device, endpoints=())
        if known != description:
            changes.endpoints.update(keys, (EndpointKey(device.id),))
        if (
            known is None
            or known.identity != description.identity
            or not description.reported <= known.reported
            or keys != known_keys
        ):
            self._keys[device.id] = keys
            changes.devices.add(device.id)
            self._remove_endpoints(set(known_keys).difference(keys), changes)
        for key, endpoint in endpoints.items():
            self._set_endpoint(key, endpoint, seq, changes)
        if known != description or device.id in changes.devices:
            self.devices[device.id] = description

    def _set_endpoint(self, key: EndpointKey, endpoint: Endpoint, seq: int, changes: Changes) -> None:
        before = self.endpoints.get(key)
        endpoint = with_known_features(endpoint, before)
        known = None if before is None or isinstance(before, ButtonEndpoint) else before.state
        if isinstance(endpoint, ButtonEndpoint):
            self._seqs[key] = seq
        elif type(known) is type(endpoint.state) and seq <= self._seqs[key]:
            endpoint = replace(endpoint, state=known)
        else:
            self._seqs[key] = seq
            endpoint = replace(endpoint, state=with_known_values(endpoint.state, known))
        if before == endpoint:
            return
        self.endpoints[key] = endpoint
        changes.endpoints.add(key)
        if before is None or before.description != endpoint.description:
            changes.devices.add(key.device_id)

    def _remove_device(self, device_id: str, changes: Changes) -> None:
        if self.devices.pop(device_id, None) is not None:
            changes.devices.add(device_id)
            self._remove_endpoints(self._keys.pop(device_id), changes)

    def _remove_endpoints(self, keys: set[EndpointKey] | tuple[EndpointKey, ...], changes: Changes) -> None:
        for key in keys:
            del self.endpoints[key], self._seqs[key]
            changes.endpoints.add(key)
