"""The HTTP server: routes, and the order in which a request is refused (C-22)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
import datetime as dt
from email.utils import format_datetime
import html

from aiohttp import web

from tests.mock_cloud.access import Access, Caller
from tests.mock_cloud.commands import Commands
from tests.mock_cloud.core import Core
from tests.mock_cloud.faults import Faults
from tests.mock_cloud.login_page import LoginPage
from tests.mock_cloud.observer import Observer, Request
from tests.mock_cloud.problems import OAuthError, ProblemError, invalid
from tests.mock_cloud.sessions import Session
from tests.mock_cloud.stream import MAX_FRAME, REPLACED, SESSION_ENDED, Spoiler, Stream
from tests.mock_cloud.support import Support
from tests.mock_cloud.tokens import TokenEndpoint
from tests.mock_cloud.wire import MAX_INTEGER, InvalidDocumentError, Json, JsonObject, as_object, as_text, parse_json

API = "/v1"
AUTHORIZE = "/oauth/authorize"
TOKEN = "/oauth/token"
REVOKE = "/oauth/revoke"
EVENTS = f"{API}/events"
TERMS = "/terms"
DISCOVERY = "/.well-known/wesmart"
# A path with nothing at it.
NOWHERE = "/nowhere"
# The path of the request, before the prefix is removed.
REAL_PATH = web.RequestKey("real_path", str)

MAX_BODY = 1024 * 1024
# How long to wait for a peer's close frame.
CLOSE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response before it is sent."""

    status: int = 200
    content_type: str | None = "application/json"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Server:
    """Responds to requests over a core; open streams are in `streams`."""

    def __init__(self, core: Core, commands: Commands, support: Support, observer: Observer | None) -> None:
        self.core = core
        self.faults = Faults()
        self.latency = 0.0
        self.heartbeat_s: float = 20
        self.muted = False
        self.frame_spoiler: Spoiler | None = None
        self.snapshot_spoiler: Spoiler | None = None
        self.streams: list[Stream] = []
        self.requests: list[Request] = []
        self.watchers: list[Callable[[Request], None]] = []
        self.origin = ""
        self.prefix = ""
        self._commands = commands
        self._support = support
        self._observer = observer
        self._access = Access(core)
        self.login_page = LoginPage(core)
        self._tokens = TokenEndpoint(core, self._session_ended)
        self._routes: dict[tuple[str, str], Callable[[web.Request, bytes], Response]] = {
            ("GET", DISCOVERY): self._discovery,
            ("GET", TERMS): self._terms_page,
            ("GET", AUTHORIZE): self._authorize,
            ("POST", AUTHORIZE): self._authorize,
            ("POST", TOKEN): self._token,
            ("POST", REVOKE): self._revoke,
            ("GET", f"{API}/dealers"): self._dealers,
        }
        self._bearer_routes: dict[tuple[str, str], Callable[[Caller, web.Request, bytes], Response]] = {
            ("GET", f"{API}/account"): self._account,
            ("PUT", f"{API}/account/terms"): self._accept_terms,
            ("GET", f"{API}/feedback"): self._tickets,
            ("POST", f"{API}/feedback"): self._feedback,
            ("GET", f"{API}/snapshot"): self._snapshot,
            ("POST", f"{API}/commands"): self._run_commands,
        }
        self._operations = [("GET", EVENTS), *self._routes, *self._bearer_routes]

    def listen_at(self, origin: str) -> None:
        """Set the origin of the URLs in the documents."""
        self.origin = origin
        self._access.terms_url = origin + TERMS

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Respond to any request."""
        real_path = request.path
        if self.prefix and real_path != DISCOVERY:
            path = real_path.removeprefix(self.prefix) if real_path.startswith(f"{self.prefix}/") else NOWHERE
            request = request.clone(rel_url=request.rel_url.with_path(path, keep_query=True))
        request[REAL_PATH] = real_path
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            body, too_large = b"", True
        else:
            too_large = False
        if request.method == "GET" and request.path == EVENTS:
            return await self._events(request, body)
        return await self._send_late(request, body, self._guarded(lambda: self._respond(request, body, too_large)))

    # Responses

    def _respond(self, request: web.Request, body: bytes, too_large: bool) -> Response:
        """Return the response; problems are raised in the contract's order of precedence (C-22)."""
        self._refuse_for_a_while(request.path)
        route = (request.method, request.path)
        is_public = any(path == request.path for _, path in self._routes)
        if not is_public and not request.path.startswith(f"{API}/"):
            raise ProblemError("not-found", "there is nothing at this path")
        caller = None
        if not is_public:
            caller = self._access.authenticate(request.headers.get("Authorization"), request.path)
            if all(path != request.path for _, path in self._operations):
                raise ProblemError("not-found", "there is nothing at this path")
        if route not in self._operations:
            allow = ", ".join(sorted(method for method, path in self._operations if path == request.path))
            raise ProblemError("method-not-allowed", f"{request.method} is not allowed at this path", allow=allow)
        if too_large:
            raise ProblemError("content-too-large", f"the body has more than {MAX_BODY} bytes")
        if caller is None:
            return self._routes[route](request, body)
        if request.method in {"POST", "PUT"} and request.content_type != "application/json":
            raise ProblemError("unsupported-media-type", "the body must be application/json")
        return self._bearer_routes[route](caller, request, body)

    def _refuse_for_a_while(self, path: str) -> None:
        if maintenance := self.faults.maintenance:
            raise ProblemError("maintenance", "come again later", maintenance.retry_after)
        if (seconds := self.faults.limit(path)) is not None:
            raise ProblemError("rate-limited", "too many requests; nothing was done", seconds)

    def _guarded(self, answer: Callable[[], Response]) -> Response:
        try:
            return answer()
        except OAuthError as err:
            return self._json(err.document, err.status, {"Cache-Control": "no-store"})
        except InvalidDocumentError as err:
            return self._problem(invalid(err.pointer, err.detail))
        except ProblemError as err:
            return self._problem(err)

    def _problem(self, problem: ProblemError) -> Response:
        headers = {}
        if problem.retry_after is not None:
            headers["Retry-After"] = self.core.freedoms.retry_after(problem.retry_after, self.core.clock())
        if problem.allow is not None:
            headers["Allow"] = problem.allow
        if problem.status == 401:
            headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        document = problem.document
        if problem.status in {404, 422}:
            document = {**document, "type": self.core.freedoms.problem_type(str(document["type"]))}
        return self._json(document, problem.status, headers, "application/problem+json")

    def _json(
        self,
        document: JsonObject,
        status: int = 200,
        headers: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Response:
        text = self.core.freedoms.json(document)
        return Response(status=status, content_type=content_type, body=text.encode(), headers=headers or {})

    async def _send_late(self, request: web.Request, body: bytes, answer: Response) -> web.Response:
        """Send a response after `latency`; everything was done before."""
        self._note(request, body, answer.status)
        if self.latency:
            await asyncio.sleep(self.latency)
        return self._send(request, body, answer)

    def _send(self, request: web.Request, body: bytes, answer: Response) -> web.Response:
        lost = self.faults.loses_answer()
        # The server's clock, not the machine's: a `Retry-After` date is relative to it.
        date = format_datetime(dt.datetime.fromtimestamp(self.core.clock(), dt.UTC), usegmt=True)
        sent = answer.body
        if self.snapshot_spoiler is not None and answer.status == 200 and request.path == f"{API}/snapshot":
            sent = self.snapshot_spoiler(sent.decode()).encode()
        response = web.Response(status=answer.status, body=sent or None, headers={**answer.headers, "Date": date})
        if answer.content_type is not None:
            response.content_type = answer.content_type
        if lost and request.transport is not None:
            request.transport.abort()
        elif self._observer is not None:
            headers = dict(response.headers)
            self._observer.answered(
                request.method, request[REAL_PATH], request.headers, body, answer.status, headers, answer.body
            )
        return response

    def _note(self, request: web.Request, body: bytes, status: int) -> None:
        noted = Request(
            method=request.method,
            path=request[REAL_PATH],
            status=status,
            at=self.core.clock(),
            body=body,
            headers=dict(request.headers),
            query=dict(request.query),
        )
        self.requests.append(noted)
        for received in self.watchers:
            received(noted)

    # Without a bearer

    def _discovery(self, request: web.Request, body: bytes) -> Response:
        base = self.origin + self.prefix
        document: JsonObject = {
            "version": 1,
            "issuer": self.origin,
            "token_endpoint": base + TOKEN,
            "revocation_endpoint": base + REVOKE,
            "grant_types_supported": list(self.core.grants),
            "api_url": base + API,
            "events_url": base.replace("http", "ws", 1) + EVENTS,
            "terms_url": base + TERMS,
            "support": self.core.world.support,
        }
        if "authorization_code" in self.core.grants:
            document["authorization_endpoint"] = base + AUTHORIZE
        return self._json(self.core.freedoms.discovery(document))

    def _authorize(self, request: web.Request, body: bytes) -> Response:
        if "authorization_code" not in self.core.grants:
            raise ProblemError("not-found", "there is nothing at this path")
        form = body if request.method == "POST" else None
        shown = self.login_page.respond(request.query, form, request.headers.get("Accept-Language", ""))
        content_type = "text/html" if shown.html else None
        return Response(status=shown.status, content_type=content_type, body=shown.html.encode(), headers=shown.headers)

    def _terms_page(self, request: web.Request, body: bytes) -> Response:
        version = html.escape(self.core.world.terms_version)
        page = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Terms of use</title>'
            f"<p>Terms of use of a mock cloud, version {version}. They are an example; nobody has to keep them.</p>"
        )
        return Response(content_type="text/html", body=page.encode())

    def _token(self, request: web.Request, body: bytes) -> Response:
        return self._json(self._tokens.grant(request.content_type, body), 200, {"Cache-Control": "no-store"})

    def _revoke(self, request: web.Request, body: bytes) -> Response:
        self._tokens.revoke(request.content_type, body)
        return Response(content_type=None)

    def _dealers(self, request: web.Request, body: bytes) -> Response:
        dealers = self._support.dealers(request.query.get("province"))
        return self._json({"dealers": [dealer.document() for dealer in dealers]})

    # With a bearer

    def _account(self, caller: Caller, request: web.Request, body: bytes) -> Response:
        return self._json(self._access.document(caller.account))

    def _accept_terms(self, caller: Caller, request: web.Request, body: bytes) -> Response:
        version = as_text(_json_body(body).get("version"), "/version")
        if version != self.core.world.terms_version:
            raise invalid("/version", f"the current version is {self.core.world.terms_version}")
        if caller.account.terms_accepted != version:
            caller.account.terms_accepted = version
            self.core.publish_account(caller.account.id)
        return Response(status=204, content_type=None)

    def _snapshot(self, caller: Caller, request: web.Request, body: bytes) -> Response:
        tag = self.core.entity_tag(caller.account.id)
        known = [name.strip().removeprefix("W/") for name in request.headers.get("If-None-Match", "").split(",")]
        if tag in known or known == ["*"]:
            return Response(status=304, content_type=None, headers={"ETag": tag})
        return self._json(self.core.snapshot(caller.account), 200, {"ETag": tag})

    def _run_commands(self, caller: Caller, request: web.Request, body: bytes) -> Response:
        return self._json(self._commands.run(caller.session, caller.account, _json_body(body)))

    def _tickets(self, caller: Caller, request: web.Request, body: bytes) -> Response:
        return self._json({"tickets": [self._support.document(ticket) for ticket in self._support.of(caller.account)]})

    def _feedback(self, caller: Caller, request: web.Request, body: bytes) -> Response:
        key = request.headers.get("Idempotency-Key")
        ticket = self._support.send(caller.account, key, _json_body(body))
        return self._json(self._support.document(ticket), 201)

    # The event stream

    async def _events(self, request: web.Request, body: bytes) -> web.StreamResponse:
        if self.latency:
            await asyncio.sleep(self.latency)
            if request.transport is None:  # the client did not wait
                return web.Response()
        socket = web.WebSocketResponse(max_msg_size=MAX_FRAME, timeout=CLOSE_S, compress=False)
        session: Session | None = None

        def admit() -> Response:
            nonlocal session
            self._refuse_for_a_while(request.path)
            session = self._access.authenticate(request.headers.get("Authorization"), request.path).session
            if not socket.can_prepare(request):
                raise invalid("", "this is no WebSocket handshake")
            return Response(status=101)

        answer = self._guarded(admit)
        self._note(request, body, answer.status)
        if session is None or answer.status != 101:
            return self._send(request, body, answer)
        try:
            await socket.prepare(request)
        except ConnectionResetError:
            return socket  # the client is gone
        for stream in self.streams:
            if stream.session is session:
                stream.close(REPLACED, quiet=True)
        stream = Stream(self.core, session, socket, self.heartbeat_s)
        if self._observer is not None:
            stream.on_frame = self._observer.pushed
        stream.mute(self.muted)
        stream.spoiler = self.frame_spoiler
        self.streams.append(stream)
        try:
            await stream.run(_position(request))
        finally:
            self.streams.remove(stream)
        return socket

    def _session_ended(self, session: Session) -> None:
        self.core.on_change()
        for stream in self.streams:
            if stream.session is session:
                stream.close(SESSION_ENDED)


def _json_body(body: bytes) -> JsonObject:
    document: Json = parse_json(body)
    return as_object(document, "")


def _position(request: web.Request) -> tuple[int, str] | None:
    """Return `since` and `epoch`, or None unless both are there and whole (C-43)."""
    since, epoch = request.query.get("since", ""), request.query.get("epoch")
    if not epoch or not since.isascii() or not since.isdecimal() or int(since) > MAX_INTEGER:
        return None
    return int(since), epoch
