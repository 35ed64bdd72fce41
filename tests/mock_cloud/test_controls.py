"""The controls of the mock cloud do what they say."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import ClientError
import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, Client
from tests.mock_cloud.wire import Document, InvalidDocumentError

PANEL, HOME = "cong-tac-phong-khach", "nha-ha-noi"
OUTLET: Document = {
    "id": "o-cam-moi",
    "name": "Ổ cắm mới",
    "room_id": "bep",
    "model": "Outlet with meter",
    "firmware": "1.0.0",
    "serial": "OM-1",
    "endpoints": [
        {"id": "1", "type": "switch", "features": {"controls": "outlet", "metering": False}, "state": {"on": True}}
    ],
}
CHANGES: list[tuple[Callable[[MockCloud], None], str, list[object]]] = [
    (lambda cloud: cloud.touch(PANEL, "1", on=False), "state", [PANEL, "1", {"on": False}]),
    (lambda cloud: cloud.press("nut-dau-giuong", "1", "double"), "button", ["nut-dau-giuong", "1", "double"]),
    (lambda cloud: cloud.remove_device(PANEL), "device_removed", [PANEL]),
    (lambda cloud: cloud.remove_home(HOME), "home_removed", [HOME]),
    (lambda cloud: cloud.sign_out(MINH_ANH), "account", []),
    (lambda cloud: cloud.unblock(MINH_ANH), "account", []),
]


@pytest.mark.parametrize(("change", "kind", "members"), CHANGES)
async def test_every_change_is_one_event(
    cloud: MockCloud, client: Client, change: Callable[[MockCloud], None], kind: str, members: list[object]
) -> None:
    """C-39: with the members of its kind; watchers see it, too."""
    seen: list[tuple[str, int]] = []
    cloud.watch(lambda account_id, event: seen.append((account_id, event.seq)))
    async with client.stream(0) as stream:
        await stream.frame()
        change(cloud)
        (event,) = await stream.events(1)
        assert [event.pop("seq"), event.pop("kind")] == [1, kind]
        event.pop("at")
        assert list(event.values()) == members
    assert ("tk-minh-anh", 1) in seen


DEVICE_CHANGES: list[tuple[Callable[[MockCloud], None], dict[str, Any]]] = [
    (lambda cloud: cloud.set_online(PANEL, False), {"id": PANEL, "online": False}),
    (lambda cloud: cloud.add_device(HOME, OUTLET), {"id": "o-cam-moi", "home_id": HOME, "online": True}),
    (lambda cloud: cloud.update_device(PANEL, room_id=None, firmware="3"), {"room_id": None, "firmware": "3"}),
]


@pytest.mark.parametrize(("change", "members"), DEVICE_CHANGES)
async def test_a_changed_device_comes_whole(
    cloud: MockCloud, client: Client, change: Callable[[MockCloud], None], members: dict[str, Any]
) -> None:
    """As the snapshot has it."""
    async with client.stream(0) as stream:
        await stream.frame()
        change(cloud)
        (event,) = await stream.events(1)
        assert event["device"] == cloud.device(event["device"]["id"])
        assert members.items() <= event["device"].items()
    assert event["device"] in (await client.get("/snapshot"))["homes"][0]["devices"]


async def test_a_changed_home_comes_without_its_devices(cloud: MockCloud, client: Client) -> None:
    """Name, rooms and scenes; C-32: a device may name a room that is gone."""
    async with client.stream(0) as stream:
        await stream.frame()
        cloud.rename_home(HOME, "Nhà mới")
        cloud.add_room(HOME, "san-thuong", "Sân thượng")
        cloud.rename_room(HOME, "bep", "Nhà bếp")
        cloud.remove_room(HOME, "phong-tho")
        cloud.add_scene(HOME, {"id": "canh-moi", "name": "Cảnh mới"})
        cloud.remove_scene(HOME, "canh-di-ngu")
        home = (await stream.events(6))[-1]["home"]
    assert "devices" not in home
    assert home["name"] == "Nhà mới"
    names = {room["id"]: room["name"] for room in home["rooms"]}
    assert (names["bep"], names["san-thuong"], "phong-tho" in names) == ("Nhà bếp", "Sân thượng", False)
    assert [scene["id"] for scene in home["scenes"]][-2:] == ["canh-ra-ngoai", "canh-moi"]
    assert cloud.device("den-ban-tho")["room_id"] == "phong-tho"


async def test_controls_refuse_what_cannot_happen(cloud: MockCloud) -> None:
    """A test that asks for it is wrong; the cloud learns nothing of an offline device."""
    with pytest.raises(InvalidDocumentError):
        cloud.touch(PANEL, "1", brightness=5)
    with pytest.raises(ValueError, match="no press"):
        cloud.press("nut-dau-giuong", "4", "long")
    with pytest.raises(KeyError):
        cloud.touch("nowhere", "1", on=True)
    with pytest.raises(ValueError, match="there is a device"):
        cloud.add_device(HOME, OUTLET | {"id": PANEL})
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
