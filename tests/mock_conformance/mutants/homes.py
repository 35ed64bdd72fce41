"""Mutants of homes, devices and states, and of epoch and seq."""

from collections.abc import Callable, Mapping
import itertools

import pytest

from tests.mock_cloud import core
from tests.mock_cloud.behavior import Behavior
from tests.mock_cloud.commands import Commands
from tests.mock_cloud.controls import Controls
from tests.mock_cloud.core import Core
from tests.mock_cloud.history import Event, Ledger
from tests.mock_cloud.model import Account, Device, Endpoint
from tests.mock_cloud.wire import Json, JsonObject
from tests.mock_conformance.mutants.mutant import around, breaks

type Document = Callable[[Device], JsonObject]
type Result = Callable[[Commands, Account, int, JsonObject], JsonObject]
type ChangeState = Callable[[Core, Device, Endpoint, Mapping[str, Json]], bool]
type Move = Callable[[Behavior, Device, Endpoint, JsonObject], None]


def _apply_always(patch: pytest.MonkeyPatch, verb: str) -> None:
    """Take a command of a verb as applied, whatever the device can do."""

    def apply(
        original: Callable[[Commands, Account, JsonObject], Endpoint | None],
        self: Commands,
        account: Account,
        command: JsonObject,
    ) -> Endpoint | None:
        return None if command.get("do") == verb else original(self, account, command)

    around(patch, Commands, "_apply", apply)


@breaks("C-2")
def _a_device_identifies_itself_although_it_cannot(patch: pytest.MonkeyPatch) -> None:
    _apply_always(patch, "identify")


@breaks("C-31")
def _a_device_names_another_home(patch: pytest.MonkeyPatch) -> None:
    def document(original: Document, self: Device) -> JsonObject:
        return {**original(self), "home_id": "another"}

    around(patch, Device, "document", document)


@breaks("C-33")
def _a_result_has_only_what_was_set(patch: pytest.MonkeyPatch) -> None:
    def result(original: Result, self: Commands, account: Account, index: int, command: JsonObject) -> JsonObject:
        found, fields = original(self, account, index, command), command.get("set")
        state = found.get("state")
        if isinstance(state, dict) and isinstance(fields, dict):
            found["state"] = {name: value for name, value in state.items() if name in fields}
        return found

    around(patch, Commands, "_result", result)


@breaks("C-34")
def _an_offline_device_has_a_signal(patch: pytest.MonkeyPatch) -> None:
    def document(original: Document, self: Device) -> JsonObject:
        return {**original(self), "signal_dbm": self.signal_dbm}

    around(patch, Device, "document", document)


@breaks("C-35")
def _energy_falls(patch: pytest.MonkeyPatch) -> None:
    spent = itertools.count()

    def document(original: Callable[[Endpoint], JsonObject], self: Endpoint) -> JsonObject:
        found = original(self)
        state = found["state"]
        if isinstance(state, dict) and isinstance(energy := state.get("energy_kwh"), int | float):
            found["state"] = {**state, "energy_kwh": max(0.0, energy - next(spent))}
        return found

    around(patch, Endpoint, "document", document)


@breaks("C-36")
def _brightness_switches_a_light_on(patch: pytest.MonkeyPatch) -> None:
    def change(
        original: ChangeState, self: Core, device: Device, endpoint: Endpoint, fields: Mapping[str, Json]
    ) -> bool:
        return original(self, device, endpoint, {**fields, "on": True} if "brightness" in fields else fields)

    around(patch, Core, "change_state", change)


