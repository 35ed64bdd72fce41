"""What `live.py`, `control.py` and `pump.py` do, without a loop: processes around the client's pure core.

It must do no more than they do, or the schedules would prove something else: open the stream and follow it, reopen it
with backoff, fetch when something is wanted or doubtful, poll, expire the overlay, carry out what the dispatcher says,
and end each call at its deadline. Left out are the session, blocked accounts, which presses are history and who tells of
silence; and of a restart, all but what becomes of commands.
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
from custom_components.wesmart.cloud.live import DOUBT_S, SAFETY_POLL_S
from custom_components.wesmart.cloud.models import Endpoint, EndpointKey, Position
from custom_components.wesmart.cloud.overlay import Overlay
from custom_components.wesmart.cloud.replica import Changes
from custom_components.wesmart.cloud.sync import PRESS_AGE_S, EpochChangedError, Sync
from custom_components.wesmart.cloud.wire_events import ButtonEvent, Event, Frame, decode_frame
from custom_components.wesmart.cloud.wire_home import decode_snapshot
from tests.cloud.simulation.agenda import Agenda, Mailbox, Process, Wait
from tests.cloud.simulation.link import HEARTBEAT_S, Link, Stream

POLL_S = 30
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

    sync: Callable[[Callable[[], float]], Sync] = lambda clock: Sync(clock=clock)
    overlay: Callable[[], Overlay] = Overlay
    dispatcher: Callable[[Callable[[], float]], Dispatcher[Caller]] = Dispatcher
    decode: Callable[[str], Frame | None] = decode_frame
    commanded: Callable[[Endpoint, Command], dict[str, object]] = commanded_state
    # live.py's own part in the rules
    polls_in_a_storm: bool = False
    pumps_for_each_call: bool = False
    doubt_s: float = DOUBT_S
    silence_s: float = 2 * HEARTBEAT_S


class Listener:
    """What the home tells; a witness overrides."""

    def opens(self, position: Position) -> None:
        """A stream is asked for that begins behind a position."""

    def reads(self, frame: Frame) -> None:
        """A frame has come."""

    def changed(self, changes: Changes) -> None:
        """These may show something else."""

    def pressed(self, event: ButtonEvent) -> None:
        """The button was pressed."""

    def took(self) -> None:
        """A frame or a snapshot was taken, and all that it says was told."""

    def disconnected(self) -> None:
        """A stream has ended."""

    def applied(self, command: Command, seq: int) -> None:
        """A command was accepted."""

    def posts(self, order: int, commands: list[Command]) -> None:
        """A request leaves."""

    def posted(self, undone: set[str]) -> None:
        """It has ended; the commands of these ids may have to be done again."""

    def refused(self, seconds: float) -> None:
        """It was refused, and no other is to be sent for so long."""

    def restarted(self) -> None:
        """All calls are given up, and orders begin anew."""

    def fetches(self) -> None:
        """A snapshot is asked for."""

    def doubts(self) -> None:
        """It is asked for because of what could not be applied."""


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
        self.sync = parts.sync(lambda: agenda.now)
        self.overlay = parts.overlay()
        self._clock_ahead_s = 0.0
        self.dispatcher = self._new_dispatcher()
        self.streaming = False
        self._overlay_epoch = ""
        self._expiry_armed = False
        self._due: Mailbox[object] = Mailbox()
        self._uncertain: Mailbox[object] = Mailbox()
        self._open: Stream | None = None
        self._heard_at = 0.0
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
        self._agenda.spawn(self._settle())
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
            self._tell(*self.sync.load(decode_snapshot(answer)))

    def _tell(self, changes: Changes, events: list[Event]) -> None:
        replica = self.sync.replica
        if not self.overlay.covers or self.sync.doubtful:
            pass  # nothing ends, or the model has counted what it may not have understood
        elif replica.epoch != self._overlay_epoch:
            self._overlay_epoch = replica.epoch
            changes.endpoints |= self.overlay.clear()
        else:
            changes.endpoints |= self.overlay.reach(replica.seq)
        if changes.endpoints or changes.structure:
            self._listener.changed(changes)
        for event in events:
            if isinstance(event, ButtonEvent):
                self._listener.pressed(event)
        self._listener.took()

    def _poll(self) -> Process:
        pace, behind = _Pace(), _Pace()
        delay: float = POLL_S
        while True:
            yield Wait(self._due, self._agenda.now + delay)
            self._due.items.clear()
            asked_at, agreed = self._agenda.now, True
            try:
                yield from self._fetch()
            except EpochChangedError:
                agreed = False
                if self._open is not None and asked_at - self._heard_at >= (DOUBT_S if behind.failures else 0):
                    self._open.frames.put(None)
            except WeSmartError as err:
                pace.failures += 1
                delay = 0.02 if self._parts.polls_in_a_storm else pace.delay(err, POLL_S)
                yield Wait(None, self._agenda.now + delay)
                self._due.put(True)
                continue
            if self.sync.doubtful:
                self._uncertain.put(True)
            pace.failures = 0
            delay = SAFETY_POLL_S if self.streaming else POLL_S
            behind.failures = 0 if agreed and self.sync.current else behind.failures + 1
            if behind.failures:
                yield Wait(None, self._agenda.now + behind.delay(ceiling=POLL_S))
                self._due.put(True)

    def _settle(self) -> Process:
        while True:
            yield Wait(self._uncertain)
            self._uncertain.items.clear()
            if self.sync.doubtful:
                self._listener.doubts()
                self._due.put(True)
                yield Wait(None, self._agenda.now + self._parts.doubt_s)

    def _stream(self) -> Process:
        pace = _Pace()
        closed_at = -math.inf
        while True:
            box: Mailbox[object] = Mailbox()
            position = self.sync.resume(recent=self._agenda.now - closed_at <= PRESS_AGE_S)
            self._listener.opens(position)
            self._link.connect(position, box)
            yield Wait(box)
            stream = error = box.items.popleft()
            delivered = False
            if isinstance(stream, Stream):
                self._open = stream
                with suppress(EpochChangedError):
                    yield from self._follow(stream)
                self._open = None
                stream.is_open = False
                delivered, self.streaming = self.streaming, False
                closed_at = self._agenda.now
                self._listener.disconnected()
                self.sync.disconnected()
            if delivered:
                self._due.put(True)
            pace.failures = 1 if delivered else pace.failures + 1
            yield Wait(None, self._agenda.now + pace.delay(error))

    def _follow(self, stream: Stream) -> Process:
        greeted = False
        while True:
            yield Wait(stream.frames, self._agenda.now + self._parts.silence_s)
            text = stream.frames.items.popleft() if stream.frames.items else None
            if not isinstance(text, str):
                return
            self._heard_at = self._agenda.now
            try:
                frame = self._parts.decode(text)
            except UnexpectedAnswerError:
                continue
            self.streaming = greeted
            greeted = True
            if frame is not None:
                self._listener.reads(frame)
                self._tell(*self.sync.receive(frame))
                if self.sync.wanted is not None:
                    (self._uncertain if self.sync.current else self._due).put(True)

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
            if isinstance(answer, BusyError):
                self._listener.refused(answer.retry_after or 0)
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
        if not self.overlay.covers:
            self._overlay_epoch = replica.epoch
        if fields := self._parts.commanded(self.overlay.show(endpoint), command):
            self.overlay.acknowledge(endpoint, fields, seq, self._agenda.now)
            self._arm()
        if not self.streaming:
            self._due.put(True)
        self._listener.changed(Changes(endpoints={endpoint.key}))

    def _arm(self) -> None:
        at = self.overlay.next_expiry
        if at is not None and not self._expiry_armed:
            self._expiry_armed = True
            self._agenda.at(at, self._expire)

    def _expire(self) -> None:
        self._expiry_armed = False
        if ended := self.overlay.expire(self._agenda.now):
            self._due.put(True)
            self._listener.changed(Changes(endpoints=ended))
        self._arm()
