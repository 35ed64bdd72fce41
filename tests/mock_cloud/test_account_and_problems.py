"""Refusals and their precedence, and what GET /account says (contract, "Problems" and "Account")."""

import asyncio
import datetime as dt

import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, Client, problem_of, refused

PATHS = [
    ("GET", "/account"),
    ("PUT", "/account/terms"),
    ("GET", "/snapshot"),
    ("GET", "/events"),
    ("POST", "/commands"),
    ("GET", "/feedback"),
    ("POST", "/feedback"),
    ("GET", "/dealers"),
]
OPEN_WHILE_BLOCKED = {"/account", "/account/terms", "/feedback", "/dealers"}


async def test_problems_have_an_order_of_precedence(cloud: MockCloud, client: Client) -> None:
    """C-22: whatever else is wrong with the request; C-24: a problem says nothing to users."""
    cloud.change_terms("2027-01")
    cloud.terminate(MINH_ANH)
    cloud.rate_limit(10)
    cloud.maintenance()
    good = client.tokens["access_token"]
    client.tokens["access_token"] = "bad"

    async def ask(path: str = "/commands", method: str = "POST", data: bytes = b"x" * 1_048_577) -> tuple[int, str]:
        answer = await client.request(method, path, data=data)
        assert set(await answer.json()) - {"errors"} == {"type", "title", "status", "detail"}
        return await refused(answer)

    assert await ask() == (503, "maintenance")
    cloud.end_maintenance()
    assert await ask() == (429, "rate-limited")
    assert await ask("/nothing") == (401, "unauthorized")
    client.tokens["access_token"] = good
    assert await ask("/nothing") == (403, "account-terminated")
    cloud.unblock(MINH_ANH)
    cloud.suspend(MINH_ANH)
    assert await ask() == (403, "account-suspended")
    cloud.unblock(MINH_ANH)
    assert await ask("/snapshot") == (403, "terms-not-accepted")
    assert (await client.request("PUT", "/account/terms", json={"version": "2027-01"})).status == 204
    assert await ask("/nothing") == (404, "not-found")
    assert await ask("/snapshot") == (405, "about:blank")
    assert await ask("/events") == (405, "about:blank")
    assert await ask() == (413, "about:blank")
    assert await ask(data=b"not json") == (415, "about:blank")
    answer = await client.request("POST", "/commands", data=b"{}", headers={"Content-Type": "application/json"})
    assert await refused(answer) == (422, "invalid-request")


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_any_endpoint_may_be_in_maintenance_or_limited(
    cloud: MockCloud, client: Client, method: str, path: str
) -> None:
    """C-23: with a Retry-After, the handshake included."""
    cloud.maintenance(retry_after=45)
    answer = await client.request(method, path)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "45")
    cloud.end_maintenance()
    cloud.rate_limit(7)
    answer = await client.request(method, path)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")


async def test_discovery_and_tokens_may_be_refused_for_a_while_too(cloud: MockCloud, stranger: Client) -> None:
    """C-21: that says nothing about the tokens."""
    cloud.maintenance()
    assert await refused(await stranger.http.get(f"{cloud.url}/.well-known/wesmart")) == (503, "maintenance")
    assert await refused(await stranger.log_in()) == (503, "maintenance")
    cloud.end_maintenance()
    cloud.rate_limit(5, path="/oauth/token")
    assert (await stranger.http.get(f"{cloud.url}/.well-known/wesmart")).status == 200
    assert await refused(await stranger.log_in()) == (429, "rate-limited")
    assert (await stranger.log_in()).status == 200


@pytest.mark.parametrize("kind", ["suspended", "terminated", "terms"])
async def test_the_account_says_why_its_homes_are_refused(cloud: MockCloud, client: Client, kind: str) -> None:
    """C-26 to C-28: it works in every state, as terms, support and refreshing do; C-49: the stream is closed."""
    async with client.stream(0) as stream:
        await stream.frame()
        if kind == "suspended":
            cloud.suspend(MINH_ANH, reason="Nghi ngờ lạm dụng", until=dt.datetime(2026, 12, 1, tzinfo=dt.UTC))
        elif kind == "terminated":
            cloud.terminate(MINH_ANH)
        else:
            cloud.change_terms("2027-01")
        assert (await stream.events(1))[0]["kind"] == "account"
        assert await stream.closed() == 4403
    for method, path in PATHS:
        answer = await client.request(method, path)
        assert (answer.status == 403) == (path not in OPEN_WHILE_BLOCKED), path
    problem = problem_of(await (await client.request("GET", "/snapshot")).json())
    assert problem == ("terms-not-accepted" if kind == "terms" else f"account-{kind}")
    account = await client.get("/account")
    expected = {
        "suspended": {"status": "suspended", "reason": "Nghi ngờ lạm dụng", "until": "2026-12-01T00:00:00.000Z"},
        "terminated": {"status": "terminated", "reason": None, "until": None},
        "terms": {"status": "active", "reason": None, "until": None},
    }
    assert account["access"] == expected[kind]
    current = "2027-01" if kind == "terms" else "2026-03"
    terms = {"accepted": "2026-03", "current": current, "url": f"{cloud.url}/terms", "required": kind == "terms"}
    assert account["terms"] == terms
    assert (await client.refresh(client.tokens["refresh_token"])).status == 200


