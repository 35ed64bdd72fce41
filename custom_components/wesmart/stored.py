"""What a config entry holds of a login: the endpoints that it was made at, and the tokens that it gave."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
import msgspec

from .cloud import Endpoints, Tokens
from .const import CONF_ENDPOINTS, CONF_TOKENS


def endpoints_of(entry: ConfigEntry) -> Endpoints:
    """Return where the cloud keeps what; pinned when the user logged in."""
    return msgspec.convert(entry.data[CONF_ENDPOINTS], Endpoints)


def tokens_of(entry: ConfigEntry) -> Tokens:
    """Return the tokens of the entry's session."""
    return msgspec.convert(entry.data[CONF_TOKENS], Tokens)


def login_data(endpoints: Endpoints, tokens: Tokens) -> dict[str, Any]:
    """Return that as an entry holds it."""
    return {CONF_ENDPOINTS: msgspec.to_builtins(endpoints), CONF_TOKENS: msgspec.to_builtins(tokens)}


@callback
def async_store_endpoints(hass: HomeAssistant, entry: ConfigEntry, endpoints: Endpoints) -> None:
    """Pin endpoints at the same origins as before."""
    hass.config_entries.async_update_entry(entry, data={**entry.data, **login_data(endpoints, tokens_of(entry))})


@callback
def async_store_tokens(hass: HomeAssistant, entry: ConfigEntry, tokens: Tokens) -> None:
    """Keep tokens that were renewed.

    The entry may be gone by now, or have another session: a login that replaced this one must not be undone.
    """
    known = hass.config_entries.async_get_entry(entry.entry_id)
    if known is entry and tokens_of(entry).session_id == tokens.session_id:
        hass.config_entries.async_update_entry(entry, data={**entry.data, **login_data(endpoints_of(entry), tokens)})
