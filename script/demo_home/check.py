"""Goes through the demo once, as a family would: from Home Assistant to the cloud, and from the wall back."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter
from urllib.parse import quote

import msgspec

from .client import State
from .cloud import ENTITY_DOMAINS, Device, Endpoint
from .demo import Demo
from .errors import DemoError
from .folder import Folder
from .log import complaints
from .registries import DOMAIN, Entity, read_registries
from .report import Report

# What the integration promises for a command; events are quicker.
_REACTION_S = 10
# A curtain takes 20 s from end to end.
_TRAVEL_S = 30


class _Action(msgspec.Struct):
    fields: dict[str, object] = {}


class _Ticket(msgspec.Struct):
    id: str
    status: str


class _Feedback(msgspec.Struct):
    ticket: _Ticket


@dataclass(frozen=True, slots=True)
class _Thing:
    """An endpoint in the cloud, and the entity that shows it in Home Assistant."""

    device_id: str
    endpoint: Endpoint
    entity_id: str

    @property
    def place(self) -> tuple[str, str]:
        """Where the cloud has it."""
        return self.device_id, self.endpoint.id


@dataclass(slots=True)
class Check:
    """The steps, and what they share."""

    demo: Demo
    report: Report
    _things: list[_Thing] = field(default_factory=list)
    _curtain_target: int = 0

    async def run(self) -> None:
        """Take all steps; the report says what came of them. Without entities there is nothing to go on with."""
        for what, seconds in self.demo.times.items():
            self.report.passed(what, "", seconds)
        if not await self._step("everything is shown", self._everything_is_shown):
            return
        await self._step("actions, as the frontend lists them", self._actions)
        await self._step("a lamp, switched in Home Assistant", self._lamp)
        await self._step("a wall panel, touched at home", self._panel)
        if await self._step("a curtain, set off in Home Assistant", self._curtain_sets_off):
            await self._step("the same, arriving at its own pace", self._curtain_arrives)
        await self._step("feedback, sent to the vendor", self._feedback)

    async def _step(self, what: str, step: Callable[[], Awaitable[str]]) -> bool:
        started = perf_counter()
        try:
            seen = await step()
        except DemoError as err:
            self.report.failed(what, str(err), perf_counter() - started)
            return False
        self.report.passed(what, seen, perf_counter() - started)
        return True

    async def _everything_is_shown(self) -> str:
        entities = {entity.unique_id: entity for entity in (await read_registries(self.demo.client)).entities}
        shown = list(self.demo.cloud.shown())
        for device, endpoint in shown:
            entity = _entity_of(device, endpoint, entities)
            # What is offline is shown as such, and everything else with its state.
            reachable = self.demo.client.states[entity.entity_id].state not in {"unavailable", "unknown"}
            if reachable is not device.online:
                raise DemoError(f"{entity.entity_id} is {'' if reachable else 'not '}available, against the cloud")
            if device.online:
                self._things.append(_Thing(device.id, endpoint, entity.entity_id))
        return f"{len(shown)} of {len(shown)} entities, {len(shown) - len(self._things)} of them offline"

    async def _actions(self) -> str:
        actions = await self.demo.client.ask(dict[str, dict[str, _Action]], "get_services")
        ours = actions.get(DOMAIN, {})
        if not ours:
            raise DemoError(f"there is none of {DOMAIN}")
        return ", ".join(f"{DOMAIN}.{name} ({len(action.fields)} fields)" for name, action in ours.items())

    async def _lamp(self) -> str:
        lamp = self._first("light", lambda endpoint: endpoint.state["on"] is False)
        await self.demo.client.call("light.turn_on", entity_id=lamp.entity_id)
        if self.demo.cloud.cloud.state(*lamp.place)["on"] is not True:
            raise DemoError(f"{lamp.entity_id} is still off in the cloud")
        await self._until(lamp, lambda state: state.state == "on")
        return f"{lamp.entity_id}: on in the cloud"

    async def _panel(self) -> str:
        panel = self._first("switch", lambda endpoint: endpoint.state["on"] is False)
        self.demo.cloud.cloud.touch(*panel.place, on=True)
        await self._until(panel, lambda state: state.state == "on")
        return f"{panel.entity_id}: on in Home Assistant"

    async def _curtain_sets_off(self) -> str:
        curtain = self._curtain()
        start = self.demo.client.states[curtain.entity_id].attributes["current_position"]
        self._curtain_target = start + 20 if start < 50 else start - 20
        moving = "opening" if self._curtain_target > start else "closing"
        await self.demo.client.call(
            "cover.set_cover_position", {"position": self._curtain_target}, entity_id=curtain.entity_id
        )
        await self._until(curtain, lambda state: state.state == moving)
        return f"{curtain.entity_id}: {moving}, from {start} %"

    async def _curtain_arrives(self) -> str:
        curtain = self._curtain()
        target = self._curtain_target
        await self._until(
            curtain,
            lambda state: (state.state, state.attributes["current_position"]) == ("open", target),
            timeout_s=_TRAVEL_S,
        )
        if self.demo.cloud.cloud.state(*curtain.place)["position"] != target:
            raise DemoError(f"{curtain.entity_id} is elsewhere in the cloud")
        return f"{curtain.entity_id}: at {target} %"

    def _curtain(self) -> _Thing:
        return self._first("curtain", lambda endpoint: endpoint.features["position"] is True)

    async def _feedback(self) -> str:
        response = await self.demo.client.call_for_response(
            f"{DOMAIN}.send_feedback",
            {"category": "application", "subject": "Demo", "message": "The curtain follows.", "rating": 5},
        )
        ticket = msgspec.convert(response, _Feedback).ticket
        if ticket.id not in {known.id for known in self.demo.cloud.cloud.tickets(self.demo.cloud.account.id)}:
            raise DemoError(f"the cloud has no ticket {ticket.id}")
        return f"ticket {ticket.id}, {ticket.status}"

    def _first(self, kind: str, wanted: Callable[[Endpoint], bool]) -> _Thing:
        for thing in self._things:
            if thing.endpoint.type == kind and wanted(thing.endpoint):
                return thing
        raise DemoError(f"the home file has no {kind} to try this with")

    async def _until(self, thing: _Thing, reached: Callable[[State], bool], timeout_s: float = _REACTION_S) -> None:
        await self.demo.client.until(lambda states: reached(states[thing.entity_id]), timeout_s, thing.entity_id)


def _entity_of(device: Device, endpoint: Endpoint, entities: dict[str, Entity]) -> Entity:
    """Return the entity of an endpoint, whose unique id begins with its server; raise DemoError if there is none."""
    ending = f":{quote(device.id, safe='')}:{quote(endpoint.id, safe='')}"
    for unique_id, entity in entities.items():
        if unique_id.endswith(ending) and entity.domain == ENTITY_DOMAINS[endpoint.type]:
            return entity
    raise DemoError(f"endpoint {endpoint.id} of {device.id} is not shown")


async def check(demo: Demo, folder: Folder) -> Report:
    """Return what came of going through everything, Home Assistant's log included."""
    report = Report()
    await Check(demo, report).run()
    # What the steps have set off is logged by now.
    log = await asyncio.to_thread(folder.log.read_text, encoding="utf-8")
    lines = complaints(log)
    if lines:
        report.failed("Home Assistant's log", f"{len(lines)} lines that should not be there", 0)
        report.notes.extend(lines)
    else:
        report.passed("Home Assistant's log", "no error, and no warning of ours", 0)
    return report
