"""What `live.py` and `pump.py` do, without a loop: processes around the client's pure core.

It must do no more than they do, or the schedules would prove something else: open the stream and follow it, reopen it
with backoff, fetch when something is wanted or doubtful, poll, expire the overlay, carry out what the dispatcher says,
and end each call at its deadline. Left out are the session, blocked accounts, presses and who tells of silence; and of a
restart, all but what becomes of commands.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
import math
import random

import msgspec

from custom_components.wesmart.cloud.commands import Command, CommandResult, commanded_state
from custom_components.wesmart.cloud.dispatch import Dispatcher, Request
from custom_components.wesmart.cloud.errors import (
    BusyError,
    CloudConnectionError,
    CloudTimeoutError,
    UnexpectedAnswerError,
    WeSmartError,
)
from custom_components.wesmart.cloud.models import Endpoint, EndpointKey
from custom_components.wesmart.cloud.overlay import Overlay
from custom_components.wesmart.cloud.replica import Changes
from custom_components.wesmart.cloud.sync import EpochChangedError, Sync
from custom_components.wesmart.cloud.wire_events import decode_frame
from custom_components.wesmart.cloud.wire_home import decode_snapshot
from tests.cloud.simulation.agenda import Agenda, Mailbox, Process, Wait
from tests.cloud.simulation.link import HEARTBEAT_S, Link, Stream

# Those of live.py.
POLL_S = 30
_SAFETY_POLL_S = 3600
_DOUBT_S = 60
_LAST_BACKOFF_S = 120


class _Results(msgspec.Struct):
    results: list[CommandResult]


class _Body(msgspec.Struct):
    order: int
    commands: list[Command]


@dataclass(slots=True, eq=False)
class Caller:
    """Somebody who called an action, and what came of it."""

    number: int
    command: Command
    called_at: float
    deadline: float = math.inf
    outcome: CommandResult | WeSmartError | None = None
    answered_at: float = math.inf


@dataclass(frozen=True, slots=True)
class Parts:
    """What decides; a test may plant others."""

    sync: Callable[[], Sync] = Sync
    overlay: Callable[[], Overlay] = Overlay
    dispatcher: Callable[[Callable[[], float]], Dispatcher[Caller]] = Dispatcher
    # live.py's own part in the rules
    polls_in_a_storm: bool = False
    pumps_for_each_call: bool = False


class Listener:
    """What the home tells; a witness overrides."""

    def changed(self, keys: set[EndpointKey]) -> None:
        """These may show something else."""

    def took(self) -> None:
        """A frame or a snapshot was taken."""

    def applied(self, command: Command, seq: int) -> None:
        """A command was accepted."""

    def posts(self, order: int, commands: list[Command]) -> None:
        """A request leaves."""

    def posted(self, undone: set[str]) -> None:
        """It has ended; the commands of these ids may have to be done again."""

    def restarted(self) -> None:
        """All calls are given up, and orders begin anew."""

    def fetches(self) -> None:
        """A snapshot is asked for."""


@dataclass(slots=True)
class _Pace:
    """How often in a row something failed."""

    failures: int = 0
    rng: random.Random = field(default_factory=lambda: random.Random(20))

    def delay(self, error: object = None, ceiling: float = _LAST_BACKOFF_S) -> float:
        delay = self.rng.uniform(0, min(ceiling, 2 ** min(self.failures, 10)))
        return delay + error.retry_after if isinstance(error, BusyError) and error.retry_after is not None else delay


class SimulatedHome:
    """A client that follows the cloud from the first moment."""

    def __init__(self, agenda: Agenda, link: Link, listener: Listener, parts: Parts) -> None:
        self._agenda = agenda
        self._link = link
        self._listener = listener
        self._parts = parts
        self.sync = parts.sync()
        self.overlay = parts.overlay()
        self._clock_ahead_s = 0.0
        self.dispatcher = self._new_dispatcher()
        self.streaming = False
        self._overlay_epoch = ""
        self._expiry_armed = False
        self._due: Mailbox[object] = Mailbox()
        self._pumping = False

    def endpoint(self, key: EndpointKey) -> Endpoint | None:
        """Return an endpoint as it is to be shown."""
        endpoint = self.sync.replica.endpoints.get(key)
        return None if endpoint is None else self.overlay.show(endpoint)

    def begin(self) -> None:
        """Start; the first snapshot is there when this returns."""
        box: Mailbox[object] = Mailbox()
        self._link.fetch(None, box)
        self._agenda.run_until(self._agenda.now + 1)
        self._load(box)
        self._agenda.spawn(self._poll())
        self._agenda.spawn(self._stream())

    def _fetch(self) -> Process:
        self._listener.fetches()
        box: Mailbox[object] = Mailbox()
        self._link.fetch(self.sync.held, box)
        yield Wait(box)
        self._load(box)

    def _load(self, box: Mailbox[object]) -> None:
        answer = box.items.popleft()
        if isinstance(answer, WeSmartError):
            raise answer
        if isinstance(answer, bytes):
            changes, _ = self.sync.load(decode_snapshot(answer))
            self._tell(changes)

    def _tell(self, changes: Changes) -> None:
        replica = self.sync.replica
        if replica.epoch != self._overlay_epoch:
            self._overlay_epoch = replica.epoch
            changes.endpoints |= self.overlay.clear()
        changes.endpoints |= self.overlay.reach(replica.seq)
        self._listener.took()
        if changes.endpoints:
            self._listener.changed(changes.endpoints)

    def _poll(self) -> Process:
        pace, behind = _Pace(), _Pace()
        doubted_at = -math.inf
        delay: float = POLL_S
        while True:
            yield Wait(self._due, self._agenda.now + delay)
            self._due.items.clear()
            if self.sync.doubtful:
                yield Wait(None, doubted_at + _DOUBT_S)
                doubted_at = self._agenda.now
            try:
                yield from self._fetch()
            except EpochChangedError:
                delay = POLL_S
            except WeSmartError as err:
                pace.failures += 1
                delay = 0.02 if self._parts.polls_in_a_storm else pace.delay(err, POLL_S)
                yield Wait(None, self._agenda.now + delay)
                self._due.put(True)
            else:
                pace.failures = 0
                delay = _SAFETY_POLL_S if self.streaming else POLL_S
                behind.failures = behind.failures + 1 if self.sync.wanted is not None else 0
                if behind.failures:
                    yield Wait(None, self._agenda.now + behind.delay(ceiling=POLL_S))
                    self._due.put(True)

    def _stream(self) -> Process:
        pace = _Pace()
        while True:
            box: Mailbox[object] = Mailbox()
            self._link.connect(self.sync.replica.position, box)
            yield Wait(box)
            stream = error = box.items.popleft()
            delivered = False
            if isinstance(stream, Stream):
                with suppress(EpochChangedError):
                    yield from self._follow(stream)
                stream.is_open = False
                delivered, self.streaming = self.streaming, False
                self.sync.disconnected()
            if delivered:
                self._due.put(True)
            pace.failures = 1 if delivered else pace.failures + 1
            yield Wait(None, self._agenda.now + pace.delay(error))

    def _follow(self, stream: Stream) -> Process:
        greeted = False
        while True:
            yield Wait(stream.frames, self._agenda.now + 2 * HEARTBEAT_S)
            text = stream.frames.items.popleft() if stream.frames.items else None
            if not isinstance(text, str):
                return
            try:
                frame = decode_frame(text)
            except UnexpectedAnswerError:
                continue
            self.streaming = greeted
            greeted = True
            if frame is not None:
                changes, _ = self.sync.receive(frame)
                self._tell(changes)
                if self.sync.wanted is not None:
                    self._due.put(True)

    # Commands

    def call(self, caller: Caller) -> None:
        """Call an action."""
        try:
            call = self.dispatcher.put(caller.command, caller, self._agenda.now)
        except BusyError as err:
            self._conclude(caller, err)
            return
        caller.deadline = call.deadline

        def end() -> None:
            self._conclude(caller, CloudTimeoutError("deadline"))
            self.dispatcher.give_up(call)

        self._agenda.at(call.deadline, end)
        if not self._pumping or self._parts.pumps_for_each_call:
            self._pumping = True
            self._agenda.spawn(self._pump())

    def restart(self, clock_ahead_s: float) -> None:
        """Give up all commands and begin with orders anew, by a clock that may be behind what it was."""
        self._clock_ahead_s = clock_ahead_s
        given_up = CloudConnectionError("given up")
        for caller, outcome in (*self.dispatcher.clear(given_up), *self.dispatcher.abandoned(given_up)):
            self._conclude(caller, outcome)
        self.dispatcher = self._new_dispatcher()
        self._pumping = False
        self._listener.restarted()

    def _new_dispatcher(self) -> Dispatcher[Caller]:
        return self._parts.dispatcher(lambda: 1_000_000 + self._agenda.now + self._clock_ahead_s)

    def _pump(self) -> Process:
        dispatcher = self.dispatcher
        while (step := dispatcher.next(self._agenda.now)) is not None:
            if isinstance(step, Request):
                yield from self._exchange(step)
            else:
                yield Wait(None, step)
            if dispatcher is not self.dispatcher:
                return
        self._pumping = False

    def _exchange(self, request: Request) -> Process:
        dispatcher = self.dispatcher
        box: Mailbox[object] = Mailbox()
        commands = list(request.commands)
        self._listener.posts(request.order, commands)
        self._link.post(msgspec.json.encode(_Body(request.order, commands)), box)
        yield Wait(box, request.until)
        if dispatcher is not self.dispatcher:
            return
        answer = box.items.popleft() if box.items else None
        results = msgspec.json.decode(answer, type=_Results).results if isinstance(answer, bytes) else None
        statuses = {result.id: result.status for result in results or ()}
        # What came after something superseded is repeated with it.
        undone = {"applied", "superseded", "rejected"} if "superseded" in statuses.values() else {"rejected"}
        self._listener.posted({id_ for id_, status in statuses.items() if status in undone})
        if results is not None:
            applied, concluded = self.dispatcher.answered(results)
            for command, seq in applied:
                self._applied(command, seq)
        elif isinstance(answer, WeSmartError):
            concluded = self.dispatcher.failed(answer, self._agenda.now)
        else:
            concluded = self.dispatcher.abandoned(CloudTimeoutError("deadline"))
        for caller, outcome in concluded:
            self._conclude(caller, outcome)

    def _conclude(self, caller: Caller, outcome: CommandResult | WeSmartError) -> None:
        if caller.outcome is None:
            caller.outcome, caller.answered_at = outcome, self._agenda.now

    def _applied(self, command: Command, seq: int) -> None:
        self._listener.applied(command, seq)
        replica = self.sync.replica
        endpoint = None if command.key is None else replica.endpoints.get(command.key)
        if endpoint is None or seq <= replica.seq:
            return
        fields = commanded_state(endpoint, command)
        self.overlay.acknowledge(endpoint, fields, seq, self._agenda.now)
        self._arm()
        if not self.streaming:
            self._due.put(True)
        if fields:
            self._listener.changed({endpoint.key})

    def _arm(self) -> None:
        at = self.overlay.next_expiry
        if at is not None and not self._expiry_armed:
            self._expiry_armed = True
            self._agenda.at(at, self._expire)

    def _expire(self) -> None:
        self._expiry_armed = False
        if ended := self.overlay.expire(self._agenda.now):
            self._due.put(True)
            self._listener.changed(ended)
        self._arm()
