"""A server whose discovery document says where the endpoints are."""

import ssl
from typing import override

from aiohttp import web

from tests.cloud.scripted import ScriptedServer, answer

DISCOVERY = "/.well-known/wesmart"


class DiscoveryServer(ScriptedServer):
    """Sends the script's replies for the discovery document, and `elsewhere` for everything else."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self.elsewhere = answer(404)

    def point_at(self, url: str, /, **members: object) -> None:
        """Name the endpoints of a mock cloud at `url`, but for some `members`."""
        self.replies(answer(200, self.document(url, **members)))

    @override
    async def _reply(self, request: web.Request) -> web.StreamResponse:
        return await (super()._reply if request.path == DISCOVERY else self.elsewhere)(request)
