"""One truth and one counter: snapshot, entity tag, event stream (contract, "Snapshot and events")."""

import asyncio
from datetime import datetime

import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, QUOC_BAO, Client, refused, wall_time

PANEL = "cong-tac-phong-khach"


async def flip(cloud: MockCloud, times: int) -> None:
    """Make so many changes."""
    for _ in range(times):
        cloud.touch(PANEL, "1", on=not cloud.state(PANEL, "1")["on"])


async def test_a_snapshot_is_everything_at_its_seq(cloud: MockCloud, client: Client) -> None:
    """It shows the homes of this account, and the seq counts each change by one."""
    before = await client.get("/snapshot")
    assert [home["name"] for home in before["homes"]] == ["Nhà Hà Nội", "Căn hộ Mỹ Đình"]
    cloud.touch(PANEL, "1", on=False)
    cloud.touch(PANEL, "1", on=False)
    after = await client.get("/snapshot")
    assert after["seq"] == before["seq"] + 1 == cloud.seq(MINH_ANH)
    assert after["epoch"] == before["epoch"] == cloud.epoch
    panel = next(device for device in after["homes"][0]["devices"] if device["id"] == PANEL)
    assert panel["endpoints"][0]["state"] == {"on": False}
    assert panel["endpoints"][3]["room_id"] == "ban-cong"


async def test_a_snapshot_is_as_old_as_its_answer_is_late(cloud: MockCloud, client: Client) -> None:
    """Atomic at its seq, not at its arrival."""
    cloud.latency = 5
    asking = asyncio.create_task(client.get("/snapshot"))
    await asyncio.sleep(1)
    cloud.touch(PANEL, "1", on=False)
    assert (await asking)["seq"] == 0


async def test_an_offline_device_leaves_out_its_signal(client: Client) -> None:
    """And keeps its last state."""
    devices = {device["id"]: device for device in (await client.get("/snapshot"))["homes"][0]["devices"]}
    assert "signal_dbm" not in devices["den-vuon-treo"]
    assert devices["den-vuon-treo"]["endpoints"][0]["state"] == {"on": True, "brightness": 40}
    assert devices["o-cam-di-dong"]["room_id"] is None


async def test_the_entity_tag_is_a_function_of_epoch_and_seq(cloud: MockCloud, client: Client) -> None:
    """The one of what a client holds with events included gets 304, any other the snapshot."""
    first = (await client.request("GET", "/snapshot")).headers["ETag"]
    answer = await client.request("GET", "/snapshot", headers={"If-None-Match": first})
    assert (answer.status, await answer.read(), answer.headers["ETag"]) == (304, b"", first)
    await flip(cloud, 2)
    answer = await client.request("GET", "/snapshot", headers={"If-None-Match": first})
    assert answer.status == 200
    held = f'"{cloud.epoch}:{cloud.seq(MINH_ANH)}"'
    assert answer.headers["ETag"] == held
    for known in (f"W/{held}", f'"other", {held}', "*"):
        assert (await client.request("GET", "/snapshot", headers={"If-None-Match": known})).status == 304
    cloud.new_epoch()
    assert (await client.request("GET", "/snapshot", headers={"If-None-Match": held})).status == 200


async def test_hello_then_every_event_after_since(cloud: MockCloud, client: Client) -> None:
    """Resumed: nothing is missing and nothing comes twice."""
    await flip(cloud, 5)
    async with client.stream(2) as stream:
        hello = await stream.frame()
        at = datetime.fromisoformat(hello.pop("at")).timestamp()
        assert at == pytest.approx(wall_time(), abs=1)
        expected = {"type": "hello", "epoch": cloud.epoch, "seq": 5, "resumed": True, "heartbeat_s": 20}
        assert hello == expected
        assert [event["seq"] for event in await stream.events(3)] == [3, 4, 5]
        cloud.touch(PANEL, "2", on=False)
        (event,) = await stream.events(1)
        event.pop("at")
        expected = {"seq": 6, "kind": "state", "device_id": PANEL, "endpoint_id": "2", "state": {"on": False}}
        assert event == expected


@pytest.mark.parametrize("reason", ["no position", "beyond the head", "other epoch", "forgotten"])
async def test_not_resumed_means_only_what_comes_after_hello(cloud: MockCloud, client: Client, reason: str) -> None:
    """The client has to take a snapshot."""
    await flip(cloud, 3)
    since: int | None = {"no position": None, "beyond the head": 4}.get(reason, 1)
    if reason == "forgotten":
        cloud.forget_history()
    async with client.stream(since, "old" if reason == "other epoch" else None) as stream:
        hello = await stream.frame()
        assert (hello["resumed"], hello["seq"]) == (False, 3)
        await flip(cloud, 1)
        assert [event["seq"] for event in await stream.events(1)] == [4]


async def test_nothing_missed_is_resumed_without_history(cloud: MockCloud, client: Client) -> None:
    """The head itself can always be resumed from."""
    await flip(cloud, 3)
    cloud.forget_history()
    async with client.stream(3) as stream:
        assert (await stream.frame())["resumed"] is True


