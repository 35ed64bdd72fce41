"""Keeps the cloud's memory across restarts."""

from pathlib import Path

from tests.mock_cloud.commands import Commands
from tests.mock_cloud.core import Core
from tests.mock_cloud.support import Support


class StateFile:
    """To be written."""

    def __init__(self, path: Path, core: Core, commands: Commands, support: Support) -> None:
        self._path = path

    def load(self) -> None:
        """Load."""

    def save(self, *, clean: bool) -> None:
        """Save."""
