"""A client whose streams and snapshots a test writes down, and a home that is connected with it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self, cast

from custom_components.wesmart.cloud.client import WeSmartClient
from custom_components.wesmart.cloud.commands import Command, CommandResponse
from custom_components.wesmart.cloud.connection import Connection, ConnectionStatus
from custom_components.wesmart.cloud.errors import CloudConnectionError, StreamClosedError, WeSmartError
from custom_components.wesmart.cloud.events import Frame
from custom_components.wesmart.cloud.models import Snapshot
from custom_components.wesmart.cloud.state import Changes, HomeState
from tests.cloud.builders import button, lamp, snapshot

type Received = Frame | WeSmartError | float | None


class FakeStream:
    """Brings what its script says, a number being a pause, and then nothing more."""

    def __init__(self, *script: Received) -> None:
        self.script = [*script]
        self.aborted = asyncio.Event()
        self.is_closed = False

    async def receive(self) -> Frame | None:
        """Return the next of the script."""
        while not self.aborted.is_set():
            pause = 1e9
            if self.script:
                received = self.script.pop(0)
                if isinstance(received, WeSmartError):
                    raise received
                if not isinstance(received, float):
                    return received
                pause = received
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.aborted.wait()
        raise StreamClosedError("aborted")

    def abort(self) -> None:
        """End the stream."""
        self.aborted.set()

    async def close(self) -> None:
        """Close the stream."""
        self.is_closed = True


class FakeClient:
    """Gives the streams and snapshots of its scripts; a snapshot takes no time, and the last is given again."""

    def __init__(self) -> None:
        self.session = self
        self.streams: list[FakeStream | WeSmartError] = []
        self.snapshots: list[Snapshot | WeSmartError | float | None] = [snapshot(5, lamp(), button())]
        self.held: list[tuple[str, int] | None] = []
        self.since: list[tuple[float, str, int]] = []
        self.response = CommandResponse(epoch="e", results=[])
        self.is_closed = False

    async def close(self) -> None:
        """Close the session."""
        self.is_closed = True

    async def snapshot(self, held: tuple[str, int] | None) -> Snapshot | None:
        """Return the next snapshot."""
        self.held.append(held)
        while True:
            given = self.snapshots.pop(0) if len(self.snapshots) > 1 else self.snapshots[0]
            if isinstance(given, WeSmartError):
                raise given
            if not isinstance(given, float):
                return given
            await asyncio.sleep(given)

    async def connect(self, epoch: str, since: int) -> FakeStream:
        """Return the next stream."""
        self.since.append((asyncio.get_running_loop().time(), epoch, since))
        given = self.streams.pop(0) if self.streams else CloudConnectionError("nobody there")
        if isinstance(given, WeSmartError):
            raise given
        return given

    async def send_commands(self, _run: str, _order: int, _commands: Sequence[Command]) -> CommandResponse:
        """Return the response."""
        return self.response


class Home:
    """A connection, and what it told."""

    def __init__(self) -> None:
        self.client = FakeClient()
        self.changes: list[Changes] = []
        self.streaming: list[bool] = []
        self.outdated = 0
        self.connection = Connection(
            cast("WeSmartClient", self.client),
            HomeState(),
            on_changes=self.changes.append,
            on_streaming=self.streaming.append,
            on_account_outdated=self._count,
        )
        self.state = self.connection.state
        self.task: asyncio.Task[None] | None = None

    def _count(self) -> None:
        self.outdated += 1

    async def follow(self, *streams: FakeStream | WeSmartError, seconds: float = 1) -> None:
        """Load the first snapshot, follow the streams, and let some time pass."""
        await self.connection.refresh()
        self.client.streams = [*streams]
        self.task = asyncio.create_task(self.connection.run())
        await asyncio.sleep(seconds)

    @property
    def told(self) -> list[int]:
        """Return the events that are part of no state."""
        return [event.seq for changes in self.changes for event in changes.events]

    @property
    def snapshots(self) -> int:
        """Return how many snapshots were asked for after the first."""
        return len(self.client.held) - 1

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the task."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])
            assert self.connection.status is ConnectionStatus.STOPPED
