"""The Home Assistant process of the demo and its configuration folder."""

import asyncio
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import os
from pathlib import Path
import shutil
import sys
from typing import Any, Never

import aiohttp

from .client import DemoError

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
# A first start without a bytecode cache takes 20 s on a slow machine.
START_TIMEOUT_S = 180
# Home Assistant takes up to 90 s to write its state; about one second is usual.
STOP_TIMEOUT_S = 90
# The exit code after Home Assistant's own "restart".
RESTART = 100

_HERE = Path(__file__).parent


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
        tasks = {asyncio.create_task(self._process.wait()), asyncio.create_task(self._until_it_answers())}
        _, pending = await asyncio.wait(tasks, timeout=START_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        if self._process.returncode is not None or len(pending) > 1:
            raise DemoError("Home Assistant ended at once, or does not answer.")

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

    async def _until_it_answers(self) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"{self.url}/manifest.json") as response:
                        if response.ok:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.1)


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
        for name in ("automations", "scripts", "scenes"):
            (config / f"{name}.yaml").touch()
        (config / "custom_components").symlink_to(ROOT / "custom_components", target_is_directory=True)
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
