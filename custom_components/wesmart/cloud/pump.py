"""Commands on their way: one request in flight for an account, whatever is waiting leaves merged with the next."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
import logging
import math
import time

from .commands import Command, CommandResult, Problem
from .errors import BusyError, CloudConnectionError, CloudTimeoutError, CommandRejectedError, WeSmartError
from .outbox import Outbox, Parcel
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
class _Call:
    """Somebody who waits for an answer."""

    answer: asyncio.Future[CommandResult]
    deadline: float  # on the loop's clock


class CommandPump:
    """Sends commands so that they take effect in the order they were given, with at most one request at a time."""

    def __init__(
        self,
        send: Send,
        *,
        on_applied: Callable[[Command, int], None] = lambda _command, _seq: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Send with `send`; `clock` is Unix time and makes `order` rise across restarts.

        `on_applied` is told of each command that the device has accepted, and of the `seq` its effect is at, before
        anybody who waits for it is.
        """
        self._send = send
        self._on_applied = on_applied
        self._clock = clock
        self._order = 0
        self._outbox: Outbox[_Call] = Outbox()
        self._worker: asyncio.Task[None] | None = None
        self._busy: BusyError | None = None
        self._again_at = 0.0  # on the loop's clock: nothing is sent before

    async def execute(self, command: Command) -> CommandResult:
        """Return when the cloud has accepted the command, or one that did its work and more.

        Raises CommandRejectedError where it or the device did not, CloudTimeoutError when the deadline has passed, and
        what a request raises; BusyError at once where the cloud wants to be left alone until after the deadline.
        """
        loop = asyncio.get_running_loop()
        call = _Call(loop.create_future(), loop.time() + DEADLINE_S)
        if self._busy is not None and call.deadline <= self._again_at:
            busy = copy(self._busy)
            busy.retry_after = self._again_at - loop.time()
            raise busy
        self._outbox.put(command, call)
        self._start()
        try:
            async with asyncio.timeout_at(call.deadline):
                result = await call.answer
        except TimeoutError:
            raise CloudTimeoutError(f"no answer to a command within {DEADLINE_S} s") from None
        if result.status == "rejected":
            raise CommandRejectedError(_problem(result))
        return result

    async def close(self) -> None:
        """Give up what is waiting or on its way: each caller gets a CloudConnectionError."""
        _refuse(self._outbox.calls(), _given_up())
        self._outbox.clear()
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait([self._worker])

    def _start(self) -> None:
        if self._worker is None and self._outbox:
            self._worker = asyncio.create_task(self._work(), name="WeSMART commands")
            self._worker.add_done_callback(self._worked)

    def _worked(self, worker: asyncio.Task[None]) -> None:
        self._worker = None
        if not worker.cancelled() and (err := worker.exception()):
            _LOGGER.error("The command pump stopped", exc_info=err)
        # Whoever got the last answer may have come with the next command before this was called.
        self._start()

    async def _work(self) -> None:
        parcels: list[Parcel[_Call]] = []
        try:
            while self._outbox:
                parcels = self._outbox.take(_MOST_COMMANDS)
                await self._deliver(parcels)
        finally:
            _refuse(_calls(parcels), _given_up())

    async def _deliver(self, parcels: list[Parcel[_Call]]) -> None:
        """Send parcels, again where there was no answer, until each has one or its deadline has passed."""
        loop = asyncio.get_running_loop()
        while parcels := self._still_wanted(parcels, loop.time()):
            if (pause := self._again_at - loop.time()) > 0:
                await asyncio.sleep(pause)
                continue
            self._order = max(self._order + 1, int(self._clock() * 1000))
            try:
                async with asyncio.timeout_at(max(call.deadline for call in _calls(parcels))):
                    results = await self._send(self._order, [parcel.command for parcel in parcels])
            except TimeoutError:
                return  # each caller has its own clock, and has been told
            except BusyError as err:
                self._busy = err
                self._pause(parcels, err, err.retry_after or _RETRY_S)
            except CloudConnectionError as err:
                self._pause(parcels, err, _RETRY_S)
            except WeSmartError as err:
                _refuse(_calls(parcels), err)
                return
            else:
                self._answer(parcels, results)
                return

    def _still_wanted(self, parcels: list[Parcel[_Call]], now: float) -> list[Parcel[_Call]]:
        """Return the parcels that may still be sent; a parcel that outlived one of its calls is packed anew.

        What nobody waits for any more must not be done any more, and the same id may only be sent with the same body.
        """
        wanted = []
        for parcel in parcels:
            waiting = [(command, call) for command, call in parcel.calls if not call.answer.done()]
            if len(waiting) == len(parcel.calls) and all(call.deadline > now for _, call in waiting):
                wanted.append(parcel)
            else:
                self._outbox.put_back(waiting)
        return wanted

    def _pause(self, parcels: Iterable[Parcel[_Call]], err: WeSmartError, seconds: float) -> None:
        """Send nothing for so long; those who cannot wait are told at once."""
        self._again_at = asyncio.get_running_loop().time() + seconds
        _refuse((*_calls(parcels), *self._outbox.calls()), err, self._again_at)

    def _answer(self, parcels: Iterable[Parcel[_Call]], results: Sequence[CommandResult]) -> None:
        by_id = {result.id: result for result in results}
        for parcel in parcels:
            # A command without a result was not done as far as anyone knows: that is a rejection, not a success.
            result = by_id.get(parcel.command.id) or CommandResult(parcel.command.id, "rejected")
            if result.status == "rejected" and len(parcel.calls) > 1:
                # Whose fault it was is only known when each is tried by itself.
                self._outbox.put_back((command, call) for command, call in parcel.calls if not call.answer.done())
                continue
            if result.status == "applied" and result.seq is not None:
                self._on_applied(parcel.command, int(result.seq))
            for _, call in parcel.calls:
                if not call.answer.done():
                    call.answer.set_result(result)


def _calls(parcels: Iterable[Parcel[_Call]]) -> list[_Call]:
    return [call for parcel in parcels for _, call in parcel.calls]


def _refuse(calls: Iterable[_Call], err: WeSmartError, again_at: float = math.inf) -> None:
    """Fail those that cannot wait until `again_at`."""
    for call in calls:
        if call.deadline <= again_at and not call.answer.done():
            call.answer.set_exception(err)


def _given_up() -> CloudConnectionError:
    return CloudConnectionError("given up before there was an answer")


def _problem(result: CommandResult) -> str:
    problem = result.problem
    return problem_name(problem.type if isinstance(problem, Problem) else problem or "")
