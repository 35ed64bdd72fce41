"""What a device keeps in memory: what Python's allocators gave out and did not get back."""

import asyncio
import gc
from pathlib import Path
import tracemalloc

from .cloud_link import start_cloud
from .home_assistant import add_account, start_home_assistant

_SETTLE_S = 1


async def measure(integration: Path, devices: int) -> dict[str, float]:
    """Return the kilobytes that an account of so many devices keeps."""
    async with start_cloud(devices) as cloud, start_home_assistant(integration) as hass:
        gc.collect()
        tracemalloc.start()
        entry = await add_account(hass, integration.name, cloud.url)
        await asyncio.sleep(_SETTLE_S)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        await hass.config_entries.async_unload(entry.entry_id)
    return {"account_kb": kept / 1e3}
