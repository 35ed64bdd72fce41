"""What the page of the virtual home reads."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json

from aiohttp import ClientResponse

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, Client
from tests.mock_cloud.wire import Document

PANEL = "cong-tac-phong-khach"


@asynccontextmanager
async def relayed(client: Client, account: str = "tk-minh-anh") -> AsyncIterator[Relayed]:
    """Open the stream of the page."""
    async with client.http.get(f"{client.cloud.url}/control/stream", params={"account": account}) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        yield Relayed(answer)


class Relayed:
    """The stream of the page, read as a browser does."""

    def __init__(self, answer: ClientResponse) -> None:
        self._answer = answer

    async def next(self, wanted: str) -> Document:
        """Return the next message of a kind."""
        kind = ""
        async with asyncio.timeout(60):
            while line := (await self._answer.content.readline()).decode():
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ").strip()
                elif line.startswith("data: ") and kind == wanted:
                    document: Document = json.loads(line.removeprefix("data: "))
                    return document
        raise EOFError

    async def end(self) -> None:
        """Read to the end."""
        async with asyncio.timeout(60):
            await self._answer.content.read()


async def test_nothing_of_it_is_part_of_the_contract(cloud: MockCloud, client: Client) -> None:
    """Neither counted nor checked; the fixture's checker would not know such paths."""
    requests = len(cloud.requests)
    for path in ("/", "/page/page.js", "/control", "/control/nothing", "/control/snapshot"):
        await client.http.get(cloud.url + path)
    await client.post_control("nothing", {})
    await client.control("heal")
    async with relayed(client) as page:
        await page.next("frame")
        assert cloud.streams == 0
    assert len(cloud.requests) == requests


async def test_the_relay_sends_the_frames_of_the_contract(cloud: MockCloud, client: Client) -> None:
    """The same events as the stream; faults do not touch them."""
    async with relayed(client) as page, client.stream() as stream:
        hello, own_hello = await page.next("frame"), await stream.frame()
        assert {**hello, "at": None} == {**own_hello, "at": None}
        cloud.touch(PANEL, "3", on=True)
        assert await page.next("frame") == await stream.frame()
        cloud.latency = 60
        cloud.mute(True)
        cloud.drop_next(5)
        cloud.maintenance()
        cloud.touch(PANEL, "3", on=False)
        (event,) = (await page.next("frame"))["events"]
        assert (event["seq"], event["state"]) == (2, {"on": False})
        assert (await client.read_control("/snapshot"))["seq"] == 2
        cloud.heal()


async def test_the_relay_follows_one_account(cloud: MockCloud, client: Client) -> None:
    """By default the first one."""
    async with relayed(client, "tk-quoc-bao") as page:
        await page.next("frame")
        cloud.touch(PANEL, "3", on=True)
        cloud.touch("den-da-nang", "1", on=True)
        (event,) = (await page.next("frame"))["events"]
        assert event["device_id"] == "den-da-nang"
    homes = (await client.read_control("/snapshot?account=tk-quoc-bao"))["homes"]
    assert [home["id"] for home in homes] == ["nha-da-nang"]


async def test_the_relay_tells_requests_without_their_secrets(cloud: MockCloud, client: Client) -> None:
    """Commands are shown; bearers and passwords are not."""
    async with relayed(client) as page:
        await page.next("frame")
        await client.log_in_again()
        login = await page.next("request")
        assert login == {"at": login["at"], "method": "POST", "path": "/oauth/token", "status": 200}
        await client.set(PANEL, on=False)
        command = {"device_id": PANEL, "endpoint_id": "1", "set": {"on": False}}
        assert (await page.next("request"))["commands"] == [command]
    listed = await client.read_control("/requests")
    assert [request["path"] for request in listed["requests"]] == ["/oauth/token", "/oauth/token", "/v1/commands"]


async def test_the_relay_tells_what_is_broken(cloud: MockCloud, client: Client) -> None:
    """By whatever it was broken."""
    async with relayed(client) as page:
        assert (await page.next("status"))["latency"] == 0
        cloud.latency = 3
        assert (await page.next("status"))["latency"] == 3
        cloud.suspend(MINH_ANH, "Unpaid", 1_800_000_000)
        block = (await page.next("status"))["accounts"][0]["block"]
        assert block == {"kind": "suspended", "reason": "Unpaid", "until": 1_800_000_000}
        body = {"category": "application", "message": "The curtain is slow."}
        headers = {"Idempotency-Key": "1"}
        assert (await client.request("POST", "/feedback", json=body, headers=headers)).status == 201
        (ticket,) = (await page.next("status"))["tickets"]
        await client.control("answer_ticket", ticket_id=ticket["id"], reply="Oil it.")
        (ticket,) = (await page.next("status"))["tickets"]
        assert (ticket["status"], ticket["reply"]) == ("answered", "Oil it.")


async def test_cutting_connections_spares_the_page(cloud: MockCloud, client: Client) -> None:
    """A script gets the result of its call; clients of the contract lose their connections."""
    async with relayed(client) as page, client.stream() as stream:
        await page.next("frame")
        await stream.frame()
        await client.control("cut")
        assert await stream.closed() == 1006
        cloud.touch(PANEL, "3", on=True)
        assert (await page.next("frame"))["events"]


async def test_the_relay_ends_with_the_epoch_and_the_cloud(cloud: MockCloud, client: Client) -> None:
    """A page connects again and gets hello."""
    async with relayed(client) as page:
        await page.next("frame")
        cloud.new_epoch()
        await page.end()
    async with relayed(client) as page:
        assert (await page.next("frame"))["epoch"] == cloud.epoch
        await cloud.stop()
        await page.end()


async def test_a_page_that_is_closed_is_forgotten(cloud: MockCloud, client: Client) -> None:
    """Nothing is kept for it."""
    async with relayed(client) as page:
        await page.next("frame")
        assert (len(cloud._watchers), len(cloud._server.watchers)) == (1, 1)
    await asyncio.sleep(3)
    assert (len(cloud._watchers), len(cloud._server.watchers)) == (0, 0)
