"""How long the event loop keeps others waiting, in real time. Virtual time stands still while it is measured."""

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
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
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
