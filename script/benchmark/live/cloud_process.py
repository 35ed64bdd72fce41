"""The cloud of a measured run, in a process of its own: `cloud_process DEVICES`.

It is the strict one of the tests. It says its URL, then answers each order on its standard input (a JSON array in a
line) with JSON in a line, and ends with its input.
"""

import asyncio
from collections.abc import Awaitable, Callable
import json
import sys
from typing import override

from tests.mock_cloud import Freedoms, MockCloud
from tests.mock_cloud.home_file import parse_world
from tests.mock_cloud.wire import Json

from . import household

# After an order is answered, its sender has this long to start its clock.
GRACE_S = 0.1
# Long enough for an event to be done with before the next one comes.
_APART_S = 0.002


class _OneEventAFrame(Freedoms):
    @override
    def batch(self, pending: int) -> int:
        return 1


class _Orders:
    """What a measured run may ask of its cloud."""

    def __init__(self, cloud: MockCloud, devices: int) -> None:
        self._cloud = cloud
        self._devices = devices
        self._events = 0
        self._trickling: asyncio.Task[None] | None = None  # kept, or it might be collected

    async def requests(self) -> Json:
        """Return method and path of every request so far."""
        return [f"{request.method} {request.path}" for request in self._cloud.requests]

    async def streams(self) -> Json:
        """Return how many event streams are open."""
        return self._cloud.streams

    async def latency(self, seconds: float) -> Json:
        """Answer so much later from now on."""
        self._cloud.latency = seconds
        return None

    async def brightness(self, number: int) -> Json:
        """Return the brightness of a light."""
        brightness: Json = self._cloud.state(household.device_id(number), household.ENDPOINT)["brightness"]
        return brightness

    async def prepare(self, events: int) -> Json:
        """Turn the marker on, then make events and hold them back; the last of them turns the marker off."""
        self._touch(household.MARKER, on=True)
        await asyncio.sleep(GRACE_S)
        self._cloud.mute(True)
        for _ in range(events):
            self._touch_next()
        self._touch(household.MARKER, on=False)
        return None

    async def release(self) -> Json:
        """Push what is held back, each event in a frame of its own."""
        asyncio.get_running_loop().call_later(GRACE_S, self._cloud.mute, False)
        return None

    async def trickle(self, events: int) -> Json:
        """Turn the marker on, then push events one after the other; the last of them turns the marker off."""
        self._touch(household.MARKER, on=True)
        self._trickling = asyncio.create_task(self._trickle(events))
        return None

    async def _trickle(self, events: int) -> None:
        await asyncio.sleep(2 * GRACE_S)
        for _ in range(events):
            self._touch_next()
            await asyncio.sleep(_APART_S)
        self._touch(household.MARKER, on=False)

    def _touch_next(self) -> None:
        number, state = household.touched(self._events, self._devices)
        self._events += 1
        self._touch(number, **state)

    def _touch(self, number: int, **state: Json) -> None:
        self._cloud.touch(household.device_id(number), household.ENDPOINT, **state)


async def serve(devices: int) -> None:
    """Serve until the standard input ends."""
    cloud = MockCloud(home=parse_world(household.document(devices)), freedoms=_OneEventAFrame())
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with cloud:
        _say(cloud.url)
        orders = _Orders(cloud, devices)
        while line := await reader.readline():
            name, *arguments = json.loads(line)
            order: Callable[..., Awaitable[Json]] = getattr(orders, name)
            _say(await order(*arguments))


def _say(answer: Json) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
