"""Brings the official AsyncAPI parser, as tests/asyncapi pins it, with the node and npm of a virtual environment."""

import hashlib
from pathlib import Path
import shutil

from .process import run, say

PINNED = Path(__file__).resolve().parents[2] / "tests" / "asyncapi"
STAMP = "installed.sha256"


def install_asyncapi_parser(environment: Path, cache: Path) -> Path:
    """Return the folder under `cache` that holds the parser, installing it if needed; raises SetupError."""
    folder = cache / "asyncapi"
    lock = PINNED / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = folder / STAMP
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return folder

    say("installing the AsyncAPI parser (a quarter of a minute)")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for source in (PINNED / "package.json", lock):
        shutil.copy(source, folder)
    npm = str(environment / "bin" / "npm")
    # No script of a package runs: the parser needs none.
    run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=str(folder), timeout=600)
    stamp.write_text(wanted, encoding="utf-8")
    return folder
