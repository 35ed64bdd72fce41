"""A cloud of the contract small enough to be all memory, which also remembers what every position looked like."""

from collections import deque
from collections.abc import Collection, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from custom_components.wesmart.cloud.models import EndpointKey, Position
from tests.cloud.simulation.agenda import Agenda

type Json = dict[str, object]

# So few events are kept that a short outage already needs a snapshot.
_KEPT_EVENTS = 8
_REPLAY_S = 600
_TRAVEL_S = 2.0
_MOST_COMMANDS = 200
_EPOCH = datetime(2026, 11, 20, 5, tzinfo=UTC)

LAMP = EndpointKey("lamp", "1")
GANGS = (EndpointKey("panel", "1"), EndpointKey("panel", "2"))
CURTAIN = EndpointKey("curtain", "1")
PLUG = EndpointKey("plug", "1")  # in the other home
BUTTON = EndpointKey("button", "1")

EFFECT = "candle"
# Fields of which only a newer client knows all values, and some of those.
GROWING = ((LAMP, "mode"), (CURTAIN, "motion"))
FROM_THE_FUTURE = ("rainbow", "swinging")

_LIGHT = {
    "brightness": True,
    "color_temp": {"min_kelvin": 1, "max_kelvin": 99_999},
    "color": True,
    "effects": [EFFECT],
    "transition": False,
}
_FIELDS = {
    "light": {"on", "brightness", "color_temp_kelvin", "hue", "saturation", "effect"},
    "switch": {"on"},
    "curtain": {"position"},
}
# Of these one at a time: what a light shines with.
_COLOURS = ({"color_temp_kelvin"}, {"hue", "saturation"}, {"effect"})


@dataclass(slots=True)
class Device:
    """A box; the states are replaced and never changed, so that the past can keep them."""

    home_id: str
    types: dict[str, str]
    states: dict[str, Json]
    online: bool = True
    name: str = "box"
    # The states as far as every client knows what they mean.
    known: dict[str, Json] = field(init=False)

    def __post_init__(self) -> None:
        """Be new from the box."""
        self.known = dict(self.states)


@dataclass(slots=True)
class World:
    """What a backup holds."""

    seq: int = 0
    homes: dict[str, str] = field(default_factory=lambda: {"home": "Nhà", "other": "Nhà vườn"})
    devices: dict[str, Device] = field(
        default_factory=lambda: {
            "lamp": Device("home", {"1": "light"}, {"1": {"on": False, "brightness": 1.0, "mode": "white"}}),
            "panel": Device("home", {"1": "switch", "2": "switch"}, {"1": {"on": False}, "2": {"on": False}}),
            "curtain": Device("home", {"1": "curtain"}, {"1": {"position": 0.0, "motion": "stopped"}}),
            "plug": Device("other", {"1": "switch"}, {"1": {"on": False, "power_w": 0.0}}),
            "button": Device("home", {"1": "button"}, {"1": {}}),
        }
    )
    orders: dict[tuple[EndpointKey, str], int] = field(default_factory=dict)
    answers: dict[str, tuple[float, Json, Json]] = field(default_factory=dict)  # by id: when, the command, the result


class Past(NamedTuple):
    """What there was at a position."""

    # What endpoints show, and what of that is said in words from the future.
    endpoints: dict[EndpointKey, Json]
    puzzling: set[tuple[EndpointKey, str]]
    online: dict[str, bool]
    # Of homes and devices.
    names: dict[str, str]


