"""The folder that a demo keeps, and its lock."""

import os
from pathlib import Path
import subprocess
import sys

import pytest

from script.demo_home.errors import DemoError
from script.demo_home.folder import Settings, open_folder


def test_a_second_demo_is_refused_and_told_how_to_stop_the_first(tmp_path: Path) -> None:
    """Two Home Assistants on one folder would ruin it. The demo stops its own, so that one number is enough."""
    with open_folder(tmp_path) as folder:
        with pytest.raises(DemoError, match=rf"kill {os.getpid()}`.*second clone"), open_folder(tmp_path):
            pass
        folder.note_home_assistant(12)
        with pytest.raises(DemoError, match=rf"kill {os.getpid()}`.*second clone"), open_folder(tmp_path):
            pass
    with open_folder(tmp_path):
        pass


def test_what_a_killed_demo_leaves_behind_is_named(tmp_path: Path) -> None:
    """Its Home Assistant inherits the lock, and lives on."""
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    with open_folder(tmp_path):
        (tmp_path / "lock").write_text(f"{killed.pid} 12", encoding="ascii")
        with pytest.raises(DemoError, match="`kill 12`"), open_folder(tmp_path):
            pass


def test_settings_outlive_the_demo_until_it_starts_over(tmp_path: Path) -> None:
    """A second start does as the first did."""
    with open_folder(tmp_path) as folder:
        assert folder.settings() is None
        folder.keep(Settings(cloud_port=8765))
    with open_folder(tmp_path) as folder:
        assert folder.settings() == Settings(cloud_port=8765)
        folder.config.mkdir()
        folder.clear()
        assert folder.settings() is None
        assert not folder.config.exists()


def test_starting_over_leaves_what_a_link_leads_to(tmp_path: Path) -> None:
    """The integration is linked into the folder, and is the checkout's own."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    with open_folder(tmp_path / "demo") as folder:
        folder.config.mkdir()
        (folder.config / "custom_components").symlink_to(kept)
        folder.clear()
    assert (kept / "file").exists()
