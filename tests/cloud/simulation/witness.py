"""Watches the home, the link and the cloud at once, and says which promise was broken."""

import math
from typing import NamedTuple

from custom_components.wesmart.cloud.commands import Command
from custom_components.wesmart.cloud.models import NOWHERE, Endpoint, EndpointKey, Position
from custom_components.wesmart.cloud.replica import Changes
from custom_components.wesmart.cloud.wire_events import ButtonEvent, Frame
from tests.cloud.simulation.agenda import Agenda
from tests.cloud.simulation.callers import UNIQUE, Callers
from tests.cloud.simulation.cloud import GROWING, SimulatedCloud
from tests.cloud.simulation.home import Listener, SimulatedHome
from tests.cloud.simulation.link import Link
from tests.cloud.simulation.presses import Presses
from tests.cloud.simulation.promises import BrokenPromiseError, promised

# Contract, promise 4: what was commanded is shown for no longer.
LONGEST_S = 10
# Contract, "Snapshot and events".
_DOUBT_S = 60

_FLOATS_LOSE = 1e-6


class _Cover(NamedTuple):
    value: object
    seq: int
    ends_at: float
    epoch: str


class Witness(Listener):
    """Raises BrokenPromiseError."""

    def __init__(self, agenda: Agenda, cloud: SimulatedCloud, link: Link) -> None:
        self._agenda = agenda
        self._cloud = cloud
        self._link = link
        self.home: SimulatedHome | None = None
        self.callers = Callers(agenda, cloud)
        self.fetched = 0
        self._doubted_at = -math.inf
        self._shown: dict[EndpointKey, Endpoint] = {}
        self._names: dict[str, str | None] = {}
        self._presses = Presses(cloud)
        # What the client's model held last of what a newer cloud may say otherwise: it may have heard more than once
        # of it between two looks of ours, but not between two of its own.
        self._known: dict[tuple[EndpointKey, str], object] = {}
        self._covers: dict[tuple[EndpointKey, str], _Cover] = {}
        self._marks: dict[tuple[EndpointKey, str], tuple[str, int]] = {}
        self._position = NOWHERE

    # What the home tells

    def changed(self, changes: Changes) -> None:
        """Show these as they are now; nothing else is shown anew."""
        replica = _home(self).sync.replica
        for key in changes.endpoints:
            shown = _home(self).endpoint(key)
            if shown is None:
                self._shown.pop(key, None)
            else:
                self._shown[key] = shown
            self._check(key)
        for device_id in changes.devices:
            device = replica.devices.get(device_id)
            self._names.pop(device_id, None) if device is None else self._names.update({device_id: device.name})
        if changes.homes:
            homes = {home.id: home.name for home in replica.homes.values()}
            self._names = homes | {name: self._names[name] for name in self._names.keys() & replica.devices.keys()}

    def opens(self, position: Position) -> None:
        """See that no press is passed over."""
        self._presses.opens(position, self._agenda.now)

    def reads(self, frame: Frame) -> None:
        """Look for presses."""
        self._presses.reads(frame, self._agenda.now)

    def pressed(self, event: ButtonEvent) -> None:
        """See that it is news."""
        self._presses.pressed(Position(_home(self).sync.replica.epoch, event.seq), self._agenda.now)

    def took(self) -> None:
        """See that the clock has not turned back, and that no press was kept back."""
        replica = _home(self).sync.replica
        before, self._position = self._position, replica.position
        if before.epoch == self._position.epoch and self._position.seq < before.seq:
            raise BrokenPromiseError(f"the position went from {before} to {self._position}")
        self._presses.took(self._position, self._agenda.now)
        for key, name in GROWING:
            self._known[key, name] = getattr(getattr(replica.endpoints.get(key), "state", None), name, None)

    def disconnected(self) -> None:
        """Expect nothing more of that stream."""
        self._presses.disconnected(_home(self).sync.replica.position, self._agenda.now)

    def applied(self, command: Command, seq: int) -> None:
        """Expect the commanded values to be shown from now on."""
        replica = _home(self).sync.replica
        shown = None if command.key is None else _home(self).endpoint(command.key)
        if shown is None or seq <= replica.seq:
            return
        ends_at = self._agenda.now + LONGEST_S
        for name, value in promised(shown, command).items():
            self._covers[shown.key, name] = _Cover(value, seq, ends_at, replica.epoch)

    def doubts(self) -> None:
        """Hold what could not be applied to being asked about once a minute."""
        if self._agenda.now - self._doubted_at < _DOUBT_S - _FLOATS_LOSE:
            raise BrokenPromiseError("what could not be applied was asked about twice in a minute")
        self._doubted_at = self._agenda.now

    def fetches(self) -> None:
        """Count."""
        self.fetched += 1

    def posts(self, order: int, commands: list[Command]) -> None:
        """Look at a request that leaves."""
        self.callers.posts(order, commands)

    def posted(self, undone: set[str]) -> None:
        """Let the next one leave."""
        self.callers.posted(undone)

    def refused(self, seconds: float) -> None:
        """Expect no request for so long."""
        self.callers.refused(seconds)

    def restarted(self) -> None:
        """Know nothing of orders and refusals any more."""
        self.callers.restarted()

    # What is shown

    def look(self) -> None:
        """Check everything that is shown now."""
        home = _home(self)
        for key in self._shown.keys() | {endpoint.key for endpoint in home.sync.replica.endpoints.values()}:
            if self._shown.get(key) != home.endpoint(key):
                raise BrokenPromiseError(f"nobody was told that {key} changed")
            self._check(key)
        self._check_names()
        self.callers.look()
        for mistake in self._cloud.mistakes:
            raise BrokenPromiseError(mistake)

    def _check_names(self) -> None:
        sync = _home(self).sync
        past = self._cloud.past.get(sync.replica.position)
        if past is not None and not sync.doubtful and past.names != self._names:
            raise BrokenPromiseError(f"at {sync.replica.position} the names are {past.names}, and not {self._names}")

    def _check(self, key: EndpointKey) -> None:
        home = _home(self)
        position = home.sync.replica.position
        if home.sync.doubtful:
            for field in [field for field in self._marks if field[0] == key]:
                del self._marks[field]
            return
        if (states := self._cloud.past.get(position)) is None:
            raise BrokenPromiseError(f"the cloud was never at {position}")
        past, shown = states.endpoints.get(key), self._shown.get(key)
        if past is None or shown is None:
            if past is not None or shown is not None:
                raise BrokenPromiseError(f"at {position} {key} is {past}, and shown as {shown}")
            return
        if home.sync.replica.devices[key.device_id].online is not states.online[key.device_id]:
            raise BrokenPromiseError(f"at {position} {key.device_id} is shown online or offline and is not")
        for name, truth in past.items():
            # What is said in unknown words leaves what was known before, and that is not the same for everybody.
            known = self._known.get((key, name)) if (key, name) in states.puzzling else truth
            expected = [truth, known]
            self._check_field(key, name, expected, getattr(getattr(shown, "state", None), name), position)

    def _check_field(
        self, key: EndpointKey, name: str, expected: list[object], shown: object, position: Position
    ) -> None:
        cover = self._covers.get((key, name))
        reached = position.seq
        if cover is not None and cover.epoch == position.epoch and cover.seq > position.seq:
            left = cover.ends_at - self._agenda.now
            if left > _FLOATS_LOSE:
                expected = [cover.value]
            elif left > -_FLOATS_LOSE:
                expected.append(cover.value)
            if left <= _FLOATS_LOSE:
                self._marks.pop((key, name), None)
            reached = cover.seq
        if shown not in expected:
            raise BrokenPromiseError(f"{key} {name}: shown {shown!r} instead of {expected!r} at {position}")
        if name in UNIQUE and shown is not None:
            self._check_age(key, name, shown, Position(position.epoch, reached))

    def _check_age(self, key: EndpointKey, name: str, shown: object, reached: Position) -> None:
        writes = self._cloud.written.get((reached.epoch, key, name), ())
        # The last time, as a command that is repeated brings its value again.
        seq = next((seq for seq, value, _ in reversed(writes) if seq <= reached.seq and value == shown), None)
        if seq is None:
            return  # from before the epoch
        marked = self._marks.get((key, name), ("", 0))
        if marked[0] == reached.epoch and seq < marked[1]:
            raise BrokenPromiseError(f"{key} {name} stepped back to {shown} of {seq} from {marked[1]}")
        self._marks[key, name] = (reached.epoch, seq)

    # After quiet

    def judge(self, most_fetches: float, most_bodies: float = math.inf) -> None:
        """Check what must be so when nothing has happened for a while."""
        self.look()
        home = _home(self)
        if home.sync.replica.position != self._cloud.position or home.sync.wanted is not None or home.sync.doubtful:
            raise BrokenPromiseError(f"at {home.sync.replica.position}, the cloud at {self._cloud.position}")
        if self._shown.keys() != self._cloud.now().endpoints.keys():
            raise BrokenPromiseError(f"{self._shown.keys()} shown, {self._cloud.now().endpoints.keys()} there")
        if home.overlay.next_expiry is not None:
            raise BrokenPromiseError("something is still covered")
        if self.fetched > most_fetches:
            raise BrokenPromiseError(f"{self.fetched} snapshots, at most {most_fetches} are due")
        if self._link.needless_bodies > most_bodies:
            raise BrokenPromiseError("all was fetched although all was known")
        self.callers.judge()


def _home(witness: Witness) -> SimulatedHome:
    assert witness.home is not None
    return witness.home
