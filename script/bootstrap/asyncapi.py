"""Installs the official AsyncAPI parser that tests/asyncapi pins, with the npm of a virtual environment."""

import hashlib
from pathlib import Path
import shutil
from typing import Optional

from . import ROOT
from .process import SetupError, run, say

PINNED = ROOT / "tests" / "asyncapi"
LOCK = PINNED / "package-lock.json"
STAMP = "installed.sha256"


def installed_parser(cache: Path) -> Optional[Path]:
    """Return the folder of the pinned parser, or None if it is not installed."""
    folder = cache / "asyncapi"
    stamp = folder / STAMP
    return folder if stamp.exists() and stamp.read_text(encoding="utf-8") == _pinned() else None


def install_parser(environment: Path, cache: Path) -> None:
    """Install the pinned parser if it is not there; raise SetupError."""
    if installed_parser(cache):
        return
    say("installing the AsyncAPI parser, which checks the specification (a few seconds)")
    unfinished = cache / "asyncapi.new"
    shutil.rmtree(str(unfinished), ignore_errors=True)
    unfinished.mkdir(parents=True)
    for source in (PINNED / "package.json", LOCK):
        shutil.copy(str(source), str(unfinished))
    # The parser needs no install scripts. npm's own retries take minutes.
    npm = [str(environment / "bin" / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    # Node.js uses the certificates that the machine's administrator installed only if told to.
    env = {"NODE_USE_SYSTEM_CA": "1", "npm_config_fetch_retry_mintimeout": "1000"}
    try:
        run(npm, cwd=str(unfinished), env=env, timeout=600)
    except SetupError as err:
        raise SetupError(
            "The AsyncAPI parser, which tests/test_specification.py needs, could not be installed: npm needs the public\n"
            "registry, or one that npm_config_registry or ~/.npmrc names.\n"
            # The lines before contain a stack trace of npm.
            f"{str(err).splitlines()[-1]}"
        ) from None
    (unfinished / STAMP).write_text(_pinned(), encoding="utf-8")
    shutil.rmtree(str(cache / "asyncapi"), ignore_errors=True)
    unfinished.replace(cache / "asyncapi")


def _pinned() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()
