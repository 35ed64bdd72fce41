"""How often an account asks the cloud while nothing happens: on virtual time, cloud and all."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from tests.mock_cloud import MockCloud
from tests.mock_cloud.home_file import parse_world
from tests.virtual_time import VirtualTimeLoop

from . import household
from .home_assistant import add_account, start_home_assistant

_SETTLE_S = 60
# A day, with all that happens once in it.
_HOURS = 24


async def measure(integration: Path, devices: int) -> dict[str, float]:
    """Return the requests of an hour in which nothing happens."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualTimeLoop):
        raise TypeError("an hour would take an hour")
    world = parse_world(household.document(devices))
    cloud = MockCloud(home=world, clock=lambda: loop.utcnow().timestamp())
    with _wall_clock(loop):
        async with cloud, start_home_assistant(integration) as hass:
            entry = await add_account(hass, integration.name, cloud.url)
            await asyncio.sleep(_SETTLE_S)
            before = len(cloud.requests)
            await asyncio.sleep(_HOURS * 3600)
            asked = len(cloud.requests) - before
            if cloud.streams != 1:
                raise RuntimeError("there is no event stream")
            await hass.config_entries.async_unload(entry.entry_id)
    return {"idle_requests_per_hour": asked / _HOURS}


@contextmanager
def _wall_clock(loop: VirtualTimeLoop) -> Iterator[None]:
    """Make Home Assistant's wall clock follow the loop: its timers check one against the other."""
    with (
        patch("homeassistant.util.dt.utcnow", loop.utcnow),
        patch("homeassistant.util.utcnow", loop.utcnow),
        patch("homeassistant.helpers.event.time_tracker_utcnow", loop.utcnow),
        patch("homeassistant.helpers.event.time_tracker_timestamp", lambda: loop.utcnow().timestamp()),
    ):
        yield
