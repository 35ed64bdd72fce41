"""Mutants of commands and their repeats."""

from collections.abc import Callable
import json

import pytest

from tests.mock_cloud import commands, endpoints
from tests.mock_cloud.commands import Commands
from tests.mock_cloud.endpoints import RejectedError, checked_set
from tests.mock_cloud.model import Account, Device, Endpoint, Scene
from tests.mock_cloud.sessions import CommandMemory, Session
from tests.mock_cloud.state_file import StateFile
from tests.mock_cloud.wire import Json, JsonObject
from tests.mock_conformance.mutants.mutant import around, breaks

type Result = Callable[[Commands, Account, int, JsonObject], JsonObject]
type Run = Callable[[Commands, Session, Account, JsonObject], JsonObject]


def _before_each_request(patch: pytest.MonkeyPatch, change: Callable[[Session, JsonObject], None]) -> None:
    """Change what a session remembers."""

    def run(original: Run, self: Commands, session: Session, account: Account, body: JsonObject) -> JsonObject:
        change(session, body)
        return original(self, session, account, body)

    around(patch, Commands, "run", run)


@breaks("C-50")
def _any_number_of_commands_is_taken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(commands, "MAX_COMMANDS", 100_000)


@breaks("C-50")
def _a_bad_command_spoils_the_others(patch: pytest.MonkeyPatch) -> None:
    def run(original: Run, self: Commands, session: Session, account: Account, body: JsonObject) -> JsonObject:
        response = original(self, session, account, body)
        results = response["results"]
        assert isinstance(results, list)
        rejected = [result for result in results if result["status"] == "rejected"]
        return {**response, "results": [rejected[0]] * len(results)} if rejected else response

    around(patch, Commands, "run", run)


@breaks("C-51")
def _the_last_command_is_done_first(patch: pytest.MonkeyPatch) -> None:
    def run(original: Run, self: Commands, session: Session, account: Account, body: JsonObject) -> JsonObject:
        sent = body["commands"]
        assert isinstance(sent, list)
        response = original(self, session, account, {**body, "commands": sent[::-1]})
        results = response["results"]
        assert isinstance(results, list)
        return {**response, "results": results[::-1]}

    around(patch, Commands, "run", run)


@breaks("C-52")
def _unknown_fields_are_left_out(patch: pytest.MonkeyPatch) -> None:
    def checked(endpoint: Endpoint, wanted: Json) -> JsonObject:
        known = {*endpoints.settable(endpoint), "transition_ms"}
        return checked_set(
            endpoint,
            {name: value for name, value in wanted.items() if name in known} if isinstance(wanted, dict) else wanted,
        )

    patch.setattr(commands, "checked_set", checked)


@breaks("C-52")
def _a_device_that_is_offline_comes_first(patch: pytest.MonkeyPatch) -> None:
    def device(original: Callable[..., object], *arguments: object) -> object:
        found = original(*arguments)
        commands._refuse_offline(found)  # type: ignore[arg-type]  # a device
        return found

    around(patch, Commands, "_device", device)


@breaks("C-52")
def _every_account_commands_all_homes(patch: pytest.MonkeyPatch) -> None:
    def device(
        original: Callable[[Commands, Account, str], Device], self: Commands, account: Account, device_id: str
    ) -> Device:
        everywhere = {device.id: device for device in self._core.world.devices()}
        return everywhere.get(device_id) or original(self, account, device_id)

    around(patch, Commands, "_device", device)


@breaks("C-53")
def _a_result_is_of_the_seq_before(patch: pytest.MonkeyPatch) -> None:
    def result(original: Result, self: Commands, account: Account, index: int, command: JsonObject) -> JsonObject:
        seq = self._core.seq(account.id)
        found = original(self, account, index, command)
        return {**found, "seq": seq} if "seq" in found else found

    around(patch, Commands, "_result", result)


@breaks("C-53")
def _a_result_has_no_state_when_nothing_changed(patch: pytest.MonkeyPatch) -> None:
    def result(original: Result, self: Commands, account: Account, index: int, command: JsonObject) -> JsonObject:
        seq = self._core.seq(account.id)
        found = original(self, account, index, command)
        if self._core.seq(account.id) == seq:
            found.pop("state", None)
        return found

    around(patch, Commands, "_result", result)


