"""Finds uv, or installs a private copy of it below the project's cache. `python3 -m script.bootstrap.uv ARGS` runs it."""

import os
from pathlib import Path
import shutil
import sys

from . import CACHE
from .downloads import keep_downloads_in
from .process import SetupError, run, say

HOW_TO_GET = (
    "uv is missing and could not be installed with this Python's own venv or pip. Install one of them\n"
    "(Debian/Ubuntu: apt install python3-venv; Fedora: dnf install python3-pip), or install uv itself:\n"
    "https://docs.astral.sh/uv/getting-started/installation/"
)


def find_uv(cache: Path) -> str:
    """Return a path of uv: the machine's own, or a private one made with venv or, failing that, pip."""
    on_path = shutil.which("uv")
    if on_path:
        return on_path
    private = cache / "uv" / "bin" / "uv"
    if private.exists():
        return str(private)

    say("installing uv below .cache (a few seconds)")
    home = cache / "uv"
    shutil.rmtree(home, ignore_errors=True)
    attempts = (
        (
            [sys.executable, "-m", "venv", str(home)],
            [str(home / "bin" / "python"), "-m", "pip", "install", "-q", "--no-cache-dir", "uv"],
        ),
        ([sys.executable, "-m", "pip", "install", "-q", "--no-cache-dir", "--target", str(home), "uv"],),
    )
    failures = []
    for attempt in attempts:
        try:
            for command in attempt:
                run(command, timeout=600)
        except SetupError as err:
            failures.append(str(err))
            shutil.rmtree(home, ignore_errors=True)
        else:
            return str(private)
    raise SetupError("\n\n".join([HOW_TO_GET, *failures]))


if __name__ == "__main__":
    keep_downloads_in(CACHE)
    uv = find_uv(CACHE)
    os.execv(uv, [uv, *sys.argv[1:]])  # noqa: S606  # the tool that was asked for, and no shell
