"""Integrations that break one promise each, for the machine to find: classes of the client with one rule replaced.

They take the place of the client's own for the length of a test. This is the one place where tests reach into our code:
a rule that nobody breaks is not known to be held.
"""

import asyncio
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import NamedTuple, override

import pytest

from custom_components.wesmart import coordinator
from custom_components.wesmart.cloud import control, dispatch, live, outbox
from custom_components.wesmart.cloud.commands import Command, CommandResult
from custom_components.wesmart.cloud.errors import CloudTimeoutError, WeSmartError
from custom_components.wesmart.cloud.live import LiveHome
from custom_components.wesmart.cloud.models import Endpoint
from custom_components.wesmart.cloud.overlay import Overlay
from custom_components.wesmart.cloud.presence import Presence
from custom_components.wesmart.cloud.pump import CommandPump
from custom_components.wesmart.cloud.replica import Changes
from custom_components.wesmart.cloud.sync import Sync
from custom_components.wesmart.cloud.wire_events import ButtonEvent, Event, EventsFrame
from custom_components.wesmart.cloud.wire_home import Snapshot


class IgnoresGaps(Sync):
    """Applies whatever comes next, as if nothing could be missing in between."""

    @override
    def _events(self, frame: EventsFrame[Event]) -> tuple[Changes, list[Event]]:
        if not self._unbased and frame.events and frame.events[0].seq > self.replica.seq:
            self.replica.seq = frame.events[0].seq - 1
        return super()._events(frame)


class AppliesLateEvents(Sync):
    """Applies what it has applied already, or what a snapshot has overtaken."""

    @override
    def _events(self, frame: EventsFrame[Event]) -> tuple[Changes, list[Event]]:
        changes, applied = super()._events(frame)
        seq = self.replica.seq
        for event in frame.events:
            if not self._unbased and event.seq <= seq and event not in applied:
                self.replica.apply(event, changes)
        self.replica.seq = seq
        return changes, applied


class TurnsTheClockBack(Sync):
    """Takes any snapshot, also one that was overtaken on its way."""

    @override
    def load(self, snapshot: Snapshot) -> tuple[Changes, list[Event]]:
        if snapshot.position.epoch == self.replica.epoch:
            self.replica.seq = snapshot.position.seq
        return super().load(snapshot)


class ReplaysPresses(LiveHome):
    """Tells of every press that the stream brings, however old."""

    @override
    def _is_fresh(self, event: ButtonEvent) -> bool:
        return True


class NeverLost(Presence):
    """Shows what was known last for ever."""

    @override
    def lose(self, reason: WeSmartError | None = None) -> None:
        pass


class PollsOnlyWithPush(LiveHome):
    """Asks the cloud only while the stream is up, when there is hardly a need."""

    @override
    async def _fetch(self) -> None:
        if not self.streaming and self._sync.wanted is None:
            raise CloudTimeoutError("nobody asks")
        await super()._fetch()


class ShowsNothingEarly(Overlay):
    """Waits for the cloud's event to show what was commanded."""

    @override
    def acknowledge(self, endpoint: Endpoint, fields: Mapping[str, object], until_seq: int, now: float) -> None:
        pass


class Insists(CommandPump):
    """Tells its caller in time that there was no answer, but goes on asking for a minute."""

    @override
    async def execute(self, command: Command) -> CommandResult:
        asked = asyncio.ensure_future(super().execute(command))
        asked.add_done_callback(lambda done: done.cancelled() or done.exception())
        done, _ = await asyncio.wait([asked], timeout=10)
        if not done:
            raise CloudTimeoutError("no answer in time")
        return asked.result()


def _wait(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(dispatch, "DEADLINE_S", 60)


def _insist(patches: pytest.MonkeyPatch) -> None:
    _wait(patches)
    patches.setattr(control, "CommandPump", Insists)


def _earlier_wins(patches: pytest.MonkeyPatch) -> None:
    merged = outbox.merged
    patches.setattr(outbox, "merged", lambda earlier, later: merged(later, earlier))


class Planted(NamedTuple):
    """A broken promise, and the rules of the machine that have to do with it, so that it is found soon."""

    plant: Callable[[pytest.MonkeyPatch], None]
    rules: set[str]


def _instead(module: ModuleType, name: str, value: object) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patches: patches.setattr(module, name, value)


PLANTED = {
    "gaps are ignored": Planted(_instead(live, "Sync", IgnoresGaps), {"drop", "slide_by_hand", "switch"}),
    "late events are applied": Planted(_instead(live, "Sync", AppliesLateEvents), {"delay", "double", "slide_by_hand"}),
    "a snapshot turns the clock back": Planted(_instead(live, "Sync", TurnsTheClockBack), {"overtake"}),
    "presses are replayed": Planted(_instead(coordinator, "LiveHome", ReplaysPresses), {"outage"}),
    "the cloud is never lost": Planted(_instead(live, "Presence", NeverLost), {"outage"}),
    "nobody polls while push is down": Planted(
        _instead(coordinator, "LiveHome", PollsOnlyWithPush), {"rest_without_push", "touch_switch"}
    ),
    "commanded values are not shown": Planted(
        _instead(control, "Overlay", ShowsNothingEarly), {"mute", "switch", "dim"}
    ),
    "commands are repeated after their deadline": Planted(_insist, {"slow_down", "switch"}),
    "callers wait for ever": Planted(_wait, {"slow_down", "switch"}),
    "of merged calls the earlier wins": Planted(_earlier_wins, {"slide", "slow_down"}),
}
