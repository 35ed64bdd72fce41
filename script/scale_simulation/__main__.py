"""Compute what all homes ask of a cloud in the same second.

Nothing is sent. The client's own timing says when each home would send something.
"""

import argparse
from collections.abc import Sequence

from .scenarios import OUTAGES, SWEEP_S, Results, simulate


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(prog="script/scale", description=__doc__.partition("\n")[0])
    parser.add_argument("--homes", type=int, default=1_000_000, help="how many homes (default: %(default)s)")
    results = simulate(parser.parse_args().homes)
    print(f"{results.homes:,} homes\n\n{tables(results)}")


def tables(results: Results) -> str:
    """Return the results as Markdown."""
    steady = [["per second", "on average", "in the busiest second"]]
    for key, title in (
        ("idle", "requests and handshakes, idle"),
        ("tokens", "renewals, all tokens issued in one hour"),
    ):
        result = results.scenarios[key]
        rates = (result.mean_requests, result.peak_requests)
        steady.append([title, *(f"{results.homes * rate:,.0f}" for rate in rates)])
    busy = [["", "homes in the busiest second", "requests in it", "half are back", "99.9 % are back"]]
    later = [["a day later", "busiest second ÷ mean", "variance ÷ that of chance"]]
    for key, outage in OUTAGES.items():
        result = results.scenarios[key]
        shares = (_share(result.peak_homes), _share(result.peak_requests))
        busy.append([outage.title, *shares, f"{result.half_back:.0f} s", f"{result.all_back:.0f} s"])
        later.append([outage.title, f"{result.day_peak:,.1f}", f"{result.day_variance:,.1f}"])
    sweep = [["away for so many seconds", *map(str, SWEEP_S)]]
    sweep += [["restart", *map(_share, results.restarts)], ["cut", *map(_share, results.cuts)]]
    return "\n\n".join(map(_table, (steady, busy, later, sweep)))


def _share(value: float) -> str:
    return f"1/{1 / value:.0f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


if __name__ == "__main__":
    main()
