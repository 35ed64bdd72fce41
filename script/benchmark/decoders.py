"""Compares what decoding and validating a snapshot of 1,000 devices costs, library by library: the command.

Each measurement is a fresh process; the libraries take turns, so that a busy moment of the machine hits all of them.
"""

import argparse
from importlib.metadata import version
import json
import os
from pathlib import Path
import statistics
import subprocess
import sys
import tempfile

from . import snapshot, wheels
from .printing import machine, print_table
from .worker import WRONG, Measurement

# Module of the candidates → the packages it brings; where there is compiled code, a wheel decides who can install it.
CANDIDATES = {
    "floor": ("orjson",),
    "msgspec_structs": ("msgspec",),
    "dataclasses_by_hand": ("orjson",),
    "mashumaro_orjson": ("mashumaro", "orjson"),
    "pydantic_models": ("pydantic", "pydantic-core"),
}
PACKAGES = sorted({package for packages in CANDIDATES.values() for package in packages})


def main() -> None:
    """Measure, and print the tables as Markdown."""
    parser = argparse.ArgumentParser(prog="script/bench-decoders", description=__doc__.partition("\n")[0])
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7, help="processes for each library")
    parser.add_argument("--wheels", action="store_true", help="also ask the package index which wheels there are")
    options = parser.parse_args()

    data = snapshot.make(options.devices)
    print(f"{options.devices} devices, {len(data) / 1e6:.2f} MB of JSON; {machine()}; medians of {options.rounds}\n")
    print_decoders(measure(data, options.rounds))
    if options.wheels:
        print()
        print_wheels()


def measure(data: bytes, rounds: int) -> dict[str, list[Measurement]]:
    """Run every candidate `rounds` times, in turns."""
    seen: dict[str, list[Measurement]] = {name: [] for name in CANDIDATES}
    with tempfile.TemporaryDirectory() as folder:
        large, small = Path(folder, "large.json"), Path(folder, "small.json")
        large.write_bytes(data)
        small.write_bytes(snapshot.make(20))
        for _ in range(rounds):
            for name, measurements in seen.items():
                worker = [sys.executable, "-m", "script.benchmark.worker", name, str(large), str(small)]
                # A fixed seed: where a hash falls is not what is measured.
                done = subprocess.run(
                    worker, env=os.environ | {"PYTHONHASHSEED": "0"}, stdout=subprocess.PIPE, check=True
                )
                measurements.append(Measurement(**json.loads(done.stdout)))
    return seen


def print_decoders(seen: dict[str, list[Measurement]]) -> None:
    """Print what decoding costs."""
    rows = []
    for name, all_of_it in seen.items():
        first = all_of_it[0]
        rows.append(
            [
                name.replace("_", " "),
                ", ".join(f"{package} {version(package)}" for package in CANDIDATES[name]),
                f"{statistics.median(m.decode_ms for m in all_of_it):.1f}",
                f"{statistics.median(m.peak_mb for m in all_of_it):.1f}",
                f"{statistics.median(m.retained_mb for m in all_of_it):.1f}",
                f"{statistics.median(m.import_ms for m in all_of_it):.0f}",
                f"{first.wrong_types_found} of {len(WRONG)}",
                "not looked at" if first.unknown_endpoints is None else f"{first.unknown_endpoints} kept",
            ]
        )
    headings = ["decoder", "packages", "CPU ms", "peak MB", "retained MB", "import ms", "wrong types found", "unknown"]
    print_table(headings, rows)


def print_wheels() -> None:
    """Print which wheels there are for the Python that Home Assistant runs on."""
    rows = []
    for package in PACKAGES:
        found = [wheels.find(f"{package}=={version(package)}", name) for name in wheels.PLATFORMS]
        sizes = ["no" if wheel is None else f"{wheel.size / 1000:.0f} kB" for wheel in found]
        rows.append([f"{package} {version(package)}", *sizes])
    print_table([f"wheel for Python {wheels.PYTHON}", *wheels.PLATFORMS], rows)


if __name__ == "__main__":
    main()
