"""The way to the simulated cloud and back, and everything that can happen on it."""

from collections import deque
from dataclasses import dataclass, field

import msgspec

from custom_components.wesmart.cloud.client import entity_tag
from custom_components.wesmart.cloud.errors import (
    CloudConnectionError,
    CloudFaultError,
    MaintenanceError,
    RateLimitedError,
    UnexpectedAnswerError,
    WeSmartError,
)
from custom_components.wesmart.cloud.models import Position
from tests.cloud.simulation.agenda import Agenda, Mailbox
from tests.cloud.simulation.cloud import Json, SimulatedCloud

LATENCY_S = 0.05
HEARTBEAT_S = 20
# How much later than others what is late arrives.
_LATE_S = 1.5
_VERY_LATE_S = 12.0


@dataclass(slots=True, eq=False)
class Stream:
    """An open stream, as both ends have it; a text is a frame, None its end."""

    frames: Mailbox[object] = field(default_factory=Mailbox)
    is_open: bool = True
    muted: bool = False  # half-open: what the cloud sends goes nowhere
    sent_at: float = 0.0


class Link:
    """Carries frames and requests; each fault in a queue happens to the next one that comes along."""

    def __init__(self, agenda: Agenda, cloud: SimulatedCloud) -> None:
        self._agenda = agenda
        self._cloud = cloud
        cloud.on_event = self._event
        self._streams: list[Stream] = []
        self._orphans: list[Stream] = []
        self._burst: list[Json] | None = None
        self.is_down = False
        self.frame_faults: deque[str] = deque()
        self.command_faults: deque[str] = deque()
        self.fetch_faults: deque[str] = deque()
        self.connect_faults: deque[str] = deque()
        # What a test may do wrong on the cloud's behalf.
        self.tags_lag = False
        # How often all was sent to somebody who had been told all.
        self.needless_bodies = 0
        self._told_at = 0.0

    def heal(self) -> None:
        """Have everything work from now on; what is half-open stays so."""
        self.is_down = False
        for faults in (self.frame_faults, self.command_faults, self.fetch_faults, self.connect_faults):
            faults.clear()

    def set_down(self, is_down: bool) -> None:
        """Lose everything, or carry it again."""
        self.is_down = is_down

    def cut(self) -> None:
        """Break every stream, with both ends knowing."""
        for stream in (*self._streams, *self._orphans):
            stream.is_open = False
            self._later(LATENCY_S, stream.frames, None)
        self._streams.clear()
        self._orphans.clear()

    def orphan(self) -> None:
        """Leave streams open to which nobody sends events any more: only heartbeats, which say the new position."""
        self._orphans, self._streams = [*self._orphans, *self._streams], []

    def mute(self) -> None:
        """Leave every stream half-open."""
        for stream in (*self._streams, *self._orphans):
            stream.muted = True

    def begin_burst(self) -> None:
        """Collect events for one frame."""
        self._burst = []

    def end_burst(self) -> None:
        """Send them."""
        events, self._burst = self._burst, None
        if events:
            self._broadcast(events)

    # The stream

    def connect(self, held: Position, box: Mailbox[object]) -> None:
        """Answer with a stream, or with why there is none."""
        fault = self.connect_faults.popleft() if self.connect_faults else ""
        if self.is_down or fault:
            self._later(LATENCY_S, box, MaintenanceError("503", retry_after=3) if fault == "busy" else _lost())
            return
        missed = self._cloud.since(held)
        stream = Stream()
        self._later(LATENCY_S, box, stream)
        epoch, seq = self._cloud.position
        hello = {"type": "hello", "epoch": epoch, "seq": seq, "resumed": missed is not None}
        self._send(stream, {**hello, "at": self._cloud.timestamp, "heartbeat_s": HEARTBEAT_S})
        if missed:
            self._send(stream, {"type": "events", "events": missed})
        self._streams.append(stream)
        self._beat(stream)

    def _beat(self, stream: Stream) -> None:
        if not stream.is_open:
            return
        if self._agenda.now >= stream.sent_at + HEARTBEAT_S:
            epoch, seq = self._cloud.position
            self._send(stream, {"type": "heartbeat", "epoch": epoch, "seq": seq})
        self._agenda.at(stream.sent_at + HEARTBEAT_S, lambda: self._beat(stream))

    def _event(self, event: Json) -> None:
        if self._burst is not None:
            self._burst.append(event)
        else:
            self._broadcast([event])

    def _broadcast(self, events: list[Json]) -> None:
        fault = self.frame_faults.popleft() if self.frame_faults else ""
        self._told_at = self._agenda.now
        for stream in self._streams:
            self._send(stream, {"type": "events", "events": events}, fault)

    def _send(self, stream: Stream, frame: Json, fault: str = "") -> None:
        stream.sent_at = self._agenda.now
        if stream.muted or self.is_down or fault == "lose":
            return
        if fault == "garble" and isinstance(events := frame["events"], list):
            frame = {"type": "events", "events": [{"seq": event["seq"], "kind": "state"} for event in events]}
        text = msgspec.json.encode(frame).decode()
        self._later(_LATE_S if fault == "delay" else LATENCY_S, stream.frames, text)
        if fault == "double":
            self._later(_LATE_S, stream.frames, text)

    # Requests

    def fetch(self, held: Position | None, box: Mailbox[object]) -> None:
        """Answer `GET /snapshot` with a body, None for 304, or an error."""
        fault = self.fetch_faults.popleft() if self.fetch_faults else ""
        if self.is_down or fault == "lose":
            self._later(LATENCY_S, box, _lost())
        elif fault in ("busy", "long"):
            self._later(LATENCY_S, box, RateLimitedError("429", retry_after=15 if fault == "long" else 4))
        else:
            position = self._cloud.position
            matches = held is not None and entity_tag(held) == entity_tag(position)
            answer = [] if matches or (self.tags_lag and held is not None) else self._cloud.snapshot()
            if answer and self._streams and self._agenda.now > self._told_at + 2 * LATENCY_S:
                self.needless_bodies += 1
            self._later(2 * (_LATE_S if fault == "delay" else LATENCY_S), box, answer)

    def post(self, body: bytes, box: Mailbox[object]) -> None:
        """Answer `POST /commands` with a body or an error."""
        fault = self.command_faults.popleft() if self.command_faults else ""
        if self.is_down or fault == "lose":
            self._later(LATENCY_S, box, _lost())
            return
        if fault in ("429", "503", "long"):
            busy = MaintenanceError if fault == "503" else RateLimitedError
            self._later(LATENCY_S, box, busy(fault, retry_after=30 if fault == "long" else 2))
            return
        if fault == "swallow":
            return  # neither applied nor answered
        arrives = {"late": _LATE_S, "very late": _VERY_LATE_S}.get(fault, LATENCY_S)
        self._agenda.at(self._agenda.now + arrives, lambda: self._arrive(body, box, fault))
        if fault in ("late", "very late"):
            self._later(LATENCY_S, box, _lost())
        if fault == "double":
            self._agenda.at(self._agenda.now + _LATE_S, lambda: self._arrive(body, Mailbox(), ""))

    def _arrive(self, body: bytes, box: Mailbox[object], fault: str) -> None:
        results = self._cloud.run(body)
        answer = UnexpectedAnswerError("422") if results is None else results
        match fault:
            case "late" | "very late":
                pass  # its sender has given up
            case "unanswered":
                self._later(LATENCY_S, box, CloudFaultError("500"))
            case "slow":
                self._later(_LATE_S, box, answer)
            case _:
                self._later(LATENCY_S, box, answer)

    def _later(self, delay: float, box: Mailbox[object], item: object) -> None:
        self._agenda.at(self._agenda.now + delay, lambda: box.put(item))


def _lost() -> WeSmartError:
    return CloudConnectionError("lost")
