"""The loop the tests run on."""

import asyncio
import time

from aiohttp import ClientSession, web
from homeassistant.core import HomeAssistant
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util
import pytest

from tests.virtual_time import EPOCH, SocketlessLoop, VirtualTimeLoop


async def test_an_hour_passes_at_once() -> None:
    """Sleeping costs nothing, and the loop's clock says how long it was."""
    loop = asyncio.get_running_loop()
    before, started = loop.time(), time.monotonic()
    await asyncio.sleep(3600)
    assert loop.time() - before == pytest.approx(3600)
    assert time.monotonic() - started < 60


async def test_real_requests_take_the_time_the_server_takes() -> None:
    """A handler that sleeps a minute is a minute late for its client, over a real socket."""

    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response(text="done")

    app = web.Application()
    app.router.add_get("/", slow)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    before = asyncio.get_running_loop().time()
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/") as answer:
        assert await answer.text() == "done"
    assert asyncio.get_running_loop().time() - before == pytest.approx(60, abs=1)
    await runner.cleanup()


async def test_home_assistant_lives_on_the_same_clock(hass: HomeAssistant) -> None:
    """Its wall clock and its timers follow the loop."""
    fired: list[float] = []
    loop = asyncio.get_running_loop()
    start = loop.time()
    async_call_later(hass, 600, lambda _now: fired.append(loop.time() - start))
    await asyncio.sleep(601)
    assert fired == [pytest.approx(600, abs=1)]
    assert isinstance(loop, VirtualTimeLoop)
    assert (dt_util.utcnow() - EPOCH).total_seconds() == pytest.approx(loop.time())


def test_without_sockets_timers_fire_in_order() -> None:
    """Tasks and timers run as on any loop, and time stands still while there is something to do."""
    loop = SocketlessLoop()
    fired: list[tuple[float, str]] = []

    async def sleep(seconds: float, name: str) -> None:
        await asyncio.sleep(seconds)
        fired.append((loop.time(), name))

    async def run() -> None:
        await asyncio.gather(sleep(3600, "late"), sleep(1, "early"), sleep(0, "now"))

    loop.run_until_complete(run())
    loop.close()
    assert fired == [(0, "now"), (1, "early"), (3600, "late")]


def test_without_sockets_a_deadlock_is_found() -> None:
    """Waiting for something that cannot happen raises instead of hanging."""
    loop = SocketlessLoop()
    with pytest.raises(RuntimeError, match="deadlock"):
        loop.run_until_complete(loop.create_future())
    loop.close()


def test_without_sockets_a_livelock_is_found() -> None:
    """A task that never lets time pass raises instead of running for ever."""

    async def spin() -> None:
        while True:
            await asyncio.gather(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="livelock"):
        asyncio.run(spin(), loop_factory=SocketlessLoop)
