"""Which frame counts, which is held back, and when only a snapshot helps (contract, "Snapshot and events"). Pure."""

from collections.abc import Callable, Iterable
import math

from .models import NOWHERE, Position
from .replica import CannotApplyError, Changes, Replica
from .wire_events import AccountEvent, ButtonEvent, Event, EventsFrame, Frame, HelloFrame, TicketEvent
from .wire_home import Snapshot

# Events held back behind a gap; a gap that long is filled by the snapshot alone.
_MOST_HELD = 10_000
# A press that was held back for longer is history: no automation should start by it.
PRESS_AGE_S = 10


class EpochChangedError(Exception):
    """The cloud counts anew: the stream has to be opened again."""


class Sync:
    """Keeps a replica at the cloud's position, whatever is lost, doubled, late or out of order on the way.

    `wanted` says why a snapshot is needed: None, or the lowest seq that helps.
    """

    def __init__(
        self,
        wants_home: Callable[[str], bool] = lambda _home_id: True,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`wants_home` says which homes the replica holds; `clock` is a monotonic one, in seconds."""
        self.replica = Replica(wants_home)
        self.wanted: int | None = None
        self.doubtful = False  # the replica may be wrong although its position is right
        self._epoch: str | None = None  # of the open stream
        self._whole = False  # the replica is right, and yet not what is wanted
        self._unbased = False  # what the stream sends builds on a snapshot that is not here yet
        self._clock = clock
        self._held: dict[int, Event] = {}
        self._held_since: dict[int, float] = {}  # of presses
        # What a snapshot has covered and the stream has not told of yet: presses are in no snapshot.
        self._untold: set[int] = set()
        self._suspect = False  # one of the numbers held was none of the cloud's
        self._head = 0  # where the stream has said that the cloud is
        self._seq_at_heartbeat = 0  # where the replica was when the stream sent the last one

    @property
    def held(self) -> Position | None:
        """Where the replica is, as far as it can be trusted: what a conditional request may say."""
        position = self.replica.position
        unknown = self.doubtful or self._whole or self._unbased or position == NOWHERE
        return None if unknown else position

    @property
    def current(self) -> bool:
        """Whether the replica is where the cloud has said last that it is."""
        return not self._unbased and not self._held and self.replica.seq >= self._head

    def resume(self, *, recent: bool) -> Position:
        """Return where a stream is to begin: behind what is held, or, to hear of `recent` presses, of what was told."""
        epoch, seq = self.replica.position
        if not recent:
            self._untold.clear()
        return Position(epoch, min(self._untold, default=seq + 1) - 1)

    def want_whole(self) -> None:
        """Have the next snapshot sent whatever is held: `wants_home` says something else now."""
        self._whole = True

    def disconnected(self) -> None:
        """The stream has ended: what comes next may come from another epoch."""
        self._epoch = None
        self._head = 0
        self._seq_at_heartbeat = 0
        self._unbased = False
        self._drop_held()
        if not self.doubtful:
            self.wanted = None

    def receive(self, frame: Frame) -> tuple[Changes, list[Event]]:
        """Take a frame; return what changed, and the events that were applied now, in order.

        Raises EpochChangedError.
        """
        if isinstance(frame, EventsFrame):
            return self._events(frame)
        if isinstance(frame, HelloFrame):
            self._hello(frame)
        else:
            self._heartbeat(frame.position)
        return Changes(), []

    def load(self, snapshot: Snapshot) -> tuple[Changes, list[Event]]:
        """Take a snapshot, unless it would turn the clock back; return as `receive` does.

        Raises EpochChangedError where the stream that is open belongs to another epoch.
        """
        if self._epoch is not None:
            self._check_epoch(snapshot.position)
        if self._unbased:
            too_old = self.wanted is not None and snapshot.position.seq < self.wanted
        else:
            too_old = snapshot.position.epoch == self.replica.epoch and snapshot.position.seq < self.replica.seq
        if too_old:
            return Changes(), []
        self._unbased = False
        self.doubtful = False
        self._whole = False
        self._suspect = False
        applied: list[Event] = []
        before = self.replica.position
        changes = self.replica.load(snapshot)
        self._cover(before)
        if self.wanted is not None and snapshot.position.seq >= self.wanted:
            self.wanted = None
        self._drain(changes, applied)
        return changes, applied

    def _hello(self, hello: HelloFrame) -> None:
        self._epoch = hello.position.epoch
        self._head = hello.position.seq
        self._drop_held()
        behind = self._suspect or hello.position.seq > self.replica.seq
        if self.replica.epoch != self._epoch or (behind and not hello.resumed):
            self._unbased = True
            self._untold.clear()
            self.wanted = hello.position.seq

    def _heartbeat(self, position: Position) -> None:
        self._check_epoch(position)
        if position.seq < self._seq_at_heartbeat:
            # Behind what was held as long ago as that: one of the numbers since was none of the cloud's.
            self._suspect = True
            raise EpochChangedError(f"back from {self._seq_at_heartbeat} to {position.seq}")
        self._seq_at_heartbeat = self.replica.seq
        self._head = position.seq
        # It comes after all that is pending: what claims to be beyond it is nowhere.
        for seq in [seq for seq in self._held if seq > position.seq]:
            del self._held[seq]
            self._held_since.pop(seq, None)
        if not self.doubtful and not self._unbased:
            self.wanted = position.seq if position.seq > self.replica.seq else None

    def _events(self, frame: EventsFrame[Event]) -> tuple[Changes, list[Event]]:
        changes = Changes()
        applied: list[Event] = []
        for event in frame.events:
            if event.seq == self.replica.seq + 1 and not self._held and not self._unbased:
                self._apply(event, changes)
                applied.append(event)
            elif event.seq > self.replica.seq or self._unbased:
                self._hold(event)
            elif event.seq in self._untold:
                self._untold.discard(event.seq)
                applied += _news(event)
        if not self._unbased and (self._held or self.wanted is not None):
            self._drain(changes, applied)
        if len(self._held) > _MOST_HELD:
            self._head = max(self._held)
            self._want(self._head)
            self._drop_held()
        elif self._held and not self._unbased:
            self._want(min(self._held) - 1)
        return changes, applied

    def _hold(self, event: Event) -> None:
        if event.seq not in self._held:
            self._held[event.seq] = event
            if isinstance(event, ButtonEvent):
                self._held_since[event.seq] = self._clock()

    def _drop_held(self) -> None:
        self._held.clear()
        self._held_since.clear()

    def _cover(self, before: Position) -> None:
        """Note what a snapshot has taken the replica past without a word of the stream."""
        epoch, seq = self.replica.position
        if epoch != before.epoch or len(self._untold) + seq - before.seq > _MOST_HELD:
            self._untold.clear()
        else:
            self._untold.update(range(before.seq + 1, seq + 1))
            self._untold.difference_update(self._held)

    def _drain(self, changes: Changes, applied: list[Event]) -> None:
        """Apply what was held back and comes next now, forget what is covered, and want no more than is missing."""
        while (event := self._held.pop(self.replica.seq + 1, None)) is not None:
            self._apply(event, changes)
            if self._is_fresh(event):
                applied.append(event)
        for seq in sorted(seq for seq in self._held if seq <= self.replica.seq):
            event = self._held.pop(seq)
            if self._is_fresh(event):
                applied += _news(event)
        if self.wanted is not None and not self.doubtful and not self._held and self.replica.seq >= self.wanted:
            self.wanted = None

    def _is_fresh(self, event: Event) -> bool:
        return self._clock() - self._held_since.pop(event.seq, math.inf) <= PRESS_AGE_S

    def _apply(self, event: Event, changes: Changes) -> None:
        try:
            self.replica.apply(event, changes)
        except CannotApplyError:
            self.doubtful = True
            self._want(event.seq)

    def _want(self, seq: int) -> None:
        self.wanted = max(seq, self.wanted or 0)

    def _check_epoch(self, position: Position) -> None:
        if position.epoch != self._epoch:
            raise EpochChangedError(f"{self._epoch} became {position.epoch}")


def _news(event: Event) -> Iterable[Event]:
    """Return the event if no snapshot shows what it says: a press of a button, what to ask REST, a ticket."""
    return (event,) if isinstance(event, ButtonEvent | AccountEvent | TicketEvent) else ()
