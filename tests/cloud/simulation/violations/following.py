"""The rules of following the cloud, each broken once."""

from collections.abc import Callable
from contextlib import suppress
import math
from typing import override

from msgspec.structs import replace

from custom_components.wesmart.cloud.models import LightMode, Motion, Position
from custom_components.wesmart.cloud.replica import CannotApplyError, Changes, Replica
from custom_components.wesmart.cloud.sync import Sync
from custom_components.wesmart.cloud.wire_events import (
    ButtonEvent,
    DeviceEvent,
    DeviceRemovedEvent,
    Event,
    EventsFrame,
    Frame,
    HeartbeatFrame,
    HelloFrame,
    HomeEvent,
    HomeRemovedEvent,
    StateEvent,
    decode_frame,
)
from custom_components.wesmart.cloud.wire_home import Snapshot
from tests.cloud.simulation.home import Parts


class _IgnoresGaps(Sync):
    @override
    def receive(self, frame: Frame) -> tuple[Changes, list[Event]]:
        if isinstance(frame, EventsFrame) and frame.events and frame.events[0].seq > self.replica.seq:
            self.replica.seq = frame.events[0].seq - 1
        return super().receive(frame)


class _AppliesLateEvents(Sync):
    """Late ones, and those that come twice."""

    @override
    def receive(self, frame: Frame) -> tuple[Changes, list[Event]]:
        if isinstance(frame, EventsFrame) and frame.events and frame.events[-1].seq <= self.replica.seq:
            self.replica.seq = frame.events[0].seq - 1
        return super().receive(frame)


class _AppliesWhatItHasAgain(Sync):
    """Without moving back: a value of before comes up."""

    @override
    def receive(self, frame: Frame) -> tuple[Changes, list[Event]]:
        changes, applied = super().receive(frame)
        if isinstance(frame, EventsFrame) and not applied:
            seq = self.replica.seq
            for event in frame.events:
                if event.seq <= seq:
                    with suppress(CannotApplyError):
                        self.replica.apply(event, changes)
            self.replica.seq = seq
        return changes, applied


class _LosesWhatItHolds(Sync):
    """And believes to have applied it."""

    @override
    def load(self, snapshot: Snapshot) -> tuple[Changes, list[Event]]:
        last = max(self._held, default=0)
        self._held.clear()
        told = super().load(snapshot)
        self.replica.seq = max(self.replica.seq, last)
        return told


class _TakesOldSnapshots(Sync):
    @override
    def load(self, snapshot: Snapshot) -> tuple[Changes, list[Event]]:
        if snapshot.position.epoch == self.replica.epoch:
            self.replica.seq = min(self.replica.seq, snapshot.position.seq)
        return super().load(snapshot)


class _IgnoresEpochs(Sync):
    @override
    def _check_epoch(self, position: Position) -> None:
        pass

    @override
    def receive(self, frame: Frame) -> tuple[Changes, list[Event]]:
        if isinstance(frame, HelloFrame) and self.replica.epoch:
            self._epoch = self.replica.epoch
            frame = replace(frame, position=Position(self.replica.epoch, frame.position.seq), resumed=True)
        return super().receive(frame)


class _TakesEveryStreamForResumed(Sync):
    @override
    def receive(self, frame: Frame) -> tuple[Changes, list[Event]]:
        if isinstance(frame, HelloFrame):
            # It believes to be where the stream begins.
            if self.replica.epoch == frame.position.epoch and not frame.resumed:
                self.replica.seq = frame.position.seq
            frame = replace(frame, resumed=True)
        return super().receive(frame)


class _IgnoresHeartbeats(Sync):
    @override
    def receive(self, frame: Frame) -> tuple[Changes, list[Event]]:
        return (Changes(), []) if isinstance(frame, HeartbeatFrame) else super().receive(frame)


class _HoldsOverADisconnect(Sync):
    """What came before the stream ended is applied behind the next one's hello."""

    @override
    def _drop_held(self) -> None:
        pass


class _NamesAPositionAhead(Sync):
    """The newest that it has heard of, instead of what it holds."""

    @property
    @override
    def held(self) -> Position | None:
        held = super().held
        return held and Position(held.epoch, max(held.seq, self._head, *self._held))


class _NamesTheLastSnapshot(Sync):
    """Without the events since."""

    _snapshot: Position | None = None

    @override
    def load(self, snapshot: Snapshot) -> tuple[Changes, list[Event]]:
        self._snapshot = snapshot.position
        return super().load(snapshot)

    @property
    @override
    def held(self) -> Position | None:
        return super().held and self._snapshot


class _NamesNoPosition(Sync):
    """And so has all sent each time."""

    @property
    @override
    def held(self) -> Position | None:
        return None


class _LosesPressesBehindGaps(Sync):
    """Tells only of those that come in order."""

    @override
    def _drain(self, changes: Changes, applied: list[Event]) -> None:
        in_order = len(applied)
        super()._drain(changes, applied)
        applied[in_order:] = [event for event in applied[in_order:] if not isinstance(event, ButtonEvent)]


class _LosesPressesThatWereCovered(Sync):
    """By a snapshot, in which they are not."""

    @override
    def _cover(self, before: Position) -> None:
        pass


class _LosesPressesOfAnOutage(Sync):
    """Has the stream begin behind what it holds, though it was not told all of that."""

    @override
    def resume(self, *, recent: bool) -> Position:
        return super().resume(recent=False)


class _TellsPressesTwice(Sync):
    """Where the stream says them twice."""

    @override
    def _events(self, frame: EventsFrame[Event]) -> tuple[Changes, list[Event]]:
        changes, applied = super()._events(frame)
        again = [event for event in frame.events if isinstance(event, ButtonEvent) and event not in applied]
        return changes, applied + [event for event in again if event.seq <= self.replica.seq]


