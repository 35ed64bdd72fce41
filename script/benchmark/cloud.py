"""The mock cloud of a measurement, with a home of any size."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from threading import Thread
from typing import Any, override

from tests.mock_cloud import Freedoms, MockCloud
from tests.mock_cloud.home_file import parse_world
from tests.mock_cloud.model import World

USERNAME = "owner@example.com"
PASSWORD = "a-password-of-nobody"  # noqa: S105  # of a benchmark's cloud
ENDPOINT = "1"
# The first device is a switch, and only the last of many events changes it: when it is off, all have arrived.
MARKER = 0
# The measurement has this long to start its clock.
GRACE_S = 0.1
_ROOMS = 10

type Json = dict[str, Any]


def device_id(number: int) -> str:
    """Return the cloud's ID of a device."""
    return f"device-{number:05}"


def device_name(number: int) -> str:
    """Return the name of a device, in the cloud and in Home Assistant."""
    return f"Device {number:05}"


def event(number: int, devices: int) -> tuple[int, Json]:
    """Return the device of an event and its new state, which always differs from the last."""
    turn, place = divmod(number, devices - 1)
    device = place + 1  # without the marker
    return device, {"on": turn % 2 == 1} if device % 2 == 0 else {"brightness": turn % 99 + 1}


def world(devices: int) -> World:
    """Return one account with a home of so many devices with one endpoint each, half switches, half dimmable lights."""
    account = {"id": "owner", "full_name": "Owner", "email": USERNAME, "phone": "+84 912 345 678", "password": PASSWORD}
    rooms = [{"id": f"room-{room}", "name": f"Room {room}"} for room in range(_ROOMS)]
    document: Json = {
        "terms": {"version": "1", "required": False},
        "support": {"phone": "0816 333 868"},
        "accounts": [{**account, "terms_accepted": "1", "homes": ["home"]}],
        "homes": [{"id": "home", "name": "Home", "rooms": rooms, "devices": [_device(n) for n in range(devices)]}],
    }
    return parse_world(document)


def _device(number: int) -> Json:
    dimmer: Json = {"brightness": True, "color_temp": None, "color": False, "effects": [], "transition": False}
    light: Json = {"id": ENDPOINT, "type": "light", "features": dimmer, "state": {"on": True, "brightness": 100}}
    relay: Json = {"controls": None, "metering": False}
    switch: Json = {"id": ENDPOINT, "type": "switch", "features": relay, "state": {"on": True}}
    identity: Json = {"id": device_id(number), "name": device_name(number), "serial": f"SN-{number:05}"}
    model: Json = {"model": "Panel", "firmware": "2.4.1", "identify": False}
    return {**identity, **model, "room_id": f"room-{number % _ROOMS}", "endpoints": [light if number % 2 else switch]}


class _OneEventPerFrame(Freedoms):
    @override
    def batch(self, pending: int) -> int:
        return 1


class Cloud:
    """A mock cloud with its event loop in a thread, for measurements in another process."""

    def __init__(self, devices: int) -> None:
        self._devices = devices
        self._events = 0
        self._loop = asyncio.new_event_loop()
        Thread(target=self._loop.run_forever, daemon=True).start()
        self._cloud = self._run(self._start())

    def url(self) -> str:
        """Return its address."""
        return self._cloud.url

    def streams(self) -> int:
        """Return how many event streams are open."""
        return self._cloud.streams

    def requests(self, line: str = "") -> int:
        """Return the number of requests so far, all or those of a method and path."""
        return sum(f"{request.method} {request.path}".startswith(line) for request in self._cloud.requests)

    def brightness(self, number: int) -> float:
        """Return the brightness of a light."""
        return float(self._cloud.state(device_id(number), ENDPOINT)["brightness"])

    def delay(self, seconds: float) -> None:
        """Delay every response."""
        self._cloud.latency = seconds

    def prepare(self, events: int) -> None:
        """Turn the marker on, then hold back events, of which the last turns it off."""
        self._run(self._prepare(events))

    def release(self) -> None:
        """Soon push what is held back, each event in its own frame."""
        self._loop.call_soon_threadsafe(self._loop.call_later, GRACE_S, self._cloud.mute, False)

    def _run[T](self, work: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _start(self) -> MockCloud:
        cloud = MockCloud(home=world(self._devices), freedoms=_OneEventPerFrame())
        await cloud.start()
        return cloud

    async def _prepare(self, events: int) -> None:
        self._touch(MARKER, on=True)
        await asyncio.sleep(GRACE_S)
        self._cloud.mute(True)
        for _ in range(events):
            number, state = event(self._events, self._devices)
            self._events += 1
            self._touch(number, **state)
        self._touch(MARKER, on=False)

    def _touch(self, number: int, **state: Any) -> None:
        self._cloud.touch(device_id(number), ENDPOINT, **state)


class _Manager(BaseManager):
    """A process that runs a cloud."""


_Manager.register("cloud", Cloud)


@contextmanager
def run_cloud(devices: int) -> Iterator[Cloud]:
    """Run a cloud in another process, whose work is not counted; each call blocks until it returns."""
    with _Manager(ctx=get_context("spawn")) as manager:
        yield manager.cloud(devices)  # type: ignore[attr-defined]  # registered above
