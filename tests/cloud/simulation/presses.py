"""Which presses of the button have to be told: those that the stream has brought in time, each once."""

from custom_components.wesmart.cloud.models import NOWHERE, Position
from custom_components.wesmart.cloud.wire_events import ButtonEvent, EventsFrame, Frame, HelloFrame
from tests.cloud.simulation.cloud import SimulatedCloud
from tests.cloud.simulation.promises import BrokenPromiseError

# Contract, "Snapshot and events": what is older than this, when it is brought or when it can be told, is history.
PRESS_AGE_S = 10


class Presses:
    """Remembers what was brought and what was told; raises BrokenPromiseError."""

    def __init__(self, cloud: SimulatedCloud) -> None:
        self._cloud = cloud
        self._told: set[Position] = set()
        # What was brought and not told yet, and when.
        self._brought: dict[Position, float] = {}
        self._closed_at = 0.0
        self._closed_in = ""
        # Where the stream was asked to begin, and where it has begun: what is before has no place on it.
        self._asked_for = self._begun = NOWHERE

    def opens(self, since: Position, now: float) -> None:
        """Look at where a stream is to begin: after a moment without one, before what was pressed in it."""
        self._asked_for = since
        for press, at in self._cloud.presses.items():
            missed = press.epoch == since.epoch and press.seq <= since.seq and press not in self._told
            # In an epoch that is new nobody knows what was told last.
            missed &= press.epoch == self._closed_in
            if missed and at >= self._closed_at >= now - PRESS_AGE_S:
                silence = f"{now - self._closed_at:.2f} s"
                raise BrokenPromiseError(f"a stream that was down for {silence} goes on behind an untold {press}")

    def reads(self, frame: Frame, now: float) -> None:
        """Take note of presses in a frame of the stream."""
        if isinstance(frame, HelloFrame):
            self._begun = self._asked_for if frame.resumed else frame.position
        for event in frame.events if isinstance(frame, EventsFrame) else ():
            press = Position(self._begun.epoch, event.seq)
            at = self._cloud.presses.get(press) if isinstance(event, ButtonEvent) else None
            if at is None or press in self._told or press.seq <= self._begun.seq:
                continue
            if now - at <= PRESS_AGE_S:
                self._brought.setdefault(press, now)

    def pressed(self, press: Position, now: float) -> None:
        """Take note of a press that was told."""
        since = self._brought.pop(press, now)
        if press in self._told:
            raise BrokenPromiseError(f"{press} was told twice")
        if now - since > PRESS_AGE_S:
            raise BrokenPromiseError(f"{press} was told {now - since:.2f} s after it was brought")
        self._told.add(press)

    def took(self, reached: Position, now: float) -> None:
        """Look at what should have been told by now: what nothing is missing before."""
        for press, since in self._brought.items():
            if press.epoch == reached.epoch and press.seq <= reached.seq and now - since <= PRESS_AGE_S:
                raise BrokenPromiseError(f"{press} was brought {now - since:.2f} s ago, and not told")

    def disconnected(self, reached: Position, now: float) -> None:
        """Expect no more of what could not be told before the stream has ended."""
        self._brought.clear()
        self._closed_at, self._closed_in = now, reached.epoch
