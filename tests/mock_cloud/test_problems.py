"""Refusals and their precedence, blocks and terms (contract, "Problems" and "Model")."""

import asyncio
import datetime as dt
from typing import Any

import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, Client, new_id, problem_of, refused

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


async def test_the_order_of_the_table_is_the_order_of_refusal(cloud: MockCloud, client: Client) -> None:
    """Each trouble that ends shows the next one, whatever else is wrong with the request."""
    cloud.change_terms("2027-01")
    cloud.suspend(MINH_ANH)
    cloud.rate_limit(10)
    cloud.maintenance()
    good = client.tokens["access_token"]
    client.tokens["access_token"] = "bad"

    async def ask(path: str = "/commands") -> tuple[int, str]:
        return await refused(await client.request("POST", path, data=b"not json"))

    assert await ask() == (503, "maintenance")
    cloud.end_maintenance()
    assert await ask() == (429, "rate-limited")
    assert await ask() == (401, "unauthorized")
    assert await ask("/nothing") == (401, "unauthorized")
    client.tokens["access_token"] = good
    assert await ask() == (403, "account-suspended")
    assert await ask("/nothing") == (403, "account-suspended")
    cloud.unblock(MINH_ANH)
    assert await ask() == (403, "terms-not-accepted")
    assert (await client.request("PUT", "/account/terms", json={"version": "2027-01"})).status == 204
    assert await ask("/nothing") == (404, "not-found")
    assert await ask() == (422, "invalid-request")


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_any_endpoint_may_be_in_maintenance_or_limit(
    cloud: MockCloud, client: Client, method: str, path: str
) -> None:
    """With a wait each, the handshake included."""
    cloud.maintenance(ends_at=dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC), retry_after=45)
    answer = await client.request(method, path)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "45")
    assert (await answer.json())["ends_at"] == "2026-11-20T06:00:00.000Z"
    cloud.end_maintenance()
    cloud.rate_limit(7)
    answer = await client.request(method, path)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")


async def test_discovery_and_tokens_may_be_refused_for_a_while_too(cloud: MockCloud, stranger: Client) -> None:
    """Problem details mean "keep your tokens"."""
    cloud.maintenance()
    assert await refused(await stranger.http.get(f"{cloud.url}/.well-known/wesmart")) == (503, "maintenance")
    assert await refused(await stranger.log_in()) == (503, "maintenance")
    cloud.end_maintenance()
    cloud.rate_limit(5, count=1, path="/oauth/token")
    assert (await stranger.http.get(f"{cloud.url}/.well-known/wesmart")).status == 200
    assert await refused(await stranger.log_in()) == (429, "rate-limited")
    assert (await stranger.log_in()).status == 200


async def test_a_refused_command_was_not_applied(cloud: MockCloud, client: Client) -> None:
    """The same id does its work afterwards."""
    command = {"id": new_id(), "device_id": "cong-tac-bep", "endpoint_id": "1", "set": {"on": True}}
    cloud.rate_limit(5)
    assert (await client.commands(command)).status == 429
    assert cloud.state("cong-tac-bep", "1") == {"on": False}
    assert (await (await client.commands(command)).json())["results"][0]["status"] == "applied"
    assert cloud.state("cong-tac-bep", "1") == {"on": True}


@pytest.mark.parametrize("kind", ["account-suspended", "account-terminated", "terms-not-accepted"])
async def test_a_blocked_user_can_read_accept_and_complain(cloud: MockCloud, client: Client, kind: str) -> None:
    """And still refresh; all else is 403."""
    if kind == "account-suspended":
        cloud.suspend(MINH_ANH, reason="Nghi ngờ lạm dụng", until=dt.datetime(2026, 12, 1, tzinfo=dt.UTC))
    elif kind == "account-terminated":
        cloud.terminate(MINH_ANH)
    else:
        cloud.change_terms("2027-01")
    for method, path in PATHS:
        answer = await client.request(method, path)
        assert (answer.status == 403) == (path not in OPEN_WHILE_BLOCKED), path
    answer = await client.request("GET", "/snapshot")
    document: dict[str, Any] = await answer.json()
    assert problem_of(document) == kind
    if kind == "account-suspended":
        assert (document["reason"], document["until"]) == ("Nghi ngờ lạm dụng", "2026-12-01T00:00:00.000Z")
    elif kind == "account-terminated":
        assert (document["reason"], document["until"]) == (None, None)
    else:
        url = f"{cloud.url}/terms"
        assert document["terms"] == {"accepted": "2026-03", "current": "2027-01", "url": url}
    assert (await client.refresh(client.tokens["refresh_token"])).status == 200


async def test_a_suspension_ends_when_it_says(cloud: MockCloud, client: Client) -> None:
    """Without anybody's doing."""
    cloud.suspend(MINH_ANH, until=cloud.now() + 600)
    assert (await client.request("GET", "/snapshot")).status == 403
    await asyncio.sleep(601)
    assert (await client.request("GET", "/snapshot")).status == 200


async def test_a_block_closes_the_stream_after_its_hint(cloud: MockCloud, client: Client) -> None:
    """4403 means: ask REST; the handshake is refused from then on."""
    async with client.stream(0) as stream:
        await stream.frame()
        cloud.terminate("tk-minh-anh")
        assert (await stream.events(1))[0]["change"] == "access"
        assert await stream.closed() == 4403
    assert await refused(await client.request("GET", "/events")) == (403, "account-terminated")


async def test_new_terms_that_nobody_enforces_are_no_block(cloud: MockCloud, client: Client) -> None:
    """`accepted` differs from `current`, and that is all."""
    async with client.stream(0) as stream:
        await stream.frame()
        cloud.change_terms("2027-01", required=False)
        assert (await stream.events(1))[0]["change"] == "terms"
        terms = (await client.get("/account"))["terms"]
        assert (terms["accepted"], terms["current"]) == ("2026-03", "2027-01")
        assert (await client.request("GET", "/snapshot")).status == 200


async def test_terms_are_accepted_once_and_again(cloud: MockCloud, client: Client) -> None:
    """A stale version is not."""
    cloud.change_terms("2027-01")
    answer = await client.request("PUT", "/account/terms", json={"version": "2026-03"})
    assert await refused(answer) == (422, "invalid-request")
    assert (await answer.json())["errors"][0]["pointer"] == "/version"
    for _ in range(2):
        answer = await client.request("PUT", "/account/terms", json={"version": "2027-01"})
        assert (answer.status, await answer.read()) == (204, b"")
    assert (await client.get("/account"))["terms"]["accepted"] == "2027-01"


async def test_a_body_has_limits(client: Client) -> None:
    """Size, type, and what JSON is."""
    headers = {"Content-Type": "application/json"}
    for body in (b"x" * (1024 * 1024 + 1), b"[]", b"nonsense", b'{"order": NaN, "commands": []}', b'{"a":1,"a":1}'):
        answer = await client.request("POST", "/commands", data=body, headers=headers)
        assert await refused(answer) == (422, "invalid-request")
    answer = await client.request("POST", "/commands", data=b"{}", headers={"Content-Type": "text/plain"})
    assert await refused(answer) == (422, "invalid-request")


async def test_what_is_nowhere_is_not_found(stranger: Client) -> None:
    """Outside the API nobody asks for a bearer."""
    assert await refused(await stranger.http.get(f"{stranger.cloud.url}/.well-known/other")) == (404, "not-found")
