"""Actions called in Home Assistant: what became of them, and whether the cloud saw what was promised."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
import json

from homeassistant.exceptions import HomeAssistantError

from tests.mock_cloud import Request
from tests.state_machine.fields import Thing, Value, as_shown
from tests.state_machine.house import House
from tests.state_machine.truth import Truth
from tests.virtual_time import EPOCH

# Contract, promise 2.
ANSWER_S = 10
# What a computer may be late.
_MARGIN_S = 0.1
# The outcomes after which the cloud has certainly not done what was asked.
_NOT_DONE = {"device_offline", "command_unsupported", "command_not_found", "command_invalid"}
_EXCLUSIVE = ({"color_temp_kelvin"}, {"hue", "saturation"}, {"effect"})
# What may keep a curtain from its target: it is stopped, or does not come to its end.
_STOP = "stop"


@dataclass(eq=False, kw_only=True)
class Call:
    """An action, the things it is about, and the fields it sets, in the contract's terms."""

    things: set[Thing]
    fields: Mapping[str, Value]
    started: float
    fades: bool = False
    finished: float | None = None
    outcome: str | None = None
    """`done`, or the translation key of the error; None while there is no answer."""

    @property
    def may_be_done(self) -> bool:
        """Whether the cloud may have done it, now or later."""
        return self.outcome not in _NOT_DONE


@dataclass(eq=False)
class Calls:
    """All actions of an example."""

    house: House
    truth: Truth
    violations: list[str]
    acknowledged: Callable[[Call], None]
    all: list[Call] = field(default_factory=list)
    # Since when a thing may have been kept from what it was told to do: by a restart of the cloud or of the thing.
    disturbed: dict[str, float] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _seen_requests: int = 0

    def start(self, domain: str, service: str, data: Mapping[str, object], call: Call) -> asyncio.Task[None]:
        """Call an action, and see to its answer."""
        self.all.append(call)
        task = self.house.loop.create_task(self._run(domain, service, data, call), eager_start=True)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run(self, domain: str, service: str, data: Mapping[str, object], call: Call) -> None:
        try:
            await self.house.hass.services.async_call(domain, service, dict(data), blocking=True)
        except HomeAssistantError as err:
            call.outcome = err.translation_key
            if err.translation_domain != "wesmart" or not err.translation_key:
                self.violations.append(f"{domain}.{service} failed with {err!r}, which says nothing to its caller")
        except Exception as err:  # noqa: BLE001 - whatever it is, it is no answer
            self.violations.append(f"{domain}.{service} raised {err!r}")
            call.outcome = "raised"
        else:
            call.outcome = "done"
            self.acknowledged(call)
        call.finished = self.house.now
        if call.finished - call.started > ANSWER_S + _MARGIN_S:
            self.violations.append(f"{domain}.{service} was answered after {call.finished - call.started:.2f} s")

    async def answers(self) -> None:
        """Wait for what is on its way."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def check(self) -> Iterator[str]:
        """Say which answers are overdue, and which requests nobody waited for."""
        for call in self.all:
            if call.finished is None and self.house.now - call.started > ANSWER_S + _MARGIN_S:
                yield f"no answer for {self.house.now - call.started:.2f} s to {call}"
        requests, self._seen_requests = self.house.cloud.requests[self._seen_requests :], len(self.house.cloud.requests)
        for request in requests:
            if request.path.endswith("/commands"):
                yield from self._unasked(request)

    def _unasked(self, request: Request) -> Iterator[str]:
        at = request.at - EPOCH.timestamp()
        live = [call for call in self.all if call.started - _MARGIN_S <= at <= call.started + ANSWER_S + _MARGIN_S]
        for command in json.loads(request.body)["commands"]:
            thing = (command["device_id"], command["endpoint_id"])
            wanted = command.get("set") or {_STOP: True}
            for name, value in wanted.items():
                if name != "transition_ms" and not any(
                    thing in call.things and call.fields.get(name, ...) == value for call in live
                ):
                    yield f"{name}={value!r} was sent to {thing} at {at:.2f} when nobody waited for it"

    def check_last(self) -> Iterator[str]:
        """Say which last calls did not win; everything is quiet."""
        for thing in sorted({thing for call in self.all for thing in call.things}):
            calls = [call for call in self.all if thing in call.things]
            for name in sorted({name for call in calls for name in call.fields} - {_STOP}):
                later: list[Call] = []
                for call in reversed(calls):
                    if name in call.fields and call.outcome == "done":
                        yield from self._last_won(thing, name, call, later)
                        break
                    later.append(call)

    def _last_won(self, thing: Thing, name: str, call: Call, later: list[Call]) -> Iterator[str]:
        """Say whether a field has come to something else than what the last call that was acknowledged made it."""
        timeline = self.truth.of((thing, name))
        last, wanted = timeline[-1], as_shown(name, call.fields[name])
        others = [other for other in later if other.may_be_done]
        if (
            last.value == wanted
            or (last.by_hand and last.at >= call.started)
            or any(_keeps_from(other, name) for other in (*others, call))
            or any(as_shown(name, other.fields[name]) == last.value for other in others if name in other.fields)
            or (name in {"position", "tilt"} and self.disturbed.get(thing[0], -1) >= call.started)
        ):
            return
        yield f"{name} of {thing} is {last}, not {wanted!r} as the last call said: {call}"


def _keeps_from(call: Call, name: str) -> bool:
    """Return whether a call may leave a field of an earlier one, or of its own, on the way."""
    if call.fades and name in {"brightness", "color_temp_kelvin"}:
        return True
    if _STOP in call.fields and name in {"position", "tilt"}:
        return True
    groups = [group for group in _EXCLUSIVE if name in group]
    return any(not group.isdisjoint(call.fields) for group in _EXCLUSIVE if groups and group not in groups)
