"""The controls of the mock cloud do what they say."""

import asyncio

from aiohttp import ClientError
import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, Client
from tests.mock_cloud.wire import InvalidDocumentError

PANEL, HOME = "cong-tac-phong-khach", "nha-ha-noi"


async def test_controls_refuse_what_cannot_happen(cloud: MockCloud) -> None:
    """A test that asks for it is wrong; the cloud learns nothing of an offline device."""
    with pytest.raises(InvalidDocumentError):
        cloud.touch(PANEL, "1", brightness=5)
    with pytest.raises(ValueError, match="no press"):
        cloud.press("nut-dau-giuong", "4", "long")
    with pytest.raises(KeyError):
        cloud.touch("nowhere", "1", on=True)
    with pytest.raises(ValueError, match="there is a device"):
        cloud.add_device(HOME, {"id": PANEL, "model": "New", "firmware": "1", "serial": "1", "endpoints": []})
    with pytest.raises(InvalidDocumentError):
        cloud.set_controls(PANEL, "1", "sauna")
    cloud.touch("den-vuon-treo", "1", on=False)
    assert cloud.state("den-vuon-treo", "1")["on"] is True
    assert cloud.seq(MINH_ANH) == 0


def flip(cloud: MockCloud, count: int = 1) -> None:
    """Make so many changes."""
    for _ in range(count):
        cloud.touch(PANEL, "1", on=not cloud.state(PANEL, "1")["on"])


async def test_pushes_are_lost_doubled_reordered_and_late(cloud: MockCloud, client: Client) -> None:
    """C-46: a loss shows in the next heartbeat; a resumed stream has everything in order."""
    async with client.stream(0) as stream:
        await stream.frame()
        cloud.drop_next(2)
        flip(cloud, 3)
        assert [event["seq"] for event in await stream.events(1)] == [3]
        cloud.double_next()
        flip(cloud, 2)
        assert [event["seq"] for event in await stream.events(3)] == [4, 4, 5]
        cloud.reorder_next(3)
        flip(cloud, 4)
        assert [event["seq"] for event in await stream.events(4)] == [8, 7, 6, 9]
        cloud.delay_next(seconds=5)
        cloud.double_next(apart=2)
        flip(cloud, 2)
        assert [event["seq"] for event in await stream.events(3)] == [11, 11, 10]
        cloud.drop_next()
        flip(cloud)
        assert (await stream.frame())["seq"] == 12
        cloud.drop_next(5)
        cloud.latency = 60
        cloud.maintenance(push_survives=True)
        cloud.heal()
        flip(cloud)
        assert [event["seq"] for event in await stream.events(1)] == [14]
    async with client.stream(0) as stream:
        await stream.frame()
        assert [event["seq"] for event in await stream.events(14)] == list(range(1, 15))


async def test_a_muted_stream_sends_nothing_until_it_is_unmuted(cloud: MockCloud, client: Client) -> None:
    """Neither hello nor events nor heartbeats."""
    cloud.mute(True)
    async with client.stream(0) as stream:
        flip(cloud, 2)
        with pytest.raises(TimeoutError):
            await stream.socket.receive(timeout=300)
        cloud.mute(False)
        assert (await stream.frame())["seq"] >= 2


async def test_cut_drops_every_connection(cloud: MockCloud, client: Client) -> None:
    """Without a close frame, also before a response; the next connection works."""
    cloud.latency = 5
    async with client.stream(0) as stream:
        await stream.frame()
        asking = asyncio.create_task(client.set(PANEL, on=False))
        await asyncio.sleep(1)
        cloud.cut()
        assert await stream.closed() == 1006
        with pytest.raises(ClientError):
            await asking
    assert cloud.state(PANEL, "1") == {"on": False}
    began = asyncio.get_running_loop().time()
    assert (await client.get("/snapshot"))["seq"] == 1
    assert asyncio.get_running_loop().time() - began == pytest.approx(5, abs=0.2)
    assert cloud.streams == 0


async def test_maintenance_may_leave_the_stream_open(cloud: MockCloud, client: Client) -> None:
    """Otherwise it is closed with 1013 (C-49)."""
    async with client.stream(0) as stream:
        await stream.frame()
        cloud.maintenance(push_survives=True)
        assert (await stream.events(1))[0]["kind"] == "account"
        cloud.end_maintenance()
        assert (await stream.events(1))[0]["kind"] == "account"
        cloud.maintenance()
        assert await stream.closed() == 1013


async def test_the_end_of_maintenance_keeps_a_plan_that_is_still_to_come(cloud: MockCloud, client: Client) -> None:
    """It is of another one."""
    cloud.announce_maintenance(cloud.now() + 60, cloud.now() + 120)
    planned = (await client.get("/account"))["maintenance"]
    cloud.maintenance()
    cloud.end_maintenance()
    assert (await client.get("/account"))["maintenance"] == planned
    await asyncio.sleep(90)
    cloud.maintenance()
    cloud.end_maintenance()
    assert (await client.get("/account"))["maintenance"] is None


async def test_requests_are_recorded(cloud: MockCloud, client: Client) -> None:
    """With their status, and without the query in the path."""
    await client.request("GET", "/dealers?province=x", bearer=False)
    async with client.stream(0) as stream:
        await stream.frame()
    await client.request("PUT", "/account/terms", data=b"nonsense")
    seen = [(request.method, request.path, request.status, request.body) for request in cloud.requests[1:]]
    assert seen == [
        ("GET", "/v1/dealers", 200, b""),
        ("GET", "/v1/events", 101, b""),
        ("PUT", "/v1/account/terms", 415, b"nonsense"),
    ]
    assert cloud.requests[2].query["since"] == "0"
    assert cloud.requests[1].at == pytest.approx(cloud.now(), abs=1)


async def test_a_restored_backup_has_another_epoch(cloud: MockCloud, client: Client) -> None:
    """C-40: later changes are undone, and no session ends."""
    backup, epoch = cloud.back_up(), cloud.epoch
    before = cloud.device(PANEL)
    flip(cloud)
    cloud.restore(backup)
    assert cloud.device(PANEL) == before
    assert (await client.get("/snapshot"))["epoch"] == cloud.epoch != epoch
