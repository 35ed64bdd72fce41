"""What shows between the acknowledgement of a command and the cloud's own word, and when that ends."""

import asyncio
from collections.abc import AsyncIterator, Set as AbstractSet
import json

from aiohttp import web
import pytest

from custom_components.wesmart.cloud import Command, Session, Tokens, Transport, WeSmartClient
from custom_components.wesmart.cloud.control import Control
from custom_components.wesmart.cloud.models import EndpointKey, LightEndpoint
from custom_components.wesmart.cloud.overlay import LONGEST_S
from custom_components.wesmart.cloud.replica import Replica
from tests.cloud.builders import LAMP, lamp, snapshot
from tests.cloud.conftest import wall_clock
from tests.cloud.scripted import ScriptedServer, answer


class Controlled:
    """A lamp that is controlled, at a server that accepts everything at the same number."""

    def __init__(self, transport: Transport, server: ScriptedServer, seq: int) -> None:
        async def accept(request: web.Request) -> web.StreamResponse:
            commands = json.loads(server.requests[-1].body)["commands"]
            results = [{"id": command["id"], "status": "applied", "seq": seq} for command in commands]
            return await answer(200, {"results": results})(request)

        server.replies(accept)
        tokens = Tokens(session_id="s", access_token="a", refresh_token="r", expires_at=wall_clock() + 10**6)
        self.replica = Replica()
        self.replica.load(snapshot(5, lamp(on=False, brightness=1)))
        self.accepted: list[EndpointKey] = []
        self.unconfirmed: list[AbstractSet[EndpointKey]] = []
        self.control = Control(
            WeSmartClient(Session(transport, server.endpoints(), tokens, clock=wall_clock)),
            self.replica,
            on_accepted=self.accepted.append,
            on_unconfirmed=self.unconfirmed.append,
            clock=wall_clock,
        )

    @property
    def shown(self) -> float | None:
        """What of its brightness is shown."""
        endpoint = self.control.endpoint(LAMP)
        assert isinstance(endpoint, LightEndpoint)
        return endpoint.state.brightness


@pytest.fixture
async def controlled(transport: Transport, scripted: ScriptedServer) -> AsyncIterator[Controlled]:
    """Return a lamp whose commands take effect at 9."""
    controlled = Controlled(transport, scripted, seq=9)
    yield controlled
    await controlled.control.close()


async def test_what_was_commanded_shows_until_the_home_has_caught_up(controlled: Controlled) -> None:
    """Nothing older flickers through; at the end the cloud's word counts, whatever it is."""
    await controlled.control.execute(Command.set(LAMP, brightness=70))
    assert (controlled.shown, controlled.accepted) == (70, [LAMP])
    controlled.replica.load(snapshot(8, lamp(brightness=30)))
    assert controlled.control.catch_up() == set()
    assert controlled.shown == 70
    controlled.replica.load(snapshot(9, lamp(brightness=69)))
    assert controlled.control.catch_up() == {LAMP}
    assert controlled.shown == 69


async def test_what_nothing_confirms_ends_after_ten_seconds(controlled: Controlled) -> None:
    """And whoever can ask is told."""
    await controlled.control.execute(Command.set(LAMP, brightness=70))
    await asyncio.sleep(LONGEST_S - 0.1)
    assert (controlled.shown, controlled.unconfirmed) == (70, [])
    await asyncio.sleep(0.2)
    assert (controlled.shown, controlled.unconfirmed) == (1, [{LAMP}])


async def test_a_home_that_counts_anew_shows_nothing_of_before(controlled: Controlled) -> None:
    """Numbers of different epochs do not compare: 2 may be later than 9."""
    await controlled.control.execute(Command.set(LAMP, brightness=70))
    controlled.replica.load(snapshot(2, lamp(brightness=30), epoch="new"))
    assert controlled.control.catch_up() == {LAMP}
    assert controlled.shown == 30


async def test_what_is_commanded_in_a_new_count_shows_in_it(controlled: Controlled) -> None:
    """Also where nothing was commanded when it began."""
    controlled.replica.load(snapshot(2, lamp(brightness=30), epoch="new"))
    await controlled.control.execute(Command.set(LAMP, brightness=70))
    controlled.replica.load(snapshot(3, lamp(brightness=40), epoch="new"))
    assert controlled.control.catch_up() == set()
    assert controlled.shown == 70


async def test_what_the_home_knows_already_is_not_covered(transport: Transport, scripted: ScriptedServer) -> None:
    """The event was there before the answer."""
    controlled = Controlled(transport, scripted, seq=5)
    await controlled.control.execute(Command.set(LAMP, brightness=70))
    assert (controlled.shown, controlled.accepted) == (1, [])
    await controlled.control.close()


async def test_closing_leaves_no_timer(controlled: Controlled) -> None:
    """Nobody is told of anything any more."""
    await controlled.control.execute(Command.set(LAMP, brightness=70))
    await controlled.control.close()
    await asyncio.sleep(2 * LONGEST_S)
    assert controlled.unconfirmed == []
