"""System information: whether servers can be reached, and how changes arrive. It names no account and no server."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.components import system_health
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .cloud import discover, server_origin
from .cloud.errors import CloudConnectionError, CloudTimeoutError, WeSmartError
from .const import ACTIVE_STATES, DOMAIN
from .coordinator import WeSmartConfigEntry
from .errors import translation_key
from .homes import server_address
from .session import new_http

# As for Home Assistant's own checks.
_PROBE_S = 5


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register the information."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return what is known, and tasks for the rest; nothing if no account is in use."""
    entries: list[WeSmartConfigEntry] = [
        entry for entry in hass.config_entries.async_entries(DOMAIN) if entry.state in ACTIVE_STATES
    ]
    if not entries:
        return {}
    connections = [entry.runtime_data.connection for entry in entries if entry.state is ConfigEntryState.LOADED]
    # With several accounts, each line is about the worst of them.
    probe = hass.async_create_task(_async_probe(hass, {server_address(entry) for entry in entries}))
    info: dict[str, Any] = {
        "cloud": _async_reached(probe),
        "latency": _async_latency(probe),
        "push": f"{sum(connection.streaming for connection in connections)}/{len(entries)}",
    }
    ages = [connection.seconds_since_event for connection in connections]
    if known := [age for age in ages if age is not None]:
        info["last_event"] = dt_util.utcnow() - timedelta(seconds=max(known))
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
    """Return the seconds that the slowest server took to send its discovery document; raises WeSmartError."""
    return max(await asyncio.gather(*(_async_ask(hass, server) for server in servers)))


async def _async_ask(hass: HomeAssistant, server: str) -> float:
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        async with asyncio.timeout(_PROBE_S):
            await discover(new_http(hass), server_origin(server))
    except TimeoutError:
        raise CloudTimeoutError("no answer in time") from None
    return loop.time() - started
