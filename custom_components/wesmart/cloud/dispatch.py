"""Which commands leave when, again or never, and what their callers are told. Pure: no I/O, the clock is passed in."""

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
import math
from typing import NamedTuple

from .commands import Command, CommandResult, Problem
from .errors import BusyError, CloudConnectionError, CommandRejectedError, UnexpectedAnswerError, WeSmartError
from .outbox import Outbox, Parcel
from .patience import DEADLINE_S
from .problems import problem_name

# Contract, section "Commands".
_MOST_COMMANDS = 200
# A command that got no answer is asked about again, under its id, after this long.
_RETRY_S = 0.5
# By how much the order is raised, each time that it proves to be behind: a minute, an hour, 60 hours, 150 days, 24 years.
_LEAPS_MS = tuple(60_000 * 60**times for times in range(5))
_LAST_ORDER = 2**53 - 1  # contract, section "Commands"


@dataclass(slots=True, eq=False)
class Call[WaiterT]:
    """Somebody who waits for an answer until `deadline`, and how to tell them."""

    waiter: WaiterT
    deadline: float
    waits: bool = True


class Conclusion[WaiterT](NamedTuple):
    """What a caller is told, once: a result that is a success, or why there is none."""

    waiter: WaiterT
    outcome: CommandResult | WeSmartError


class Applied(NamedTuple):
    """A command that the device has accepted; the model shows its effect from `seq` on."""

    command: Command
    seq: int


@dataclass(slots=True, frozen=True)
class Request:
    """What is to be sent now; after `until` nobody waits for its answer any more."""

    order: int
    commands: Sequence[Command]
    until: float


