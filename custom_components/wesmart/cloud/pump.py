"""Commands on their way: one request in flight for an account, whatever is waiting leaves merged with the next."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
import logging
import time

from .commands import Command, CommandResult
from .dispatch import Conclusion, Dispatcher, Request
from .errors import CloudTimeoutError, CommandTimeoutError, GivenUpError, WeSmartError
from .patience import DEADLINE_S

_LOGGER = logging.getLogger(__name__)

type Send = Callable[[int, Sequence[Command]], Awaitable[list[CommandResult]]]
type _Answer = asyncio.Future[CommandResult]


class CommandPump:
    """Sends what its dispatcher decides, and tells the callers: one task, their timers, nothing else."""

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
        self._dispatcher: Dispatcher[_Answer] = Dispatcher(clock)
        self._worker: asyncio.Task[None] | None = None

    async def execute(self, command: Command) -> CommandResult:
        """Return when the cloud has accepted the command, or one that did its work and more.

        One that is superseded by what this pump knows nothing of was not accepted: it is sent again with a higher
        order. Raises CommandRejectedError where the cloud or the device did not accept it, CommandTimeoutError when the
        deadline has passed, and what a request raises; BusyError at once where the cloud wants to be left alone until
        after the deadline.
        """
        loop = asyncio.get_running_loop()
        answer: _Answer = loop.create_future()
        call = self._dispatcher.put(command, answer, loop.time())
        self._start()
        try:
            async with asyncio.timeout_at(call.deadline):
                return await answer
        except TimeoutError:
            raise _timeout() from None
        finally:
            self._dispatcher.give_up(call)

    def order_after(self, unix_time: float) -> None:
        """Have orders rise from the cloud's time: our clock may be behind what it was before a restart."""
        self._dispatcher.order_after(unix_time)

    async def close(self) -> None:
        """Give up what is waiting or on its way: each caller gets a GivenUpError."""
        _tell(self._dispatcher.clear(_given_up()))
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait([self._worker])

    def _start(self) -> None:
        if self._worker is None and self._dispatcher:
            self._worker = asyncio.create_task(self._work(), name="WeSMART commands")
            self._worker.add_done_callback(self._worked)

    def _worked(self, worker: asyncio.Task[None]) -> None:
        self._worker = None
        # Also where the worker was cancelled before it began.
        _tell(self._dispatcher.abandoned(_given_up()))
        if not worker.cancelled() and (err := worker.exception()):
            _LOGGER.error("The command pump stopped", exc_info=err)
        # Whoever got the last answer may have come with the next command before this was called.
        self._start()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while (step := self._dispatcher.next(loop.time())) is not None:
            if isinstance(step, Request):
                await self._exchange(step)
            else:
                await asyncio.sleep(step - loop.time())

    async def _exchange(self, request: Request) -> None:
        try:
            async with asyncio.timeout_at(request.until):
                results = await self._send(request.order, request.commands)
        except TimeoutError:
            _tell(self._dispatcher.abandoned(_timeout()))
        except WeSmartError as err:
            # A request's own time may be over a moment earlier: that is no less a command without an answer.
            failure = _timeout() if isinstance(err, CloudTimeoutError) else err
            _tell(self._dispatcher.failed(failure, asyncio.get_running_loop().time()))
        else:
            applied, concluded = self._dispatcher.answered(results)
            for command, seq in applied:
                self._on_applied(command, seq)
            _tell(concluded)


def _tell(concluded: Iterable[Conclusion[_Answer]]) -> None:
    for answer, outcome in concluded:
        if answer.done():
            continue  # cancelled, and its caller has not been back to say so
        if isinstance(outcome, CommandResult):
            answer.set_result(outcome)
        else:
            answer.set_exception(outcome)


def _given_up() -> GivenUpError:
    return GivenUpError("closed before there was an answer")


def _timeout() -> CommandTimeoutError:
    return CommandTimeoutError(f"no answer to a command within {DEADLINE_S} s")
