"""Prints the notes of a release, if its tag, the manifest, pyproject.toml and the changelog agree."""

import json
from pathlib import Path
import re
import sys

_ROOT = Path(__file__).parents[1]


def release_notes(tag: str, root: Path = _ROOT) -> str:
    """Return the section of the changelog; raise ValueError if a version differs, or is not in the changelog."""
    manifest = json.loads((root / "custom_components/wesmart/manifest.json").read_text(encoding="utf-8"))
    project = re.findall(r'^version = "(.+)"$', (root / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    if {tag} != {f"v{version}" for version in (manifest["version"], *project)}:
        raise ValueError(f"the tag is {tag}, the manifest says {manifest['version']}, pyproject.toml {project}")
    heading = rf"^## {re.escape(tag.removeprefix('v'))} \(\d{{4}}-\d\d-\d\d\)\n"
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    section = re.search(heading + r"(.+?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if section is None:
        raise ValueError(f"CHANGELOG.md has no section of {tag} with a date")
    return section[1].strip()


if __name__ == "__main__":
    print(release_notes(sys.argv[1]))
