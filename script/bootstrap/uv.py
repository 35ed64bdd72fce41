"""Finds uv, or installs it below .cache. `python3 -m script.bootstrap.uv ARGS` runs it."""

import os
from pathlib import Path
import shutil
import sys

from . import CACHE
from .process import SetupError, run, say

HOW_TO_GET = (
    "uv is missing and could not be installed with this Python's venv or pip. Install one of them\n"
    "(Debian/Ubuntu: apt install python3-venv; Fedora: dnf install python3-pip), or install uv itself:\n"
    "https://docs.astral.sh/uv/getting-started/installation/"
)


def find_uv(cache: Path) -> str:
    """Return the path of the machine's uv, or of a private one that venv or pip installs; raise SetupError."""
    on_path = shutil.which("uv")
    if on_path:
        return on_path
    home = cache / "uv"
    private = home / "bin" / "uv"
    if private.exists():
        return str(private)

    say("installing uv below .cache (a few seconds)")
    shutil.rmtree(home, ignore_errors=True)
    install = ["-m", "pip", "install", "-q", "--no-cache-dir"]
    try:
        run([sys.executable, "-m", "venv", str(home)])
        run([str(home / "bin" / "python"), *install, "uv"], timeout=600)
    except SetupError as venv_failure:
        shutil.rmtree(home, ignore_errors=True)
        try:
            run([sys.executable, *install, "--target", str(home), "uv"], timeout=600)
        except SetupError as pip_failure:
            raise SetupError(f"{HOW_TO_GET}\n\n{venv_failure}\n\n{pip_failure}") from None
    return str(private)


def keep_downloads_in(cache: Path) -> None:
    """Make uv and npm download into the checkout, unless the machine has its own with their own caches."""
    if shutil.which("uv") is None:
        os.environ.setdefault("UV_CACHE_DIR", str(cache / "uv-cache"))
        os.environ.setdefault("UV_PYTHON_INSTALL_DIR", str(cache / "uv-python"))
        # No links to that Python in the home folder.
        os.environ.setdefault("UV_PYTHON_INSTALL_BIN", "0")
    # npm also reads its settings in capitals.
    if shutil.which("npm") is None and "NPM_CONFIG_CACHE" not in os.environ:
        os.environ.setdefault("npm_config_cache", str(cache / "npm-cache"))


if __name__ == "__main__":
    keep_downloads_in(CACHE)
    uv = find_uv(CACHE)
    os.execv(uv, [uv, *sys.argv[1:]])  # noqa: S606  # the tool that was asked for, without a shell
