"""Finds a Python new enough for Home Assistant, or brings one without touching the system."""

from pathlib import Path

from . import debian
from .process import SetupError, run, say

# homeassistant.const.REQUIRED_PYTHON_VER of the releases we support.
WANTED = ">=3.14.2,<3.15"

HOW_TO_GET = (
    "Home Assistant needs Python 3.14.2 or newer. This machine has none, and none could be brought here.\n"
    "With internet access `uv python install 3.14` downloads one; or install Python 3.14 with your system's\n"
    "package manager, then run this again."
)


def find_python(uv: str, cache: Path) -> str:
    """Return a Python for the virtual environment: one already here, then uv's own, then Debian's, unpacked."""
    unpacked = debian.interpreter(cache)
    if unpacked.exists():
        return str(unpacked)
    try:
        return run([uv, "python", "find", "--no-project", WANTED]).strip()
    except SetupError:
        pass

    say("no Python 3.14 on this machine: bringing one below .cache (a few seconds)")
    try:
        run([uv, "python", "install", "3.14"], env={"UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "20"}, timeout=300)
        return run([uv, "python", "find", "--no-project", WANTED]).strip()
    except SetupError as err:
        download_failure = str(err)

    say("it will be Debian's Python 3.14, unpacked below .cache (half a minute; the system stays as it is)")
    try:
        debian.unpack(uv, cache)
    except SetupError as err:
        raise SetupError("\n\n".join([HOW_TO_GET, download_failure, str(err)])) from None
    return str(unpacked)
