"""The loop the tests run on."""

import asyncio
import time

from aiohttp import ClientSession, web
from homeassistant.core import HomeAssistant
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util
import pytest

from tests.virtual_time import EPOCH, VirtualTimeLoop


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
