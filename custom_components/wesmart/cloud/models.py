"""What the server describes: the account, its homes, devices and endpoints. Decoded straight from the wire.

Field names are those of docs/openapi.yaml. Numbers arrive as integers or floats and are floats here. None means unknown.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple, Self, TypedDict, override

from msgspec import Meta, Struct

type Id = Annotated[str, Meta(min_length=1)]
# Whole numbers may be spelled as floats; from 2^53 on, floats are not exact.
type WholeNumber = Annotated[float, Meta(ge=0, lt=2**53, multiple_of=1)]
type Timestamp = Annotated[datetime, Meta(tz=True)]
type Percent = Annotated[float, Meta(ge=0, le=100)]
type Brightness = Annotated[float, Meta(ge=1, le=100)]
type Kelvin = Annotated[float, Meta(gt=0, le=100_000)]
type Hue = Annotated[float, Meta(ge=0, le=360)]
type Energy = Annotated[float, Meta(ge=0)]


class EndpointKey(NamedTuple):
    """Identifies an endpoint within an account."""

    device_id: str
    endpoint_id: str


class GrowingEnum(StrEnum):
    """An enumeration that a newer server may extend; an unknown value decodes as UNKNOWN, the empty string."""

    @classmethod
    @override
    def _missing_(cls, value: object) -> Self:
        return cls("")


class LightMode(GrowingEnum):
    """What a light shows while it is on."""

    WHITE = "white"
    COLOR = "color"
    EFFECT = "effect"
    UNKNOWN = ""


class Motion(GrowingEnum):
    """Motion of a curtain."""

    OPENING = "opening"
    CLOSING = "closing"
    STOPPED = "stopped"
    UNKNOWN = ""


class CurtainKind(GrowingEnum):
    """How a curtain is built."""

    CURTAIN = "curtain"
    ROLLER = "roller"
    BLIND = "blind"
    SHUTTER = "shutter"
    AWNING = "awning"
    UNKNOWN = ""


class ColorTemperatureRange(Struct, frozen=True, kw_only=True):
    """The color temperatures of a light, in kelvin."""

    min_kelvin: Kelvin
    max_kelvin: Kelvin


class SwitchFeatures(Struct, frozen=True, kw_only=True):
    """Features of a switch."""

    outlet: bool = False
    metering: bool = False


class LightFeatures(Struct, frozen=True, kw_only=True):
    """Features of a light."""

    brightness: bool = False
    color_temp: ColorTemperatureRange | None = None
    color: bool = False
    effects: tuple[str, ...] = ()
    transition: bool = False


class CurtainFeatures(Struct, frozen=True, kw_only=True):
    """Features of a curtain; without `position` it takes only 0 and 100."""

    kind: CurtainKind = CurtainKind.CURTAIN
    position: bool = False
    tilt: bool = False
    stop: bool = False


class ButtonFeatures(Struct, frozen=True, kw_only=True):
    """The kinds of press a button reports."""

    presses: tuple[str, ...] = ()


class SwitchState(Struct, frozen=True, kw_only=True):
    """The state of a switch."""

    on: bool | None = None
    power_w: float | None = None
    energy_kwh: Energy | None = None  # lifetime total


class LightState(Struct, frozen=True, kw_only=True):
    """The state of a light; everything but `on` is kept while it is off."""

    on: bool | None = None
    mode: LightMode | None = None
    brightness: Brightness | None = None
    color_temp_kelvin: Kelvin | None = None
    hue: Hue | None = None
    saturation: Percent | None = None
    effect: str | None = None


class CurtainState(Struct, frozen=True, kw_only=True):
    """The state of a curtain; 100 is fully open."""

    position: Percent | None = None
    tilt: Percent | None = None
    motion: Motion | None = None


class Patch(TypedDict, total=False):
    """Fields of a state of any endpoint type. In an event, absent means unchanged and None unknown."""

    on: bool | None
    power_w: float | None
    energy_kwh: Energy | None
    mode: LightMode | None
    brightness: Brightness | None
    color_temp_kelvin: Kelvin | None
    hue: Hue | None
    saturation: Percent | None
    effect: str | None
    position: Percent | None
    tilt: Percent | None
    motion: Motion | None


class _Endpoint(Struct, frozen=True, kw_only=True, tag_field="type"):
    id: Id
    name: str | None = None
    room_id: str | None = None  # room of the controlled lamp or curtain, if it differs from the device's


class SwitchEndpoint(_Endpoint, frozen=True, kw_only=True, tag="switch"):
    """A relay: a gang of a wall panel, or an outlet."""

    features: SwitchFeatures = SwitchFeatures()
    state: SwitchState = SwitchState()


class LightEndpoint(_Endpoint, frozen=True, kw_only=True, tag="light"):
    """A light."""

    features: LightFeatures = LightFeatures()
    state: LightState = LightState()


class CurtainEndpoint(_Endpoint, frozen=True, kw_only=True, tag="curtain"):
    """A curtain, roller, blind, shutter or awning."""

    features: CurtainFeatures = CurtainFeatures()
    state: CurtainState = CurtainState()


class ButtonEndpoint(_Endpoint, frozen=True, kw_only=True, tag="button"):
    """A scene button. It has no state, only presses."""

    features: ButtonFeatures = ButtonFeatures()


type StatefulEndpoint = SwitchEndpoint | LightEndpoint | CurtainEndpoint
type Endpoint = StatefulEndpoint | ButtonEndpoint


class Device(Struct, frozen=True, kw_only=True):
    """A device with its endpoints."""

    id: Id
    home_id: Id
    room_id: str | None = None
    name: str | None = None
    model: str | None = None
    firmware: str | None = None
    serial: str | None = None
    online: bool = False  # unknown counts as offline, because nothing is known then
    identify: bool = False
    signal_dbm: float | None = None
    battery_percent: float | None = None
    endpoints: tuple[Endpoint, ...]


class Room(Struct, frozen=True, kw_only=True):
    """A room of a home."""

    id: Id
    name: str | None = None


class Scene(Struct, frozen=True, kw_only=True):
    """A scene of a home."""

    id: Id
    name: str | None = None


class HomeOutline(Struct, frozen=True, kw_only=True):
    """A home without its devices."""

    id: Id
    name: str | None = None
    rooms: tuple[Room, ...] = ()
    scenes: tuple[Scene, ...] = ()

    def room(self, room_id: str | None) -> Room | None:
        """Return a room by its ID; None if there is no such room."""
        return next((room for room in self.rooms if room.id == room_id), None)


class Home(HomeOutline, frozen=True, kw_only=True):
    """A home with its devices."""

    devices: tuple[Device, ...]


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything the account can see, at one position. What is invalid (IDs) exists, but could not be decoded."""

    epoch: str
    seq: int
    homes: tuple[Home, ...]
    invalid_devices: frozenset[str] = frozenset()
    invalid_homes: frozenset[str] = frozenset()


