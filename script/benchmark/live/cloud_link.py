"""The other end of `cloud_process`: starts it, orders, and ends it."""

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import sys
from typing import Any

# A snapshot's worth of requests in one line is more than asyncio reads by default.
_LINE_LIMIT = 2**24


class CloudLink:
    """A cloud in another process; its work is not counted here."""

    def __init__(self, url: str, orders: asyncio.StreamWriter, answers: asyncio.StreamReader) -> None:
        self.url = url
        self._orders = orders
        self._answers = answers

    async def requests(self) -> list[str]:
        """Return method and path of every request so far."""
        requests: list[str] = await self._order("requests")
        return requests

    async def streams(self) -> int:
        """Return how many event streams are open."""
        return int(await self._order("streams"))

    async def set_latency(self, seconds: float) -> None:
        """Answer so much later from now on."""
        await self._order("latency", seconds)

    async def brightness(self, number: int) -> float:
        """Return the brightness of a light in the cloud."""
        return float(await self._order("brightness", number))

    async def prepare(self, events: int) -> None:
        """Turn the marker on, then make events and hold them back; one more after them turns the marker off."""
        await self._order("prepare", events)

    async def release(self) -> None:
        """Push what is held back, a moment after this returned."""
        await self._order("release")

    async def trickle(self, events: int) -> None:
        """Turn the marker on and, a moment later, push events one after the other; one more turns the marker off."""
        await self._order("trickle", events)

    async def _order(self, *order: str | float) -> Any:
        self._orders.write(json.dumps(order).encode() + b"\n")
        return await _answer(self._answers)


@asynccontextmanager
async def start_cloud(devices: int) -> AsyncIterator[CloudLink]:
    """Run a cloud with a home of so many devices."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"{__package__}.cloud_process",
        str(devices),
        stdin=PIPE,
        stdout=PIPE,
        limit=_LINE_LIMIT,
    )
    orders, answers = process.stdin, process.stdout
    if orders is None or answers is None:
        raise RuntimeError("a process without pipes")
    try:
        yield CloudLink(await _answer(answers), orders, answers)
    finally:
        orders.close()
        await process.wait()


async def _answer(answers: asyncio.StreamReader) -> Any:
    line = await answers.readline()
    if not line:
        raise RuntimeError("the cloud ended")
    return json.loads(line)
