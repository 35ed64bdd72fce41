"""The Home Assistant of the demo: its configuration folder, its process, and its API as the frontend uses it."""

import asyncio
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import count
import json
import os
from pathlib import Path
import shutil
import sys
from typing import Any, Never

import aiohttp

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
# A first start without a bytecode cache takes 20 s on a slow machine.
START_TIMEOUT_S = 180
# Home Assistant takes up to 90 s to write its state; about one second is usual.
STOP_TIMEOUT_S = 90
# The exit code after Home Assistant's own "restart".
RESTART = 100

USERNAME = "demo"
PASSWORD = "demo"  # noqa: S105  # public on purpose: Home Assistant listens on the loopback interface only
TIMEOUT_S = 30

_HERE = Path(__file__).parent

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

    async def delete(self, path: str) -> Json:
        """Return the response to a DELETE request; raise DemoError."""
        return await _json(self._session.delete(path))

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
    """Return values for a form's fields: known answers, then suggestions."""
    suggested = {
        field["name"]: (field.get("description") or {}).get("suggested_value", field.get("default"))
        for field in form["data_schema"]
    }
    values = {name: answers.get(name, suggestion) for name, suggestion in suggested.items()}
    return {name: value for name, value in values.items() if value is not None}


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


class HomeAssistant:
    """A process that writes its log to a file."""

    def __init__(self, config: Path, log: Path, port: int) -> None:
        self._config = config
        self._log = log
        self._process: Process | None = None
        self.url = f"http://{LOOPBACK}:{port}"

    async def start(self) -> None:
        """Start it and wait until it answers; raise DemoError."""
        # Without a bytecode cache each start would be slow.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                Path(sys.executable).with_name("hass"),
                *("--config", self._config, "--skip-pip", "--log-no-color"),
                stdin=DEVNULL,
                stdout=log,
                stderr=STDOUT,
                env={**environment, "PYTHONPATH": str(_HERE / "stubs")},
                # Ctrl-C is for the demo, which stops Home Assistant before the cloud.
                start_new_session=True,
            )
        async with aiohttp.ClientSession() as session, asyncio.timeout(START_TIMEOUT_S):
            while self._process.returncode is None:
                with suppress(aiohttp.ClientError):
                    async with session.get(f"{self.url}/manifest.json") as response:
                        if response.ok:
                            return
                await asyncio.sleep(0.1)
        raise DemoError("Home Assistant ended at once.")

    async def keep_running(self) -> Never:
        """Start it again after each restart by its owner; raise DemoError when it ends otherwise."""
        while self._process is not None and await self._process.wait() == RESTART:
            await self.start()
        raise DemoError("Home Assistant ended.")

    async def stop(self) -> None:
        """Let it write its state and end."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()


@asynccontextmanager
async def run_home_assistant(config: Path, log: Path, port: int) -> AsyncIterator[HomeAssistant]:
    """Run Home Assistant until the end of the block; raise DemoError."""
    _configure(config, port)
    home_assistant = HomeAssistant(config, log, port)
    try:
        await home_assistant.start()
        yield home_assistant
    finally:
        await home_assistant.stop()


def _configure(config: Path, port: int) -> None:
    """Write what Home Assistant needs before it starts; on later starts everything but the port is the owner's."""
    storage = config / ".storage"
    if not storage.exists():
        storage.mkdir(parents=True)
        shutil.copy(_HERE / "configuration.yaml", config)
        shutil.copy(_HERE / "scripts.yaml", config)
        for name in ("automations", "scenes"):
            (config / f"{name}.yaml").touch()
        for name in ("custom_components", "blueprints"):
            (config / name).symlink_to(ROOT / name, target_is_directory=True)
        # The onboarding steps that set up other integrations and ask for analytics; the one that creates the owner is left.
        _store(storage / "onboarding", 4, 1, {"done": ["core_config", "analytics", "integration"]})
    # Home Assistant reverts an `http:` section in YAML after five minutes, and exits.
    server = {
        "server_host": [LOOPBACK],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": False,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
    }
    _store(storage / "http", 2, 2, {"stable": server, "pending": None, "yaml_migration_done": True})


def _store(path: Path, version: int, minor_version: int, data: dict[str, Any]) -> None:
    """Write a file in the format of Home Assistant's storage."""
    document = {"version": version, "minor_version": minor_version, "key": path.name, "data": data}
    path.write_text(json.dumps(document), encoding="utf-8")