async def test_a_thousand_events_and_an_hour_are_kept(cloud: MockCloud, client: Client) -> None:
    """Whichever is more; what is older than both is forgotten."""
    await flip(cloud, 1500)
    async with client.stream(0) as stream:
        assert (await stream.frame())["resumed"] is True
        assert len(await stream.events(1500)) == 1500
    await asyncio.sleep(3000)
    client.tokens = await (await client.refresh(client.tokens["refresh_token"])).json()
    await asyncio.sleep(601)
    await flip(cloud, 1)
    head = cloud.seq(MINH_ANH)
    for since, resumed in ((head - 1000, True), (head - 1001, False)):
        async with client.stream(since) as stream:
            assert (await stream.frame())["resumed"] is resumed


@pytest.mark.parametrize(
    "query",
    ["since=1", "epoch=x", "since=-1&epoch=x", "since=1.5&epoch=x", f"since={2**53}&epoch=x", "since=&epoch=x"],
)
async def test_a_position_is_whole_or_refused(client: Client, query: str) -> None:
    """As a problem answer to the handshake."""
    assert await refused(await client.request("GET", f"/events?{query}")) == (422, "invalid-request")


async def test_the_handshake_wants_a_bearer_in_the_header(client: Client) -> None:
    """And an upgrade."""
    assert await refused(await client.request("GET", "/events", bearer=False)) == (401, "unauthorized")
    assert await refused(await client.request("GET", "/events")) == (422, "invalid-request")


async def test_heartbeats_come_when_nothing_else_was_sent(cloud: MockCloud, client: Client) -> None:
    """An event postpones the next one."""
    cloud.heartbeat_s = 30
    cloud.meters_report = False
    loop = asyncio.get_running_loop()
    async with client.stream(0) as stream:
        assert (await stream.frame())["heartbeat_s"] == 30
        greeted = loop.time()
        expected = {"type": "heartbeat", "epoch": cloud.epoch, "seq": 0}
        assert await stream.frame() == expected
        assert loop.time() - greeted == pytest.approx(30, abs=0.5)
        await asyncio.sleep(20)
        await flip(cloud, 1)
        await stream.events(1)
        told = loop.time()
        assert await stream.frame() == {**expected, "seq": 1}
        assert loop.time() - told == pytest.approx(30, abs=0.5)


async def test_the_stream_outlives_its_access_token(cloud: MockCloud, client: Client) -> None:
    """It lives as long as the session."""
    async with client.stream(0) as stream:
        await stream.frame()
        await asyncio.sleep(4000)
        assert (await client.request("GET", "/account")).status == 401
        cloud.mute(True)
        await flip(cloud, 1)
        cloud.mute(False)
        while (frame := await stream.frame())["type"] == "heartbeat" or "on" not in frame["events"][-1]["state"]:
            pass
        assert frame["events"][-1]["device_id"] == PANEL


async def test_a_full_history_comes_in_frames_of_at_most_a_mebibyte(cloud: MockCloud, client: Client) -> None:
    """The observer checks each frame's size; here are many."""
    for number in range(1500):
        cloud.update_device(PANEL, name=f"Công tắc {number} {'ế' * 300}")
    async with client.stream(0) as stream:
        await stream.frame()
        frames = 0
        seen = 0
        while seen < 1500:
            frame = await stream.frame()
            frames, seen = frames + 1, seen + len(frame["events"])
        assert frames > 1


async def test_each_account_counts_its_own_seq_of_a_shared_home(cloud: MockCloud, client: Client) -> None:
    """In the same order for each device."""
    cloud.share_home("can-ho-my-dinh", QUOC_BAO)
    other = Client(cloud, client.http)
    await other.log_in(QUOC_BAO, "song-han-2026")
    began = cloud.seq(QUOC_BAO)
    assert began == 4
    async with client.stream(0) as mine, other.stream(began) as theirs:
        await mine.frame()
        await theirs.frame()
        await flip(cloud, 1)
        cloud.touch("cong-tac-can-ho", "1", on=True)
        cloud.touch("cong-tac-can-ho", "1", on=False)
        assert [event["seq"] for event in await mine.events(3)] == [1, 2, 3]
        events = await theirs.events(2)
        assert [event["seq"] for event in events] == [5, 6]
        assert [event["state"]["on"] for event in events] == [True, False]
    assert await refused_command(other, PANEL) == "not-found"


async def refused_command(client: Client, device_id: str) -> str:
    """Return why a command to a device is rejected."""
    return str((await client.set(device_id, on=True))["problem"]["type"]).rpartition(":")[2]


async def test_a_new_epoch_numbers_anew_and_sends_everybody_away(cloud: MockCloud, client: Client) -> None:
    """1012: come again."""
    await flip(cloud, 3)
    old = cloud.epoch
    async with client.stream(3) as stream:
        await stream.frame()
        cloud.new_epoch()
        assert await stream.closed() == 1012
    async with client.stream(3, old) as stream:
        hello = await stream.frame()
        assert (hello["resumed"], hello["seq"]) == (False, 0)
        assert hello["epoch"] == cloud.epoch != old
