"""What the client's tests have beside the cloud: a session of aiohttp, and somebody who is logged in."""

import asyncio
from collections.abc import AsyncIterator
import random

from aiohttp import ClientSession
import pytest

from custom_components.wesmart.cloud import (
    Endpoints,
    Session,
    Tokens,
    Transport,
    WeSmartClient,
    discover,
    keep_refusals,
    log_in,
    server_origin,
)
from tests.accounts import OWNER
from tests.cloud.scripted import ScriptedServer
from tests.mock_cloud import MockCloud
from tests.virtual_time import VirtualTimeLoop


def wall_clock() -> float:
    """Return Unix time on the test's clock."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    return loop.utcnow().timestamp()


@pytest.fixture(autouse=True)
def custom_integrations() -> None:
    """Start no Home Assistant, as the other tests do: the client knows nothing of it."""


@pytest.fixture(autouse=True)
def same_dice() -> None:
    """Let the client wait the same random times in every run."""
    random.seed(20)


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    """Return a plain session, as anybody but Home Assistant would use."""
    async with ClientSession(middlewares=[keep_refusals]) as http:
        yield http


@pytest.fixture
def transport(http: ClientSession) -> Transport:
    """Return the way to a server."""
    return Transport(http)


@pytest.fixture
async def endpoints(cloud: MockCloud, transport: Transport) -> Endpoints:
    """Return where the mock cloud keeps what."""
    return await discover(transport, server_origin(cloud.url))


@pytest.fixture
async def tokens(transport: Transport, endpoints: Endpoints) -> Tokens:
    """Return what the owner's login gave."""
    return await log_in(transport, endpoints, OWNER.username, OWNER.password, clock=wall_clock)


@pytest.fixture
def saved() -> list[Tokens]:
    """Return the tokens that the client has asked to save."""
    return []


@pytest.fixture
async def client(
    transport: Transport, endpoints: Endpoints, tokens: Tokens, saved: list[Tokens]
) -> AsyncIterator[WeSmartClient]:
    """Return the owner's client; no renewal outlives the test."""
    client = WeSmartClient(Session(transport, endpoints, tokens, on_tokens=saved.append, clock=wall_clock))
    yield client
    await client.session.close()


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedServer]:
    """Return a running server that answers what the test tells it to."""
    async with ScriptedServer() as server:
        yield server
