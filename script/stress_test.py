"""Stress the integration in Home Assistant, and print what it cost.

Each part is a fresh process. Servers listen on the loopback interface. Floods run in real time, against a mock cloud in
another process; reloads and reconnects run on the tests' virtual clock, because the pauses between them are long.
"""

import argparse
import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
import gc
from importlib.metadata import version
import json
import logging
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
import os
from pathlib import Path
import random
import statistics
import time
from typing import Any, cast

from homeassistant.core import HomeAssistant
from homeassistant.runner import create_event_loop
import pytest

from custom_components.wesmart.cloud.decode import decode_snapshot
from custom_components.wesmart.cloud.errors import UnexpectedResponseError
from custom_components.wesmart.cloud.events import decode_frame
from custom_components.wesmart.cloud.state import HomeState
from tests.mock_cloud import MockCloud
from tests.virtual_time import VirtualTimeLoop, follow_loop

from .benchmark import cloud as benchmark
from .benchmark.figures import OURS
from .benchmark.measurements import add_account, entity_ids, start_home_assistant, until

_INTEGRATION = Path(__file__).parents[1] / "custom_components" / OURS
_DEVICES = 100
_SEED = 1
# An example that takes longer counts as a hang.
_HANG_S = 1
# Before the first footprint: what Home Assistant and Python load once.
_WARM_UP = 20
_FLOODS = ("state events", "hints", "tickets", "pings", "empty frames")

type Json = dict[str, Any]
type Row = tuple[str, str]


class FloodingCloud(benchmark.Cloud):
    """A mock cloud that sends as much as the client takes."""

    def flood(self, kind: str, seconds: float) -> int:
        """Flood the only stream, and return how many events or frames it took."""
        return self._run(self._flood(kind, seconds))

    async def _flood(self, kind: str, seconds: float) -> int:
        (stream,) = self._cloud._server.streams  # noqa: SLF001  # a flood is no control
        socket, pending = stream._socket, stream._pending  # noqa: SLF001  # as above
        loop, sent = asyncio.get_running_loop(), 0
        end = loop.time() + seconds
        while loop.time() < end:
            match kind:
                case "pings":
                    await socket.ping()
                case "empty frames":
                    await socket.send_str("")
                case _ if len(pending) > 1000:
                    await asyncio.sleep(0.001)
                    continue
                case _:
                    self._publish(kind, sent)
            sent += 1
            if sent % 50 == 0:
                await asyncio.sleep(0)
        return sent

    def _publish(self, kind: str, number: int) -> None:
        core = self._cloud._core  # noqa: SLF001  # as above
        account = core.world.accounts[0].id
        if kind == "hints":
            core.publish_account(account)
        elif kind == "tickets":
            ticket: Json = {"id": "t", "category": "security", "message": "m", "status": "open", "subject": None}
            moment = {"created_at": "2026-11-20T05:00:00Z", "reply": None, "replied_at": None}
            core.publish(account, "feedback", {"ticket": ticket | moment})
        else:
            device, state = benchmark.event(number, _DEVICES)
            self._touch(device, **state)


class _Manager(BaseManager):
    """A process that runs a cloud."""


_Manager.register("cloud", FloodingCloud)


@contextmanager
def _run_cloud() -> Iterator[FloodingCloud]:
    with _Manager(ctx=get_context("spawn")) as manager:
        yield manager.cloud(_DEVICES)  # type: ignore[attr-defined]  # registered above


# Floods


def flood(kind: str, seconds: float) -> Row:
    """Flood an account, and measure how late a timer of its event loop is: by the clock, and in CPU of the loop."""

    async def run(cloud: FloodingCloud) -> Row:
        async with start_home_assistant(OURS, _INTEGRATION) as hass:
            entry = await add_account(hass, OURS, cloud.url())
            await asyncio.sleep(1)
            lags: list[tuple[float, float]] = []
            ticker = asyncio.create_task(_tick(lags))
            requests = cloud.requests()
            sent = await asyncio.to_thread(cloud.flood, kind, seconds)
            requests = cloud.requests() - requests
            ticker.cancel()
            # It has survived if the next change arrives.
            marker = entity_ids(hass)[benchmark.device_name(benchmark.MARKER)]
            cloud.prepare(0)
            cloud.release()
            await until(hass, marker, "off")
            await hass.config_entries.async_unload(entry.entry_id)
        clock, cpu = ([lag * 1e3 for lag in lags] for lags in zip(*lags, strict=True))
        lag = f"lag {max(clock):.0f} ms, in CPU {max(cpu):.0f} ms, mean {statistics.mean(clock):.1f} ms"
        return f"{kind}, {seconds:g} s", f"{sent:,} taken, {requests} requests; {lag}"

    with _run_cloud() as cloud, asyncio.Runner(loop_factory=create_event_loop) as runner:
        return runner.run(run(cloud))


