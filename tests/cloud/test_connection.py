"""The task that follows the stream: connecting, reading, connecting again; and commands."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from custom_components.wesmart.cloud import timing
from custom_components.wesmart.cloud.commands import Command, CommandResponse, CommandResult
from custom_components.wesmart.cloud.connection import ConnectionStatus
from custom_components.wesmart.cloud.errors import (
    AccountBlockedError,
    ClientClosedError,
    CloudConnectionError,
    MaintenanceError,
    ServerError,
    SessionEndedError,
    StreamClosedError,
    UnexpectedResponseError,
    WeSmartError,
)
from custom_components.wesmart.cloud.state import Changes
from tests.cloud.builders import LAMP, button, events, heartbeat, hello, lamp, press, snapshot, state
from tests.cloud.fake_client import FakeStream, Home, Received


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    """Return a home that ends with the test."""
    async with Home() as home:
        yield home


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
async def test_a_flood_of_frames_leaves_others_their_turn(home: Home, flood: Received) -> None:
    """Whatever they are; before hello those of unknown types, too."""
    stream = FakeStream(*[None] * 100, hello(5, resumed=True), *[flood] * 2000)
    await home.follow(stream, seconds=0)
    turns = []
    while stream.script and not stream.is_closed:
        turns.append(len(stream.script))
        await asyncio.sleep(0)
    assert not stream.is_closed
    assert sum(left > 2000 for left in turns) >= 50
    assert sum(left <= 2000 for left in turns) >= 5


async def test_a_poll_asks_for_what_is_newer_than_what_is_held(home: Home) -> None:
    """And is a sign of life, also if nothing is newer."""
    home.client.snapshots = [snapshot(0, lamp()), 3.0, None]
    for _ in range(2):
        await home.connection.refresh()
        assert home.connection.last_contact == asyncio.get_running_loop().time()
    assert home.client.held == [None, ("e", 0)]


async def test_before_it_runs_nothing_is_known(home: Home) -> None:
    """The homes are as old as the start, until the server has responded."""
    connection = home.connection
    assert (connection.status, connection.streaming) == (ConnectionStatus.STOPPED, False)
    assert connection.last_contact == asyncio.get_running_loop().time()
    assert (connection.last_event, connection.error) == (None, None)


async def test_a_poll_before_hello_leaves_the_stream_alone(home: Home) -> None:
    """Nobody knows the stream's epoch yet."""
    ended = FakeStream(hello(5, resumed=True), heartbeat(5), StreamClosedError(""))
    stream = FakeStream(5.0, hello(5, resumed=True), heartbeat(5))
    await home.follow(ended, stream, seconds=3)
    await home.connection.refresh()
    await asyncio.sleep(9)
    assert (home.streaming, stream.is_closed) == ([True, False, True], False)


# Connecting again


async def test_the_pauses_grow_until_the_stream_delivers(home: Home) -> None:
    """An open socket alone does not make them short again."""
    await home.follow(
        *[CloudConnectionError()] * 30, FakeStream(hello(5, resumed=True), CloudConnectionError()), seconds=1e4
    )
    times = [at for at, _, _ in home.client.since]
    pauses = [later - at for at, later in pairwise(times)]
    assert pauses[0] <= 5
    assert pauses[1] <= 40
    assert max(pauses[2:]) > 80
    assert max(pauses) <= 150
    assert home.streaming == []
    home.client.streams = [FakeStream(hello(5, resumed=True), heartbeat(5), StreamClosedError(""))]
    await asyncio.sleep(400)
    assert home.streaming == [True, False]
    assert not isinstance(home.connection.error, StreamClosedError)  # that of the attempt after
    delivered, *later = [at for at, _, _ in home.client.since[len(times) :]]
    assert later[0] - delivered <= 5


async def test_after_a_restart_each_home_takes_its_own_time(home: Home) -> None:
    """All of them have lost their stream in the same moment."""
    restart = StreamClosedError("", code=1012)
    streams = [FakeStream(hello(5, resumed=True), heartbeat(5), 100.0, restart) for _ in range(60)]
    await home.follow(*streams, seconds=60 * 130)
    assert not home.client.streams
    pauses = [later - at - 100 for (at, *_), (later, *_) in pairwise(home.client.since[:60])]
    assert max(pauses) <= 40
    assert max(Counter(map(int, pauses)).values()) <= 60 / 6


