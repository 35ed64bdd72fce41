"""What setting up costs, and what each pushed event costs afterwards."""

import asyncio
import gc
from pathlib import Path
import statistics
import time

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant

from . import household
from .cloud_link import CloudLink, start_cloud
from .home_assistant import add_account, entity_ids, save_registries, start_home_assistant, until

_SETUPS = 3
# Work that set-up leaves to the background, opening the stream above all, is done by then.
_SETTLE_S = 0.2
_BATCHES = 5
_BATCH = 400
# The textbook writes all entities for each event: a batch has as many events as it writes this many states for.
_TEXTBOOK_WRITES = 5_000


async def measure(integration: Path, devices: int) -> dict[str, float]:
    """Return CPU microseconds an event, in a burst and alone; CPU and wall milliseconds, and requests, of setting up."""
    async with start_cloud(devices) as cloud, start_home_assistant(integration) as hass:
        entry = await add_account(hass, integration.name, cloud.url)
        setups = [await _set_up_again(hass, entry, cloud) for _ in range(_SETUPS)]
        await save_registries(hass)
        events = _BATCH if integration.name != "textbook" else min(_BATCH, max(1, _TEXTBOOK_WRITES // devices))
        await _burst(hass, cloud, events)
        lone = [await _trickle(hass, cloud, events) for _ in range(_BATCHES)]
        burst = [await _burst(hass, cloud, events) for _ in range(_BATCHES)]
        await hass.config_entries.async_unload(entry.entry_id)
    figures = {name: statistics.median(setup[name] for setup in setups) for name in setups[0]}
    return figures | {"event_us": statistics.median(burst), "lone_event_us": statistics.median(lone)}


async def _set_up_again(hass: HomeAssistant, entry: ConfigEntry, cloud: CloudLink) -> dict[str, float]:
    """Set up as at a restart of Home Assistant: its registries know everything, and the modules are imported."""
    await hass.config_entries.async_unload(entry.entry_id)
    await save_registries(hass)
    await asyncio.sleep(_SETTLE_S)
    before = len(await cloud.requests())
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    wall = time.perf_counter() - wall
    await asyncio.sleep(_SETTLE_S)
    cpu = time.process_time() - cpu
    if await cloud.streams() != 1:
        raise RuntimeError("there is no event stream")
    requests = len(await cloud.requests()) - before
    return {"setup_cpu_ms": cpu * 1e3, "setup_wall_ms": wall * 1e3, "setup_requests": requests}


async def _trickle(hass: HomeAssistant, cloud: CloudLink, events: int) -> float:
    """Return the CPU microseconds of each of so many events that come one by one, each to an idle Home Assistant."""
    marker = entity_ids(hass)[household.device_name(household.MARKER)]
    gc.collect()
    await cloud.trickle(events)
    await until(hass, marker, STATE_ON)
    started = time.process_time()
    await until(hass, marker, STATE_OFF)
    return (time.process_time() - started) * 1e6 / events


async def _burst(hass: HomeAssistant, cloud: CloudLink, events: int) -> float:
    """Return the CPU microseconds of each of so many events that come all at once, each in a frame of its own."""
    marker = entity_ids(hass)[household.device_name(household.MARKER)]
    await cloud.prepare(events)
    await until(hass, marker, STATE_ON)
    gc.collect()
    await cloud.release()
    started = time.process_time()
    await until(hass, marker, STATE_OFF)
    return (time.process_time() - started) * 1e6 / events
