"""Feedback and dealers (contract, "Support")."""

import asyncio
from typing import Any

from aiohttp import ClientResponse
import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, QUOC_BAO, Client, refused
from tests.mock_cloud.support import plain
from tests.mock_cloud.wire import Document


async def send(client: Client, key: str = "khoa-1", **changes: Any) -> ClientResponse:
    """Send good feedback with some members changed."""
    body = {"category": "after_sales", "message": "Rèm phòng khách kêu to.", **changes}
    return await client.request("POST", "/feedback", json=body, headers={"Idempotency-Key": key})


async def test_feedback_becomes_a_ticket_and_an_event(cloud: MockCloud, client: Client) -> None:
    """What was sent along is kept, and not told back."""
    async with client.stream(0) as stream:
        await stream.frame()
        answer = await send(
            client, subject="Rèm kêu", rating=4, device_id="rem-phong-khach", diagnostics={"events": [1, 2]}
        )
        assert answer.status == 201
        ticket: Document = await answer.json()
        assert (await stream.events(1))[0]["ticket"] == ticket
    identifier, created_at = ticket.pop("id"), ticket.pop("created_at")
    assert created_at.startswith("2026-11-20T05:00:0")
    expected = {"category": "after_sales", "subject": "Rèm kêu", "message": "Rèm phòng khách kêu to.", "status": "open"}
    assert ticket == expected
    (kept,) = cloud.tickets(MINH_ANH)
    assert (kept.id, kept.sent["rating"], kept.sent["diagnostics"]) == (identifier, 4, {"events": [1, 2]})


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"category": "advertising"}, "/category"),
        ({"category": None}, "/category"),
        ({"message": ""}, "/message"),
        ({"message": "x" * 4001}, "/message"),
        ({"subject": "x" * 201}, "/subject"),
        ({"rating": 0}, "/rating"),
        ({"rating": 6}, "/rating"),
        ({"rating": 4.5}, "/rating"),
        ({"device_id": "cong-tac-da-nang"}, "/device_id"),
        ({"diagnostics": [1]}, "/diagnostics"),
        ({"diagnostics": {"log": "ế" * 22_000}}, "/diagnostics"),
    ],
)
async def test_feedback_has_limits(cloud: MockCloud, client: Client, changes: Document, pointer: str) -> None:
    """The answer says which one."""
    answer = await send(client, **changes)
    assert await refused(answer) == (422, "invalid-request")
    assert (await answer.json())["errors"][0]["pointer"] == pointer
    assert cloud.tickets(MINH_ANH) == []


async def test_feedback_may_be_as_long_as_its_limits(client: Client) -> None:
    """Characters count, not bytes; diagnostics are bytes."""
    answer = await send(client, message="ế" * 4000, subject="ế" * 200, diagnostics="x" * (64 * 1024 - 2))
    assert answer.status == 201


async def test_an_idempotency_key_is_good_for_a_day(cloud: MockCloud, client: Client) -> None:
    """The same body gets the same ticket, another body is refused, another account has its own keys."""
    first = await (await send(client)).json()
    assert await (await send(client)).json() == first
    assert await refused(await send(client, message="Khác")) == (422, "invalid-request")
    answer = await client.request("POST", "/feedback", json={"category": "security", "message": "Lạ"})
    assert await refused(answer) == (422, "invalid-request")
    other = Client(cloud, client.http)
    await other.log_in(QUOC_BAO, "song-han-2026")
    assert (await (await send(other)).json())["id"] != first["id"]
    await asyncio.sleep(24 * 3600)
    await client.log_in_again()
    assert (await (await send(client)).json())["id"] != first["id"]


async def test_tickets_are_listed_newest_first_with_their_answers(cloud: MockCloud, client: Client) -> None:
    """Only one's own."""
    first = (await (await send(client, "a")).json())["id"]
    second = (await (await send(client, "b", message="Ứng dụng chậm")).json())["id"]
    assert [ticket["id"] for ticket in (await client.get("/feedback"))["tickets"]] == [second, first]
    cloud.answer_ticket(first, "Kỹ thuật viên sẽ đến sáng mai.")
    answered = (await client.get("/feedback"))["tickets"][1]
    assert (answered["status"], answered["reply"]) == ("answered", "Kỹ thuật viên sẽ đến sáng mai.")
    assert answered["replied_at"] >= answered["created_at"]
    assert cloud.tickets(QUOC_BAO) == []


@pytest.mark.parametrize(
    ("province", "count"),
    [("Hà Nội", 3), ("ha noi", 3), ("ĐỒNG NAI", 1), ("dong nai", 1), ("Hoà Bình", 1), ("Hòa Bình", 1), ("Atlantis", 0)],
)
async def test_dealers_are_found_by_province(stranger: Client, province: str, count: int) -> None:
    """Whatever its accents and case, and without a bearer."""
    answer = await stranger.request("GET", "/dealers", bearer=False, params={"province": province})
    dealers = (await answer.json())["dealers"]
    assert len(dealers) == count
    assert {plain(dealer["province"]) for dealer in dealers} <= {plain(province)}


async def test_all_dealers_are_those_of_the_public_list(stranger: Client) -> None:
    """Some have no name there."""
    dealers = (await (await stranger.request("GET", "/dealers", bearer=False)).json())["dealers"]
    assert len(dealers) == 12
    assert sum(dealer["name"] is None for dealer in dealers) == 4
    assert {dealer["phone"] for dealer in dealers} == {"0816 333 868"}
