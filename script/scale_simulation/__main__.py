"""Compute what all homes ask of a cloud in the same second.

Nothing is sent. The client's own timing says when each home would send something.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import msgspec

from .pictures import write_pictures
from .scenarios import OUTAGES, SWEEP_S, Result, Results, simulate

_PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
# The results of a million homes before homes were spread, printed with --json by the commit that says so.
_BEFORE = Path(__file__).with_name("before.json")


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(prog="script/scale", description=__doc__.partition("\n")[0])
    parser.add_argument("--homes", type=int, default=1_000_000, help="how many homes (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--pictures", action="store_true", help="write docs/pictures/scale-*.svg")
    options = parser.parse_args()

    results = simulate(options.homes)
    if options.json:
        print(msgspec.json.encode(results).decode())
        return
    before = msgspec.json.decode(_BEFORE.read_bytes(), type=Results)
    if options.pictures:
        write_pictures(before, results, _PICTURES)
    print(f"{results.homes:,} homes; before: {before.homes:,} homes\n\n{tables(before, results)}")


def tables(before: Results, now: Results) -> str:
    """Return the results as Markdown."""
    idle = [["idle hour", "requests and handshakes per second", "in the busiest second", "homes in it"]]
    busy = [["", "", "homes in the busiest second", "requests in it", "half back", "99.9 % back", "unavailable"]]
    later = [["a day later", "", "busiest second ÷ mean", "variance ÷ that of chance"]]
    tokens = [["tokens of one hour", "renewals per second", "in the busiest second"]]
    for when, results in (("before", before), ("now", now)):
        scenario, homes = results.scenarios, results.homes
        idle.append([when, *(f"{share * homes:,.0f}" for share in _load(scenario["idle"]))])
        renewals = scenario["tokens"]
        tokens.append([when, *(f"{share * homes:,.1f}" for share in (renewals.mean_requests, renewals.peak_requests))])
    for outage in OUTAGES:
        for when, results in (("before", before), ("now", now)):
            result, title = results.scenarios[outage.key], outage.title if when == "before" else ""
            shares = (_share(result.peak_homes), _share(result.peak_requests))
            waits = (f"{result.half_back:.0f} s", f"{result.all_back:.0f} s")
            busy.append([title, when, *shares, *waits, f"{result.unavailable:.0%}"])
            later.append([title, when, f"{result.day_peak:,.1f}", f"{result.day_variance:,.1f}"])
    sweep = [["away, s", *map(str, SWEEP_S)]]
    for title, name in (("restart", "restarts"), ("cut", "cuts")):
        sweep += [
            [f"{title}, {when}", *map(_share, getattr(of, name))] for when, of in (("before", before), ("now", now))
        ]
    return "\n\n".join(map(_table, (idle, busy, later, tokens, sweep)))


def _load(result: Result) -> tuple[float, float, float]:
    return result.mean_requests, result.peak_requests, result.peak_homes


def _share(value: float) -> str:
    return f"1/{1 / value:.0f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


if __name__ == "__main__":
    main()
