"""Refusals: their precedence, their form, and that they have no effect (contract, "Conventions" and "Problems")."""

import pytest

from tests.conformance.conftest import Sessions
from tests.conformance.house import Endpoint, find
from tests.conformance.server import JSON, Answer, Server, Session, new_id, retry_after
from tests.conformance.target import Json, Target

MAX_BODY = 1024 * 1024
PATHS = [
    ("GET", "/account"),
    ("PUT", "/account/terms"),
    ("GET", "/snapshot"),
    ("GET", "/events"),
    ("POST", "/commands"),
]


@pytest.mark.rule("C-22")
@pytest.mark.parametrize(
    ("method", "path", "content_type", "size", "status"),
    [
        ("DELETE", "/there-is-nothing", "text/plain", MAX_BODY + 1, 404),
        ("PUT", "/snapshot", "text/plain", MAX_BODY + 1, 405),
        ("POST", "/commands", "text/plain", MAX_BODY + 1, 413),
        ("POST", "/commands", "text/plain", 1, 415),
        ("POST", "/commands", JSON, 1, 422),
    ],
)
async def test_the_first_of_several_problems_is_answered(
    session: Session, server: Server, method: str, path: str, content_type: str, size: int, status: int
) -> None:
    """And without a bearer it is 401, whatever else is wrong."""
    headers, body = {"Content-Type": content_type}, b" " * size
    answer = await session.request(method, path, headers=headers, body=body, checked=False)
    assert answer.status == status, answer
    if status in {405, 413, 415}:
        assert answer.document["type"] == "about:blank"
    answer = await server.request(method, server.api(path), token="invented", headers=headers, body=body, checked=False)
    assert answer.status == 401, answer


@pytest.mark.rule("C-22")
async def test_what_only_the_operator_can_cause_comes_before_all_else(
    session: Session, server: Server, target: Target
) -> None:
    """Maintenance, limits, blocks and open terms, in this order."""
    account = await session.get("/account")
    username, version = target.login.username, account["terms"]["current"]

    async def ask(token: str | None = None) -> tuple[int, str]:
        answer = await server.request(
            "DELETE", server.api("/there-is-nothing"), token=token or session.access_token, checked=False, patient=False
        )
        return answer.status, answer.problem

    assert (await ask())[0] == 404
    await target.operate("change_terms", version=new_id(), required=True)
    try:
        assert await ask() == (403, "terms-not-accepted")
        await target.operate("suspend", account=username)
        assert await ask() == (403, "account-suspended")
        await target.operate("terminate", account=username)
        assert await ask() == (403, "account-terminated")
        assert await ask("invented") == (401, "unauthorized")
        await target.operate("rate_limit", seconds=1, count=1)
        assert await ask("invented") == (429, "rate-limited")
        await target.operate("rate_limit", seconds=1, count=1)
        await target.operate("maintenance", retry_after=1)
        assert await ask("invented") == (503, "maintenance")
    finally:
        await target.operate("end_maintenance")
        await target.operate("forgive")
        await target.operate("unblock", account=username)
        await target.operate("change_terms", version=version, required=account["terms"]["required"])


@pytest.mark.rule("C-3")
async def test_a_bearer_that_is_not_good_is_challenged(server: Server, session: Session) -> None:
    """RFC 6750: with WWW-Authenticate; RFC 9457: as a problem. Another scheme is none."""
    await session.get("/account")
    for credentials in ("Bearer invented", f"Basic {session.access_token}", None):
        headers = {} if credentials is None else {"Authorization": credentials}
        answer = await server.request("GET", server.api("/account"), headers=headers)
        assert answer.status == 401
        assert answer.content_type == "application/problem+json"
        assert answer.headers.get("WWW-Authenticate", "").lower().startswith("bearer")


def busy(answer: Answer, status: int) -> None:
    """Check a refusal for a while."""
    assert answer.status == status, answer
    assert "Retry-After" in answer.headers
    assert retry_after(answer) >= 0


@pytest.mark.rule("C-23")
@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_an_endpoint_that_is_limited_says_when_to_come_again(
    session: Session, target: Target, method: str, path: str
) -> None:
    """The handshake included."""
    await target.operate("rate_limit", seconds=1, count=1)
    busy(await session.request(method, path, patient=False), 429)


@pytest.mark.rule("C-23")
async def test_a_server_in_maintenance_says_when_to_come_again(
    session: Session, server: Server, target: Target
) -> None:
    """Everywhere, the token endpoint included."""
    await session.get("/account")
    try:
        await target.operate("maintenance", retry_after=1)
        for method, path in PATHS:
            busy(await session.request(method, path, patient=False), 503)
        busy(await server.form("token_endpoint", {"grant_type": "refresh_token"}, patient=False, checked=False), 503)
    finally:
        await target.operate("end_maintenance")


