"""Whoever called an action, what leaves for them, and what becomes of it."""

import msgspec

from custom_components.wesmart.cloud.commands import Command, CommandResult
from custom_components.wesmart.cloud.errors import CommandRejectedError
from custom_components.wesmart.cloud.models import EndpointKey
from tests.cloud.simulation.agenda import Agenda
from tests.cloud.simulation.cloud import CURTAIN, EFFECT, SimulatedCloud
from tests.cloud.simulation.home import Caller
from tests.cloud.simulation.promises import BrokenPromiseError

# Contract, promise 2.
_ANSWER_S = 10
# Whoever sets one of these says what the others were: the last of them is the light's colour.
_COLOURS = {"color_temp_kelvin", "hue", "saturation", "effect"}
# Fields to which no schedule gives a value twice, but for zero: a value says when it was.
UNIQUE = {"brightness", "position", "power_w", "color_temp_kelvin", "hue"}
_FLOATS_LOSE = 1e-6


class Callers:
    """Looks at every request, and at every answer; raises BrokenPromiseError."""

    def __init__(self, agenda: Agenda, cloud: SimulatedCloud) -> None:
        self._agenda = agenda
        self._cloud = cloud
        self._all: list[Caller] = []
        self._in_flight = False
        self._left_alone_until = 0.0
        self._order = 0
        self._life = 0
        self._bodies: dict[str, bytes] = {}
        self._commands: dict[str, Command] = {}
        self._sent: dict[bytes, str] = {}
        self._values: dict[tuple[EndpointKey, str, object], Caller] = {}
        # In which life of the home a command was first sent, and each caller called.
        self._sent_in: dict[str, int] = {}
        self._called_in: dict[int, int] = {}
        # After a backup was restored nobody knows what was done.
        self.restores = 0

    def called(self, caller: Caller) -> None:
        """Remember a call."""
        self._all.append(caller)
        self._called_in[caller.number] = self._life
        for name, value in (caller.command.fields or {}).items():
            if name in UNIQUE and caller.command.key is not None:
                self._values[caller.command.key, name, value] = caller

    def posts(self, order: int, commands: list[Command]) -> None:
        """Look at a request that leaves."""
        if self._in_flight:
            raise BrokenPromiseError("two requests in flight")
        if self._agenda.now < self._left_alone_until - _FLOATS_LOSE:
            raise BrokenPromiseError(f"a request {self._left_alone_until - self._agenda.now:.2f} s before its time")
        self._in_flight = True
        if order <= self._order:
            raise BrokenPromiseError(f"order {order} after {self._order}")
        self._order = order
        for command in commands:
            self._sent_in.setdefault(command.id, self._life)
            self._look_at(command)

    def posted(self, undone: set[str]) -> None:
        """The next may leave; what was not done may leave again, under another id."""
        self._in_flight = False
        self._sent = {said: id_ for said, id_ in self._sent.items() if id_ not in undone}

    def refused(self, seconds: float) -> None:
        """Expect no request for so long."""
        self._left_alone_until = self._agenda.now + seconds

    def restarted(self) -> None:
        """Know nothing of orders and refusals any more."""
        self._in_flight = False
        self._left_alone_until = 0.0
        self._order = 0
        self._life += 1

    def look(self) -> None:
        """See that nobody waits for what cannot come in time."""
        for caller in self._all:
            if caller.outcome is None and caller.deadline <= self._left_alone_until:
                raise BrokenPromiseError(f"{caller.command} waits for what cannot come in time")

    def judge(self) -> None:
        """Check what must be so when nothing has happened for a while."""
        for caller in self._all:
            self._check_answer(caller)
        self._check_last_calls()

    def _look_at(self, command: Command) -> None:
        body = msgspec.json.encode(command)
        self._commands[command.id] = command
        if self._bodies.setdefault(command.id, body) != body:
            raise BrokenPromiseError(f"{command.id} with another body")
        if command.key is None or command.fields is None:
            return
        for name, value in command.fields.items():
            caller = self._values.get((command.key, name, value))
            if caller is not None and caller.deadline <= self._agenda.now:
                raise BrokenPromiseError(f"{name} = {value} was sent after the deadline of its call")
            if name in UNIQUE and value != 0:
                said = msgspec.json.encode((command.key, command.fields))
                if self._sent.setdefault(said, command.id) != command.id:
                    raise BrokenPromiseError(f"{command.fields} was sent under two ids")

    def _check_answer(self, caller: Caller) -> None:
        if caller.outcome is None or caller.answered_at > caller.called_at + _ANSWER_S + _FLOATS_LOSE:
            raise BrokenPromiseError(f"{caller.command} had no answer in time")
        if (
            isinstance(caller.outcome, CommandRejectedError)
            and caller.outcome.problem == "invalid-request"
            and (caller.command.fields or {}).get("effect") in {None, EFFECT}
        ):
            raise BrokenPromiseError(f"{caller.command.fields} was refused for what another call wanted")
        if isinstance(caller.outcome, CommandRejectedError) and caller.outcome.problem == "superseded":
            raise BrokenPromiseError(f"{caller.command} was given up for an order that could be reached")

    def _check_last_calls(self) -> None:
        """See that of the calls for each field the last has won, where nobody else touched it later."""
        if self.restores:
            return
        last: dict[tuple[EndpointKey, str], Caller] = {}
        for caller in self._all:
            key = caller.command.key
            assert key is not None
            for name in caller.command.fields or {"position"}:
                last[key, "color" if name in _COLOURS else name] = caller
        for (key, group), caller in last.items():
            if not isinstance(caller.outcome, CommandResult) or key.device_id not in self._cloud.world.devices:
                continue
            if key == CURTAIN:
                self._check_last_move(caller)
            else:
                self._check_last_values(key, group, caller)

    def _check_last_values(self, key: EndpointKey, group: str, caller: Caller) -> None:
        state = self._cloud.world.devices[key.device_id].states[key.endpoint_id]
        for name, value in (caller.command.fields or {}).items():
            if ("color" if name in _COLOURS else name) != group:
                continue
            writes = self._cloud.written.get((self._cloud.position.epoch, key, name), [])
            if writes and not self._is_of_others(key, writes[-1], caller) and state.get(name) != value:
                raise BrokenPromiseError(f"the last call of {key} {name} was {value}, and was lost")

    def _check_last_move(self, caller: Caller) -> None:
        """See that the curtain went where it was sent last, or stopped there."""
        moves = self._cloud.written.get((self._cloud.position.epoch, CURTAIN, "motion"), [])
        if moves and not self._is_of_others(CURTAIN, moves[-1], caller):
            done = self._commands[str(moves[-1][2])]
            if (done.do, done.fields) != (caller.command.do, caller.command.fields):
                raise BrokenPromiseError(f"the last move of the curtain was {done}, and not {caller.command}")

    def _is_of_others(self, key: EndpointKey, write: tuple[int, object, str | None], caller: Caller) -> bool:
        """Return whether a value came from somebody else, of a device before this one, or late from an earlier life."""
        seq, _, cause = write
        if cause is None or seq < self._cloud.added.get(key.device_id, 0):
            return True
        assert isinstance(caller.outcome, CommandResult)
        is_earlier = self._sent_in[cause] < self._called_in[caller.number]
        return is_earlier and caller.outcome.seq is not None and seq > caller.outcome.seq
