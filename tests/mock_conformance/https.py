"""Serves a mock cloud by https under a public name, which only its own client resolves, to this machine."""

from pathlib import Path
import socket
import ssl
from typing import override

from aiohttp import BaseConnector, TCPConnector, web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509

from tests.certificate import self_signed
from tests.mock_cloud import MockCloud

HOST = "cloud.example"


class Https:
    """A certificate of `HOST`, and a server and a client that use it."""

    def __init__(self, folder: Path) -> None:
        """Make the certificate."""
        self._certificate = folder / "certificate.pem"
        self._context = self_signed(x509.DNSName(HOST), self._certificate)

    async def serve(self, cloud: MockCloud) -> None:
        """Let a cloud that runs listen to https as well, and say so in its documents."""
        assert cloud._runner is not None
        await web.TCPSite(cloud._runner, "127.0.0.1", 0, ssl_context=self._context).start()
        cloud._server.listen_at(f"https://{HOST}:{cloud._runner.addresses[-1][1]}")

    def connect(self) -> BaseConnector:
        """Return the connector of a client."""
        return TCPConnector(resolver=_Loopback(), ssl=ssl.create_default_context(cafile=str(self._certificate)))


class _Loopback(AbstractResolver):
    """Resolves every name to this machine."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)]

    @override
    async def close(self) -> None:
        """Close nothing."""