class Dispatcher[WaiterT]:
    """Has commands take effect in the order they were given, with at most one request at a time.

    Its user asks for the `next` request, and says how each ended: `answered`, `failed` or `abandoned`. `now` is always
    the same monotonic clock, in seconds.
    """

    def __init__(self, unix_time: Callable[[], float]) -> None:
        """`unix_time` makes `order` rise across restarts."""
        self._unix_time = unix_time
        self._order = 0
        self._leaps = 0  # that have not been enough yet
        self._outbox: Outbox[Call[WaiterT]] = Outbox()
        # What the next request repeats, or is in flight; nothing else leaves before it is concluded.
        self._parcels: list[Parcel[Call[WaiterT]]] = []
        self._in_flight = False
        self._busy: BusyError | None = None
        self._again_at = -math.inf  # nothing is sent before

    def put(self, command: Command, waiter: WaiterT, now: float) -> Call[WaiterT]:
        """Add a command; raises BusyError where the cloud wants to be left alone until after the deadline."""
        call = Call(waiter, now + DEADLINE_S)
        if self._busy is not None and call.deadline <= self._again_at:
            busy = copy(self._busy)
            busy.retry_after = self._again_at - now
            raise busy
        self._outbox.put(command, call)
        return call

    def give_up(self, call: Call[WaiterT]) -> None:
        """Forget a caller who does not wait any more: what only they wanted is not sent any more."""
        call.waits = False

    def next(self, now: float) -> Request | float | None:
        """Return what to send now, until when to wait with it, or None where there is nothing to send."""
        if self._in_flight or not self:
            return None
        self._keep_wanted(now)
        while not self._parcels and self._outbox:
            self._parcels = self._outbox.take(_MOST_COMMANDS)
            self._keep_wanted(now)
        if not self._parcels:
            return None
        if self._again_at > now:
            return self._again_at
        self._in_flight = True
        self._order = max(self._order + 1, int(self._unix_time() * 1000))
        until = max(call.deadline for call in _calls(self._parcels))
        return Request(self._order, [parcel.command for parcel in self._parcels], until)

    def __bool__(self) -> bool:
        """Return whether there is anything to send, or on its way."""
        return bool(self._parcels or self._outbox)

    def order_after(self, unix_time: float) -> None:
        """Have orders rise from the cloud's time, where ours is behind what it was before a restart."""
        self._order = max(self._order, int(unix_time * 1000))

    def answered(self, results: Iterable[CommandResult]) -> tuple[list[Applied], list[Conclusion[WaiterT]]]:
        """Take the answer to the request; return what was applied, and whom to tell what.

        No request of this process had a newer order, so nobody who called since has taken over what is `superseded`:
        our order is behind that of an earlier life of the session, whose clock was ahead. It leaves again, with a
        higher one.
        """
        by_id = {result.id: result for result in results}
        # A command without a result was not done as far as anyone knows: that is a rejection, not a success.
        answers = [
            (parcel, by_id.get(parcel.command.id) or CommandResult(parcel.command.id, "rejected"))
            for parcel in self._arrived()
        ]
        statuses = {result.status for _, result in answers}
        has_leapt = "superseded" in statuses and self._leap()
        # What is applied beside something that is not says nothing about that one's order.
        if "applied" in statuses and "superseded" not in statuses:
            self._leaps = 0
        applied: list[Applied] = []
        concluded: list[Conclusion[WaiterT]] = []
        again: list[Parcel[Call[WaiterT]]] = []
        repeated: list[Command] = []
        for parcel, result in answers:
            command = parcel.command
            if result.status == "applied" and result.seq is not None:
                applied.append(Applied(command, int(result.seq)))
            if result.status == "rejected" and len(parcel.calls) > 1:
                # Whose fault it was is only known when each is tried by itself.
                again += parcel.apart()
            elif has_leapt and (
                result.status == "superseded"
                # It was called after those, and has to take effect after them.
                or (result.status == "applied" and any(_may_undo(one, command) for one in repeated))
            ):
                repeated.append(command)
                again.append(parcel.again())
            else:
                concluded += _conclude((call for _, call in parcel.calls), _outcome(result))
        self._outbox.put_back(again)
        return applied, concluded

    def failed(self, err: WeSmartError, now: float) -> list[Conclusion[WaiterT]]:
        """Take what the request raised; return whom to tell that there is no use in trying again, or no time for it."""
        if isinstance(err, BusyError):
            self._busy = err
            return self._pause(err, now + (err.retry_after or _RETRY_S))
        if isinstance(err, CloudConnectionError):
            return self._pause(err, now + _RETRY_S)
        return self.abandoned(err)

    def abandoned(self, err: WeSmartError) -> list[Conclusion[WaiterT]]:
        """Do not repeat the request; return those who still wait for it, to be told why."""
        return _conclude(_calls(self._arrived()), err)

    def clear(self, err: WeSmartError) -> list[Conclusion[WaiterT]]:
        """Forget what waits to leave; return those who wait for that, to be told why."""
        concluded = _conclude(self._outbox.calls(), err)
        self._outbox.clear()
        return concluded

    def _arrived(self) -> list[Parcel[Call[WaiterT]]]:
        parcels, self._parcels, self._in_flight = self._parcels, [], False
        return parcels

    def _leap(self) -> bool:
        """Raise the order, further than the last time; return whether there is any use in trying again."""
        if self._leaps == len(_LEAPS_MS) or self._order + _LEAPS_MS[self._leaps] >= _LAST_ORDER:
            return False
        self._order += _LEAPS_MS[self._leaps]
        self._leaps += 1
        return True

    def _keep_wanted(self, now: float) -> None:
        """Keep of the parcels what somebody waits for and may still be sent."""
        rests = (parcel.rest(lambda call: call.waits and call.deadline > now) for parcel in self._parcels)
        self._parcels = [rest for rest in rests if rest is not None]

    def _pause(self, err: WeSmartError, again_at: float) -> list[Conclusion[WaiterT]]:
        """Send nothing until then; those who cannot wait are told at once."""
        self._in_flight = False
        self._again_at = again_at
        calls = (*_calls(self._parcels), *self._outbox.calls())
        return _conclude((call for call in calls if call.deadline <= again_at), err)


def _calls[WaiterT](parcels: Iterable[Parcel[Call[WaiterT]]]) -> list[Call[WaiterT]]:
    return [call for parcel in parcels for _, call in parcel.calls]


def _conclude[WaiterT](
    calls: Iterable[Call[WaiterT]], outcome: CommandResult | WeSmartError
) -> list[Conclusion[WaiterT]]:
    """Return what those are told who still wait; from now on they do not."""
    concluded = []
    for call in calls:
        if call.waits:
            call.waits = False
            concluded.append(Conclusion(call.waiter, outcome))
    return concluded


def _may_undo(one: Command, other: Command) -> bool:
    """Return whether they are about the same; a scene does not say what it is about."""
    return one.key is None or other.key is None or one.key == other.key


def _outcome(result: CommandResult) -> CommandResult | WeSmartError:
    if result.status == "applied":
        return result
    if result.status == "superseded":
        return CommandRejectedError("superseded")
    if result.status == "rejected":
        problem = result.problem
        return CommandRejectedError(problem_name(problem.type if isinstance(problem, Problem) else problem or ""))
    # Whatever it means in a later version of the contract: nobody has acknowledged anything.
    return UnexpectedAnswerError("a command result of unknown status")
