"""A minimal client of the contract: sessions and requests, each checked against docs/openapi.yaml."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import datetime as dt
from email.utils import parsedate_to_datetime
import json
from urllib.parse import urlencode
import uuid

from aiohttp import ClientResponse, ClientSession, ClientWSTimeout
from yarl import URL

from tests.conformance.growth import without_growth
from tests.conformance.stream import MAX_FRAME, Stream
from tests.conformance.target import Document, Json, Login, Target
from tests.specification import FORM, SpecificationChecker

CLIENT_ID = "home-assistant"
CONTENT_TYPE = "Content-Type"
JSON = "application/json"
PROBLEM = "urn:wesmart:problem:"
# Before an access token ends, for its way to the server.
EXPIRY_MARGIN_S = 60
# How often to repeat a request that the server limits.
REPEATS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response."""

    status: int
    headers: Mapping[str, str]
    # Not shown by pytest: it may hold tokens.
    body: bytes = field(repr=False)
    content_type: str

    @property
    def document(self) -> Document:
        """The body, which must be a JSON object, without what this version of the contract does not name."""
        document: Document = without_growth(json.loads(self.body))
        assert isinstance(document, dict), f"{self} is no JSON object"
        return document

    @property
    def problem(self) -> str:
        """The name of the problem, or the error of RFC 6749."""
        document = self.document
        return str(document["error"] if "error" in document else document.get("type")).removeprefix(PROBLEM)

    def __str__(self) -> str:
        """Return the status and the beginning of the body; no header, no request."""
        return f"{self.status} {self.content_type} {self.body[:200]!r}"


def new_id() -> str:
    """Return a new UUID."""
    return str(uuid.uuid4())


class Server:
    """The endpoints of a server, as its discovery document names them."""

    def __init__(self, target: Target, http: ClientSession, checker: SpecificationChecker) -> None:
        """Create the client of a server; `discover` comes before everything else."""
        self.target = target
        self.http = http
        self.checker = checker
        self.discovery: Document = {}

    async def discover(self) -> Answer:
        """Read the discovery document."""
        answer = await self.request("GET", f"{self.target.url}/.well-known/wesmart")
        if answer.status == 200:
            self.discovery = answer.document
        return answer

    def api(self, path: str) -> str:
        """Return the URL of a path of the API."""
        return str(self.discovery["api_url"]).removesuffix("/") + path

    async def request(
        self,
        method: str,
        url: str,
        *,
        token: str | None = None,
        body: Json | bytes = None,
        headers: Mapping[str, str] | None = None,
        checked: bool = True,
        patient: bool = True,
    ) -> Answer:
        """Send a request; `checked` says that it is one of the contract, `patient` to wait when the server is busy.

        A body that is not bytes is sent as JSON.
        """
        sent: dict[str, str] = {} if body is None else {CONTENT_TYPE: JSON}
        sent |= {"Authorization": f"Bearer {token}"} if token is not None else {}
        sent |= headers or {}
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        for _ in range(REPEATS):
            async with self.http.request(
                method, URL(url), headers=sent, data=data or None, allow_redirects=False
            ) as response:
                answer = await _answer(response)
            if checked:
                self.checker.answered(method, URL(url).path, sent, data, answer.status, answer.headers, answer.body)
            if not patient or answer.status not in {429, 503} or "Retry-After" not in answer.headers:
                break
            await self.target.wait(retry_after(answer) + 0.1)
        return answer

    async def form(
        self, member: str, fields: Mapping[str, str], *, checked: bool = True, patient: bool = True
    ) -> Answer:
        """Send a form to an endpoint by its member of the discovery document."""
        body = urlencode({"client_id": CLIENT_ID, **fields}).encode()
        return await self.request(
            "POST",
            str(self.discovery[member]),
            body=body,
            headers={CONTENT_TYPE: FORM},
            checked=checked,
            patient=patient,
        )

    async def now(self) -> float:
        """Return the server's Unix time."""
        answer = await self.request("GET", f"{self.target.url}/.well-known/wesmart")
        return parsedate_to_datetime(answer.headers["Date"]).timestamp()


async def _answer(response: ClientResponse) -> Answer:
    return Answer(
        status=response.status,
        headers=response.headers,
        body=await response.read(),
        content_type=response.content_type if CONTENT_TYPE in response.headers else "",
    )


def retry_after(answer: Answer) -> float:
    """Return the seconds of a `Retry-After`, which is a number or a date."""
    value = answer.headers["Retry-After"]
    if value.isdecimal():
        return int(value)
    sent = parsedate_to_datetime(answer.headers["Date"]) if "Date" in answer.headers else dt.datetime.now(dt.UTC)
    return max(0.0, (parsedate_to_datetime(value) - sent).total_seconds())


