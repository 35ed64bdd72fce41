"""Frames of the event stream, and the events in them (docs/asyncapi.yaml). Decoded straight from the wire.

Every event counts in `seq`, also one that is unknown or invalid. Neither affects the other events of its frame.
"""

import logging
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from .account import Ticket
from .decode import decode_device
from .errors import DECODE_ERRORS, UnexpectedResponseError
from .models import Device, EndpointKey, HomeOutline, Id, Patch, Timestamp, WholeNumber

_LOGGER = logging.getLogger(__name__)

type Seq = Annotated[int, Meta(ge=0, lt=2**53)]


class _Event(Struct, frozen=True, kw_only=True, tag_field="kind"):
    seq: Seq


# Tags that no server sends: a newer one may have events of any kind.
class UnknownEvent(_Event, frozen=True, kw_only=True, tag="\0unknown"):
    """An event that changes nothing known here."""


class InvalidEvent(_Event, frozen=True, kw_only=True, tag="\0invalid"):
    """An event of a known kind that could not be decoded. A snapshot tells what it changed."""


class StateEvent(_Event, frozen=True, kw_only=True, tag="state"):
    """Fields of an endpoint's state changed."""

    device_id: Id
    endpoint_id: Id
    state: Patch


class DeviceEvent(_Event, frozen=True, kw_only=True, tag="device"):
    """A device was added or changed. The description replaces the known one."""

    device: Device


class DeviceRemovedEvent(_Event, frozen=True, kw_only=True, tag="device_removed"):
    """A device was removed."""

    device_id: Id


class HomeEvent(_Event, frozen=True, kw_only=True, tag="home"):
    """A home was added or renamed, or its rooms or scenes changed."""

    home: HomeOutline


class HomeRemovedEvent(_Event, frozen=True, kw_only=True, tag="home_removed"):
    """A home was removed with all its devices."""

    home_id: Id


class ButtonEvent(_Event, frozen=True, kw_only=True, tag="button"):
    """A button was pressed, `at` by the server's clock."""

    device_id: Id
    endpoint_id: Id
    press: str
    at: Timestamp | None = None

    @property
    def key(self) -> EndpointKey:
        """Return the button's endpoint."""
        return EndpointKey(self.device_id, self.endpoint_id)


class AccountEvent(_Event, frozen=True, kw_only=True, tag="account"):
    """The account changed: read it again."""


class TicketEvent(_Event, frozen=True, kw_only=True, tag="feedback"):
    """Feedback was filed, answered or closed."""

    ticket: Ticket


type Event = (
    StateEvent
    | DeviceEvent
    | DeviceRemovedEvent
    | HomeEvent
    | HomeRemovedEvent
    | ButtonEvent
    | AccountEvent
    | TicketEvent
    | UnknownEvent
    | InvalidEvent
)


class HelloFrame(Struct, frozen=True, kw_only=True, tag_field="type", tag="hello"):
    """The first frame. With `resumed`, all events after the requested position follow; otherwise those after `seq`."""

    epoch: str
    seq: WholeNumber
    at: Timestamp | None = None
    resumed: bool = False
    heartbeat_s: Annotated[float, Meta(ge=5, le=45)] = 20


class EventsFrame(Struct, frozen=True, tag_field="type", tag="events"):
    """Events in the order of their `seq`."""

    events: tuple[Event, ...]


class HeartbeatFrame(Struct, frozen=True, kw_only=True, tag_field="type", tag="heartbeat"):
    """The `seq` of the last event sent, when nothing else was sent for a while."""

    epoch: str
    seq: WholeNumber


type Frame = HelloFrame | EventsFrame | HeartbeatFrame


class _RawEventsFrame(Struct):
    events: list[Raw]


class _FrameHead(Struct):
    type: str


class _EventHead(Struct):
    seq: WholeNumber
    kind: str


class _RawDeviceEvent(Struct):
    device: Raw


_frame_decoder: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame)
_frame_head_decoder = msgspec.json.Decoder(_FrameHead)
_raw_events_decoder = msgspec.json.Decoder(_RawEventsFrame)
_event_head_decoder = msgspec.json.Decoder(_EventHead)
_members_decoder = msgspec.json.Decoder(dict[str, Raw])
_event_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_raw_device_decoder = msgspec.json.Decoder(_RawDeviceEvent)

# No snapshot contains these, so an invalid one is skipped.
_UNREPEATABLE = ("button", "account", "feedback")
_KINDS = ("state", "device", "device_removed", "home", "home_removed", *_UNREPEATABLE)


def decode_frame(text: str) -> Frame | None:
    """Decode a frame; None for one of an unknown type. Raises UnexpectedResponseError."""
    try:
        return _frame_decoder.decode(text)
    except DECODE_ERRORS:
        pass
    # It holds something unknown or invalid, or spells `seq` as a float.
    try:
        type_ = _frame_head_decoder.decode(text).type
        if type_ == "events":
            return EventsFrame(tuple(map(_decode_event, _raw_events_decoder.decode(text).events)))
    except DECODE_ERRORS as err:
        raise UnexpectedResponseError(f"invalid frame ({type(err).__name__})") from None
    if type_ in ("hello", "heartbeat"):
        raise UnexpectedResponseError(f"invalid {type_} frame")
    _LOGGER.debug("Ignored a frame of an unknown type")
    return None


def _decode_event(raw: Raw) -> Event:
    head = _event_head_decoder.decode(raw)
    seq = int(head.seq)
    if head.kind not in _KINDS:
        return UnknownEvent(seq=seq)
    try:
        if head.kind == "device":
            return DeviceEvent(seq=seq, device=decode_device(_raw_device_decoder.decode(raw).device))
        members = _members_decoder.decode(raw) | {"seq": Raw(b"%d" % seq)}
        return _event_decoder.decode(msgspec.json.encode(members))
    except DECODE_ERRORS:
        _LOGGER.debug("Invalid event of kind %s", head.kind)
        return UnknownEvent(seq=seq) if head.kind in _UNREPEATABLE else InvalidEvent(seq=seq)
