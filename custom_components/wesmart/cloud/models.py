"""The home as the contract describes it: typed, immutable, and free of the names on the wire.

Numbers of the contract come as integers or floats (section "The WeSMART cloud contract"); here they are floats, in the
unit and range their comment says. None means unknown.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple, Self, override

from msgspec import Meta, Struct


class EndpointKey(NamedTuple):
    """Names one endpoint of an account."""

    device_id: str
    endpoint_id: str


class Position(NamedTuple):
    """A place in the account's one counter; places of different epochs do not compare."""

    epoch: str
    seq: int


# Where a client is that never had a snapshot.
NOWHERE = Position("", -1)


class _Growing(StrEnum):
    """Values that a newer cloud may add to: what is not known yet is UNKNOWN, the empty one, which each of these has."""

    @classmethod
    @override
    def _missing_(cls, value: object) -> Self:
        return cls("")


class LightMode(_Growing):
    """What a light shows while it is on."""

    WHITE = "white"
    COLOR = "color"
    EFFECT = "effect"
    UNKNOWN = ""


class Motion(_Growing):
    """What a curtain is doing."""

    OPENING = "opening"
    CLOSING = "closing"
    STOPPED = "stopped"
    UNKNOWN = ""

    @property
    def moves(self) -> bool:
        """Whether it is on its way."""
        return self in (Motion.OPENING, Motion.CLOSING)

    @property
    def opposite(self) -> Motion:
        """The other way; of what does not move, the same."""
        match self:
            case Motion.OPENING:
                return Motion.CLOSING
            case Motion.CLOSING:
                return Motion.OPENING
        return self


class CurtainKind(_Growing):
    """How a curtain is built."""

    CURTAIN = "curtain"
    ROLLER = "roller"
    BLIND = "blind"
    SHUTTER = "shutter"
    AWNING = "awning"
    UNKNOWN = ""


class ColorTemperatureRange(Struct, frozen=True, kw_only=True):
    """The whites a light can show, in kelvin."""

    min_kelvin: float
    max_kelvin: float


class SwitchFeatures(Struct, frozen=True, kw_only=True):
    """What a switch can do."""

    outlet: bool = False
    metering: bool = False


class LightFeatures(Struct, frozen=True, kw_only=True):
    """What a light can do."""

    brightness: bool = False
    color_temp: ColorTemperatureRange | None = None
    color: bool = False
    effects: tuple[str, ...] = ()
    transition: bool = False


class CurtainFeatures(Struct, frozen=True, kw_only=True):
    """What a curtain can do; without `position` it takes only 0 and 100."""

    kind: CurtainKind = CurtainKind.CURTAIN
    position: bool = False
    tilt: bool = False
    stop: bool = False


class ButtonFeatures(Struct, frozen=True, kw_only=True):
    """The presses a button can tell apart."""

    presses: tuple[str, ...] = ()


class SwitchState(Struct, frozen=True, kw_only=True):
    """What a switch does now."""

    on: bool | None = None
    power_w: float | None = None
    energy_kwh: float | None = None  # lifetime total


class LightState(Struct, frozen=True, kw_only=True):
    """What a light does now; everything but `on` is kept while it is off."""

    on: bool | None = None
    mode: LightMode | None = None
    brightness: float | None = None  # 1-100
    color_temp_kelvin: float | None = None
    hue: float | None = None  # 0-360
    saturation: float | None = None  # 0-100
    effect: str | None = None


class CurtainState(Struct, frozen=True, kw_only=True):
    """Where a curtain is; 100 is fully open."""

    position: float | None = None  # 0-100
    tilt: float | None = None  # 0-100
    motion: Motion | None = None


class Endpoint(Struct, frozen=True, kw_only=True):
    """One thing a device does."""

    key: EndpointKey
    name: str | None
    room_id: str | None  # a room of its own, where a gang switches another room's lamp
    features: SwitchFeatures | LightFeatures | CurtainFeatures | ButtonFeatures
    state: SwitchState | LightState | CurtainState | None


class SwitchEndpoint(Endpoint, frozen=True, kw_only=True):
    """A relay: a gang of a wall panel, or an outlet."""

    features: SwitchFeatures
    state: SwitchState


class LightEndpoint(Endpoint, frozen=True, kw_only=True):
    """A light."""

    features: LightFeatures
    state: LightState


class CurtainEndpoint(Endpoint, frozen=True, kw_only=True):
    """A curtain, roller, blind, shutter or awning."""

    features: CurtainFeatures
    state: CurtainState


class ButtonEndpoint(Endpoint, frozen=True, kw_only=True):
    """A scene button: it has no state, only presses."""

    features: ButtonFeatures
    state: None = None


class Device(Struct, frozen=True, kw_only=True):
    """One box on the wall."""

    id: str
    home_id: str
    room_id: str | None
    name: str | None
    model: str | None
    firmware: str | None
    serial: str | None
    online: bool
    identify: bool
    signal_dbm: float | None
    battery_percent: float | None
    endpoint_ids: tuple[str, ...]


class Room(Struct, frozen=True, kw_only=True):
    """A room of a home."""

    id: str
    name: str | None = None


class Scene(Struct, frozen=True, kw_only=True):
    """A scene of a home."""

    id: str
    name: str | None = None


class Home(Struct, frozen=True, kw_only=True):
    """A home, without its devices."""

    id: str
    name: str | None = None
    rooms: tuple[Room, ...] = ()
    scenes: tuple[Scene, ...] = ()


class Terms(Struct, frozen=True, kw_only=True):
    """Which terms the account has accepted, and which are in force."""

    accepted: str | None = None
    current: str | None = None
    url: str | None = None


class Account(Struct, frozen=True, kw_only=True):
    """Who logged in."""

    id: str
    full_name: str | None = None
    email: str | None = None
    phone: str | None = None
    terms: Terms = Terms()

    @override
    def __repr__(self) -> str:
        # A person's data has no place in a log.
        return f"Account(id={self.id!r})"


class FeedbackCategory(StrEnum):
    """What feedback can be about (clauses 2 and 3.3 of the terms)."""

    APPLICATION = "application"
    AFTER_SALES = "after_sales"
    SECURITY = "security"


# A moment of the contract says that it is UTC, in one of several spellings.
type Timestamp = Annotated[datetime, Meta(tz=True)]


class Ticket(Struct, frozen=True, kw_only=True):
    """A piece of feedback, as the cloud keeps it; category and status may be of a kind from the future."""

    id: str
    category: str
    message: str
    status: str  # open, answered or closed
    created_at: Timestamp
    subject: str | None = None
    reply: str | None = None
    replied_at: Timestamp | None = None


class Dealer(Struct, frozen=True, kw_only=True):
    """Somebody who sells what the vendor makes; without a name it goes by its address."""

    name: str | None
    address: str
    province: str
    phone: str