async def _tick(lags: list[tuple[float, float]]) -> None:
    while True:
        started, cpu = time.perf_counter(), time.thread_time()
        await asyncio.sleep(0.005)
        lags.append((time.perf_counter() - started - 0.005, time.thread_time() - cpu))


# Fuzzing


def fuzz(kind: str, count: int, seed: int) -> tuple[int, float, list[str]]:
    """Return how many documents were accepted, the longest time of one, and what escaped: other errors, and hangs."""
    rng = random.Random(seed)  # noqa: S311  # a seeded generator is the point
    state, documents = _fresh_state(), [_snapshot(seed)] if kind == "snapshots" else _frames(seed)
    accepted, longest, escapes = 0, 0.0, []
    for number in range(count):
        if number % 1000 == 0:
            state = _fresh_state()
        text = _mutated(rng, rng.choice(documents))
        wire = text.encode(errors="surrogatepass")
        started = time.perf_counter()
        try:
            if kind == "snapshots":
                state.load(decode_snapshot(wire))
            elif frame := decode_frame(wire.decode(errors="replace")):
                state.needed_seq(frame)
                state.apply(frame, number)
            accepted += 1
        except UnexpectedResponseError:
            pass
        except Exception as err:  # noqa: BLE001  # this is what is looked for
            escapes.append(f"{type(err).__name__}: {text[:300]}")
        longest = max(longest, duration := time.perf_counter() - started)
        if duration > _HANG_S:
            escapes.append(f"{duration:.1f} s: {text[:300]}")
    return accepted, longest, escapes


_VALUES: tuple[object, ...] = (
    None, True, False, 0, -1, 0.5, 1e308, -1e308, 2**53, 2**64, 10**400, float("nan"), float("inf"), "", "\0", "\ud800",
    "x" * 5000, "hello", "events", "state", "switch", "light", "curtain", "button", "2026-11-20T05:00:00Z", [], {}, [[]],
    {"": {}}, [None] * 50, [{}] * 50, {"id": "1"}, {"on": True}, {"id": "1", "type": "light"},
)  # fmt: skip


def _mutated(rng: random.Random, document: object) -> str:
    """Return the text of a document in which up to four values were replaced or removed, and which may be cut off."""
    copy = json.loads(json.dumps(document))
    for _ in range(rng.randrange(1, 5)):
        places = list(_places(copy))
        if not places:
            break
        parent, key = rng.choice(places)
        if rng.random() < 0.2:
            del parent[key]
        else:
            parent[key] = deepcopy(rng.choice(_VALUES))
    text = json.dumps(copy)
    if rng.random() < 0.05:
        text = text[: rng.randrange(len(text) + 1)] + rng.choice(("", "\0", "[" * 2000, '"', "}", "\ud800"))
    return text


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield all that can be replaced in a document: what holds it, and its key."""
    members = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    for key, member in members:
        yield value, key
        yield from _places(member)


def _snapshot(seed: int) -> Json:
    return MockCloud(clock=lambda: 1.8e9 + seed).snapshot("minhanh@example.com")


def _fresh_state() -> HomeState:
    state = HomeState()
    state.load(decode_snapshot(json.dumps(_snapshot(_SEED)).encode()))
    return state


def _frames(seed: int) -> list[Json]:
    """Return a frame of each kind, with events of each kind about devices that exist."""
    snapshot = _snapshot(seed)
    seq, home = snapshot["seq"], snapshot["homes"][0]
    device = home["devices"][0]
    endpoint: Json = {"device_id": device["id"], "endpoint_id": device["endpoints"][0]["id"]}
    ticket: Json = {"id": "t", "category": "c", "message": "m", "status": "open", "created_at": "2026-11-20T05:00:00Z"}
    events: list[Json] = [
        {"kind": "state", **endpoint, "state": {"on": True}},
        {"kind": "device", "device": device},
        {"kind": "home", "home": {name: home[name] for name in ("id", "name", "rooms", "scenes")}},
        {"kind": "button", **endpoint, "press": "single", "at": "2026-11-20T05:00:00Z"},
        {"kind": "feedback", "ticket": ticket},
        {"kind": "account"},
        {"kind": "device_removed", "device_id": device["id"]},
        {"kind": "home_removed", "home_id": home["id"]},
    ]
    numbered = [{"seq": seq + 1 + index, "at": "2026-11-20T05:00:00Z", **event} for index, event in enumerate(events)]
    position: Json = {"epoch": snapshot["epoch"], "seq": seq}
    hello: Json = {"type": "hello", **position, "at": "2026-11-20T05:00:00Z", "resumed": True, "heartbeat_s": 20}
    return [
        {"type": "events", "events": numbered},
        *({"type": "events", "events": [event]} for event in numbered),
        hello,
        {"type": "heartbeat", **position},
    ]


# Growth


@dataclass(frozen=True, slots=True)
class Footprint:
    """What must not grow."""

    memory_kb: float
    descriptors: int
    tasks: int
    timers: int

    @classmethod
    def taken(cls) -> Footprint:
        """Return it as it is now."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        scheduled = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]  # noqa: SLF001  # asyncio's own
        return cls(
            memory_kb=pages * os.sysconf("SC_PAGESIZE") / 1000,
            descriptors=len([*Path("/proc/self/fd").iterdir()]),
            tasks=len(asyncio.all_tasks()),
            timers=sum(not timer.cancelled() for timer in scheduled),
        )

    def growth_from(self, before: Footprint) -> str:
        """Return how much of each is more than before."""
        kilobytes = self.memory_kb - before.memory_kb
        others = (self.descriptors - before.descriptors, self.tasks - before.tasks, self.timers - before.timers)
        return "memory {:+,.0f} kB, descriptors {:+d}, tasks {:+d}, timers {:+d}".format(kilobytes, *others)


