"""pydantic: strict models, decoded by its own JSON parser; endpoints are told apart by their type."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Discriminator, Tag


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class Unknown(_Strict):
    """What all endpoints have; alone it is an endpoint of a type we do not know."""

    id: str
    type: str
    name: str | None = None
    room_id: str | None = None


class SwitchFeatures(_Strict):
    """What a switch can do."""

    outlet: bool = False
    metering: bool = False


class SwitchState(_Strict):
    """How a switch is."""

    on: bool | None = None
    power_w: float | None = None
    energy_kwh: float | None = None


class Switch(Unknown):
    """One gang or outlet."""

    features: SwitchFeatures
    state: SwitchState


class ColorTemp(_Strict):
    """The white tones of a lamp."""

    min_kelvin: float
    max_kelvin: float


class LightFeatures(_Strict):
    """What a light can do."""

    brightness: bool = False
    color_temp: ColorTemp | None = None
    color: bool = False
    effects: tuple[str, ...] = ()
    transition: bool = False


class LightState(_Strict):
    """How a light is."""

    on: bool | None = None
    mode: str | None = None
    brightness: float | None = None
    color_temp_kelvin: float | None = None
    hue: float | None = None
    saturation: float | None = None
    effect: str | None = None


class Light(Unknown):
    """One lamp."""

    features: LightFeatures
    state: LightState


class CurtainFeatures(_Strict):
    """What a curtain can do."""

    kind: str
    position: bool = False
    tilt: bool = False
    stop: bool = False


class CurtainState(_Strict):
    """How a curtain is."""

    position: float | None = None
    tilt: float | None = None
    motion: str | None = None


class Curtain(Unknown):
    """One motor."""

    features: CurtainFeatures
    state: CurtainState


def _tag(fields: dict[str, object]) -> str:
    kind = fields.get("type")
    return kind if isinstance(kind, str) and kind in ("switch", "light", "curtain") else "unknown"


type Endpoint = Annotated[
    Annotated[Switch, Tag("switch")]
    | Annotated[Light, Tag("light")]
    | Annotated[Curtain, Tag("curtain")]
    | Annotated[Unknown, Tag("unknown")],
    Discriminator(_tag),
]


class Device(_Strict):
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
    endpoints: tuple[Endpoint, ...]


class Named(_Strict):
    """A room or a scene."""

    id: str
    name: str


class Home(Named):
    """A home."""

    rooms: tuple[Named, ...]
    scenes: tuple[Named, ...]
    devices: tuple[Device, ...]


class Snapshot(_Strict):
    """A snapshot."""

    epoch: str
    seq: float
    homes: tuple[Home, ...]


def decode(data: bytes) -> Snapshot:
    """Return the snapshot that `data` holds; raises pydantic.ValidationError, which is a ValueError."""
    return Snapshot.model_validate_json(data)
