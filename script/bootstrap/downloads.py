"""Keeps what uv and npm download inside the checkout: whoever removes it has removed everything."""

import os
from pathlib import Path
import shutil
from typing import Dict


def keep_downloads_in(cache: Path) -> None:
    """Point uv and npm to folders of ours, for this process and those it starts.

    One that the machine had before keeps its own: what somebody else needed, too, is there already.
    """
    folders: Dict[str, str] = {}
    if shutil.which("uv") is None:
        folders.update(UV_CACHE_DIR="uv-cache", UV_PYTHON_INSTALL_DIR="uv-python")
        # No links to that Python in the home folder.
        os.environ.setdefault("UV_PYTHON_INSTALL_BIN", "0")
    if shutil.which("npm") is None:
        folders.update(npm_config_cache="npm-cache")
    # npm reads its settings in capitals, too.
    known = {name.lower() for name in os.environ}
    for name, folder in folders.items():
        if name.lower() not in known:
            os.environ[name] = str(cache / folder)
