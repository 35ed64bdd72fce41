"""Finding out where a server keeps its endpoints (contract, section "Discovery")."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct
from yarl import URL

from .errors import DECODE_ERRORS, BusyError, CloudConnectionError, UnsupportedServerError, WeSmartError
from .origins import check_endpoint, well_known_url
from .transport import Transport

_DOCUMENT_LIMIT = 64 * 2**10
_GRANTS = {"password", "refresh_token"}
_WEB = ("https", "http")
_SOCKET = ("wss", "ws")


class _WireSupport(Struct):
    phone: str
    email: str | None = None
    url: str | None = None


class _WireDocument(Struct):
    version: float
    issuer: str
    token_endpoint: str
    revocation_endpoint: str
    grant_types_supported: list[str]
    api_url: str
    events_url: str
    terms_url: str
    support: _WireSupport


class _WireVersion(Struct):
    version: float


class Endpoints(Struct, frozen=True, kw_only=True):
    """Where a server keeps what; pinned when a user logs in, because tokens go there."""

    token_endpoint: str
    revocation_endpoint: str
    api_url: str
    events_url: str
    terms_url: str
    support_phone: str
    support_email: str | None = None
    support_url: str | None = None

    @property
    def origins(self) -> tuple[str, ...]:
        """The origin of each endpoint that gets a password or a token."""
        secret = (self.token_endpoint, self.revocation_endpoint, self.api_url, self.events_url)
        return tuple(str(URL(url).origin()) for url in secret)


async def discover(transport: Transport, origin: URL) -> Endpoints:
    """Read and check the discovery document of a server.

    Raises UnsupportedServerError where there is none of the contract's version 1, UnsafeServerError where it names
    what it may not, BusyError and CloudConnectionError.
    """
    try:
        answer = await transport.request("GET", well_known_url(origin), limit=_DOCUMENT_LIMIT)
    except BusyError, CloudConnectionError:
        raise
    except WeSmartError as err:
        # A router that wants a password, for one: nobody's account has to do with it.
        raise UnsupportedServerError(str(err)) from None
    if answer.content_type != "application/json":
        raise UnsupportedServerError(f"{answer.content_type} instead of a discovery document")
    return _decode(origin, answer.body)


def _decode(origin: URL, body: bytes) -> Endpoints:
    try:
        # The version first: a later one may look different in everything else.
        if msgspec.json.decode(body, type=_WireVersion).version != 1:
            raise UnsupportedServerError("another version of the contract")
        wire = msgspec.json.decode(body, type=_WireDocument)
    except DECODE_ERRORS:
        raise UnsupportedServerError("the discovery document makes no sense") from None
    if missing := _GRANTS.difference(wire.grant_types_supported):
        raise UnsupportedServerError(f"the server does not offer {_listed(missing)}")
    web = {
        "token_endpoint": wire.token_endpoint,
        "revocation_endpoint": wire.revocation_endpoint,
        "api_url": wire.api_url,
        "terms_url": wire.terms_url,
    }
    for url in web.values():
        check_endpoint(origin, url, _WEB)
    check_endpoint(origin, wire.events_url, _SOCKET)
    if wire.support.url:
        check_endpoint(origin, wire.support.url, _WEB)
    return Endpoints(
        **web,
        events_url=wire.events_url,
        support_phone=wire.support.phone,
        support_email=wire.support.email,
        support_url=wire.support.url,
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
