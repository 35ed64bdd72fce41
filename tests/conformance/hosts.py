"""Hosts that a discovery document may name (C-14, C-15)."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa", "lan", "home", "localdomain", "corp")
_HOME_NETWORKS = [
    ip_network(network)
    for network in ("127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
]
_NAT64 = ip_network("64:ff9b::/96")
_V4_COMPATIBLE = ip_network("::/96")


def is_public(host: str) -> bool:
    """Return whether a host is one that a document read by https may name."""
    try:
        address = ip_address(host)
    except ValueError:
        name = host.rstrip(".").lower()
        last = name.rpartition(".")[2]
        return "." in name and not last.isdecimal() and not any(f".{name}".endswith(f".{one}") for one in _LOCAL_NAMES)
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return is_public(str(IPv4Address(int(address) & 0xFFFFFFFF)))
        if address.ipv4_mapped is not None or address in _V4_COMPATIBLE or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


def is_of_a_home(host: str) -> bool:
    """Return whether a document may be read by plain http from a host."""
    try:
        address = ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    return any(address in network for network in _HOME_NETWORKS)
