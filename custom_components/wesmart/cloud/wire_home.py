"""From the wire to the model: snapshots, devices and states are decoded and checked here, once. Pure.

Unknown fields are ignored, and what makes no sense is left out while its neighbours stay ("Growing without breaking").
"""

import logging
from typing import Annotated, TypedDict

import msgspec
from msgspec import Meta, Raw, Struct

from .errors import DECODE_ERRORS, UnexpectedAnswerError
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

# The fields of a state that were sent: absent means unchanged, None means unknown.
type Patch = dict[str, object]


class _SwitchPatch(TypedDict, total=False):
    on: bool | None
    power_w: float | None
    energy_kwh: Annotated[float, Meta(ge=0)] | None


class _LightPatch(TypedDict, total=False):
    on: bool | None
    mode: LightMode | None
    brightness: Annotated[float, Meta(ge=1, le=100)] | None
    color_temp_kelvin: Annotated[float, Meta(gt=0, le=100_000)] | None
    hue: Annotated[float, Meta(ge=0, le=360)] | None
    saturation: Annotated[float, _PERCENT] | None
    effect: str | None


class _CurtainPatch(TypedDict, total=False):
    position: Annotated[float, _PERCENT] | None
    tilt: Annotated[float, _PERCENT] | None
    motion: Motion | None


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
    online: bool
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
    rooms: list[Room] = []
    scenes: list[Scene] = []
    devices: list[Raw] = []


class _WireSnapshot(Struct):
    epoch: str
    seq: WholeNumber
    homes: list[_WireHome]


class DeviceReport(Struct, frozen=True):
    """A device and, apart from it, its endpoints: states change much more often than devices."""

    device: Device
    endpoints: tuple[Endpoint, ...]


class Snapshot(Struct, frozen=True):
    """Everything the account can see, at one position."""

    position: Position
    homes: tuple[Home, ...]
    devices: tuple[DeviceReport, ...]


_endpoint_decoder = msgspec.json.Decoder(_WireEndpoint)
_device_decoder = msgspec.json.Decoder(_WireDevice)
_home_decoder = msgspec.json.Decoder(_WireHome)
_snapshot_decoder = msgspec.json.Decoder(_WireSnapshot)
_switch_features_decoder = msgspec.json.Decoder(SwitchFeatures)
_light_features_decoder = msgspec.json.Decoder(LightFeatures)
_curtain_features_decoder = msgspec.json.Decoder(CurtainFeatures)
_button_features_decoder = msgspec.json.Decoder(ButtonFeatures)
# The types of the patches are checked by the decoder; to the rest of the code a patch is a mapping.
_switch_patch_decoder: msgspec.json.Decoder[Patch] = msgspec.json.Decoder(_SwitchPatch)
_light_patch_decoder: msgspec.json.Decoder[Patch] = msgspec.json.Decoder(_LightPatch)
_curtain_patch_decoder: msgspec.json.Decoder[Patch] = msgspec.json.Decoder(_CurtainPatch)


def decode_snapshot(body: bytes) -> Snapshot:
    """Return what `GET /snapshot` answered; raises UnexpectedAnswerError."""
    try:
        wire = _snapshot_decoder.decode(body)
    except DECODE_ERRORS as err:
        raise UnexpectedAnswerError(f"the snapshot makes no sense ({type(err).__name__})") from None
    devices = []
    for home in wire.homes:
        for raw in home.devices:
            try:
                devices.append(decode_device(raw))
            except DECODE_ERRORS as err:
                _LOGGER.warning("Left out a device that makes no sense (%s)", type(err).__name__)
    position = Position(wire.epoch, int(wire.seq))
    return Snapshot(position, tuple(map(_home, wire.homes)), tuple(devices))


def decode_home(raw: bytes | Raw) -> Home:
    """Return a home without its devices; raises one of DECODE_ERRORS."""
    return _home(_home_decoder.decode(raw))


def decode_device(raw: bytes | Raw) -> DeviceReport:
    """Return a device; raises one of DECODE_ERRORS."""
    wire = _device_decoder.decode(raw)
    endpoints = {}
    for raw_endpoint in wire.endpoints:
        if endpoint := _decode_endpoint(wire.id, raw_endpoint):
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
    )


def decode_patch(endpoint: Endpoint, raw: bytes | Raw) -> Endpoint | None:
    """Return the endpoint with the fields of a partial state applied; None where the state makes no sense for it."""
    try:
        state: SwitchState | LightState | CurtainState
        match endpoint:
            case SwitchEndpoint():
                state = _patched(endpoint.state, _switch_patch_decoder, raw)
            case LightEndpoint():
                state = _patched(endpoint.state, _light_patch_decoder, raw)
            case CurtainEndpoint():
                state = _patched(endpoint.state, _curtain_patch_decoder, raw)
            case _:
                return None
    except DECODE_ERRORS:
        return None
    return msgspec.structs.replace(endpoint, state=state)


def _home(wire: _WireHome) -> Home:
    return Home(id=wire.id, name=wire.name, rooms=tuple(wire.rooms), scenes=tuple(wire.scenes))


def _decode_endpoint(device_id: str, raw: Raw) -> Endpoint | None:
    try:
        wire = _endpoint_decoder.decode(raw)
        return _build_endpoint(device_id, wire)
    except DECODE_ERRORS as err:
        _LOGGER.warning("Left out an endpoint of device %s that makes no sense (%s)", device_id, type(err).__name__)
        return None


def _build_endpoint(device_id: str, wire: _WireEndpoint) -> Endpoint | None:
    key, name, room_id = EndpointKey(device_id, wire.id), wire.name or None, wire.room_id
    match wire.type:
        case "switch":
            return SwitchEndpoint(
                key=key,
                name=name,
                room_id=room_id,
                features=_switch_features_decoder.decode(wire.features),
                state=_patched(SwitchState(), _switch_patch_decoder, wire.state),
            )
        case "light":
            return LightEndpoint(
                key=key,
                name=name,
                room_id=room_id,
                features=_light_features_decoder.decode(wire.features),
                state=_patched(LightState(), _light_patch_decoder, wire.state),
            )
        case "curtain":
            return CurtainEndpoint(
                key=key,
                name=name,
                room_id=room_id,
                features=_curtain_features_decoder.decode(wire.features),
                state=_patched(CurtainState(), _curtain_patch_decoder, wire.state),
            )
        case "button":
            features = _button_features_decoder.decode(wire.features)
            return ButtonEndpoint(key=key, name=name, room_id=room_id, features=features)
    _LOGGER.debug("Ignored endpoint %s of unknown type %s", wire.id, wire.type)
    return None


def _patched[StateT: SwitchState | LightState | CurtainState](
    state: StateT, decoder: msgspec.json.Decoder[Patch], raw: bytes | Raw
) -> StateT:
    patch = decoder.decode(raw)
    # Values a newer cloud may know and we do not: the field keeps its last known value.
    if patch.get("mode") is LightMode.UNKNOWN:
        del patch["mode"]
    if patch.get("motion") is Motion.UNKNOWN:
        del patch["motion"]
    return msgspec.structs.replace(state, **patch)
