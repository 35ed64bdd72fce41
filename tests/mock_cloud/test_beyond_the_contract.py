"""What the contract leaves to a server, or a test over the wire cannot provoke. The rest is in tests/conformance."""

import asyncio

import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, Client, new_id, refused
from tests.mock_cloud.wire import Document

PANEL = "cong-tac-phong-khach"
JSON = "application/json"
COMMAND: Document = {"device_id": PANEL, "endpoint_id": "1", "set": {"on": False}}


@pytest.mark.parametrize(
    "username", [MINH_ANH, " MinhAnh@Example.com ", "0912 345 678", "+84912345678", "84 912.345.678", "0084912345678"]
)
async def test_a_user_logs_in_as_people_write_it(stranger: Client, username: str) -> None:
    """The server normalizes email and phone."""
    assert (await stranger.log_in(username)).status == 200
    assert (await stranger.get("/account"))["id"] == "tk-minh-anh"


async def test_the_terms_can_be_read(stranger: Client) -> None:
    """On a page that names their version."""
    document = await (await stranger.http.get(f"{stranger.cloud.url}/.well-known/wesmart")).json()
    assert "version 2026-03" in await (await stranger.http.get(document["terms_url"])).text()


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"run": "first"}, "/run"), ({"order": 0}, "/order"), ({"commands": [COMMAND, 5]}, "/commands/1")],
)
async def test_a_refusal_points_at_the_fault(client: Client, changes: Document, pointer: str) -> None:
    """For the developers of a client."""
    body = {"run": new_id(), "order": 1, "commands": [COMMAND], **changes}
    answer = await client.request("POST", "/commands", json=body)
    assert (await answer.json())["errors"][0]["pointer"] == pointer


async def test_a_member_that_comes_twice_is_refused(client: Client) -> None:
    """RFC 8259 lets each server choose which one counts."""
    answer = await client.request(
        "PUT", "/account/terms", data=b'{"version":"2026-03","version":"2026-03"}', headers={"Content-Type": JSON}
    )
    assert await refused(answer) == (422, "invalid-request")


async def test_outside_the_api_no_bearer_is_needed_to_learn_that_nothing_is_there(stranger: Client) -> None:
    """C-22: nor that a method is not allowed."""
    assert await refused(await stranger.http.get(f"{stranger.cloud.url}/.well-known/other")) == (404, "not-found")
    answer = await stranger.http.post(f"{stranger.cloud.url}/v1/dealers")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


async def test_the_stream_wants_a_websocket_handshake(client: Client) -> None:
    """A plain request is none."""
    assert await refused(await client.request("GET", "/events")) == (422, "invalid-request")


async def test_history_is_kept_no_longer_than_it_must(cloud: MockCloud, client: Client) -> None:
    """C-45: an event beyond both the last thousand and the last hour is forgotten."""
    flip(cloud, 1500)
    await asyncio.sleep(3000)
    client.tokens = await (await client.refresh(client.tokens["refresh_token"])).json()
    await asyncio.sleep(601)
    flip(cloud)
    head = cloud.seq(MINH_ANH)
    for since, resumed in ((head - 1000, True), (head - 1001, False)):
        async with client.stream(since) as stream:
            assert (await stream.frame())["resumed"] is resumed


@pytest.mark.slow
async def test_a_frame_has_at_most_a_mebibyte(cloud: MockCloud, client: Client) -> None:
    """C-7: the observer checks the size of each."""
    for number in range(1500):
        cloud.update_device(PANEL, name=f"Công tắc {number} {'ế' * 300}")
    async with client.stream(0) as stream:
        await stream.frame()
        first = await stream.frame()
        assert len(first["events"]) < 1500
        await stream.events(1500 - len(first["events"]))


@pytest.mark.parametrize(
    ("changes", "pointer"), [({"category": "advertising"}, "/category"), ({"device_id": "den-da-nang"}, "/device_id")]
)
async def test_feedback_is_of_a_known_category_and_about_a_device_of_the_account(
    cloud: MockCloud, client: Client, changes: Document, pointer: str
) -> None:
    """Otherwise nobody could work on it."""
    body = {"category": "after_sales", "message": "Rèm phòng khách kêu to.", **changes}
    answer = await client.request("POST", "/feedback", json=body, headers={"Idempotency-Key": "1"})
    assert await refused(answer) == (422, "invalid-request")
    assert (await answer.json())["errors"][0]["pointer"] == pointer
    assert cloud.tickets(MINH_ANH) == []


def flip(cloud: MockCloud, times: int = 1) -> None:
    """Make so many changes."""
    for _ in range(times):
        cloud.touch(PANEL, "1", on=not cloud.state(PANEL, "1")["on"])
