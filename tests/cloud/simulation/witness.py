"""Watches the home, the link and the cloud at once, and says which promise was broken."""

from typing import NamedTuple

import msgspec

from custom_components.wesmart.cloud.commands import Command, CommandResult, commanded_state
from custom_components.wesmart.cloud.errors import CommandRejectedError
from custom_components.wesmart.cloud.models import NOWHERE, Endpoint, EndpointKey, Position
from custom_components.wesmart.cloud.overlay import LONGEST_S
from tests.cloud.simulation.agenda import Agenda
from tests.cloud.simulation.cloud import CURTAIN, SimulatedCloud
from tests.cloud.simulation.home import Caller, Listener, SimulatedHome

# Whoever sets one of these says what the others were: the last of them is the light's colour.
_COLOURS = {"color_temp_kelvin", "hue", "saturation"}
# Fields to which no schedule gives a value twice: a value says when it was.
_UNIQUE = {"brightness", "position", "power_w", "color_temp_kelvin", "hue"}
_FLOATS_LOSE = 1e-6


class BrokenPromiseError(AssertionError):
    """What the schedule has found."""


class _Cover(NamedTuple):
    value: object
    seq: int
    ends_at: float
    epoch: str


class Witness(Listener):
    """Raises BrokenPromiseError."""

    def __init__(self, agenda: Agenda, cloud: SimulatedCloud) -> None:
        self._agenda = agenda
        self._cloud = cloud
        self.home: SimulatedHome | None = None
        self.callers: list[Caller] = []
        self.restores = 0
        self.fetched = 0
        self._shown: dict[EndpointKey, Endpoint] = {}
        self._covers: dict[tuple[EndpointKey, str], _Cover] = {}
        self._marks: dict[tuple[EndpointKey, str], tuple[str, int]] = {}
        self._position = NOWHERE
        self._in_flight = False
        self._order = 0
        self._life = 0
        self._bodies: dict[str, bytes] = {}
        self._sent: dict[bytes, str] = {}
        self._values: dict[tuple[EndpointKey, str, object], Caller] = {}
        # In which life of the home a command was first sent, and each caller called.
        self._sent_in: dict[str, int] = {}
        self._called_in: dict[int, int] = {}

    # What the home tells

    def changed(self, keys: set[EndpointKey]) -> None:
        """Show these as they are now; nothing else is shown anew."""
        for key in keys:
            shown = _home(self).endpoint(key)
            if shown is None:
                self._shown.pop(key, None)
            else:
                self._shown[key] = shown
            self._check(key)

    def took(self) -> None:
        """See that the clock has not turned back."""
        before, self._position = self._position, _home(self).sync.replica.position
        if before.epoch == self._position.epoch and self._position.seq < before.seq:
            raise BrokenPromiseError(f"the position went from {before} to {self._position}")

    def applied(self, command: Command, seq: int) -> None:
        """Expect the commanded values to be shown from now on."""
        replica = _home(self).sync.replica
        endpoint = None if command.key is None else replica.endpoints.get(command.key)
        if endpoint is None or seq <= replica.seq:
            return
        ends_at = self._agenda.now + LONGEST_S
        for name, value in commanded_state(endpoint, command).items():
            self._covers[endpoint.key, name] = _Cover(value, seq, ends_at, replica.epoch)

    def fetches(self) -> None:
        """Count."""
        self.fetched += 1

    def posts(self, order: int, commands: list[Command]) -> None:
        """Look at a request that leaves."""
        if self._in_flight:
            raise BrokenPromiseError("two requests in flight")
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

    def restarted(self) -> None:
        """Know nothing of orders any more."""
        self._in_flight = False
        self._order = 0
        self._life += 1

    def _look_at(self, command: Command) -> None:
        body = msgspec.json.encode(command)
        if self._bodies.setdefault(command.id, body) != body:
            raise BrokenPromiseError(f"{command.id} with another body")
        if command.key is None or command.fields is None:
            return
        for name, value in command.fields.items():
            caller = self._values.get((command.key, name, value))
            if caller is not None and caller.deadline <= self._agenda.now:
                raise BrokenPromiseError(f"{name} = {value} was sent after the deadline of its call")
            if name in _UNIQUE:
                said = msgspec.json.encode((command.key, command.fields))
                if self._sent.setdefault(said, command.id) != command.id:
                    raise BrokenPromiseError(f"{command.fields} was sent under two ids")

    def called(self, caller: Caller) -> None:
        """Remember a call."""
        self.callers.append(caller)
        self._called_in[caller.number] = self._life
        for name, value in (caller.command.fields or {}).items():
            if name in _UNIQUE and caller.command.key is not None:
                self._values[caller.command.key, name, value] = caller

    # What is shown

    def look(self) -> None:
        """Check everything that is shown now."""
        home = _home(self)
        for key in self._shown.keys() | {endpoint.key for endpoint in home.sync.replica.endpoints.values()}:
            if self._shown.get(key) != home.endpoint(key):
                raise BrokenPromiseError(f"nobody was told that {key} changed")
            self._check(key)
        for mistake in self._cloud.mistakes:
            raise BrokenPromiseError(mistake)

    def _check(self, key: EndpointKey) -> None:
        home = _home(self)
        position = home.sync.replica.position
        if home.sync.doubtful:
            for known in [known for known in self._marks if known[0] == key]:
                del self._marks[known]
            return
        if (states := self._cloud.past.get(position)) is None:
            raise BrokenPromiseError(f"the cloud was never at {position}")
        past, shown = states.get(key), self._shown.get(key)
        if past is None or shown is None:
            if past is not None or shown is not None:
                raise BrokenPromiseError(f"at {position} {key} is {past}, and shown as {shown}")
            return
        if home.sync.replica.devices[key.device_id].online is not past[0]:
            raise BrokenPromiseError(f"at {position} {key.device_id} is shown online or offline and is not")
        for name, truth in past[1].items():
            self._check_field(key, name, truth, getattr(getattr(shown, "state", None), name), position)

    def _check_field(self, key: EndpointKey, name: str, truth: object, shown: object, position: Position) -> None:
        cover = self._covers.get((key, name))
        expected = [truth]
        if cover is not None and cover.epoch == position.epoch and cover.seq > position.seq:
            left = cover.ends_at - self._agenda.now
            if left > _FLOATS_LOSE:
                expected = [cover.value]
            elif left > -_FLOATS_LOSE:
                expected.append(cover.value)
            if left <= _FLOATS_LOSE:
                self._marks.pop((key, name), None)
        if shown not in expected:
            raise BrokenPromiseError(f"{key} {name}: shown {shown!r} instead of {expected!r} at {position}")
        if name in _UNIQUE:
            self._check_age(key, name, shown, position.epoch)

    def _check_age(self, key: EndpointKey, name: str, shown: object, epoch: str) -> None:
        writes = self._cloud.written.get((epoch, key, name), ())
        # The last time, as a command that is repeated brings its value again.
        seq = next((seq for seq, value, _ in reversed(writes) if value == shown), None)
        if seq is None:
            return  # from before the epoch
        marked = self._marks.get((key, name), ("", 0))
        if marked[0] == epoch and seq < marked[1]:
            raise BrokenPromiseError(f"{key} {name} stepped back to {shown} of {seq} from {marked[1]}")
        self._marks[key, name] = (epoch, seq)

    # After quiet

    def judge(self, most_fetches: float) -> None:
        """Check what must be so when nothing has happened for a while."""
        self.look()
        home = _home(self)
        if home.sync.replica.position != self._cloud.position or home.sync.wanted is not None or home.sync.doubtful:
            raise BrokenPromiseError(f"at {home.sync.replica.position}, the cloud at {self._cloud.position}")
        if self._shown.keys() != self._cloud.endpoints().keys():
            raise BrokenPromiseError(f"{self._shown.keys()} shown, {self._cloud.endpoints().keys()} there")
        if home.overlay.next_expiry is not None:
            raise BrokenPromiseError("something is still covered")
        if self.fetched > most_fetches:
            raise BrokenPromiseError(f"{self.fetched} snapshots, at most {most_fetches} are due")
        for caller in self.callers:
            self._check_answer(caller)
        self._check_last_calls()

    def _check_answer(self, caller: Caller) -> None:
        if caller.outcome is None or caller.answered_at > caller.called_at + LONGEST_S + _FLOATS_LOSE:
            raise BrokenPromiseError(f"{caller.command} had no answer in time")
        if (
            isinstance(caller.outcome, CommandRejectedError)
            and caller.outcome.problem == "invalid-request"
            and "effect" not in (caller.command.fields or {})
        ):
            raise BrokenPromiseError(f"{caller.command.fields} was refused for what another call wanted")
        if isinstance(caller.outcome, CommandRejectedError) and caller.outcome.problem == "superseded":
            raise BrokenPromiseError(f"{caller.command} was given up for an order that could be reached")

    def _check_last_calls(self) -> None:
        """See that of the calls for each field the last has won, where nobody else touched it later."""
        if self.restores:
            return
        last: dict[tuple[EndpointKey, str], Caller] = {}
        epoch = self._cloud.position.epoch
        for caller in self.callers:
            key = caller.command.key
            assert key is not None
            for name in caller.command.fields or {"position"}:
                last[key, "color" if name in _COLOURS else name] = caller
        for (key, group), caller in last.items():
            device = self._cloud.world.devices.get(key.device_id)
            if device is None or not isinstance(caller.outcome, CommandResult) or key == CURTAIN:
                continue
            for name, value in (caller.command.fields or {}).items():
                if ("color" if name in _COLOURS else name) != group:
                    continue
                writes = self._cloud.written.get((epoch, key, name), [])
                if not writes or self._is_of_others(key, writes[-1], caller):
                    continue
                if device.states[key.endpoint_id].get(name) != value:
                    raise BrokenPromiseError(f"the last call of {key} {name} was {value}, and was lost")

    def _is_of_others(self, key: EndpointKey, write: tuple[int, object, str | None], caller: Caller) -> bool:
        """Return whether a value came from somebody else, of a device before this one, or late from an earlier life."""
        seq, _, cause = write
        if cause is None or seq < self._cloud.added.get(key.device_id, 0):
            return True
        assert isinstance(caller.outcome, CommandResult)
        is_earlier = self._sent_in[cause] < self._called_in[caller.number]
        return is_earlier and caller.outcome.seq is not None and seq > caller.outcome.seq


def _home(witness: Witness) -> SimulatedHome:
    assert witness.home is not None
    return witness.home
