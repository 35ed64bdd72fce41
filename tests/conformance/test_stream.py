"""The event stream: resuming, heartbeats and closing (contract, "Stream")."""

import asyncio
import datetime as dt
import re

import pytest
from yarl import URL

from tests.conformance.account import blocked
from tests.conformance.conftest import Sessions
from tests.conformance.house import Endpoint
from tests.conformance.server import Server, Session, new_id
from tests.conformance.stream import MARGIN_S
from tests.conformance.target import Login, Target
from tests.conformance.test_account import new_terms
from tests.conformance.test_positions import flips

# RFC 3339 in any spelling of UTC.
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:[0-5]\d(\.\d+)?([Zz]|[+-]00:00)")
# What a server keeps at least (C-45).
KEPT_EVENTS = 1000
KEPT_S = 3600
MAX_COMMANDS = 200


@pytest.mark.rule("C-43")
@pytest.mark.parametrize("place", ["access_token", "token"])
async def test_a_bearer_in_the_url_counts_for_nothing(server: Server, session: Session, place: str) -> None:
    """URLs are logged on the way; neither the stream nor a request takes it there."""
    await session.get("/account")
    for url in (server.api("/snapshot"), "http" + server.discovery["events_url"].removeprefix("ws")):
        answer = await server.request("GET", str(URL(url).with_query({place: session.access_token})), checked=False)
        assert answer.status == 401, answer


@pytest.mark.rule("C-43")
@pytest.mark.parametrize(
    ("since", "with_epoch"), [(None, False), (None, True), ("{}", False), ("-{}", True), ("{}.5", True), ("x{}", True)]
)
async def test_a_position_that_is_not_whole_is_none(sessions: Sessions, since: str | None, with_epoch: bool) -> None:
    """The stream is not resumed, although nothing was missed."""
    session = await sessions.open()
    before = await session.get("/snapshot")
    position = since.format(int(before["seq"])) if since else None
    async with session.stream(position, before["epoch"] if with_epoch else None) as stream:
        assert (await stream.hello())["resumed"] is False


@pytest.mark.rule("C-44")
async def test_hello_is_the_first_frame_and_comes_once(sessions: Sessions, lamp: Endpoint) -> None:
    """Events follow in the order of seq, without gaps."""
    session = await sessions.open()
    before = await session.get("/snapshot")
    await flips(session, lamp)
    async with session.stream(int(before["seq"]), before["epoch"]) as stream:
        await stream.hello()
        results = await flips(session, lamp)
        await stream.until(results[-1]["seq"])
        await stream.heartbeat()
        assert [frame["type"] for frame in stream.frames].count("hello") == 1
        assert stream.seqs == [before["seq"] + number + 1 for number in range(len(stream.seqs))]


@pytest.mark.rule("C-45")
async def test_a_resumed_stream_has_every_event_after_since(sessions: Sessions, lamp: Endpoint) -> None:
    """And so has one that missed nothing."""
    session = await sessions.open()
    before = await session.get("/snapshot")
    results = await flips(session, lamp)
    async with session.stream(int(before["seq"]), before["epoch"]) as stream:
        hello = await stream.hello()
        assert hello["resumed"] is True
        await stream.until(hello["seq"])
        assert stream.seqs[: len(results)] == [before["seq"] + number + 1 for number in range(len(results))]
        assert {result["seq"] for result in results} <= set(stream.seqs)
    async with session.stream(int(stream.seqs[-1]), before["epoch"]) as stream:
        assert (await stream.hello())["resumed"] is True


@pytest.mark.rule("C-45")
@pytest.mark.parametrize("reason", ["no position", "beyond the head", "another epoch"])
async def test_a_stream_that_is_not_resumed_has_what_comes_after_hello(
    sessions: Sessions, lamp: Endpoint, reason: str
) -> None:
    """A snapshot of that seq and the events make the present state."""
    session = await sessions.open()
    before = await session.get("/snapshot")
    since = {"no position": None, "beyond the head": int(before["seq"]) + 1_000_000}.get(reason, int(before["seq"]))
    epoch = new_id() if reason == "another epoch" else None if since is None else before["epoch"]
    async with session.stream(since, epoch) as stream:
        hello = await stream.hello()
        assert hello["resumed"] is False
        results = await flips(session, lamp)
        await stream.until(results[-1]["seq"])
        assert stream.seqs[0] == hello["seq"] + 1