def grow(kind: str, count: int) -> Row:
    """Reload or reconnect an account so many times, and compare what there is before and after."""
    loop = VirtualTimeLoop()
    loop.set_debug(False)

    async def reload(hass: HomeAssistant, _cloud: MockCloud, entry_id: str) -> None:
        await hass.config_entries.async_reload(entry_id)
        await asyncio.sleep(5)

    async def reconnect(_hass: HomeAssistant, cloud: MockCloud, _entry_id: str) -> None:
        cloud.cut()
        await asyncio.sleep(30)
        if cloud.streams != 1:
            raise RuntimeError("there is no event stream")

    async def run() -> Row:
        step = reload if kind == "reloads" else reconnect
        with pytest.MonkeyPatch.context() as patches:
            follow_loop(loop, patches)
            cloud = MockCloud(home=benchmark.world(_DEVICES), clock=lambda: loop.utcnow().timestamp())
            async with cloud, start_home_assistant(OURS, _INTEGRATION) as hass:
                entry = await add_account(hass, OURS, cloud.url)
                for _ in range(_WARM_UP):
                    await step(hass, cloud, entry.entry_id)
                before = Footprint.taken()
                for _ in range(count):
                    await step(hass, cloud, entry.entry_id)
                    cloud.requests.clear()  # the mock's own record
                after = Footprint.taken()
                await hass.config_entries.async_unload(entry.entry_id)
        return f"{count:,} {kind}", after.growth_from(before)

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(cast("Coroutine[None, None, Row]", run()))


def main() -> int:
    """Stress and print; return 1 if something escaped."""
    parser = argparse.ArgumentParser(prog="script/stress", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a twentieth of everything")
    share = 20 if parser.parse_args().quick else 1
    print(f"Home Assistant {version('homeassistant')}, seed {_SEED}, load of the machine {os.getloadavg()[0]:.1f}\n")
    escapes: list[str] = []
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    quiet: Json = {"initializer": logging.disable, "initargs": (logging.ERROR,)}
    with ProcessPoolExecutor(2, mp_context=context, max_tasks_per_child=1, **quiet) as pool:

        def show(work: Callable[..., Row], *arguments: object) -> None:
            print("| {} | {} |".format(*pool.submit(work, *arguments).result()), flush=True)

        print("| what | result |\n| --- | --- |")
        for kind in _FLOODS:
            show(flood, kind, 10 / share)
        for kind, count in (("frames", 1_000_000), ("snapshots", 50_000)):
            jobs = [pool.submit(fuzz, kind, count // share // 2, _SEED + half) for half in range(2)]
            results = [job.result() for job in jobs]
            accepted, longest = sum(result[0] for result in results), max(result[1] for result in results) * 1e3
            found = [escape for result in results for escape in result[2]]
            about = f"{len(found)} escapes; {accepted:,} accepted; the longest took {longest:.0f} ms"
            print(f"| {count // share:,} fuzzed {kind} | {about} |", flush=True)
            escapes += found
        show(grow, "reloads", 200 // share)
        show(grow, "reconnects", 3000 // share)
    print("\n".join(escapes[:20]))
    return int(bool(escapes))


if __name__ == "__main__":
    raise SystemExit(main())
