"""The dataclasses that orjson with checks by hand, and mashumaro, both fill."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """What all endpoints have; alone it is an endpoint of a type we do not know."""

    id: str
    type: str
    name: str | None = None
    room_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchFeatures:
    """What a switch can do."""

    outlet: bool = False
    metering: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchState:
    """How a switch is."""

    on: bool | None = None
    power_w: float | None = None
    energy_kwh: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch(Unknown):
    """One gang or outlet."""

    features: SwitchFeatures
    state: SwitchState


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorTemp:
    """The white tones of a lamp."""

    min_kelvin: float
    max_kelvin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LightFeatures:
    """What a light can do."""

    brightness: bool = False
    color_temp: ColorTemp | None = None
    color: bool = False
    effects: tuple[str, ...] = ()
    transition: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LightState:
    """How a light is."""

    on: bool | None = None
    mode: str | None = None
    brightness: float | None = None
    color_temp_kelvin: float | None = None
    hue: float | None = None
    saturation: float | None = None
    effect: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Light(Unknown):
    """One lamp."""

    features: LightFeatures
    state: LightState


@dataclass(frozen=True, slots=True, kw_only=True)
class CurtainFeatures:
    """What a curtain can do."""

    kind: str
    position: bool = False
    tilt: bool = False
    stop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CurtainState:
    """How a curtain is."""

    position: float | None = None
    tilt: float | None = None
    motion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curtain(Unknown):
    """One motor."""

    features: CurtainFeatures
    state: CurtainState


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device."""

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
    endpoints: tuple[Unknown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A room or a scene."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Home(Named):
    """A home."""

    rooms: tuple[Named, ...]
    scenes: tuple[Named, ...]
    devices: tuple[Device, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A snapshot."""

    epoch: str
    seq: float
    homes: tuple[Home, ...]
