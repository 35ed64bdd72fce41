"""A server that sends the responses a test gives it, for responses that a correct server never sends."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
import json
import ssl
from types import TracebackType
from typing import Self

from aiohttp import web

from custom_components.wesmart.cloud import Endpoints
from tests.mock_cloud.wire import JsonObject

type Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A received request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class ScriptedServer:
    """Sends the next reply of its script; the last one again and again."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen at 127.0.0.1 once entered, by https if there is a context for it."""
        self.requests: list[Received] = []
        self._script: deque[Reply] = deque()
        self._last = answer(500)
        self._tls = tls
        app = web.Application(client_max_size=2**30)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        self.url = ""

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and cancel what is under way."""
        await self._runner.cleanup()

    def replies(self, *script: Reply) -> None:
        """Send these replies from now on."""
        self._script = deque(script)

    def document(self, url: str = "", /, **members: object) -> JsonObject:
        """Return a discovery document with the endpoints of a mock cloud at `url`, or here, but for some `members`."""
        url = url or self.url
        return {
            "version": 1,
            "issuer": self.url,
            "token_endpoint": f"{url}/oauth/token",
            "revocation_endpoint": f"{url}/oauth/revoke",
            "grant_types_supported": ["password", "refresh_token"],
            "api_url": f"{url}/v1",
            "events_url": f"{url.replace('http', 'ws', 1)}/v1/events",
            "terms_url": f"{url}/terms",
            "support": {"phone": "0816 333 868"},
            **members,  # type: ignore[dict-item]  # also what is no JSON of the contract
        }

    def endpoints(self) -> Endpoints:
        """Return the endpoints of this server."""
        return Endpoints(
            token_endpoint=f"{self.url}/oauth/token",
            revocation_endpoint=f"{self.url}/oauth/revoke",
            api_url=f"{self.url}/v1",
            events_url=f"{self.url.replace('http', 'ws')}/v1/events",
            terms_url=f"{self.url}/terms",
            support_phone="0816 333 868",
        )

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append(
            Received(method=request.method, path=request.path, headers=dict(request.headers), body=body)
        )
        return await self._reply(request)

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        if self._script:
            self._last = self._script.popleft()
        return await self._last(request)


def answer(status: int = 200, body: object = None, **headers: str) -> Reply:
    """Send JSON, or bytes as they are; `Retry_After="7"` is a header."""
    encoded = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    fields = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}

    async def reply(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=encoded, headers=fields)

    return reply


def redirect(target: str, status: int = 302) -> Reply:
    """Redirect to a target."""
    return answer(status, b"", Location=target)


def late(seconds: float, reply: Reply) -> Reply:
    """Send a reply after some seconds."""

    async def wait(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await reply(request)

    return wait


async def reset(request: web.Request) -> web.StreamResponse:
    """Drop the connection instead of a response."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def half(request: web.Request) -> web.StreamResponse:
    """Drop the connection in the middle of the body."""
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"id": ')
    return await reset(request)


def stream(*frames: str | bytes | float, ping_s: float | None = None, close: int | None = None) -> Reply:
    """Accept a WebSocket and send frames, as text or binary; a number is a pause in seconds.

    Afterwards close with a code, or send nothing but pings, or nothing at all.
    """

    async def serve(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(timeout=0.1)
        await socket.prepare(request)
        writer = asyncio.create_task(write(socket))
        try:
            async for _message in socket:
                pass
        finally:
            writer.cancel()
            await asyncio.wait([writer])
        return socket

    async def write(socket: web.WebSocketResponse) -> None:
        for frame in frames:
            match frame:
                case str():
                    await socket.send_str(frame)
                case bytes():
                    await socket.send_bytes(frame)
                case _:
                    await asyncio.sleep(frame)
        if close is not None:
            await socket.close(code=close)
        while ping_s is not None:
            await socket.ping()
            await asyncio.sleep(ping_s)

    return serve
