"""Brings what the project runs on: uv, a Python new enough for Home Assistant, a virtual environment.

Runs on whatever Python 3 the machine has, before anything is installed: standard library only, Python 3.8 syntax.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
