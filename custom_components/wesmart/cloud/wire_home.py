"""From the wire to the model: snapshots, devices and states are decoded and checked here, once. Pure.

Unknown fields are ignored, and what makes no sense is left out while its neighbours stay ("Growing without breaking"):
a field of an object, and only where the object could not be told from others, the object. Of that one the id is
reported, if it can be read, so that nobody takes it for removed.
"""

from collections.abc import Iterable, Iterator
import logging
from typing import Annotated, TypedDict

import msgspec
from msgspec import Meta, Raw, Struct
from msgspec.structs import replace

from .errors import DECODE_ERRORS, UnexpectedAnswerError
from .lenient import LenientDecoder
from .models import (
    ButtonEndpoint,
    ButtonFeatures,
    CurtainEndpoint,
    CurtainFeatures,
    CurtainState,
    Device,
    Endpoint,
    EndpointKey,
    Home,
    LightEndpoint,
    LightFeatures,
    LightMode,
    LightState,
    Motion,
    Position,
    Room,
    Scene,
    SwitchEndpoint,
    SwitchFeatures,
    SwitchState,
)

_LOGGER = logging.getLogger(__name__)

# Whole numbers may be spelled as floats; above 2^53 they would not be whole any more (contract, "Snapshot and events").
type WholeNumber = Annotated[float, Meta(ge=0, lt=2**53, multiple_of=1)]
type Id = Annotated[str, Meta(min_length=1)]

_PERCENT = Meta(ge=0, le=100)


class Patch(TypedDict, total=False):
    """The fields of a state that were sent, whatever type its endpoint is of: absent means unchanged, None unknown."""

    # switch, light
    on: bool | None
    # switch
    power_w: float | None
    energy_kwh: Annotated[float, Meta(ge=0)] | None
    # light
    mode: LightMode | None
    brightness: Annotated[float, Meta(ge=1, le=100)] | None
    color_temp_kelvin: Annotated[float, Meta(gt=0, le=100_000)] | None
    hue: Annotated[float, Meta(ge=0, le=360)] | None
    saturation: Annotated[float, _PERCENT] | None
    effect: str | None
    # curtain
    position: Annotated[float, _PERCENT] | None
    tilt: Annotated[float, _PERCENT] | None
    motion: Motion | None


class _WireId(Struct):
    id: Id


class _WireEndpoint(Struct):
    id: Id
    type: str
    name: str | None = None
    room_id: str | None = None
    features: Raw = Raw(b"{}")
    state: Raw = Raw(b"{}")


class _WireDevice(Struct):
    id: Id
    home_id: str
    online: bool = False  # unknown is shown as offline: nothing is claimed then
    room_id: str | None = None
    name: str | None = None
    model: str | None = None
    firmware: str | None = None
    serial: str | None = None
    identify: bool = False
    signal_dbm: float | None = None
    battery_percent: float | None = None
    endpoints: list[Raw] = []


class _WireHome(Struct):
    id: Id
    name: str | None = None
    rooms: list[Raw] = []
    scenes: list[Raw] = []
    devices: list[Raw] = []


class _WireSnapshot(Struct):
    epoch: str
    seq: WholeNumber
    homes: list[Raw]


class DeviceReport(Struct, frozen=True):
    """A device and, apart from it, its endpoints: states change much more often than devices.

    The endpoints `unreadable` (ids) are there, but could not be decoded.
    """

    device: Device
    endpoints: tuple[Endpoint, ...]
    unreadable: frozenset[str] = frozenset()


class Snapshot(Struct, frozen=True):
    """Everything the account can see, at one position.

    The devices `unreadable` (ids) and the `unreadable_homes` with all in them are there, but could not be decoded.
    """

    position: Position
    homes: tuple[Home, ...]
    devices: tuple[DeviceReport, ...]
    unreadable: frozenset[str] = frozenset()
    unreadable_homes: frozenset[str] = frozenset()


