"""The one way to the cloud, and the one clock, that all flows and accounts share."""

from aiohttp import DummyCookieJar
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .cloud import Transport, keep_refusals
from .const import DOMAIN

_TRANSPORT: HassKey[Transport] = HassKey(DOMAIN)


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
