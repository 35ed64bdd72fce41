"""The connection to an account's homes: one task follows the event stream, repairs gaps, and reconnects.

Polls may call `refresh` at any moment: the rules of `HomeState` make it harmless that they overlap with the stream.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from itertools import batched
import logging
import random

from . import timing
from .client import WeSmartClient
from .commands import Command, CommandQueue, CommandResponse
from .errors import (
    AccessError,
    BusyError,
    ClientClosedError,
    CloudTimeoutError,
    MaintenanceError,
    NotFoundError,
    SessionEndedError,
    StreamClosedError,
    UnexpectedResponseError,
    WeSmartError,
)
from .events import EventsFrame, Frame, HelloFrame
from .state import Changes, HomeState
from .stream import EventStream

_LOGGER = logging.getLogger(__name__)

# An event that cannot be applied causes a snapshot, at most this often (C-68).
DIRTY_INTERVAL_S = 60
# Gaps that follow each other within this time are repaired with growing pauses.
_GAPS_S = 60
# A repair ends before the homes become unavailable.
_MAX_REPAIR_S = 60
# Frames and events handled before other tasks get their turn.
_YIELD_AFTER = 200
# Events that become one change. A new device may take a millisecond to be registered.
_MAX_EVENTS = 50
# Close codes (C-49): the session ended, or the account lost access; the server restarts, or is busy.
_ACCESS_CODES = (4401, 4403)
_RESTART_CODES = (1012, 1013)


class ConnectionStatus(StrEnum):
    """What the task is doing."""

    CONNECTING = "connecting"
    STREAMING = "streaming"  # the stream has delivered something
    WAITING = "waiting"  # before the next attempt
    BLOCKED = "blocked"  # the account has no access
    STOPPED = "stopped"


class Connection:
    """Keeps a `HomeState` current while `run` runs, and sends commands."""

    def __init__(
        self,
        client: WeSmartClient,
        state: HomeState,
        *,
        on_changes: Callable[[Changes], None],
        on_streaming: Callable[[bool], None] = lambda _streaming: None,
        on_account_outdated: Callable[[], None] = lambda: None,
    ) -> None:
        """Connect `client`.

        `on_changes` gets each change of `state`, `on_streaming` is called when the stream goes up or down, and
        `on_account_outdated` when the account and its homes have to be asked for again.
        """
        self.state = state
        self.status = ConnectionStatus.STOPPED
        self.queue = CommandQueue(client.send_commands, self._handle_response)
        self._client = client
        self._on_changes = on_changes
        self._on_streaming = on_streaming
        self._on_account_outdated = on_account_outdated
        self._loop = asyncio.get_running_loop()
        self._access, self._no_access = asyncio.Event(), asyncio.Event()
        self._access.set()
        self._stream: EventStream | None = None
        self._stream_epoch: str | None = None
        self._repaired_at = -float("inf")
        self._repairs = 0
        # Time of the last contact, and of the last event, in loop time.
        self.last_contact = self._loop.time()
        self.last_event: float | None = None
        # Why the stream ended last; None while one is open.
        self.error: Exception | None = None
        self.is_closed = False
        # Whether the stream was up, which ends the backoff.
        self._has_delivered = False

    @property
    def streaming(self) -> bool:
        """Whether changes arrive by push."""
        return self.status is ConnectionStatus.STREAMING

    @property
    def seconds_since_event(self) -> float | None:
        """The age of the last event; None before the first."""
        return None if self.last_event is None else self._loop.time() - self.last_event

    @property
    def grace(self) -> float:
        """The seconds without contact that are left until the homes become unavailable."""
        return self.last_contact + timing.GRACE_S - self._loop.time()

    @property
    def is_coming_up(self) -> bool:
        """Whether a stream has said hello, and is up with its next frame."""
        return self._stream_epoch is not None and not self.streaming

    def set_access(self, has_access: bool) -> None:
        """Connect only while the account has access to its homes."""
        if has_access:
            self._access.set()
            self._no_access.clear()
        else:
            self._access.clear()
            self._no_access.set()
            # At once, whatever the stream is doing.
            self._set_status(ConnectionStatus.BLOCKED)
            if self._stream is not None:
                self._stream.abort()

    async def refresh(self) -> None:
        """Ask for a snapshot, unless nothing changed, and apply it. Raises what a request raises."""
        state = self.state
        epoch = state.epoch
        held = None if state.dirty or state.state_seq < 0 else (epoch, state.state_seq)
        snapshot = await self._client.snapshot(held)
        if self.is_closed:
            raise ClientClosedError("closed before there was a snapshot")
        self.last_contact = self._loop.time()
        # Another request may have found a new epoch in the meantime; then this is perhaps of the old one.
        if snapshot is not None and state.epoch in (epoch, snapshot.epoch):
            changes = state.load(snapshot)
            self._on_changes(changes)
            if changes.missed_events:
                self._on_account_outdated()
            if self._stream is not None and self._stream_epoch not in (None, state.epoch):
                # The next hello shows which epoch is current.
                self._stream.abort()

    async def run(self) -> None:
        """Follow the event stream until cancelled; raises SessionEndedError."""
        failures = 0
        try:
            while True:
                if not self._access.is_set():
                    self._set_status(ConnectionStatus.BLOCKED)
                    await self._access.wait()
                self._set_status(ConnectionStatus.CONNECTING)
                self._has_delivered = False
                try:
                    await self._follow()
                except SessionEndedError:
                    raise
                except Exception as err:
                    if isinstance(err, WeSmartError):
                        _LOGGER.debug("The event stream ended: %s", err)
                    else:
                        _LOGGER.exception("The event stream failed")
                    self.error = err
                    failures = 1 if self._has_delivered else failures + 1
                    if isinstance(err, StreamClosedError) and err.code in _RESTART_CODES:
                        # For all homes at once. The server has said so, which is contact.
                        failures = max(failures, 2)
                        self.last_contact = self._loop.time()
                    self._set_status(ConnectionStatus.WAITING)
                    if _needs_refresh(err):
                        self._on_account_outdated()
                    # Cut short when access is lost, so that the stream is back with the access.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(
                            timing.reconnect_delay(failures, _retry_after(err), random.random())
                        ):
                            await self._no_access.wait()
        finally:
            self._set_status(ConnectionStatus.STOPPED)

    async def close(self) -> None:
        """Cancel commands, ignore snapshots on their way, and wait for a running token renewal."""
        self.is_closed = True
        await self.queue.close()
        await self._client.session.close()

    async def _follow(self) -> None:
        stream = self._stream = await self._client.connect(self.state.epoch, self.state.stream_seq)
        try:
            if not self._access.is_set():
                raise StreamClosedError("the account lost access in the meantime")
            hello = await stream.receive()
            while hello is None:  # of an unknown type
                await asyncio.sleep(0)
                hello = await stream.receive()
            if not isinstance(hello, HelloFrame):
                raise UnexpectedResponseError("an event stream that does not begin with hello")
            self.error = None
            self._stream_epoch = hello.epoch
            await self._handle_frame(hello, self._loop.time())
            handled = 0
            while True:
                try:
                    frame = await stream.receive()
                except UnexpectedResponseError as err:
                    _LOGGER.debug("Ignored %s", err)
                    frame = None
                now = self.last_contact = self._loop.time()
                if frame is not None and not isinstance(frame, HelloFrame):
                    await self._handle_frame(frame, now)
                # Only now: a server that accepts connections and sends nothing must neither stop polls nor the backoff,
                # and what was before an outage must not be shown as current.
                if not self.streaming and self.state.state_seq >= hello.seq and self._access.is_set():
                    self._has_delivered = True
                    self._set_status(ConnectionStatus.STREAMING)
                handled += 1 + (len(frame.events) if isinstance(frame, EventsFrame) else 0)
                if handled >= _YIELD_AFTER:
                    handled = 0
                    await asyncio.sleep(0)
        finally:
            self._stream = self._stream_epoch = None
            await stream.close()

    async def _handle_frame(self, frame: Frame, now: float) -> None:
        if isinstance(frame, EventsFrame):
            self.last_event = now
        elif frame.epoch != self._stream_epoch:
            raise StreamClosedError("the server began another epoch")
        needed = self.state.needed_seq(frame)
        if needed is not None:
            await self._repair(needed)
            # Presses got older while a snapshot was fetched, and so did hello, which their age is counted from.
            now = now if isinstance(frame, HelloFrame) else self._loop.time()
        parts: Iterable[Frame] = (frame,)
        if isinstance(frame, EventsFrame) and len(frame.events) > _MAX_EVENTS:
            parts = map(EventsFrame, batched(frame.events, _MAX_EVENTS, strict=False))
        for part in parts:
            changes = self.state.apply(part, now)
            if changes.endpoints or changes.structure or changes.events:
                self._on_changes(changes)
            if changes.missed_events:
                # A hint may be among them, and no snapshot tells of it.
                self._on_account_outdated()
            if part is not frame:
                await asyncio.sleep(0)
        if self.state.dirty and self._loop.time() >= self._repaired_at + DIRTY_INTERVAL_S:
            await self._repair(self.state.state_seq)

    async def _repair(self, needed: int) -> None:
        """Apply a snapshot of at least the `needed` seq. Raises what ends the stream."""
        now = self._loop.time()
        self._repairs = self._repairs + 1 if now < self._repaired_at + _GAPS_S else 0
        self._repaired_at = now
        if self._repairs:
            await asyncio.sleep(timing.gap_pause(self._repairs, random.random()))
        failures = 0
        while True:
            error: WeSmartError | None = None
            try:
                await self.refresh()
            except SessionEndedError, AccessError, MaintenanceError:
                raise
            except WeSmartError as err:
                error = err
                # Push is incomplete until the repair succeeds.
                self._set_status(ConnectionStatus.CONNECTING)
            if self.state.epoch == self._stream_epoch:
                if self.state.state_seq >= needed and not self.state.dirty:
                    return
            elif error is None:
                raise StreamClosedError("a snapshot of another epoch")
            if self._loop.time() >= self._repaired_at + _MAX_REPAIR_S:
                # The next stream resumes before what is missing.
                raise error or CloudTimeoutError(f"no snapshot with seq {needed} within {_MAX_REPAIR_S} s")
            failures += 1
            await asyncio.sleep(timing.repair_pause(failures, _retry_after(error), random.random()))

    def _handle_response(self, commands: Sequence[Command], response: CommandResponse) -> None:
        self.last_contact = self._loop.time()
        changes = Changes()
        for command, result in zip(commands, response.results, strict=True):
            if command.key is not None and result.seq is not None and result.state is not None:
                applied = self.state.apply_result(response.epoch, command.key, int(result.seq), result.state)
                changes.endpoints |= applied.endpoints
        if changes.endpoints:
            self._on_changes(changes)

    def _set_status(self, status: ConnectionStatus) -> None:
        if status is self.status:
            return
        was_streaming, self.status = self.streaming, status
        if was_streaming is not self.streaming:
            self._on_streaming(self.streaming)


def _retry_after(error: Exception | None) -> float:
    return (error.retry_after or 0) if isinstance(error, BusyError) else 0


def _needs_refresh(err: Exception) -> bool:
    if isinstance(err, StreamClosedError):
        return err.code in _ACCESS_CODES
    # Where there is no stream, the endpoints may have moved.
    return isinstance(err, AccessError | MaintenanceError | NotFoundError)
