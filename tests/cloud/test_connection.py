"""The task that follows the stream: connecting, repairing, reconnecting; and polls beside it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from itertools import pairwise
import time
from typing import cast

import pytest

from custom_components.wesmart.cloud.client import WeSmartClient
from custom_components.wesmart.cloud.commands import Command, CommandResponse, CommandResult
from custom_components.wesmart.cloud.connection import DIRTY_INTERVAL_S, Connection, ConnectionStatus, retry_delay
from custom_components.wesmart.cloud.errors import (
    AccountBlockedError,
    ClientClosedError,
    CloudConnectionError,
    MaintenanceError,
    RateLimitedError,
    ServerError,
    SessionEndedError,
    StreamClosedError,
    UnexpectedResponseError,
    WeSmartError,
)
from custom_components.wesmart.cloud.events import Frame
from custom_components.wesmart.cloud.models import Snapshot
from custom_components.wesmart.cloud.state import Changes, HomeState
from tests.cloud.builders import LAMP, button, events, heartbeat, hello, lamp, press, snapshot, state

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


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    """Return a home that ends with the test."""
    home = Home()
    yield home
    if home.task is not None:
        home.task.cancel()
        await asyncio.wait([home.task])
        assert home.connection.status is ConnectionStatus.STOPPED


async def test_events_arrive_after_hello(home: Home) -> None:
    """The stream resumes where the snapshot is, and is up when it has delivered something."""
    await home.follow(FakeStream(hello(5, resumed=True), 0.5, events(state(6, on=True)), 0.1))
    assert home.client.since[0][1:] == ("e", 5)
    assert (home.state.state_seq, home.snapshots, home.streaming) == (6, 0, [True])
    assert home.connection.last_event == home.connection.last_contact == pytest.approx(0.5, abs=0.1)


async def test_a_stream_that_says_hello_and_no_more_is_not_up(home: Home) -> None:
    """Nor is one that has not yet brought what happened before hello: polls go on."""
    await home.follow(FakeStream(hello(6, resumed=True), None, 1.0, events(state(6)), 9.0), seconds=0.5)
    assert home.connection.status is ConnectionStatus.CONNECTING
    await asyncio.sleep(1)
    assert home.connection.streaming


@pytest.mark.parametrize("first", [events(), heartbeat(5), UnexpectedResponseError("invalid hello frame")])
async def test_a_stream_that_does_not_begin_with_hello_is_closed(home: Home, first: Received) -> None:
    """Frames of an unknown type may come before."""
    stream = FakeStream(None, first)
    await home.follow(stream, FakeStream(None, hello(5, resumed=True), heartbeat(5)), seconds=5)
    assert stream.is_closed
    assert home.streaming == [True]


# Repair in place


@pytest.mark.parametrize(
    "frames",
    [
        [hello(9)],
        [hello(5, resumed=True), events(state(9, on=True))],
        [hello(5, resumed=True), heartbeat(9)],
        [hello(5, resumed=True), events(state(6), state(9))],
    ],
)
async def test_what_is_missing_is_repaired_by_a_snapshot_as_new(home: Home, frames: list[Frame]) -> None:
    """Asking again if it is older or fails. Then the stream is read on."""
    older, newer = snapshot(7, lamp(), button()), snapshot(9, lamp(), button())
    home.client.snapshots += [older, ServerError(), RateLimitedError("", retry_after=3), None, newer]
    await home.follow(FakeStream(*frames, heartbeat(9), events(press(10, at="2026-11-20T05:01:00Z"))), seconds=60)
    assert (home.state.state_seq, home.state.stream_seq, home.told) == (10, 10, [10])
    assert home.snapshots == 5
    assert (len(home.client.since), home.outdated) == (1, 1)


async def test_a_poll_may_repair_as_well(home: Home) -> None:
    """What a snapshot has is not missing."""
    await home.follow(FakeStream(hello(5, resumed=True), 2.0, events(press(7), state(8)), heartbeat(8)))
    home.client.snapshots = [snapshot(8, lamp(), button())]
    await home.connection.refresh()
    await asyncio.sleep(2)
    assert (home.snapshots, home.told) == (1, [7])


async def test_the_stream_of_another_epoch_begins_with_a_snapshot_of_it(home: Home) -> None:
    """A failure on the way does not end the stream."""
    home.client.snapshots += [ServerError(), snapshot(3, lamp(), button(), epoch="f")]
    await home.follow(FakeStream(hello(2, epoch="f"), events(press(3)), events(state(4, on=True))), seconds=9)
    assert (home.state.epoch, home.state.state_seq, home.told) == ("f", 4, [3])
    assert len(home.client.since) == 1


@pytest.mark.parametrize("given", [snapshot(9, lamp(), epoch="g"), None])
async def test_a_snapshot_of_another_epoch_than_the_streams_ends_the_stream(home: Home, given: Snapshot | None) -> None:
    """Which is the older shows at the next."""
    home.client.snapshots += [given, snapshot(9, lamp(), epoch="g")]
    stream = FakeStream(hello(2, epoch="f"), events(state(3, on=True)))
    await home.follow(stream, FakeStream(hello(9, epoch="g"), heartbeat(9, epoch="g")), seconds=9)
    assert stream.is_closed
    assert home.streaming == [True]
    assert (home.state.epoch, home.state.state_seq) == ("g", 9)


async def test_a_poll_of_another_epoch_ends_the_stream(home: Home) -> None:
    """Its frames say nothing about the state any more."""
    await home.follow(FakeStream(hello(5, resumed=True), heartbeat(5), 2.0, events(state(6, on=True))))
    home.client.snapshots = [snapshot(5, lamp(), epoch="f")]
    await home.connection.refresh()
    await asyncio.sleep(9)
    assert (home.state.epoch, home.state.state_seq, home.streaming) == ("f", 5, [True, False])
    assert home.client.since[1][1:] == ("f", 5)


async def test_a_heartbeat_of_another_epoch_ends_the_stream(home: Home) -> None:
    """The server should have closed it."""
    stream = FakeStream(hello(5, resumed=True), heartbeat(5, epoch="f"))
    await home.follow(stream)
    assert stream.is_closed


async def test_a_late_snapshot_of_an_epoch_that_was_left_is_not_applied(home: Home) -> None:
    """Another request was faster, and found the new one."""
    await home.connection.refresh()
    home.client.snapshots = [2.0, snapshot(9, lamp(), epoch="e")]
    late = asyncio.create_task(home.connection.refresh())
    await asyncio.sleep(1)
    home.client.snapshots = [snapshot(3, lamp(), epoch="f")]
    await home.connection.refresh()
    home.client.snapshots = [snapshot(9, lamp(), epoch="e")]
    await late
    assert (home.state.epoch, home.state.state_seq) == ("f", 3)


async def test_a_press_gets_older_while_a_snapshot_is_awaited(home: Home) -> None:
    """And so does hello, by whose clock its age is told."""
    home.client.snapshots += [15.0, snapshot(9, lamp(), button())]
    late = press(11, at="2026-11-20T05:00:06Z")
    await home.follow(FakeStream(hello(9), events(press(10, at="2026-11-20T05:00:04Z"), late)), seconds=20)
    assert home.told == [11]


async def test_while_a_repair_fails_the_stream_is_not_up(home: Home) -> None:
    """However alive it is: nobody knows what is missing."""
    home.client.snapshots += [ServerError()]
    await home.follow(FakeStream(hello(5, resumed=True), heartbeat(5), 1.0, heartbeat(6), heartbeat(6)), seconds=30)
    assert home.streaming == [True, False]
    home.client.snapshots = [snapshot(6, lamp())]
    await asyncio.sleep(20)
    assert home.streaming == [True, False, True]


@pytest.mark.parametrize(
    "error", [SessionEndedError(), AccountBlockedError("", terminated=False), MaintenanceError("")]
)
async def test_some_errors_of_a_repair_end_the_stream(home: Home, error: WeSmartError) -> None:
    """Where asking again does not help."""
    home.client.snapshots += [error]
    stream = FakeStream(hello(9))
    await home.follow(stream, seconds=0)
    await asyncio.sleep(0.1)
    assert stream.is_closed


async def test_an_event_that_cannot_be_applied_causes_a_snapshot_a_minute_at_most(home: Home) -> None:
    """However many there are."""
    stranger = LAMP._replace(device_id="stranger")
    frames: list[Received] = []
    for seq in range(6, 606):
        frames += [1.0, events(state(seq, stranger, on=True))]
    home.client.snapshots += [snapshot(6 + 60 * minute, lamp()) for minute in range(20)]
    await home.follow(FakeStream(hello(5, resumed=True), *frames), seconds=590)
    assert 9 <= home.snapshots <= 1 + 590 / DIRTY_INTERVAL_S


async def test_a_dirty_state_is_asked_for_whole(home: Home) -> None:
    """A 304 would prove nothing; a state that is right is asked for by its position."""
    await home.follow(FakeStream(hello(5, resumed=True), events(state(6, LAMP._replace(device_id="?")))))
    assert home.client.held == [None, None]
    home.client.snapshots = [snapshot(6, lamp())]
    await asyncio.sleep(9)
    assert not home.state.dirty
    await home.connection.refresh()
    assert home.client.held[-1] == ("e", 6)


async def test_a_server_that_leaves_gaps_everywhere_gets_a_handful_of_snapshots(home: Home) -> None:
    """Gaps that follow each other are repaired with growing pauses."""
    home.client.snapshots += [snapshot(10_000, lamp())]
    await home.follow(FakeStream(hello(5, resumed=True), *(heartbeat(seq) for seq in range(20_000, 29_000))), seconds=0)
    for _ in range(10):
        home.client.snapshots = [snapshot(home.client.snapshots[0].seq + 10_000, lamp())]  # type: ignore[union-attr]
        await asyncio.sleep(1)
    assert 2 <= home.snapshots <= 10


@pytest.mark.parametrize(
    "flood",
    [
        events(),
        None,
        UnexpectedResponseError("invalid"),
        hello(5),
        heartbeat(5),
        events(*(state(6) for _ in range(50))),
    ],
)
@pytest.mark.parametrize("begin", [[], [hello(5, resumed=True)]])
async def test_a_flood_of_frames_leaves_others_their_turn(home: Home, begin: list[Received], flood: Received) -> None:
    """Whatever they are; before hello all but those of unknown types end the stream."""
    turns = 0
    stream = FakeStream(*begin, *[flood] * 2000)
    await home.follow(stream, seconds=0)
    started = time.monotonic()
    while stream.script and not stream.is_closed:
        await asyncio.sleep(0)
        turns += 1
    assert time.monotonic() - started < 5
    assert turns >= 5 or stream.is_closed


# Connecting again


async def test_the_pauses_grow_until_the_stream_delivers(home: Home) -> None:
    """An open socket alone does not make them short again."""
    await home.follow(
        *[CloudConnectionError()] * 30, FakeStream(hello(5, resumed=True), CloudConnectionError()), seconds=1e4
    )
    times = [at for at, _, _ in home.client.since]
    pauses = [later - at for at, later in pairwise(times)]
    assert max(pauses[:3]) <= 8
    assert max(pauses[10:]) > 60
    assert max(pauses) <= 120
    assert home.streaming == []
    home.client.streams = [FakeStream(hello(5, resumed=True), heartbeat(5), StreamClosedError("", code=1012))]
    await asyncio.sleep(200)
    assert home.streaming == [True, False]
    assert home.connection.close_code is None  # of the attempt after


@pytest.mark.parametrize("failures", [1, 3, 50])
def test_a_pause_is_never_shorter_than_retry_after(failures: int) -> None:
    """With a tenth more, so that not all come back in one moment."""
    asked = {retry_delay(MaintenanceError("", retry_after=600), failures) for _ in range(200)}
    assert 600 <= min(asked) < 610
    assert 650 < max(asked) <= 600 + max(60, min(120, 2**failures))
    pauses = {retry_delay(error, failures) for error in (None, ServerError(), MaintenanceError("")) for _ in range(200)}
    assert 0 <= min(pauses) < 1
    assert max(pauses) <= min(120, 2**failures)


async def test_the_next_stream_resumes_where_the_last_one_was(home: Home) -> None:
    """Not where a poll has come to meanwhile."""
    await home.follow(FakeStream(hello(5, resumed=True), events(state(6)), 1.0, StreamClosedError("")))
    home.client.snapshots = [snapshot(9, lamp(), button())]
    await home.connection.refresh()
    home.client.streams = [FakeStream(hello(9, resumed=True), events(state(7), press(8), state(9)))]
    await asyncio.sleep(9)
    assert [at[1:] for at in home.client.since] == [("e", 5), ("e", 6)]
    assert (home.told, home.snapshots) == ([8], 1)


@pytest.mark.parametrize(
    ("error", "outdated"),
    [
        (StreamClosedError("", code=4401), 1),
        (StreamClosedError("", code=4403), 1),
        (StreamClosedError("", code=1012), 0),
        (AccountBlockedError("", terminated=True), 1),
        (MaintenanceError(""), 1),
        (ServerError(), 0),
    ],
)
async def test_what_concerns_access_makes_the_account_outdated(home: Home, error: WeSmartError, outdated: int) -> None:
    """`GET /account` says what it is."""
    await home.follow(FakeStream(hello(5, resumed=True), heartbeat(5), error), seconds=0.1)
    assert home.outdated == outdated
    assert home.connection.close_code == getattr(error, "code", None)
    assert home.connection.status is ConnectionStatus.WAITING


async def test_the_end_of_the_session_ends_the_task(home: Home) -> None:
    """Only a new login helps."""
    await home.follow(SessionEndedError())
    assert home.task is not None
    with pytest.raises(SessionEndedError):
        await home.task


async def test_without_access_there_is_no_stream(home: Home) -> None:
    """An open one is ended, and the next waits for access."""
    await home.follow(FakeStream(hello(5, resumed=True), heartbeat(5)))
    home.connection.set_access(False)
    await asyncio.sleep(1000)
    assert (home.streaming, home.connection.status) == ([True, False], ConnectionStatus.BLOCKED)
    assert len(home.client.since) == 1
    home.client.streams = [FakeStream(hello(5, resumed=True), heartbeat(5))]
    home.connection.set_access(True)
    await asyncio.sleep(0.1)
    assert home.connection.streaming


async def test_a_stream_that_opens_after_access_was_lost_is_closed(home: Home) -> None:
    """The request for it was on its way."""
    stream = FakeStream(hello(5, resumed=True), heartbeat(5))
    home.connection.set_access(True)
    await home.connection.refresh()
    original = home.client.connect

    async def connect(epoch: str, since: int) -> FakeStream:
        home.connection.set_access(False)
        return await original(epoch, since)

    home.client.connect = connect  # type: ignore[method-assign]
    home.client.streams = [stream]
    home.task = asyncio.create_task(home.connection.run())
    await asyncio.sleep(9)
    assert (stream.is_closed, home.streaming, home.connection.status) == (True, [], ConnectionStatus.BLOCKED)


# Commands


async def test_results_are_shown_before_callers_are_answered(home: Home) -> None:
    """Those with a state; whoever was told is told nothing by the event that follows."""
    await home.follow(FakeStream(hello(5, resumed=True), 2.0, events(state(6, on=True))))
    result = CommandResult(status="applied", seq=6.0, state={"on": True})
    home.client.response = CommandResponse(epoch="e", results=[result])
    home.changes.clear()
    await home.connection.queue.execute(Command.set(LAMP, on=True))
    assert home.changes == [Changes(endpoints={LAMP})]
    home.client.response = CommandResponse(epoch="e", results=[CommandResult(status="applied", seq=6)])
    await home.connection.queue.execute(Command(scene_id="s", do="activate"))
    await asyncio.sleep(2)
    assert len(home.changes) == 1
    assert home.state.state_seq == 6


async def test_closing_closes_the_queue_and_the_session(home: Home) -> None:
    """So that nothing outlives the account in Home Assistant."""
    await home.connection.close()
    assert home.client.is_closed
    with pytest.raises(ClientClosedError):
        await home.connection.queue.execute(Command.set(LAMP, on=True))