@pytest.mark.rule("C-23")
async def test_a_limited_request_has_no_effect(session: Session, target: Target, lamp: Endpoint) -> None:
    """And the same request can be sent again."""
    await target.operate("rate_limit", seconds=1, count=1)
    answer = await session.send(lamp.flip(), patient=False)
    assert answer.status == 429
    snapshot = await session.get("/snapshot")
    assert find(snapshot, lamp.key).state["on"] == lamp.state["on"]
    (result,) = await session.results(lamp.flip(), order=session.order)
    assert result["status"] == "applied"


@pytest.mark.rule("C-23", "C-50")
async def test_a_request_that_is_refused_has_no_effect(session: Session, lamp: Endpoint) -> None:
    """Not even its good commands."""
    answer = await session.send(lamp.flip(), 5, checked=False)
    assert answer.status == 422, answer
    snapshot = await session.get("/snapshot")
    assert find(snapshot, lamp.key).state["on"] == lamp.state["on"]


@pytest.mark.rule("C-4")
async def test_ids_are_compared_and_nothing_else(session: Session, lamp: Endpoint) -> None:
    """An ID in other letters, or with a space, is another ID."""
    device_id, endpoint_id = lamp.key
    known = {device_id, device_id.lower()}
    for other in {device_id.upper(), device_id.swapcase(), f"{device_id} ", f"0{device_id}"} - known:
        result = await session.result({"device_id": other, "endpoint_id": endpoint_id, "set": {"on": lamp.state["on"]}})
        assert result["status"] == "rejected", f"{other} was taken for {device_id}"


@pytest.mark.rule("C-5")
async def test_an_integer_may_be_spelled_as_a_float(sessions: Sessions, lamp: Endpoint) -> None:
    """`order` 7.0 is 7; 7.5 is no counter."""
    session = await sessions.open()
    run, command = new_id(), lamp.flip(on=lamp.state["on"])
    assert (await session.results(command, run=run, order=7.0))[0]["status"] == "applied"
    assert (await session.results(command, run=run, order=7))[0]["status"] == "applied"
    assert (await session.send(command, run=run, order=7.5, checked=False)).status == 422


@pytest.mark.rule("C-7")
async def test_a_content_type_may_carry_parameters(sessions: Sessions, lamp: Endpoint) -> None:
    """Such as a charset."""
    session = await sessions.open()
    body: Json = {"run": new_id(), "order": 1, "commands": [lamp.flip(on=lamp.state["on"])]}
    headers = {"Content-Type": "application/json; charset=utf-8"}
    answer = await session.request("POST", "/commands", body=body, headers=headers)
    assert answer.status == 200, answer


@pytest.mark.rule("C-7")
async def test_a_body_of_more_than_a_mebibyte_is_refused(session: Session) -> None:
    """And one of exactly a mebibyte is read."""
    headers = {"Content-Type": JSON}
    for size, status in ((MAX_BODY, 422), (MAX_BODY + 1, 413)):
        answer = await session.request("POST", "/commands", headers=headers, body=b" " * size, checked=False)
        assert answer.status == status, answer


@pytest.mark.rule("C-7")
async def test_a_response_304_has_no_body(session: Session) -> None:
    """Nor a 204; the specification checks it wherever one comes."""
    answer = await session.request("GET", "/snapshot", headers={"If-None-Match": "*"})
    assert (answer.status, answer.body) == (304, b"")


@pytest.mark.rule("C-10")
async def test_members_that_the_server_does_not_know_are_ignored(sessions: Sessions, lamp: Endpoint) -> None:
    """They may come from a later version of the contract: in a body, in a command, in a query, in a form."""
    session = await sessions.open()
    grown = {**lamp.flip(on=lamp.state["on"]), "x_mood": ["calm"]}
    body: Json = {"run": new_id(), "order": 1, "commands": [grown], "x_weather": {"sky": None}}
    answer = await session.request("POST", "/commands", body=body)
    assert answer.status == 200, answer
    assert answer.document["results"][0]["status"] == "applied"
    assert (await session.request("GET", "/account?x_weather=1")).status == 200
    fields = {"grant_type": "refresh_token", "refresh_token": session.refresh_token, "session_id": session.id}
    answer = await session.server.form("token_endpoint", {**fields, "x_weather": "sun"})
    assert answer.status == 200, answer.problem


@pytest.mark.rule("C-11")
async def test_everything_known_is_as_specified(session: Session) -> None:
    """Each document and frame is held against the schemas; a violation fails the test that saw it."""
    assert (await session.get("/account"))["id"]
    assert (await session.get("/snapshot"))["epoch"]