async def test_the_word_of_a_restart_is_contact(home: Home) -> None:
    """The homes stay available until 90 s after it."""
    await home.follow(FakeStream(hello(5, resumed=True), 50.0, StreamClosedError("", code=1012)), seconds=51)
    assert home.connection.last_contact == pytest.approx(50, abs=1)


@pytest.mark.parametrize("failures", [1, 3, 50])
def test_a_pause_is_never_shorter_than_retry_after(failures: int) -> None:
    """With a random part of it or of 40 s more, so that not all come back in one moment."""
    assert timing.reconnect_delay(failures, 600, 0) == 600
    assert 650 < timing.reconnect_delay(failures, 600, 0.999) < 600 + (60 if failures == 1 else 150)
    assert timing.reconnect_delay(failures, 5, 0.999) > 5 + 35


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
    assert home.connection.error is error
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

    home.client.connect = connect  # type: ignore[method-assign]  # a fake of a fake
    home.client.streams = [stream]
    home.task = asyncio.create_task(home.connection.run())
    await asyncio.sleep(9)
    assert (stream.is_closed, home.streaming, home.connection.status) == (True, [], ConnectionStatus.BLOCKED)


# Commands


async def test_results_are_shown_before_callers_are_answered(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """Those with a state; whoever was told is told nothing by the event that follows."""
    await home.follow(FakeStream(hello(5, resumed=True), 2.0, events(state(6, on=True))))
    result = CommandResult(status="applied", seq=6.0, state={"on": True})
    home.client.response = CommandResponse(epoch="e", results=[result])
    home.changes.clear()
    await home.connection.queue.execute(Command.set(LAMP, on=True))
    assert home.changes == [Changes(endpoints={LAMP})]
    assert home.connection.last_contact == asyncio.get_running_loop().time()
    for stateless in (CommandResult(status="applied", seq=6), CommandResult(status="applied", state={"on": False})):
        home.client.response = CommandResponse(epoch="e", results=[stateless])
        await home.connection.queue.execute(Command.set(LAMP, on=False))
    await asyncio.sleep(2)
    assert (len(home.changes), home.state.state_seq) == (1, 6)
    assert not caplog.records


async def test_closing_closes_the_queue_and_the_session(home: Home) -> None:
    """So that nothing outlives the account in Home Assistant."""
    await home.connection.close()
    assert home.client.is_closed
    with pytest.raises(ClientClosedError):
        await home.connection.queue.execute(Command.set(LAMP, on=True))


async def test_access_that_is_lost_takes_the_stream_down_at_once(home: Home) -> None:
    """Also while the task pauses before a repair."""
    frames = (hello(5, resumed=True), heartbeat(5), heartbeat(7), heartbeat(9))
    home.client.snapshots = [snapshot(7, lamp()), 1e3, snapshot(9, lamp())]
    await home.follow(FakeStream(*frames), seconds=0.1)
    home.connection.set_access(False)
    assert (home.streaming[-1], home.connection.status) == (False, ConnectionStatus.BLOCKED)


async def test_a_fault_of_ours_does_not_end_push_for_good(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is logged, and the next stream is opened."""
    with monkeypatch.context() as broken:
        broken.setattr(home.state, "apply", None)
        await home.follow(FakeStream(hello(5, resumed=True)), seconds=0.1)
        assert isinstance(home.connection.error, TypeError)
    home.client.streams = [FakeStream(hello(5, resumed=True), heartbeat(5))]
    await asyncio.sleep(5)
    assert home.streaming == [True]


async def test_a_snapshot_that_arrives_after_closing_is_ignored(home: Home) -> None:
    """Another connection shows the homes by then."""
    home.client.snapshots = [3.0, snapshot(9, lamp())]
    late = asyncio.create_task(home.connection.refresh())
    await asyncio.sleep(1)
    await home.connection.close()
    with pytest.raises(ClientClosedError):
        await late
    assert home.state.state_seq == -1
