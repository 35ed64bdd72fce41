"""What Home Assistant's system information says of the cloud. Accounts and servers are counted, and not named."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.components import system_health
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .cloud import discover, server_origin
from .cloud.errors import CloudConnectionError, CloudTimeoutError, WeSmartError
from .connection import async_get_transport, is_in_use
from .const import CONF_SERVER, DOMAIN
from .coordinator import WeSmartConfigEntry
from .errors import translation_key

# As long as Home Assistant's own checks wait.
_PROBE_S = 5


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Offer the information."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return what is known, and what is still being asked for; nothing where no account is in use."""
    entries: list[WeSmartConfigEntry] = [*filter(is_in_use, hass.config_entries.async_entries(DOMAIN))]
    if not entries:
        return {}
    lives = [entry.runtime_data.live for entry in entries if entry.state is ConfigEntryState.LOADED]
    # With several accounts each line says the worst of them.
    probe = hass.async_create_task(_async_probe(hass, {entry.data[CONF_SERVER] for entry in entries}))
    info: dict[str, Any] = {
        "cloud": _async_reached(probe),
        "latency": _async_latency(probe),
        "push": f"{sum(live.streaming for live in lives)}/{len(entries)}",
    }
    if ages := [live.event_age_s for live in lives if live.event_age_s is not None]:
        info["last_event"] = dt_util.utcnow() - timedelta(seconds=max(ages))
    return info


async def _async_reached(probe: asyncio.Task[float]) -> str | dict[str, str]:
    try:
        await probe
    except CloudTimeoutError:
        return {"type": "failed", "error": "timeout"}
    except CloudConnectionError:
        return {"type": "failed", "error": "unreachable"}
    except WeSmartError as err:
        return {"type": "failed", "error": translation_key(err)}
    return "ok"


async def _async_latency(probe: asyncio.Task[float]) -> str:
    try:
        return f"{await probe * 1000:.0f} ms"
    except WeSmartError:
        return "–"


async def _async_probe(hass: HomeAssistant, servers: set[str]) -> float:
    """Return the seconds that the slowest server took to say where its endpoints are; raises WeSmartError."""
    return max(await asyncio.gather(*(_async_ask(hass, server) for server in servers)))


async def _async_ask(hass: HomeAssistant, server: str) -> float:
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        async with asyncio.timeout(_PROBE_S):
            await discover(async_get_transport(hass), server_origin(server))
    except TimeoutError:
        raise CloudTimeoutError("no answer in time") from None
    return loop.time() - started
