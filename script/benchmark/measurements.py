"""What is measured, each in a process of its own: see `measure`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
import gc
import logging
from pathlib import Path
import statistics
import tempfile
import time
import tracemalloc
from typing import cast

from aiohttp import ThreadedResolver
from homeassistant import loader
from homeassistant.components.light import ATTR_BRIGHTNESS_PCT, DOMAIN as LIGHT
from homeassistant.config_entries import SOURCE_USER, ConfigEntry
from homeassistant.const import (
    ATTR_ENTITY_ID,
    EVENT_HOMEASSISTANT_FINAL_WRITE,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    STATE_OFF,
    STATE_ON,
)
from homeassistant.core import DOMAIN as HOME_ASSISTANT, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import frame
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.runner import create_event_loop
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_test_home_assistant

from tests.mock_cloud import MockCloud
from tests.virtual_time import VirtualTimeLoop, follow_loop

from . import cloud as home, yardsticks
from .cloud import PASSWORD, USERNAME, Cloud, run_cloud
from .figures import OURS, TEXTBOOK
from .yardsticks import PLATFORMS

_SETUPS = 5
# What set-up leaves to the background, the event stream above all, is done by then.
_SETTLE_S = 0.2
_BATCHES = 12
_BATCH = 400
# The textbook writes every entity for each event: its batches are as long as this many states.
_TEXTBOOK_STATES = 5_000

_ROUND_TRIP_S = 0.02
_ENTITIES = 100
_REPEATS = 5
_DRAG_CALLS = 50
_DRAG_INTERVAL_S = 0.01
_DRAGGED = 1  # the first light

# A day, with everything that happens once in it.
_IDLE_HOURS = 24

type Figures = dict[str, float]


async def steady(subject: str, integration: Path, cloud: Cloud, devices: int) -> Figures:
    """Measure set-up (CPU and requests) and pushed events (CPU)."""
    async with start_home_assistant(subject, integration) as hass:
        entry = await add_account(hass, subject, cloud.url())
        setups = [await _set_up(hass, entry, cloud) for _ in range(_SETUPS)]
        await save_registries(hass)
        events = _BATCH if subject != TEXTBOOK else min(_BATCH, max(1, _TEXTBOOK_STATES // devices))
        await _burst(hass, cloud, events)
        bursts = [await _burst(hass, cloud, events) for _ in range(_BATCHES)]
        await hass.config_entries.async_unload(entry.entry_id)
    # What else the machine does can only add to CPU.
    return _medians(setups) | {
        "setup_cpu_ms": min(run["setup_cpu_ms"] for run in setups),
        "event_us": min(bursts),
    }


async def _set_up(hass: HomeAssistant, entry: ConfigEntry, cloud: Cloud) -> Figures:
    """Set up as after a restart of Home Assistant: the registries know everything, the modules are imported."""
    await hass.config_entries.async_unload(entry.entry_id)
    await save_registries(hass)
    await asyncio.sleep(_SETTLE_S)
    before = cloud.requests()
    gc.collect()
    started = time.process_time()
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await asyncio.sleep(_SETTLE_S)
    cpu = time.process_time() - started
    if cloud.streams() != 1:
        raise RuntimeError("there is no event stream")
    return {"setup_cpu_ms": cpu * 1e3, "setup_requests": cloud.requests() - before}


async def _burst(hass: HomeAssistant, cloud: Cloud, events: int) -> float:
    """Return the CPU microseconds per event when all come at once, each in its own frame."""
    marker = entity_ids(hass)[home.device_name(home.MARKER)]
    cloud.prepare(events)
    await until(hass, marker, STATE_ON)
    gc.collect()
    cloud.release()
    started = time.process_time()
    await until(hass, marker, STATE_OFF)
    return (time.process_time() - started) * 1e6 / events


async def commands(subject: str, integration: Path, cloud: Cloud, _devices: int) -> Figures:
    """Measure a hundred entities turned on at once and a dragged slider, with a delayed cloud."""
    async with start_home_assistant(subject, integration) as hass:
        entry = await add_account(hass, subject, cloud.url())
        await asyncio.sleep(_SETTLE_S)
        ids = entity_ids(hass)
        entities = [ids[home.device_name(number)] for number in range(_ENTITIES)]
        cloud.delay(_ROUND_TRIP_S)
        runs = []
        for _ in range(_REPEATS):
            await _switch(hass, cloud, entities, SERVICE_TURN_OFF, STATE_OFF)
            runs.append(await _switch(hass, cloud, entities, SERVICE_TURN_ON, STATE_ON))
            runs[-1] |= await _drag(hass, cloud, ids[home.device_name(_DRAGGED)])
        await hass.config_entries.async_unload(entry.entry_id)
    # A median would hide what must never happen.
    worst = {name: max(run[name] for run in runs) for name in ("drag_wrong_levels", "drag_requests_over")}
    return _medians(runs) | worst


async def _switch(hass: HomeAssistant, cloud: Cloud, entities: list[str], service: str, wanted: str) -> Figures:
    missing = {entity_id for entity_id in entities if hass.states.is_state(entity_id, wanted) is False}
    finished: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def changed(event: object) -> None:
        missing.difference_update([entity_id for entity_id in missing if hass.states.is_state(entity_id, wanted)])
        if not missing and not finished.done():
            finished.set_result(time.perf_counter())

    stop = async_track_state_change_event(hass, entities, changed)
    before = _sent(cloud)
    started = time.perf_counter()
    await hass.services.async_call(HOME_ASSISTANT, service, {ATTR_ENTITY_ID: entities}, blocking=True)
    async with asyncio.timeout(30):
        duration = await finished - started
    stop()
    await asyncio.sleep(_SETTLE_S)
    return {
        "switch_100_requests": _sent(cloud) - before,
        "switch_100_ms": duration * 1e3,
        "switch_100_round_trips": duration / _ROUND_TRIP_S,
    }


async def _drag(hass: HomeAssistant, cloud: Cloud, light: str) -> Figures:
    """Call `light.turn_on` again and again without waiting, as a slider does."""
    loop = asyncio.get_running_loop()
    before = _sent(cloud)
    started = loop.time()
    calls = []
    for call in range(_DRAG_CALLS):
        await asyncio.sleep(started + call * _DRAG_INTERVAL_S - loop.time())
        data = {ATTR_ENTITY_ID: light, ATTR_BRIGHTNESS_PCT: 100 - call}
        last = loop.time()
        calls.append(hass.async_create_task(hass.services.async_call(LIGHT, SERVICE_TURN_ON, data, blocking=True)))
    duration = loop.time() - started
    await calls[-1]
    acknowledged = loop.time() - last
    await asyncio.gather(*calls)
    await asyncio.sleep(_SETTLE_S)
    requests = _sent(cloud) - before
    level = cloud.brightness(_DRAGGED)
    return {
        "drag_requests": requests,
        "drag_requests_over": max(0, requests - 1 - duration / _ROUND_TRIP_S),
        "drag_ack_ms": acknowledged * 1e3,
        "drag_wrong_levels": float(level != 100 - _DRAG_CALLS + 1),
    }


def _sent(cloud: Cloud) -> int:
    return cloud.requests("POST /v1/commands")


async def memory(subject: str, integration: Path, cloud: Cloud, _devices: int) -> Figures:
    """Measure what Python's allocators keep for an account."""
    async with start_home_assistant(subject, integration) as hass:
        gc.collect()
        tracemalloc.start()
        entry = await add_account(hass, subject, cloud.url())
        await asyncio.sleep(1)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        await hass.config_entries.async_unload(entry.entry_id)
    return {"account_kb": kept / 1e3}


