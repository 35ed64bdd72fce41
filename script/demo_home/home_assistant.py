"""A Home Assistant of our own: its configuration, its process, and its end."""

import asyncio
from asyncio.subprocess import Process
import os
from pathlib import Path
import signal
import sys
from typing import Never, Self

import aiohttp
import msgspec

from .errors import DemoError
from .folder import ROOT, Folder
from .ports import LOOPBACK

# A first start without any bytecode cache takes 20 s on a slow machine.
START_TIMEOUT_S = 180
# Home Assistant gives itself up to a minute and a half to write its state; it needs about one second.
STOP_TIMEOUT_S = 90
# What Home Assistant ends with when its user restarts it.
RESTART_EXIT_CODE = 100

# Every Home Assistant imports packages for speech and for cameras, though it may never use them. There are machines that
# cannot build the former, and machines without the library of the latter: these are modules of their names.
_STAND_INS = Path(__file__).with_name("stand_ins")

# What the demo shows, named one by one: `default_config` would bring integrations that look around in the network.
# `ffmpeg` comes with every Home Assistant; all it wants of its program here is an answer when asked for the version.
_CONFIGURATION = """\
homeassistant:
  name: WeSMART demo
  language: {language}
  country: VN
  currency: VND
  time_zone: Asia/Ho_Chi_Minh
  unit_system: metric
  latitude: 21.0285
  longitude: 105.8542
  elevation: 12
config:
ffmpeg:
  ffmpeg_bin: "/bin/true"
frontend:
history:
logbook:
logger:
  default: warning
  logs:
    custom_components.wesmart: info
recorder:
"""


class HomeAssistant:
    """A running Home Assistant, stopped at the end of the `async with` block."""

    def __init__(self, folder: Folder, port: int, language: str) -> None:
        self._folder = folder
        self._port = port
        self._language = language
        self._process: Process | None = None
        self.url = f"http://{LOOPBACK}:{port}"

    async def __aenter__(self) -> Self:
        """Start it, and wait until it answers; raise DemoError."""
        _configure(self._folder.config, self._port, self._language)
        self._folder.log.unlink(missing_ok=True)
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Stop it."""
        await self.stop()

    async def start(self) -> None:
        """Start the process, and wait until it answers; raise DemoError."""
        environment = {**os.environ, "PYTHONPATH": str(_STAND_INS)}
        # Without a bytecode cache every start would be a slow one.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        with self._folder.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                Path(sys.executable).with_name("hass"),
                *("--config", self._folder.config, "--skip-pip", "--log-no-color"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                # A Ctrl-C is the demo's, which stops Home Assistant before the cloud.
                start_new_session=True,
                pass_fds=[self._folder.lock],
            )
        self._folder.note_home_assistant(self._process.pid)
        ended = asyncio.ensure_future(self._process.wait())
        answered = asyncio.ensure_future(_answered(self.url))
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await asyncio.wait({ended, answered}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise DemoError(f"Home Assistant did not answer within {START_TIMEOUT_S} s.") from None
        finally:
            answered.cancel()
            ended.cancel()
        if self._process.returncode is not None:
            raise DemoError(f"Home Assistant ended at once, {_how(self._process.returncode)}.")

    async def keep_running(self) -> Never:
        """Restart it whenever its user asks for that; raise DemoError when it ends otherwise and not by us."""
        while self._process is not None:
            code = await self._process.wait()
            if code != RESTART_EXIT_CODE:
                raise DemoError(f"Home Assistant ended by itself, {_how(code)}.")
            await self.start()
        raise RuntimeError("not started")

    async def stop(self) -> None:
        """Have it write its state and end."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _how(code: int) -> str:
    """Return how a process ended, by what it left as its code."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"with code {code}" if code else "as when it is told to stop"


async def _answered(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/manifest.json") as response:
                    if response.ok:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)


def _configure(config: Path, port: int, language: str) -> None:
    """Write what Home Assistant has to know before it starts, over what it knew."""
    storage = config / ".storage"
    storage.mkdir(parents=True, exist_ok=True)
    (config / "configuration.yaml").write_text(_CONFIGURATION.format(language=language), encoding="utf-8")
    mounted = config / "custom_components"
    if not mounted.is_symlink():
        mounted.symlink_to(ROOT / "custom_components", target_is_directory=True)

    # As YAML this would be on trial for five minutes, and Home Assistant ends when nobody confirms it.
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
    # The steps of the first-run wizard that start flows of other integrations, or ask for analytics. The one that
    # creates the owner is left.
    if not (storage / "onboarding").exists():
        _store(storage / "onboarding", 4, 1, {"done": ["core_config", "analytics", "integration"]})


def _store(path: Path, version: int, minor_version: int, data: dict[str, object]) -> None:
    """Write a file as Home Assistant's storage has it."""
    document = {"version": version, "minor_version": minor_version, "key": path.name, "data": data}
    path.write_bytes(msgspec.json.encode(document))
