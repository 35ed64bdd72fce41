"""Event loops with virtual time: when there is nothing to do, time jumps to the next timer.

`VirtualTimeLoop` has real sockets: it waits for what is readable and for executor jobs first. An hour of Home Assistant
costs a millisecond, and neither Home Assistant nor our own code is patched for it. `SocketlessLoop` has tasks and timers
only, and is faster.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
import datetime as dt
import selectors
from types import SimpleNamespace
from typing import TYPE_CHECKING, override

import pytest

# What the wall clock of a test says when its loop says zero: a date of its own, so that snapshots are stable.
EPOCH = dt.datetime(2026, 11, 20, 5, 0, tzinfo=dt.UTC)

# Loopback delivers within microseconds; this is what a sent byte may take to become readable.
LOOPBACK_S = 0.0005
# Real seconds without anything scheduled or readable, after which a test has deadlocked.
DEADLOCK_S = 5
# Turns of a loop without I/O at one virtual time, after which it would turn for ever.
MAX_TURNS = 10_000


class _JumpingSelector(selectors.DefaultSelector):
    loop: VirtualTimeLoop

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        if self.loop.executor_jobs:  # one of them will wake us through the loop's self-pipe
            return super().select(1)
        if events := super().select(LOOPBACK_S):
            return events
        if timeout is None:
            if events := super().select(DEADLOCK_S):
                return events
            raise RuntimeError("deadlock: nothing is scheduled and nothing to read")
        self.loop.virtual_now += timeout
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A selector loop with real sockets and virtual time; starts at zero."""

    def __init__(self) -> None:
        """Create the loop."""
        self.virtual_now = 0.0
        self.executor_jobs = 0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def _read_clock(self) -> float:
        return self.virtual_now

    if not TYPE_CHECKING:
        # A property with a setter that does nothing: Home Assistant assigns the real clock to `loop.time` when it
        # configures a loop.
        time = property(lambda self: self._read_clock, lambda self, _clock: None)

    def utcnow(self) -> dt.datetime:
        """Return the wall clock that belongs to this loop's time."""
        return EPOCH + dt.timedelta(seconds=self.virtual_now)

    @override
    def run_in_executor[*Ts, T](
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Count the jobs that run, since time stands still for them."""
        self.executor_jobs += 1
        future = super().run_in_executor(executor, func, *args)

        def done(_future: asyncio.Future[T]) -> None:
            self.executor_jobs -= 1

        future.add_done_callback(done)
        return future

    @override
    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Let time stand still for the threads' end as well: a jump would use the timeout up."""
        self.executor_jobs += 1
        try:
            await super().shutdown_default_executor(timeout)
        finally:
            self.executor_jobs -= 1


class SocketlessLoop(asyncio.BaseEventLoop):
    """An event loop with virtual time and without I/O: only tasks and timers. Starts at zero."""

    def __init__(self) -> None:
        """Create the loop."""
        super().__init__()
        self.virtual_now = 0.0
        self._turns = 0
        self._selector = self  # the base class asks it for I/O, with the time until the next timer

    @override
    def time(self) -> float:
        return self.virtual_now

    def select(self, timeout: float | None) -> Sequence[object]:
        """Let time pass instead of waiting for I/O."""
        if timeout is None:
            raise RuntimeError("deadlock: nothing is scheduled")
        self._turns = 0 if timeout else self._turns + 1
        if self._turns > MAX_TURNS:
            self._turns = 0  # so that the tasks can be canceled
            raise RuntimeError("livelock: time stands still")
        self.virtual_now += timeout
        return ()

    def _process_events(self, _events: Sequence[object]) -> None:
        """Process no I/O: there is none."""


def follow_loop(loop: VirtualTimeLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make Home Assistant's wall clock follow a loop: its timers check one against the other."""
    for name in (
        "homeassistant.util.dt.utcnow",
        "homeassistant.util.utcnow",
        "homeassistant.helpers.event.time_tracker_utcnow",
    ):
        monkeypatch.setattr(name, loop.utcnow)
    monkeypatch.setattr("homeassistant.helpers.event.time_tracker_timestamp", lambda: loop.utcnow().timestamp())
    # For how long a state is attributed to the action that led to it.
    monkeypatch.setattr("homeassistant.helpers.entity.time", SimpleNamespace(time=lambda: loop.utcnow().timestamp()))
    monkeypatch.setattr("homeassistant.helpers.entity.timer", lambda: loop.utcnow().timestamp())
