"""The session of an account: its tokens are stored in the config entry, and it outlives reloads of the entry.

Two sessions of one login would renew the same tokens against each other, and a renewal may take longer than an unload
waits. The session also remembers the server's Retry-After.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
import random
from typing import Any

from aiohttp import ClientSession, DummyCookieJar
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
import msgspec
from yarl import URL

from .cloud import Endpoints, HttpClient, Session, Tokens, discover, follow_no_redirects, timing
from .cloud.errors import WeSmartError
from .const import CONF_ENDPOINTS, CONF_TOKENS, DOMAIN, LOGGER, MANUFACTURER
from .homes import server_address


class _Shared:
    """The connection pool that the accounts share, and what outlives the set-up of each."""

    def __init__(self, http: ClientSession) -> None:
        self.http = http
        self.sessions: dict[str, Session] = {}
        # When the discovery document was read last, in loop time.
        self.discovered_at: dict[str, float] = {}


_SHARED: HassKey[_Shared] = HassKey(DOMAIN)


def wall_clock() -> float:
    """Return Unix time on Home Assistant's clock, which the expiry of tokens is measured with."""
    return dt_util.utcnow().timestamp()


def endpoints_of(entry: ConfigEntry) -> Endpoints:
    """Return the server's endpoints, as they were at the last login or have moved since at the same origins.

    Raises ConfigEntryError if they cannot be read.
    """
    with _readable():
        endpoints = msgspec.convert(entry.data[CONF_ENDPOINTS], Endpoints)
        _ = endpoints.origins  # fails if a URL is none
        return endpoints


def login_data(endpoints: Endpoints, tokens: Tokens) -> dict[str, Any]:
    """Return a login as a config entry holds it."""
    return {CONF_ENDPOINTS: msgspec.to_builtins(endpoints), CONF_TOKENS: msgspec.to_builtins(tokens)}


@callback
def new_http(hass: HomeAssistant) -> HttpClient:
    """Return a client for requests of an account, or of a login, over the shared connection pool."""
    return HttpClient(_shared(hass).http)


@callback
def async_get_session(hass: HomeAssistant, entry: ConfigEntry) -> Session:
    """Return the session of an entry, whether the entry is loaded or not. Raises ConfigEntryError."""
    sessions = _shared(hass).sessions
    tokens = _tokens_of(entry)
    session = sessions.get(entry.entry_id)
    if session is None or session.id != tokens.session_id:
        session = sessions[entry.entry_id] = Session(
            new_http(hass),
            endpoints_of(entry),
            tokens,
            on_tokens=partial(_async_store_tokens, hass, entry),
            clock=wall_clock,
        )
    return session


@callback
def async_pop_session(hass: HomeAssistant, entry: ConfigEntry) -> Session:
    """Return the session of an entry that is being removed, and forget it. Raises ConfigEntryError."""
    shared = _shared(hass)
    shared.discovered_at.pop(entry.entry_id, None)
    session = async_get_session(hass, entry)
    del shared.sessions[entry.entry_id]
    return session


class Discovery:
    """Reads the discovery document of an entry's server again: once a day, and when an endpoint may have moved."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Become due within a day, at random: homes that start together must not read it together."""
        self._hass = hass
        self._entry = entry
        self._session = async_get_session(hass, entry)
        self._discovered_at = _shared(hass).discovered_at
        read_at = self._discovered_at.get(entry.entry_id, hass.loop.time())
        self._due_at = read_at + timing.discovery_interval(random.random())

    @property
    def is_due(self) -> bool:
        """Whether to read it now."""
        return self._hass.loop.time() >= self._due_at

    @property
    def can_retry(self) -> bool:
        """Whether an endpoint that may have moved is a reason to read it now: at most every ten minutes."""
        read_at = self._discovered_at.get(self._entry.entry_id, -float("inf"))
        return self._hass.loop.time() >= read_at + timing.DISCOVERY_RETRY_S

    def expedite(self) -> None:
        """Become due, because an endpoint may have moved."""
        if self.can_retry:
            self._due_at = self._hass.loop.time()

    async def async_read(self) -> bool:
        """Read it; return whether endpoints moved, which are used from now on."""
        now = self._discovered_at[self._entry.entry_id] = self._hass.loop.time()
        self._due_at = now + timing.discovery_interval(random.random())
        try:
            endpoints = await discover(self._session.http, URL(server_address(self._entry)))
        except WeSmartError as err:
            LOGGER.debug("The discovery document could not be read: %s", err)
            return False
        known = self._session.endpoints
        if endpoints.moves_login_page(known):
            # The next login warns about the new host, so the old one is kept until then.
            endpoints = msgspec.structs.replace(
                endpoints,
                authorization_endpoint=known.authorization_endpoint,
                offers_password=known.offers_password,
            )
        if endpoints == known or not self._hass.config_entries.async_get_entry(self._entry.entry_id):
            return False
        if endpoints.origins != known.origins:
            # Other hosts get no token before the user has logged in there (C-16).
            self._entry.async_start_reauth(self._hass)
            return False
        self._session.endpoints = endpoints
        data = {**self._entry.data, CONF_ENDPOINTS: msgspec.to_builtins(endpoints)}
        self._hass.config_entries.async_update_entry(self._entry, data=data)
        return True


@callback
def _async_store_tokens(hass: HomeAssistant, entry: ConfigEntry, tokens: Tokens) -> None:
    """Store renewed tokens, unless the entry is gone or has logged in anew."""
    known = hass.config_entries.async_get_entry(entry.entry_id)
    if known is entry and _tokens_of(entry).session_id == tokens.session_id:
        hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_TOKENS: msgspec.to_builtins(tokens)})


def _tokens_of(entry: ConfigEntry) -> Tokens:
    with _readable():
        return msgspec.convert(entry.data[CONF_TOKENS], Tokens)


@contextmanager
def _readable() -> Iterator[None]:
    """Raise ConfigEntryError for data of an entry that are missing or of another shape."""
    try:
        yield
    except LookupError, ValueError, msgspec.ValidationError:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="entry_unreadable",
            translation_placeholders={"name": MANUFACTURER},
        ) from None


@callback
def _shared(hass: HomeAssistant) -> _Shared:
    if (shared := hass.data.get(_SHARED)) is None:
        # Not Home Assistant's common session: `ws_connect` follows redirects unless a middleware stops it, and two
        # accounts must not share cookies. No cleanup, which would belong to the entry that comes first.
        http = async_create_clientsession(
            hass, auto_cleanup=False, cookie_jar=DummyCookieJar(), middlewares=(follow_no_redirects,)
        )
        shared = hass.data[_SHARED] = _Shared(http)

        @callback
        def detach(_event: Event) -> None:
            http.detach()

        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, detach)
    return shared
