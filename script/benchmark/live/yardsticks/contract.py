"""As much of the cloud contract as the yardsticks speak: they trust the cloud, and the link, in everything."""

import asyncio
from collections.abc import AsyncIterator, Mapping
import time
from typing import Any
import uuid

import aiohttp
import orjson

type Json = dict[str, Any]
type Key = tuple[str, str]

# A token is renewed this long before it expires.
_MARGIN_S = 60


async def log_in(http: aiohttp.ClientSession, server: str, username: str, password: str) -> Json:
    """Return what a config entry keeps: the endpoints and the tokens."""
    async with http.get(f"{server}/.well-known/wesmart") as response:
        data: Json = await response.json()
    data["session_id"] = str(uuid.uuid4())
    form = {"grant_type": "password", "username": username, "password": password}
    return data | await _grant(http, data, form)


class Cloud:
    """One account."""

    def __init__(self, http: aiohttp.ClientSession, data: Mapping[str, Any]) -> None:
        self._http = http
        self._data = dict(data)
        self._renew_at = asyncio.get_running_loop().time() + self._data["expires_in"] - _MARGIN_S
        self._order = time.time_ns() // 1_000_000
        self._position: Json = {}

    async def snapshot(self) -> dict[Key, tuple[Json, Json]]:
        """Return device and endpoint by their ids."""
        async with self._http.get(self._data["api_url"] + "/snapshot", headers=await self._headers()) as response:
            snapshot = orjson.loads(await response.read())
        self._position = {"since": str(snapshot["seq"]), "epoch": snapshot["epoch"]}
        return {
            (device["id"], endpoint["id"]): (device, endpoint)
            for home in snapshot["homes"]
            for device in home["devices"]
            for endpoint in device["endpoints"]
        }

    async def frames(self) -> AsyncIterator[Json]:
        """Yield what is pushed behind the last snapshot, a frame at a time."""
        async with self._http.ws_connect(
            self._data["events_url"], params=self._position, headers=await self._headers()
        ) as socket:
            async for message in socket:
                yield orjson.loads(message.data)

    async def set(self, key: Key, fields: Json) -> None:
        """Set fields of an endpoint."""
        self._order += 1
        command = {"id": str(uuid.uuid4()), "device_id": key[0], "endpoint_id": key[1], "set": fields}
        body = {"order": self._order, "commands": [command]}
        async with self._http.post(
            self._data["api_url"] + "/commands", json=body, headers=await self._headers()
        ) as response:
            response.raise_for_status()
            await response.read()

    async def _headers(self) -> dict[str, str]:
        if (now := asyncio.get_running_loop().time()) > self._renew_at:
            form = {"grant_type": "refresh_token", "refresh_token": self._data["refresh_token"]}
            self._data |= await _grant(self._http, self._data, form)
            self._renew_at = now + self._data["expires_in"] - _MARGIN_S
        return {"Authorization": f"Bearer {self._data['access_token']}"}


async def _grant(http: aiohttp.ClientSession, data: Json, form: dict[str, str]) -> Json:
    form |= {"client_id": "home-assistant", "session_id": data["session_id"]}
    async with http.post(data["token_endpoint"], data=form) as response:
        response.raise_for_status()
        tokens: Json = await response.json()
    return tokens
