"""Each hand of a test does what it says, and each eye sees it."""

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
        {"id": "1", "type": "switch", "features": {"outlet": True, "metering": False}, "state": {"on": True}}
    ],
}
CHANGES: list[tuple[Callable[[MockCloud], None], str, list[object]]] = [
    (lambda cloud: cloud.touch(PANEL, "1", on=False), "state", [PANEL, "1", {"on": False}]),
    (lambda cloud: cloud.press("nut-dau-giuong", "1", "double"), "button", ["nut-dau-giuong", "1", "double"]),
    (lambda cloud: cloud.remove_device(PANEL), "device_removed", [PANEL]),
    (lambda cloud: cloud.remove_home(HOME), "home_removed", [HOME]),
    (lambda cloud: cloud.sign_out(MINH_ANH), "account", ["session"]),
    (lambda cloud: cloud.suspend(MINH_ANH), "account", ["access"]),
    (lambda cloud: cloud.unblock(MINH_ANH), "account", ["access"]),
    (lambda cloud: cloud.announce_maintenance(None, None), "account", ["maintenance", None, None]),
]


@pytest.mark.parametrize(("change", "kind", "members"), CHANGES)
async def test_every_change_is_one_event(
    cloud: MockCloud, client: Client, change: Callable[[MockCloud], None], kind: str, members: list[object]
) -> None:
    """With the members the contract gives its kind."""
    async with client.stream(0) as stream:
        await stream.frame()
        change(cloud)
        (event,) = await stream.events(1)
        assert [event.pop("seq"), event.pop("kind")] == [1, kind]
        event.pop("at")
        assert list(event.values()) == members


DEVICE_CHANGES: list[tuple[Callable[[MockCloud], None], dict[str, Any]]] = [
    (lambda cloud: cloud.set_online(PANEL, False), {"id": PANEL, "online": False}),
    (lambda cloud: cloud.add_device(HOME, OUTLET), {"id": "o-cam-moi", "home_id": HOME, "online": True}),
    (lambda cloud: cloud.update_device(PANEL, name="Tên mới"), {"id": PANEL, "name": "Tên mới"}),
    (lambda cloud: cloud.update_device(PANEL, room_id=None, firmware="3"), {"room_id": None, "firmware": "3"}),
]


@pytest.mark.parametrize(("change", "members"), DEVICE_CHANGES)
async def test_a_changed_device_comes_whole(
    cloud: MockCloud, client: Client, change: Callable[[MockCloud], None], members: dict[str, Any]
) -> None:
    """As the snapshot shows it."""
    async with client.stream(0) as stream:
        await stream.frame()
        change(cloud)
        (event,) = await stream.events(1)
        assert event["kind"] == "device"
        assert event["device"] == cloud.device(event["device"]["id"])
        assert members.items() <= event["device"].items()
    devices = (await client.get("/snapshot"))["homes"][0]["devices"]
    assert event["device"] in devices


async def test_a_changed_home_comes_without_its_devices(cloud: MockCloud, client: Client) -> None:
    """Name, rooms and scenes."""
    async with client.stream(0) as stream:
        await stream.frame()
        cloud.rename_home(HOME, "Nhà mới")
        cloud.add_room(HOME, "san-thuong", "Sân thượng")
        cloud.rename_room(HOME, "bep", "Nhà bếp")
        cloud.remove_room(HOME, "phong-tho")
        cloud.add_scene(HOME, {"id": "canh-moi", "name": "Cảnh mới"})
        cloud.remove_scene(HOME, "canh-di-ngu")
        *_, last = await stream.events(6)
    home = last["home"]
    assert "devices" not in home
    assert home["name"] == "Nhà mới"
    names = {room["id"]: room["name"] for room in home["rooms"]}
    assert (names["bep"], names["san-thuong"], "phong-tho" in names) == ("Nhà bếp", "Sân thượng", False)
    assert [scene["id"] for scene in home["scenes"]][-2:] == ["canh-ra-ngoai", "canh-moi"]
    assert cloud.device("den-ban-tho")["room_id"] == "phong-tho"


async def test_a_new_home_comes_with_its_devices_after_it(cloud: MockCloud, client: Client) -> None:
    """And goes at once with all in it."""
    async with client.stream(0) as stream:
        await stream.frame()
        cloud.add_home(
            MINH_ANH, {"id": "nha-que", "name": "Nhà quê", "rooms": [], "devices": [OUTLET | {"room_id": None}]}
        )
        assert [event["kind"] for event in await stream.events(2)] == ["home", "device"]
        cloud.unshare_home("nha-que", MINH_ANH)
        assert (await stream.events(1))[0]["home_id"] == "nha-que"
    assert len((await client.get("/snapshot"))["homes"]) == 2


async def test_hands_refuse_what_no_thing_could_do(cloud: MockCloud) -> None:
    """A test that asks for it is wrong."""
    with pytest.raises(InvalidDocumentError):
        cloud.touch(PANEL, "1", brightness=5)
    with pytest.raises(ValueError, match="no press"):
        cloud.press("nut-dau-giuong", "4", "long")
    with pytest.raises(KeyError):
        cloud.touch("nowhere", "1", on=True)
    with pytest.raises(ValueError, match="there is a device"):
        cloud.add_device(HOME, OUTLET | {"id": PANEL})
    with pytest.raises(ValueError, match="to change"):
        cloud.update_device(PANEL, colour="red")


async def test_the_cloud_does_not_hear_of_an_offline_device(cloud: MockCloud) -> None:
    """Neither touch nor press."""
    cloud.set_online("nut-dau-giuong", False)
    cloud.press("nut-dau-giuong", "1", "single")
    cloud.touch("den-vuon-treo", "1", on=False)
    assert cloud.state("den-vuon-treo", "1")["on"] is True
    assert cloud.seq(MINH_ANH) == 1


