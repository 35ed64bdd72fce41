"""The home as it is now: whatever happens on the way, what is held ends where the cloud is."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
import json
import logging
import math
from random import Random
import time
from typing import override

from aiohttp import web
import pytest

from custom_components.wesmart.cloud import Command, LiveHome, Session, Tokens, Transport, WeSmartClient, log_in
from custom_components.wesmart.cloud.discovery import Endpoints
from custom_components.wesmart.cloud.errors import (
    AccountBlockedError,
    CloudConnectionError,
    CloudTimeoutError,
    GivenUpError,
    MaintenanceError,
    SessionEndedError,
    WeSmartError,
)
from custom_components.wesmart.cloud.live import SAFETY_POLL_S
from custom_components.wesmart.cloud.models import EndpointKey, Position, SwitchEndpoint
from custom_components.wesmart.cloud.observer import HomeObserver
from custom_components.wesmart.cloud.overlay import LONGEST_S
from custom_components.wesmart.cloud.presence import SILENCE_S
from custom_components.wesmart.cloud.replica import Changes, Replica
from custom_components.wesmart.cloud.wire_home import decode_snapshot
from tests.accounts import OTHER, OWNER
from tests.cloud.builders import Json, event, lamp, state
from tests.cloud.conftest import wall_clock
from tests.cloud.scripted import ScriptedServer, answer, stream
from tests.mock_cloud import MockCloud, Request
from tests.mock_cloud.model import Block
from tests.mock_cloud.wire import JsonObject

PANEL = EndpointKey("cong-tac-phong-khach", "1")
POLL_S = 30
EVENTS = "/v1/events"
SNAPSHOT = "/v1/snapshot"


NEW_DEVICE: JsonObject = {
    "id": "o-cam-moi",
    "name": "Ổ cắm mới",
    "model": "Outlet",
    "firmware": "1.0.0",
    "serial": "OM-1",
    "endpoints": [
        {"id": "1", "type": "switch", "features": {"outlet": True, "metering": False}, "state": {"on": False}}
    ],
}


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()


BUTTON = EndpointKey("nut-dau-giuong", "3")


def hello(seq: int, epoch: str = "e", *, resumed: bool = True, heartbeat_s: float = 20) -> str:
    """Return the first frame of a stream."""
    wire = {"type": "hello", "epoch": epoch, "seq": seq, "at": "2026-11-20T05:00:00Z", "resumed": resumed}
    return json.dumps({**wire, "heartbeat_s": heartbeat_s})


def frame(*wire: Json) -> str:
    """Return a frame with events."""
    return json.dumps({"type": "events", "events": wire})


def beat(seq: int, epoch: str = "e") -> str:
    """Return a heartbeat."""
    return json.dumps({"type": "heartbeat", "epoch": epoch, "seq": seq})


class Following(HomeObserver):
    """A live home that is run, and what it has told."""

    def __init__(self, client: WeSmartClient, clock: Callable[[], float] = time.time) -> None:
        self.changes: list[Changes] = []
        self.presses: list[tuple[EndpointKey, str]] = []
        self.presence: list[tuple[float, bool]] = []
        self.home = LiveHome(client, self, poll_interval_s=POLL_S, clock=clock)
        self._task: asyncio.Task[None] | None = None

    @override
    def changed(self, changes: Changes) -> None:
        self.changes.append(changes)

    @override
    def pressed(self, key: EndpointKey, press: str) -> None:
        self.presses.append((key, press))

    @override
    def presence_changed(self, lost: WeSmartError | None) -> None:
        self.presence.append((now(), lost is None))

    async def start(self) -> None:
        """Fetch, and follow from now on."""
        await self.home.start()
        self._task = asyncio.create_task(self.home.run())

    async def stop(self) -> None:
        """Follow no longer."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await self._task
        await self.home.close()

    async def ended(self) -> None:
        """Wait for the end; raise what it ended by."""
        assert self._task is not None
        await self._task

    def streaming(self) -> bool:
        """Return whether push is up."""
        return self.home.streaming

    def present(self) -> bool:
        """Return whether there was any word lately."""
        return self.home.presence.present


@pytest.fixture
async def following(client: WeSmartClient) -> AsyncIterator[Following]:
    """Return the owner's homes, streaming."""
    following = Following(client)
    await following.start()
    await asyncio.sleep(25)  # hello, and a frame after it
    assert following.streaming()
    yield following
    await following.stop()


@pytest.fixture
async def quiet(cloud: MockCloud, transport: Transport, endpoints: Endpoints) -> AsyncIterator[Following]:
    """Return the homes of somebody without a meter, streaming: nothing happens there by itself."""
    tokens = await log_in(transport, endpoints, OTHER.username, OTHER.password, clock=wall_clock)
    client = WeSmartClient(Session(transport, endpoints, tokens, clock=wall_clock))
    for device in [device for home in cloud._core.world.homes for device in home.devices]:
        for endpoint in device.endpoints:
            if endpoint.features.get("metering"):
                cloud.set_online(device.id, False)
    following = Following(client)
    await following.start()
    await asyncio.sleep(SAFETY_POLL_S)
    yield following
    await following.stop()
    await client.session.close()


