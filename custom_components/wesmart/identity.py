"""What servers and accounts are known by: the address that a server was first added under, whatever it is now.

The unique id of an entry is made of that and the account; those of its devices and entities are made of that, too. So
a server can move to another address, and everything keeps its name, its place and its history.
"""

from collections.abc import Iterator
from itertools import count

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .const import CONF_SERVER, DOMAIN


def server_identity(entry: ConfigEntry) -> str:
    """Return what the server of an entry is known by."""
    return str(entry.unique_id).partition(" ")[0]


@callback
def async_server_identity(hass: HomeAssistant, server: str) -> str:
    """Return what the server at an address is known by, also where it has moved there; a new one gets an identity."""
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    for entry in entries:
        if entry.data[CONF_SERVER] == server:
            return server_identity(entry)
    # Another server may have been here before it moved: addresses are given away again.
    taken = {server_identity(entry) for entry in entries}
    return next(identity for identity in _identities(server) if identity not in taken)


@callback
def async_entries_of(hass: HomeAssistant, identity: str, *, besides: ConfigEntry | None = None) -> list[ConfigEntry]:
    """Return the entries of a server.

    It may be known by two identities: an account that was added where the server is now, while another did not know of
    the move yet, has one of its own.
    """
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    addresses = {entry.data[CONF_SERVER] for entry in entries if server_identity(entry) == identity}
    return [
        entry
        for entry in entries
        if entry is not besides and (server_identity(entry) == identity or entry.data[CONF_SERVER] in addresses)
    ]


def account_unique_id(identity: str, account_id: str) -> str:
    """Return the unique id of an account's entry."""
    return f"{identity} {account_id}"


def _identities(server: str) -> Iterator[str]:
    yield server
    for number in count(2):
        yield f"{server}#{number}"
