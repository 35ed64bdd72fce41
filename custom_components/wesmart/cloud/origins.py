"""Which addresses may be asked for credentials (contract, section "Discovery"). Pure."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from yarl import URL

from .errors import InvalidServerError, PlainServerError, UnsafeServerError

_WELL_KNOWN_PATH = "/.well-known/wesmart"
_PRIVATE_NETWORKS = tuple(
    ip_network(network)
    for network in ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
# Names that resolve to somewhere inside by definition or by custom (RFC 6761, RFC 6762, RFC 8375, and ICANN's .internal).
_INSIDE_SUFFIXES = ("localhost", "local", "internal", "home.arpa", "lan", "home")
# What yarl raises: its own ValueErrors, those of IDNA when the host is decoded, and an oversight for `https://[@` with
# a letter beyond ASCII.
_NO_URL = (ValueError, IndexError)


def server_origin(entered: str) -> URL:
    """Return the origin a person means by what was entered; https where no scheme was given.

    Raises InvalidServerError, and PlainServerError where TLS would be needed.
    """
    text = entered.strip()
    if "://" not in text:
        text = f"https://{text}"
    try:
        url = URL(text)
        host, port = url.host, url.port
    except _NO_URL:
        raise InvalidServerError("not an address") from None
    if url.scheme not in ("https", "http") or not host or port is None or url.user is not None:
        raise InvalidServerError("not an address of a server")
    if url.path.rstrip("/") not in ("", _WELL_KNOWN_PATH) or url.query_string or url.fragment:
        raise InvalidServerError("an address with a path")
    if url.scheme == "http" and not _may_be_plain(host):
        raise PlainServerError("plain http to a host that is not in this network")
    return url.origin()


def well_known_url(origin: URL) -> URL:
    """Return where the discovery document of a server is (RFC 8615)."""
    return origin.with_path(_WELL_KNOWN_PATH)


def check_endpoint(origin: URL, endpoint: str, schemes: tuple[str, str]) -> URL:
    """Return the URL a discovery document of `origin` names, if it may name it; `schemes` are (secure, plain).

    Raises UnsafeServerError.
    """
    secure, plain = schemes
    try:
        url = URL(endpoint)
        valid = bool(url.host) and url.port is not None and url.user is None
    except _NO_URL:
        valid = False
    if not valid or url.host is None or url.scheme not in schemes:
        raise UnsafeServerError(f"not a {secure} address")
    if origin.scheme == "https":
        if url.scheme != secure or not _is_public(url.host):
            raise UnsafeServerError(f"an https server may name only {secure} addresses of public hosts")
    elif url.host != origin.host:
        raise UnsafeServerError(f"a server without TLS may name only its own host ({plain} or {secure})")
    return url


def _as_address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _may_be_plain(host: str) -> bool:
    if host == "localhost":
        return True
    address = _as_address(host)
    # An IPv4-mapped address is in none of the networks: the versions differ.
    return address is not None and any(address in network for network in _PRIVATE_NETWORKS)


def _is_public(host: str) -> bool:
    address = _as_address(host)
    if address is not None:
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return mapped is None and address.is_global
    labels = host.rstrip(".").lower()
    # All-digit last labels are spellings of IPv4 addresses (127.1, 0x7f.1) that resolvers accept.
    last = labels.rpartition(".")[2]
    if "." not in labels or last.isdigit() or last.startswith("0x"):
        return False
    return not any(labels == suffix or labels.endswith(f".{suffix}") for suffix in _INSIDE_SUFFIXES)