async def idle(subject: str, integration: Path, _cloud: object, devices: int) -> Figures:
    """Count the requests per hour while nothing happens; runs on a `VirtualTimeLoop`, or a day would take a day."""
    loop = cast("VirtualTimeLoop", asyncio.get_running_loop())
    with pytest.MonkeyPatch.context() as monkeypatch:
        follow_loop(loop, monkeypatch)
        mock_cloud = MockCloud(home=home.world(devices), clock=lambda: loop.utcnow().timestamp())
        async with mock_cloud, start_home_assistant(subject, integration) as hass:
            entry = await add_account(hass, subject, mock_cloud.url)
            await asyncio.sleep(60)
            before = len(mock_cloud.requests)
            await asyncio.sleep(_IDLE_HOURS * 3600)
            requests = len(mock_cloud.requests) - before
            if mock_cloud.streams != 1:
                raise RuntimeError("there is no event stream")
            await hass.config_entries.async_unload(entry.entry_id)
    return {"idle_requests_per_hour": requests / _IDLE_HOURS}


@asynccontextmanager
async def start_home_assistant(subject: str, integration: Path) -> AsyncIterator[HomeAssistant]:
    """Run Home Assistant with a subject; what both need is imported and set up."""
    with tempfile.TemporaryDirectory() as folder:
        (custom := Path(folder, "custom_components")).mkdir()  # nothing is measured yet
        # A package: a namespace would lose against one of that name later on the path.
        (custom / "__init__.py").touch()
        (custom / OURS).symlink_to(integration.resolve())  # noqa: ASYNC240  # nothing is measured yet
        async with async_test_home_assistant(config_dir=folder) as hass:
            frame.async_setup(hass)
            # Home Assistant's own resolver brings multicast DNS; the cloud has an address, so nothing is resolved.
            hass.data[str(DATA_RESOLVER)] = ThreadedResolver()
            for domain in (HOME_ASSISTANT, *PLATFORMS):
                await async_setup_component(hass, domain, {})
            if subject == OURS:
                hass.data.pop(loader.DATA_CUSTOM_COMPONENTS, None)
                found = await loader.async_get_integration(hass, subject)
                await found.async_get_platforms(("config_flow", *PLATFORMS))
            else:
                yardsticks.install(hass, subject)
            await async_setup_component(hass, subject, {})
            await hass.async_block_till_done()
            yield hass
            await save_registries(hass)
            await hass.async_stop(force=True)


