"""Home Assistant's HTTP and WebSocket API, as its frontend uses it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import aiohttp

USERNAME = "demo"
PASSWORD = "demo"  # noqa: S105  # public on purpose: Home Assistant listens on the loopback interface only
TIMEOUT_S = 30

type Json = dict[str, Any]


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to do."""


class Client:
    """A logged-in user."""

    def __init__(self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._session = session
        self._socket = socket
        self._ids = count(1)

    async def close(self) -> None:
        """Close the WebSocket: Home Assistant waits for a client that no longer reads when it stops."""
        await self._socket.close()

    async def command(self, command: str, **members: Any) -> Any:
        """Return the result of a WebSocket command; raise DemoError if Home Assistant refuses it."""
        number = next(self._ids)
        await self._socket.send_json({"id": number, "type": command, **members})
        message: Json = {}
        while message.get("id") != number:  # an event of an earlier command
            message = await self._socket.receive_json(timeout=TIMEOUT_S)
        if not message["success"]:
            raise DemoError(f"Home Assistant refused {command}: {message['error']['message']}")
        return message["result"]

    async def action(self, action: str, data: Json, *, response: bool = False) -> Any:
        """Perform an action such as light.turn_on and return its response; raise DemoError."""
        domain, _, service = action.partition(".")
        call = {"domain": domain, "service": service, "service_data": data, "return_response": response}
        return (await self.command("call_service", **call)).get("response")

    async def state(self, entity_id: str) -> Json:
        """Return the state object of an entity; its state is None while there is none."""
        async with self._session.get(f"/api/states/{entity_id}") as response:
            state: Json = await response.json() if response.ok else {"state": None, "attributes": {}}
            return state

    async def post(self, path: str, body: Json) -> Json:
        """Return the response to a POST request; raise DemoError."""
        return await _json(self._session.post(path, json=body))

    async def entities(self, platform: str) -> list[Json]:
        """Return the entity registry entries of a platform."""
        entries = await self.command("config/entity_registry/list")
        return [entry for entry in entries if entry["platform"] == platform]

    async def add_integration(self, domain: str, answers: Mapping[str, Any]) -> None:
        """Go through a config flow; raise DemoError if it does not create an entry."""
        path = "/api/config/config_entries/flow"
        flow = await self.post(path, {"handler": domain})
        while flow["type"] == "form" and not flow["errors"]:
            flow = await self.post(f"{path}/{flow['flow_id']}", fill_in(flow, answers))
        if flow["type"] != "create_entry":
            raise DemoError(f"The config flow of {domain} stopped: {flow.get('reason') or flow.get('errors')}")


def fill_in(form: Json, answers: Mapping[str, Any]) -> Json:
    """Return values for a form's fields: known answers, then suggestions; raise DemoError for an unknown required one."""
    values: Json = {}
    for field in form["data_schema"] or ():
        name = field["name"]
        suggestion = (field.get("description") or {}).get("suggested_value", field.get("default"))
        if name in answers or suggestion is not None:
            values[name] = answers.get(name, suggestion)
        elif field.get("required"):
            raise DemoError(f"The config flow asks for {name} at {form['step_id']}, which the demo does not know.")
    return values


@asynccontextmanager
async def connect(url: str, owner: str, language: str) -> AsyncIterator[Client]:
    """Yield a client of the owner, who is created on the first start; raise DemoError."""
    async with aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(TIMEOUT_S)) as session:
        token = await _log_in(session, f"{url}/", owner, language)
        session.headers["Authorization"] = f"Bearer {token}"
        async with session.ws_connect("/api/websocket", max_msg_size=0) as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": token})
            await socket.receive_json()
            yield Client(session, socket)


async def _log_in(session: aiohttp.ClientSession, client_id: str, owner: str, language: str) -> str:
    credentials = {"client_id": client_id, "username": USERNAME, "password": PASSWORD}
    # The address is gone from the second start on.
    async with session.get("/api/onboarding") as response:
        is_new = response.ok and not all(step["done"] for step in await response.json())
    if is_new:
        user = {**credentials, "name": owner, "language": language}
        code = (await _json(session.post("/api/onboarding/users", json=user)))["auth_code"]
    else:
        start = {"client_id": client_id, "handler": ["homeassistant", None], "redirect_uri": client_id}
        flow = await _json(session.post("/auth/login_flow", json=start))
        flow = await _json(session.post(f"/auth/login_flow/{flow['flow_id']}", json=credentials))
        if flow["type"] != "create_entry":
            raise DemoError(f"The login {USERNAME}/{PASSWORD} no longer works: start over with script/demo --fresh.")
        code = flow["result"]
    grant = {"grant_type": "authorization_code", "code": code, "client_id": client_id}
    token: str = (await _json(session.post("/auth/token", data=grant)))["access_token"]
    return token


async def _json(request: Any) -> Json:
    async with request as response:
        if not response.ok:
            raise DemoError(
                f"Home Assistant answered {response.url.path} with {response.status}: {await response.text()}"
            )
        document: Json = await response.json()
        return document