class Access(Struct, frozen=True, kw_only=True):
    """Whether the vendor lets the account see its homes (clauses 3.2 and 3.4 of the terms)."""

    status: str = "active"  # active, suspended or terminated; a newer server may add to these
    reason: str | None = None
    until: Timestamp | None = None


class Terms(Struct, frozen=True, kw_only=True):
    """The terms that the account accepted, and the current ones (clause 3.1)."""

    accepted: str | None = None
    current: str | None = None
    url: str | None = None
    required: bool = False  # the server shows no homes until the current ones are accepted

    @property
    def open(self) -> bool:
        """Whether the current terms are not accepted yet."""
        return self.current is not None and self.accepted != self.current


class Maintenance(Struct, frozen=True, kw_only=True):
    """The next or present maintenance (clause 9)."""

    starts_at: Timestamp
    ends_at: Timestamp | None = None


class Account(Struct, frozen=True, kw_only=True):
    """Everything about an account except its homes (contract, "Account")."""

    id: Id
    full_name: str | None = None
    email: str | None = None
    phone: str | None = None
    access: Access = Access()
    terms: Terms = Terms()
    maintenance: Maintenance | None = None

    @property
    def blocked(self) -> bool:
        """Whether the vendor has suspended or terminated the account."""
        return self.access.status in ("suspended", "terminated")

    @property
    def has_access(self) -> bool:
        """Whether the account may see its homes."""
        return not self.blocked and not (self.terms.open and self.terms.required)

    @override
    def __repr__(self) -> str:
        # Personal data must not reach a log.
        return f"Account(id={self.id!r})"


class FeedbackCategory(StrEnum):
    """What feedback is about (clauses 2 and 3.3 of the terms)."""

    APPLICATION = "application"
    AFTER_SALES = "after_sales"
    SECURITY = "security"


class Feedback(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Feedback to send. The limits are `SUBJECT_LIMIT`, `MESSAGE_LIMIT` and `DIAGNOSTICS_LIMIT`."""

    category: FeedbackCategory
    message: str
    subject: str | None = None
    rating: int | None = None  # 1-5
    device_id: str | None = None
    diagnostics: Mapping[str, object] | None = None


# In characters, and the last in bytes of JSON (contract, "Support").
SUBJECT_LIMIT = 200
MESSAGE_LIMIT = 4000
DIAGNOSTICS_LIMIT = 64 * 1024


class Ticket(Struct, frozen=True, kw_only=True):
    """Feedback as the server keeps it. A newer server may add to `category` and `status`."""

    id: Id
    category: str
    message: str
    status: str  # open, answered or closed
    created_at: Timestamp
    subject: str | None = None
    reply: str | None = None
    replied_at: Timestamp | None = None


class Dealer(Struct, frozen=True, kw_only=True):
    """A dealer of the vendor."""

    name: str | None
    address: str
    province: str
    phone: str
