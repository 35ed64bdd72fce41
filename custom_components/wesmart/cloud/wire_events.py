"""From the wire to the model: frames of the event stream, and the events in them. Pure.

Whatever comes, every event counts: one of an unknown kind changes nothing, a known one that does not say what changed
becomes an `UnapplicableEvent`, and neither touches its neighbours in the frame. A device or home that replaces what was
known has to make sense as a whole: what is left out of it would be taken for gone, and no poll would bring it back.

Nearly every frame says nothing but how states have changed, and is read as that, at once. Every other is read part by
part.
"""

from datetime import datetime
import logging
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct, field

from .errors import DECODE_ERRORS, UnexpectedAnswerError
from .lenient import LenientDecoder
from .models import EndpointKey, Home, Position, Ticket
from .timestamps import parse_timestamp
from .wire_home import DeviceReport, Id, Patch, WholeNumber, decode_device, decode_home, decode_patch

_LOGGER = logging.getLogger(__name__)


class _WireEvent(Struct):
    at: str | None = None
    device_id: Id | None = None
    endpoint_id: Id | None = None
    home_id: Id | None = None
    press: str | None = None
    change: str | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    state: Raw = Raw()  # empty where absent
    device: Raw = Raw()
    home: Raw = Raw()
    ticket: Raw = Raw()


class _WireEventHead(Struct):
    seq: WholeNumber
    kind: str


class _WireFrame(Struct):
    epoch: str | None = None
    seq: WholeNumber | None = None
    at: str | None = None
    resumed: bool = False
    heartbeat_s: Annotated[float, Meta(ge=5, le=300)] = 20
    events: list[Raw] = []


class _WireFrameHead(Struct):
    type: str


class Event(Struct, frozen=True, kw_only=True):
    """One change; kinds without a class of their own change nothing but still count."""

    seq: Annotated[int, Meta(ge=0, lt=2**53)]


class StateEvent(Event, frozen=True, kw_only=True, tag_field="kind", tag="state"):
    """Fields of one endpoint have new values."""

    device_id: Id
    endpoint_id: Id
    patch: Patch = field(name="state")


class DeviceEvent(Event, frozen=True, kw_only=True):
    """A device is new or different; the report replaces what was known."""

    report: DeviceReport


class DeviceRemovedEvent(Event, frozen=True, kw_only=True):
    """A device is gone."""

    device_id: str


class HomeEvent(Event, frozen=True, kw_only=True):
    """A home is new, renamed, or has other rooms or scenes."""

    home: Home


class HomeRemovedEvent(Event, frozen=True, kw_only=True):
    """A home is gone, with all in it."""

    home_id: str


class ButtonEvent(Event, frozen=True, kw_only=True):
    """A button was pressed, `at` some moment of the cloud's clock."""

    at: datetime | None
    key: EndpointKey
    press: str


class AccountEvent(Event, frozen=True, kw_only=True):
    """A hint to ask REST about the account: `change` is terms, access, session or maintenance.

    The moments are those of planned maintenance; both are None where it was called off.
    """

    change: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class TicketEvent(Event, frozen=True, kw_only=True):
    """A ticket is new, answered or closed."""

    ticket: Ticket


class UnapplicableEvent(Event, frozen=True, kw_only=True):
    """An event of a known kind that makes no sense; what it meant is fetched with a snapshot."""


class HelloFrame(Struct, frozen=True):
    """The first frame of a stream."""

    position: Position
    at: datetime | None
    resumed: bool
    heartbeat_s: float


class EventsFrame[EventT: Event](Struct, frozen=True, tag_field="type", tag="events"):
    """Changes, in order."""

    events: tuple[EventT, ...]


class HeartbeatFrame(Struct, frozen=True):
    """Where the cloud is; sent when nothing else was."""

    position: Position


type Frame = HelloFrame | EventsFrame[Event] | HeartbeatFrame


_event_decoder = LenientDecoder(msgspec.json.Decoder(_WireEvent), "event")
_event_head_decoder = msgspec.json.Decoder(_WireEventHead)
_ticket_decoder = LenientDecoder(msgspec.json.Decoder(Ticket), "ticket")
_frame_decoder = LenientDecoder(msgspec.json.Decoder(_WireFrame), "frame", essential=("events",))
_states_decoder = msgspec.json.Decoder(EventsFrame[StateEvent])
_frame_head_decoder = msgspec.json.Decoder(_WireFrameHead)


