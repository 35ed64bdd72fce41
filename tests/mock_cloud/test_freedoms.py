"""A cloud that uses its freedoms still keeps the contract, and the same seed uses them the same way."""

import asyncio
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
import json
import re

from aiohttp import ClientSession
import pytest

from tests.mock_cloud import Freedoms, MockCloud
from tests.mock_cloud.conftest import MINH_ANH, Client, new_id, problem_of, wall_time
from tests.mock_cloud.wire import Document
from tests.specification import SpecificationChecker

SEEDS = range(8)


@pytest.fixture(params=SEEDS)
async def free(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """Be logged in at a cloud that uses its freedoms, under the eyes of the specification with room to grow."""
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
    """Each event once and in order, between frames and events nobody knows; results for all commands."""
    cloud = free.cloud
    await free.http.get(f"{cloud.url}/.well-known/wesmart")
    assert len((await free.get("/snapshot"))["homes"]) == 2
    async with free.stream(0) as stream:
        assert (await stream.frame())["type"] == "hello"
        sent = [
            {"id": new_id(), "device_id": "cong-tac-bep", "endpoint_id": "1", "set": {"on": number % 2 == 0}}
            for number in range(40)
        ]
        answer = await free.commands(*sent)
        results = (await answer.json())["results"]
        assert {result["id"] for result in results} == {command["id"] for command in sent}
        found: list[Document] = []
        while len(found) < cloud.seq(MINH_ANH):
            frame = await stream.frame()
            found += frame.get("events", [])
        assert [event["seq"] for event in found] == list(range(1, cloud.seq(MINH_ANH) + 1))
        causes = [event["cause"] for event in found if event["kind"] == "state"]
        assert causes == [command["id"] for command in sent]


async def test_refusals_keep_their_meaning(free: Client) -> None:
    """A status and a wait are there whatever the problem is called."""
    cloud = free.cloud
    for seconds in (10, 20, 30, 40):
        cloud.rate_limit(seconds)
        answer = await free.request("GET", "/snapshot")
        wait = answer.headers["Retry-After"]
        seen = int(wait) if wait.isdecimal() else parsedate_to_datetime(wait).timestamp() - cloud.now()
        assert seconds <= seen <= seconds + 1
        assert (answer.status, problem_of(await answer.json())) == (429, "rate-limited")
    assert (await free.request("GET", "/nothing")).status == 404
    assert (await free.commands({"id": "bad"})).status == 422


async def test_a_command_of_the_future_is_unsupported(free: Client) -> None:
    """It is no bad body."""
    result = await free.result(device_id="cong-tac-bep", do="calibrate")
    assert problem_of(result["problem"]) == "unsupported"


async def test_streams_end_with_or_without_a_word(free: Client) -> None:
    """But always with their code."""
    async with free.stream(0) as stream:
        assert (await stream.frame())["type"] == "hello"
        free.cloud.sign_out(MINH_ANH)
        assert await stream.closed() == 4401


def spellings(seed: int) -> str:
    """Return everything a seed decides, as a text."""
    freedoms = Freedoms.seeded(seed)
    seen: list[object] = [
        freedoms.json({"a": 1, "b": [1, 2.5, True, None], "c": {"d": 3}}),
        freedoms.timestamp(1_763_614_800.25),
        freedoms.retry_after(30, 1_763_614_800),
        freedoms.token_type(),
        freedoms.shuffled(range(9)),
        freedoms.push_delay(),
        freedoms.batch(9),
        freedoms.unknown_event(),
        freedoms.unknown_frame(),
        freedoms.problem_type("x"),
        freedoms.tells_before_closing(),
        freedoms.device({"id": "x", "endpoints": []}),
        freedoms.discovery({"api_url": "x"}),
    ]
    return repr(seen)


def test_a_seed_decides_everything() -> None:
    """The same way each time, and another seed another way."""
    assert spellings(3) == spellings(3)
    assert len({spellings(seed) for seed in range(20)}) > 10


def test_every_freedom_is_used() -> None:
    """Over enough seeds each shows."""
    seen = "".join(spellings(seed) for seed in range(400))
    for sign in ("1.0", "x_", "GMT", "'30'", "bearer", "BEARER", "rain", "loyalty_points", "advice", "out-of-luck"):
        assert sign in seen
    for sign in ("aroma_diffuser", "-00:00", "+00:00", "00z", "00Z", "20t0", "True", "False", "'x/'", "0.2,", "\\t"):
        assert sign in seen, sign


def test_other_spellings_mean_the_same() -> None:
    """Members may be more, never fewer or others."""
    document: Document = {"a": 1, "b": [1, 2.5, True, None, "1"], "c": {"d": 3}}
    for seed in SEEDS:
        read = json.loads(Freedoms.seeded(seed).json(document))
        assert {name: read[name] for name in ("a", "b")} == {"a": 1, "b": [1, 2.5, True, None, "1"]}
        assert read["c"]["d"] == 3
        assert all(re.fullmatch(r"x_\d+", name) for name in set(read) - set(document))


async def test_answers_come_before_and_after_their_events() -> None:
    """Both orders are seen under some seed."""
    orders = set()
    for seed in SEEDS:
        async with (
            MockCloud(clock=wall_time, freedoms=Freedoms.seeded(seed)) as cloud,
            ClientSession() as http,
        ):
            client = Client(cloud, http)
            await client.log_in()
            cloud.latency = 0.05
            async with client.stream(0) as stream:
                await stream.frame()
                asking = asyncio.create_task(client.set("cong-tac-bep", on=True))
                while "events" not in await stream.frame():
                    pass
                orders.add(asking.done())
                await asking
    assert orders == {True, False}
