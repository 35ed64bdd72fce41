"""A home in virtual time: the real client, the simulated cloud, the link between them, and the steps of a schedule."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from itertools import count
from typing import cast

from custom_components.wesmart.cloud.client import WeSmartClient
from custom_components.wesmart.cloud.commands import Command
from custom_components.wesmart.cloud.connection import Connection
from custom_components.wesmart.cloud.errors import BusyError, WeSmartError
from tests.cloud.simulation.cloud import SimulatedCloud
from tests.cloud.simulation.home import CURTAIN, GANGS, LAMP, PLUG
from tests.cloud.simulation.link import Fault, Link
from tests.cloud.simulation.modules import ClientModules
from tests.cloud.simulation.witness import Witness

type Step = tuple[str, *tuple[str | float, ...]]

# As Home Assistant's coordinator polls.
_POLL_S = 30
_STREAMING_POLL_S = 3600

_ENDPOINTS = {"lamp": LAMP, "first gang": GANGS[0], "second gang": GANGS[1], "curtain": CURTAIN, "plug": PLUG}


class Simulation:
    """A home, its client, and what happens to them."""

    def __init__(self, modules: ClientModules, broken: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._modules = modules
        self.cloud = SimulatedCloud(self._loop.time, self._loop.call_later, broken)
        self.witness = Witness(self.cloud, self._loop.time)
        self.link = Link(self.cloud, self.witness, modules.command_response)
        self._poll_now = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._calls: set[asyncio.Task[None]] = set()
        self._numbers = count(1)
        self._steps = self._describe_steps()
        self.start_client()

    def start_client(self) -> None:
        """Begin a life of the client: a snapshot first, then the stream, and polls beside it."""
        self.connection = connection = self._modules.connection(
            cast("WeSmartClient", self.link),
            self._modules.home_state(),
            on_changes=self.witness.changed,
            on_streaming=self._poll_soon,
            on_account_outdated=self.witness.account_outdated,
        )
        self.witness.begin(connection)
        self.link.not_before.clear()
        self._tasks = [self._loop.create_task(self._poll(connection))]

    async def stop_client(self) -> None:
        """End a life of the client."""
        self.witness.callers.end()
        await self.connection.queue.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._calls, return_exceptions=True)

    @property
    def is_quiet(self) -> bool:
        """Whether nobody waits for anything and everything seems to be known."""
        state = self.connection.state
        is_current = (state.epoch, state.state_seq) == self.cloud.position and not state.dirty
        is_followed = self.connection.streaming and self.link.stream is not None and not self.link.stream.is_dead
        return is_current and is_followed and not self._calls and self.cloud.is_up

    def _poll_soon(self, streaming: bool) -> None:
        if not streaming:
            self._poll_now.set()

    async def _poll(self, connection: Connection) -> None:
        is_loaded = False
        while True:
            delay: float = _STREAMING_POLL_S if connection.streaming else _POLL_S
            self.witness.snapshots_due += 1
            try:
                await connection.refresh()
            except WeSmartError as err:
                delay = (isinstance(err, BusyError) and err.retry_after) or _POLL_S
            else:
                if not is_loaded:
                    is_loaded = True
                    self.witness.account_outdated()
                    self._tasks.append(self._loop.create_task(connection.run()))
            self._poll_now.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._poll_now.wait()

    # Steps

    async def play(self, name: str, *arguments: str | float) -> None:
        """Do one step."""
        if (waiting := self._steps[name](*arguments)) is not None:
            await waiting

    def _describe_steps(self) -> Mapping[str, Callable[..., Awaitable[None] | None]]:
        cloud, link = self.cloud, self.link
        return {
            "wait": asyncio.sleep,
            # The client
            "call": self._call,
            "poll": self._poll_beside,
            "restart client": self._restart_client,
            # The link
            "request": lambda kind, *fault: link.request_faults[kind].append(Fault(*fault)),
            "frame": lambda *fault: link.frame_faults.append(Fault(*fault)),
            "cut": link.cut,
            "go silent": link.go_silent,
            # The homes
            "change": lambda name: cloud.write(_ENDPOINTS[name], self._fields(name, "on")),
            "stop": lambda: cloud.stop(CURTAIN),
            "press": cloud.press,
            "offline": lambda device: cloud.change_device(device, online=False),
            "online": lambda device: cloud.change_device(device, online=True),
            "rename": lambda device: cloud.change_device(device, name=f"name {next(self._numbers)}"),
            "move": lambda device, home: cloud.change_device(device, home_id=home),
            "add": cloud.add_device,
            "remove": cloud.remove_device,
            "add home": cloud.add_home,
            "rename home": cloud.rename_home,
            "remove home": cloud.remove_home,
            # The operator
            "ticket": cloud.file_ticket,
            "account": cloud.change_account,
            "restart": self._restart_cloud,
            "back up": cloud.save_backup,
            "forget history": cloud.forget_history,
            "new epoch": self._begin_epoch,
            "invalid": self._send_invalid,
            "use session elsewhere": lambda: cloud.use_session_elsewhere(f"other {next(self._numbers)}"),
        }

    async def _restart_client(self) -> None:
        await self.stop_client()
        self.start_client()

    def _poll_beside(self, late: float) -> None:
        if late:
            self.link.request_faults["snapshot"].append(Fault("late answer", late))
        self.witness.snapshots_due += 1
        self._spawn(self._refresh())

    def _begin_epoch(self, source: str, offset: float) -> None:
        self.link.cut(1012)
        self.cloud.begin_epoch(int(offset), from_backup=source == "from a backup")

    def _send_invalid(self, kind: str) -> None:
        self.witness.snapshots_due += 2
        self.cloud.send_invalid(kind)

    def _restart_cloud(self, seconds: float) -> None:
        self.link.cut(1012)
        self.cloud.is_up = False
        self._loop.call_later(seconds, setattr, self.cloud, "is_up", True)

    def _fields(self, name: str, what: str) -> dict[str, bool | float | str | None]:
        """Return fields to set, with values that nobody has set before."""
        number = next(self._numbers)
        match name, what:
            case "curtain", _:
                return {"position": number / 10}
            case "lamp", "brightness":
                return {"brightness": 1 + number / 10}
            case "lamp", "both":
                return {"on": number % 2 == 0, "brightness": 1 + number / 10}
        return {"on": number % 2 == 0}

    def _call(self, name: str, what: str) -> None:
        key = _ENDPOINTS[name]
        command = self._modules.command
        if key not in self.connection.state.endpoints:
            return
        is_stop = what == "stop" and key == CURTAIN
        self._spawn(self._execute(command.stop(key) if is_stop else command.set(key, **self._fields(name, what))))

    async def _execute(self, command: Command) -> None:
        caller = self.witness.callers.call(command)
        outcome = None
        try:
            await self.connection.queue.execute(command)
        except WeSmartError as err:
            outcome = err
        self.witness.told(caller, outcome)

    async def _refresh(self) -> None:
        with suppress(WeSmartError):
            await self.connection.refresh()

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(coroutine)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
