"""Runs commands, and stops with a message that says what to do."""

import os
import subprocess
from typing import Dict, List, Optional


class SetupError(Exception):
    """The machine lacks something; the message says what, and how to get it."""


def run(
    command: List[str],
    *,
    env: Optional[Dict[str, str]] = None,
    cwd: Optional[str] = None,
    timeout: Optional[float] = None,
) -> str:
    """Run a command silently and return its output; raise SetupError with the end of its output if it fails."""
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        raise SetupError(f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise SetupError(f"{' '.join(command[:3])} … took longer than {timeout:.0f} s") from None
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-12:])
        raise SetupError(f"{' '.join(command[:4])} … failed:\n{tail}")
    return done.stdout


def say(text: str) -> None:
    """Print what is being done, at once even into a pipe."""
    print(f"[setup] {text}", flush=True)
