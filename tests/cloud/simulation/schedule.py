"""Schedules: random steps, played in virtual time, and made shorter when they break a promise."""

import asyncio
from collections.abc import Callable, Sequence
import random
from random import Random

from tests.cloud.simulation.modules import REAL, ClientModules
from tests.cloud.simulation.simulation import Simulation, Step
from tests.virtual_time import SocketlessLoop

# Longer than the longest outage, the longest backoff and the interval of unapplied events together.
_QUIET_S = 800

_WAITS_S = (0.0, 0.01, 0.02, 0.05, 0.3, 1.0, 3.0, 9.0, 25.0, 70.0)
_ENDPOINTS = ("lamp", "lamp", "first gang", "second gang", "curtain", "plug")
_DEVICES = ("lamp", "panel", "curtain", "plug", "button")

_REQUEST_FAULTS = (
    *("lose request", "lose answer", "late request", "late answer", "double request", "busy", "error", "outage"),
)


def _request_fault(rng: Random) -> Step:
    kind = rng.choice(("snapshot", "snapshot", "connect", "commands", "commands", "commands"))
    return "request", kind, rng.choice(_REQUEST_FAULTS), rng.choice((0.0, 0.1, 1.0, 4.0, 7.0, 30.0))


def _new_epoch(rng: Random) -> Step:
    return "new epoch", rng.choice(("from a backup", "as it is")), rng.choice((-3.0, -1.0, 0.0, 1.0, 5.0, -1000.0))


# Each kind of step, and how often it is drawn.
_STEPS: Sequence[tuple[int, Callable[[Random], Step]]] = (
    (30, lambda rng: ("wait", rng.choice(_WAITS_S))),
    (12, lambda rng: ("change", rng.choice(_ENDPOINTS))),
    (20, lambda rng: ("call", rng.choice(_ENDPOINTS), rng.choice(("brightness", "both", "on", "stop")))),
    (8, lambda _rng: ("press",)),
    (2, lambda rng: (rng.choice(("ticket", "account")),)),
    (5, lambda rng: ("poll", rng.choice((0.0, 0.0, 0.3, 2.0, 7.0)))),
    (8, _request_fault),
    (5, lambda rng: ("frame", rng.choice(("lose", "double", "late")), rng.choice((0.0, 0.1, 1.0, 6.0, 15.0)))),
    (3, lambda _rng: ("cut",)),
    (1, lambda _rng: ("forget history",)),
    (1, lambda _rng: ("go silent",)),
    (2, lambda rng: ("restart", rng.choice((0.0, 0.5, 5.0, 9.0)))),
    (1, _new_epoch),
    (1, lambda _rng: ("back up",)),
    (1, lambda _rng: ("restart client",)),
    (1, lambda _rng: ("use session elsewhere",)),
    (1, lambda rng: ("invalid", rng.choice(("invalid", "stranger", "homeless", "novelty")))),
    (1, lambda _rng: ("stop",)),
    (1, lambda rng: ("offline", rng.choice(_DEVICES))),
    (2, lambda rng: ("online", rng.choice(_DEVICES))),
    (1, lambda rng: ("rename", rng.choice(_DEVICES))),
    (1, lambda rng: ("move", rng.choice(_DEVICES), rng.choice(("home", "other")))),
    (1, lambda rng: ("remove", rng.choice(_DEVICES))),
    (2, lambda rng: ("add", rng.choice(_DEVICES))),
    (1, lambda rng: (rng.choice(("add home", "rename home", "remove home")), rng.choice(("home", "other", "other")))),
)


class BrokenPromiseError(AssertionError):
    """The client, the link or the cloud broke a promise."""


def random_schedule(seed: int) -> list[Step]:
    """Return some steps, the same for the same seed."""
    rng = Random(seed)
    weights = [weight for weight, _ in _STEPS]
    drawn = rng.choices(_STEPS, weights, k=rng.randint(3, 40))
    # What is lost last, no later event shows.
    last: list[Step] = [("frame", "lose", 0.0), ("change", "lamp")] if rng.random() < 0.1 else []
    return [make(rng) for _, make in drawn] + last


def play(steps: Sequence[Step], modules: ClientModules = REAL, *, broken: str = "") -> None:
    """Play a schedule; raises BrokenPromiseError. The cloud or the link breaks the rule `broken`."""
    random.seed(0)
    asyncio.run(_play(steps, modules, broken), loop_factory=SocketlessLoop)


async def _play(steps: Sequence[Step], modules: ClientModules, broken: str) -> None:
    simulation = Simulation(modules, broken)
    await asyncio.sleep(1)
    for step in steps:
        await simulation.play(*step)
        _check(simulation)
    simulation.link.frame_faults.clear()
    simulation.link.request_faults.clear()
    for _ in range(_QUIET_S // 20):
        await asyncio.sleep(20)
        _check(simulation)
        if simulation.is_quiet:
            break
    simulation.witness.judge()
    _check(simulation)
    await simulation.stop_client()
    _check(simulation)


def _check(simulation: Simulation) -> None:
    simulation.witness.look()
    for violation in simulation.witness.violations:
        raise BrokenPromiseError(violation)


def breaks(steps: Sequence[Step], modules: ClientModules = REAL, *, broken: str = "") -> str | None:
    """Return which promise a schedule breaks, or how everything comes to a standstill; None if neither."""
    try:
        play(steps, modules, broken=broken)
    except (BrokenPromiseError, RuntimeError) as err:
        return str(err)
    return None


def shortened(steps: Sequence[Step], modules: ClientModules = REAL, *, broken: str = "") -> list[Step]:
    """Return as few of the steps as still break a promise."""
    left = list(steps)
    size = len(left) // 2
    while size:
        start = 0
        while start < len(left):
            fewer = left[:start] + left[start + size :]
            if breaks(fewer, modules, broken=broken):
                left = fewer
            else:
                start += size
        size //= 2
    return left
