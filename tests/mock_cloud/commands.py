"""Reads and carries out `POST /commands` (contract, "Commands"): all pure but for the timers behind `Behaviour`."""

from collections.abc import Iterable
from dataclasses import dataclass
import json
import uuid

from tests.mock_cloud.behaviour import Behaviour
from tests.mock_cloud.core import Core
from tests.mock_cloud.endpoints import RejectedError, checked_set, implied_mode
from tests.mock_cloud.model import Account, Device, Endpoint, Scene
from tests.mock_cloud.problems import invalid, rejection
from tests.mock_cloud.sessions import Session
from tests.mock_cloud.wire import InvalidDocumentError, JsonObject, as_integer, as_list, as_object, as_text

MAX_COMMANDS = 200
# How long a command's id answers as it did.
REPLAY_S = 600

# The members of each form beside `id`; a command has exactly one of `set` and `do`.
_FORMS = {
    "set": {"device_id", "endpoint_id"},
    "stop": {"device_id", "endpoint_id"},
    "identify": {"device_id"},
    "activate": {"scene_id"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a command's id was answered; `body` is the command, `at` Unix time."""

    body: str
    at: float
    result: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    id: str
    verb: str
    body: str
    document: JsonObject


class Commands:
    """Carries out commands and remembers their ids."""

    def __init__(self, core: Core, behaviour: Behaviour) -> None:
        self._core = core
        self._behaviour = behaviour
        self.replays: dict[str, Replay] = {}

    def run(self, session: Session, account: Account, body: JsonObject) -> list[JsonObject]:
        """Carry out a body in array order and return the results; raise InvalidDocumentError or ProblemError for all of it."""
        order = as_integer(body.get("order"), "/order", 0)
        listed = as_list(body.get("commands"), "/commands", 1, MAX_COMMANDS)
        commands = [_parse(as_object(value, f"/commands/{index}"), index) for index, value in enumerate(listed)]
        if len({command.id for command in commands}) != len(commands):
            raise InvalidDocumentError("/commands", "an id appears twice")
        now = self._core.clock()
        self.replays = {key: replay for key, replay in self.replays.items() if now - replay.at <= REPLAY_S}
        for index, command in enumerate(commands):
            before = self.replays.get(f"{account.id} {command.id}")
            if before is not None and before.body != command.body:
                raise invalid(f"/commands/{index}/id", "this id was used with another body")
        results = []
        for index, command in enumerate(commands):
            key = f"{account.id} {command.id}"
            if key not in self.replays:
                result = self._result(session, account, order, index, command)
                self.replays[key] = Replay(body=command.body, at=now, result=result)
            results.append(self.replays[key].result)
        self._core.on_change()
        return results

    def _result(self, session: Session, account: Account, order: int, index: int, command: _Command) -> JsonObject:
        try:
            applied = self._apply(session, account, order, command)
        except RejectedError as err:
            pointer = None if err.pointer is None else f"/commands/{index}{err.pointer}"
            return {
                "id": command.id,
                "status": "rejected",
                "problem": rejection(err.problem, err.detail, pointer),
            }
        if not applied:
            return {"id": command.id, "status": "superseded"}
        return {"id": command.id, "status": "applied", "seq": self._core.seq(account.id)}

    def _apply(self, session: Session, account: Account, order: int, command: _Command) -> bool:
        """Return whether all of a command was applied, or something of it came too late; raise RejectedError."""
        document = command.document
        if command.verb == "activate":
            return self._activate(session, order, self._scene(account, str(document["scene_id"])), command.id)
        if command.verb not in _FORMS:
            raise RejectedError("unsupported", f"there is no {command.verb}")
        device = self._device(account, str(document["device_id"]))
        if command.verb == "identify":
            if not device.identify:
                raise RejectedError("unsupported", "this device cannot show itself")
            _refuse_offline(device)
            return True
        endpoint = device.endpoint(str(document["endpoint_id"]))
        if endpoint is None:
            raise RejectedError("not-found", "there is no such endpoint")
        if command.verb == "set":
            wanted, transition = checked_set(endpoint, as_object(document["set"], "/set"))
            _refuse_offline(device)
            return self._set(
                session, order, device, endpoint, wanted=wanted, transition_ms=transition, cause=command.id
            )
        if endpoint.type != "curtain" or not endpoint.features.get("stop"):
            raise RejectedError("unsupported", "this endpoint cannot stop")
        _refuse_offline(device)
        moves = ["position", "tilt"]
        complete = self._newest(session, order, device, endpoint, moves) == moves
        if complete:
            self._behaviour.halt(device, endpoint, command.id)
        return complete

    def _set(
        self,
        session: Session,
        order: int,
        device: Device,
        endpoint: Endpoint,
        *,
        wanted: JsonObject,
        transition_ms: int,
        cause: str,
    ) -> bool:
        """Write those fields for which no newer order of this session was applied; return whether those were all.

        A light's mode is a field that others write along: an older colour still becomes the colour kept, but does not
        take the mode back.
        """
        newest = self._newest(session, order, device, endpoint, wanted)
        fields = {name: value for name, value in wanted.items() if name in newest}
        if not fields:
            return False
        implied = implied_mode(endpoint, fields)
        complete = len(fields) == len(wanted)
        if implied and not self._newest(session, order, device, endpoint, ["mode"]):
            implied = {"mode": endpoint.state.get("mode")}
            complete = False
        fields = {**implied, **fields}
        self._behaviour.measure()
        if endpoint.type == "curtain":
            self._behaviour.move(device, endpoint, fields, cause)
        elif endpoint.type == "light":
            self._behaviour.fade(device, endpoint, fields, transition_ms=transition_ms, cause=cause)
        else:
            self._core.change_state(device, endpoint, fields, cause)
        return complete

    def _activate(self, session: Session, order: int, scene: Scene, cause: str) -> bool:
        complete = True
        for action in scene.actions:
            try:
                device = self._core.world.device(action.device_id)
                endpoint = self._core.world.endpoint(action.device_id, action.endpoint_id)
                wanted, transition = checked_set(endpoint, action.set)
            except KeyError, RejectedError:
                continue  # the home has changed since the scene was made
            if device.online:
                complete &= self._set(
                    session, order, device, endpoint, wanted=wanted, transition_ms=transition, cause=cause
                )
        return complete

    def _newest(
        self, session: Session, order: int, device: Device, endpoint: Endpoint, fields: Iterable[str]
    ) -> list[str]:
        """Return the fields to which no newer order was applied, and note the order for them."""
        kept = []
        for name in fields:
            key = json.dumps([device.id, endpoint.id, name])
            if order >= session.orders.get(key, order):
                session.orders[key] = order
                kept.append(name)
        return kept

    def _device(self, account: Account, device_id: str) -> Device:
        for home in self._core.world.homes_of(account):
            for device in home.devices:
                if device.id == device_id:
                    return device
        raise RejectedError("not-found", "there is no such device")

    def _scene(self, account: Account, scene_id: str) -> Scene:
        for home in self._core.world.homes_of(account):
            for scene in home.scenes:
                if scene.id == scene_id:
                    return scene
        raise RejectedError("not-found", "there is no such scene")


def _refuse_offline(device: Device) -> None:
    if not device.online:
        raise RejectedError("device-offline", "the device is offline; nothing is queued for it")


def _parse(document: JsonObject, index: int) -> _Command:
    pointer = f"/commands/{index}"
    identifier = as_text(document.get("id"), f"{pointer}/id")
    if not is_uuid(identifier):
        raise InvalidDocumentError(f"{pointer}/id", "must be a UUID")
    if ("set" in document) == ("do" in document):
        raise InvalidDocumentError(pointer, "must have either set or do")
    if "set" in document:
        verb = "set"
        as_object(document["set"], f"{pointer}/set")
    else:
        verb = as_text(document["do"], f"{pointer}/do")
        if verb == "set":
            raise InvalidDocumentError(f"{pointer}/do", "set is a member, not a verb")
    for name in _FORMS.get(verb, set()):
        as_text(document.get(name), f"{pointer}/{name}")
    return _Command(id=identifier, verb=verb, body=json.dumps(document, sort_keys=True), document=document)


def is_uuid(text: str) -> bool:
    """Return whether a text is a UUID in its usual spelling."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
