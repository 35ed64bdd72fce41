"""What happens to all homes at once, and what is measured of it."""

from collections.abc import Iterator
import copy
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from .homes import DAY_S, Floats, Homes, Load

SEED = 1
# Longer outages look like this one: everything that waits longer has come to its longest pause.
_SETTLED_S = 1200
# What is looked at after an outage, and a day later.
WINDOW_S = 300
HOUR_S = 3600


class Outage(NamedTuple):
    """A cloud that is away; a restart closes the streams with 1012, anything else cuts them."""

    title: str
    seconds: int
    restarting: bool


OUTAGES = {
    "restart": Outage("restart: 1012, back after 5 s", 5, True),
    "seconds": Outage("away for ten seconds", 10, False),
    "minutes": Outage("away for ten minutes", 600, False),
    "day": Outage("away for a day", DAY_S, False),
}
SWEEP_S = (1, 2, 5, 10, 15, 20, 30, 45, 60, 75, 90, 105, 120, 180, 300, 600)


@dataclass(slots=True)
class Result:
    """The load of a scenario; rates and shares are those of all homes."""

    # Of homes that are there in the busiest second, and of requests with handshakes in it.
    peak_homes: float
    peak_requests: float
    # Requests in a second on average.
    mean_requests: float
    # Seconds until half and almost all homes are up to date.
    half_back: float = 0
    all_back: float = 0
    # The hour that begins a day later: the peak as a multiple of the mean, and the variance as one of that of chance.
    day_peak: float = 0
    day_variance: float = 0


@dataclass(slots=True)
class Results:
    """All results by name; the sweeps by the length of the outage in seconds."""

    homes: int
    scenarios: dict[str, Result] = field(default_factory=dict)
    restarts: list[float] = field(default_factory=list)
    cuts: list[float] = field(default_factory=list)


def simulate(number: int) -> Results:
    """Run every scenario with so many homes, and the sweep with a tenth."""
    results = Results(number)
    # Tokens live for an hour, as in the contract's example, so that each poll renews one.
    homes = Homes(number, SEED, HOUR_S)
    homes.run(0, Load(1))
    idle, load = copy.deepcopy(homes), Load(HOUR_S)
    idle.run(HOUR_S, load)
    results.scenarios["idle"] = _result(number, load.homes, load.requests)
    for key, outage in OUTAGES.items():
        results.scenarios[key] = _outage(copy.deepcopy(homes), outage)
    results.scenarios["tokens"] = _tokens(number)
    few = Homes(max(1, number // 10), SEED, HOUR_S)
    few.run(0, Load(1))
    results.restarts, results.cuts = (list(_sweep(few, restarting)) for restarting in (True, False))
    return results


def _outage(homes: Homes, outage: Outage) -> Result:
    seconds = min(outage.seconds, _SETTLED_S)
    load = Load(seconds + DAY_S + HOUR_S)
    homes.renew_at -= outage.seconds - seconds
    homes.lose_streams(seconds, restarting=outage.restarting, resumes=outage.seconds < HOUR_S)
    homes.run(load.homes.size, load)
    after = slice(seconds, seconds + WINDOW_S)
    result = _result(homes.number, load.homes[after], load.requests[after])
    wait = np.sort(homes.back_at) - seconds
    result.half_back, result.all_back = (float(wait[int(homes.number * share)]) for share in (0.5, 0.999))
    day = load.homes[-HOUR_S:]
    result.day_peak = float(day.max() / day.mean())
    result.day_variance = float(day.var() / day.mean())
    return result


def _tokens(number: int) -> Result:
    """All homes logged in within an hour, and their tokens live for a day."""
    homes = Homes(number, SEED, DAY_S)
    homes.next_connect = -HOUR_S * np.random.default_rng(SEED).random(number)
    load = Load(4 * DAY_S)
    homes.run(load.homes.size, load)
    return _result(number, load.renewals, load.renewals)


def _sweep(homes: Homes, restarting: bool) -> Iterator[float]:
    for seconds in SWEEP_S:
        load = Load(seconds + WINDOW_S)
        some = copy.deepcopy(homes)
        some.lose_streams(seconds, restarting=restarting, resumes=True)
        some.run(load.homes.size, load)
        yield float(load.homes.max() / homes.number)


def _result(number: int, homes: Floats, requests: Floats) -> Result:
    return Result(
        peak_homes=float(homes.max() / number),
        peak_requests=float(requests.max() / number),
        mean_requests=float(requests.mean() / number),
    )
