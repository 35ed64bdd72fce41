"""When the discovery document is read again, and what becomes of what it says."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from custom_components.wesmart.cloud import Endpoints, Rediscovery, Transport, server_origin
from tests.cloud.scripted import ScriptedServer, answer

DAY = 24 * 3600


class Told:
    """What a `Rediscovery` has said."""

    def __init__(self) -> None:
        self.moved: list[Endpoints] = []
        self.refused: list[Endpoints] = []


@pytest.fixture
def told() -> Told:
    """Return what was said so far."""
    return Told()


@pytest.fixture
async def rediscovery(transport: Transport, scripted: ScriptedServer, told: Told) -> AsyncIterator[Rediscovery]:
    """Return a running one that knows where the scripted server has its endpoints."""
    scripted.replies(answer(200, scripted.document()))
    rediscovery = Rediscovery(
        transport,
        server_origin(scripted.url),
        scripted.endpoints(),
        on_moved=told.moved.append,
        on_refused=told.refused.append,
    )
    running = asyncio.create_task(rediscovery.run())
    yield rediscovery
    running.cancel()
    await asyncio.wait([running])


async def test_the_document_is_read_once_a_day(scripted: ScriptedServer, told: Told, rediscovery: Rediscovery) -> None:
    """The first time within the first day: a restart every night does not keep it from being read."""
    for days in (1, 10):
        while asyncio.get_running_loop().time() < days * DAY:
            before = len(scripted.requests)
            assert await rediscovery.take_turn() == len(scripted.requests) - before
            await asyncio.sleep(3600)
        assert days <= len(scripted.requests) <= days + 1
    assert "Authorization" not in {name for request in scripted.requests for name in request.headers}
    assert (told.moved, told.refused) == ([], [])


async def test_it_is_read_at_once_when_something_was_not_found_but_not_again_and_again(
    scripted: ScriptedServer, rediscovery: Rediscovery
) -> None:
    """Every ten minutes at most."""
    rediscovery.miss()
    await asyncio.sleep(1)
    assert len(scripted.requests) == 1
    for _ in range(36):
        rediscovery.miss()
        await asyncio.sleep(100)
    assert len(scripted.requests) == 7
    await asyncio.sleep(3600)
    assert len(scripted.requests) == 7


async def test_what_is_elsewhere_at_the_same_origin_is_told_once(
    scripted: ScriptedServer, told: Told, rediscovery: Rediscovery
) -> None:
    """The next change is one against it."""
    scripted.replies(answer(200, scripted.document(api_url=f"{scripted.url}/v2")))
    assert await rediscovery.read()
    assert not await rediscovery.read()
    assert [endpoints.api_url for endpoints in told.moved] == [f"{scripted.url}/v2"]
    assert told.refused == []


@pytest.mark.parametrize("member", ["token_endpoint", "revocation_endpoint", "api_url", "events_url"])
async def test_another_origin_is_refused_each_time(
    scripted: ScriptedServer, told: Told, rediscovery: Rediscovery, member: str
) -> None:
    """A port makes another origin; and a scheme does, since the endpoint may be anybody's then."""
    scheme = "ws" if member == "events_url" else "http"
    scripted.replies(answer(200, scripted.document(**{member: f"{scheme}://127.0.0.1:1/here"})))
    assert not await rediscovery.read()
    assert not await rediscovery.read()
    scripted.replies(answer(200, scripted.document(**{member: scripted.url.replace("http", f"{scheme}s")})))
    assert not await rediscovery.read()
    assert len(told.refused) == 3
    assert told.moved == []


async def test_pages_for_people_may_be_anywhere(scripted: ScriptedServer, told: Told, rediscovery: Rediscovery) -> None:
    """They get no token."""
    scripted.replies(answer(200, scripted.document(terms_url="http://127.0.0.1:1/terms")))
    assert await rediscovery.read()
    assert (len(told.moved), told.refused) == (1, [])


async def test_what_is_no_document_says_nothing(scripted: ScriptedServer, told: Told, rediscovery: Rediscovery) -> None:
    """Whether the server is out of order or another one by now."""
    for reply in (answer(503), answer(404), answer(200, b"<html>"), answer(200, scripted.document(version=2))):
        scripted.replies(reply)
        assert not await rediscovery.read()
    assert (told.moved, told.refused) == ([], [])
