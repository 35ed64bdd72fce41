"""Uses the demo once as a family does: from Home Assistant to the cloud, and from the wall back."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
import re
from time import perf_counter

from .demo import DOMAIN, Demo, entity_of
from .home_assistant import DemoError, Json, fill_in

# The integration's promise for a command; a curtain of the mock cloud needs 20 s from end to end.
TIMEOUT_S = 30

# An error of anybody, a warning of ours, or what is printed without a logger.
_COMPLAINT = re.compile(r" (ERROR|CRITICAL) \(|^Traceback| WARNING \(.*(?<!custom integration )wesmart")


def complaints(log: str) -> list[str]:
    """Return the lines of a log that should not be there."""
    return [line for line in log.splitlines() if _COMPLAINT.search(line)]


class Check:
    """The steps of a check; `passed` says whether all did."""

    def __init__(self, demo: Demo) -> None:
        self.passed = True
        self._demo = demo
        self._client = demo.client
        self._cloud = demo.cloud
        # What is online: device ID, endpoint, entity ID.
        self._found: list[tuple[str, Json, str]] = []

    async def run(self, log: Path) -> None:
        """Take every step and print what it saw."""
        await self._step("all endpoints are shown", self._entities)
        await self._step("Home Assistant turns on a light", self._light)
        await self._step("Assist turns it off", self._assist)
        await self._step("a wall panel turns on a switch", self._panel)
        await self._step("Home Assistant moves a curtain", self._curtain)
        await self._step("an automation is saved", self._automation)
        await self._step("feedback reaches the vendor", self._feedback)
        await self._step("a home is left out", self._options)
        await self._step("the log has no errors", lambda: self._log(log))

    async def run_again(self, demo: Demo, log: Path) -> None:
        """Take the steps of a second start."""
        self._demo, self._client, self._cloud = demo, demo.client, demo.cloud
        await self._step("a restart shows what was changed", self._changes)
        await self._step("its log has no errors", lambda: self._log(log))

    def report(self, result: str, name: str, started: float, seen: str = "") -> None:
        """Print a line."""
        print(f"{result:<7} {name:<32} {(perf_counter() - started) * 1000:>7,.0f} ms  {seen}".rstrip(), flush=True)

    async def _step(self, name: str, step: Callable[[], Awaitable[str]]) -> None:
        started = perf_counter()
        try:
            self.report("ok", name, started, await step())
        except DemoError as err:
            self.passed = False
            self.report("FAILED", name, started, str(err))

    async def _entities(self) -> str:
        entities = await self._client.entities(DOMAIN)
        endpoints = list(self._demo.endpoints())
        for device, endpoint in endpoints:
            entity_id = entity_of(device, endpoint, entities)
            state = (await self._client.state(entity_id))["state"] if entity_id else None
            if entity_id is None or (state in {None, "unavailable", "unknown"}) is device["online"]:
                raise DemoError(
                    f"{entity_id or device['name']} is {state}, and its device is online: {device['online']}"
                )
            if device["online"]:
                self._found.append((device["id"], endpoint, entity_id))
        return f"{len(endpoints)} entities, {len(endpoints) - len(self._found)} of them offline"

    async def _light(self) -> str:
        device_id, endpoint, entity_id = self._first("light", lambda endpoint: not endpoint["state"]["on"])
        await self._client.action("light.turn_on", {"entity_id": entity_id})
        if not self._cloud.state(device_id, endpoint["id"])["on"]:
            raise DemoError(f"{entity_id} is still off in the cloud")
        await self._until(entity_id, lambda state: state["state"] == "on")
        return f"{entity_id} is on in the cloud"

    async def _assist(self) -> str:
        _, _, entity_id = self._first("light", lambda endpoint: not endpoint["state"]["on"])
        text = f"turn off {(await self._client.state(entity_id))['attributes']['friendly_name']}"
        await self._client.command(
            "assist_pipeline/run", start_stage="intent", end_stage="intent", input={"text": text}
        )
        await self._until(entity_id, lambda state: state["state"] == "off")
        return text

    async def _panel(self) -> str:
        device_id, endpoint, entity_id = self._first("switch", lambda endpoint: not endpoint["state"]["on"])
        self._cloud.touch(device_id, endpoint["id"], on=True)
        await self._until(entity_id, lambda state: state["state"] == "on")
        return f"{entity_id} is on in Home Assistant"

    async def _curtain(self) -> str:
        device_id, endpoint, entity_id = self._first("curtain", lambda endpoint: endpoint["features"]["position"])
        start = (await self._client.state(entity_id))["attributes"]["current_position"]
        target, moving = (start + 20, "opening") if start < 50 else (start - 20, "closing")
        await self._client.action("cover.set_cover_position", {"entity_id": entity_id, "position": target})
        await self._until(entity_id, lambda state: state["state"] == moving)
        await self._until(entity_id, lambda state: state["state"] == "open")
        arrived = (await self._client.state(entity_id))["attributes"]["current_position"]
        if not arrived == target == self._cloud.state(device_id, endpoint["id"])["position"]:
            raise DemoError(f"{entity_id} is at {arrived} %, not at {target} %, or elsewhere in the cloud")
        return f"{entity_id} went from {start} to {target} %"

    async def _automation(self) -> str:
        trigger, action = {"trigger": "time", "at": "23:00:00"}, {"action": "homeassistant.check_config"}
        automation = {"alias": "demo", "triggers": [trigger], "actions": [action]}
        await self._client.post("/api/config/automation/config/demo", automation)
        await self._until("automation.demo", lambda state: state["state"] == "on")
        return "automation.demo"

    async def _feedback(self) -> str:
        data = {"category": "application", "subject": "Demo", "message": "The curtain follows.", "rating": 5}
        ticket = (await self._client.action(f"{DOMAIN}.send_feedback", data, response=True))["ticket"]
        if ticket["id"] not in {known.id for known in self._cloud.tickets(self._demo.account.id)}:
            raise DemoError(f"the cloud has no ticket {ticket['id']}")
        return f"ticket {ticket['id']}, {ticket['status']}"

    async def _options(self) -> str:
        (entry,) = await self._client.command("config_entries/get", domain=DOMAIN)
        path = "/api/config/config_entries/options/flow"
        form = await self._client.post(path, {"handler": entry["entry_id"]})
        kept, *_ = self._demo.homes()
        flow = await self._client.post(f"{path}/{form['flow_id']}", {**fill_in(form, {}), "homes": [kept["id"]]})
        if flow["type"] != "create_entry":
            raise DemoError(f"the options were not stored: {flow.get('errors')}")
        return await self._only(kept)

    async def _changes(self) -> str:
        await self._until("automation.demo", lambda state: state["state"] == "on")
        return await self._only(self._demo.homes()[0])

    async def _only(self, home: Json) -> str:
        """Wait until all endpoints of a home are shown, and no others."""
        wanted, shown = {device["id"] for device in home["devices"]}, list[str]()
        for _ in range(10 * TIMEOUT_S):
            entities = await self._client.entities(DOMAIN)
            found = [
                (device["id"], entity_of(device, endpoint, entities)) for device, endpoint in self._demo.endpoints()
            ]
            shown = [entity_id for _, entity_id in found if entity_id]
            if all((device_id in wanted) is (entity_id is not None) for device_id, entity_id in found):
                return f"{len(shown)} entities of {home['name']}"
            await asyncio.sleep(0.1)
        raise DemoError(f"{len(shown)} entities are not those of {home['name']}")

    async def _log(self, log: Path) -> str:
        if lines := complaints(await asyncio.to_thread(log.read_text, encoding="utf-8")):
            raise DemoError("\n".join(lines))
        return "and no warnings of the integration"

    def _first(self, kind: str, suitable: Callable[[Json], bool]) -> tuple[str, Json, str]:
        for device_id, endpoint, entity_id in self._found:
            if endpoint["type"] == kind and suitable(endpoint):
                return device_id, endpoint, entity_id
        raise DemoError(f"no {kind} to try this with")

    async def _until(self, entity_id: str, reached: Callable[[Json], bool]) -> None:
        state: Json = {}
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while not reached(state := await self._client.state(entity_id)):  # noqa: ASYNC110  # over HTTP
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise DemoError(f"{entity_id} is {state.get('state')} after {TIMEOUT_S} s") from None
