"""A cloud that uses its freedoms keeps the contract, and the same seed uses them the same way."""

from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime

from aiohttp import ClientSession
import pytest

from tests.mock_cloud import Freedoms, MockCloud
from tests.mock_cloud.conftest import MINH_ANH, Client, problem_of, wall_time
from tests.mock_cloud.wire import Document
from tests.specification import SpecificationChecker

SEEDS = range(8)


@pytest.fixture(params=SEEDS)
async def free(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """Log in at a cloud that uses its freedoms; the specification allows growth."""
    observer = SpecificationChecker()
    async with (
        MockCloud(clock=wall_time, freedoms=Freedoms.seeded(request.param), observer=observer) as cloud,
        ClientSession() as http,
    ):
        client = Client(cloud, http)
        assert (await client.log_in()).status == 200
        yield client
    observer.verify()


async def test_everything_works_with_freedoms(free: Client) -> None:
    """C-9, C-10, C-44: each event once and in order, between unknown frames and events."""
    cloud = free.cloud
    await free.http.get(f"{cloud.url}/.well-known/wesmart")
    assert len((await free.get("/snapshot"))["homes"]) == 2
    async with free.stream(0) as stream:
        assert (await stream.frame())["type"] == "hello"
        results = await free.results(
            *[{"device_id": "cong-tac-bep", "endpoint_id": "1", "set": {"on": number % 2 == 0}} for number in range(40)]
        )
        assert [result["state"]["on"] for result in results] == [number % 2 == 0 for number in range(40)]
        found: list[Document] = []
        while len(found) < cloud.seq(MINH_ANH):
            frame = await stream.frame()
            found += frame.get("events", [])
        assert [event["seq"] for event in found] == list(range(1, cloud.seq(MINH_ANH) + 1))
        seqs = [event["seq"] for event in found if event["kind"] == "state"]
        assert seqs == [result["seq"] for result in results]
        free.cloud.sign_out(MINH_ANH)
        assert await stream.closed() == 4401


async def test_refusals_keep_their_meaning(free: Client) -> None:
    """C-23: a wait is seconds or a date; C-10: an unknown type means what its status means."""
    cloud = free.cloud
    for seconds in (10, 20, 30, 40):
        cloud.rate_limit(seconds)
        answer = await free.request("GET", "/snapshot")
        assert answer.status == 429
        wait = answer.headers["Retry-After"]
        if not wait.isdecimal():
            wait = str(parsedate_to_datetime(wait).timestamp() - cloud.now())
        assert float(wait) == pytest.approx(seconds, abs=1.1)
    assert (await free.request("GET", "/nothing")).status == 404
    assert (await free.request("POST", "/commands", json={})).status == 422
    (result,) = await free.results({"device_id": "cong-tac-bep", "do": "calibrate"})
    assert problem_of(result["problem"]) == "unsupported"


def spellings(seed: int) -> str:
    """Return everything a seed decides, as a text."""
    freedoms = Freedoms.seeded(seed)
    seen: list[object] = [
        freedoms.json({"a": 1, "b": [1, 2.5, True, None], "c": {"d": 3}}),
        freedoms.timestamp(1_763_614_800.25),
        freedoms.retry_after(30, 1_763_614_800),
        freedoms.token_type(),
        freedoms.push_delay(),
        freedoms.batch(9),
        freedoms.unknown_event(),
        freedoms.unknown_frame(),
        freedoms.problem_type("x"),
        freedoms.tells_before_closing(),
        freedoms.device({"id": "x", "room_id": None, "endpoints": []}),
        freedoms.discovery({"api_url": "x"}),
    ]
    return repr(seen)


def test_a_seed_decides_everything_and_every_freedom_is_used() -> None:
    """The same way each time; C-6: every spelling of UTC."""
    assert spellings(3) == spellings(3)
    seen = "".join(spellings(seed) for seed in range(400))
    for sign in ("1.0", "x_", "GMT", "'30'", "bearer", "BEARER", "rain", "doorbell", "advice", "out-of-luck", "\\t"):
        assert sign in seen
    for sign in ("aroma_diffuser", "-00:00", "+00:00", "00z", "00Z", "20t0", "True", "False", "'x/'", "0.2,"):
        assert sign in seen, sign
    assert 0 < seen.count("'room_id': None") < 400
