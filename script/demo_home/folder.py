"""The folder that keeps a demo between two starts, and the lock that keeps two demos out of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import fcntl
import os
from pathlib import Path
import shutil

import msgspec

from .errors import DemoError

ROOT = Path(__file__).resolve().parents[2]


class Settings(msgspec.Struct, kw_only=True):
    """What a later start has to do as the first one did."""

    cloud_port: int
    """Home Assistant's config entry names the cloud by its address."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A demo's files; only who holds the lock may touch them."""

    path: Path
    lock: int
    """The file descriptor of the lock. Home Assistant inherits it: should the demo be killed, the folder stays
    locked for as long as its Home Assistant lives."""

    @property
    def config(self) -> Path:
        """Home Assistant's configuration folder."""
        return self.path / "config"

    @property
    def cloud_state(self) -> Path:
        """What the mock cloud remembers."""
        return self.path / "cloud.json"

    @property
    def log(self) -> Path:
        """All that Home Assistant prints: its log, and what went wrong before there was one."""
        return self.path / "home-assistant.log"

    def settings(self) -> Settings | None:
        """Return what the first start decided; nothing before it."""
        file = self.path / "settings.json"
        return msgspec.json.decode(file.read_bytes(), type=Settings) if file.exists() else None

    def keep(self, settings: Settings) -> None:
        """Write down what later starts have to do alike."""
        (self.path / "settings.json").write_bytes(msgspec.json.encode(settings))

    def note_home_assistant(self, pid: int) -> None:
        """Say in the lock which Home Assistant holds it with us, for the message to the next who asks."""
        _note_holders(self.path, os.getpid(), pid)

    def clear(self) -> None:
        """Forget everything but the lock."""
        for path in self.path.iterdir():
            if path == _lock_file(self.path):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


@contextmanager
def open_folder(path: Path) -> Iterator[Folder]:
    """Lock a folder, made if need be, until the end of the block; raise DemoError if another demo has it."""
    path.mkdir(parents=True, exist_ok=True)
    with _lock_file(path).open("a", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(_who_has(path)) from None
        _note_holders(path, os.getpid())
        yield Folder(path, lock.fileno())


def _note_holders(path: Path, *pids: int) -> None:
    _lock_file(path).write_text(" ".join(map(str, pids)), encoding="ascii")


def _who_has(path: Path) -> str:
    """Return what to tell somebody who finds the folder locked: the demo, or what is left of it, noted its processes."""
    match _lock_file(path).read_text(encoding="ascii").split():
        case [demo, home_assistant] if not _is_running(int(demo)):
            return (
                f"A demo that was killed has left its Home Assistant running in {shown(path)}: "
                f"stop it with `kill {home_assistant}`."
            )
        case [demo, *_]:
            how = f"with Ctrl-C where it was started, or with `kill {demo}`"
        case _:
            # It has only just started, and noted nothing yet.
            how = "with Ctrl-C where it was started"
    return f"Another demo runs in {shown(path)}: stop it {how}. A second demo needs a second clone of the project."


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def shown(path: Path) -> str:
    """Return a path as a person in the checkout would write it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def _lock_file(path: Path) -> Path:
    return path / "lock"