async def add_account(hass: HomeAssistant, subject: str, server: str) -> ConfigEntry:
    """Log in to the cloud, through the config flow if there is one."""
    if subject != OURS:
        return await yardsticks.add_account(hass, subject, server, USERNAME, PASSWORD)
    answers = {"server": server, "username": USERNAME, "password": PASSWORD}
    flow = await hass.config_entries.flow.async_init(subject, context={"source": SOURCE_USER})
    while flow["type"] is FlowResultType.FORM and not flow["errors"]:
        schema = flow["data_schema"]
        fields = {} if schema is None else {str(field): answers[str(field)] for field in schema.schema}
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"], fields)
    if flow["type"] is not FlowResultType.CREATE_ENTRY:
        raise RuntimeError(f"the config flow ended with {flow}")
    await hass.async_block_till_done()
    return flow["result"]


async def save_registries(hass: HomeAssistant) -> None:
    """Write to disk what Home Assistant would write seconds later, in the middle of a measurement."""
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()


def entity_ids(hass: HomeAssistant) -> Mapping[str, str]:
    """Return the entities by the names of their devices."""
    return {state.name: state.entity_id for state in hass.states.async_all(PLATFORMS)}


async def until(hass: HomeAssistant, entity_id: str, wanted: str) -> None:
    """Wait for a state, looking rarely: a listener would add to the cost of each event."""
    async with asyncio.timeout(120):
        while not hass.states.is_state(entity_id, wanted):  # noqa: ASYNC110  # see above
            await asyncio.sleep(0.02)


def _medians(runs: list[Figures]) -> Figures:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


_MEASUREMENTS: dict[str, Callable[[str, Path, Cloud, int], Coroutine[None, None, Figures]]] = {
    "steady": steady,
    "commands": commands,
    "memory": memory,
    "idle": idle,
}


def measure(name: str, subject: str, integration: Path, devices: int) -> Figures:
    """Run a measurement; this process must be a fresh one."""
    # Home Assistant warns of every custom integration.
    logging.basicConfig(level=logging.ERROR)
    loop_factory = VirtualTimeLoop if name == "idle" else create_event_loop
    with run_cloud(devices) as cloud, asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(_MEASUREMENTS[name](subject, integration, cloud, devices))
