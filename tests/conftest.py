"""What every test has: a loop with virtual time, and sockets to this machine only."""

import asyncio
from collections.abc import Callable, Mapping
import inspect

import pytest

from tests.virtual_time import VirtualTimeLoop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every asynchronous test on virtual time."""
    return {"virtual": VirtualTimeLoop}


@pytest.fixture(autouse=True)
def loopback_sockets(socket_enabled: None) -> None:
    """Allow sockets; the hosts stay limited to this machine by Home Assistant's plugin."""


@pytest.fixture(autouse=True)
async def wall_clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make Home Assistant's wall clock follow the loop: its timers check one against the other."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualTimeLoop):  # a synchronous test: its asynchronous fixtures get an ordinary loop
        assert not inspect.iscoroutinefunction(request.function)
        return
    for name in (
        "homeassistant.util.dt.utcnow",
        "homeassistant.util.utcnow",
        "homeassistant.helpers.event.time_tracker_utcnow",
    ):
        monkeypatch.setattr(name, loop.utcnow)
    monkeypatch.setattr("homeassistant.helpers.event.time_tracker_timestamp", lambda: loop.utcnow().timestamp())


@pytest.fixture(autouse=True)
def custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant load the integration from this checkout."""
