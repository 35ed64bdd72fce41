"""Watches the client, the link and the cloud, and notes which promises were broken."""

from collections.abc import Callable, Sequence
import math

from custom_components.wesmart.cloud.connection import Connection
from custom_components.wesmart.cloud.errors import WeSmartError
from custom_components.wesmart.cloud.events import AccountEvent
from custom_components.wesmart.cloud.models import Device, Endpoint, EndpointKey, HomeOutline
from custom_components.wesmart.cloud.state import PRESS_AGE_S, Changes, HomeState
from tests.cloud.simulation.callers import Caller, Callers
from tests.cloud.simulation.cloud import SimulatedCloud
from tests.cloud.simulation.home import Position

_ROUNDING_S = 1e-6
# After this time without a word, the homes count as unknown (contract, "Client").
_SILENCE_S = 90


class BrokenPromiseError(AssertionError):
    """The client, the link or the cloud broke a promise."""


class Witness:
    """Compares what the client shows and does with what the cloud holds and the link brought."""

    def __init__(self, cloud: SimulatedCloud, clock: Callable[[], float]) -> None:
        self.violations: list[str] = []
        self.callers = Callers(cloud, clock, self.violations.append)
        self.hello_latency = 0.0
        self.snapshots = 0
        # How many snapshots there are reasons for.
        self.snapshots_due = 0
        self._cloud = cloud
        self._clock = clock
        self.connection: Connection | None = None
        # What was told to change, as it was then.
        self._homes: dict[str, HomeOutline] = {}
        self._devices: dict[str, Device] = {}
        self._endpoints: dict[EndpointKey, Endpoint] = {}
        # Positions at which what is shown was true.
        self._epoch = ""
        self._seq = 0
        self._true_at: dict[EndpointKey, int] = {}
        self._stream_epoch = ""

    def begin(self, connection: Connection) -> None:
        """Watch a new life of the client."""
        self.connection = connection
        self._homes, self._devices, self._endpoints = {}, {}, {}
        self._epoch = self._stream_epoch = ""
        self.callers.begin()
        self._cloud.hints.clear()

    def account_outdated(self) -> None:
        """Note that the client reads the account again."""
        self._cloud.hints.clear()

    # What is shown

    def changed(self, changes: Changes) -> None:
        """Show what has changed."""
        assert self.connection is not None
        state = self.connection.state
        for key in changes.endpoints:
            _update(self._endpoints, key, state.endpoints.get(key))
            if key not in state.endpoints:
                self._true_at.pop(key, None)
        for device_id in changes.devices | {key.device_id for key in changes.endpoints}:
            _update(self._devices, device_id, state.devices.get(device_id))
        for home_id in changes.homes:
            _update(self._homes, home_id, state.homes.get(home_id))
        for event in changes.events:
            if isinstance(event, AccountEvent):
                self._cloud.hints.discard(Position(state.epoch, event.seq))
            else:
                self._tell(Position(state.epoch, event.seq))
        self.look()

    def look(self) -> None:
        """See that what is shown is true, no older than the position, and no older than what was shown before."""
        if self.connection is None:
            return
        state = self.connection.state
        if (self._homes, self._devices, self._endpoints) != (state.homes, state.devices, state.endpoints):
            self.violations.append("nobody was told that something changed")
        self.callers.look()
        if state.epoch != self._epoch:
            if self._epoch and self._cloud.epochs.index(state.epoch) < self._cloud.epochs.index(self._epoch):
                self.violations.append("the state went back to an earlier epoch")
            self._epoch, self._true_at, self._seq = state.epoch, {}, 0
        if state.epoch and not state.dirty:
            self._compare(state)

    def _compare(self, state: HomeState) -> None:
        position = Position(state.epoch, state.state_seq)
        over_at = min(self._cloud.over_at.get(position, math.inf), self._cloud.over_at.get(state.epoch, math.inf))
        if self.connection is not None and self.connection.streaming and self._clock() > over_at + _SILENCE_S:
            self.violations.append(f"the stream is said to be up, and the state was over at {over_at}")
        world = self._cloud.past.get(position)
        if world is None:
            self.violations.append(f"the cloud was never at {state.state_seq}")
            return
        if (
            state.homes != world.homes
            or state.devices != world.devices
            or state.endpoints.keys() != world.endpoints.keys()
        ):
            self.violations.append(f"at {state.state_seq} there are {world}")
        if state.endpoints == world.endpoints and max(self._true_at.values(), default=0) <= position.seq:
            self._true_at = dict.fromkeys(state.endpoints, position.seq)
        else:
            for key, endpoint in state.endpoints.items():
                self._look_at(key, endpoint, position)
        self._seq = state.state_seq

    def _look_at(self, key: EndpointKey, endpoint: Endpoint, position: Position) -> None:
        seq = max(position.seq, self._true_at.get(key, 0))
        added = self._cloud.added.get(key.device_id, position)
        if added.epoch == position.epoch and self._seq < added.seq <= position.seq:
            seq = position.seq
        while (world := self._cloud.past.get(Position(position.epoch, seq))) is not None:
            if world.endpoints.get(key) == endpoint:
                self._true_at[key] = seq
                return
            seq += 1
        self.violations.append(f"{key} is shown as {endpoint}, which has not been true since {position}")

    # Presses and tickets

    def _tell(self, position: Position) -> None:
        record = self._cloud.told[position]
        if record.is_told:
            self.violations.append(f"{record} was told twice")
        # The client takes presses for younger by the latency of hello.
        if record.is_press and self._clock() - record.at > PRESS_AGE_S + self.hello_latency + _ROUNDING_S:
            self.violations.append(f"{record} was told too late")
        record.is_told = True

    def stream_opened(self, since: Position, head: Position, *, resumed: bool) -> None:
        """Note which presses no stream will tell, and see that the client passes over none."""
        self.snapshots_due += not resumed
        for position, record in self._cloud.told.items():
            if position.epoch != head.epoch or (not resumed and position.seq <= head.seq):
                record.is_lost = True
            elif position.seq <= since.seq:
                if self._stream_epoch != head.epoch:
                    record.is_lost = True
                else:
                    self._see_told(position)
        self._stream_epoch = head.epoch

    def frame_lost(self, events: Sequence[Position]) -> None:
        """Note which presses the link has lost."""
        self.snapshots_due += 1
        for position in events:
            if position in self._cloud.told:
                self._cloud.told[position].is_lost = True

    def frame_handled(self, events: Sequence[Position]) -> None:
        """See that a frame's presses were told."""
        for position in events:
            if position in self._cloud.told:
                self._see_told(position)
                self._cloud.told[position].is_lost = True

    def _see_told(self, position: Position) -> None:
        record = self._cloud.told[position]
        is_old = record.is_press and self._clock() - record.at > PRESS_AGE_S - _ROUNDING_S
        if not (record.is_told or record.is_lost or is_old):
            self.violations.append(f"{record} was not told")

    # Commands

    def told(self, caller: Caller, outcome: WeSmartError | None) -> None:
        """Judge the answer that a caller got, and see that its effect or something newer is shown."""
        self.callers.told(caller, outcome)
        key, effect = caller.command.key, caller.effect
        assert key is not None
        if outcome is None and effect is not None and effect.epoch == self._epoch and key in self._true_at:
            self._true_at[key] = max(self._true_at[key], effect.seq)
            self.look()

    def judge(self) -> None:
        """Judge what must be so after all is quiet."""
        assert self.connection is not None
        state = self.connection.state
        self.look()
        if (state.epoch, state.state_seq) != self._cloud.position or state.dirty:
            self.violations.append(
                f"the state is of {state.epoch} {state.state_seq}, the cloud at {self._cloud.position}"
            )
        elif state.endpoints != self._cloud.world.endpoints:
            self.violations.append("the state is not the cloud's")
        if self._cloud.hints:
            self.violations.append(f"nobody was told that the account changed at {self._cloud.hints}")
        if self.snapshots > self.snapshots_due:
            self.violations.append(f"{self.snapshots} snapshots for {self.snapshots_due} reasons")
        self.callers.judge()


def _update[K, V](shown: dict[K, V], key: K, value: V | None) -> None:
    if value is None:
        shown.pop(key, None)
    else:
        shown[key] = value
