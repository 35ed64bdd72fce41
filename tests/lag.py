"""How long the event loop keeps others waiting. Virtual time stands still while it is measured.

Seconds are those of the CPU that this process uses, also in threads: other processes of a busy machine do not count.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import time


@dataclass(slots=True)
class Lag:
    """The longest time between two turns of a task, in seconds."""

    worst_s: float = 0


@asynccontextmanager
async def measured_lag() -> AsyncIterator[Lag]:
    """Measure until the context ends."""
    lag = Lag()

    async def watch() -> None:
        last = time.process_time()
        while True:
            await asyncio.sleep(0)
            now = time.process_time()
            lag.worst_s = max(lag.worst_s, now - last)
            last = now

    watcher = asyncio.create_task(watch())
    await asyncio.sleep(0)
    try:
        yield lag
    finally:
        await asyncio.sleep(0)  # the watcher sees the end
        watcher.cancel()
        await asyncio.wait([watcher])
