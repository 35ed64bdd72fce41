"""What outlives a reload: the one way to the cloud and the one clock for all accounts, each account's session and letters."""

from functools import partial

from aiohttp import DummyCookieJar
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .cloud import Session, SupportDesk, Transport, keep_refusals
from .const import DOMAIN
from .stored import async_store_tokens, endpoints_of, tokens_of

_TRANSPORT: HassKey[Transport] = HassKey(DOMAIN)
_SESSIONS: HassKey[dict[str, Session]] = HassKey(f"{DOMAIN}_sessions")
_LOST: HassKey[set[str]] = HassKey(f"{DOMAIN}_lost")
_DESKS: HassKey[dict[str, SupportDesk]] = HassKey(f"{DOMAIN}_desks")

# A set-up that is tried again and again is in progress for a part of the time.
_IN_USE = (ConfigEntryState.LOADED, ConfigEntryState.SETUP_IN_PROGRESS, ConfigEntryState.SETUP_RETRY)


def wall_clock() -> float:
    """Return Unix time on Home Assistant's clock: what tokens expire by, and the order of commands rises with."""
    return dt_util.utcnow().timestamp()


@callback
def async_get_transport(hass: HomeAssistant) -> Transport:
    """Return the transport over Home Assistant's own connection pool.

    The session is not Home Assistant's common one, because `ws_connect` follows redirects unless a middleware of the
    session stops it, and because two accounts must not share cookies.
    """
    if (transport := hass.data.get(_TRANSPORT)) is None:
        # Without cleanup: it would be tied to the entry that happens to be set up first.
        session = async_create_clientsession(
            hass, auto_cleanup=False, cookie_jar=DummyCookieJar(), middlewares=(keep_refusals,)
        )
        transport = hass.data[_TRANSPORT] = Transport(session)

        @callback
        def detach(_event: Event) -> None:
            session.detach()

        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, detach)
    return transport


def is_in_use(entry: ConfigEntry) -> bool:
    """Return whether an account shows its homes, or would if the cloud let it; not where it is disabled."""
    return entry.state in _IN_USE


@callback
def async_get_session(hass: HomeAssistant, entry: ConfigEntry) -> Session:
    """Return the session of an entry, whether the entry is set up or not: one object from its login to its end.

    Two would renew the tokens of one session against each other, and a renewal may take longer than an unload waits.
    """
    sessions = hass.data.setdefault(_SESSIONS, {})
    tokens = tokens_of(entry)
    session = sessions.get(entry.entry_id)
    if session is None or session.id != tokens.session_id:
        session = sessions[entry.entry_id] = Session(
            async_get_transport(hass),
            endpoints_of(entry),
            tokens,
            on_tokens=partial(async_store_tokens, hass, entry),
            clock=wall_clock,
        )
    return session


@callback
def async_get_desk(hass: HomeAssistant, entry: ConfigEntry) -> SupportDesk:
    """Return what sends the feedback of an entry: one object for as long as the entry is there."""
    return hass.data.setdefault(_DESKS, {}).setdefault(entry.entry_id, SupportDesk())


@callback
def async_note_presence(hass: HomeAssistant, entry: ConfigEntry, *, present: bool) -> bool:
    """Note whether there is word from the cloud of an entry; return whether that is news, a reload included."""
    lost = hass.data.setdefault(_LOST, set())
    is_news = present == (entry.entry_id in lost)
    if present:
        lost.discard(entry.entry_id)
    else:
        lost.add(entry.entry_id)
    return is_news


@callback
def async_pop_session(hass: HomeAssistant, entry: ConfigEntry) -> Session:
    """Return the session of an entry that is being removed; forget it, and the letters."""
    session = async_get_session(hass, entry)
    del hass.data[_SESSIONS][entry.entry_id]
    hass.data.get(_DESKS, {}).pop(entry.entry_id, None)
    hass.data.get(_LOST, set()).discard(entry.entry_id)
    return session
