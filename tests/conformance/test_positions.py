"""Snapshot, entity tag, epoch and seq (contract, "Epoch and seq")."""

import asyncio
from urllib.parse import quote

import pytest

from tests.conformance.conftest import Sessions
from tests.conformance.house import Endpoint, find, known
from tests.conformance.server import Session
from tests.conformance.target import Document, Login, Target

# How often to try again when the home changes by itself in between.
TRIES = 10
# How often an endpoint is switched; an even number, so that it ends as it began.
FLIPS = 2
MANY_FLIPS = 6


def tag_of(epoch: str, seq: float) -> str:
    """Return the entity tag of a position."""
    return f'"{quote(epoch, safe="")}:{int(seq)}"'


async def flips(session: Session, lamp: Endpoint, times: int = FLIPS) -> list[Document]:
    """Switch so many times, one request after the other; return the results."""
    return [await session.applied(lamp.flip(on=(lamp.state["on"] + turn + 1) % 2 == 1)) for turn in range(times)]


@pytest.mark.rule("C-42")
async def test_the_entity_tag_names_the_position(session: Session) -> None:
    """Percent-encoded epoch, colon, seq; a strong tag."""
    answer = await session.request("GET", "/snapshot")
    snapshot = answer.document
    assert answer.headers["ETag"] == tag_of(snapshot["epoch"], snapshot["seq"])


@pytest.mark.rule("C-42")
@pytest.mark.parametrize("spelling", ["{}", "W/{}", '"other", {}', "*"])
async def test_what_the_client_holds_is_answered_304(session: Session, spelling: str) -> None:
    """Also when a proxy has weakened the tag."""
    for _ in range(TRIES):
        first = await session.request("GET", "/snapshot")
        headers = {"If-None-Match": spelling.format(first.headers["ETag"])}
        second = await session.request("GET", "/snapshot", headers=headers)
        if second.status == 304:
            assert second.headers["ETag"] == first.headers["ETag"] or spelling == "*"
            return
        assert second.document["seq"] > first.document["seq"], "an unchanged snapshot was sent again"


@pytest.mark.rule("C-42")
async def test_the_tag_of_a_position_that_events_led_to_is_known(session: Session, lamp: Endpoint) -> None:
    """A client computes it from the epoch and the last seq."""
    for _ in range(TRIES // 2):
        before = await session.get("/snapshot")
        last = (await flips(session, lamp))[-1]
        old = {"If-None-Match": tag_of(before["epoch"], before["seq"])}
        assert (await session.request("GET", "/snapshot", headers=old)).status == 200
        new = {"If-None-Match": tag_of(before["epoch"], last["seq"])}
        answer = await session.request("GET", "/snapshot", headers=new)
        if answer.status == 304:
            return
        assert answer.document["seq"] > last["seq"], "the tag of the present position was not known"


@pytest.mark.rule("C-42")
async def test_the_tag_is_the_same_under_a_content_coding(session: Session) -> None:
    """It is about the position, not about the bytes."""
    for _ in range(TRIES):
        tags = {
            (await session.request("GET", "/snapshot", headers={"Accept-Encoding": coding})).headers["ETag"]
            for coding in ("identity", "gzip")
        }
        if len(tags) == 1:
            return
    pytest.fail(f"the tags of two codings differ: {tags}")


@pytest.mark.rule("C-41")
async def test_a_snapshot_is_atomic_at_its_seq(session: Session, sessions: Sessions, lamp: Endpoint) -> None:
    """While an endpoint is switched: its state is the one that the events up to `seq` make."""
    reader = await sessions.open()
    first = await reader.get("/snapshot")
    working = asyncio.create_task(flips(session, lamp, MANY_FLIPS))
    seen = [first]
    while not working.done():
        seen.append(await reader.get("/snapshot"))
    seen.append(await reader.get("/snapshot"))
    await working
    async with reader.stream(int(first["seq"]), first["epoch"]) as stream:
        await stream.hello()
        events = await stream.until(seen[-1]["seq"])
    for snapshot in seen:
        expected = find(first, lamp.key).state
        for event in events:
            if event["seq"] <= snapshot["seq"] and _is_of(event, lamp):
                expected = expected | event["state"]
        assert find(snapshot, lamp.key).state == known(expected), f"at seq {snapshot['seq']}"


@pytest.mark.rule("C-39")
async def test_seq_counts_every_change_without_gaps(session: Session, lamp: Endpoint) -> None:
    """The changes that results tell are among the events, at the same seq."""
    first = await session.get("/snapshot")
    results = await flips(session, lamp)
    last = await session.get("/snapshot")
    assert last["seq"] >= results[-1]["seq"] > first["seq"]
    async with session.stream(int(first["seq"]), first["epoch"]) as stream:
        await stream.hello()
        events = await stream.until(last["seq"])
    assert [event["seq"] for event in events] == [first["seq"] + number + 1 for number in range(len(events))]
    told = {event["seq"]: event["state"]["on"] for event in events if _is_of(event, lamp) and "on" in event["state"]}
    assert told == {result["seq"]: result["state"]["on"] for result in results}


@pytest.mark.rule("C-39")
async def test_accounts_that_share_a_home_see_its_changes_in_the_same_order(
    sessions: Sessions, target: Target, other_login: Login, lamp: Endpoint
) -> None:
    """Each under numbers of its own."""
    first, second = await sessions.open(), await sessions.open(other_login)
    home_id = lamp.device["home_id"]
    await target.operate("share_home", home_id=home_id, account=other_login.username)
    try:
        heads = [await session.get("/snapshot") for session in (first, second)]
        await flips(first, lamp)
        seen = []
        for session, head in zip((first, second), heads, strict=True):
            async with session.stream(int(head["seq"]), head["epoch"]) as stream:
                hello = await stream.hello()
                events = await stream.until(hello["seq"])
            assert [event["seq"] for event in events] == [head["seq"] + number + 1 for number in range(len(events))]
            seen.append([event["state"]["on"] for event in events if _is_of(event, lamp)])
        assert seen[0] == seen[1]
        assert len(seen[0]) == FLIPS
    finally:
        await target.operate("unshare_home", home_id=home_id, account=other_login.username)


@pytest.mark.rule("C-40")
async def test_an_epoch_is_new_when_the_numbering_may_have_changed(sessions: Sessions, target: Target) -> None:
    """Such as after a restore: an old position is worth nothing then."""
    session = await sessions.open()
    before = await session.request("GET", "/snapshot")
    await target.operate("new_epoch")
    after = await session.request("GET", "/snapshot", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status == 200
    assert after.document["epoch"] != before.document["epoch"]
    async with session.stream(int(before.document["seq"]), before.document["epoch"]) as stream:
        hello = await stream.hello()
        assert hello["resumed"] is False


@pytest.mark.rule("C-40")
async def test_a_restart_keeps_the_epoch_or_makes_a_new_one(sessions: Sessions, target: Target) -> None:
    """In the same epoch, nothing steps back."""
    session = await sessions.open()
    before = await session.get("/snapshot")
    await target.operate("restart")
    after = await session.get("/snapshot")
    assert after["epoch"] != before["epoch"] or after["seq"] >= before["seq"]


def _is_of(event: Document, endpoint: Endpoint) -> bool:
    return event["kind"] == "state" and (event["device_id"], event["endpoint_id"]) == endpoint.key
