"""What every test has: a loop with virtual time, sockets to this machine only, and a cloud that is held to its contract."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
import inspect
import os

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from hypothesis import settings
import pytest
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from tests.accounts import OWNER, SERVER_SEED, Person, log_in
from tests.mock_cloud import Freedoms, MockCloud
from tests.specification import SpecificationChecker
from tests.virtual_time import VirtualTimeLoop, follow_loop

# The same examples each time, so that a change is judged by what it changes; WESMART_HYPOTHESIS=nightly looks further.
# Each says all that on a CI machine hypothesis would say otherwise: there it repeats itself, and prints more.
settings.register_profile("steady", derandomize=True, database=None, deadline=None, print_blob=False)
settings.register_profile("nightly", derandomize=False, deadline=None, max_examples=2000, print_blob=False)
settings.load_profile(os.environ.get("WESMART_HYPOTHESIS", "steady"))

# Suites of their own, with fixtures of their own: script/test runs the first, tests/mock_conformance the second.
collect_ignore = ["browser", "conformance"]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every asynchronous test on virtual time, unless it has to wait for threads."""
    if item.get_closest_marker("real_time"):
        return {"real": asyncio.new_event_loop}
    return {"virtual": VirtualTimeLoop}


@pytest.fixture(autouse=True)
def loopback_sockets(socket_enabled: None) -> None:
    """Allow sockets; the hosts stay limited to this machine by Home Assistant's plugin."""


@pytest.fixture(autouse=True)
async def wall_clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make Home Assistant's wall clock follow the loop: its timers check one against the other."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualTimeLoop):  # a synchronous test: its asynchronous fixtures get an ordinary loop
        assert not inspect.iscoroutinefunction(request.function) or request.node.get_closest_marker("real_time")
        return
    follow_loop(loop, monkeypatch)


@pytest.fixture(autouse=True)
def custom_integrations(hass_storage: dict[str, object], enable_custom_integrations: None) -> None:
    """Let Home Assistant load the integration from this checkout, and keep what it stores in memory."""


@pytest.fixture
def cloud_ahead_s() -> float:
    """Return by how much the cloud's clock is ahead; a test parametrizes it to be wrong."""
    return 0


@pytest.fixture
async def cloud(cloud_ahead_s: float) -> AsyncIterator[MockCloud]:
    """Return a running cloud that uses every freedom the contract leaves it, and never breaks the specification."""
    checker = SpecificationChecker()
    freedoms = Freedoms.seeded(SERVER_SEED)

    def clock() -> float:
        return dt_util.utcnow().timestamp() + cloud_ahead_s

    async with MockCloud(clock=clock, freedoms=freedoms, observer=checker) as running:
        yield running
    checker.verify()


@pytest.fixture
def person() -> Person:
    """Return who logs in; a test parametrizes it to be somebody else."""
    return OWNER


@pytest.fixture
async def entry(hass: HomeAssistant, cloud: MockCloud, person: Person) -> AsyncIterator[ConfigEntry]:
    """Return the loaded entry of an account."""
    entry = await log_in(hass, cloud, person)
    assert entry.state is ConfigEntryState.LOADED
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Return snapshots that know Home Assistant's own types."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)
