"""Commands, and the queue that sends them (contract, "Commands").

The first command leaves at once. What comes while a request is on its way waits, and all of it leaves with the next one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
import logging
import math
import uuid

import msgspec
from msgspec import Struct, field

from .errors import (
    BusyError,
    ClientClosedError,
    CloudConnectionError,
    CloudTimeoutError,
    CommandRejectedError,
    CommandTimeoutError,
    UnexpectedResponseError,
    WeSmartError,
)
from .models import EndpointKey, Patch

_LOGGER = logging.getLogger(__name__)

# A caller gets an answer within this time, and a command is not sent again after it (C-64).
COMMAND_TIMEOUT_S = 10
MAX_COMMANDS = 200
# Pause before a request that got no response is repeated.
_RETRY_S = 0.5
_PROBLEM_PREFIX = "urn:wesmart:problem:"

type FieldValue = bool | float | str | None


class Command(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A command for an endpoint, a device or a scene."""

    device_id: str | None = None
    endpoint_id: str | None = None
    scene_id: str | None = None
    fields: dict[str, FieldValue] | None = field(default=None, name="set")
    do: str | None = None

    @classmethod
    def set(cls, key: EndpointKey, **fields: FieldValue) -> Command:
        """Set fields of an endpoint's state, and `transition_ms` of a light that can fade."""
        return cls(device_id=key.device_id, endpoint_id=key.endpoint_id, fields=fields)

    @classmethod
    def stop(cls, key: EndpointKey) -> Command:
        """Stop a curtain, its tilt included."""
        return cls(device_id=key.device_id, endpoint_id=key.endpoint_id, do="stop")

    @classmethod
    def identify(cls, device_id: str) -> Command:
        """Let a device show itself to a person in front of it."""
        return cls(device_id=device_id, do="identify")

    @classmethod
    def update(cls, device_id: str) -> Command:
        """Start the update of a device."""
        return cls(device_id=device_id, do="update")

    @classmethod
    def activate(cls, scene_id: str) -> Command:
        """Activate a scene."""
        return cls(scene_id=scene_id, do="activate")

    @property
    def key(self) -> EndpointKey | None:
        """Return the endpoint; None for a device or a scene."""
        if self.device_id is None or self.endpoint_id is None:
            return None
        return EndpointKey(self.device_id, self.endpoint_id)

    def replaces(self, earlier: Command) -> bool:
        """Return whether this sets everything that an earlier command sets, so that only this one counts."""
        if self.fields is None or earlier.fields is None or self.key != earlier.key:
            return False
        return earlier.fields.keys() - {"transition_ms"} <= self.fields.keys()

    def check(self) -> None:
        """Raise CommandRejectedError if the command cannot be put into JSON."""
        values = (self.fields or {}).values()
        try:
            msgspec.json.encode(self)
        except UnicodeEncodeError:
            raise CommandRejectedError("invalid-request") from None
        if any(isinstance(value, float) and not math.isfinite(value) for value in values):
            raise CommandRejectedError("invalid-request")


class Problem(Struct, frozen=True):
    """Why a command was rejected."""

    type: str = ""


class CommandResult(Struct, frozen=True, kw_only=True):
    """The result of a command; `state` is the endpoint's whole state at `seq`, if it was applied to one."""

    status: str  # applied, rejected or superseded; a newer server may add to these
    seq: float | None = None
    state: Patch | None = None
    problem: Problem | None = None


class CommandResponse(Struct, frozen=True, kw_only=True):
    """The response to a request: the results in the order of its commands."""

    epoch: str
    results: list[CommandResult]


type Send = Callable[[str, int, Sequence[Command]], Awaitable[CommandResponse]]


@dataclass(slots=True, eq=False)
class _Pending:
    """A command with its callers and their deadlines."""

    command: Command
    waiters: list[tuple[asyncio.Future[None], float]]

    def is_wanted(self, now: float) -> bool:
        return any(not future.done() and now < deadline for future, deadline in self.waiters)


