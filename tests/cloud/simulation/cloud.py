"""A cloud of the contract in memory. It remembers what the homes were at each position, to judge the client by."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from custom_components.wesmart.cloud.commands import Command
from custom_components.wesmart.cloud.models import (
    ButtonEndpoint,
    CurtainEndpoint,
    CurtainState,
    EndpointKey,
    LightState,
    Motion,
    SwitchState,
)
from tests.cloud.simulation.home import BUTTON, DEVICES, GANGS, HOMES, PLUG, Position, Told, World

type Json = dict[str, object]

HEARTBEAT_S = 20
# So few that a short outage already needs a snapshot.
_KEPT_EVENTS = 6
_TRAVEL_S = 2
_START = datetime(2026, 11, 20, 5, tzinfo=UTC)


class Request(NamedTuple):
    """A command request as the session remembers it."""

    run: str
    order: int
    commands: tuple[Command, ...]
    response: bytes


class Backup(NamedTuple):
    """What a restored cloud remembers."""

    world: World
    last: Request | None
    followed: frozenset[str]


type Push = Callable[[Json], None]


class SimulatedCloud:
    """One account of the cloud, and one session. `broken` names the rules it breaks."""

    def __init__(
        self, clock: Callable[[], float], later: Callable[[float, Callable[[], None]], object], broken: str
    ) -> None:
        self._clock = clock
        self._later = later
        self.broken = broken
        self.world = World(dict(HOMES), {}, {})
        self.position = Position("e0", 0)
        self.epochs = ["e0"]
        self.past: dict[Position, World] = {}
        # Since when each position and each epoch is over.
        self.over_at: dict[Position | str, float] = {}
        self.told: dict[Position, Told] = {}
        # Hints since which the client has no reason to read the account again.
        self.hints: set[Position] = set()
        # Who carried out what, by endpoint and field: the commands in order, None for somebody at the wall.
        self.writes: dict[tuple[EndpointKey, str], list[Command | None]] = {}
        # Where each device was added last: what was known of an earlier one of its ID is forgotten there.
        self.added: dict[str, Position] = {}
        self.push: Push | None = None
        self.is_up = True
        self._tokens = 0
        self._kept: deque[Json] = deque(maxlen=_KEPT_EVENTS)
        self._last: Request | None = None
        self._followed: frozenset[str] = frozenset()
        self._moves: dict[EndpointKey, object] = {}
        for device_id in DEVICES:
            self._put_device(device_id)
        self.past[self.position] = self.world.copy()
        self.save_backup()

    # What happens in the homes

    def write(self, key: EndpointKey, fields: Mapping[str, object], command: Command | None = None) -> None:
        """Change an endpoint's state: by a command, or at the wall."""
        endpoint = self.world.endpoints.get(key)
        if endpoint is None or isinstance(endpoint, ButtonEndpoint):
            return
        for name in fields:
            self.writes.setdefault((key, name), []).append(command)
        if isinstance(endpoint, CurtainEndpoint):
            self._move(key, fields, endpoint.state)
        elif any(getattr(endpoint.state, name) != value for name, value in fields.items()):
            self._set_state(key, fields)

    def stop(self, key: EndpointKey, command: Command | None = None) -> None:
        """Stop a curtain."""
        self.writes.setdefault((key, "position"), []).append(command)
        if self._moves.pop(key, None) is not None:
            self._set_state(key, {"motion": Motion.STOPPED})

    def change_device(self, device_id: str, **fields: object) -> None:
        """Rename a device, move it to another home, or turn it on and off line."""
        device = self.world.devices.get(device_id)
        if device is None or fields.get("home_id", device.home_id) not in self.world.homes:
            return
        self.world.devices[device_id] = replace(device, **fields)
        self._tell("device", device=self.world.device(device_id))

    def add_device(self, device_id: str) -> None:
        """Add a device that was removed."""
        if device_id not in self.world.devices and DEVICES[device_id].home_id in self.world.homes:
            self._put_device(device_id)
            self._tell("device", device=self.world.device(device_id))
            self.added[device_id] = self.position

    def remove_device(self, device_id: str) -> None:
        """Remove a device."""
        if device_id in self.world.devices:
            self._drop_device(device_id)
            self._tell("device_removed", device_id=device_id)

    def add_home(self, home_id: str) -> None:
        """Add a home that was removed, without its devices."""
        if home_id not in self.world.homes:
            self.world.homes[home_id] = HOMES[home_id]
            self._tell("home", home=self.world.homes[home_id])

    def rename_home(self, home_id: str) -> None:
        """Give a home another name."""
        if home_id in self.world.homes:
            self._tokens += 1
            self.world.homes[home_id] = replace(self.world.homes[home_id], name=f"name {self._tokens}")
            self._tell("home", home=self.world.homes[home_id])

    def remove_home(self, home_id: str) -> None:
        """Remove a home with its devices."""
        if self.world.homes.pop(home_id, None) is not None:
            for device in [*self.world.devices.values()]:
                if device.home_id == home_id:
                    self._drop_device(device.id)
            self._tell("home_removed", home_id=home_id)

    def press(self) -> None:
        """Press the button."""
        if BUTTON in self.world.endpoints:
            self._tell("button", device_id=BUTTON.device_id, endpoint_id=BUTTON.endpoint_id, press="press")
            self.told[self.position] = Told(self.position, self._clock(), is_press=True)

    def file_ticket(self) -> None:
        """Answer a ticket."""
        self._tell(
            "feedback",
            ticket={"id": "t", "category": "other", "message": "m", "status": "open", "created_at": self.timestamp()},
        )
        self.told[self.position] = Told(self.position, self._clock(), is_press=False)

    def change_account(self) -> None:
        """Change something about the account."""
        self._tell("account")
        self.hints.add(self.position)

    def send_invalid(self, kind: str) -> None:
        """Send an event that a client cannot apply, or does not know."""
        match kind:
            case "invalid" if GANGS[0] in self.world.endpoints:
                # What it changes is true, although the event does not say what.
                self._set_state(GANGS[0], {"on": True}, sent={"on": "maybe"})
            case "stranger":
                self._tell("state", device_id="stranger", endpoint_id="1", state={"on": True})
            case "homeless":
                self._tell("device", device={"id": "stranger", "home_id": "nowhere", "endpoints": []})
            case _:
                self._tell("novelty", what=1)

    # What an operator does

    def save_backup(self) -> None:
        """Keep what there is now."""
        self._backup = Backup(self.world.copy(), self._last, self._followed)

    def forget_history(self) -> None:
        """Forget the events so far, so that a stream that missed one is not resumed."""
        self._kept.clear()

    def begin_epoch(self, offset: int, *, from_backup: bool) -> None:
        """Number anew, from a position that is `offset` from the last one; perhaps with the homes of the backup."""
        if from_backup:
            self._moves.clear()
            self.writes.clear()
            self.world, self._last, self._followed = self._backup.world.copy(), self._backup.last, self._backup.followed
        if self.broken != "an epoch outlives a restored backup":
            self.over_at[self.epochs[-1]] = self._clock()
            self.epochs.append(f"e{len(self.epochs)}")
        self.position = Position(self.epochs[-1], max(0, self.position.seq + offset))
        self._kept.clear()
        self.past[self.position] = self.world.copy()

    def use_session_elsewhere(self, run: str) -> None:
        """Carry out a command that another client of the same session sent."""
        self.handle_commands(run, 1, [Command.set(PLUG, on=True)], [None])

    # What the client asks for

    def timestamp(self) -> datetime:
        """Return the time by this cloud's clock."""
        return _START + timedelta(seconds=self._clock())

    def snapshot(self, held: Position | None) -> bytes | None:
        """Return a snapshot, None if it is held already."""
        if held == self.position:
            return None
        if self.broken == "a 304 for another position" and held is not None and held.epoch == self.position.epoch:
            return None
        seq = self.position.seq + (self.broken == "a snapshot's seq is ahead")
        homes = [
            {
                **msgspec.structs.asdict(home),
                "devices": [self.world.device(one.id) for one in self.world.devices.values() if one.home_id == home.id],
            }
            for home in self.world.homes.values()
        ]
        return msgspec.json.encode({"epoch": self.position.epoch, "seq": seq, "homes": homes})

    def open_stream(self, since: Position, push: Push) -> None:
        """Begin a stream: hello, and the events that follow; an older stream gets nothing more."""
        first = self.position.seq - len(self._kept)
        resumed = since.epoch == self.position.epoch and first <= since.seq
        replayed = [
            event for event in self._kept if resumed and isinstance(seq := event["seq"], int) and seq > since.seq
        ]
        if self.broken == "resumed without all events":
            resumed, replayed = True, replayed[1:]
        self.push = push
        push(
            {
                "type": "hello",
                "epoch": self.position.epoch,
                "seq": self.position.seq,
                "at": self.timestamp(),
                "resumed": resumed,
                "heartbeat_s": HEARTBEAT_S,
            }
        )
        for event in replayed:
            push(event)

    def handle_commands(
        self, run: str, order: int, commands: Sequence[Command], sent: Sequence[Command | None]
    ) -> bytes:
        """Carry out a request; `sent` are the same commands as the objects that the client gave."""
        last, body = self._last, tuple(commands)
        is_repeat = last is not None and (run, order, body) == last[:3]
        if is_repeat and last is not None and self.broken != "a repeat is carried out again":
            return last.response
        is_old = run in self._followed or (last is not None and run == last.run and order <= last.order)
        if is_old and not is_repeat and self.broken != "an older request is carried out":
            results: list[Json] = [{"status": "superseded"} for _ in commands]
            return msgspec.json.encode({"epoch": self.position.epoch, "results": results})
        if last is not None and last.run != run:
            self._followed |= {last.run}
        results = [self._carry_out(command, origin) for command, origin in zip(commands, sent, strict=True)]
        response = msgspec.json.encode({"epoch": self.position.epoch, "results": results})
        self._last = Request(run, order, body, response)
        return response

    def _carry_out(self, command: Command, origin: Command | None) -> Json:
        key = command.key
        assert key is not None
        device, before = self.world.devices.get(key.device_id), self.world.endpoints.get(key)
        if device is None:
            return {"status": "rejected", "problem": {"type": "urn:wesmart:problem:not-found"}}
        if not device.online:
            return {"status": "rejected", "problem": {"type": "urn:wesmart:problem:device-offline"}}
        if command.fields is None:
            self.stop(key, origin)
        else:
            self.write(key, command.fields, origin)
        shown = self.world.endpoints[key] if self.broken != "a result's state is older than its seq" else before
        assert shown is not None
        assert not isinstance(shown, ButtonEndpoint)
        return {"status": "applied", "seq": self.position.seq, "state": shown.state}

    # Below

    def _put_device(self, device_id: str) -> None:
        device = DEVICES[device_id]
        self.world.devices[device_id] = replace(device, endpoints=())
        for endpoint in device.endpoints:
            self.world.endpoints[EndpointKey(device_id, endpoint.id)] = endpoint
            if not isinstance(endpoint, ButtonEndpoint):
                self._patch(EndpointKey(device_id, endpoint.id), {})

    def _drop_device(self, device_id: str) -> None:
        del self.world.devices[device_id]
        for key in [key for key in self.world.endpoints if key.device_id == device_id]:
            del self.world.endpoints[key]
            self._moves.pop(key, None)

    def _move(self, key: EndpointKey, fields: Mapping[str, object], state: CurtainState) -> None:
        """Begin a move, which ends when the curtain has traveled."""
        if state.position == fields["position"] and key not in self._moves:
            return
        move = self._moves[key] = object()
        self._set_state(key, {"motion": Motion.OPENING})

        def arrive() -> None:
            if self._moves.get(key) is move:
                del self._moves[key]
                self._set_state(key, {**fields, "motion": Motion.STOPPED})

        self._later(_TRAVEL_S, arrive)

    def _patch(self, key: EndpointKey, fields: Mapping[str, object]) -> dict[str, object]:
        """Change a state, and something in it that no state before it had: so each is true at one time only."""
        endpoint = self.world.endpoints[key]
        assert not isinstance(endpoint, ButtonEndpoint)
        self._tokens += 1
        token: dict[str, object]
        match endpoint.state:
            case LightState():
                token = {"hue": self._tokens / 1000}
            case SwitchState():
                token = {"power_w": self._tokens}
            case CurtainState():
                token = {"tilt": self._tokens / 1000}
        patch = {**fields, **token}
        self.world.endpoints[key] = replace(endpoint, state=replace(endpoint.state, **patch))
        return patch

    def _set_state(self, key: EndpointKey, fields: Mapping[str, object], sent: Json | None = None) -> None:
        patch = self._patch(key, fields)
        self._tell("state", device_id=key.device_id, endpoint_id=key.endpoint_id, state=sent or patch)

    def _tell(self, kind: str, **members: object) -> None:
        epoch, seq = self.position
        self.over_at[self.position] = self._clock()
        if not (self.broken == "two events of one seq" and kind == "state" and seq % 5 == 4):
            seq += 2 if self.broken == "a number is left out" and seq % 5 == 4 else 1
        self.position = Position(epoch, seq)
        event = {"seq": seq, "at": self.timestamp(), "kind": kind, **members}
        self.past[self.position] = self.world.copy()
        self._kept.append(event)
        if self.push is not None and self.is_up:
            self.push(event)
