"""Those who give commands: what leaves for them, what becomes of it, and what they are told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
import math

from custom_components.wesmart.cloud.commands import COMMAND_TIMEOUT_S, Command, CommandResponse, CommandResult
from custom_components.wesmart.cloud.errors import (
    BusyError,
    ClientClosedError,
    CloudConnectionError,
    CommandRejectedError,
    CommandTimeoutError,
    WeSmartError,
)
from tests.cloud.simulation.cloud import SimulatedCloud
from tests.cloud.simulation.home import Position

_ROUNDING_S = 1e-6
# What the queue waits before it repeats a request.
_PAUSE_S = 0.5


@dataclass(eq=False)
class Caller:
    """Somebody who gives a command and waits."""

    index: int
    command: Command
    called_at: float
    life: int
    answered_at: float = math.inf
    outcome: WeSmartError | None = None
    # Results of this very command that reached the client, and the requests it was in.
    results: list[CommandResult] = field(default_factory=list)
    result_at: float = math.inf
    requests: set[tuple[str, int]] = field(default_factory=set)
    # Where the effect is, by the last result.
    effect: Position | None = None

    @property
    def deadline(self) -> float:
        """Return when the caller must have an answer."""
        return self.called_at + COMMAND_TIMEOUT_S

    def is_replaced_by(self, later: Caller) -> bool:
        """Return whether a later call sets everything that this one sets."""
        mine, others = self.command.fields, later.command.fields
        if mine is None or others is None or self.command.key != later.command.key:
            return False
        return later.index > self.index and mine.keys() <= others.keys()


@dataclass
class _Request:
    run: str
    order: int
    commands: Sequence[Command]
    outcome: str = "in flight"  # then failed, answered or superseded


class Callers:
    """All callers of a schedule, over every life of the client; `report` gets what was broken."""

    def __init__(self, cloud: SimulatedCloud, clock: Callable[[], float], report: Callable[[str], None]) -> None:
        self._cloud = cloud
        self._clock = clock
        self._report = report
        self._all: list[Caller] = []
        self._by_command: dict[int, Caller] = {}
        self._last: _Request | None = None
        self._not_before = 0.0
        self._failed_at = 0.0
        self._is_closing = False
        self._life = 0

    def begin(self) -> None:
        """Begin a life of the client: a run of its own."""
        self._last, self._not_before, self._is_closing = None, 0.0, False
        self._life += 1

    def end(self) -> None:
        """End a life of the client."""
        self._is_closing = True

    def call(self, command: Command) -> Caller:
        """Add a caller."""
        caller = Caller(len(self._all), command, self._clock(), self._life)
        self._all.append(caller)
        self._by_command[id(command)] = caller
        return caller

    def sent(self, run: str, order: int, commands: Sequence[Command]) -> None:
        """Judge a request that leaves."""
        now, last = self._clock(), self._last
        callers = [self._by_command[id(command)] for command in commands]
        for caller in callers:
            caller.requests.add((run, order))
            if min(caller.answered_at, caller.deadline) <= now:
                self._report(f"{caller.command} was sent, and nobody waits for it")
        indexes = [caller.index for caller in callers]
        if indexes != sorted(indexes):
            self._report("commands were sent in another order than given")
        self._last = _Request(run, order, [*commands])
        if last is not None:
            is_same = [*map(id, last.commands)] == [*map(id, commands)]
            if is_same and now < self._not_before - _ROUNDING_S:
                self._report("a repeat before Retry-After was over")
            self._compare(last, self._last, is_same=is_same)
        for waiting in self._all[: indexes[-1]]:
            is_replaced = any(waiting.is_replaced_by(other) for other in self._all if other.requests)
            if waiting.answered_at == math.inf and not waiting.requests and not is_replaced:
                self._report(f"{waiting.command} was left behind")

    def _compare(self, last: _Request, new: _Request, *, is_same: bool) -> None:
        """Judge the run and the order of a request by the one before it."""
        match last.outcome:
            case "in flight":
                self._report("two requests in flight")
            case "superseded" if is_same:
                if new.run == last.run:
                    self._report("a superseded request was repeated in the same run")
            case _ if new.run != last.run:
                self._report("a new run for no reason")
            case "failed" if is_same:
                if new.order != last.order:
                    self._report("a repeat has another order")
            case outcome:
                if new.order <= last.order:
                    self._report("the order does not rise")
                if outcome == "answered" and not {*map(id, last.commands)}.isdisjoint(map(id, new.commands)):
                    self._report("a command was sent again after its result")

    def failed(self, not_before: float) -> None:
        """Note that a request came to nothing, or nobody knows to what."""
        assert self._last is not None
        self._last.outcome = "failed"
        self._failed_at, self._not_before = self._clock(), not_before

    def answered(self, commands: Sequence[Command], response: CommandResponse) -> None:
        """Note the results that the client got."""
        assert self._last is not None
        self._last.outcome = "superseded" if response.results[0].status == "superseded" else "answered"
        for command, result in zip(commands, response.results, strict=True):
            caller = self._by_command[id(command)]
            caller.results.append(result)
            if result.status != "superseded":
                caller.result_at = self._clock()
            if result.seq is not None:
                caller.effect = Position(response.epoch, int(result.seq))

    def told(self, caller: Caller, outcome: WeSmartError | None) -> None:
        """Judge the answer that a caller got."""
        now = caller.answered_at = self._clock()
        caller.outcome = outcome
        replacing = [other for other in self._all[caller.index :] if other is caller or caller.is_replaced_by(other)]
        results = caller.results[-1:] or [result for other in replacing for result in other.results[-1:]]
        match outcome:
            case None:
                is_right = any(result.status == "applied" for result in results)
            case CommandRejectedError(problem="superseded"):
                is_right = any(len(other.results) > 1 for other in replacing)
            case CommandRejectedError():
                is_right = any(
                    result.problem is not None and result.problem.type.endswith(outcome.problem) for result in results
                )
            case ClientClosedError():
                is_right = self._is_closing
            case BusyError():
                is_right = caller.deadline <= max(self._not_before, now + _PAUSE_S)
            case CommandTimeoutError() | CloudConnectionError():
                in_time = any(other.result_at < caller.deadline - _ROUNDING_S for other in replacing)
                is_right = not in_time and caller.deadline <= now + _PAUSE_S
            case _:
                is_right = False
        if not is_right:
            self._report(f"{caller.command} was answered with {outcome!r}")
        if now > caller.deadline + _ROUNDING_S:
            self._report(f"{caller.command} was answered late")

    def look(self) -> None:
        """See that nobody waits too long, or for what cannot come in time."""
        now = self._clock()
        for caller in self._all:
            known_at = max(self._failed_at, caller.called_at) + _ROUNDING_S
            must_have = now if known_at > now else max(now, self._not_before)
            if caller.answered_at == math.inf and caller.deadline < must_have - _ROUNDING_S:
                self._report(f"{caller.command} still has no answer")

    def judge(self) -> None:
        """Judge what must be so after all is quiet: the last call of each field has won."""
        for caller in self._all:
            if caller.answered_at == math.inf:
                self._report(f"{caller.command} has no answer")
        for (key, name), commands in self._cloud.writes.items():
            if commands[-1] is None:
                continue
            writers = [self._by_command[id(command)] for command in commands if command is not None]
            won = writers[-1]
            # A request of an earlier life whose run the cloud has not seen may arrive at any time.
            later = [writer for writer in writers if writer.life == won.life and writer.index > won.index]
            if any(writer.outcome is None for writer in later):
                self._report(f"the last call of {key} {name} was not {won.command}, which won")
            if len(writers) > sum(len(writer.requests) for writer in set(writers)):
                self._report(f"{key} {name} was set more than once for one request")
