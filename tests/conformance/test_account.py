"""What GET /account says, and the event that tells of it (contract, "Account")."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.conformance.account import blocked
from tests.conformance.conftest import Sessions
from tests.conformance.server import Server, Session, new_id
from tests.conformance.target import Document, Target

REASON = "Kiểm tra hợp chuẩn"


@asynccontextmanager
async def new_terms(session: Session, target: Target, *, required: bool) -> AsyncIterator[str]:
    """Publish new terms, and the former ones afterwards; return the new version."""
    terms = (await session.get("/account"))["terms"]
    version = new_id()
    await target.operate("change_terms", version=version, required=required)
    try:
        yield version
    finally:
        await target.operate("change_terms", version=terms["current"], required=terms["required"])
        await accept(session, terms["accepted"])


async def accept(session: Session, version: str) -> int:
    """Accept a version of the terms, and return the status."""
    return (await session.request("PUT", "/account/terms", body={"version": version})).status


async def access(session: Session) -> Document:
    """Return the access of the account, without what is null."""
    found: Document = (await session.get("/account"))["access"]
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.rule("C-26")
@pytest.mark.parametrize("control", ["suspend", "terminate"])
async def test_the_account_can_be_read_while_it_is_blocked(session: Session, target: Target, control: str) -> None:
    """Also the terms, tickets and dealers; the homes cannot."""
    async with blocked(target, control):
        account = await session.get("/account")
        assert await accept(session, new_id()) == 422
        for path in ("/feedback", "/dealers"):
            assert (await session.request("GET", path)).status in {200, 404}
        assert (await session.request("GET", "/snapshot")).status == 403
    assert account["access"]["status"] == f"{control.removesuffix('e')}ed"


@pytest.mark.rule("C-26")
async def test_the_account_can_be_read_while_its_terms_are_open(session: Session, target: Target) -> None:
    """It is where a client learns which to accept."""
    async with new_terms(session, target, required=True) as version:
        assert (await session.get("/account"))["terms"]["current"] == version


@pytest.mark.rule("C-24", "C-27")
async def test_the_account_says_why_and_until_when_it_is_suspended(
    session: Session, server: Server, target: Target
) -> None:
    """What a user needs to know is not in a problem only."""
    async with blocked(target, reason=REASON, until=await server.now() + 3600):
        found = await access(session)
    assert (found["status"], found["reason"]) == ("suspended", REASON)
    assert "until" in found


@pytest.mark.rule("C-27")
async def test_a_suspension_ends_by_itself(session: Session, server: Server, target: Target) -> None:
    """At its `until`."""
    async with blocked(target, until=await server.now() + 5):
        assert (await access(session))["status"] == "suspended"
        await target.wait(7)
        assert await access(session) == {"status": "active"}
        assert (await session.request("GET", "/snapshot")).status == 200


@pytest.mark.rule("C-28")
async def test_terms_that_are_required_block_the_homes_until_they_are_accepted(
    session: Session, target: Target
) -> None:
    """Accepting them again is answered as before."""
    async with new_terms(session, target, required=True) as version:
        answer = await session.request("GET", "/snapshot")
        assert (answer.status, answer.problem) == (403, "terms-not-accepted")
        assert await accept(session, version) == 204
        assert await accept(session, version) == 204
        assert (await session.request("GET", "/snapshot")).status == 200
        assert (await session.get("/account"))["terms"]["accepted"] == version


@pytest.mark.rule("C-28")
async def test_terms_that_are_not_required_block_nothing(session: Session, target: Target) -> None:
    """The account has two different versions."""
    async with new_terms(session, target, required=False) as version:
        terms = (await session.get("/account"))["terms"]
        assert (terms["current"], terms["required"]) == (version, False)
        assert terms["accepted"] != version
        assert (await session.request("GET", "/snapshot")).status == 200


@pytest.mark.rule("C-28")
async def test_only_the_current_terms_can_be_accepted(session: Session) -> None:
    """Another version is 422, and changes nothing."""
    before = (await session.get("/account"))["terms"]
    assert await accept(session, f"{before['current']} ") == 422
    assert await accept(session, new_id()) == 422
    assert (await session.get("/account"))["terms"] == before


@pytest.mark.rule("C-29")
async def test_the_account_tells_of_maintenance_until_it_is_over(
    session: Session, server: Server, target: Target
) -> None:
    """Planned, over, and called off."""
    now = await server.now()
    await target.operate("announce_maintenance", starts_at=now + 2, ends_at=now + 5)
    assert (await session.get("/account"))["maintenance"] is not None
    await target.wait(7)
    assert (await session.get("/account"))["maintenance"] is None
    await target.operate("announce_maintenance", starts_at=now + 3600, ends_at=None)
    assert (await session.get("/account"))["maintenance"] is not None
    await target.operate("call_off_maintenance")
    assert (await session.get("/account"))["maintenance"] is None


@pytest.mark.rule("C-30")
@pytest.mark.parametrize("what", ["access", "terms", "maintenance"])
async def test_an_event_tells_that_the_account_changed(
    sessions: Sessions, server: Server, target: Target, what: str
) -> None:
    """It is counted, so that a stream that was closed shows it later."""
    session = await sessions.open()
    before = await session.get("/snapshot")
    if what == "access":
        await target.operate("suspend", account=target.login.username)
        await target.operate("unblock", account=target.login.username)
    elif what == "terms":
        async with new_terms(session, target, required=False):
            pass
    else:
        await target.operate("announce_maintenance", starts_at=await server.now() + 3600, ends_at=None)
        await target.operate("call_off_maintenance")
    async with session.stream(int(before["seq"]), before["epoch"]) as stream:
        hello = await stream.hello()
        assert hello["resumed"], "the change of the account should not end the epoch"
        await stream.until(hello["seq"])
        assert stream.kinds.count("account") >= 2


@pytest.mark.rule("C-30")
async def test_an_event_tells_that_sessions_were_ended(session: Session, target: Target) -> None:
    """By the operator; the session that all tests share is opened again."""
    before = await session.get("/snapshot")
    await target.operate("sign_out", account=target.login.username)
    await session.log_in()
    async with session.stream(int(before["seq"]), before["epoch"]) as stream:
        await stream.hello()
        await stream.event("account")
