"""The counter of an account's changes, and their events (contract, "Epoch and seq")."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.mock_cloud.wire import Json, JsonObject

# The least that the contract requires (C-45).
KEPT_EVENTS = 1000
KEPT_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change visible to an account; `at` is Unix time."""

    seq: int
    at: float
    kind: str
    members: Mapping[str, Json]

    def document(self, at: str) -> JsonObject:
        """Return the wire form with `at` spelled as given."""
        return {"seq": self.seq, "at": at, "kind": self.kind, **self.members}


@dataclass(slots=True)
class Ledger:
    """An account's `seq` and its history."""

    seq: int = 0
    events: deque[Event] = field(default_factory=deque)

    def append(self, at: float, kind: str, members: Mapping[str, Json]) -> Event:
        """Count a change and keep its event."""
        self.seq += 1
        event = Event(seq=self.seq, at=at, kind=kind, members=members)
        self.events.append(event)
        while len(self.events) > KEPT_EVENTS and self.events[0].at < at - KEPT_SECONDS:
            self.events.popleft()
        return event

    def after(self, since: int) -> list[Event] | None:
        """Return every event after `since`, or None if it is too old or beyond the head."""
        if not self.seq - len(self.events) <= since <= self.seq:
            return None
        return [event for event in self.events if event.seq > since]

    def forget(self) -> None:
        """Forget the history but keep the numbering."""
        self.events.clear()
