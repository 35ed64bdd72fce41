"""A Home Assistant in a process of its own, to be killed while it renews its tokens: python -m tests.crash_process.

It says a line when it is up: the state of its entry, and how many dialogs ask for something. Then it lives until it is
killed, or until it kills itself at a point that nobody could hit from outside.
"""

import argparse
import asyncio
from collections.abc import Callable
from enum import StrEnum
import os
import signal
from typing import Any

from aiohttp import ClientResponse, ClientSession, ThreadedResolver
from homeassistant import bootstrap, loader
from homeassistant.auth import auth_manager_from_config
from homeassistant.config_entries import ConfigEntries, ConfigEntry
from homeassistant.core import DOMAIN as HOME_ASSISTANT, CoreState, HomeAssistant
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER
from homeassistant.setup import async_setup_component
from yarl import URL

from custom_components.wesmart.const import DOMAIN
from tests.accounts import OWNER, log_in

TOKEN_PATH = "/oauth/token"


class CrashPoint(StrEnum):
    """Where it kills itself, the next time that its tokens are renewed."""

    NONE = "none"
    BEFORE_REQUEST = "before-request"
    BEFORE_SAVE = "before-save"
    BEFORE_WRITE = "before-write"


class _At:
    """The address of a server."""

    def __init__(self, url: str) -> None:
        self.url = url


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _arm(hass: HomeAssistant, crash_point: CrashPoint) -> None:
    """Have what surrounds the integration, aiohttp and Home Assistant, kill the process."""
    update = hass.config_entries.async_update_entry
    request: Callable[..., Any] = ClientSession._request

    def update_entry(entry: ConfigEntry, **changes: Any) -> bool:
        if crash_point is CrashPoint.BEFORE_SAVE:
            _crash()
        updated = update(entry, **changes)
        if crash_point is CrashPoint.BEFORE_WRITE:
            _crash()
        return updated

    async def send(session: ClientSession, method: str, url: URL, **options: Any) -> ClientResponse:
        if crash_point is CrashPoint.BEFORE_REQUEST and url.path == TOKEN_PATH:
            _crash()
        response: ClientResponse = await request(session, method, url, **options)
        return response

    setattr(hass.config_entries, "async_update_entry", update_entry)  # noqa: B010 - mypy keeps methods from being set
    setattr(ClientSession, "_request", send)  # noqa: B010 - the same


async def _boot(folder: str, crash_point: CrashPoint) -> HomeAssistant:
    hass = HomeAssistant(folder)
    loader.async_setup(hass)
    hass.config.skip_pip = True
    # Home Assistant's own resolver brings multicast DNS; the cloud has an address, so nothing is resolved at all.
    hass.data[str(DATA_RESOLVER)] = ThreadedResolver()
    hass.config_entries = ConfigEntries(hass, {})
    if not await bootstrap.async_load_base_functionality(hass):
        raise RuntimeError("Home Assistant did not start")
    # The integration depends on Home Assistant's `auth`.
    hass.auth = await auth_manager_from_config(hass, [], [])
    _arm(hass, crash_point)
    for component in (HOME_ASSISTANT, DOMAIN):
        if not await async_setup_component(hass, component, {}):
            raise RuntimeError(f"{component} did not start")
    # Not `async_start`, which would open Home Assistant's web server.
    hass.set_state(CoreState.running)
    return hass


async def _live(folder: str, server: str, crash_point: CrashPoint) -> None:
    hass = await _boot(folder, crash_point)
    if not hass.config_entries.async_entries(DOMAIN):
        await log_in(hass, _At(server), OWNER)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    print(entry.state.value, len(hass.config_entries.flow.async_progress()), flush=True)  # noqa: T201 - heard by the test
    await asyncio.Event().wait()


def main() -> None:
    """Live."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("server")
    parser.add_argument("--crash-point", type=CrashPoint, default=CrashPoint.NONE)
    options = parser.parse_args()
    asyncio.run(_live(options.folder, options.server, options.crash_point))


if __name__ == "__main__":
    main()