class _TellsOldPresses(Sync):
    """However long they had to wait behind a gap."""

    @override
    def _is_fresh(self, event: Event) -> bool:
        return True


class _Deaf(Replica):
    def __init__(self, *to: type[Event]) -> None:
        super().__init__()
        self._deaf_to = to

    @override
    def apply(self, event: Event, changes: Changes) -> None:
        if isinstance(event, self._deaf_to):
            self.seq = event.seq
        else:
            super().apply(event, changes)


class _TakesPartsForWholes(Replica):
    @override
    def _state(self, event: StateEvent, changes: Changes) -> None:
        key = (event.device_id, event.endpoint_id)
        if (endpoint := self.endpoints.get(key)) is not None and endpoint.state is not None:
            self.endpoints[key] = replace(endpoint, state=type(endpoint.state)())
        super()._state(event, changes)


class _NeverDoubts(Sync):
    @override
    def _apply(self, event: Event, changes: Changes) -> None:
        super()._apply(event, changes)
        self.doubtful = False
        self.wanted = None


class _WakesNobodyForSnapshots(Sync):
    @override
    def load(self, snapshot: Snapshot) -> tuple[Changes, list[Event]]:
        _, applied = super().load(snapshot)
        return Changes(), applied


def _without_unknown_events(text: str) -> Frame | None:
    """Decode a frame, and leave out what is of an unknown kind."""
    frame = decode_frame(text)
    if isinstance(frame, EventsFrame):
        return EventsFrame(tuple(event for event in frame.events if type(event) is not Event))
    return frame


def _with_null_for_absent(text: str) -> Frame | None:
    """Decode a frame, and leave out what has become unknown."""
    frame = decode_frame(text)
    for event in frame.events if isinstance(frame, EventsFrame) else ():
        if isinstance(event, StateEvent):
            for name in [name for name, value in event.patch.items() if value is None]:
                del event.patch[name]  # type: ignore[misc]  # whichever of its keys it is
    return frame


def _with_future_for_unknown(text: str) -> Frame | None:
    """Decode a frame, and take a value that nobody knows for none."""
    frame = decode_frame(text)
    for event in frame.events if isinstance(frame, EventsFrame) else ():
        if isinstance(event, StateEvent):
            if event.patch.get("mode") is LightMode.UNKNOWN:
                event.patch["mode"] = None
            if event.patch.get("motion") is Motion.UNKNOWN:
                event.patch["motion"] = None
    return frame


def _with_sync(sync: type[Sync] = Sync, replica: Callable[[], Replica] | None = None) -> Parts:
    def build(clock: Callable[[], float]) -> Sync:
        built = sync(clock=clock)
        if replica is not None:
            built.replica = replica()
        return built

    return Parts(sync=build)


class _ResumesTooLate(Sync):
    @override
    def resume(self, *, recent: bool) -> Position:
        epoch, seq = super().resume(recent=recent)
        return Position(epoch, seq + 1)


VIOLATIONS = {
    # What the cloud says
    "a gap is ignored": _with_sync(_IgnoresGaps),
    "a late or doubled event moves the position back": _with_sync(_AppliesLateEvents),
    "a late or doubled event is applied again": _with_sync(_AppliesWhatItHasAgain),
    "events held back are lost": _with_sync(_LosesWhatItHolds),
    "events are held over a disconnect": _with_sync(_HoldsOverADisconnect),
    "a snapshot that was overtaken turns the clock back": _with_sync(_TakesOldSnapshots),
    "another epoch is ignored": _with_sync(_IgnoresEpochs),
    "a stream that is not resumed is taken for resumed": _with_sync(_TakesEveryStreamForResumed),
    "a heartbeat ahead of us is ignored": _with_sync(_IgnoresHeartbeats),
    "an event of an unknown kind does not count": Parts(decode=_without_unknown_events),
    "a removed device or home is kept": _with_sync(replica=lambda: _Deaf(DeviceRemovedEvent, HomeRemovedEvent)),
    "what is said of a device is ignored": _with_sync(replica=lambda: _Deaf(DeviceEvent)),
    "what is said of a home is ignored": _with_sync(replica=lambda: _Deaf(HomeEvent)),
    "null is taken for absent": Parts(decode=_with_null_for_absent),
    "absent is taken for null": _with_sync(replica=_TakesPartsForWholes),
    "an unknown value replaces the last known one": Parts(decode=_with_future_for_unknown),
    "an event that cannot be applied is passed over": _with_sync(_NeverDoubts),
    "a snapshot wakes nobody": _with_sync(_WakesNobodyForSnapshots),
    "snapshots are asked for in a storm": Parts(polls_in_a_storm=True),
    "the tag of a position is sent that is not reached yet": _with_sync(_NamesAPositionAhead),
    "the tag of the last snapshot is sent, whatever came since": _with_sync(_NamesTheLastSnapshot),
    "what cannot be applied is asked about again and again": Parts(doubt_s=1),
    "a silent stream is trusted": Parts(silence_s=math.inf),
    "a stream is resumed ahead of what is held": _with_sync(_ResumesTooLate),
    "polls are not conditional": _with_sync(_NamesNoPosition),
    # Presses
    "presses behind a gap are lost": _with_sync(_LosesPressesBehindGaps),
    "presses that a snapshot has covered are lost": _with_sync(_LosesPressesThatWereCovered),
    "presses of a short outage are lost": _with_sync(_LosesPressesOfAnOutage),
    "a press is told twice": _with_sync(_TellsPressesTwice),
    "a press that had to wait is told when it is history": _with_sync(_TellsOldPresses),
}