@pytest.mark.rule("C-45")
async def test_a_stream_whose_events_are_forgotten_is_not_resumed(
    sessions: Sessions, target: Target, lamp: Endpoint
) -> None:
    """But one that missed nothing is."""
    session = await sessions.open()
    before = await session.get("/snapshot")
    results = await flips(session, lamp)
    await target.operate("forget_history")
    async with session.stream(int(before["seq"]), before["epoch"]) as stream:
        hello = await stream.hello()
        assert (hello["resumed"], hello["seq"] >= results[-1]["seq"]) == (False, True)
    async with session.stream(int(hello["seq"]), before["epoch"]) as stream:
        assert (await stream.hello())["resumed"] is True


@pytest.mark.rule("C-45")
async def test_the_last_thousand_events_are_kept(sessions: Sessions, target: Target, lamp: Endpoint) -> None:
    """However old. It takes a server with an operator: no relay of a home should be switched so often."""
    await target.operate("forgive")
    session = await sessions.open()
    before = await session.get("/snapshot")
    turns = [lamp.flip(on=(lamp.state["on"] + turn + 1) % 2 == 1) for turn in range(MAX_COMMANDS)]
    for _ in range(KEPT_EVENTS // MAX_COMMANDS):
        await session.results(*turns)
    if target.patience_s > 2 * KEPT_S:
        await target.wait(2 * KEPT_S)
        await flips(session, lamp)
    head = (await session.get("/snapshot"))["seq"]
    async with session.stream(int(head) - KEPT_EVENTS, before["epoch"]) as stream:
        assert (await stream.hello())["resumed"] is True
        assert len(await stream.until(head)) >= KEPT_EVENTS


@pytest.mark.rule("C-45")
async def test_the_events_of_the_last_hour_are_kept(sessions: Sessions, target: Target, lamp: Endpoint) -> None:
    """However few."""
    session = await sessions.open()
    before = await session.get("/snapshot")
    await flips(session, lamp)
    await target.wait(KEPT_S - 60)
    async with session.stream(int(before["seq"]), before["epoch"]) as stream:
        assert (await stream.hello())["resumed"] is True


@pytest.mark.rule("C-46")
async def test_a_heartbeat_comes_when_nothing_else_was_sent(sessions: Sessions, lamp: Endpoint) -> None:
    """After all that is pending; its seq is the head."""
    session = await sessions.open()
    loop = asyncio.get_running_loop()
    async with session.stream() as stream:
        hello = await stream.hello()
        assert 5 <= hello["heartbeat_s"] <= 45
        results = await flips(session, lamp)
        await stream.until(results[-1]["seq"])
        began = loop.time()
        while (frame := await stream.frame()) is not None and frame["type"] != "heartbeat":
            began = loop.time()
        assert frame is not None
        assert loop.time() - began <= hello["heartbeat_s"] + MARGIN_S
        assert frame["seq"] == stream.seqs[-1], "the seq of a heartbeat is not that of the last event"
        assert frame["epoch"] == hello["epoch"]


@pytest.mark.rule("C-47")
async def test_a_new_home_comes_before_its_devices(
    sessions: Sessions, server: Server, target: Target, other_login: Login
) -> None:
    """Otherwise the devices would belong nowhere."""
    first, second = await sessions.open(), await sessions.open(other_login)
    known = {home["id"] for home in (await first.get("/snapshot"))["homes"]}
    homes = [home for home in (await second.get("/snapshot"))["homes"] if home["id"] not in known and home["devices"]]
    if not homes:
        pytest.skip("the second account has no home of its own")
    before = await first.get("/snapshot")
    username = target.login.username
    await target.operate("share_home", home_id=homes[0]["id"], account=username)
    await target.operate("unshare_home", home_id=homes[0]["id"], account=username)
    async with first.stream(int(before["seq"]), before["epoch"]) as stream:
        hello = await stream.hello()
        await stream.until(hello["seq"])
    told = [event["kind"] for event in stream.events if event["kind"] in {"home", "device", "home_removed"}]
    assert told == ["home", *["device"] * len(homes[0]["devices"]), "home_removed"]


@pytest.mark.rule("C-48")
async def test_a_second_stream_of_a_session_closes_the_older_one(sessions: Sessions) -> None:
    """With 1000; a stream of another session goes on."""
    first, second = await sessions.open(), await sessions.open()
    async with first.stream() as older, second.stream() as other:
        await older.hello()
        await other.hello()
        async with first.stream() as newer:
            await newer.hello()
            assert await older.code() == 1000
            await newer.heartbeat()
        await other.heartbeat()


@pytest.mark.rule("C-49")
async def test_a_stream_lives_longer_than_its_access_token(sessions: Sessions, target: Target, lamp: Endpoint) -> None:
    """A refresh does not end it, nor does the end of the token."""
    session = await sessions.open()
    expires_in = (await session.refresh()).document["expires_in"]
    async with session.stream() as stream:
        await stream.hello()
        assert (await session.refresh()).status == 200
        await stream.heartbeat()
        if expires_in < target.patience_s:
            await target.wait(expires_in + 60)
        results = await flips(session, lamp)
        await stream.until(results[-1]["seq"])


@pytest.mark.rule("C-49")
async def test_a_stream_says_that_its_session_ended(sessions: Sessions) -> None:
    """With 4401."""
    session = await sessions.open()
    async with session.stream() as stream:
        await stream.hello()
        await session.revoke()
        assert await stream.code() == 4401


@pytest.mark.rule("C-49")
async def test_a_stream_says_that_the_operator_ended_its_session(
    session: Session, sessions: Sessions, target: Target
) -> None:
    """With 4401; the session that all tests share is opened again."""
    ended = await sessions.open()
    async with ended.stream() as stream:
        await stream.hello()
        await target.operate("sign_out", account=target.login.username)
        await session.log_in()
        assert await stream.code() == 4401
    assert not await ended.works()


@pytest.mark.rule("C-49")
@pytest.mark.parametrize("control", ["suspend", "terminate"])
async def test_a_stream_says_that_the_account_is_blocked(sessions: Sessions, target: Target, control: str) -> None:
    """With 4403."""
    session = await sessions.open()
    async with session.stream() as stream:
        await stream.hello()
        async with blocked(target, control):
            assert await stream.code() == 4403


@pytest.mark.rule("C-49")
async def test_a_stream_says_that_terms_have_to_be_accepted(sessions: Sessions, target: Target) -> None:
    """With 4403, too."""
    session = await sessions.open()
    async with session.stream() as stream:
        await stream.hello()
        async with new_terms(session, target, required=True):
            assert await stream.code() == 4403


@pytest.mark.rule("C-49")
@pytest.mark.parametrize("control", ["new_epoch", "restart"])
async def test_a_stream_says_that_the_server_restarts(sessions: Sessions, target: Target, control: str) -> None:
    """With 1012, also for a new epoch."""
    session = await sessions.open()
    async with session.stream() as stream:
        await stream.hello()
        code, _ = await asyncio.gather(stream.code(), target.operate(control))
        assert code == 1012


@pytest.mark.rule("C-6")
async def test_timestamps_are_utc(sessions: Sessions, server: Server, lamp: Endpoint) -> None:
    """Spelled as RFC 3339, and near the server's own date."""
    session = await sessions.open()
    async with session.stream() as stream:
        hello = await stream.hello()
        results = await flips(session, lamp)
        await stream.until(results[-1]["seq"])
    now = await server.now()
    for text in (hello["at"], *(event["at"] for event in stream.events)):
        assert TIMESTAMP.fullmatch(text), text
        assert dt.datetime.fromisoformat(text.upper()).timestamp() == pytest.approx(now, abs=120)


@pytest.mark.rule("C-4")
async def test_an_epoch_is_compared_and_nothing_else(sessions: Sessions, lamp: Endpoint) -> None:
    """In other letters or longer, it is another one."""
    session = await sessions.open()
    before = await session.get("/snapshot")
    for epoch in {before["epoch"].swapcase(), f"{before['epoch']}0"} - {before["epoch"]}:
        async with session.stream(int(before["seq"]), epoch) as stream:
            assert (await stream.hello())["resumed"] is False
