"""The folder that keeps a demo between two starts, and the lock that keeps two demos out of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import fcntl
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

    def note_processes(self, *pids: int) -> None:
        """Say in the lock who holds it, for the message to the next who asks."""
        _lock_file(self.path).write_text(" and ".join(map(str, pids)), encoding="ascii")

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
            holders = _lock_file(path).read_text(encoding="ascii")
            raise DemoError(
                f"Another demo runs in {shown(path)} (process {holders}): "
                "stop it with Ctrl-C where it was started, or with kill and the last of these numbers."
            ) from None
        yield Folder(path, lock.fileno())


def shown(path: Path) -> str:
    """Return a path as a person in the checkout would write it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def _lock_file(path: Path) -> Path:
    return path / "lock"
