"""Discovery: the address of a server, and the endpoints that its document names (contract, "Discovery")."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import msgspec
from msgspec import Struct
from yarl import URL

from .errors import (
    DECODE_ERRORS,
    BusyError,
    CloudConnectionError,
    InvalidServerError,
    PlainServerError,
    UnsafeServerError,
    UnsupportedServerError,
    WeSmartError,
)
from .http import SMALL_BODY_LIMIT, HttpClient

_WELL_KNOWN_PATH = "/.well-known/wesmart"
_WEB_SCHEMES = ("https", "http")
_SOCKET_SCHEMES = ("wss", "ws")
# Where a server may be reached without TLS.
_PRIVATE_NETWORKS = tuple(
    ip_network(network)
    for network in ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
# All public IPv6 addresses are in one of these. IPv4-mapped, multicast and site-local addresses are in none.
_GLOBAL_UNICAST = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
# Names that resolve inside a network by definition or custom (RFC 6761, 6762 and 8375, ICANN's .internal and .corp).
_PRIVATE_SUFFIXES = ("localhost", "localdomain", "local", "internal", "home.arpa", "lan", "home", "corp")
# Raised by yarl: also errors of IDNA when the host is read, and an IndexError for `https://[@` with a non-ASCII letter.
_URL_ERRORS = (ValueError, IndexError)


class _Support(Struct):
    phone: str


class _Document(Struct):
    token_endpoint: str
    revocation_endpoint: str
    grant_types_supported: list[str]
    api_url: str
    events_url: str
    terms_url: str
    support: _Support
    authorization_endpoint: str | None = None


class _Version(Struct):
    version: float


class Endpoints(Struct, frozen=True, kw_only=True):
    """The URLs of a server. They are stored at login, because tokens are sent there."""

    token_endpoint: str
    revocation_endpoint: str
    api_url: str
    events_url: str
    terms_url: str
    support_phone: str
    # The server's login page; None if it has none.
    authorization_endpoint: str | None = None
    offers_password: bool = True

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins that get the password or a token."""
        urls = (self.token_endpoint, self.revocation_endpoint, self.api_url, self.events_url)
        return tuple(str(URL(url).origin()) for url in urls)

    def moves_login_page(self, known: Endpoints) -> bool:
        """Return whether the login page is at an origin that `known` does not have."""
        if self.authorization_endpoint is None:
            return False
        pages = () if known.authorization_endpoint is None else (str(URL(known.authorization_endpoint).origin()),)
        return str(URL(self.authorization_endpoint).origin()) not in (*pages, *known.origins)


def server_origin(entered: str) -> URL:
    """Return the origin of the server whose address a person entered; https if no scheme was given.

    Raises InvalidServerError, and PlainServerError if TLS is required.
    """
    text = entered.strip()
    if "://" not in text:
        text = f"https://{text}"
    try:
        url = URL(text)
        host, port = url.host, url.port
    except _URL_ERRORS:
        raise InvalidServerError("not an address") from None
    if url.scheme not in _WEB_SCHEMES or not host or port is None or url.user is not None:
        raise InvalidServerError("not the address of a server")
    if url.path.rstrip("/") not in ("", _WELL_KNOWN_PATH) or url.query_string or url.fragment:
        raise InvalidServerError("an address with a path")
    if url.scheme == "http" and not _allows_plain_http(host):
        raise PlainServerError("plain http to a host that is not in this network")
    return url.origin()


def http_address(entered: str) -> str | None:
    """Return the address without TLS of a server that was entered without a scheme; None if it needs TLS."""
    if "://" in entered:
        return None
    try:
        return str(server_origin(f"http://{entered.strip()}"))
    except InvalidServerError:
        return None


async def discover(http: HttpClient, origin: URL) -> Endpoints:
    """Read and check the discovery document of a server.

    Raises UnsupportedServerError if there is none of version 1, UnsafeServerError if it names URLs that it may not
    name, BusyError and CloudConnectionError.
    """
    try:
        response = await http.request("GET", origin.with_path(_WELL_KNOWN_PATH), limit=SMALL_BODY_LIMIT)
    except BusyError, CloudConnectionError:
        raise
    except WeSmartError as err:
        # For example a router that asks for its own password: it says nothing about an account.
        raise UnsupportedServerError(str(err)) from None
    if response.content_type != "application/json":
        raise UnsupportedServerError(f"{response.content_type!a} instead of a discovery document")
    return _decode(origin, response.body)