async def test_a_hand_on_a_moving_curtain_ends_its_move(cloud: MockCloud, client: Client) -> None:
    """It is where the hand left it."""
    await client.set("rem-phong-khach", position=0)
    await asyncio.sleep(2)
    cloud.touch("rem-phong-khach", "1", position=40)
    await asyncio.sleep(30)
    assert cloud.state("rem-phong-khach", "1") == {"position": 40, "motion": "stopped"}


def flips(cloud: MockCloud, count: int) -> None:
    """Make so many changes."""
    for _ in range(count):
        cloud.touch(PANEL, "1", on=not cloud.state(PANEL, "1")["on"])


async def test_pushes_get_lost_doubled_and_reordered(cloud: MockCloud, client: Client) -> None:
    """What was lost shows in the next heartbeat; what is asked for again comes in order."""
    async with client.stream(0) as stream:
        await stream.frame()
        cloud.drop_next(2)
        flips(cloud, 3)
        assert [event["seq"] for event in await stream.events(1)] == [3]
        cloud.double_next()
        flips(cloud, 2)
        assert [event["seq"] for event in await stream.events(3)] == [4, 4, 5]
        cloud.reorder_next(3)
        flips(cloud, 4)
        assert [event["seq"] for event in await stream.events(4)] == [8, 7, 6, 9]
        cloud.drop_next()
        flips(cloud, 1)
        assert (await stream.frame())["seq"] == 10
    async with client.stream(0) as stream:
        await stream.frame()
        assert [event["seq"] for event in await stream.events(10)] == list(range(1, 11))


async def test_a_mute_cloud_says_nothing_and_then_everything(cloud: MockCloud, client: Client) -> None:
    """Neither events nor heartbeats nor a greeting, on open sockets."""
    async with client.stream(0) as stream:
        await stream.frame()
        cloud.mute(True)
        flips(cloud, 2)
        async with client.stream(0) as late:
            with pytest.raises(TimeoutError):
                await late.socket.receive(timeout=300)
        with pytest.raises(TimeoutError):
            await stream.socket.receive(timeout=300)
    async with client.stream(0) as stream:
        cloud.mute(False)
        assert (await stream.frame())["seq"] >= 2


async def test_cut_drops_every_connection(cloud: MockCloud, client: Client) -> None:
    """Without a close frame, answers under way too; the next connection works."""
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
    assert (await client.get("/snapshot"))["seq"] == 1
    assert cloud.streams == 0


async def test_maintenance_sends_streams_away(cloud: MockCloud, client: Client) -> None:
    """1013: come again."""
    async with client.stream(0) as stream:
        await stream.frame()
        cloud.maintenance()
        assert await stream.closed() == 1013
    cloud.end_maintenance()
    async with client.stream(0) as stream:
        assert (await stream.frame())["resumed"] is True


async def test_latency_is_how_late_an_answer_is(cloud: MockCloud, client: Client) -> None:
    """In seconds of the loop."""
    cloud.latency = 8
    began = asyncio.get_running_loop().time()
    await client.get("/account")
    assert asyncio.get_running_loop().time() - began == pytest.approx(8, abs=0.2)


async def test_requests_are_remembered(cloud: MockCloud, client: Client) -> None:
    """With what they were answered, and without the query in the path."""
    await client.request("GET", "/dealers?province=x", bearer=False)
    async with client.stream(0) as stream:
        await stream.frame()
    await client.request("PUT", "/account/terms", data=b"nonsense")
    seen = [(request.method, request.path, request.status, request.body) for request in cloud.requests[1:]]
    assert seen == [
        ("GET", "/v1/dealers", 200, b""),
        ("GET", "/v1/events", 101, b""),
        ("PUT", "/v1/account/terms", 422, b"nonsense"),
    ]
    assert cloud.requests[2].query["since"] == "0"
    assert cloud.requests[1].at == pytest.approx(cloud.now(), abs=1)


async def test_a_late_event_is_overtaken_and_a_doubled_one_comes_again_later(cloud: MockCloud, client: Client) -> None:
    """As on a line with two ways."""
    async with client.stream(0) as stream:
        await stream.frame()
        cloud.delay_next(seconds=5)
        cloud.double_next(apart=2)
        for on in (False, True):
            cloud.touch(PANEL, "1", on=on)
        assert [event["seq"] for event in await stream.events(3)] == [2, 2, 1]


async def test_a_healed_cloud_loses_nothing_more(cloud: MockCloud, client: Client) -> None:
    """Whatever was about to go wrong."""
    cloud.drop_next(5)
    cloud.latency = 60
    cloud.maintenance()
    cloud.heal()
    async with client.stream(0) as stream:
        await stream.frame()
        cloud.touch(PANEL, "1", on=False)
        assert [event["seq"] for event in await stream.events(1)] == [1]


async def test_a_restored_backup_is_the_world_of_then_under_another_epoch(cloud: MockCloud, client: Client) -> None:
    """What happened since is undone, and nobody's session ends."""
    backup, epoch = cloud.back_up(), cloud.epoch
    before = cloud.device(PANEL)
    cloud.touch(PANEL, "1", on=False)
    cloud.restore(backup)
    assert cloud.device(PANEL) == before
    assert (await client.get("/snapshot"))["epoch"] == cloud.epoch != epoch


async def test_whoever_watches_hears_of_changes_that_are_pushed_to_nobody(cloud: MockCloud) -> None:
    """Each when it is counted."""
    seen: list[tuple[str, int]] = []
    cloud.watch(lambda account_id, event: seen.append((account_id, event.seq)))
    cloud.touch(PANEL, "1", on=False)
    assert seen == [("tk-minh-anh", 1)]
