"""Commands on their way: one request in flight for an account, whatever is waiting leaves with the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
import logging
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

    async def execute(self, command: Command) -> CommandResult:
        """Return when the cloud has accepted the command.

        Raises CommandRejectedError where it or the device did not, CloudTimeoutError when the deadline has passed, and
        what a request raises.
        """
        loop = asyncio.get_running_loop()
        pending = _Pending(command, loop.create_future(), loop.time() + DEADLINE_S)
        self._waiting.append(pending)
        if self._worker is None:
            self._worker = asyncio.create_task(self._work(), name="WeSMART commands")
            self._worker.add_done_callback(self._worked)
        try:
            async with asyncio.timeout_at(pending.deadline):
                result = await pending.answer
        except TimeoutError:
            raise CloudTimeoutError(f"no answer to a command within {DEADLINE_S} s") from None
        if result.status == "rejected":
            raise CommandRejectedError(_problem(result))
        return result

    async def close(self) -> None:
        """Give up what is waiting or on its way."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait([self._worker])
        for pending in self._waiting:
            pending.answer.cancel()
        self._waiting.clear()

    def _worked(self, worker: asyncio.Task[None]) -> None:
        self._worker = None
        if not worker.cancelled() and (err := worker.exception()):
            _LOGGER.error("The command pump stopped", exc_info=err)

    async def _work(self) -> None:
        batch: list[_Pending] = []
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_COMMANDS))]
                await self._deliver([pending for pending in batch if not pending.answer.done()])
        finally:
            for pending in batch:
                pending.answer.cancel()

    async def _deliver(self, batch: list[_Pending]) -> None:
        """Send a batch, again where there was no answer, until each has one or its deadline has passed."""
        loop = asyncio.get_running_loop()
        while batch:
            self._order = max(self._order + 1, int(self._clock() * 1000))
            try:
                async with asyncio.timeout_at(max(pending.deadline for pending in batch)):
                    results = await self._send(self._order, [pending.command for pending in batch])
            except TimeoutError:
                return  # each caller has its own clock, and has been told
            except BusyError as err:
                batch = _refuse(batch, err, loop.time() + (err.retry_after or _RETRY_S))
                await asyncio.sleep(err.retry_after or _RETRY_S)
            except CloudConnectionError as err:
                batch = _refuse(batch, err, loop.time() + _RETRY_S)
                await asyncio.sleep(_RETRY_S)
            except WeSmartError as err:
                _refuse(batch, err, float("inf"))
                return
            else:
                _answer(batch, results)
                return
            batch = [pending for pending in batch if not pending.answer.done()]


def _refuse(batch: list[_Pending], err: WeSmartError, again_at: float) -> list[_Pending]:
    """Fail those that cannot wait until `again_at`; return the others."""
    for pending in batch:
        if pending.deadline <= again_at and not pending.answer.done():
            pending.answer.set_exception(err)
    return [pending for pending in batch if not pending.answer.done()]


def _answer(batch: list[_Pending], results: Sequence[CommandResult]) -> None:
    by_id = {result.id: result for result in results}
    for pending in batch:
        if not pending.answer.done():
            # A command without a result was not done as far as anyone knows: that is a rejection, not a success.
            pending.answer.set_result(by_id.get(pending.command.id) or CommandResult(pending.command.id, "rejected"))


def _problem(result: CommandResult) -> str:
    problem = result.problem
    return problem_name(problem.type if isinstance(problem, Problem) else problem or "")