class Session:
    """A session of an account; `run` and `order` count its command requests."""

    def __init__(self, server: Server, login: Login, session_id: str | None = None) -> None:
        """Create a session; `log_in` opens it."""
        self.server = server
        self.id = session_id or new_id()
        self.run = new_id()
        self.order = 0
        self.access_token = ""
        self.refresh_token = ""
        self._login = login
        self._good_until = 0.0

    async def log_in(self) -> Answer:
        """Log in, and keep the tokens."""
        login = {"username": self._login.username, "password": self._login.password}
        return await self._grant({"grant_type": "password", "session_id": self.id, **login})

    async def refresh(self, refresh_token: str | None = None, *, kept: bool = True) -> Answer:
        """Refresh, by default with the newest token; `kept` says to use the tokens that come."""
        token = refresh_token or self.refresh_token
        return await self._grant(
            {"grant_type": "refresh_token", "session_id": self.id, "refresh_token": token}, kept=kept
        )

    async def exchange(self, fields: Mapping[str, str]) -> Answer:
        """Exchange a code of the login page, and keep the tokens."""
        return await self._grant({"grant_type": "authorization_code", "session_id": self.id, **fields})

    async def revoke(self, token: str | None = None) -> Answer:
        """Revoke a token, by default the newest refresh token."""
        return await self.server.form("revocation_endpoint", {"token": token or self.refresh_token})

    async def _grant(self, fields: Mapping[str, str], *, kept: bool = True) -> Answer:
        answer = await self.server.form("token_endpoint", fields)
        if answer.status == 200 and kept:
            tokens = answer.document
            self.access_token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]
            self._good_until = asyncio.get_running_loop().time() + tokens["expires_in"] - EXPIRY_MARGIN_S
        return answer

    async def works(self, access_token: str | None = None) -> bool:
        """Return whether an access token is good."""
        token = access_token or self.access_token
        answer = await self.server.request("GET", self.server.api("/account"), token=token)
        assert answer.status in {200, 401}, answer
        return answer.status == 200

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Json | bytes = None,
        headers: Mapping[str, str] | None = None,
        checked: bool = True,
        patient: bool = True,
    ) -> Answer:
        """Send a request to the API, with a fresh access token."""
        if asyncio.get_running_loop().time() >= self._good_until:
            assert (await self.refresh()).status == 200
        return await self.server.request(
            method,
            self.server.api(path),
            token=self.access_token,
            body=body,
            headers=headers,
            checked=checked,
            patient=patient,
        )

    async def get(self, path: str) -> Document:
        """Return the document at a path."""
        answer = await self.request("GET", path)
        assert answer.status == 200, answer
        return answer.document

    async def send(
        self,
        *commands: Json,
        order: float | None = None,
        run: str | None = None,
        checked: bool = True,
        patient: bool = True,
    ) -> Answer:
        """Send commands, by default as the next request of this run."""
        if order is None:
            self.order += 1
        body: Json = {"run": run or self.run, "order": self.order if order is None else order, "commands": commands}
        return await self.request("POST", "/commands", body=body, checked=checked, patient=patient)

    async def results(self, *commands: Json, order: float | None = None, run: str | None = None) -> list[Document]:
        """Send commands, and return their results."""
        answer = await self.send(*commands, order=order, run=run)
        assert answer.status == 200, answer
        results: list[Document] = answer.document["results"]
        return results

    async def result(self, command: Json) -> Document:
        """Send a command, and return its result."""
        (result,) = await self.results(command)
        return result

    async def applied(self, command: Json) -> Document:
        """Send a command, and return its result, which must be applied."""
        result = await self.result(command)
        assert result["status"] == "applied", f"{command} is answered {result}"
        return result

    @asynccontextmanager
    async def stream(self, since: object = None, epoch: object = None) -> AsyncIterator[Stream]:
        """Open the event stream, at a position if one is given."""
        if asyncio.get_running_loop().time() >= self._good_until:
            assert (await self.refresh()).status == 200
        position = {"since": since, "epoch": epoch}
        query = {name: str(value) for name, value in position.items() if value is not None}
        async with self.server.http.ws_connect(
            URL(self.server.discovery["events_url"]).with_query(query),
            headers={"Authorization": f"Bearer {self.access_token}"},
            max_msg_size=MAX_FRAME + 1,
            timeout=ClientWSTimeout(ws_close=2),
        ) as socket:
            yield Stream(socket, self.server.checker)


def problem_of(result: Mapping[str, Json]) -> str:
    """Return the name of the problem of a rejected command."""
    assert result["status"] == "rejected", result
    problem = result["problem"]
    assert isinstance(problem, dict)
    return str(problem["type"]).removeprefix(PROBLEM)
