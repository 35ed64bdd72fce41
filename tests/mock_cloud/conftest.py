"""A running mock cloud, and a minimal client of it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
import uuid

from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse, ClientWSTimeout
import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.wire import Document
from tests.specification import SpecificationChecker
from tests.virtual_time import EPOCH

MINH_ANH = "minhanh@example.com"
PASSWORD = "hoa-sua-2026"
QUOC_BAO = "quocbao@example.com"


def wall_time() -> float:
    """Return the Unix time of the virtual loop."""
    return EPOCH.timestamp() + asyncio.get_running_loop().time()


def new_id() -> str:
    """Return a new UUID."""
    return str(uuid.uuid4())


@dataclass
class Client:
    """A minimal client."""

    cloud: MockCloud
    http: ClientSession
    tokens: Document = field(default_factory=dict)
    session_id: str = field(default_factory=new_id)
    run: str = field(default_factory=new_id)
    order: int = 0

    async def token(self, **form: str) -> ClientResponse:
        """Send a form to the token endpoint."""
        return await self.http.post(f"{self.cloud.url}/oauth/token", data={"client_id": "home-assistant", **form})

    async def log_in(self, username: str = MINH_ANH, password: str = PASSWORD) -> ClientResponse:
        """Log in and keep the tokens."""
        answer = await self.token(
            grant_type="password", username=username, password=password, session_id=self.session_id
        )
        if answer.status == 200:
            self.tokens = await answer.json()
        return answer

    async def log_in_again(self) -> None:
        """Log in with a new session."""
        self.session_id = new_id()
        assert (await self.log_in()).status == 200

    async def refresh(self, refresh_token: str) -> ClientResponse:
        """Refresh with a token."""
        return await self.token(grant_type="refresh_token", refresh_token=refresh_token, session_id=self.session_id)

    async def request(self, method: str, path: str, *, bearer: bool = True, **options: Any) -> ClientResponse:
        """Send a request to the API."""
        headers = {**({"Authorization": f"Bearer {self.tokens['access_token']}"} if bearer else {})}
        headers.update(options.pop("headers", {}))
        return await self.http.request(method, f"{self.cloud.url}/v1{path}", headers=headers, **options)

    async def get(self, path: str) -> Document:
        """Return the document at a path."""
        answer = await self.request("GET", path)
        assert answer.status == 200, await answer.text()
        document: Document = await answer.json()
        return document

    async def commands(self, *commands: Document, order: int | None = None, run: str | None = None) -> ClientResponse:
        """Send commands, by default as the next request of this run."""
        self.order = self.order + 1 if order is None else order
        body = {"run": run or self.run, "order": self.order, "commands": commands}
        return await self.request("POST", "/commands", json=body)

    async def results(self, *commands: Document, order: int | None = None, run: str | None = None) -> list[Document]:
        """Send commands and return their results."""
        answer = await self.commands(*commands, order=order, run=run)
        assert answer.status == 200, await answer.text()
        response: Document = await answer.json()
        results: list[Document] = response["results"]
        return results

    async def result(self, **command: Any) -> Document:
        """Send one command and return its result."""
        (result,) = await self.results(command)
        return result

    async def set(self, device_id: str, endpoint_id: str = "1", **fields: Any) -> Document:
        """Set fields of one endpoint and return the result."""
        return await self.result(device_id=device_id, endpoint_id=endpoint_id, set=fields)

    async def post_control(self, name: str, body: object) -> ClientResponse:
        """Call a control over HTTP."""
        return await self.http.post(f"{self.cloud.url}/control/{name}", json=body)

    async def control(self, _name: str, **arguments: object) -> Any:
        """Call a control over HTTP and return its result."""
        answer = await self.post_control(_name, arguments)
        assert answer.status == 200, await answer.text()
        return (await answer.json())["result"]

    async def read_control(self, path: str) -> Document:
        """Return what can be read at a path under /control."""
        answer = await self.http.get(f"{self.cloud.url}/control{path}")
        assert answer.status == 200, await answer.text()
        document: Document = await answer.json()
        return document

    @asynccontextmanager
    async def stream(self, since: object = None, epoch: str | None = None) -> AsyncIterator[Stream]:
        """Open the event stream."""
        position = {"since": str(since), "epoch": epoch or self.cloud.epoch} if since is not None else {}
        async with self.http.ws_connect(
            f"{self.cloud.url}/v1/events",
            params=position,
            headers={"Authorization": f"Bearer {self.tokens['access_token']}"},
            timeout=ClientWSTimeout(ws_close=2),
        ) as socket:
            yield Stream(socket)


@dataclass
class Stream:
    """An open event stream."""

    socket: ClientWebSocketResponse

    async def frame(self) -> Document:
        """Return the next frame."""
        async with asyncio.timeout(400):
            frame: Document = await self.socket.receive_json()
        return frame

    async def events(self, count: int) -> list[Document]:
        """Return the next events, in any number of frames."""
        found: list[Document] = []
        while len(found) < count:
            frame = await self.frame()
            assert frame["type"] == "events", frame
            found += frame["events"]
        assert len(found) == count, found
        return found

    async def closed(self) -> int | None:
        """Read to the end and return the close code."""
        async with asyncio.timeout(400):
            async for _message in self.socket:
                pass
        return self.socket.close_code


def problem_of(document: Mapping[str, Any]) -> str:
    """Return the name of a problem's type."""
    return str(document["type"]).removeprefix("urn:wesmart:problem:")


async def refused(answer: ClientResponse) -> tuple[int, str]:
    """Return status and problem of a response."""
    assert answer.content_type == "application/problem+json", await answer.text()
    return answer.status, problem_of(await answer.json())


@pytest.fixture
def observer() -> SpecificationChecker:
    """Check everything that the cloud sends against the specification, without room for growth."""
    return SpecificationChecker(closed=True)


@pytest.fixture
async def cloud(observer: SpecificationChecker) -> AsyncIterator[MockCloud]:
    """Run a cloud without freedoms, on virtual time."""
    async with MockCloud(clock=wall_time, observer=observer) as running:
        yield running
    observer.verify()


@pytest.fixture
async def stranger(cloud: MockCloud) -> AsyncIterator[Client]:
    """Return a client that has not logged in."""
    async with ClientSession() as http:
        yield Client(cloud, http)


@pytest.fixture
async def client(stranger: Client) -> Client:
    """Return a client with Minh Anh logged in."""
    assert (await stranger.log_in()).status == 200
    return stranger


@pytest.fixture(autouse=True)
def custom_integrations() -> None:
    """Override the fixture that starts Home Assistant."""
