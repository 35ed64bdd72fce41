"""The examples in docs/mock-cloud.md work."""

import json
import os
from pathlib import Path
import re
import subprocess
import sys

import pytest

from tests.mock_cloud import load_home
from tests.mock_cloud.conftest import Client

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "mock-cloud.md").read_text(encoding="utf-8")
CALLS = [*re.findall(r"`POST /control/(\w+) (\{.*?\})`", PAGE), ("touch", re.findall(r"-d '(.*?)'", PAGE)[0])]
FILES = re.findall(r"^```python\n# (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_examples_were_found() -> None:
    """Otherwise nothing would be tested."""
    assert len(CALLS) == 22
    assert [name for name, _ in FILES] == ["conftest.py", "test_client.py"]


@pytest.mark.parametrize(("name", "arguments"), CALLS)
async def test_the_calls_are_accepted(stranger: Client, name: str, arguments: str) -> None:
    """Each by itself."""
    answer = await stranger.http.post(f"{stranger.cloud.url}/control/{name}", json=json.loads(arguments))
    assert await answer.json() == {"result": None}


def test_the_home_file_is_read(tmp_path: Path) -> None:
    """It is the only YAML on the page."""
    (text,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "home.yaml").write_text(text, encoding="utf-8")
    world = load_home(tmp_path / "home.yaml")
    assert [device.id for device in world.devices()] == ["den-bep"]


@pytest.mark.slow
@pytest.mark.parametrize(("brightness", "outcome"), [("30", "1 passed"), ("31", "1 failed")])
def test_another_project_uses_the_fixture(tmp_path: Path, brightness: str, outcome: str) -> None:
    """In its own folder, without this project's plugins; its test can fail."""
    for name, text in FILES:
        changed = text.replace('["brightness"] == 30', f'["brightness"] == {brightness}')
        (tmp_path / name).write_text(changed, encoding="utf-8")
    finished = subprocess.run(  # noqa: S603  # our own words
        [sys.executable, "-m", "pytest", "-p", "pytest_asyncio.plugin", "--rootdir", tmp_path, tmp_path],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in finished.stdout, finished.stdout + finished.stderr
