"""Compute what all homes ask of a cloud in the same second.

Nothing is sent. The client's own timing says when each home would send something.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import msgspec

from .pictures import write_pictures
from .scenarios import OUTAGES, SWEEP_S, Results, simulate

_PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
# The results of a million homes before they were kept from doing anything in step, printed with --json.
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
    both = (("before", before), ("now", now))
    steady = [["per second, on average, and in the busiest second", "before", "now"]]
    for key, title in (
        ("idle", "requests and handshakes, idle"),
        ("tokens", "renewals, all tokens issued in one hour"),
    ):
        pairs = ((of.homes, of.scenarios[key]) for _, of in both)
        steady.append([title, *(f"{n * one.mean_requests:,.0f}, {n * one.peak_requests:,.0f}" for n, one in pairs)])
    busy = [["", "", "homes in the busiest second", "requests in it", "half are back", "99.9 % are back"]]
    later = [["a day later", "", "busiest second ÷ mean", "variance ÷ that of chance"]]
    for key, outage in OUTAGES.items():
        for when, results in both:
            result = results.scenarios[key]
            shares = (_share(result.peak_homes), _share(result.peak_requests))
            busy.append([outage.title, when, *shares, f"{result.half_back:.0f} s", f"{result.all_back:.0f} s"])
            later.append([outage.title, when, f"{result.day_peak:,.1f}", f"{result.day_variance:,.1f}"])
    sweep = [["away for so many seconds", "", *map(str, SWEEP_S)]]
    sweep += [["restart", when, *map(_share, results.restarts)] for when, results in both]
    sweep += [["cut", when, *map(_share, results.cuts)] for when, results in both]
    return "\n\n".join(map(_table, (steady, busy, later, sweep)))


def _share(value: float) -> str:
    return f"1/{1 / value:.0f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


if __name__ == "__main__":
    main()