class CommandQueue:
    """Sends commands in the order they are given, one request at a time."""

    def __init__(self, send: Send, on_response: Callable[[Sequence[Command], CommandResponse], None]) -> None:
        """Send with `send`; `on_response` is called before the callers get their answer."""
        self._send = send
        self._on_response = on_response
        self._run = str(uuid.uuid4())
        self._order = 0
        self._waiting: list[_Pending] = []
        self._sending: list[_Pending] = []
        self._worker: asyncio.Task[None] | None = None
        self._is_closed = False

    async def execute(self, command: Command) -> None:
        """Return when the server has applied the command, or a later one that replaces it.

        Raises CommandRejectedError, CommandTimeoutError after ten seconds, and what a request raises. BusyError is
        raised at once if the server asks to wait for longer than that.
        """
        command.check()
        if self._is_closed:
            raise _closed()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        deadline = loop.time() + COMMAND_TIMEOUT_S
        pending = _Pending(command, [(future, deadline)])
        for earlier in [earlier for earlier in self._waiting if command.replaces(earlier.command)]:
            self._waiting.remove(earlier)
            pending.waiters = earlier.waiters + pending.waiters
        self._waiting.append(pending)
        if self._worker is None:
            self._worker = asyncio.create_task(self._work(), name="WeSMART commands")
        try:
            async with asyncio.timeout_at(deadline):
                await future
        except TimeoutError:
            raise _timeout() from None

    async def close(self) -> None:
        """Give up everything that waits or is on its way; the callers get a ClientClosedError, and so do later ones."""
        self._is_closed = True
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait([self._worker])
        _fail(self._sending + self._waiting, _closed())

    async def _work(self) -> None:
        try:
            while self._waiting:
                self._sending, self._waiting = self._waiting[:MAX_COMMANDS], self._waiting[MAX_COMMANDS:]
                await self._send_request()
        finally:
            self._worker = None

    async def _send_request(self) -> None:
        """Send the commands until there is a response, or nobody waits for one."""
        loop = asyncio.get_running_loop()
        is_retried = False
        self._order += 1
        while True:
            wanted = [pending for pending in self._sending if pending.is_wanted(loop.time())]
            if len(wanted) < len(self._sending):
                # A request with other commands is not a repeat of the last one.
                self._sending = wanted
                self._order += 1
            if not wanted:
                return
            commands = [pending.command for pending in wanted]
            try:
                async with asyncio.timeout_at(max(deadline for pending in wanted for _, deadline in pending.waiters)):
                    response = await self._send(self._run, self._order, commands)
            except TimeoutError:
                return  # nobody waits any more
            except (CloudConnectionError, BusyError) as err:
                delay = (err.retry_after if isinstance(err, BusyError) else None) or _RETRY_S
                until = loop.time() + delay
                _fail(wanted, err, until=until)
                if any(pending.is_wanted(until) for pending in wanted):
                    await asyncio.sleep(delay)
                continue
            except WeSmartError as err:
                _fail(wanted, err)
                return
            if not is_retried and all(result.status == "superseded" for result in response.results):
                # The server knows of newer requests of this session, such as those of a restored backup.
                is_retried = True
                self._run, self._order = str(uuid.uuid4()), 1
                continue
            self._finish(wanted, response)
            return

    def _finish(self, sent: Sequence[_Pending], response: CommandResponse) -> None:
        self._sending = []
        try:
            self._on_response([pending.command for pending in sent], response)
        except Exception:
            _LOGGER.exception("The results of commands could not be applied")
        for pending, result in zip(sent, response.results, strict=True):
            if err := _error(result):
                _fail([pending], err)
            else:
                for future, _ in pending.waiters:
                    if not future.done():
                        future.set_result(None)


def _fail(pendings: Iterable[_Pending], err: WeSmartError, *, until: float = math.inf) -> None:
    """Raise an error for the callers who cannot wait beyond `until`."""
    if isinstance(err, CloudTimeoutError):
        err = _timeout()
    for pending in pendings:
        for future, deadline in pending.waiters:
            if deadline <= until and not future.done():
                future.set_exception(err)


def _error(result: CommandResult) -> WeSmartError | None:
    match result.status:
        case "applied":
            return None
        case "rejected":
            return CommandRejectedError((result.problem or Problem()).type.removeprefix(_PROBLEM_PREFIX))
        case "superseded":
            return CommandRejectedError("superseded")
    return UnexpectedResponseError("a command result of an unknown status")


def _closed() -> ClientClosedError:
    return ClientClosedError("closed before there was a response")


def _timeout() -> CommandTimeoutError:
    return CommandTimeoutError(f"no response to a command within {COMMAND_TIMEOUT_S} s")
