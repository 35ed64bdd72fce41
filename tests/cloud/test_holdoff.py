"""Whoever was asked to come later does so, and so does everybody else in this Home Assistant."""

import asyncio
import json

import pytest
from yarl import URL

from custom_components.wesmart.cloud import Endpoints, Session, Transport, WeSmartClient, log_in
from custom_components.wesmart.cloud.errors import CloudFaultError, MaintenanceError, RateLimitedError
from custom_components.wesmart.cloud.holdoff import HoldOffs
from custom_components.wesmart.cloud.models import NOWHERE
from custom_components.wesmart.cloud.problems import Answer
from tests.accounts import OTHER
from tests.cloud.conftest import wall_clock
from tests.cloud.scripted import ScriptedServer, answer
from tests.mock_cloud import MockCloud

SNAPSHOT = URL("https://cloud.example.com/v1/snapshot")
COMMANDS = URL("https://cloud.example.com/v1/commands")
EVENTS = URL("wss://cloud.example.com/v1/events")


def busy(status: int, retry_after: float | None, problem: str = "") -> Answer:
    """Return a refusal for a while."""
    body = json.dumps({"type": f"urn:wesmart:problem:{problem}"}).encode()
    return Answer(status=status, content_type="application/problem+json", body=body, retry_after=retry_after)


async def test_maintenance_is_of_everything_at_a_server_and_of_no_other() -> None:
    """The stream's scheme is another, its server is not; the seconds that are left count down."""
    holdoffs = HoldOffs()
    holdoffs.note(SNAPSHOT, busy(503, 30, "maintenance"))
    await asyncio.sleep(10)
    for url in (SNAPSHOT, COMMANDS, EVENTS, URL("https://cloud.example.com:443/oauth/token")):
        refusal = holdoffs.refusal(url)
        assert refusal is not None
        assert (refusal.status, refusal.retry_after) == (503, 20)
    for url in (URL("https://cloud.example.com:8443/"), URL("http://cloud.example.com/"), URL("https://example.com/")):
        assert holdoffs.refusal(url) is None
    await asyncio.sleep(20)
    assert holdoffs.refusal(SNAPSHOT) is None


@pytest.mark.parametrize(
    ("refusal", "handshake"),
    [
        (busy(429, 30, "rate-limited"), False),
        (busy(503, 30), False),  # of a proxy, perhaps
        (busy(503, 30, "maintenance"), True),  # what pushes may be down by itself
    ],
)
async def test_other_refusals_are_of_one_path(refusal: Answer, handshake: bool) -> None:
    """What is not refused goes on."""
    holdoffs = HoldOffs()
    holdoffs.note(SNAPSHOT, refusal, handshake=handshake)
    assert holdoffs.refusal(SNAPSHOT.with_query(since="1")) is not None
    assert holdoffs.refusal(COMMANDS) is None


async def test_of_two_refusals_the_longer_one_counts() -> None:
    """In whichever order they came."""
    holdoffs = HoldOffs()
    holdoffs.note(SNAPSHOT, busy(429, 60))
    holdoffs.note(COMMANDS, busy(503, 30, "maintenance"))
    holdoffs.note(EVENTS, busy(429, 10))
    assert [getattr(holdoffs.refusal(url), "retry_after", None) for url in (SNAPSHOT, COMMANDS, EVENTS)] == [60, 30, 30]


@pytest.mark.parametrize("retry_after", [None, 0])
async def test_a_refusal_that_names_no_time_is_not_remembered(retry_after: float | None) -> None:
    """Each waits as it sees fit."""
    holdoffs = HoldOffs()
    holdoffs.note(SNAPSHOT, busy(503, retry_after, "maintenance"))
    assert holdoffs.refusal(SNAPSHOT) is None


async def test_nobody_is_kept_away_longer_than_an_hour() -> None:
    """Another year is a slip of the server."""
    holdoffs = HoldOffs()
    holdoffs.note(SNAPSHOT, busy(429, 365 * 86400))
    refusal = holdoffs.refusal(SNAPSHOT)
    assert refusal is not None
    assert refusal.retry_after == 3600


@pytest.mark.parametrize("status", [200, 304, 403, 500])
async def test_other_answers_keep_nobody_away(status: int) -> None:
    """Whatever their headers say."""
    holdoffs = HoldOffs()
    holdoffs.note(SNAPSHOT, busy(status, 30, "maintenance"))
    assert holdoffs.refusal(SNAPSHOT) is None


async def test_maintenance_that_one_account_meets_is_known_to_the_other_for_every_kind_of_request(
    cloud: MockCloud, client: WeSmartClient, transport: Transport, endpoints: Endpoints
) -> None:
    """One request in all: streams, polls, token renewals and commands wait, and afterwards all of them work."""
    tokens = await log_in(transport, endpoints, OTHER.username, OTHER.password, clock=wall_clock)
    other = WeSmartClient(Session(transport, endpoints, tokens, clock=wall_clock))
    cloud.maintenance(retry_after=30)
    before = len(cloud.requests)
    with pytest.raises(MaintenanceError) as first:
        await client.snapshot()
    await asyncio.sleep(10)
    for attempt in (other.snapshot, other.account, lambda: other.connect(NOWHERE), lambda: other.send_commands(1, [])):
        with pytest.raises(MaintenanceError) as later:
            await attempt()
        assert (first.value.retry_after or 0) - (later.value.retry_after or 0) == pytest.approx(10, abs=1)
    with pytest.raises(MaintenanceError):
        await other.session.renew(tokens.access_token)
    assert len(cloud.requests) - before == 1
    cloud.end_maintenance()
    await asyncio.sleep(21)
    assert await other.snapshot() is not None
    await other.session.renew(tokens.access_token)


async def test_a_limit_is_of_one_path_and_of_one_account(
    cloud: MockCloud, client: WeSmartClient, transport: Transport, endpoints: Endpoints
) -> None:
    """An automation that runs wild must not keep somebody else's lamps from being switched."""
    tokens = await log_in(transport, endpoints, OTHER.username, OTHER.password, clock=wall_clock)
    other = WeSmartClient(Session(transport, endpoints, tokens, clock=wall_clock))
    cloud.rate_limit(30, path="/v1/snapshot")
    before = len(cloud.requests)
    for _ in range(2):
        with pytest.raises(RateLimitedError):
            await client.snapshot()
    assert len(cloud.requests) - before == 1
    assert (await client.account()).id
    assert await other.snapshot() is not None


async def test_a_fault_of_the_cloud_keeps_nobody_away(transport: Transport, scripted: ScriptedServer) -> None:
    """A gateway's 502 is no refusal."""
    scripted.replies(answer(502, {}, Retry_After="60"))
    for _ in range(2):
        with pytest.raises(CloudFaultError):
            await transport.request("GET", URL(f"{scripted.url}/v1/snapshot"))
    assert len(scripted.requests) == 2
