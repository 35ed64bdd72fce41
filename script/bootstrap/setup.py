"""Bring what the project runs on into the checkout."""

import argparse
import hashlib
import os
from pathlib import Path
import shutil
import sys

from . import CACHE, ROOT
from .asyncapi import install_parser
from .downloads import keep_downloads_in
from .process import SetupError, run, say
from .python import find_python
from .uv import find_uv

STAMP = "wesmart-requirements.sha256"


def make_environment(requirements: Path, environment: Path) -> None:
    """Make `environment` hold exactly what `requirements` pins; does nothing when it already does."""
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = environment / STAMP
    python = environment / "bin" / "python"
    if python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return

    CACHE.mkdir(exist_ok=True)
    uv = find_uv(CACHE)
    if not python.exists():
        base = find_python(uv, CACHE)
        shutil.rmtree(environment, ignore_errors=True)
        run([uv, "venv", "--no-project", "--python", base, str(environment)])
    say(f"installing Home Assistant and our tools into {environment.name} (about a minute, longer on a slow line)")
    include = CACHE / "python-3.14" / "usr" / "include"
    paths = [str(include), str(include / "python3.14"), os.environ.get("CPATH", "")]
    run(
        [uv, "pip", "sync", "--python", str(python), "--compile-bytecode", str(requirements)],
        env={"CPATH": os.pathsep.join(path for path in paths if path)},
        timeout=1800,
    )
    stamp.write_text(wanted, encoding="utf-8")


def main() -> int:
    """Bring what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(prog="script/setup", description=__doc__)
    parser.add_argument("--oldest", action="store_true", help="the oldest Home Assistant supported, into .venv-oldest")
    parser.add_argument("--checks", action="store_true", help="what script/test needs, too: a parser that npm brings")
    options = parser.parse_args()
    # Where several Pythons share a name, bytecode from a fixed place is what makes the second start quick.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    environment = ROOT / (".venv-oldest" if options.oldest else ".venv")
    keep_downloads_in(CACHE)
    try:
        make_environment(ROOT / "requirements" / ("oldest.txt" if options.oldest else "newest.txt"), environment)
        if options.checks:
            install_parser(environment, CACHE)
    except SetupError as err:
        print(f"\n{err}\n", file=sys.stderr)
        return 1
    return 0
