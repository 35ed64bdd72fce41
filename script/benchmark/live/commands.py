"""What a hundred entities at once and a dragged slider cost, behind a link with a delay."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
import statistics
import time

from homeassistant.components.light import ATTR_BRIGHTNESS_PCT, DOMAIN as LIGHT
from homeassistant.const import ATTR_ENTITY_ID, SERVICE_TURN_OFF, SERVICE_TURN_ON, STATE_OFF, STATE_ON
from homeassistant.core import DOMAIN as HOME_ASSISTANT, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event

from . import household
from .cloud_link import CloudLink, start_cloud
from .home_assistant import add_account, entity_ids, start_home_assistant

ROUND_TRIP_S = 0.02
_ENTITIES = 100
_REPEATS = 5
_DRAG_CALLS = 50
_DRAG_INTERVAL_S = 0.01
_DRAGGED = 1  # the first light
_COMMANDS = "POST /v1/commands"
_WITHIN_S = 30
_SETTLE_S = 0.5


async def measure(integration: Path, devices: int) -> dict[str, float]:
    """Return requests and milliseconds of a hundred entities at once, and of a drag."""
    async with start_cloud(devices) as cloud, start_home_assistant(integration) as hass:
        entry = await add_account(hass, integration.name, cloud.url)
        await asyncio.sleep(_SETTLE_S)
        ids = entity_ids(hass)
        everything = [ids[household.device_name(number)] for number in range(_ENTITIES)]
        await cloud.set_latency(ROUND_TRIP_S)
        runs = []
        for _ in range(_REPEATS):
            await _switch(hass, cloud, everything, SERVICE_TURN_OFF, STATE_OFF)
            runs.append(await _switch(hass, cloud, everything, SERVICE_TURN_ON, STATE_ON))
            runs[-1] |= await _drag(hass, cloud, ids[household.device_name(_DRAGGED)])
        await hass.config_entries.async_unload(entry.entry_id)
    # What must not happen once is not to be lost in a median.
    worst = {"drag_wrong_levels", "drag_requests_over"}
    return {name: (max if name in worst else statistics.median)(run[name] for run in runs) for name in runs[0]}


async def _switch(
    hass: HomeAssistant, cloud: CloudLink, entities: Sequence[str], service: str, wanted: str
) -> dict[str, float]:
    """Switch entities with one call of `homeassistant.turn_on` or `turn_off`."""
    missing = {entity_id for entity_id in entities if hass.states.is_state(entity_id, wanted) is False}
    done = asyncio.Event()
    finished = 0.0

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        nonlocal finished
        if (state := event.data["new_state"]) is not None and state.state == wanted:
            missing.discard(state.entity_id)
            if not missing:
                finished = time.perf_counter()
                done.set()

    stop = async_track_state_change_event(hass, entities, changed)
    before = await _sent(cloud)
    started = time.perf_counter()
    await hass.services.async_call(HOME_ASSISTANT, service, {ATTR_ENTITY_ID: list(entities)}, blocking=True)
    async with asyncio.timeout(_WITHIN_S):
        await done.wait()
    stop()
    await asyncio.sleep(_SETTLE_S)
    return {
        "switch_100_requests": await _sent(cloud) - before,
        "switch_100_ms": (finished - started) * 1e3,
        "switch_100_round_trips": (finished - started) / ROUND_TRIP_S,
    }


async def _drag(hass: HomeAssistant, cloud: CloudLink, light: str) -> dict[str, float]:
    """Call `light.turn_on` again and again without waiting, as a slider does, from 100 % down to half of it."""
    loop = asyncio.get_running_loop()
    before = await _sent(cloud)
    started = loop.time()
    calls = []
    for call in range(_DRAG_CALLS):
        await asyncio.sleep(started + call * _DRAG_INTERVAL_S - loop.time())
        percent = 100 - call
        data = {ATTR_ENTITY_ID: light, ATTR_BRIGHTNESS_PCT: percent}
        last = loop.time()
        calls.append(hass.async_create_task(hass.services.async_call(LIGHT, SERVICE_TURN_ON, data, blocking=True)))
    duration = loop.time() - started
    await calls[-1]
    acknowledged = loop.time() - last
    await asyncio.gather(*calls)
    await asyncio.sleep(_SETTLE_S)
    requests = await _sent(cloud) - before
    level = await cloud.brightness(_DRAGGED)
    return {
        "drag_requests": requests,
        "drag_requests_over": max(0, requests - 1 - duration / ROUND_TRIP_S),
        "drag_ack_ms": acknowledged * 1e3,
        "drag_level": level,
        "drag_wrong_levels": float(level != percent),
    }


async def _sent(cloud: CloudLink) -> int:
    return (await cloud.requests()).count(_COMMANDS)
