"""msgspec: typed structs, decoded in one pass; endpoints in a second one, once their type is known.

A tagged union would decode them in the first pass, but fails the whole snapshot for one unknown tag.
"""

import msgspec
from msgspec import Raw, Struct


class Unknown(Struct, frozen=True, kw_only=True):
    """What all endpoints have; alone it is an endpoint of a type we do not know."""

    id: str
    type: str
    name: str | None = None
    room_id: str | None = None


class SwitchFeatures(Struct, frozen=True, kw_only=True):
    """What a switch can do."""

    outlet: bool = False
    metering: bool = False


class SwitchState(Struct, frozen=True, kw_only=True):
    """How a switch is."""

    on: bool | None = None
    power_w: float | None = None
    energy_kwh: float | None = None


class Switch(Unknown, frozen=True, kw_only=True):
    """One gang or outlet."""

    features: SwitchFeatures
    state: SwitchState


class ColorTemp(Struct, frozen=True, kw_only=True):
    """The white tones of a lamp."""

    min_kelvin: float
    max_kelvin: float


class LightFeatures(Struct, frozen=True, kw_only=True):
    """What a light can do."""

    brightness: bool = False
    color_temp: ColorTemp | None = None
    color: bool = False
    effects: tuple[str, ...] = ()
    transition: bool = False


class LightState(Struct, frozen=True, kw_only=True):
    """How a light is."""

    on: bool | None = None
    mode: str | None = None
    brightness: float | None = None
    color_temp_kelvin: float | None = None
    hue: float | None = None
    saturation: float | None = None
    effect: str | None = None


class Light(Unknown, frozen=True, kw_only=True):
    """One lamp."""

    features: LightFeatures
    state: LightState


class CurtainFeatures(Struct, frozen=True, kw_only=True):
    """What a curtain can do."""

    kind: str
    position: bool = False
    tilt: bool = False
    stop: bool = False


class CurtainState(Struct, frozen=True, kw_only=True):
    """How a curtain is."""

    position: float | None = None
    tilt: float | None = None
    motion: str | None = None


class Curtain(Unknown, frozen=True, kw_only=True):
    """One motor."""

    features: CurtainFeatures
    state: CurtainState


class DeviceFacts(Struct, frozen=True, kw_only=True):
    """A device without its endpoints."""

    id: str
    home_id: str
    room_id: str | None
    name: str | None
    model: str
    firmware: str
    serial: str
    online: bool
    identify: bool
    signal_dbm: float | None = None
    battery_percent: float | None = None


class WireDevice(DeviceFacts, frozen=True, kw_only=True):
    """A device as sent, its endpoints not yet decoded."""

    endpoints: list[Raw]


class Device(DeviceFacts, frozen=True, kw_only=True):
    """A device."""

    endpoints: tuple[Unknown, ...]


class Named(Struct, frozen=True, kw_only=True):
    """A room or a scene."""

    id: str
    name: str


class WireHome(Named, frozen=True, kw_only=True):
    """A home as sent."""

    rooms: tuple[Named, ...]
    scenes: tuple[Named, ...]
    devices: list[WireDevice]


class Home(Named, frozen=True, kw_only=True):
    """A home."""

    rooms: tuple[Named, ...]
    scenes: tuple[Named, ...]
    devices: tuple[Device, ...]


class WireSnapshot(Struct, frozen=True, kw_only=True):
    """A snapshot as sent."""

    epoch: str
    seq: float
    homes: list[WireHome]


class Snapshot(Struct, frozen=True, kw_only=True):
    """A snapshot."""

    epoch: str
    seq: float
    homes: tuple[Home, ...]


class _Kind(Struct):
    type: str


SNAPSHOT = msgspec.json.Decoder(WireSnapshot)
KIND = msgspec.json.Decoder(_Kind)
UNKNOWN: msgspec.json.Decoder[Unknown] = msgspec.json.Decoder(Unknown)
ENDPOINTS: dict[str, msgspec.json.Decoder[Switch] | msgspec.json.Decoder[Light] | msgspec.json.Decoder[Curtain]] = {
    "switch": msgspec.json.Decoder(Switch),
    "light": msgspec.json.Decoder(Light),
    "curtain": msgspec.json.Decoder(Curtain),
}


def decode(data: bytes) -> Snapshot:
    """Return the snapshot that `data` holds; raises msgspec.ValidationError."""
    wire = SNAPSHOT.decode(data)
    return Snapshot(epoch=wire.epoch, seq=wire.seq, homes=tuple(map(_home, wire.homes)))


def _home(wire: WireHome) -> Home:
    devices = tuple(map(_device, wire.devices))
    return Home(id=wire.id, name=wire.name, rooms=wire.rooms, scenes=wire.scenes, devices=devices)


def _device(wire: WireDevice) -> Device:
    return Device(
        id=wire.id,
        home_id=wire.home_id,
        room_id=wire.room_id,
        name=wire.name,
        model=wire.model,
        firmware=wire.firmware,
        serial=wire.serial,
        online=wire.online,
        identify=wire.identify,
        signal_dbm=wire.signal_dbm,
        battery_percent=wire.battery_percent,
        endpoints=tuple(map(_endpoint, wire.endpoints)),
    )


def _endpoint(raw: Raw) -> Unknown:
    return ENDPOINTS.get(KIND.decode(raw).type, UNKNOWN).decode(raw)
