"""The mock cloud: start, stop, control and observe it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
import time
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.mock_cloud.behavior import Behavior
from tests.mock_cloud.commands import Commands
from tests.mock_cloud.control_server import ControlServer, is_loopback
from tests.mock_cloud.controls import Controls
from tests.mock_cloud.core import Core, Login
from tests.mock_cloud.freedoms import Freedoms
from tests.mock_cloud.history import Event
from tests.mock_cloud.home_file import load_home
from tests.mock_cloud.model import Account, World
from tests.mock_cloud.observer import Observer, Request
from tests.mock_cloud.server import CLOSE_S, MAX_BODY, Server
from tests.mock_cloud.sessions import Session
from tests.mock_cloud.state_file import StateFile
from tests.mock_cloud.status import status_document
from tests.mock_cloud.stream import RESTARTING, Stream
from tests.mock_cloud.support import Support, Ticket
from tests.mock_cloud.wire import Document

# Changes come in bursts; a crash loses at most a second of them.
SAVE_DELAY_S = 1.0


class MockCloud(Controls):
    """A server of the whole contract, on one event loop."""

    def __init__(
        self,
        *,
        home: World | None = None,
        clock: Callable[[], float] = time.time,
        freedoms: Freedoms | None = None,
        observer: Observer | None = None,
        state_file: Path | None = None,
        control: bool = True,
    ) -> None:
        """`control` serves the virtual home and the controls over HTTP, if the address is a loopback one."""
        self._core = Core(home or load_home(), clock, freedoms or Freedoms.off())
        self._behavior = Behavior(self._core, lambda delay, done: asyncio.get_running_loop().call_later(delay, done))
        self._commands = Commands(self._core, self._behavior)
        self._support = Support(self._core)
        self._server = Server(self._core, self._commands, self._support, observer)
        self._state_file = StateFile(state_file, self._core, self._support) if state_file else None
        self._save_timer: asyncio.TimerHandle | None = None
        self._control = ControlServer(self) if control else None
        self._watchers: list[Callable[[str, Event], None]] = []
        self._runner: web.AppRunner | None = None
        self.port = 0

    # Starting and stopping

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one. A stopped cloud can be started again, also at its old `port`."""
        if self._state_file is not None:
            self._state_file.load()
        self._core.on_event = self._push
        self._core.on_change = self._save_soon
        self._core.on_tokens = self._save
        app = web.Application(client_max_size=MAX_BODY)
        if self._control is not None and is_loopback(host):
            self._control.add_routes(app)
        app.router.add_route("*", "/{path:.*}", self._server.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2 * CLOSE_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.port = self._runner.addresses[0][1]
        self._server.listen_at(f"http://{f'[{host}]' if ':' in host else host}:{self.port}")
        self._behavior.start()

    async def stop(self) -> None:
        """Close the streams (1012) and the server, cancel every timer, save."""
        if self._runner is None:
            return
        self._behavior.stop()
        for stream in self._server.streams:
            stream.mute(False)
            stream.close(RESTARTING, quiet=True)
        await self._runner.cleanup()
        self._runner = None
        if self._save_timer is not None:
            self._save_timer.cancel()
            self._save_timer = None
        if self._state_file is not None:
            self._state_file.save(clean=True)

    async def __aenter__(self) -> Self:
        """Start on a free port."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    def cut(self) -> None:
        """Drop all connections without a close frame, but those of the virtual home and the controls."""
        spared = set() if self._control is None else self._control.transports
        if self._runner is not None and self._runner.server is not None:
            for connection in self._runner.server.connections:
                if connection.transport is not None and connection.transport not in spared:
                    connection.transport.abort()

    # Settings

    @property
    def url(self) -> str:
        """The server's address."""
        return self._server.origin

    @property
    def login(self) -> Login:
        """How people log in: "password", "code" for the login page, or "both"."""
        return self._core.login

    @login.setter
    def login(self, login: Login) -> None:
        self._core.login = login

    def show_one_time_codes(self) -> None:
        """Show one-time codes on the login page, because nobody has a phone to send them to."""
        self._server.login_page.shows_one_time_code = True

    @property
    def latency(self) -> float:
        """Seconds before each response."""
        return self._server.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._server.latency = seconds

    @property
    def heartbeat_s(self) -> float:
        """The heartbeat interval of new streams, 5 to 45 s."""
        return self._server.heartbeat_s

    @heartbeat_s.setter
    def heartbeat_s(self, seconds: float) -> None:
        if not 5 <= seconds <= 45:
            raise ValueError("the contract allows 5 to 45 s")
        self._server.heartbeat_s = seconds

    @property
    def meters_report(self) -> bool:
        """Whether meters report their energy every few minutes; without, nothing changes by itself."""
        return self._behavior.meters_report

    @meters_report.setter
    def meters_report(self, report: bool) -> None:
        self._behavior.meters_report = report

    # What it holds

    def now(self) -> float:
        """Return the cloud's Unix time."""
        return self._core.clock()

    @property
    def requests(self) -> list[Request]:
        """Every request so far, with its status."""
        return self._server.requests

    @property
    def epoch(self) -> str:
        """The present epoch."""
        return self._core.epoch

    @property
    def accounts(self) -> list[Account]:
        """The accounts, with their passwords."""
        return self._core.world.accounts

    def status(self) -> Document:
        """Return settings, faults, accounts and tickets as JSON, without secrets."""
        return status_document(self._core, self._server, self._support)

    @property
    def streams(self) -> int:
        """The number of open event streams."""
        return len(self._server.streams)

    def state(self, device_id: str, endpoint_id: str) -> Document:
        """Return an endpoint's state as a snapshot shows it."""
        return dict(self._core.world.endpoint(device_id, endpoint_id).state)

    def device(self, device_id: str) -> Document:
        """Return a device as a snapshot shows it."""
        return self._core.world.device(device_id).document()

    def snapshot(self, account: str) -> Document:
        """Return the snapshot of an account."""
        return self._core.snapshot(self._account(account))

    def seq(self, account: str) -> int:
        """Return the head of an account's history."""
        return self._core.seq(self._account(account).id)

    def tickets(self, account: str) -> list[Ticket]:
        """Return an account's tickets and their feedback, newest first."""
        return self._support.of(self._account(account))

    def sessions(self, account: str) -> list[Session]:
        """Return an account's sessions that were not revoked."""
        return self._core.sessions.live(self._account(account).id)

    def one_time_code(self, account: str) -> str:
        """Return the last one-time code that an account was sent."""
        return self._server.login_page.one_time_codes[self._account(account).id]

    def watch(self, changed: Callable[[str, Event], None]) -> Callable[[], None]:
        """Call back with each change (an account's id, and the event) when it is counted, pushed or not.

        Return the function that ends it.
        """
        self._watchers.append(changed)
        return lambda: self._watchers.remove(changed)

    def watch_requests(self, received: Callable[[Request], None]) -> Callable[[], None]:
        """Call back with each request of the contract; return the function that ends it."""
        self._server.watchers.append(received)
        return lambda: self._server.watchers.remove(received)

    def _push(self, account_id: str, event: Event) -> None:
        for changed in self._watchers:
            changed(account_id, event)
        if not self._listeners(account_id):
            return  # a fault needs a stream
        for delay, receiver, arriving in self._server.faults.pass_on(account_id, event):
            for stream in self._listeners(receiver):
                if delay:  # for this stream only: a later one may have another epoch
                    asyncio.get_running_loop().call_later(delay, stream.push, arriving)
                else:
                    stream.push(arriving)

    def _listeners(self, account_id: str) -> list[Stream]:
        return [stream for stream in self._server.streams if stream.session.account_id == account_id]

    def _save_soon(self) -> None:
        if self._state_file is not None and self._save_timer is None and self._runner is not None:
            self._save_timer = asyncio.get_running_loop().call_later(SAVE_DELAY_S, self._save)

    def _save(self) -> None:
        if self._save_timer is not None:
            self._save_timer.cancel()
            self._save_timer = None
        if self._state_file is not None:
            self._state_file.save(clean=False)