@breaks("C-54")
def _a_transition_may_take_a_day(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(endpoints, "MAX_TRANSITION_MS", 86_400_000)


@breaks("C-54")
def _an_effect_has_no_end(patch: pytest.MonkeyPatch) -> None:
    def checked(endpoint: Endpoint, wanted: Json) -> JsonObject:
        if isinstance(wanted, dict) and wanted.get("effect", 0) is None:
            raise RejectedError("invalid-request", "must be one of the effects", "/set/effect")
        return checked_set(endpoint, wanted)

    patch.setattr(commands, "checked_set", checked)


@breaks("C-55")
def _a_scene_fails_with_one_offline_device(patch: pytest.MonkeyPatch) -> None:
    def activate(original: Callable[[Commands, Scene], None], self: Commands, scene: Scene) -> None:
        if not all(self._core.world.device(action.device_id).online for action in scene.actions):
            raise RejectedError("device-offline", "a device of the scene is offline")
        original(self, scene)

    around(patch, Commands, "_activate", activate)


@breaks("C-55")
def _a_scene_changes_offline_devices(patch: pytest.MonkeyPatch) -> None:
    def activate(original: Callable[[Commands, Scene], None], self: Commands, scene: Scene) -> None:
        devices = [self._core.world.device(action.device_id) for action in scene.actions]
        online = [device.online for device in devices]
        for device in devices:
            device.online = True
        original(self, scene)
        for device, was_online in zip(devices, online, strict=True):
            device.online = was_online

    around(patch, Commands, "_activate", activate)


@breaks("C-55")
def _identify_has_a_state(patch: pytest.MonkeyPatch) -> None:
    def result(original: Result, self: Commands, account: Account, index: int, command: JsonObject) -> JsonObject:
        found = original(self, account, index, command)
        return {"state": {}, **found} if found["status"] == "applied" else found

    around(patch, Commands, "_result", result)


@breaks("C-56")
def _a_repeat_is_done_again(patch: pytest.MonkeyPatch) -> None:
    def forget(session: Session, body: JsonObject) -> None:
        session.last_request = None

    _before_each_request(patch, forget)


@breaks("C-56")
def _a_restart_forgets_the_last_request(patch: pytest.MonkeyPatch) -> None:
    def load(original: Callable[[StateFile], None], self: StateFile) -> None:
        original(self)
        for session in self._core.sessions.all.values():
            session.last_request = None

    around(patch, StateFile, "load", load)


@breaks("C-57")
def _commands_are_compared_as_text(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(commands, "_canonical", json.dumps)


@breaks("C-57")
def _true_is_1(patch: pytest.MonkeyPatch) -> None:
    around(patch, commands, "_canonical", lambda original, value: original(value).replace("true", "1"))


@breaks("C-58")
def _a_late_request_is_done(patch: pytest.MonkeyPatch) -> None:
    def forget(session: Session, body: JsonObject) -> None:
        last = session.last_request
        if last is not None and body["order"] != last.order:
            session.last_request = None

    _before_each_request(patch, forget)


@breaks("C-58")
def _an_earlier_run_is_done(patch: pytest.MonkeyPatch) -> None:
    def forget(session: Session, body: JsonObject) -> None:
        session.followed_runs.clear()

    _before_each_request(patch, forget)


@breaks("C-58")
def _a_run_is_remembered_for_a_minute(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(commands, "FOLLOWED_RUN_S", 60)


@breaks("C-59")
def _all_sessions_share_a_memory(patch: pytest.MonkeyPatch) -> None:
    shared: dict[str, CommandMemory | None] = {}

    def run(original: Run, self: Commands, session: Session, account: Account, body: JsonObject) -> JsonObject:
        session.last_request = shared.get(account.id)
        response = original(self, session, account, body)
        shared[account.id] = session.last_request
        return response

    around(patch, Commands, "run", run)
