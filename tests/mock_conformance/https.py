"""Serves a mock cloud by https under a public name, which only its own client resolves, to this machine."""

import datetime as dt
from pathlib import Path
import socket
import ssl
from typing import override

from aiohttp import BaseConnector, TCPConnector, web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.mock_cloud import MockCloud

HOST = "cloud.example"


class Https:
    """A certificate of `HOST`, and a server and a client that use it."""

    def __init__(self, folder: Path) -> None:
        """Make the certificate."""
        self._certificate = folder / "certificate.pem"
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self._certificate.write_bytes(private + certificate.public_bytes(pem))

    async def serve(self, cloud: MockCloud) -> None:
        """Let a cloud that runs listen to https as well, and say so in its documents."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._certificate)
        assert cloud._runner is not None
        await web.TCPSite(cloud._runner, "127.0.0.1", 0, ssl_context=context).start()
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