def _decode(origin: URL, body: bytes) -> Endpoints:
    try:
        # First, because another version may differ in everything else.
        if msgspec.json.decode(body, type=_Version).version != 1:
            raise UnsupportedServerError("another version of the contract")
        document = msgspec.json.decode(body, type=_Document)
    except DECODE_ERRORS:
        raise UnsupportedServerError("invalid discovery document") from None
    grants = document.grant_types_supported
    page = document.authorization_endpoint if "authorization_code" in grants else None
    offers_password = "password" in grants
    if "refresh_token" not in grants:
        raise UnsupportedServerError("the server does not offer refresh_token")
    if page is None and not offers_password:
        raise UnsupportedServerError("the server offers neither password nor a login page")
    support = document.support
    return Endpoints(
        token_endpoint=_checked(origin, document.token_endpoint, _WEB_SCHEMES),
        revocation_endpoint=_checked(origin, document.revocation_endpoint, _WEB_SCHEMES),
        api_url=_checked(origin, document.api_url, _WEB_SCHEMES),
        events_url=_checked(origin, document.events_url, _SOCKET_SCHEMES),
        terms_url=_checked(origin, document.terms_url, _WEB_SCHEMES, is_page=True),
        support_phone=support.phone,
        authorization_endpoint=None if page is None else _checked(origin, page, _WEB_SCHEMES),
        offers_password=offers_password,
    )


def may_name_page(server: str, page: str) -> bool:
    """Return whether a server may name a page for people, such as terms: where its discovery document may."""
    try:
        _checked(URL(server), page, _WEB_SCHEMES, is_page=True)
    except (UnsafeServerError, *_URL_ERRORS):
        return False
    return True


def _checked(origin: URL, endpoint: str, schemes: tuple[str, str], *, is_page: bool = False) -> str:
    """Return a URL that a server may name; raises UnsafeServerError. `schemes` are the one with TLS and the one without.

    Only a page for people may have a query and a fragment.
    """
    secure, plain = schemes
    try:
        url = URL(endpoint)
        host, port, path = url.host, url.port, url.path
    except _URL_ERRORS:
        raise UnsafeServerError("not a URL") from None
    if url.scheme not in schemes or not host or port is None or url.user is not None:
        raise UnsafeServerError(f"not a {secure} URL")
    if not endpoint.isprintable() or not path.isprintable():
        raise UnsafeServerError("a URL with control characters")
    # One with nothing behind it is not in the parsed URL.
    if not is_page and ("?" in endpoint or "#" in endpoint):
        raise UnsafeServerError("a URL with a query or a fragment")
    if origin.scheme == "https":
        if url.scheme != secure or not _is_public(host):
            raise UnsafeServerError(f"an https server may name only {secure} URLs of public hosts")
    elif host != origin.host:
        raise UnsafeServerError(f"a server without TLS may name only its own host ({plain} or {secure})")
    return endpoint


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _allows_plain_http(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and any(address in network for network in _PRIVATE_NETWORKS))


def _is_public(host: str) -> bool:
    address = _address(host)
    if address is not None:
        return _is_public_address(address)
    name = host.rstrip(".").lower()
    # Resolvers also accept other spellings of IPv4 addresses, such as 127.1 and 0x7f.1.
    last_label = name.rpartition(".")[2]
    if "." not in name or last_label.isdigit() or last_label.startswith("0x"):
        return False
    return not any(name == suffix or name.endswith(f".{suffix}") for suffix in _PRIVATE_SUFFIXES)


def _is_public_address(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast
    if address in _NAT64:
        return _is_public_address(IPv4Address(address.packed[-4:]))
    # 6to4 and Teredo are not global either.
    return address in _GLOBAL_UNICAST and address.is_global
