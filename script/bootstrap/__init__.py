"""Installs what the project runs on: uv, a Python that Home Assistant accepts, and a virtual environment.

It runs on any Python 3 before anything is installed: standard library only, syntax of Python 3.8.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
