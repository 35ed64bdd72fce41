"""Measures the integration inside Home Assistant, beside the least and the textbook: the command.

Each run is a fresh process with a cloud in another; the subjects take turns, so that a busy moment of the machine hits
all of them.
"""

import argparse
from importlib.metadata import version
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile

from script.benchmark.printing import machine

from .figures import COMMANDS_SIZE, IDLE_SIZE, MEMORY_SIZES, OURS, SIZES, SUBJECTS, Results
from .report import as_json, print_tables

_ROOT = Path(__file__).parents[3]
_YARDSTICKS = Path(__file__).parent / "yardsticks"
_ROUNDS = 5
_JOBS = [
    ("commands", COMMANDS_SIZE),
    *(("steady", devices) for devices in SIZES),
    ("idle", IDLE_SIZE),
    *(("memory", devices) for devices in MEMORY_SIZES),
]


def main() -> None:
    """Measure, and print what was seen."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round only")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="rounds (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--integration", type=Path, default=_ROOT / "custom_components" / OURS, help="another version to measure"
    )
    options = parser.parse_args()

    rounds = 1 if options.quick else options.rounds
    with tempfile.TemporaryDirectory() as folder:
        # What is measured stays the same, whoever edits it meanwhile.
        integration = shutil.copytree(options.integration, Path(folder, OURS), ignore=shutil.ignore_patterns("*.pyc"))
        results = _measure(integration, rounds)
    about = f"Home Assistant {version('homeassistant')}; {machine()}; rounds: {rounds}"
    if options.json:
        print(json.dumps({"about": about, **as_json(results)}, indent=2))
    else:
        print(f"{about}\n")
        print_tables(results)


def _measure(integration: Path, rounds: int) -> Results:
    results = Results()
    folders = {subject: integration if subject == OURS else _YARDSTICKS / subject for subject in SUBJECTS}
    for number in range(rounds):
        for job, devices in _JOBS:
            # Nobody is always the first.
            for subject in (*SUBJECTS[number % 3 :], *SUBJECTS[: number % 3]):
                print(f"round {number + 1} of {rounds}: {job}, {devices} devices, {subject}", file=sys.stderr)
                results.add(job, devices, subject, _run(job, folders[subject], devices))
    return results


def _run(job: str, integration: Path, devices: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", f"{__package__}.worker", job, str(integration), str(devices)],
        cwd=_ROOT,
        # A fixed seed: where a hash falls is not what is measured.
        env=os.environ | {"PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        check=True,
    )
    seen: dict[str, float] = json.loads(done.stdout)
    return seen


if __name__ == "__main__":
    main()
