"""Measure the integration in Home Assistant, beside two yardsticks.

Each measurement is a fresh process with a cloud in another. The subjects take turns, so that a busy moment of the machine
hits all of them.
"""

import argparse
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from importlib.metadata import version
import json
from multiprocessing import get_context
import os
from pathlib import Path
import platform
import shutil
import sys
import tempfile

from .figures import MEMORY_SIZES, OURS, SIZES, SUBJECTS, Results, as_json, tables
from .measurements import measure

_INTEGRATION = Path(__file__).parents[2] / "custom_components" / OURS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round instead of three")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args()

    rounds = 1 if options.quick else 3
    with tempfile.TemporaryDirectory() as folder:
        # Somebody may edit it meanwhile.
        integration = shutil.copytree(_INTEGRATION, Path(folder, OURS), ignore=shutil.ignore_patterns("*.pyc"))
        results = _measure(integration, rounds)
    about = f"Home Assistant {version('homeassistant')}; {_machine()}; rounds: {rounds}"
    print(
        json.dumps({"about": about, **as_json(results)}, indent=2) if options.json else f"{about}\n\n{tables(results)}"
    )


def _measure(integration: Path, rounds: int) -> Results:
    results = Results()
    # A server that has imported Home Assistant forks a process for each measurement.
    context = get_context("forkserver")
    context.set_forkserver_preload([measure.__module__])

    def run(pool: Executor, job: str, devices: int, subject: str) -> None:
        seen = pool.submit(measure, job, subject, integration, devices).result()
        print(f"{job}, {devices} devices, {subject}", file=sys.stderr, flush=True)
        results.add(devices if job in {"steady", "memory"} else None, subject, seen)

    with ProcessPoolExecutor(2, mp_context=context, max_tasks_per_child=1) as pool:
        # What does not scatter is measured once, on both cores.
        once = [("idle", 100, OURS), *(("memory", devices, name) for devices in MEMORY_SIZES for name in SUBJECTS)]
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda job: run(pool, *job), once))
        for number in range(rounds):
            run(pool, "commands", 200, OURS)
            for devices in SIZES:
                # Each round begins with another subject.
                for subject in (*SUBJECTS[number % 3 :], *SUBJECTS[: number % 3]):
                    run(pool, "steady", devices, subject)
    return results


def _machine() -> str:
    cpu = platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    return f"Python {platform.python_version()}, {platform.system()} on {cpu}, {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