def asked(cloud: MockCloud, path: str = SNAPSHOT, since: int = 0) -> list[Request]:
    """Return the requests to a path, without the first so many of all."""
    return [request for request in cloud.requests[since:] if request.path == path]


def is_on(following: Following, key: EndpointKey = PANEL) -> bool | None:
    """Return what a switch shows."""
    endpoint = following.home.replica.endpoints[key]
    assert isinstance(endpoint, SwitchEndpoint)
    return endpoint.state.on


def assert_converged(following: Following, cloud: MockCloud, account: str = OWNER.username) -> None:
    """Fail where the replica differs from the cloud in anything."""
    fresh = Replica()
    fresh.load(decode_snapshot(json.dumps(cloud.snapshot(account)).encode()))
    replica = following.home.replica
    assert (replica.homes, replica.devices, replica.endpoints) == (fresh.homes, fresh.devices, fresh.endpoints)
    assert replica.position == fresh.position


# Push, and polling behind it


async def test_a_change_arrives_by_push_and_wakes_its_endpoint_alone(cloud: MockCloud, following: Following) -> None:
    """Without a request."""
    following.changes.clear()
    before = len(cloud.requests)
    cloud.touch(*PANEL, on=False)
    await asyncio.sleep(1)
    assert is_on(following) is False
    assert {key for changes in following.changes for key in changes.endpoints} == {PANEL}
    assert not any(changes.structure for changes in following.changes)
    assert len(cloud.requests) == before


async def test_a_press_is_told_once(cloud: MockCloud, following: Following) -> None:
    """Though it changes nothing that is held, and however often it arrives."""
    cloud.double_next(3)
    cloud.press("nut-dau-giuong", "3", "long")
    await asyncio.sleep(60)
    assert following.presses == [(BUTTON, "long")]


async def test_a_press_is_told_although_a_snapshot_was_needed_meanwhile(cloud: MockCloud, following: Following) -> None:
    """The snapshot covers it, but does not tell it."""
    cloud.drop_next()
    cloud.touch(*PANEL, on=False)
    cloud.press(*BUTTON, "single")
    await asyncio.sleep(5)
    assert following.presses == [(BUTTON, "single")]


async def test_a_press_of_the_past_is_counted_and_not_told(cloud: MockCloud, following: Following) -> None:
    """No automation should start by what was pressed while push was down; what was pressed just now still counts."""
    cloud.rate_limit(60, count=1, path=EVENTS)
    cloud.cut()
    await asyncio.sleep(5)
    cloud.press(*BUTTON, "single")
    await asyncio.sleep(300)
    assert following.streaming()
    assert following.presses == []
    assert cloud.seq(OWNER.username) == following.home.replica.position.seq


async def test_a_clock_that_is_behind_since_the_restart_does_not_have_commands_taken_for_old(
    cloud: MockCloud, client: WeSmartClient
) -> None:
    """Before, it was right; a small computer without a battery starts in the past. The stream's hello says the time."""
    await client.send_commands(int(wall_clock() * 1000), [Command.set(PANEL, on=False)])
    following = Following(client, clock=lambda: 0)
    await following.start()
    await asyncio.sleep(1)
    await following.home.execute(Command.set(PANEL, on=True))
    assert cloud.state(*PANEL)["on"] is True
    await following.stop()


async def test_an_idle_hour_costs_at_most_two_requests(cloud: MockCloud, quiet: Following) -> None:
    """A conditional snapshot that proves that nothing was missed, and a lazy refresh."""
    for _hour in range(3):
        before = len(cloud.requests)
        await asyncio.sleep(3600)
        assert [request.status for request in asked(cloud, since=before)] == [304]
        assert len(cloud.requests) - before <= 2
    assert len(asked(cloud, EVENTS)) == 1
    assert quiet.presence == []


async def test_whoever_asks_is_answered_at_once(cloud: MockCloud, following: Following) -> None:
    """The user presses refresh."""
    before = len(cloud.requests)
    await following.home.refresh()
    assert [request.status for request in asked(cloud, since=before)] == [304]


async def test_while_push_is_down_the_cloud_is_polled(cloud: MockCloud, following: Following) -> None:
    """At once, and then at every interval; with the stream back, no more."""
    cloud.rate_limit(1, count=1000, path=EVENTS)
    before, began = len(cloud.requests), wall_clock()
    cloud.cut()
    await asyncio.sleep(2 * POLL_S + 5)
    times = [request.at - began for request in asked(cloud, since=before)]
    assert times == pytest.approx([0, POLL_S, 2 * POLL_S], abs=1)
    cloud.touch(*PANEL, on=False)
    await asyncio.sleep(POLL_S)
    assert not following.streaming()
    assert is_on(following) is False
    cloud._server.faults.rate_limits.clear()
    await asyncio.sleep(300)
    assert following.streaming()
    before = len(cloud.requests)
    await asyncio.sleep(600)
    assert len(asked(cloud, since=before)) <= 1
    assert following.presence == []


