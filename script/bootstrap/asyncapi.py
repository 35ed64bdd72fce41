"""Brings the official AsyncAPI parser, as tests/asyncapi pins it, with the node and npm of a virtual environment."""

import hashlib
import os
from pathlib import Path
import shutil

from .process import run, say

PINNED = Path(__file__).resolve().parents[2] / "tests" / "asyncapi"
STAMP = "installed.sha256"


def install_asyncapi_parser(environment: Path, cache: Path) -> Path:
    """Return the folder under `cache` that holds the parser, installing it if needed; raises SetupError.

    Two of these at once (test workers on a fresh machine) do not disturb each other.
    """
    folder = cache / "asyncapi"
    lock = PINNED / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if _installed(folder) == wanted:
        return folder

    say("installing the AsyncAPI parser (a quarter of a minute)")
    unfinished = cache / f"asyncapi-{os.getpid()}"
    unfinished.mkdir(parents=True)
    try:
        for source in (PINNED / "package.json", lock):
            shutil.copy(source, unfinished)
        npm = str(environment / "bin" / "npm")
        # No script of a package runs: the parser needs none.
        run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=str(unfinished), timeout=600)
        (unfinished / STAMP).write_text(wanted, encoding="utf-8")
        if _installed(folder) != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            unfinished.rename(folder)
    except OSError:
        # Somebody else's came first.
        if _installed(folder) != wanted:
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _installed(folder: Path) -> str:
    stamp = folder / STAMP
    return stamp.read_text(encoding="utf-8") if stamp.exists() else ""