def decode_frame(text: str) -> Frame | None:
    """Return a frame of the event stream; None for a type we do not know. Raises UnexpectedAnswerError."""
    try:
        return _states_decoder.decode(text)
    except DECODE_ERRORS:
        pass  # nothing need be wrong with it
    return _decode_part_by_part(text)


def _decode_part_by_part(text: str) -> Frame | None:
    try:
        # The type first: in a frame from the future everything else may look different.
        type_ = _frame_head_decoder.decode(text).type
        if type_ not in ("hello", "events", "heartbeat"):
            _LOGGER.debug("Ignored a frame of unknown type %s", type_)
            return None
        wire = _frame_decoder.decode(text)
        if type_ == "events":
            return EventsFrame(tuple(map(_decode_event, wire.events)))
    except DECODE_ERRORS as err:
        raise UnexpectedAnswerError(f"a frame that makes no sense ({type(err).__name__})") from None
    if wire.epoch is None or wire.seq is None:
        raise UnexpectedAnswerError(f"a {type_} without a position")
    position = Position(wire.epoch, int(wire.seq))
    if type_ == "heartbeat":
        return HeartbeatFrame(position)
    return HelloFrame(position, parse_timestamp(wire.at), wire.resumed, wire.heartbeat_s)


def _decode_event(raw: Raw) -> Event:
    head = _event_head_decoder.decode(raw)  # without a number nothing can be said about it
    seq = int(head.seq)
    build = _EVENTS.get(head.kind)
    if build is None:
        _LOGGER.debug("Counted an event of unknown kind %s", head.kind)
        return Event(seq=seq)
    try:
        event = build(seq, _event_decoder.decode(raw))
    except DECODE_ERRORS:
        event = None
    return UnapplicableEvent(seq=seq) if event is None else event


def _state_event(seq: int, wire: _WireEvent) -> Event | None:
    if wire.device_id is None or wire.endpoint_id is None:
        return None
    return StateEvent(
        seq=seq,
        device_id=wire.device_id,
        endpoint_id=wire.endpoint_id,
        patch=decode_patch(wire.state),
    )


def _device_event(seq: int, wire: _WireEvent) -> Event:
    return DeviceEvent(seq=seq, report=decode_device(wire.device, whole=True))


def _device_removed_event(seq: int, wire: _WireEvent) -> Event | None:
    return None if wire.device_id is None else DeviceRemovedEvent(seq=seq, device_id=wire.device_id)


def _home_event(seq: int, wire: _WireEvent) -> Event:
    return HomeEvent(seq=seq, home=decode_home(wire.home, whole=True))


def _home_removed_event(seq: int, wire: _WireEvent) -> Event | None:
    return None if wire.home_id is None else HomeRemovedEvent(seq=seq, home_id=wire.home_id)


def _button_event(seq: int, wire: _WireEvent) -> Event:
    if wire.device_id is None or wire.endpoint_id is None or wire.press is None:
        return Event(seq=seq)  # no snapshot could tell more about a press
    key = EndpointKey(wire.device_id, wire.endpoint_id)
    return ButtonEvent(seq=seq, at=parse_timestamp(wire.at), key=key, press=wire.press)


def _account_event(seq: int, wire: _WireEvent) -> Event:
    return AccountEvent(
        seq=seq,
        change=wire.change or "",
        starts_at=parse_timestamp(wire.starts_at),
        ends_at=parse_timestamp(wire.ends_at),
    )


def _feedback_event(seq: int, wire: _WireEvent) -> Event:
    try:
        return TicketEvent(seq=seq, ticket=_ticket_decoder.decode(wire.ticket))
    except DECODE_ERRORS:
        return Event(seq=seq)  # no snapshot could tell more about a ticket


_EVENTS = {
    "state": _state_event,
    "device": _device_event,
    "device_removed": _device_removed_event,
    "home": _home_event,
    "home_removed": _home_removed_event,
    "button": _button_event,
    "account": _account_event,
    "feedback": _feedback_event,
}
