"""How the task repairs what is missing in the stream, and what polls beside it do."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from custom_components.wesmart.cloud.connection import DIRTY_INTERVAL_S, ConnectionStatus
from custom_components.wesmart.cloud.errors import (
    AccountBlockedError,
    MaintenanceError,
    RateLimitedError,
    ServerError,
    SessionEndedError,
    WeSmartError,
)
from custom_components.wesmart.cloud.events import Frame
from custom_components.wesmart.cloud.models import Snapshot
from tests.cloud.builders import LAMP, button, events, heartbeat, hello, lamp, press, snapshot, state
from tests.cloud.fake_client import FakeStream, Home, Received


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    """Return a home that ends with the test."""
    async with Home() as home:
        yield home


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


async def test_a_poll_of_another_epoch_makes_the_account_outdated(home: Home) -> None:
    """A hint of that epoch from before the snapshot is on no stream."""
    await home.connection.refresh()
    assert home.outdated == 0
    home.client.snapshots = [snapshot(5, lamp(), epoch="f")]
    await home.connection.refresh()
    assert home.outdated == 1


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
    home.client.snapshots += [15.0, snapshot(9, lamp(), button()), 15.0, snapshot(13, lamp(), button())]
    before = events(press(10, at="2026-11-20T05:00:04Z"), press(11, at="2026-11-20T05:00:06Z"))
    after_gap = events(press(14, at="2026-11-20T05:00:14Z"))
    await home.follow(FakeStream(hello(9), before, after_gap), seconds=40)
    assert (home.told, home.state.stream_seq) == ([11], 14)


async def test_while_a_repair_fails_the_stream_is_not_up(home: Home) -> None:
    """However alive it is: nobody knows what is missing."""
    home.client.snapshots += [ServerError()]
    await home.follow(FakeStream(hello(5, resumed=True), heartbeat(5), 1.0, heartbeat(6), heartbeat(6)), seconds=30)
    assert (home.streaming, home.connection.status) == ([True, False], ConnectionStatus.CONNECTING)
    assert 4 < home.snapshots < 16
    home.client.snapshots = [snapshot(6, lamp())]
    await asyncio.sleep(20)
    assert home.streaming == [True, False, True]


@pytest.mark.parametrize(
    ("given", "earliest"), [(RateLimitedError("", retry_after=40), 100), (snapshot(7, lamp()), 60)]
)
async def test_a_repair_that_fails_for_a_minute_ends_the_stream(
    home: Home, given: Snapshot | WeSmartError, earliest: float
) -> None:
    """The next one resumes before what is missing, after the pause that the server asked for."""
    home.client.snapshots += [given]
    stream = FakeStream(hello(5, resumed=True), events(state(9)))
    await home.follow(stream, FakeStream(hello(9, resumed=True)), seconds=150)
    assert stream.is_closed
    (_, *first), (at, *second) = home.client.since
    assert first == second == ["e", 5]
    assert earliest <= at < earliest + 45
    assert home.snapshots <= 8 or earliest == 60


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
    heads = range(10, 10_000, 10)
    home.client.snapshots += [snapshot(head, lamp()) for head in heads]
    await home.follow(FakeStream(hello(5, resumed=True), *map(heartbeat, heads)), seconds=10)
    assert 3 <= home.snapshots <= 10
    await asyncio.sleep(590)
    assert 20 < home.snapshots < 60


async def test_a_gap_after_a_minute_without_is_repaired_at_once(home: Home) -> None:
    """However many there were before."""
    home.client.snapshots += [snapshot(head, lamp()) for head in (10, 20, 30, 40)]
    gaps = (heartbeat(10), heartbeat(20), heartbeat(30))
    await home.follow(FakeStream(hello(5, resumed=True), *gaps, 61.0, heartbeat(40)), seconds=14)
    assert home.state.state_seq == 30
    await asyncio.sleep(61)
    assert home.state.state_seq == 40
