"""What the server describes of homes, devices and endpoints. Decoded straight from the wire.

Field names are those of docs/openapi.yaml. Numbers arrive as integers or floats and are floats here. None means unknown.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple, Self, TypedDict, override

from msgspec import Meta, Struct
from msgspec.structs import replace

type Id = Annotated[str, Meta(min_length=1)]
# Whole numbers may be spelled as floats; from 2^53 on, floats are not exact.
type WholeNumber = Annotated[float, Meta(ge=0, lt=2**53, multiple_of=1)]
type Timestamp = Annotated[datetime, Meta(tz=True)]
type Percent = Annotated[float, Meta(ge=0, le=100)]
type Brightness = Annotated[float, Meta(ge=1, le=100)]
type Kelvin = Annotated[float, Meta(gt=0, le=100_000)]
type Hue = Annotated[float, Meta(ge=0, le=360)]
type Energy = Annotated[float, Meta(ge=0)]
type Word = Annotated[str, Meta(max_length=200)]
type Words = Annotated[tuple[Word, ...], Meta(max_length=100)]
# Of a device.
ENDPOINTS_LIMIT = Meta(max_length=32)


class EndpointKey(NamedTuple):
    """Identifies an endpoint within an account, or its device. No ID is empty."""

    device_id: str
    endpoint_id: str = ""  # the device itself


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


class Controls(GrowingEnum):
    """What a switch controls, as the owner said in the app."""

    LIGHT = "light"
    FAN = "fan"
    OUTLET = "outlet"
    HEATER = "heater"
    OTHER = "other"
    UNKNOWN = ""


class ColorTemperatureRange(Struct, frozen=True, kw_only=True):
    """The color temperatures of a light, in kelvin."""

    min_kelvin: Kelvin
    max_kelvin: Kelvin


class SwitchFeatures(Struct, frozen=True, kw_only=True):
    """Features of a switch."""

    controls: Controls | None = None
    metering: bool = False


class LightFeatures(Struct, frozen=True, kw_only=True):
    """Features of a light."""

    brightness: bool = False
    color_temp: ColorTemperatureRange | None = None
    color: bool = False
    effects: Words = ()
    transition: bool = False


class CurtainFeatures(Struct, frozen=True, kw_only=True):
    """Features of a curtain; without `position` it takes only 0 and 100."""

    kind: CurtainKind = CurtainKind.CURTAIN
    position: bool = False
    tilt: bool = False
    stop: bool = False


class ButtonFeatures(Struct, frozen=True, kw_only=True):
    """The kinds of press a button reports."""

    presses: Words = ()


class SwitchState(Struct, frozen=True, kw_only=True):
    """The state of a switch."""

    on: bool | None = None
    power_w: float | None = None
    energy_kwh: Energy | None = None  # since the meter was installed or reset


class LightState(Struct, frozen=True, kw_only=True):
    """The state of a light; everything but `on` is kept while it is off."""

    on: bool | None = None
    mode: LightMode | None = None
    brightness: Brightness | None = None
    color_temp_kelvin: Kelvin | None = None
    hue: Hue | None = None
    saturation: Percent | None = None
    effect: Word | None = None


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
    effect: Word | None
    position: Percent | None
    tilt: Percent | None
    motion: Motion | None


class _Endpoint(Struct, frozen=True, kw_only=True, tag_field="type"):
    id: Id
    name: str | None = None
    room_id: str | None = None  # room of the controlled lamp or curtain, if it differs from the device's
    features: Struct

    @property
    def description(self) -> tuple[object, ...]:
        """Everything except the state."""
        return self.name, self.room_id, self.features


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


type State = SwitchState | LightState | CurtainState
type StatefulEndpoint = SwitchEndpoint | LightEndpoint | CurtainEndpoint
type Endpoint = StatefulEndpoint | ButtonEndpoint


class Update(Struct, frozen=True, kw_only=True):
    """Newer firmware of a device."""

    version: str
    notes: str | None = None
    progress: Percent | None = None  # None while it is not being installed


class DeviceOutline(Struct, frozen=True, kw_only=True):
    """A device without its endpoints."""

    id: Id
    home_id: Id
    room_id: str | None = None
    name: str | None = None
    model: str | None = None
    firmware: str | None = None
    serial: str | None = None
    online: bool = False  # unknown counts as offline, because nothing is known then
    identify: bool = False
    updatable: bool = False
    update: Update | None = None
    signal_dbm: float | None = None
    battery_percent: float | None = None


class Device(DeviceOutline, frozen=True, kw_only=True):
    """A device with its endpoints."""

    endpoints: Annotated[tuple[Endpoint, ...], ENDPOINTS_LIMIT]

    @property
    def identity(self) -> Device:
        """What the registries know of the device."""
        return replace(self, online=False, update=None, signal_dbm=None, battery_percent=None)

    @property
    def reported(self) -> set[str]:
        """What the device reports of itself: each has an entity. An offline one leaves its signal out."""
        return {name for name in ("signal_dbm", "battery_percent") if getattr(self, name) is not None}


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
    rooms: Annotated[tuple[Room, ...], Meta(max_length=200)] = ()
    scenes: Annotated[tuple[Scene, ...], Meta(max_length=200)] = ()

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


def with_known_features(endpoint: Endpoint, before: Endpoint | None) -> Endpoint:
    """Return an endpoint in which features from a newer server are the last known ones (C-10)."""
    if isinstance(endpoint, SwitchEndpoint) and endpoint.features.controls is Controls.UNKNOWN:
        controls = before.features.controls if isinstance(before, SwitchEndpoint) else None
        return replace(endpoint, features=replace(endpoint.features, controls=controls))
    if isinstance(endpoint, CurtainEndpoint) and endpoint.features.kind is CurtainKind.UNKNOWN:
        kind = before.features.kind if isinstance(before, CurtainEndpoint) else CurtainKind.UNKNOWN
        return replace(endpoint, features=replace(endpoint.features, kind=kind))
    return endpoint


def with_known_values[StateT: State](state: StateT, before: object) -> StateT:
    """Return a state in which values from a newer server are the last known ones (C-10)."""
    if isinstance(state, LightState):
        if state.mode is LightMode.UNKNOWN:
            return replace(state, mode=before.mode if isinstance(before, LightState) else None)
    elif isinstance(state, CurtainState) and state.motion is Motion.UNKNOWN:
        return replace(state, motion=before.motion if isinstance(before, CurtainState) else None)
    return state


def patched[StateT: State](state: StateT, patch: Patch, before: StateT) -> StateT:
    """Return a state with the fields of a patch; `before` is the last known state."""
    try:
        new = replace(state, **patch)
    except TypeError:
        # A newer server may have given this type of endpoint a field of another.
        new = replace(state, **{name: value for name, value in patch.items() if name in state.__struct_fields__})
    return with_known_values(new, before) if "mode" in patch or "motion" in patch else new
