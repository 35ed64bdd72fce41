"""Stores the cloud's state across restarts: homes, sessions with their last command request, history, tickets.

After a clean stop everything goes on where it was. After a crash the last changes may be missing, so numbering may
repeat what clients have seen already: then the epoch is a new one (C-40).
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from tests.mock_cloud.core import Core
from tests.mock_cloud.history import Ledger
from tests.mock_cloud.model import World
from tests.mock_cloud.sessions import Session
from tests.mock_cloud.support import IdempotencyKey, Support, Ticket


@dataclass(kw_only=True)
class _Memory:
    clean: bool
    epoch: str
    world: World
    sessions: dict[str, Session]
    ledgers: dict[str, Ledger]
    tickets: list[Ticket]
    keys: dict[str, IdempotencyKey]


_MEMORY = TypeAdapter(_Memory)


class StateFile:
    """The state file of a cloud; it takes precedence over the home file."""

    def __init__(self, path: Path, core: Core, support: Support) -> None:
        self._path = path
        self._core = core
        self._support = support

    def load(self) -> None:
        """Load the file, if there is one, and mark it as in use."""
        if self._path.exists():
            memory = _MEMORY.validate_json(self._path.read_bytes())
            self._core.world = memory.world
            self._core.epoch = memory.epoch
            self._core.sessions.all = memory.sessions
            self._core.ledgers = memory.ledgers
            self._support.tickets = memory.tickets
            self._support.keys = memory.keys
            if not memory.clean:
                self._core.new_epoch()
        self.save(clean=False)

    def save(self, *, clean: bool) -> None:
        """Replace the file atomically; `clean` when the cloud has stopped."""
        memory = _Memory(
            clean=clean,
            epoch=self._core.epoch,
            world=self._core.world,
            sessions=self._core.sessions.all,
            ledgers=self._core.ledgers,
            tickets=self._support.tickets,
            keys=self._support.keys,
        )
        draft = self._path.with_name(f"{self._path.name}.new")
        draft.touch(mode=0o600)
        draft.write_bytes(_MEMORY.dump_json(memory))
        draft.replace(self._path)
