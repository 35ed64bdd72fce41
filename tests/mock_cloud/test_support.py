"""Feedback and dealers (contract, "Support")."""

import asyncio
from typing import Any

from aiohttp import ClientResponse
import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, QUOC_BAO, Client, refused
from tests.mock_cloud.wire import Document


async def send(client: Client, key: str = "khoa-1", **changes: Any) -> ClientResponse:
    """Send good feedback with some members changed."""
    body = {"category": "after_sales", "message": "Rèm phòng khách kêu to.", **changes}
    return await client.request("POST", "/feedback", json=body, headers={"Idempotency-Key": key} if key else {})


async def test_feedback_becomes_a_ticket_and_an_event(cloud: MockCloud, client: Client) -> None:
    """Its rating and diagnostics are kept, and not returned."""
    async with client.stream(0) as stream:
        await stream.frame()
        answer = await send(
            client, subject="Rèm kêu", rating=4, device_id="rem-phong-khach", diagnostics={"events": [1, 2]}
        )
        ticket: Document = await answer.json()
        assert answer.status == 201
        assert (await stream.events(1))[0]["ticket"] == ticket
    identifier = ticket.pop("id")
    assert ticket.pop("created_at").startswith("2026-11-20T05:00:0")
    expected = {"category": "after_sales", "subject": "Rèm kêu", "message": "Rèm phòng khách kêu to.", "status": "open"}
    assert ticket == expected
    (kept,) = cloud.tickets(MINH_ANH)
    assert (kept.id, kept.sent["rating"], kept.sent["diagnostics"]) == (identifier, 4, {"events": [1, 2]})


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"category": "advertising"}, "/category"),
        ({"message": " \n"}, "/message"),
        ({"message": "x" * 4001}, "/message"),
        ({"subject": "x" * 201}, "/subject"),
        ({"rating": 6}, "/rating"),
        ({"rating": 4.5}, "/rating"),
        ({"device_id": "cong-tac-da-nang"}, "/device_id"),
        ({"diagnostics": [1]}, "/diagnostics"),
        ({"diagnostics": {"log": "ế" * 22_000}}, "/diagnostics"),
        ({"key": ""}, ""),
    ],
)
async def test_feedback_has_limits(cloud: MockCloud, client: Client, changes: Document, pointer: str) -> None:
    """C-60: the response says which one."""
    answer = await send(client, **changes)
    assert await refused(answer) == (422, "invalid-request")
    assert (await answer.json())["errors"][0]["pointer"] == pointer
    assert cloud.tickets(MINH_ANH) == []


async def test_feedback_may_be_as_long_as_its_limits(client: Client) -> None:
    """C-60: characters count, except in diagnostics, where bytes do."""
    answer = await send(client, message="ế" * 4000, subject="ế" * 200, diagnostics="x" * (64 * 1024 - 2))
    assert answer.status == 201


async def test_an_idempotency_key_is_good_for_a_day(cloud: MockCloud, client: Client) -> None:
    """C-60: each account has its own keys."""
    first = await (await send(client)).json()
    assert await (await send(client)).json() == first
    assert await refused(await send(client, message="Khác")) == (422, "invalid-request")
    other = Client(cloud, client.http)
    await other.log_in(QUOC_BAO, "song-han-2026")
    assert (await (await send(other)).json())["id"] != first["id"]
    await asyncio.sleep(24 * 3600)
    await client.log_in_again()
    assert (await (await send(client)).json())["id"] != first["id"]


async def test_tickets_are_listed_newest_first_with_their_replies(cloud: MockCloud, client: Client) -> None:
    """Only one's own."""
    first = (await (await send(client, "a")).json())["id"]
    second = (await (await send(client, "b", message="Ứng dụng chậm")).json())["id"]
    cloud.answer_ticket(first, "Kỹ thuật viên sẽ đến sáng mai.")
    cloud.close_ticket(second)
    newest, answered = (await client.get("/feedback"))["tickets"]
    assert (newest["id"], newest["status"], answered["id"]) == (second, "closed", first)
    assert (answered["status"], answered["reply"]) == ("answered", "Kỹ thuật viên sẽ đến sáng mai.")
    assert answered["replied_at"] >= answered["created_at"]
    assert cloud.tickets(QUOC_BAO) == []


@pytest.mark.parametrize(
    ("province", "found"),
    [
        ("ha noi", "Hà Nội"),
        ("HN", "Hà Nội"),
        ("Thành phố Hà Nội", "Hà Nội"),
        ("ĐỒNG NAI", "Đồng Nai"),
        ("tinh dong nai", "Đồng Nai"),
        ("Hòa Bình", "Hoà Bình"),
        ("TP.HCM", "TP. Hồ Chí Minh"),
        ("Hồ Chí Minh", "TP. Hồ Chí Minh"),
        ("Sài Gòn", "TP. Hồ Chí Minh"),
        ("Atlantis", None),
    ],
)
async def test_dealers_are_found_by_province(stranger: Client, province: str, found: str | None) -> None:
    """C-61: as people write it, and without a bearer."""
    answer = await stranger.request("GET", "/dealers", bearer=False, params={"province": province})
    assert {dealer["province"] for dealer in (await answer.json())["dealers"]} == ({found} if found else set())


async def test_all_dealers_are_those_of_the_public_list(stranger: Client) -> None:
    """Some have no name there."""
    dealers = (await (await stranger.request("GET", "/dealers", bearer=False)).json())["dealers"]
    assert (len(dealers), sum(dealer["name"] is None for dealer in dealers)) == (12, 4)