_id_decoder = msgspec.json.Decoder(_WireId)
# What is in a box is never taken for nothing: a device without endpoints, or a home without devices, would lose them.
_device_decoder = LenientDecoder(msgspec.json.Decoder(_WireDevice), "device", essential=("endpoints",))
_home_decoder = LenientDecoder(msgspec.json.Decoder(_WireHome), "home", essential=("devices",))
_snapshot_decoder = msgspec.json.Decoder(_WireSnapshot)
_endpoint_decoder = LenientDecoder(msgspec.json.Decoder(_WireEndpoint), "endpoint")
_room_decoder = LenientDecoder(msgspec.json.Decoder(Room), "room")
_scene_decoder = LenientDecoder(msgspec.json.Decoder(Scene), "scene")
_switch_features_decoder = LenientDecoder(msgspec.json.Decoder(SwitchFeatures), "switch's features")
_light_features_decoder = LenientDecoder(msgspec.json.Decoder(LightFeatures), "light's features")
_curtain_features_decoder = LenientDecoder(msgspec.json.Decoder(CurtainFeatures), "curtain's features")
_button_features_decoder = LenientDecoder(msgspec.json.Decoder(ButtonFeatures), "button's features")
_patch_decoder = LenientDecoder(msgspec.json.Decoder(Patch), "state")


def decode_snapshot(body: bytes) -> Snapshot:
    """Return what `GET /snapshot` answered; raises UnexpectedAnswerError."""
    try:
        wire = _snapshot_decoder.decode(body)
    except DECODE_ERRORS as err:
        raise UnexpectedAnswerError(f"the snapshot makes no sense ({type(err).__name__})") from None
    homes: list[Home] = []
    devices: list[DeviceReport] = []
    unreadable: set[str] = set()
    unreadable_homes: set[str] = set()
    for raw_home in wire.homes:
        try:
            home = _home_decoder.decode(raw_home)
        except DECODE_ERRORS as err:
            ids = _left_out("a home", raw_home)
            if not ids:
                # It may be any home: all that is known could be gone by mistake.
                raise UnexpectedAnswerError(f"the snapshot makes no sense ({type(err).__name__})") from None
            unreadable_homes |= ids
            continue
        homes.append(_home(home))
        for raw in home.devices:
            try:
                devices.append(decode_device(raw))
            except DECODE_ERRORS:
                unreadable |= _left_out("a device", raw)
    return Snapshot(
        position=Position(wire.epoch, int(wire.seq)),
        homes=tuple(homes),
        devices=tuple(devices),
        unreadable=frozenset(unreadable),
        unreadable_homes=frozenset(unreadable_homes),
    )


def decode_home(raw: bytes | Raw, *, whole: bool = False) -> Home:
    """Return a home without its devices; raises one of DECODE_ERRORS, and with `whole` rather than leave anything out."""
    return _home(_home_decoder.decode(raw, whole=whole), whole)


def decode_device(raw: bytes | Raw, *, whole: bool = False) -> DeviceReport:
    """Return a device; raises one of DECODE_ERRORS, and with `whole` rather than leave anything out.

    A mode or a motion from the future is UNKNOWN in it: see `with_last_known`.
    """
    wire = _device_decoder.decode(raw, whole=whole)
    endpoints: dict[str, Endpoint] = {}
    unreadable: set[str] = set()
    for raw_endpoint in wire.endpoints:
        try:
            endpoint = _endpoint(wire.id, _endpoint_decoder.decode(raw_endpoint, whole=whole), whole)
        except DECODE_ERRORS:
            if whole:
                raise
            unreadable |= _left_out("an endpoint", raw_endpoint)
            continue
        if endpoint is not None:
            endpoints[endpoint.key.endpoint_id] = endpoint
    return DeviceReport(
        device=Device(
            id=wire.id,
            home_id=wire.home_id,
            room_id=wire.room_id,
            name=wire.name or None,
            model=wire.model or None,
            firmware=wire.firmware or None,
            serial=wire.serial or None,
            online=wire.online,
            identify=wire.identify,
            signal_dbm=wire.signal_dbm,
            battery_percent=wire.battery_percent,
            endpoint_ids=tuple(endpoints),
        ),
        endpoints=tuple(endpoints.values()),
        unreadable=frozenset(unreadable),
    )


def decode_patch(raw: bytes | Raw) -> Patch:
    """Return a partial state without what in it makes no sense; raises one of DECODE_ERRORS."""
    return _patch_decoder.decode(raw)