@breaks("C-36")
def _a_color_leaves_the_mode(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(core, "implied_mode", lambda endpoint, fields: {})


@breaks("C-37")
def _100_is_closed(patch: pytest.MonkeyPatch) -> None:
    opposite = {"opening": "closing", "closing": "opening"}

    def report(original: Callable[..., None], self: Behavior, move: object, motion: str) -> None:
        original(self, move, opposite.get(motion, motion))

    around(patch, Behavior, "_report", report)


@breaks("C-37")
def _a_tilt_does_not_wait(patch: pytest.MonkeyPatch) -> None:
    def move(original: Move, self: Behavior, device: Device, endpoint: Endpoint, fields: JsonObject) -> None:
        if "tilt" in fields:
            self._core.change_state(device, endpoint, {"tilt": fields["tilt"]})
        original(self, device, endpoint, {name: value for name, value in fields.items() if name != "tilt"})

    around(patch, Behavior, "move", move)


@breaks("C-37")
def _a_stop_leaves_the_tilt(patch: pytest.MonkeyPatch) -> None:
    def halt(original: Callable[..., None], self: Behavior, device: Device, endpoint: Endpoint) -> None:
        waiting = self._moves.get((device.id, endpoint.id))
        original(self, device, endpoint)
        if waiting is not None and waiting.tilt is not None:
            self._core.change_state(device, endpoint, {"tilt": waiting.tilt})

    around(patch, Behavior, "halt", halt)


@breaks("C-72")
def _what_a_switch_controls_changes_silently(patch: pytest.MonkeyPatch) -> None:
    def set_controls(self: Controls, device_id: str, endpoint_id: str, controls: str | None) -> None:
        endpoint = self._core.world.endpoint(device_id, endpoint_id)
        endpoint.features = {**endpoint.features, "controls": controls}

    patch.setattr(Controls, "set_controls", set_controls)


@breaks("C-73")
def _an_update_tells_no_progress(patch: pytest.MonkeyPatch) -> None:
    def set_progress(self: Behavior, device: Device, progress: int | None) -> None:
        if device.update is not None:
            device.update.progress = progress

    patch.setattr(Behavior, "_set_progress", set_progress)


@breaks("C-74")
def _an_update_starts_again(patch: pytest.MonkeyPatch) -> None:
    def update(original: Callable[[Behavior, Device], None], self: Behavior, device: Device) -> None:
        self.fail_update(device)
        original(self, device)

    around(patch, Behavior, "update", update)


@breaks("C-74")
def _an_update_that_is_not_there_is_started(patch: pytest.MonkeyPatch) -> None:
    _apply_always(patch, "update")


@breaks("C-38")
def _a_result_repeats_what_was_commanded(patch: pytest.MonkeyPatch) -> None:
    def result(original: Result, self: Commands, account: Account, index: int, command: JsonObject) -> JsonObject:
        found, fields = original(self, account, index, command), command.get("set")
        state = found.get("state")
        if isinstance(state, dict) and isinstance(fields, dict):
            found["state"] = {**state, **fields}
        return found

    around(patch, Commands, "_result", result)


@breaks("C-39")
def _seq_has_gaps(patch: pytest.MonkeyPatch) -> None:
    def append(
        original: Callable[[Ledger, float, str, Mapping[str, Json]], Event],
        self: Ledger,
        at: float,
        kind: str,
        members: Mapping[str, Json],
    ) -> Event:
        self.seq += 1
        return original(self, at, kind, members)

    around(patch, Ledger, "append", append)


@breaks("C-39")
def _a_change_is_not_counted(patch: pytest.MonkeyPatch) -> None:
    def change(
        original: ChangeState, self: Core, device: Device, endpoint: Endpoint, fields: Mapping[str, Json]
    ) -> bool:
        if fields.get("on") is False:
            endpoint.state["on"] = False
            return True
        return original(self, device, endpoint, fields)

    around(patch, Core, "change_state", change)


@breaks("C-40")
def _a_restore_keeps_the_epoch(patch: pytest.MonkeyPatch) -> None:
    def new_epoch(original: Callable[[Core], None], self: Core) -> None:
        epoch = self.epoch
        original(self)
        self.epoch = epoch

    around(patch, Core, "new_epoch", new_epoch)


@breaks("C-41")
def _a_snapshot_is_older_than_its_seq(patch: pytest.MonkeyPatch) -> None:
    last: dict[str, Json] = {}

    def snapshot(original: Callable[[Core, Account], JsonObject], self: Core, account: Account) -> JsonObject:
        found = original(self, account)
        stale, last[account.id] = last.get(account.id, found["homes"]), found["homes"]
        return {**found, "homes": stale}

    around(patch, Core, "snapshot", snapshot)


@breaks("C-42")
def _the_tag_is_weak(patch: pytest.MonkeyPatch) -> None:
    around(patch, Core, "entity_tag", lambda original, self, account_id: f"W/{original(self, account_id)}")


@breaks("C-42")
def _the_tag_names_no_position(patch: pytest.MonkeyPatch) -> None:
    around(patch, Core, "entity_tag", lambda original, self, account_id: f'"{hash(original(self, account_id))}"')


@breaks("C-42")
def _the_epoch_is_not_encoded_in_the_tag(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tests.mock_cloud.core.secrets.token_hex", lambda size: "2026/11 a:b")
    patch.setattr(Core, "entity_tag", lambda self, account_id: f'"{self.epoch}:{self.seq(account_id)}"')
