"""A week of a household with an outage every night: nothing grows, and nobody hears more than was promised."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import gc
import json
import logging
from random import Random
from typing import Any, Self, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_ENTITY_ID, SERVICE_TURN_OFF, SERVICE_TURN_ON, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.util.event_type import EventType
import pytest

from custom_components.wesmart.cloud.decode import decode_snapshot
from custom_components.wesmart.cloud.state import HomeState
from custom_components.wesmart.coordinator import WeSmartCoordinator
from tests.accounts import OWNER, SERVER_SEED
from tests.home import shows
from tests.mock_cloud import Freedoms, MockCloud
from tests.virtual_time import VirtualTimeLoop

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# A day begins at midnight of the loop's clock. At night the cloud is away; the household gets up, and goes to bed.
OUTAGE, UP, BED = 3 * HOUR, 6 * HOUR, 22 * HOUR
OUTAGE_S = 20 * MINUTE
DAYS, RELOAD_DAY = 7, 3

OUR_PACKAGE = "custom_components.wesmart"
SWITCHES = {
    "light.bep_den_tran": ("cong-tac-bep", "1"),
    "light.bep_den_ban_an": ("cong-tac-bep", "2"),
    "light.phong_tam_den_guong": ("cong-tac-phong-tam", "1"),
    "light.bep_den_tu_bep": ("den-tu-bep", "1"),
}


class LogHandler(logging.Handler):
    """Keeps the text of what is logged: a record would keep the error and everything it refers to."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[tuple[str, str]] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep what our loggers log, and warnings of all others."""
        if record.name.startswith(OUR_PACKAGE) or record.levelno >= logging.WARNING:
            self.lines.append((record.levelname, record.getMessage()))


@contextmanager
def logging_to_handler() -> Iterator[LogHandler]:
    """Replace all handlers, some of which keep records."""
    handler = LogHandler()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logging.getLogger(), "handlers", [handler])
        patch.setattr(logging.getLogger(), "level", logging.INFO)
        yield handler


