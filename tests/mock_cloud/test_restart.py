"""Stopping, starting again, and what survives a restart."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
import signal
import subprocess
import sys

from aiohttp import ClientSession
import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, Client, new_id, wall_time
from tests.mock_cloud.wire import Document

PANEL = "cong-tac-phong-khach"


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    """Name a file that is not there yet."""
    return tmp_path / "state.json"


@asynccontextmanager
async def restarted(state_file: Path, client: Client) -> AsyncIterator[MockCloud]:
    """Run another cloud on the same state file, for the same client."""
    async with MockCloud(clock=wall_time, state_file=state_file) as cloud:
        client.cloud = cloud
        yield cloud


@asynccontextmanager
async def first_run(state_file: Path) -> AsyncIterator[Client]:
    """Run a cloud with a state file, and log in."""
    async with MockCloud(clock=wall_time, state_file=state_file) as cloud, ClientSession() as http:
        client = Client(cloud, http)
        await client.log_in()
        yield client


@contextmanager
def crash(state_file: Path) -> Iterator[None]:
    """Leave the state file as it was before a clean stop."""
    saved = state_file.read_bytes()
    yield
    state_file.write_bytes(saved)


async def test_after_a_clean_stop_everything_goes_on(state_file: Path) -> None:
    """C-56, C-58: epoch, numbering, history, sessions, the last command request, account, tickets and keys."""
    command: Document = {"device_id": PANEL, "endpoint_id": "1", "set": {"on": False}}
    feedback: Document = {"json": {"category": "security", "message": "Lạ"}, "headers": {"Idempotency-Key": "k"}}
    first, second = new_id(), new_id()
    async with first_run(state_file) as client:
        await client.results(command, run=first, order=50)
        results = await client.results(command, run=second, order=50)
        ticket = await (await client.request("POST", "/feedback", **feedback)).json()
        client.cloud.announce_maintenance(client.cloud.now() + 600, None)
        client.cloud.update_device("o-cam-tivi", name=None)
        snapshot, account = client.cloud.snapshot(MINH_ANH), await client.get("/account")
        await client.cloud.stop()
        async with restarted(state_file, client) as cloud:
            assert await client.get("/snapshot") == snapshot
            terms_url = {"url": f"{cloud.url}/terms"}
            assert await client.get("/account") == account | {"terms": account["terms"] | terms_url}
            async with client.stream(0) as stream:
                assert (await stream.frame())["resumed"] is True
                assert (await stream.events(4))[0]["device_id"] == PANEL
            cloud.touch(PANEL, "1", on=True)
            assert await client.results(command, run=second, order=50) == results
            for run, order in ((second, 49), (first, 51)):
                assert await client.results(command, run=run, order=order) == [{"status": "superseded"}]
            assert cloud.state(PANEL, "1") == {"on": True}
            assert await (await client.request("POST", "/feedback", **feedback)).json() == ticket
            assert (await client.refresh(client.tokens["refresh_token"])).status == 200


async def test_after_a_crash_the_epoch_is_new(state_file: Path) -> None:
    """C-40: numbering may repeat what clients have seen; sessions and states survive."""
    async with first_run(state_file) as client:
        first = client.cloud
        await client.set(PANEL, on=False)
        await asyncio.sleep(2)
        with crash(state_file):
            await first.stop()
        async with restarted(state_file, client) as cloud:
            assert cloud.epoch != first.epoch
            assert cloud.state(PANEL, "1") == {"on": False}
            async with client.stream(0, first.epoch) as stream:
                hello = await stream.frame()
                assert (hello["resumed"], hello["seq"]) == (False, 0)


async def test_a_crash_loses_no_tokens(state_file: Path) -> None:
    """They are saved before they are handed out."""
    async with first_run(state_file) as client:
        tokens = await (await client.refresh(client.tokens["refresh_token"])).json()
        with crash(state_file):
            await client.cloud.stop()
        async with restarted(state_file, client):
            assert (await client.refresh(tokens["refresh_token"])).status == 200


async def test_a_stopped_cloud_starts_again_at_its_port(cloud: MockCloud, client: Client) -> None:
    """With all its state."""
    async with client.stream(0) as stream:
        await stream.frame()
        stopping = asyncio.create_task(cloud.stop())
        assert await stream.closed() == 1012
        await stopping
    await cloud.start(port=cloud.port)
    assert (await client.get("/snapshot"))["seq"] == 0


async def test_stopping_never_hangs(cloud: MockCloud, client: Client) -> None:
    """With a late response, a muted stream, or a client that does not answer the close."""
    cloud.latency = 3600
    asking = asyncio.create_task(client.set("rem-phong-khach", position=0))
    await asyncio.sleep(1)
    cloud.latency = 0
    async with client.stream(0):
        cloud.mute(True)
        await asyncio.wait_for(cloud.stop(), 10)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await cloud.stop()
    mine = {task for task in asyncio.all_tasks() if "mock_cloud" in repr(task.get_coro())}
    assert mine <= {asyncio.current_task()}


def test_it_runs_alone(tmp_path: Path) -> None:
    """As a program, until SIGTERM."""
    arguments = ["--port", "0", "--state", str(tmp_path / "state.json"), "--seed", "7"]
    with subprocess.Popen(  # noqa: S603  # our own interpreter
        [sys.executable, "-m", "tests.mock_cloud", *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Mock cloud at http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert (tmp_path / "state.json").exists()
