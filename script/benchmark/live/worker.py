"""One measured run, in a process of its own: `worker JOB INTEGRATION DEVICES` prints what it saw as JSON."""

import asyncio
from collections.abc import Coroutine
import json
import logging
from pathlib import Path
import sys

from homeassistant.runner import create_event_loop

from tests.virtual_time import VirtualTimeLoop

from . import commands, idle, memory, steady

type Figures = dict[str, float]


def measure(job: str, integration: Path, devices: int) -> Figures:
    """Return the figures of a job."""
    match job:
        case "steady":
            return _run(create_event_loop(), steady.measure(integration, devices))
        case "memory":
            return _run(create_event_loop(), memory.measure(integration, devices))
        case "commands":
            return _run(create_event_loop(), commands.measure(integration, devices))
        case "idle":
            return _run(VirtualTimeLoop(), idle.measure(integration, devices))
    raise ValueError(job)


def _run(loop: asyncio.AbstractEventLoop, job: Coroutine[None, None, Figures]) -> Figures:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(job)


if __name__ == "__main__":
    # Home Assistant warns of every custom integration.
    logging.basicConfig(level=logging.ERROR)
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
