"""The example in the docstring of the client runs, and is short."""

import ast
import inspect
from textwrap import dedent, indent

from aiohttp import ClientSession
import pytest

from custom_components.wesmart import cloud as package
from tests.accounts import OWNER
from tests.mock_cloud import MockCloud


def example() -> str:
    """Return the indented part of the docstring."""
    assert package.__doc__ is not None
    lines = inspect.cleandoc(package.__doc__).splitlines()
    return dedent("\n".join(line for line in lines if line.startswith("    ")))


def test_the_example_is_short_and_uses_only_what_the_package_exports() -> None:
    """Apart from aiohttp's session and built-in functions."""
    code = example()
    assert 8 <= len(code.splitlines()) <= 12
    names = {
        node.id for node in ast.walk(ast.parse(f"async def _():\n{indent(code, '    ')}")) if isinstance(node, ast.Name)
    }
    stored = {"aiohttp_session", "http", "endpoints", "session", "client", "state", "connection"}
    stored |= {"key", "endpoint", "lamp"}
    given = {"ClientSession", "server", "username", "password", "print", "type", "isinstance", "next"}
    assert names - stored - given <= set(package.__all__)


async def test_the_example_lists_a_home_and_switches_a_lamp_on(
    cloud: MockCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """And ends the session."""
    lamps = [("den-hat-tran", "1"), ("den-san-sofa", "1")]
    for lamp in lamps:
        cloud.touch(*lamp, on=False)
    scope: dict[str, object] = {name: getattr(package, name) for name in package.__all__}
    scope |= {"ClientSession": ClientSession, "server": cloud.url}
    scope |= {"username": OWNER.username, "password": OWNER.password}
    exec(f"async def run():\n{indent(example(), '    ')}", scope)  # noqa: S102 - our own docstring
    run = scope["run"]
    assert inspect.iscoroutinefunction(run)
    await run()
    printed = capsys.readouterr().out
    assert printed.count("Công tắc phòng khách SwitchEndpoint\n") == 4
    assert [cloud.state(*lamp)["on"] for lamp in lamps] == [True, False]
    assert cloud.sessions(OWNER.username) == []
