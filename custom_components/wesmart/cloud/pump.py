"""Commands on their way: one request in flight for an account, whatever is waiting leaves with the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
import logging
import math
import time

from .client import Command, CommandResult, Problem
from .errors import BusyError, CloudConnectionError, CloudTimeoutError, CommandRejectedError, WeSmartError
from .problems import problem_name

_LOGGER = logging.getLogger(__name__)

# Contract, promise 2: every action has its answer within this time, and is not tried again after it.
DEADLINE_S = 10
# Contract, section "Commands".
_MOST_COMMANDS = 200
# A command that got no answer is asked about again, under its id, after this long.
_RETRY_S = 0.5

type Send = Callable[[int, Sequence[Command]], Awaitable[list[CommandResult]]]


@dataclass(slots=True, eq=False)
class _Pending:
    command: Command
    answer: asyncio.Future[CommandResult]
    deadline: float  # on the loop's clock


class CommandPump:
    """Sends commands in the order they were given, at most one request at a time."""

    def __init__(self, send: Send, *, clock: Callable[[], float] = time.time) -> None:
        """Send with `send`; `clock` is Unix time and makes `order` rise across restarts."""
        self._send = send
        self._clock = clock
        self._order = 0
        self._waiting: deque[_Pending] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._busy: BusyError | None = None
        self._again_at = 0.0  # on the loop's clock: nothing is sent before

    async def execute(self, command: Command) -> CommandResult:
        """Return when the cloud has accepted the command.

        Raises CommandRejectedError where it or the device did not, CloudTimeoutError when the deadline has passed, and
        what a request raises; BusyError at once where the cloud wants to be left alone until after the deadline.
        """
        loop = asyncio.get_running_loop()
        pending = _Pending(command, loop.create_future(), loop.time() + DEADLINE_S)
        if self._busy is not None and pending.deadline <= self._again_at:
            busy = copy(self._busy)
            busy.retry_after = self._again_at - loop.time()
            raise busy
        self._waiting.append(pending)
        self._start()
        try:
            async with asyncio.timeout_at(pending.deadline):
                result = await pending.answer
        except TimeoutError:
            raise CloudTimeoutError(f"no answer to a command within {DEADLINE_S} s") from None
        if result.status == "rejected":
            raise CommandRejectedError(_problem(result))
        return result

    async def close(self) -> None:
        """Give up what is waiting or on its way: each caller gets a CloudConnectionError."""
        _refuse(self._waiting, _given_up())
        self._waiting.clear()
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait([self._worker])

    def _start(self) -> None:
        if self._worker is None and self._waiting:
            self._worker = asyncio.create_task(self._work(), name="WeSMART commands")
            self._worker.add_done_callback(self._worked)

    def _worked(self, worker: asyncio.Task[None]) -> None:
        self._worker = None
        if not worker.cancelled() and (err := worker.exception()):
            _LOGGER.error("The command pump stopped", exc_info=err)
        # Whoever got the last answer may have come with the next command before this was called.
        self._start()

    async def _work(self) -> None:
        batch: list[_Pending] = []
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_COMMANDS))]
                await self._deliver(batch)
        finally:
            _refuse(batch, _given_up())

    async def _deliver(self, batch: list[_Pending]) -> None:
        """Send a batch, again where there was no answer, until each has one or its deadline has passed."""
        loop = asyncio.get_running_loop()
        while batch := [pending for pending in batch if not pending.answer.done()]:
            if (pause := self._again_at - loop.time()) > 0:
                await asyncio.sleep(pause)
                continue
            self._order = max(self._order + 1, int(self._clock() * 1000))
            try:
                async with asyncio.timeout_at(max(pending.deadline for pending in batch)):
                    results = await self._send(self._order, [pending.command for pending in batch])
            except TimeoutError:
                return  # each caller has its own clock, and has been told
            except BusyError as err:
                self._busy = err
                self._pause(batch, err, err.retry_after or _RETRY_S)
            except CloudConnectionError as err:
                self._pause(batch, err, _RETRY_S)
            except WeSmartError as err:
                _refuse(batch, err)
                return
            else:
                _answer(batch, results)
                return

    def _pause(self, batch: Iterable[_Pending], err: WeSmartError, seconds: float) -> None:
        """Send nothing for so long; those who cannot wait are told at once."""
        self._again_at = asyncio.get_running_loop().time() + seconds
        _refuse((*batch, *self._waiting), err, self._again_at)


def _refuse(refused: Iterable[_Pending], err: WeSmartError, again_at: float = math.inf) -> None:
    """Fail those that cannot wait until `again_at`."""
    for pending in refused:
        if pending.deadline <= again_at and not pending.answer.done():
            pending.answer.set_exception(err)


def _given_up() -> CloudConnectionError:
    return CloudConnectionError("given up before there was an answer")


def _answer(batch: list[_Pending], results: Sequence[CommandResult]) -> None:
    by_id = {result.id: result for result in results}
    for pending in batch:
        if not pending.answer.done():
            # A command without a result was not done as far as anyone knows: that is a rejection, not a success.
            pending.answer.set_result(by_id.get(pending.command.id) or CommandResult(pending.command.id, "rejected"))


def _problem(result: CommandResult) -> str:
    problem = result.problem
    return problem_name(problem.type if isinstance(problem, Problem) else problem or "")
