"""Logging in, staying logged in and logging out (contract, "Session")."""

import pytest

from tests.conformance.conftest import Sessions
from tests.conformance.server import Server, Session, new_id
from tests.conformance.target import Login, Target


async def successor(session: Session, refresh_token: str) -> str:
    """Refresh with a token, and return the one that follows it."""
    answer = await session.refresh(refresh_token, kept=False)
    assert answer.status == 200, f"a good refresh token is answered {answer.status} {answer.problem}"
    token: str = answer.document["refresh_token"]
    return token


async def refused(session: Session, refresh_token: str) -> bool:
    """Return whether a refresh token is no longer good."""
    answer = await session.refresh(refresh_token, kept=False)
    assert answer.status in {200, 400}
    return answer.status == 400 and answer.problem == "invalid_grant"


@pytest.mark.rule("C-3", "C-22")
@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"grant_type": "password", "username": "nobody@example.invalid", "password": "x"}, (400, "invalid_grant")),
        ({"grant_type": "password", "username": "x", "password": "x", "client_id": "x"}, (401, "invalid_client")),
        ({"grant_type": "client_credentials"}, (400, "unsupported_grant_type")),
        ({"grant_type": ""}, (400, "invalid_request")),
        ({"grant_type": "password", "username": "x"}, (400, "invalid_request")),
        ({"grant_type": "refresh_token", "refresh_token": "invented"}, (400, "invalid_grant")),
    ],
)
async def test_a_bad_grant_is_answered_as_rfc_6749_says(
    server: Server, fields: dict[str, str], error: tuple[int, str]
) -> None:
    """Section 5.2."""
    answer = await server.form("token_endpoint", {"session_id": new_id(), **fields})
    assert (answer.status, answer.problem) == error


@pytest.mark.rule("C-3", "C-22")
async def test_a_revocation_without_a_token_is_answered_as_rfc_7009_says(server: Server) -> None:
    """Section 2.2.1."""
    answer = await server.form("revocation_endpoint", {})
    assert (answer.status, answer.problem) == (400, "invalid_request")


@pytest.mark.rule("C-11", "C-17")
async def test_a_session_id_is_a_uuid(sessions: Sessions, server: Server, target: Target) -> None:
    """Another one is refused as `invalid_request`."""
    answer = await sessions.add(Session(server, target.login, "first")).log_in()
    assert (answer.status, answer.problem) == (400, "invalid_request")


@pytest.mark.rule("C-17")
async def test_other_sessions_go_on_after_a_login(sessions: Sessions) -> None:
    """Both work, and both can be refreshed."""
    first, second = await sessions.open(), await sessions.open()
    for session in (first, second):
        assert await session.works()
        assert (await session.refresh()).status == 200


@pytest.mark.rule("C-17")
async def test_a_login_with_the_same_session_id_takes_its_place(sessions: Sessions) -> None:
    """The older tokens and the older stream end."""
    first = await sessions.open()
    async with first.stream() as stream:
        await stream.hello()
        second = await sessions.open(session_id=first.id)
        assert await stream.code() == 4401
    assert not await first.works()
    assert await second.works()


@pytest.mark.rule("C-17")
async def test_a_session_of_another_account_is_not_taken_over(
    sessions: Sessions, server: Server, other_login: Login
) -> None:
    """Its `session_id` is refused as `invalid_request`."""
    first = await sessions.open()
    answer = await Session(server, other_login, first.id).log_in()
    assert (answer.status, answer.problem) == (400, "invalid_request")
    assert await first.works()


@pytest.mark.rule("C-18")
async def test_a_refresh_token_is_good_until_its_successor_was_used(sessions: Sessions) -> None:
    """A lost response costs nothing, however often."""
    session = await sessions.open()
    first = session.refresh_token
    await successor(session, first)
    await successor(session, first)
    again = await successor(session, first)
    third = await successor(session, again)
    different = len({first, again, third})
    assert different == 3
    assert not await refused(session, again)


