"""Reads and carries out `POST /commands` (contract, "Commands")."""

from collections.abc import Sequence
import json
import uuid

from tests.mock_cloud.behavior import Behavior
from tests.mock_cloud.core import Core
from tests.mock_cloud.endpoints import RejectedError, checked_set
from tests.mock_cloud.model import Account, Device, Endpoint, Scene
from tests.mock_cloud.problems import rejection
from tests.mock_cloud.sessions import CommandMemory, Session
from tests.mock_cloud.wire import InvalidDocumentError, Json, JsonObject, as_integer, as_list, as_object, as_text

MAX_COMMANDS = 200
# How long to remember a run that another has followed.
FOLLOWED_RUN_S = 3600

# The members of each form beside its verb; a command has exactly one of `set` and `do`.
_FORMS = {
    "set": ("device_id", "endpoint_id"),
    "stop": ("device_id", "endpoint_id"),
    "identify": ("device_id",),
    "update": ("device_id",),
    "activate": ("scene_id",),
}


class Commands:
    """Carries out commands, each request of a session once."""

    def __init__(self, core: Core, behavior: Behavior) -> None:
        self._core = core
        self._behavior = behavior

    def run(self, session: Session, account: Account, body: JsonObject) -> JsonObject:
        """Return the response to a body; raise InvalidDocumentError if it is no CommandRequest at all."""
        run = as_text(body.get("run"), "/run").lower()
        if not is_uuid(run):
            raise InvalidDocumentError("/run", "must be a UUID")
        order = as_integer(body.get("order"), "/order", 1)
        listed = as_list(body.get("commands"), "/commands", 1, MAX_COMMANDS)
        commands = [as_object(value, f"/commands/{index}") for index, value in enumerate(listed)]
        text = _canonical(commands)
        last, now = session.last_request, self._core.clock()
        session.followed_runs = {run: at for run, at in session.followed_runs.items() if now - at <= FOLLOWED_RUN_S}
        if last is not None and run == last.run:
            if order == last.order and text == last.commands:
                return last.response
            if order <= last.order:
                return self._superseded(commands)
        elif run in session.followed_runs:
            return self._superseded(commands)
        elif last is not None:
            session.followed_runs[last.run] = now
        results: list[Json] = [self._result(account, index, command) for index, command in enumerate(commands)]
        response: JsonObject = {"epoch": self._core.epoch, "results": results}
        session.last_request = CommandMemory(run=run, order=order, commands=text, response=response)
        self._core.on_change()
        return response

    def _superseded(self, commands: Sequence[JsonObject]) -> JsonObject:
        """Refuse a whole request; nothing is done or remembered."""
        return {"epoch": self._core.epoch, "results": [{"status": "superseded"} for _ in commands]}

    def _result(self, account: Account, index: int, command: JsonObject) -> JsonObject:
        try:
            endpoint = self._apply(account, command)
        except RejectedError as err:
            pointer = None if err.pointer is None else f"/commands/{index}{err.pointer}"
            return {"status": "rejected", "problem": rejection(err.problem, err.detail, pointer)}
        result: JsonObject = {"status": "applied", "seq": self._core.seq(account.id)}
        if endpoint is not None:
            result["state"] = dict(endpoint.state)
        return result

    def _apply(self, account: Account, command: JsonObject) -> Endpoint | None:
        """Carry out a command and return its endpoint, None for a device or scene; raise RejectedError."""
        verb = _verb(command)
        if verb not in _FORMS:
            raise RejectedError("unsupported", f"there is no {verb}", "/do")
        ids = [_text(command, name) for name in _FORMS[verb]]
        if verb == "activate":
            self._activate(self._scene(account, *ids))
            return None
        device = self._device(account, ids[0])
        if verb == "identify":
            if not device.identify:
                raise RejectedError("unsupported", "this device cannot identify itself")
            _refuse_offline(device)
            return None
        if verb == "update":
            if not device.updatable or device.update is None:
                raise RejectedError("unsupported", "there is no update for this device")
            _refuse_offline(device)
            self._behavior.update(device)
            return None
        endpoint = device.endpoint(ids[1])
        if endpoint is None:
            raise RejectedError("not-found", "there is no such endpoint")
        if verb == "set":
            fields = checked_set(endpoint, command["set"])
            _refuse_offline(device)
            self._set(device, endpoint, fields)
            return endpoint
        if endpoint.type != "curtain" or not endpoint.features.get("stop"):
            raise RejectedError("unsupported", "this endpoint cannot stop")
        _refuse_offline(device)
        self._behavior.halt(device, endpoint)
        return endpoint

    def _set(self, device: Device, endpoint: Endpoint, fields: JsonObject) -> None:
        self._behavior.measure()
        if endpoint.type == "curtain":
            self._behavior.move(device, endpoint, fields)
        else:
            self._core.change_state(device, endpoint, fields)

    def _activate(self, scene: Scene) -> None:
        for action in scene.actions:
            try:
                device = self._core.world.device(action.device_id)
                endpoint = self._core.world.endpoint(action.device_id, action.endpoint_id)
                fields = checked_set(endpoint, action.set)
            except KeyError, RejectedError:
                continue  # the home has changed since the scene was made
            if device.online:
                self._set(device, endpoint, fields)

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


def _verb(command: JsonObject) -> str:
    """Return the verb: `set`, or the value of `do`."""
    if ("set" in command) == ("do" in command):
        raise RejectedError("invalid-request", "must have either set or do", "")
    if "set" in command:
        return "set"
    verb = command["do"]
    if not isinstance(verb, str):
        raise RejectedError("invalid-request", "must be a string", "/do")
    if verb == "set":
        raise RejectedError("unsupported", "set is a member, not a verb", "/do")
    return verb


def _text(command: JsonObject, name: str) -> str:
    value = command.get(name)
    if not isinstance(value, str):
        raise RejectedError("invalid-request", "must be a string", f"/{name}")
    return value


def _canonical(value: Json) -> str:
    """Return a canonical JSON text: 30 for 30.0, members sorted (C-57)."""

    def plain(value: Json) -> Json:
        match value:
            case dict():
                return {name: plain(member) for name, member in value.items()}
            case list():
                return [plain(member) for member in value]
            case float() if value.is_integer():
                return int(value)
        return value

    return json.dumps(plain(value), sort_keys=True)


def is_uuid(text: str) -> bool:
    """Return whether a text is a UUID in its usual spelling."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