async def test_a_suspension_ends_by_itself(cloud: MockCloud, client: Client) -> None:
    """C-27: without an event."""
    cloud.meters_report = False
    cloud.suspend(MINH_ANH, until=cloud.now() + 600)
    head = cloud.seq(MINH_ANH)
    await asyncio.sleep(601)
    assert (await client.get("/account"))["access"] == {"status": "active", "reason": None, "until": None}
    assert (await client.get("/snapshot"))["seq"] == head


async def test_terms_that_are_not_required_block_nothing(cloud: MockCloud, client: Client) -> None:
    """C-28, C-30: the account says that there are new ones, and is the same once they are accepted."""
    async with client.stream(0) as stream:
        await stream.frame()
        cloud.change_terms("2027-01", required=False)
        assert (await client.get("/snapshot"))["seq"] == 1
        answer = await client.request("PUT", "/account/terms", json={"version": "2026-03"})
        assert await refused(answer) == (422, "invalid-request")
        for _ in range(2):
            answer = await client.request("PUT", "/account/terms", json={"version": "2027-01"})
            assert (answer.status, await answer.read()) == (204, b"")
        assert [event["kind"] for event in await stream.events(2)] == ["account", "account"]
    assert (await client.get("/account"))["terms"]["accepted"] == "2027-01"


async def test_the_account_says_when_there_is_maintenance(cloud: MockCloud, client: Client) -> None:
    """C-29, C-30: planned, changed, called off, over, or present without a known end."""

    async def told() -> dict[str, str | None] | None:
        maintenance: dict[str, str | None] | None = (await client.get("/account"))["maintenance"]
        return maintenance

    assert await told() is None
    cloud.announce_maintenance(cloud.now() + 3600, None)
    cloud.announce_maintenance(cloud.now() + 60, cloud.now() + 120)
    planned = await told()
    assert planned is not None
    assert (planned["starts_at"], planned["ends_at"]) == ("2026-11-20T05:01:00.000Z", "2026-11-20T05:02:00.000Z")
    cloud.maintenance()
    cloud.end_maintenance()
    assert await told() == planned  # that was another one
    assert cloud.seq(MINH_ANH) == 2
    await asyncio.sleep(90)
    cloud.maintenance()
    cloud.end_maintenance()
    assert await told() is None
    assert cloud.seq(MINH_ANH) == 3
    cloud.announce_maintenance(cloud.now() + 60, cloud.now() + 120)
    await asyncio.sleep(150)
    assert await told() is None
    cloud.announce_maintenance(cloud.now() + 60, None)
    cloud.call_off_maintenance()
    assert await told() is None


async def test_maintenance_may_leave_the_stream_open(cloud: MockCloud, client: Client) -> None:
    """Otherwise it is closed with 1013 (C-49)."""
    async with client.stream(0) as stream:
        await stream.frame()
        cloud.maintenance(push_survives=True)
        assert (await stream.events(1))[0]["kind"] == "account"
        cloud.end_maintenance()
        assert (await stream.events(1))[0]["kind"] == "account"
        cloud.maintenance()
        assert await stream.closed() == 1013


@pytest.mark.parametrize("body", [b"[]", b"nonsense", b'{"order": NaN}', b'{"a":1,"a":1}', b"\xff"])
async def test_a_body_is_a_json_object(client: Client, body: bytes) -> None:
    """RFC 8259: no NaN, no member twice."""
    answer = await client.request("POST", "/commands", data=body, headers={"Content-Type": "application/json"})
    assert await refused(answer) == (422, "invalid-request")


async def test_outside_the_api_no_bearer_is_needed_to_learn_that_nothing_is_there(stranger: Client) -> None:
    """C-22: nor that a method is not allowed."""
    assert await refused(await stranger.http.get(f"{stranger.cloud.url}/.well-known/other")) == (404, "not-found")
    answer = await stranger.http.post(f"{stranger.cloud.url}/v1/dealers")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")
