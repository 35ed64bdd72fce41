"""Installs Python and the pinned requirements into the checkout."""

import argparse
import hashlib
import os
from pathlib import Path
import shutil
import sys

from . import CACHE, ROOT, debian
from .asyncapi import install_parser
from .process import SetupError, run, say
from .uv import find_uv, keep_downloads_in

# homeassistant.const.REQUIRED_PYTHON_VER of the supported releases.
PYTHON = ">=3.14.2,<3.15"
STAMP = "wesmart-requirements.sha256"
HOW_TO_GET = (
    "Home Assistant needs Python 3.14.2 or newer. This machine has none, and none could be downloaded.\n"
    "With internet access, `uv python install 3.14` downloads one; or install Python 3.14 with your system's\n"
    "package manager. Then run this again."
)


def find_python(uv: str, cache: Path) -> str:
    """Return a Python for the environment: one on this machine, uv's, or Debian's, unpacked; raise SetupError."""
    unpacked = debian.interpreter(cache)
    if unpacked.exists():
        return str(unpacked)
    find = [uv, "python", "find", "--no-project", PYTHON]
    try:
        return run(find).strip()
    except SetupError:
        say("downloading Python 3.14 (a few seconds)")
    try:
        run([uv, "python", "install", "3.14"], env={"UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "20"}, timeout=300)
        return run(find).strip()
    except SetupError as err:
        download_failure = str(err)
    say("unpacking Debian's Python 3.14 below .cache (half a minute; the system does not change)")
    try:
        debian.unpack(uv, cache)
    except SetupError as err:
        raise SetupError("\n\n".join([HOW_TO_GET, download_failure, str(err)])) from None
    return str(unpacked)


def make_environment(requirements: Path, environment: Path) -> None:
    """Make the environment contain exactly what is pinned, if it does not yet; raise SetupError."""
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp, python = environment / STAMP, environment / "bin" / "python"
    if python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    CACHE.mkdir(exist_ok=True)
    uv = find_uv(CACHE)
    if not python.exists():
        base = find_python(uv, CACHE)
        shutil.rmtree(environment, ignore_errors=True)
        run([uv, "venv", "--no-project", "--python", base, str(environment)])
    say(f"installing Home Assistant and our tools into {environment.name} (about a minute)")
    include = debian.prefix(CACHE) / "usr" / "include"
    paths = [str(include), str(include / "python3.14"), os.environ.get("CPATH", "")]
    sync = [uv, "pip", "sync", "--python", str(python), "--compile-bytecode", str(requirements)]
    run(sync, env={"CPATH": os.pathsep.join(path for path in paths if path)}, timeout=1800)
    stamp.write_text(wanted, encoding="utf-8")


def main() -> int:
    """Install what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(prog="script/setup", description=__doc__)
    releases = parser.add_mutually_exclusive_group()
    releases.add_argument(
        "--oldest", action="store_true", help="the oldest supported Home Assistant, into .venv-oldest"
    )
    releases.add_argument("--newest", action="store_true", help="the newest Home Assistant, into .venv-newest")
    parser.add_argument("--checks", action="store_true", help="also the parser from npm that script/test needs")
    options = parser.parse_args()
    # Bytecode makes the second start fast.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    release = "oldest" if options.oldest else "newest" if options.newest else "default"
    environment = ROOT / (".venv" if release == "default" else f".venv-{release}")
    keep_downloads_in(CACHE)
    try:
        make_environment(ROOT / "requirements" / f"{release}.txt", environment)
        if options.checks:
            install_parser(environment, CACHE)
    except SetupError as err:
        print(f"\n{err}\n", file=sys.stderr)
        return 1
    return 0
