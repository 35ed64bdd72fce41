"""Finds Chromium, or installs it with apt where that is allowed."""

import os
import shutil
from typing import Optional

from .process import SetupError, run, say

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PACKAGES = ["chromium", "fonts-liberation"]
HOW_TO_GET = (
    "Chromium is missing. Debian: apt install chromium fonts-liberation; elsewhere: install Chromium or Chrome."
)


def chromium() -> str:
    """Return the path of a Chromium, which root installs with apt if there is none; raise SetupError."""
    found = _find()
    if found is None and shutil.which("apt-get") and os.geteuid() == 0:
        say("installing Chromium with apt-get, for the tests in a browser (half a minute)")
        apt_get = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=60"]
        environment = {"DEBIAN_FRONTEND": "noninteractive"}
        try:
            run([*apt_get, "update"], env=environment, timeout=300)
            run([*apt_get, "install", "--yes", "--no-install-recommends", *PACKAGES], env=environment, timeout=900)
        except SetupError as err:
            raise SetupError(f"{HOW_TO_GET}\n\n{err}") from None
        found = _find()
    if found is None:
        raise SetupError(HOW_TO_GET)
    return found


def _find() -> Optional[str]:
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)