async def test_a_cloud_without_a_stream_is_polled_from_the_beginning(cloud: MockCloud, client: WeSmartClient) -> None:
    """Every interval, however often the stream is tried."""
    cloud.rate_limit(1, count=10_000, path=EVENTS)
    following = Following(client)
    await following.start()
    before = len(cloud.requests)
    await asyncio.sleep(10 * POLL_S + 1)
    assert len(asked(cloud, since=before)) == 10
    assert_converged(following, cloud)
    await following.stop()


async def test_a_stream_that_cannot_be_opened_is_tried_less_and_less_often(
    cloud: MockCloud, client: WeSmartClient
) -> None:
    """But for ever."""
    cloud.rate_limit(0, count=10_000, path=EVENTS)
    following = Following(client)
    await following.start()
    counts = []
    for _ in range(3):
        before = len(cloud.requests)
        await asyncio.sleep(1200)
        counts.append(len(asked(cloud, EVENTS, since=before)))
    assert all(8 <= count <= 60 for count in counts)
    await following.stop()


async def test_reconnecting_waits_for_retry_after(cloud: MockCloud, following: Following) -> None:
    """No attempt comes sooner."""
    cloud.rate_limit(100, count=1, path=EVENTS)
    before = len(cloud.requests)
    cloud.cut()
    await asyncio.sleep(300)
    refused, accepted = asked(cloud, EVENTS, since=before)
    assert (refused.status, accepted.status) == (429, 101)
    assert accepted.at - refused.at >= 99
    assert following.streaming()


# Presence


async def test_ninety_seconds_of_silence_are_told_once_and_so_is_the_return(
    cloud: MockCloud, following: Following
) -> None:
    """However long it takes."""
    await cloud.stop()
    lost_at = now()
    await asyncio.sleep(3600)
    assert not following.present()
    ((at, present),) = following.presence
    assert present is False
    assert lost_at + SILENCE_S - 21 <= at <= lost_at + SILENCE_S
    await cloud.start(port=cloud.port)
    cloud.touch(*PANEL, on=False)
    await asyncio.sleep(280)
    assert [present for _, present in following.presence] == [False, True]
    assert following.present()
    assert following.streaming()
    assert_converged(following, cloud)


async def test_a_muted_stream_is_noticed_while_polling_keeps_the_home_right(
    cloud: MockCloud, following: Following
) -> None:
    """The socket is healthy; the cloud is not lost."""
    cloud.mute(True)
    cloud.touch(*PANEL, on=False)
    await asyncio.sleep(45)
    assert not following.streaming()
    assert is_on(following) is False
    cloud.mute(False)
    await asyncio.sleep(300)
    assert following.streaming()
    assert following.presence == []
    assert_converged(following, cloud)


async def test_a_cloud_that_speaks_seldom_is_not_taken_for_lost(cloud: MockCloud, client: WeSmartClient) -> None:
    """The contract allows it five minutes between heartbeats."""
    cloud.heartbeat_s = 300
    following = Following(client)
    await following.start()
    await asyncio.sleep(3600)
    assert following.streaming()
    assert following.presence == []
    await following.stop()


async def test_frames_from_the_future_are_words_too(transport: Transport, scripted: ScriptedServer) -> None:
    """A cloud that sends them does not have to send heartbeats."""
    frames: list[str | float] = [hello(5), '{"type": "advice"}']
    for _ in range(100):
        frames += [15.0, '{"type": "advice"}']
    following = await scripted_home(transport, scripted, snapshots=[5], frames=frames)
    await asyncio.sleep(1400)
    assert following.streaming()
    assert following.presence == []
    assert len([one for one in scripted.requests if one.path == SNAPSHOT]) <= 3
    await following.stop()


