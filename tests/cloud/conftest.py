"""Fixtures of the client's tests: an HTTP client, a logged-in account, and a scripted server."""

import asyncio
from collections.abc import AsyncIterator
import random

from aiohttp import ClientSession
import pytest

from custom_components.wesmart.cloud import (
    Endpoints,
    HttpClient,
    Session,
    Tokens,
    WeSmartClient,
    discover,
    follow_no_redirects,
    log_in,
    server_origin,
)
from custom_components.wesmart.cloud.state import HomeState
from tests.accounts import OWNER
from tests.cloud.builders import button, curtain, lamp, snapshot
from tests.cloud.scripted import ScriptedServer
from tests.mock_cloud import MockCloud
from tests.virtual_time import VirtualTimeLoop


def wall_clock() -> float:
    """Return Unix time on the test's clock."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    return loop.utcnow().timestamp()


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()


@pytest.fixture(autouse=True)
def custom_integrations() -> None:
    """Do not start Home Assistant, which the client does not need."""


@pytest.fixture(autouse=True)
def seeded_random() -> None:
    """Make random delays the same in every run."""
    random.seed(20)


@pytest.fixture
async def aiohttp_session() -> AsyncIterator[ClientSession]:
    """Return a session without anything of Home Assistant's."""
    async with ClientSession(middlewares=[follow_no_redirects]) as session:
        yield session


@pytest.fixture
def http(aiohttp_session: ClientSession) -> HttpClient:
    """Return an HTTP client."""
    return HttpClient(aiohttp_session)


@pytest.fixture
async def endpoints(cloud: MockCloud, http: HttpClient) -> Endpoints:
    """Return the endpoints of the mock cloud."""
    return await discover(http, server_origin(cloud.url))


@pytest.fixture
async def tokens(http: HttpClient, endpoints: Endpoints) -> Tokens:
    """Return the tokens of the owner's login."""
    return await log_in(http, endpoints, OWNER.username, OWNER.password, clock=wall_clock)


@pytest.fixture
def stored() -> list[Tokens]:
    """Return the tokens that the client asked to store."""
    return []


@pytest.fixture
async def client(
    http: HttpClient, endpoints: Endpoints, tokens: Tokens, stored: list[Tokens]
) -> AsyncIterator[WeSmartClient]:
    """Return the owner's client; no renewal outlives the test."""
    client = WeSmartClient(Session(http, endpoints, tokens, on_tokens=stored.append, clock=wall_clock))
    yield client
    await client.session.close()


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedServer]:
    """Return a running server that sends the responses a test gives it."""
    async with ScriptedServer() as server:
        yield server


@pytest.fixture
def home_state() -> HomeState:
    """Return the state at position 5, with a lamp, a curtain and a button."""
    home_state = HomeState()
    home_state.load(snapshot(5, lamp(brightness=10), curtain(), button()))
    return home_state