@pytest.fixture
async def cloud(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MockCloud]:
    """Return a cloud for a week; its 13,000 heartbeats are not held against the specification one by one."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    # With these a week would take minutes: a millisecond's look for what was sent, though loopback has delivered it by
    # the time that sending returns, and a stack trace for debugging, at each of some hundred thousand timers.
    monkeypatch.setattr("tests.virtual_time.LOOPBACK_S", 0)
    loop.set_debug(False)
    freedoms = Freedoms.seeded(SERVER_SEED)
    async with MockCloud(clock=lambda: loop.utcnow().timestamp(), freedoms=freedoms) as running:
        running.meters_report = False  # otherwise no hour is idle
        # Half as many frames; more seldom, and silence would be asked about.
        running.heartbeat_s = 45
        yield running


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """How many there are of everything that must not grow."""

    tasks: Counter[str]
    bus_listeners: dict[EventType[Any] | str, int]
    entity_listeners: tuple[int, int]
    timers: int
    cancelled_timers: int
    sockets: int
    connections: int
    objects: Counter[str]
    held: int

    @classmethod
    def taken(cls, hass: HomeAssistant, entry: ConfigEntry) -> Self:
        """Return it as it is now."""
        gc.collect()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        coordinator: WeSmartCoordinator = entry.runtime_data
        connector = coordinator.client.session.http._session.connector
        assert connector is not None
        scheduled: list[asyncio.TimerHandle] = loop._scheduled  # type: ignore[attr-defined]  # asyncio's own
        names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
        cancelled = sum(timer.cancelled() for timer in scheduled)
        return cls(
            # Without the server's own: how long ago the last poll was, whose connection it keeps, is a matter of chance.
            tasks=Counter(name for name in names if not name.startswith("RequestHandler.")),
            bus_listeners=hass.bus.async_listeners(),
            entity_listeners=(len(coordinator._listeners), sum(map(len, coordinator._listeners_by_context.values()))),
            timers=len(scheduled) - cancelled,
            cancelled_timers=cancelled,
            sockets=len(loop._selector.get_map()),  # type: ignore[attr-defined]  # asyncio's own
            connections=sum(map(len, connector._conns.values())) + len(connector._acquired),
            objects=Counter(
                type(thing).__qualname__
                for thing in gc.get_objects()
                if type(thing).__module__.startswith((OUR_PACKAGE, "aiohttp.client", "asyncio."))
            ),
            held=held_by(coordinator),
        )

    def assert_no_more_than(self, before: Footprint) -> None:
        """Fail where there is more of anything; a request or a timer more or less is a matter of the moment."""
        assert (self.tasks, self.bus_listeners) == (before.tasks, before.bus_listeners)
        assert self.entity_listeners == before.entity_listeners
        assert self.timers <= before.timers + 3
        assert self.cancelled_timers <= 100  # asyncio sweeps them out from there
        assert self.sockets <= before.sockets + 2
        assert self.connections <= before.connections + 1
        grown = {name: (before.objects[name], now) for name, now in self.objects.items()}
        assert {name: counts for name, counts in grown.items() if counts[1] > counts[0] + 3} == {}
        assert self.held <= before.held * 1.01


def held_by(owner: object) -> int:
    """Return how many objects somebody keeps alive, going through ours and through containers only."""
    seen: set[int] = set()
    waiting = deque([owner])
    while waiting:
        thing = waiting.popleft()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, dict | list | tuple | set | frozenset | deque) or (
            type(thing).__module__.startswith(OUR_PACKAGE)
        ):
            waiting.extend(gc.get_referents(thing))
    return len(seen)


class Week:
    """What happens in it."""

    def __init__(self, hass: HomeAssistant, cloud: MockCloud) -> None:
        self._hass, self._cloud = hass, cloud
        self._random = Random(SERVER_SEED)
        # One after the other, night after night.
        self._outages: tuple[Callable[[], Awaitable[None]], ...] = (
            self._gone,
            self._half_open,
            self._in_maintenance,
            self._overrun,
        )

    async def until(self, day: int, time: float) -> None:
        """Let time pass."""
        await asyncio.sleep(day * DAY + time - asyncio.get_running_loop().time())

    async def night(self, day: int) -> None:
        """Have an outage, and come back."""
        await self.until(day, OUTAGE)
        await self._outages[day % len(self._outages)]()

    async def day(self, day: int) -> None:
        """Touch and tap something every few minutes, and see it done at once."""
        await self.until(day, UP)
        while asyncio.get_running_loop().time() < day * DAY + BED:
            await self.something()
            await asyncio.sleep(self._random.uniform(MINUTE, 9 * MINUTE))

    async def something(self) -> None:
        """Switch something at the wall or by Home Assistant."""
        entity_id, key = self._random.choice(list(SWITCHES.items()))
        on = not self._cloud.state(*key)["on"]
        if self._random.random() < 0.5:
            self._cloud.touch(*key, on=on)
        else:
            action = SERVICE_TURN_ON if on else SERVICE_TURN_OFF
            target = {ATTR_ENTITY_ID: entity_id}
            async with asyncio.timeout(0.5):
                await self._hass.services.async_call(entity_id.partition(".")[0], action, target, blocking=True)
        await shows(self._hass, entity_id, STATE_ON if on else STATE_OFF, within_s=0.5)

    async def _gone(self) -> None:
        port = self._cloud.port
        await self._cloud.stop()
        await asyncio.sleep(OUTAGE_S)
        await self._cloud.start(port=port)

    async def _half_open(self) -> None:
        self._cloud.mute(True)
        self._cloud.latency = MINUTE  # longer than anybody waits
        await asyncio.sleep(OUTAGE_S)
        self._cloud.latency = 0
        self._cloud.mute(False)

    async def _in_maintenance(self) -> None:
        self._cloud.maintenance(retry_after=2 * MINUTE)
        await asyncio.sleep(OUTAGE_S)
        self._cloud.end_maintenance()

    async def _overrun(self) -> None:
        self._cloud.rate_limit(MINUTE, count=1_000_000)
        self._cloud.cut()
        await asyncio.sleep(OUTAGE_S)
        self._cloud.forgive()


@pytest.mark.slow
async def test_a_week_leaves_nothing_behind(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """With everything at once: outages, tokens that expire each hour, touches and commands, and a reload."""
    week = Week(hass, cloud)
    footprints: list[Footprint] = []
    # From here on it is as after every start but the first.
    assert await hass.config_entries.async_reload(entry.entry_id)
    with logging_to_handler() as handler:
        for day in range(DAYS):
            handler.lines.clear()
            await week.night(day)
            await week.day(day)
            # In maintenance and in an outage alike: Home Assistant's coordinator logs one line down, and one up.
            assert [level for level, _ in handler.lines] == ["ERROR", "INFO"], handler.lines
            if day == RELOAD_DAY:
                assert await hass.config_entries.async_reload(entry.entry_id)
            await week.until(day, BED + HOUR)
            before = len(cloud.requests)
            await week.until(day, BED + 3 * HOUR)
            assert len(cloud.requests) - before <= 2 * 2
            footprints.append(Footprint.taken(hass, entry))
    # After an outage of the same kind: what was the last error, and which requests had to wait, is kept.
    footprints[6].assert_no_more_than(footprints[2])
    assert_equals(hass, cloud, entry)
    await week.something()


def assert_equals(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Fail where the state, or what is shown of it, differs from the server's."""
    fresh = HomeState()
    fresh.load(decode_snapshot(json.dumps(cloud.snapshot(OWNER.username)).encode()))
    state = entry.runtime_data.state
    assert (state.homes, state.devices, state.endpoints) == (fresh.homes, fresh.devices, fresh.endpoints)
    for entity_id, key in SWITCHES.items():
        shown = hass.states.get(entity_id)
        assert shown is not None
        assert shown.state == (STATE_ON if cloud.state(*key)["on"] else STATE_OFF)