async def test_a_stream_may_say_something_unknown_before_it_greets(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """It is a sign of life, and hello is waited for."""
    frames: list[str | bytes] = ['{"type": "advice"}', b"\x00", hello(5), frame(state(6, brightness=60))]
    following = await scripted_home(transport, scripted, snapshots=[5], frames=frames)
    await asyncio.sleep(5)
    assert following.streaming()
    assert following.home.replica.position.seq == 6
    assert [one.path for one in scripted.requests].count(EVENTS) == 1
    await following.stop()


@pytest.mark.parametrize(
    "first", ["{", frame(state(6, brightness=60)), '{"type": "heartbeat", "epoch": "e", "seq": 5}']
)
async def test_a_stream_that_begins_otherwise_is_opened_again(
    transport: Transport, scripted: ScriptedServer, first: str
) -> None:
    """What makes no sense may have been the greeting, and without one nobody knows what was missed."""
    following = await scripted_home(transport, scripted, snapshots=[5], frames=[first, hello(5)])
    await asyncio.sleep(60)
    assert not following.streaming()
    assert following.home.replica.position.seq == 5
    assert [one.path for one in scripted.requests].count(EVENTS) > 2
    await following.stop()


async def test_what_is_asked_for_a_gap_names_the_position_before_it(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """So that no answer can say that nothing is missing."""
    frames = [hello(5), frame(state(6, brightness=60)), frame(state(8, brightness=80))]
    following = await scripted_home(transport, scripted, snapshots=[5, 7], frames=frames)
    await asyncio.sleep(5)
    _, asked_for = [one for one in scripted.requests if one.path == SNAPSHOT]
    assert asked_for.headers["If-None-Match"] == '"e:6"'
    assert following.home.replica.position.seq == 8
    await following.stop()


# Whatever goes wrong on the way


@pytest.mark.parametrize("fault", ["drop", "double", "reorder", "cut", "forget", "epoch", "latency"])
async def test_a_fault_leaves_no_trace_after_quiet(cloud: MockCloud, following: Following, fault: str) -> None:
    """What is held is what the cloud holds."""
    match fault:
        case "drop":
            cloud.drop_next(3)
        case "double":
            cloud.double_next(3)
        case "reorder":
            cloud.reorder_next(3)
        case "cut":
            cloud.cut()
        case "forget":
            cloud.cut()
            cloud.forget_history()
        case "epoch":
            cloud.new_epoch()
        case _:
            cloud.latency = 3
    for value in (False, True, False, True):
        cloud.touch(*PANEL, on=value)
        cloud.touch("den-hat-tran", "1", brightness=7 if value else 70)
    cloud.rename_home("nha-ha-noi", "Nhà mới")
    cloud.add_room("nha-ha-noi", "gac", "Gác")
    cloud.update_device("rem-phong-khach", name="Rèm", room_id="gac")
    cloud.remove_device("den-san-sofa")
    cloud.add_device("nha-ha-noi", NEW_DEVICE)
    cloud.unshare_home("can-ho-my-dinh", OWNER.username)
    await asyncio.sleep(120)
    assert_converged(following, cloud)
    assert following.presence == []


async def test_a_restarted_cloud_is_found_again(cloud: MockCloud, following: Following) -> None:
    """At its old port, and with what has changed meanwhile."""
    await cloud.stop()
    await asyncio.sleep(40)
    await cloud.start(port=cloud.port)
    cloud.touch(*PANEL, on=False)
    cloud.new_epoch()
    cloud.touch("den-hat-tran", "1", brightness=7)
    await asyncio.sleep(120)
    assert_converged(following, cloud)
    assert following.presence == []


@pytest.mark.parametrize("seed", range(6))
async def test_any_sequence_of_faults_ends_where_the_cloud_is(
    cloud: MockCloud, following: Following, seed: int
) -> None:
    """After quiet; and the counter never turned back within an epoch."""
    rng = Random(seed)
    faults: list[Callable[[], object]] = [
        lambda: cloud.drop_next(rng.randrange(1, 4)),
        lambda: cloud.double_next(rng.randrange(1, 4)),
        lambda: cloud.reorder_next(rng.randrange(2, 4)),
        cloud.cut,
        cloud.forget_history,
        cloud.new_epoch,
        lambda: cloud.mute(rng.random() < 0.5),
        lambda: cloud.lose_answers(rng.randrange(1, 3)),
        lambda: cloud.rate_limit(rng.choice([0, 1, 20])),
        lambda: setattr(cloud, "latency", rng.choice([0, 0, 0.1, 5])),
    ]
    held = following.home.replica.position
    for _ in range(40):
        if rng.random() < 0.5:
            rng.choice(faults)()
        cloud.touch(*PANEL, on=rng.random() < 0.5)
        cloud.touch("den-hat-tran", "1", brightness=rng.randint(1, 100))
        cloud.update_device("rem-phong-khach", name=rng.choice(["Rèm", "Màn"]))
        await asyncio.sleep(rng.choice([0, 0, 0.3, 5, 50]))
        position = following.home.replica.position
        assert position.epoch != held.epoch or position.seq >= held.seq
        held = position
    cloud.mute(False)
    cloud.latency = 0
    cloud._server.faults.lost_answers = cloud._server.faults.drop = cloud._server.faults.reorder = 0
    cloud._server.faults.rate_limits.clear()
    await asyncio.sleep(310)
    assert following.streaming()
    assert_converged(following, cloud)


# The account


async def test_maintenance_is_waited_out(cloud: MockCloud, following: Following) -> None:
    """As often as Retry-After says; one loss, one return."""
    before = len(cloud.requests)
    cloud.maintenance(retry_after=120)
    await asyncio.sleep(1000)
    assert 5 <= len(asked(cloud, since=before)) <= 9
    assert [present for _, present in following.presence] == [False]
    cloud.end_maintenance()
    cloud.touch(*PANEL, on=False)
    await asyncio.sleep(280)
    assert [present for _, present in following.presence] == [False, True]
    assert_converged(following, cloud)


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_refusal_that_somebody_meets_who_asks_is_asked_about_from_then_on(
    cloud: MockCloud, following: Following, streaming: bool
) -> None:
    """Also where polling has an hour left, and whoever was sent away with the stream comes again without it."""
    if streaming:
        cloud._account(OWNER.username).block = Block(kind="suspended")  # and nobody says so
    else:
        cloud.maintenance(retry_after=2)
        await asyncio.sleep(0.01)
    assert following.streaming() is streaming
    with pytest.raises(AccountBlockedError if streaming else MaintenanceError):
        await following.home.refresh()
    assert not following.present()
    cloud._account(OWNER.username).block = None
    cloud.end_maintenance()
    await asyncio.sleep(310)
    assert following.present()
    assert_converged(following, cloud)


async def test_the_end_of_the_session_ends_the_following(cloud: MockCloud, following: Following) -> None:
    """Only a new login helps, and nobody goes on asking."""
    cloud.sign_out(OWNER.username)
    with pytest.raises(SessionEndedError):
        await following.ended()
    before = len(cloud.requests)
    await asyncio.sleep(3600)
    assert len(cloud.requests) == before


async def test_the_stream_may_be_the_first_to_hear_of_the_end(cloud: MockCloud, client: WeSmartClient) -> None:
    """It is tried more often than the cloud is polled."""
    cloud.rate_limit(5, path=EVENTS)
    cloud.rate_limit(3600, path="/v1/account")
    following = Following(client)
    await following.start()
    cloud.sign_out(OWNER.username)
    with pytest.raises(SessionEndedError):
        await following.ended()
    assert 4 <= now() < POLL_S


async def test_a_blocked_account_is_probed_slowly_and_comes_back(cloud: MockCloud, following: Following) -> None:
    """It stays logged in."""
    before = len(cloud.requests)
    cloud.suspend(OWNER.username)
    await asyncio.sleep(3600)
    assert len(cloud.requests) - before <= 28
    assert not following.present()
    cloud.unblock(OWNER.username)
    await asyncio.sleep(301)
    assert following.streaming()
    assert following.present()
    assert_converged(following, cloud)


async def test_a_hint_about_access_asks_for_the_whole_snapshot_at_once(cloud: MockCloud, following: Following) -> None:
    """A 304 would say nothing about it; the stream goes on."""
    before = len(cloud.requests)
    cloud.unblock(OWNER.username)
    await asyncio.sleep(1)
    (request,) = asked(cloud, since=before)
    assert (request.status, "If-None-Match" in request.headers) == (200, False)
    assert following.streaming()
    assert following.presence == []


async def test_a_hint_that_was_lost_on_the_way_is_made_good_by_the_snapshot_behind_the_gap(
    cloud: MockCloud, following: Following
) -> None:
    """The account is read with it."""
    cloud.drop_next()
    cloud.change_terms("2027-01", required=False)
    before = len(cloud.requests)
    cloud.touch(*PANEL, on=False)
    await asyncio.sleep(5)
    assert len(asked(cloud, since=before)) == 1
    assert len(asked(cloud, "/v1/account", since=before)) == 1


async def test_terms_that_lock_the_account_are_lost_and_back_at_once(cloud: MockCloud, following: Following) -> None:
    """By whichever of the event and the close comes first."""
    cloud.change_terms("2027-01")
    await asyncio.sleep(3)
    assert [present for _, present in following.presence] == [False]
    cloud.change_terms("2026-03")
    await following.home.refresh()
    assert [present for _, present in following.presence] == [False, True]
    await asyncio.sleep(25)
    assert following.streaming()
    assert_converged(following, cloud)


async def test_a_server_that_restarts_is_not_polled_by_everybody(cloud: MockCloud, following: Following) -> None:
    """It has said to come again: the stream does, after a moment, and resumes."""
    await asyncio.sleep(POLL_S)  # the last poll from before push was up
    before = len(cloud.requests)
    cloud._close_streams(1012, quiet=True)
    await asyncio.sleep(30)
    assert [request.path for request in cloud.requests[before:]] == [EVENTS]
    assert following.streaming()


async def test_a_server_that_restarts_and_is_not_back_is_polled(cloud: MockCloud, following: Following) -> None:
    """Push is lost after all."""
    cloud.rate_limit(600, path=EVENTS)
    before = len(cloud.requests)
    cloud._close_streams(1013, quiet=True)
    await asyncio.sleep(POLL_S)
    assert [request.path for request in cloud.requests[before:]][:2] == [EVENTS, SNAPSHOT]
    assert not following.streaming()
    assert following.presence == []


async def test_maintenance_that_one_request_meets_while_push_is_up_is_not_the_clouds_end(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """The stream says how the home is."""
    frames: list[str | float] = [hello(5), beat(5), *(19.0, beat(5)) * 300]
    following = await scripted_home(transport, scripted, snapshots=[5], frames=frames)
    await asyncio.sleep(25)
    tell = scripted._last

    async def maintained(request: web.Request) -> web.StreamResponse:
        return await (tell if request.path == EVENTS else answer(503, {}, Retry_After="60"))(request)

    scripted.replies(maintained)
    await asyncio.sleep(SAFETY_POLL_S)
    assert following.streaming()
    assert following.presence == []
    await following.stop()


async def test_tokens_expire_unnoticed(cloud: MockCloud, following: Following, saved: list[Tokens]) -> None:
    """The stream outlives them; polling renews them."""
    await asyncio.sleep(2 * 3600 + 100)
    assert len(saved) == 2
    assert len(asked(cloud, EVENTS)) == 1
    assert following.streaming()


async def test_a_first_fetch_that_fails_says_why(cloud: MockCloud, client: WeSmartClient) -> None:
    """Nothing is followed then."""
    await cloud.stop()
    with pytest.raises(CloudConnectionError):
        await Following(client).start()


@pytest.mark.parametrize("when", [0.0, 0.01, 10, 30.01, 45, 200])
async def test_a_cancelled_following_leaves_nothing_behind(
    cloud: MockCloud, client: WeSmartClient, when: float
) -> None:
    """Whatever it was about: a handshake, a poll, a wait."""
    tasks = asyncio.all_tasks()
    cloud.latency = 0.02
    following = Following(client)
    await following.start()
    if when > 40:
        cloud.mute(True)
    await asyncio.sleep(when)
    began = now()
    await following.stop()
    assert now() - began <= 2.1
    assert not following.streaming()
    await asyncio.sleep(5)
    assert {task for task in asyncio.all_tasks() - tasks if "WeSMART" in task.get_name()} == set()
    before = len(cloud.requests)
    await asyncio.sleep(3600)
    assert len(cloud.requests) == before


async def test_a_mistake_of_a_listener_is_not_hidden(cloud: MockCloud, client: WeSmartClient) -> None:
    """It ends the following, for whoever runs it to see."""

    class Mistaken(Following):
        @override
        def changed(self, changes: Changes) -> None:
            if self.home.streaming:
                raise ZeroDivisionError

    following = Mistaken(client)
    await following.start()
    await asyncio.sleep(25)
    cloud.touch(*PANEL, on=False)
    with pytest.raises(ExceptionGroup) as caught:
        await following.ended()
    assert caught.group_contains(ZeroDivisionError)
    # Nobody knows the home any more: that is said once.
    assert (following.present(), len(following.presence)) == (False, 1)
    await following.home.close()


# Clouds that break their contract


async def scripted_home(
    transport: Transport,
    server: ScriptedServer,
    *,
    snapshots: Sequence[int],
    frames: Sequence[str | bytes | float],
    epochs: Sequence[str] = ("e",),
    streams: float = math.inf,
    latencies: Sequence[float] = (0,),
) -> Following:
    """Follow a server whose snapshots are at these numbers and epochs, and late by so many seconds.

    The last one of each again and again. So many streams send these frames, and end then where others follow; any further one is refused.
    """
    seqs, counts, delays = iter(snapshots), iter(epochs), iter(latencies)
    seq = opened = 0

    async def reply(request: web.Request) -> web.StreamResponse:
        nonlocal seq, opened
        if request.path == EVENTS:
            opened += 1
            if opened > streams:
                return await answer(500, {})(request)
            return await stream(*frames, close=1001 if math.isfinite(streams) else None)(request)
        if request.path != SNAPSHOT:
            return await answer(404, {})(request)
        seq = number = next(seqs, seq)
        said, late_s = next(counts, epochs[-1]), next(delays, latencies[-1])
        await asyncio.sleep(late_s)
        home = {"id": "home", "name": "Nhà", "rooms": [], "scenes": [], "devices": [lamp(brightness=number % 100 + 1)]}
        return await answer(200, {"epoch": said, "seq": number, "homes": [home]})(request)

    server.replies(reply)
    tokens = Tokens(session_id="s", access_token="a", refresh_token="r", expires_at=wall_clock() + 10**6)
    following = Following(WeSmartClient(Session(transport, server.endpoints(), tokens, clock=wall_clock)))
    await following.start()
    return following


def polls(server: ScriptedServer) -> int:
    """Return how often a scripted server was asked for a snapshot."""
    return sum(request.path == SNAPSHOT for request in server.requests)


async def test_events_that_cannot_be_applied_cost_one_snapshot_a_minute(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """However many there are."""
    frames: list[str | float] = [hello(5), beat(5)]
    for seq in range(6, 606):
        frames += [1.0, frame(event(seq, "state", device_id="nobody", endpoint_id="1", state={}))]
    following = await scripted_home(transport, scripted, snapshots=range(5, 1000), frames=frames)
    before = polls(scripted)
    await asyncio.sleep(600)
    assert 9 <= polls(scripted) - before <= 12
    await following.stop()


async def test_what_can_be_known_does_not_wait_for_what_is_uncertain(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """Push is lost while a snapshot for an event that made no sense has to wait: polling begins at once."""
    bad = [frame(event(seq, "state", device_id="nobody", endpoint_id="1", state={})) for seq in (6, 7)]
    frames: list[str | float] = [hello(5), beat(5), bad[0], 1.0, bad[1], 1.0]
    following = await scripted_home(transport, scripted, snapshots=range(5, 1000), frames=frames, streams=1)
    began = now()
    await asyncio.sleep(POLL_S + 5)
    assert polls(scripted) >= 4  # the first, for the first event, at the loss of push, and an interval later
    assert now() - began < 60
    await following.stop()


async def test_a_snapshot_of_another_epoch_than_a_stream_that_is_silent_opens_it_anew(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """The cloud was restored behind a half-open socket, whose heartbeats would not be missed for ten minutes."""
    frames: list[str | float] = [hello(5, heartbeat_s=300), beat(5), 2000.0]
    following = await scripted_home(transport, scripted, snapshots=[5], frames=frames, epochs=["e", "new"], streams=1)
    await asyncio.sleep(120)
    assert following.home.replica.position.epoch == "new"
    await following.stop()


async def test_answers_are_taken_in_the_order_of_their_requests(transport: Transport, scripted: ScriptedServer) -> None:
    """One that is late does not bring back an epoch that is over."""
    following = await scripted_home(
        transport, scripted, snapshots=[5, 6, 7], frames=[], epochs=["e", "e", "new"], streams=0, latencies=[0, 5, 0]
    )
    first = asyncio.create_task(following.home.refresh())
    await asyncio.sleep(1)
    await following.home.refresh()
    await first
    assert following.home.replica.position == Position("new", 7)
    await following.stop()


async def test_whoever_asks_has_an_answer_within_ten_seconds(cloud: MockCloud, following: Following) -> None:
    """Also behind somebody else's question, whose answer is slow; what comes too late is shown all the same."""
    cloud.latency = 9
    cloud.cut()
    first = asyncio.create_task(following.home.refresh())
    await asyncio.sleep(1)
    asked_at = now()
    with pytest.raises(CloudTimeoutError):
        await following.home.refresh()
    assert now() - asked_at == pytest.approx(10)
    await first
    cloud.latency = 0
    await asyncio.sleep(60)
    assert_converged(following, cloud)


async def test_whoever_asks_when_the_home_is_closed_is_told_so(cloud: MockCloud, following: Following) -> None:
    """And nobody is told of the answer any more."""
    cloud.latency = 5
    asked = asyncio.create_task(following.home.refresh())
    await asyncio.sleep(1)
    await following.stop()
    with pytest.raises(GivenUpError):
        await asked
    told = len(following.changes)
    await asyncio.sleep(10)  # the cloud does not know, and answers
    assert len(following.changes) == told


async def test_push_is_up_only_when_it_has_delivered_something(transport: Transport, scripted: ScriptedServer) -> None:
    """A server that greets and falls silent again and again is one that is down: polling goes on, and patience grows."""
    following = await scripted_home(transport, scripted, snapshots=range(5, 1000), frames=[hello(5, heartbeat_s=5)])
    await asyncio.sleep(1200)
    assert not following.streaming()
    assert polls(scripted) >= 1200 / POLL_S
    # Had each greeting counted, there would be one every ten seconds and a bit.
    assert [request.path for request in scripted.requests].count(EVENTS) <= 40
    await following.stop()


async def test_a_command_that_nothing_confirms_is_asked_about(cloud: MockCloud, following: Following) -> None:
    """The stream is half-open, which nobody knows yet: what was commanded must not give way to what was before."""
    cloud.heartbeat_s = 55
    cloud.cut()
    await asyncio.sleep(70)
    assert following.streaming()
    cloud.mute(True)
    on = not cloud.state(*PANEL)["on"]
    await following.home.execute(Command.set(PANEL, on=on))
    await asyncio.sleep(LONGEST_S + 1)
    shown = following.home.endpoint(PANEL)
    assert isinstance(shown, SwitchEndpoint)
    assert shown.state.on is on


async def test_presses_of_the_moments_before_hello_are_told(cloud: MockCloud, following: Following) -> None:
    """And none of longer ago."""
    cloud.mute(True)
    cloud.press(*BUTTON, "single")
    await asyncio.sleep(12)
    cloud.press(*BUTTON, "single")
    await asyncio.sleep(1)
    cloud.mute(False)
    cloud.cut()
    await asyncio.sleep(5)
    assert following.presses == [(BUTTON, "single")]


async def test_a_snapshot_that_lags_behind_its_stream_is_asked_for_with_patience(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """A replica of the server's database; in the end it has caught up."""
    frames: list[str | float] = [hello(9, resumed=False), beat(9), *(19.0, beat(9)) * 30]
    following = await scripted_home(transport, scripted, snapshots=[5] * 12 + [9], frames=frames)
    await asyncio.sleep(10)
    assert polls(scripted) <= 8
    await asyncio.sleep(500)
    assert polls(scripted) <= 14
    assert following.home.replica.position.seq == 9
    await following.stop()


async def test_a_frame_that_makes_no_sense_is_passed_over(
    transport: Transport, scripted: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    """What it may have said is found out by the next heartbeat."""
    caplog.set_level(logging.DEBUG)
    frames: list[str | float] = [hello(5), "{", frame({"kind": "state"}), frame(state(6, brightness=66)), 1.0, beat(7)]
    following = await scripted_home(transport, scripted, snapshots=[5, 7], frames=frames)
    await asyncio.sleep(10)
    assert following.home.replica.position.seq == 7
    assert len([one for one in scripted.requests if one.path == EVENTS]) == 1
    assert "Ignored a frame that makes no sense" in caplog.text
    await following.stop()


async def test_a_second_greeting_within_a_stream_is_passed_over(transport: Transport, scripted: ScriptedServer) -> None:
    """It would have what follows wait for a snapshot that never comes."""
    frames: list[str | float] = [hello(5), beat(5), hello(10**6, resumed=False), hello(0, "other"), beat(5), 1.0]
    frames += [frame(state(6, brightness=66)), *(19.0, beat(6)) * 5]
    following = await scripted_home(transport, scripted, snapshots=[5], frames=frames)
    await asyncio.sleep(90)
    assert following.home.replica.position.seq == 6
    assert following.streaming()
    assert len([one for one in scripted.requests if one.path == EVENTS]) == 1
    await following.stop()


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "yesterday"])
async def test_whatever_time_the_cloud_says_it_is_the_home_is_followed(
    transport: Transport, scripted: ScriptedServer, at: str
) -> None:
    """There are dates from which nothing can be taken, and some a cloud without a clock believes in."""
    greeting = json.dumps({**json.loads(hello(5)), "at": at})
    press = event(6, "button", device_id="keys", endpoint_id="1", press="single")
    frames: list[str | float] = [greeting, beat(5), frame({**press, "at": "0001-01-01T00:00:00+14:00"}), beat(6)]
    following = await scripted_home(transport, scripted, snapshots=[5], frames=frames)
    await asyncio.sleep(20)
    assert following.streaming()
    assert following.home.replica.position.seq == 6
    await following.stop()


async def test_a_stream_that_sends_nothing_but_nonsense_does_not_hide_the_cloud(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """Polling answers."""
    frames: list[str | float] = [hello(5), beat(5), *(10.0, "{") * 200]
    following = await scripted_home(transport, scripted, snapshots=[5, *range(6, 100)], frames=frames)
    await asyncio.sleep(1800)
    assert following.presence == []
    assert following.home.replica.position.seq > 20
    await following.stop()


@pytest.mark.parametrize("first", [beat(5), frame(), '{"type": "advice"}', "{"])
async def test_a_stream_that_does_not_begin_with_hello_is_none(
    transport: Transport, scripted: ScriptedServer, first: str
) -> None:
    """It is closed and tried again, less and less often, and polling goes on."""
    following = await scripted_home(transport, scripted, snapshots=[5, 6, 7], frames=[first, beat(9)])
    await asyncio.sleep(POLL_S * 3)
    assert not following.streaming()
    assert following.home.replica.position.seq == 7
    assert 3 <= len([one for one in scripted.requests if one.path == EVENTS]) <= 40
    assert following.presence == []
    await following.stop()


async def test_an_epoch_that_changes_within_a_stream_opens_another(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """By its heartbeat; the numbers of the old one mean nothing any more."""
    following = await scripted_home(transport, scripted, snapshots=[5], frames=[hello(5), beat(5), 9.0, beat(3, "new")])
    await asyncio.sleep(60)
    assert len([one for one in scripted.requests if one.path == EVENTS]) > 3
    await following.stop()


async def test_a_snapshot_of_another_epoch_than_a_stream_that_speaks_is_asked_for_again_with_patience(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """Neither is applied to the other, and push stays up but for one attempt to open it anew."""
    following = await scripted_home(
        transport, scripted, snapshots=[5], frames=[hello(5, "other"), *(beat(5, "other"), 19.0) * 20]
    )
    await asyncio.sleep(200)
    assert following.home.replica.position.epoch == "e"
    assert polls(scripted) <= 3 + 200 / 15
    assert [request.path for request in scripted.requests].count(EVENTS) <= 2
    await following.stop()
