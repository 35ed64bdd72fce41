"""The rules of the contract, each broken once: what the schedules must find."""

from collections.abc import Callable, Iterable
from dataclasses import replace as changed
from typing import override

from msgspec.structs import replace

from custom_components.wesmart.cloud.commands import Command, CommandResult
from custom_components.wesmart.cloud.dispatch import Applied, Call, Conclusion, Dispatcher, Request
from custom_components.wesmart.cloud.errors import CloudConnectionError, WeSmartError
from custom_components.wesmart.cloud.models import Endpoint, EndpointKey, Position
from custom_components.wesmart.cloud.outbox import Outbox, Parcel
from custom_components.wesmart.cloud.overlay import Overlay
from custom_components.wesmart.cloud.replica import Changes, Replica
from custom_components.wesmart.cloud.sync import Sync
from custom_components.wesmart.cloud.wire_events import (
    DeviceRemovedEvent,
    Event,
    EventsFrame,
    Frame,
    HeartbeatFrame,
    HelloFrame,
    HomeRemovedEvent,
)
from custom_components.wesmart.cloud.wire_home import Snapshot
from tests.cloud.simulation.home import Caller, Parts


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


class _KeepsWhatIsRemoved(Replica):
    @override
    def apply(self, event: Event, changes: Changes) -> None:
        if isinstance(event, DeviceRemovedEvent | HomeRemovedEvent):
            self.seq = event.seq
        else:
            super().apply(event, changes)


class _KeepsRemovedDevices(Sync):
    def __init__(self) -> None:
        super().__init__()
        self.replica = _KeepsWhatIsRemoved()


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


class _CoversNothing(Overlay):
    @override
    def acknowledge(self, endpoint: Endpoint, fields: object, until_seq: int, now: float) -> None:
        pass


class _CoversForEver(Overlay):
    @override
    def expire(self, now: float) -> set[EndpointKey]:
        return set()

    @property
    @override
    def next_expiry(self) -> float | None:
        return None


class _CoversPastTheConfirmation(Overlay):
    @override
    def reach(self, seq: int) -> set[EndpointKey]:
        return set()


class _CoversOtherEpochs(Overlay):
    @override
    def clear(self) -> set[EndpointKey]:
        return set()


class _RepeatsUnderNewIds(Dispatcher[Caller]):
    @override
    def failed(self, err: WeSmartError, now: float) -> list[Conclusion[Caller]]:
        told = super().failed(err, now)
        if isinstance(err, CloudConnectionError):
            for parcel in self._parcels:
                parcel.command = parcel.command.again()
        return told


class _RepeatsAfterTheDeadline(Dispatcher[Caller]):
    @override
    def _keep_wanted(self, now: float) -> None:
        pass


class _NeverRaisesTheOrder(Dispatcher[Caller]):
    @override
    def next(self, now: float) -> Request | float | None:
        step = super().next(now)
        return changed(step, order=7) if isinstance(step, Request) else step


class _TakesSupersededForSuccess(Dispatcher[Caller]):
    @override
    def answered(self, results: Iterable[CommandResult]) -> tuple[list[Applied], list[Conclusion[Caller]]]:
        return super().answered(
            [replace(result, status="applied") if result.status == "superseded" else result for result in results]
        )


class _LeapsAMinute(Dispatcher[Caller]):
    @override
    def _leap(self) -> bool:
        self._order += 60_000
        self._leaps += 1
        return self._leaps <= 5


class _FailsTheNeighbours(Dispatcher[Caller]):
    @override
    def answered(self, results: Iterable[CommandResult]) -> tuple[list[Applied], list[Conclusion[Caller]]]:
        self._parcels = [Parcel(parcel.command, [call]) for parcel in self._parcels for call in parcel.calls]
        return super().answered(results)


class _SendsWhileOneIsInFlight(Dispatcher[Caller]):
    @override
    def next(self, now: float) -> Request | float | None:
        self._in_flight = False
        return super().next(now)


class _DropsFields(Outbox[Call[Caller]]):
    @override
    def put(self, command: Command, call: Call[Caller]) -> None:
        parcel = None if command.key is None else self._open.get(command.key)
        super().put(command, call)
        if parcel is not None and command.fields is not None:
            parcel.command = replace(parcel.command, fields=command.fields)


class _LetsTheEarliestWin(Outbox[Call[Caller]]):
    @override
    def put(self, command: Command, call: Call[Caller]) -> None:
        parcel = None if command.key is None else self._open.get(command.key)
        before = None if parcel is None else parcel.command.fields
        super().put(command, call)
        if parcel is not None and before is not None:
            parcel.command = replace(parcel.command, fields={**(parcel.command.fields or {}), **before})


class _ReversesWhatWaits(Outbox[Call[Caller]]):
    @override
    def take(self, most: int) -> list[Parcel[Call[Caller]]]:
        return super().take(most)[::-1]

    @override
    def put(self, command: Command, call: Call[Caller]) -> None:
        self._open.clear()
        super().put(command, call)


def _with_outbox(outbox: type[Outbox[Call[Caller]]]) -> Parts:
    def build(unix_time: Callable[[], float]) -> Dispatcher[Caller]:
        dispatcher: Dispatcher[Caller] = Dispatcher(unix_time)
        dispatcher._outbox = outbox()
        return dispatcher

    return Parts(dispatcher=build)


VIOLATIONS = {
    "a gap is ignored": Parts(sync=_IgnoresGaps),
    "a late or doubled event moves the position back": Parts(sync=_AppliesLateEvents),
    "a late or doubled event is applied again": Parts(sync=_AppliesWhatItHasAgain),
    "events held back are lost": Parts(sync=_LosesWhatItHolds),
    "a snapshot that was overtaken turns the clock back": Parts(sync=_TakesOldSnapshots),
    "another epoch is ignored": Parts(sync=_IgnoresEpochs),
    "a stream that is not resumed is taken for resumed": Parts(sync=_TakesEveryStreamForResumed),
    "a heartbeat ahead of us is ignored": Parts(sync=_IgnoresHeartbeats),
    "a removed device or home is kept": Parts(sync=_KeepsRemovedDevices),
    "an event that cannot be applied is passed over": Parts(sync=_NeverDoubts),
    "a snapshot wakes nobody": Parts(sync=_WakesNobodyForSnapshots),
    "the overlay ends at the acknowledgement": Parts(overlay=_CoversNothing),
    "the overlay never expires": Parts(overlay=_CoversForEver),
    "the overlay outlives the confirmation": Parts(overlay=_CoversPastTheConfirmation),
    "the overlay outlives the epoch": Parts(overlay=_CoversOtherEpochs),
    "a repeat has a new id": Parts(dispatcher=_RepeatsUnderNewIds),
    "a repeat is sent after the deadline": Parts(dispatcher=_RepeatsAfterTheDeadline),
    "the order does not rise": Parts(dispatcher=_NeverRaisesTheOrder),
    "what an earlier life has superseded is a success": Parts(dispatcher=_TakesSupersededForSuccess),
    "an order that is far behind stays so": Parts(dispatcher=_LeapsAMinute),
    "two requests are in flight": Parts(dispatcher=_SendsWhileOneIsInFlight, pumps_for_each_call=True),
    "what is refused together is not tried apart": Parts(dispatcher=_FailsTheNeighbours),
    "a merge drops a field": _with_outbox(_DropsFields),
    "the earliest of two values wins": _with_outbox(_LetsTheEarliestWin),
    "a later call overtakes an earlier one": _with_outbox(_ReversesWhatWaits),
    "snapshots are asked for in a storm": Parts(polls_in_a_storm=True),
}
