"""What the pictures of docs/pictures show, and how it was when they were made."""

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pictures"
# For each picture, the digest of what it showed.
RECORD = FOLDER / "shown.json"

_OURS = "custom_components/wesmart/"
_DASHBOARD = ("script/demo_home/dashboard.py", "tests/mock_cloud/home.yaml", f"{_OURS}icons.json")
_VIRTUAL_HOME = ("tests/mock_cloud/page", "tests/mock_cloud/home.yaml")
# Files, folders, a member of a JSON file, or the lines of a text file that begin so; and what all pictures depend on.
_SHOWN: dict[str, tuple[str, ...]] = {
    "dashboard": (*_DASHBOARD, f"{_OURS}translations/en.json#entity"),
    "config-flow": (f"{_OURS}translations/en.json#config", f"{_OURS}brand"),
    "device": (
        f"{_OURS}translations/en.json#entity",
        f"{_OURS}icons.json",
        f"{_OURS}brand",
        "tests/mock_cloud/home.yaml",
    ),
    "virtual-home": (*_DASHBOARD, *_VIRTUAL_HOME, f"{_OURS}translations/en.json#entity"),
    "phone-vi": (
        *_DASHBOARD,
        *_VIRTUAL_HOME,
        f"{_OURS}translations/vi.json#config",
        f"{_OURS}translations/vi.json#entity",
    ),
}
_COMMON = ("tests/browser/test_pictures.py", "requirements/default.txt#home-assistant-frontend==")


def names() -> list[str]:
    """Return the names of all pictures."""
    return list(_SHOWN)


def path(name: str) -> Path:
    """Return the file of a picture."""
    return FOLDER / f"{name}.webp"


def digest(name: str) -> str:
    """Return the digest of what a picture would show now."""
    found = hashlib.sha256()
    for source in (*_SHOWN[name], *_COMMON):
        for content in _contents(source):
            found.update(hashlib.sha256(content).digest())
    return found.hexdigest()[:16]


def recorded() -> dict[str, str]:
    """Return the digests of the pictures as they were made."""
    if not RECORD.exists():
        return {}
    record: dict[str, str] = json.loads(RECORD.read_text(encoding="utf-8"))
    return record


def record(name: str) -> None:
    """Write down that a picture was made now."""
    record = {**recorded(), name: digest(name)}
    kept = {name: record[name] for name in names() if name in record}
    RECORD.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def _contents(source: str) -> list[bytes]:
    place, _, part = source.partition("#")
    file = ROOT / place
    if file.is_dir():
        return [each.read_bytes() for each in sorted(file.iterdir()) if each.is_file()]
    if not part:
        return [file.read_bytes()]
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".json":
        return [json.dumps(json.loads(text)[part], sort_keys=True).encode()]
    lines = [line.encode() for line in text.splitlines() if line.startswith(part)]
    assert lines, source
    return lines
