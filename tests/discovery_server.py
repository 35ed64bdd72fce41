"""A server that only says where the endpoints are, as its test wants it, and notes whoever comes."""

from collections.abc import Mapping
from dataclasses import dataclass
import json
import ssl
from types import TracebackType
from typing import Self

from aiohttp import web

DISCOVERY = "/.well-known/wesmart"


@dataclass(frozen=True, slots=True)
class Visit:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class DiscoveryServer:
    """Answers the discovery document, and 404 or a redirect to everything else."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen at 127.0.0.1 once entered, by https if there is a context for it."""
        self.visits: list[Visit] = []
        self.url = ""
        self._tls = tls
        self._target = ""
        self._target_status = 404
        self._status = 404
        self._body = b""
        self._headers: dict[str, str] = {}
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self._runner.cleanup()

    def point_at(self, url: str, **members: object) -> None:
        """Name the endpoints of a mock cloud at `url`, but for some `members`."""
        document = {
            "version": 1,
            "issuer": self.url,
            "token_endpoint": f"{url}/oauth/token",
            "revocation_endpoint": f"{url}/oauth/revoke",
            "grant_types_supported": ["password", "refresh_token"],
            "api_url": f"{url}/v1",
            "events_url": f"{url.replace('http', 'ws', 1)}/v1/events",
            "terms_url": f"{url}/terms",
            "support": {"phone": "0816 333 868"},
            **members,
        }
        self.answer(200, json.dumps(document), Content_Type="application/json")

    def answer(self, status: int, text: str = "", **headers: str) -> None:
        """Answer this instead of a document; `Retry_After="7"` is a header."""
        self._status, self._body = status, text.encode()
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def redirect(self, status: int, url: str) -> None:
        """Redirect whatever is not the document to the same path of `url`."""
        self._target_status, self._target = status, url

    async def _handle(self, request: web.Request) -> web.Response:
        self.visits.append(Visit(request.method, request.path, dict(request.headers), await request.read()))
        if request.path != DISCOVERY:
            headers = {"Location": self._target + request.path} if self._target else {}
            return web.Response(status=self._target_status, headers=headers)
        return web.Response(status=self._status, body=self._body, headers=self._headers)
