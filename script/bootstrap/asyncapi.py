"""Brings the official AsyncAPI parser, as tests/asyncapi pins it, with the node and npm of a virtual environment."""

import hashlib
from pathlib import Path
import shutil
from typing import Optional

from . import ROOT
from .process import SetupError, run, say

PINNED = ROOT / "tests" / "asyncapi"
LOCK = PINNED / "package-lock.json"
STAMP = "installed.sha256"

HOW_TO_GET = (
    "The AsyncAPI parser, which tests/test_specification.py needs, could not be installed: npm needs the public\n"
    "registry, or one that npm_config_registry or ~/.npmrc names."
)


def installed_parser(cache: Path) -> Optional[Path]:
    """Return the folder under `cache` that holds the pinned parser; None if it does not."""
    folder = cache / "asyncapi"
    stamp = folder / STAMP
    return folder if stamp.exists() and stamp.read_text(encoding="utf-8") == _pinned() else None


def install_parser(environment: Path, cache: Path) -> None:
    """Make `cache` hold the pinned parser; does nothing when it already does. Raises SetupError."""
    if installed_parser(cache):
        return

    say("installing the AsyncAPI parser, which checks the specification (a few seconds)")
    unfinished = cache / "asyncapi.new"
    shutil.rmtree(str(unfinished), ignore_errors=True)
    unfinished.mkdir(parents=True)
    for source in (PINNED / "package.json", LOCK):
        shutil.copy(str(source), str(unfinished))
    try:
        run(
            # No script of a package runs: the parser needs none. One retry: npm's own patience is a minute and more.
            [
                str(environment / "bin" / "npm"),
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--fetch-retries=1",
            ],
            cwd=str(unfinished),
            # Node.js knows the certificates of the machine's administrator only if told to look (24.6 and newer).
            env={"NODE_USE_SYSTEM_CA": "1", "npm_config_fetch_retry_mintimeout": "1000"},
            timeout=600,
        )
    except SetupError as err:
        # Before its last line, which says where the log is, npm prints the stack of its own code.
        raise SetupError("\n".join([HOW_TO_GET, str(err).splitlines()[-1]])) from None
    (unfinished / STAMP).write_text(_pinned(), encoding="utf-8")
    folder = cache / "asyncapi"
    shutil.rmtree(str(folder), ignore_errors=True)
    # Last, so that a folder that exists is a whole one.
    unfinished.replace(folder)


def _pinned() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()
