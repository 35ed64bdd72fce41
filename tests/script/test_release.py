"""A release is refused unless its tag, the manifest, pyproject.toml and the changelog agree."""

from pathlib import Path
import re
import shutil

import pytest

from script.release_notes import _ROOT, release_notes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a copy of the files, with the version 1.2.3 in them."""
    for name in ("custom_components/wesmart/manifest.json", "pyproject.toml"):
        text = re.sub(
            r'("?version"?(?:: | = ))"[^"]+"', r'\1"1.2.3"', (_ROOT / name).read_text(encoding="utf-8"), count=1
        )
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    changelog = "# Changelog\n\n## 1.2.3 (2027-01-31)\n\n- A change.\n\n## 1.2.2 (2027-01-01)\n\n- Another.\n"
    (tmp_path / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    return tmp_path


def test_the_notes_are_the_section_of_the_version(root: Path) -> None:
    """Without its heading, and without those of other versions."""
    assert release_notes("v1.2.3", root) == "- A change."


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2.2", "v1.2.3.1"])
def test_another_tag_is_refused(root: Path, tag: str) -> None:
    """HACS shows the tag, and Home Assistant the manifest's version."""
    with pytest.raises(ValueError, match=r"the manifest says 1\.2\.3"):
        release_notes(tag, root)


def test_a_version_without_a_date_in_the_changelog_is_refused(root: Path) -> None:
    """It is not ready."""
    shutil.copy(_ROOT / "CHANGELOG.md", root)
    with pytest.raises(ValueError, match="no section"):
        release_notes("v1.2.3", root)


def test_the_changelog_has_a_section_of_the_present_version() -> None:
    """With a date, or as not released yet."""
    manifest = (_ROOT / "custom_components/wesmart/manifest.json").read_text(encoding="utf-8")
    version = re.search(r'"version": "(.+)"', manifest)
    assert version is not None
    assert f"\n## {version[1]} (" in (_ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
