"""What setup does when there is nothing to do, and how it fails."""

import hashlib
from pathlib import Path

import pytest

from script.bootstrap import chromium, environment
from script.bootstrap.process import SetupError, run


def test_an_environment_that_is_up_to_date_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second start must take no time."""
    requirements, target = tmp_path / "requirements.txt", tmp_path / "venv"
    requirements.write_text("msgspec==0.22.0\n", encoding="utf-8")
    (target / "bin").mkdir(parents=True)
    (target / "bin" / "python").touch()
    stamp = hashlib.sha256(requirements.read_bytes()).hexdigest()
    (target / environment.STAMP).write_text(stamp, encoding="utf-8")
    monkeypatch.setattr(environment, "find_uv", lambda _cache: pytest.fail("looks for uv"))

    environment.make_environment(requirements, target)


def test_a_browser_that_is_installed_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one of another name."""
    chrome = tmp_path / "google-chrome"
    chrome.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chromium.chromium() == str(chrome)


def test_a_missing_browser_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where apt-get cannot install it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="apt install chromium"):
        chromium.chromium()


def test_a_failing_command_is_named_with_the_end_of_its_output() -> None:
    """The message is all that a person reads."""
    with pytest.raises(SetupError, match=r"sh -c .* failed:\nno space left"):
        run(["sh", "-c", "echo no space left; exit 3"])


def test_a_missing_command_is_named() -> None:
    """Not a traceback."""
    with pytest.raises(SetupError, match="nowhere-to-be-found is not installed"):
        run(["nowhere-to-be-found"])
