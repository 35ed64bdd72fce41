"""What servers and accounts are known by: the address that a server was first added under, whatever it is now.

The unique id of an entry is made of that and the account; those of its devices and entities are made of that, too. So
a server can move to another address, and everything keeps its name, its place and its history.
"""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .const import CONF_SERVER, DOMAIN


def server_identity(entry: ConfigEntry) -> str:
    """Return what the server of an entry is known by."""
    return str(entry.unique_id).partition(" ")[0]


@callback
def async_server_identity(hass: HomeAssistant, server: str) -> str:
    """Return what the server at an address is known by, also where it has moved there."""
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    return next((server_identity(entry) for entry in entries if entry.data[CONF_SERVER] == server), server)


def account_unique_id(identity: str, account_id: str) -> str:
    """Return the unique id of an account's entry."""
    return f"{identity} {account_id}"