def patched[EndpointT: Endpoint](endpoint: EndpointT, patch: Patch) -> EndpointT | None:
    """Return the endpoint with the fields of a partial state applied; None where it has no state."""
    state = endpoint.state
    return None if state is None else replace(endpoint, state=_patched(state, patch))


def with_last_known(endpoint: Endpoint, before: Endpoint | None) -> Endpoint:
    """Return a reported endpoint with what was known of it `before`, where it is said in a value from the future."""
    match endpoint:
        case LightEndpoint(state=state) if state.mode is LightMode.UNKNOWN:
            mode = before.state.mode if isinstance(before, LightEndpoint) else None
            return replace(endpoint, state=replace(state, mode=mode))
        case CurtainEndpoint(state=state) if state.motion is Motion.UNKNOWN:
            motion = before.state.motion if isinstance(before, CurtainEndpoint) else None
            return replace(endpoint, state=replace(state, motion=motion))
    return endpoint


def _home(wire: _WireHome, whole: bool = False) -> Home:
    rooms = tuple(_sensible(_room_decoder, "a room", wire.rooms, whole))
    scenes = tuple(_sensible(_scene_decoder, "a scene", wire.scenes, whole))
    return Home(id=wire.id, name=wire.name, rooms=rooms, scenes=scenes)


def _sensible[T](decoder: LenientDecoder[T], what: str, parts: Iterable[Raw], whole: bool) -> Iterator[T]:
    for raw in parts:
        try:
            yield decoder.decode(raw, whole=whole)
        except DECODE_ERRORS:
            if whole:
                raise
            _left_out(what, raw)


def _left_out(what: str, raw: Raw) -> set[str]:
    """Log that something could not be decoded; return its id, if that can be."""
    # Debug, because the next poll brings it again.
    _LOGGER.debug("Left out %s that makes no sense", what)
    try:
        return {_id_decoder.decode(raw).id}
    except DECODE_ERRORS:
        return set()


def _endpoint(device_id: str, wire: _WireEndpoint, whole: bool) -> Endpoint | None:
    key, name, room_id = EndpointKey(device_id, wire.id), wire.name or None, wire.room_id
    match wire.type:
        case "switch":
            return SwitchEndpoint(
                key=key,
                name=name,
                room_id=room_id,
                features=_part(_switch_features_decoder, wire.features, whole),
                state=_replaced(SwitchState(), _part(_patch_decoder, wire.state, whole)),
            )
        case "light":
            return LightEndpoint(
                key=key,
                name=name,
                room_id=room_id,
                features=_part(_light_features_decoder, wire.features, whole),
                state=_replaced(LightState(), _part(_patch_decoder, wire.state, whole)),
            )
        case "curtain":
            return CurtainEndpoint(
                key=key,
                name=name,
                room_id=room_id,
                features=_part(_curtain_features_decoder, wire.features, whole),
                state=_replaced(CurtainState(), _part(_patch_decoder, wire.state, whole)),
            )
        case "button":
            features = _part(_button_features_decoder, wire.features, whole)
            return ButtonEndpoint(key=key, name=name, room_id=room_id, features=features)
    _LOGGER.debug("Ignored endpoint %s of unknown type %s", wire.id, wire.type)
    return None


def _part[T](decoder: LenientDecoder[T], raw: Raw, whole: bool) -> T:
    """Return the features or the state of an endpoint; those of one that says nothing, where they make no sense."""
    try:
        return decoder.decode(raw, whole=whole)
    except DECODE_ERRORS:
        if whole:
            raise
        _LOGGER.debug("Left out the %s of an endpoint, which makes no sense", decoder.name)
        return decoder.decode(b"{}")


def _patched[StateT: SwitchState | LightState | CurtainState](state: StateT, patch: Patch) -> StateT:
    # Values a newer cloud may know and we do not: the field keeps its last known value.
    if patch.get("mode") is LightMode.UNKNOWN:
        del patch["mode"]
    if patch.get("motion") is Motion.UNKNOWN:
        del patch["motion"]
    return _replaced(state, patch)


def _replaced[StateT: SwitchState | LightState | CurtainState](state: StateT, patch: Patch) -> StateT:
    try:
        return replace(state, **patch)
    except TypeError:
        # With fields of another type of endpoint: a newer cloud may have given them to this one, too.
        return replace(state, **{name: value for name, value in patch.items() if name in state.__struct_fields__})
