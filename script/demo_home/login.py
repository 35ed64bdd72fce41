"""Logging in to Home Assistant; the first time, its owner is created."""

from http import HTTPStatus
from typing import Any

import aiohttp

from .errors import DemoError

USERNAME = "demo"
PASSWORD = "demo"  # noqa: S105  # meant to be known: Home Assistant listens to this machine only


async def log_in(session: aiohttp.ClientSession, url: str, language: str, name: str) -> tuple[str, bool]:
    """Return an access token of the owner, and whether there was none before; raise DemoError."""
    async with session.get(f"{url}/api/onboarding") as response:
        # Home Assistant takes the address away once all steps are done.
        is_new = response.ok and any(step["step"] == "user" and not step["done"] for step in await response.json())
    code = await (_create_owner(session, url, language, name) if is_new else _log_in(session, url))
    form = {"grant_type": "authorization_code", "code": code, "client_id": f"{url}/"}
    async with session.post(f"{url}/auth/token", data=form) as response:
        return str((await _json(response, "exchanging the login for a token"))["access_token"]), is_new


async def _create_owner(session: aiohttp.ClientSession, url: str, language: str, name: str) -> str:
    owner = {
        "client_id": f"{url}/",
        "name": name,
        "username": USERNAME,
        "password": PASSWORD,
        "language": language,
    }
    async with session.post(f"{url}/api/onboarding/users", json=owner) as response:
        return str((await _json(response, "creating the owner"))["auth_code"])


async def _log_in(session: aiohttp.ClientSession, url: str) -> str:
    start = {"client_id": f"{url}/", "handler": ["homeassistant", None], "redirect_uri": f"{url}/"}
    async with session.post(f"{url}/auth/login_flow", json=start) as response:
        flow = await _json(response, "starting to log in")
    answer = {"client_id": f"{url}/", "username": USERNAME, "password": PASSWORD}
    async with session.post(f"{url}/auth/login_flow/{flow['flow_id']}", json=answer) as response:
        flow = await _json(response, "logging in")
    if flow["type"] != "create_entry":
        raise DemoError(
            f"Home Assistant does not take {USERNAME} and {PASSWORD} any more: start over with script/demo --fresh."
        )
    return str(flow["result"])


async def _json(response: aiohttp.ClientResponse, what: str) -> dict[str, Any]:
    if response.status >= HTTPStatus.BAD_REQUEST:
        raise DemoError(f"Home Assistant refused {what} ({response.status}): {await response.text()}")
    document: dict[str, Any] = await response.json()
    return document