class SimulatedCloud:
    """Holds the homes and counts; `on_event` gets each event as it is to be sent."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self.on_event = _nobody
        self.epoch_number = 1
        self.world = World()
        self.history: deque[tuple[int, Json]] = deque(maxlen=_KEPT_EVENTS)
        self.past: dict[Position, Past] = {}
        # Where each value came into the model, and the command that brought it, if one did.
        self.written: dict[tuple[str, EndpointKey, str], list[tuple[int, object, str | None]]] = {}
        # Where a device that is new from the box came into the model.
        self.added: dict[str, int] = {}
        # When the button was pressed.
        self.presses: dict[Position, float] = {}
        self._moves: dict[EndpointKey, int] = {}
        self.mistakes: list[str] = []
        self._backup = World()
        self._remember()

    @property
    def position(self) -> Position:
        """Where the model is."""
        return Position(f"e{self.epoch_number}", self.world.seq)

    @property
    def timestamp(self) -> str:
        """The time now, as the contract spells it."""
        return (_EPOCH + timedelta(seconds=self._agenda.now)).isoformat()

    def now(self) -> Past:
        """Return what there is."""
        devices, homes = self.world.devices, self.world.homes
        return Past(
            {
                EndpointKey(device_id, endpoint_id): state
                for device_id, device in devices.items()
                for endpoint_id, state in device.known.items()
            },
            {
                (key, name)
                for key, name in GROWING
                if (device := devices.get(key.device_id))
                and device.states[key.endpoint_id].get(name) in FROM_THE_FUTURE
            },
            {device_id: device.online for device_id, device in devices.items()},
            {**homes, **{device_id: device.name for device_id, device in devices.items()}},
        )

    def snapshot(self) -> bytes:
        """Return the body of `GET /snapshot`."""
        homes = [
            {
                "id": home_id,
                "name": name,
                "rooms": [],
                "scenes": [],
                "devices": [
                    self._device(one) for one, device in self.world.devices.items() if device.home_id == home_id
                ],
            }
            for home_id, name in self.world.homes.items()
        ]
        epoch, seq = self.position
        return msgspec.json.encode({"epoch": epoch, "seq": seq, "homes": homes})

    def since(self, position: Position) -> list[Json] | None:
        """Return the events after a position; None where they are not known any more."""
        epoch, seq = self.position
        if position.epoch != epoch or not seq - len(self.history) <= position.seq <= seq:
            return None
        return [event for number, event in self.history if number > position.seq]

    # What others do

    def write(self, key: EndpointKey, fields: Json, cause: str | None = None) -> None:
        """Change the state of an endpoint, if it is there."""
        device = self.world.devices.get(key.device_id)
        if device is None:
            return
        device.states[key.endpoint_id] = {**device.states[key.endpoint_id], **fields}
        known = {name: value for name, value in fields.items() if value not in FROM_THE_FUTURE}
        device.known[key.endpoint_id] = {**device.known[key.endpoint_id], **known}
        self._count("state", device_id=key.device_id, endpoint_id=key.endpoint_id, state=fields, cause=cause)
        epoch, seq = self.position
        for name, value in known.items():
            self.written.setdefault((epoch, key, name), []).append((seq, value, cause))

    def press(self) -> None:
        """Press the button, if it is there."""
        if BUTTON.device_id in self.world.devices:
            self._count("button", device_id=BUTTON.device_id, endpoint_id=BUTTON.endpoint_id, press="single")
            self.presses[self.position] = self._agenda.now

    def count_unknown(self) -> None:
        """Count an event of a kind from the future."""
        self._count("thermostat", anything=1)

    def change_device(self, device_id: str, *, online: bool | None = None, name: str | None = None) -> None:
        """Change what is not state."""
        if device := self.world.devices.get(device_id):
            device.online = device.online if online is None else online
            device.name = name or device.name
            self._count("device", device=self._device(device_id))

    def remove_device(self, device_id: str) -> None:
        """Take a device away."""
        if self.world.devices.pop(device_id, None):
            self._count("device_removed", device_id=device_id)

    def add_device(self, device_id: str) -> None:
        """Bring a device, as new from the box; in a home that is not there any more, the home first."""
        if device_id not in self.world.devices:
            device = World().devices[device_id]
            self.add_home(device.home_id)
            self.world.devices[device_id] = device
            self._count("device", device=self._device(device_id))
            self.added[device_id] = self.world.seq

    def add_home(self, home_id: str) -> None:
        """Bring a home without devices."""
        if home_id not in self.world.homes:
            self._describe_home(home_id, home_id)

    def rename_home(self, home_id: str) -> None:
        """Call a home something else, if it is there."""
        if home_id in self.world.homes:
            self._describe_home(home_id, f"{self.world.homes[home_id]}!")

    def remove_home(self, home_id: str) -> None:
        """Take a home away with all in it."""
        if self.world.homes.pop(home_id, None):
            self.world.devices = {
                device_id: device for device_id, device in self.world.devices.items() if device.home_id != home_id
            }
            self._count("home_removed", home_id=home_id)

    def forget(self) -> None:
        """Restart without the history, in the same epoch."""
        self.history.clear()

    def back_up(self) -> None:
        """Keep a copy of everything."""
        self._backup = deepcopy(self.world)

    def restore(self) -> None:
        """Go back to the copy, in an epoch of its own."""
        self.world = deepcopy(self._backup)
        self._moves.clear()
        self.history.clear()
        self.epoch_number += 1
        self._remember()

    def _describe_home(self, home_id: str, name: str) -> None:
        self.world.homes[home_id] = name
        self._count("home", home={"id": home_id, "name": name, "rooms": [], "scenes": []})

    # Commands

    def run(self, body: bytes) -> bytes | None:
        """Carry out a request and return its answer; None for 422."""
        request = msgspec.json.decode(body)
        if len(request["commands"]) > _MOST_COMMANDS:
            self.mistakes.append(f"{len(request['commands'])} commands came at once")
            return None
        for command in request["commands"]:
            if (known := self.world.answers.get(command["id"])) and known[1] != command:
                self.mistakes.append("an id came with another body")
                return None
        results = [self._answer(request["order"], command) for command in request["commands"]]
        # In any order, and counters as either kind of number.
        return msgspec.json.encode({"results": results[::-1]})

    def _answer(self, order: int, command: Json) -> Json:
        id_ = str(command["id"])
        known = self.world.answers.get(id_)
        if known is None or known[0] < self._agenda.now - _REPLAY_S:
            known = self.world.answers[id_] = (
                self._agenda.now,
                command,
                {"id": id_, **self._carry_out(order, command)},
            )
        return known[2]

    def _carry_out(self, order: int, command: Json) -> Json:
        device_id, endpoint_id = str(command.get("device_id")), str(command.get("endpoint_id"))
        key = EndpointKey(device_id, endpoint_id)
        device = self.world.devices.get(device_id)
        if device is None:
            return _rejected("not-found")
        fields = command.get("set")
        wanted: Mapping[str, object] = fields if isinstance(fields, dict) else {"position": None}
        if not wanted.keys() <= _FIELDS[device.types[endpoint_id]]:
            return _rejected("invalid-request")
        if sum(not group.isdisjoint(wanted) for group in _COLOURS) > 1:
            self.mistakes.append("two colours at once")
            return _rejected("invalid-request")
        if wanted.get("effect") not in {None, EFFECT}:
            return _rejected("invalid-request")
        if not device.online:
            return _rejected("device-offline")
        implied = _implied(wanted, device.states[endpoint_id])
        newest = self._newest(key, order, wanted)
        if not newest:
            return {"status": "superseded"}
        # An older colour still becomes the one that is kept, but the light does not shine with it.
        shines = not implied or bool(self._newest(key, order, ["mode"]))
        fields = {name: wanted[name] for name in newest}
        cause = str(command["id"])
        if key == CURTAIN:
            self._move(key, fields["position"], cause)
        else:
            self.write(key, {**(implied if shines else {}), **fields}, cause)
        if not shines or len(newest) < len(wanted):
            return {"status": "superseded"}
        return {"status": "applied", "seq": float(self.world.seq)}

    def _newest(self, key: EndpointKey, order: int, names: Collection[str]) -> list[str]:
        """Return the fields for which no newer order came before, and note the order for them."""
        newest = [name for name in names if order >= self.world.orders.get((key, name), order)]
        self.world.orders |= {(key, name): order for name in newest}
        return newest

    def _move(self, key: EndpointKey, target: object, cause: str) -> None:
        move = self._moves[key] = self._moves.get(key, 0) + 1
        position = self.world.devices[key.device_id].states[key.endpoint_id]["position"]
        if target is None or target == position:
            self.write(key, {"motion": "stopped"}, cause)
            return
        assert isinstance(target, int | float)
        assert isinstance(position, int | float)
        self.write(key, {"motion": "opening" if target > position else "closing"}, cause)
        epoch = self.epoch_number

        def arrive() -> None:
            if (self._moves.get(key), self.epoch_number) == (move, epoch):
                self.write(key, {"position": target, "motion": "stopped"}, cause)

        self._agenda.at(self._agenda.now + _TRAVEL_S, arrive)

    def _count(self, kind: str, **members: object) -> None:
        self.world.seq += 1
        event = {"seq": self.world.seq, "at": self.timestamp, "kind": kind, **members}
        self.history.append((self.world.seq, event))
        self._remember()
        self.on_event(event)

    def _remember(self) -> None:
        self.past[self.position] = self.now()

    def _device(self, device_id: str) -> Json:
        device = self.world.devices[device_id]
        return {
            "id": device_id,
            "home_id": device.home_id,
            "room_id": None,
            "name": device.name,
            "online": device.online,
            "identify": False,
            "endpoints": [
                {
                    "id": endpoint_id,
                    "type": type_,
                    "features": _LIGHT if type_ == "light" else {},
                    "state": device.states[endpoint_id],
                }
                for endpoint_id, type_ in device.types.items()
            ],
        }


def _implied(wanted: Mapping[str, object], state: Json) -> Json:
    """Return what setting fields means for what a light shines with."""
    if "color_temp_kelvin" in wanted:
        return {"mode": "white", "effect": None}
    if "hue" in wanted or "saturation" in wanted:
        return {"mode": "color", "effect": None}
    if wanted.get("effect") is not None:
        return {"mode": "effect"}
    return {"mode": "white"} if "effect" in wanted and state["mode"] == "effect" else {}


def _rejected(problem: str) -> Json:
    return {"status": "rejected", "problem": {"type": f"urn:wesmart:problem:{problem}"}}


def _nobody(event: Json) -> None:
    pass