@pytest.mark.rule("C-18")
@pytest.mark.parametrize("which", ["older", "voided"])
async def test_an_older_or_voided_refresh_token_revokes_the_session(sessions: Sessions, which: str) -> None:
    """Somebody else may hold it."""
    session = await sessions.open()
    first = session.refresh_token
    second = await successor(session, first)
    newest = await successor(session, second if which == "older" else first)
    assert await refused(session, first if which == "older" else second)
    assert await refused(session, newest)
    assert not await session.works()


@pytest.mark.rule("C-18")
async def test_what_is_no_refresh_token_of_a_session_revokes_nothing(sessions: Sessions) -> None:
    """Neither an invented one, nor one of another session."""
    session, other = await sessions.open(), await sessions.open()
    assert await refused(session, "invented")
    assert await refused(session, other.refresh_token)
    for one in (session, other):
        assert await one.works()
        assert (await one.refresh()).status == 200


@pytest.mark.rule("C-19")
async def test_tokens_are_printable_and_stored_by_nothing_on_the_way(sessions: Sessions, server: Server) -> None:
    """A login and a refresh; VSCHAR of RFC 6749."""
    session = await sessions.open()
    answer = await session.refresh()
    assert "no-store" in answer.headers.get("Cache-Control", "")
    for token in (session.access_token, session.refresh_token):
        assert token
        assert all(" " <= character <= "~" for character in token)


@pytest.mark.rule("C-19")
async def test_an_access_token_lives_across_refreshes(sessions: Sessions) -> None:
    """So that requests under way do not fail."""
    session = await sessions.open()
    first = session.access_token
    for _ in range(2):
        assert (await session.refresh()).status == 200
    assert await session.works(first)


@pytest.mark.rule("C-19")
async def test_an_access_token_ends_when_it_expires(sessions: Sessions, target: Target) -> None:
    """And not before."""
    session = await sessions.open()
    expires_in = (await session.refresh()).document["expires_in"]
    await target.wait(expires_in - 30)
    assert await session.works(session.access_token)
    await target.wait(60)
    assert not await session.works(session.access_token)


@pytest.mark.rule("C-20")
@pytest.mark.parametrize("which", ["access", "refresh"])
async def test_revoking_any_token_ends_the_session(sessions: Sessions, which: str) -> None:
    """All its tokens and its stream."""
    session = await sessions.open()
    await session.refresh()
    async with session.stream() as stream:
        await stream.hello()
        answer = await session.revoke(session.access_token if which == "access" else session.refresh_token)
        assert answer.status == 200
        assert await stream.code() == 4401
    assert not await session.works()
    assert await refused(session, session.refresh_token)


@pytest.mark.rule("C-20")
async def test_revoking_an_unknown_token_is_answered_200(sessions: Sessions) -> None:
    """Also one that was revoked before."""
    session = await sessions.open()
    for token in ("invented", session.refresh_token, session.refresh_token):
        assert (await session.revoke(token)).status == 200


@pytest.mark.rule("C-21")
async def test_a_blocked_account_gets_tokens(sessions: Sessions, target: Target) -> None:
    """By a refresh and by a login."""
    session = await sessions.open()
    await target.operate("suspend", account=target.login.username)
    try:
        assert (await session.refresh()).status == 200
        assert (await sessions.open()).access_token
    finally:
        await target.operate("unblock", account=target.login.username)


@pytest.mark.rule("C-21")
async def test_a_limit_says_nothing_about_the_tokens(sessions: Sessions, server: Server, target: Target) -> None:
    """The same refresh token works afterwards."""
    session = await sessions.open()
    await target.operate("rate_limit", seconds=1, count=1)
    fields = {"grant_type": "refresh_token", "refresh_token": session.refresh_token, "session_id": session.id}
    answer = await server.form("token_endpoint", fields, patient=False)
    assert answer.status == 429
    assert (await session.refresh()).status == 200
