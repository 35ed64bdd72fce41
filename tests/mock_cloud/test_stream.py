"""Snapshot, entity tag and event stream (contract, "Epoch and seq" and "Stream")."""

import asyncio
from datetime import datetime

import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, QUOC_BAO, Client, problem_of, refused, wall_time

PANEL = "cong-tac-phong-khach"


def flip(cloud: MockCloud, times: int = 1) -> None:
    """Make so many changes."""
    for _ in range(times):
        cloud.touch(PANEL, "1", on=not cloud.state(PANEL, "1")["on"])


async def test_a_snapshot_has_everything_at_its_seq(cloud: MockCloud, client: Client) -> None:
    """C-31, C-39, C-41: a late response is of when it was made."""
    before = await client.get("/snapshot")
    assert [home["name"] for home in before["homes"]] == ["Nhà Hà Nội", "Căn hộ Mỹ Đình"]
    cloud.touch(PANEL, "1", on=False)
    cloud.touch(PANEL, "1", on=False)
    cloud.latency = 5
    asking = asyncio.create_task(client.get("/snapshot"))
    await asyncio.sleep(1)
    flip(cloud)
    after = await asking
    assert (after["seq"], after["epoch"]) == (before["seq"] + 1, cloud.epoch)
    devices = {device["id"]: device for device in after["homes"][0]["devices"]}
    assert devices[PANEL]["endpoints"][0]["state"] == {"on": False}
    assert devices[PANEL]["endpoints"][3]["room_id"] == "ban-cong"
    assert devices["o-cam-di-dong"]["room_id"] is None
    assert "signal_dbm" not in devices["den-vuon-treo"]
    assert devices["den-vuon-treo"]["endpoints"][0]["state"] == {"on": True, "brightness": 40}


async def test_the_entity_tag_names_the_position(cloud: MockCloud, client: Client) -> None:
    """C-42: the tag of the present position, weakened or not, is answered 304."""
    first = (await client.request("GET", "/snapshot")).headers["ETag"]
    answer = await client.request("GET", "/snapshot", headers={"If-None-Match": first})
    assert (answer.status, await answer.read(), answer.headers["ETag"]) == (304, b"", first)
    flip(cloud, 2)
    answer = await client.request("GET", "/snapshot", headers={"If-None-Match": first})
    held = f'"{cloud.epoch}:{cloud.seq(MINH_ANH)}"'
    assert (answer.status, answer.headers["ETag"]) == (200, held)
    for known in (f"W/{held}", f'"other", {held}', "*"):
        assert (await client.request("GET", "/snapshot", headers={"If-None-Match": known})).status == 304
    cloud.new_epoch()
    assert (await client.request("GET", "/snapshot", headers={"If-None-Match": held})).status == 200


async def test_a_resumed_stream_has_every_event_after_since(cloud: MockCloud, client: Client) -> None:
    """C-44, C-45."""
    flip(cloud, 5)
    async with client.stream(2) as stream:
        hello = await stream.frame()
        assert datetime.fromisoformat(hello.pop("at")).timestamp() == pytest.approx(wall_time(), abs=1)
        expected = {"type": "hello", "epoch": cloud.epoch, "seq": 5, "resumed": True, "heartbeat_s": 20}
        assert hello == expected
        assert [event["seq"] for event in await stream.events(3)] == [3, 4, 5]
        cloud.touch(PANEL, "2", on=False)
        (event,) = await stream.events(1)
        event.pop("at")
        expected = {"seq": 6, "kind": "state", "device_id": PANEL, "endpoint_id": "2", "state": {"on": False}}
        assert event == expected
    cloud.forget_history()
    async with client.stream(6) as stream:
        assert (await stream.frame())["resumed"] is True  # nothing was missed


@pytest.mark.parametrize("reason", ["beyond the head", "other epoch", "forgotten"])
async def test_a_stream_that_is_not_resumed_has_what_comes_after_hello(
    cloud: MockCloud, client: Client, reason: str
) -> None:
    """C-45: the client takes a snapshot."""
    flip(cloud, 3)
    if reason == "forgotten":
        cloud.forget_history()
    since = 4 if reason == "beyond the head" else 1
    async with client.stream(since, "old" if reason == "other epoch" else None) as stream:
        hello = await stream.frame()
        assert (hello["resumed"], hello["seq"]) == (False, 3)
        flip(cloud)
        assert [event["seq"] for event in await stream.events(1)] == [4]


@pytest.mark.parametrize("query", ["", "since=1", "epoch={}", "since=-1&epoch={}", "since=1.5&epoch={}"])
async def test_a_position_that_is_not_whole_is_none(cloud: MockCloud, client: Client, query: str) -> None:
    """C-43."""
    flip(cloud, 3)
    headers = {"Authorization": f"Bearer {client.tokens['access_token']}"}
    url = f"{cloud.url}/v1/events?{query.format(cloud.epoch)}"
    async with client.http.ws_connect(url, headers=headers) as socket:
        assert (await socket.receive_json())["resumed"] is False


async def test_the_handshake_wants_a_bearer_and_an_upgrade(client: Client) -> None:
    """C-43."""
    assert await refused(await client.request("GET", "/events", bearer=False)) == (401, "unauthorized")
    assert await refused(await client.request("GET", "/events")) == (422, "invalid-request")


async def test_history_keeps_a_thousand_events_and_an_hour(cloud: MockCloud, client: Client) -> None:
    """C-45: only an event beyond both is forgotten."""
    flip(cloud, 1500)
    async with client.stream(0) as stream:
        assert (await stream.frame())["resumed"] is True
        assert len(await stream.events(1500)) == 1500
    await asyncio.sleep(3000)
    client.tokens = await (await client.refresh(client.tokens["refresh_token"])).json()
    await asyncio.sleep(601)
    flip(cloud)
    head = cloud.seq(MINH_ANH)
    for since, resumed in ((head - 1000, True), (head - 1001, False)):
        async with client.stream(since) as stream:
            assert (await stream.frame())["resumed"] is resumed


@pytest.mark.slow
async def test_a_frame_has_at_most_a_mebibyte(cloud: MockCloud, client: Client) -> None:
    """C-7: the observer checks the size of each."""
    for number in range(1500):
        cloud.update_device(PANEL, name=f"Công tắc {number} {'ế' * 300}")
    async with client.stream(0) as stream:
        await stream.frame()
        first = await stream.frame()
        assert len(first["events"]) < 1500
        await stream.events(1500 - len(first["events"]))


async def test_heartbeats_come_when_nothing_else_was_sent(cloud: MockCloud, client: Client) -> None:
    """C-46: an event postpones the next one."""
    cloud.heartbeat_s = 30
    cloud.meters_report = False
    loop = asyncio.get_running_loop()
    async with client.stream(0) as stream:
        assert (await stream.frame())["heartbeat_s"] == 30
        began = loop.time()
        expected = {"type": "heartbeat", "epoch": cloud.epoch, "seq": 0}
        assert await stream.frame() == expected
        assert loop.time() - began == pytest.approx(30, abs=0.5)
        await asyncio.sleep(20)
        flip(cloud)
        await stream.events(1)
        told = loop.time()
        assert await stream.frame() == {**expected, "seq": 1}
        assert loop.time() - told == pytest.approx(30, abs=0.5)
    for wrong in (4.9, 45.1):
        with pytest.raises(ValueError, match="5 to 45"):
            cloud.heartbeat_s = wrong


async def test_the_stream_outlives_its_access_token(cloud: MockCloud, client: Client) -> None:
    """C-49: it lives as long as the session."""
    cloud.meters_report = False
    async with client.stream(0) as stream:
        await stream.frame()
        await asyncio.sleep(4000)
        assert (await client.request("GET", "/account")).status == 401
        flip(cloud)
        while (frame := await stream.frame())["type"] == "heartbeat":
            pass
        assert frame["events"][0]["device_id"] == PANEL


async def test_a_second_stream_of_a_session_closes_the_older(cloud: MockCloud, client: Client) -> None:
    """C-48: another session's stays."""
    other = Client(cloud, client.http)
    await other.log_in()
    async with client.stream(0) as first, other.stream(0) as theirs:
        await first.frame()
        await theirs.frame()
        async with client.stream(0) as second:
            await second.frame()
            assert await first.closed() == 1000
            flip(cloud)
            assert len(await second.events(1)) == len(await theirs.events(1)) == 1


async def test_accounts_that_share_a_home_count_for_themselves(cloud: MockCloud, client: Client) -> None:
    """C-39: in the same order for each device; C-47: a new home comes before its devices."""
    other = Client(cloud, client.http)
    await other.log_in(QUOC_BAO, "song-han-2026")
    async with client.stream(0) as mine, other.stream(0) as theirs:
        await mine.frame()
        await theirs.frame()
        cloud.share_home("can-ho-my-dinh", QUOC_BAO)
        assert [event["kind"] for event in await theirs.events(4)] == ["home", "device", "device", "device"]
        flip(cloud)
        cloud.touch("cong-tac-can-ho", "1", on=True)
        cloud.touch("cong-tac-can-ho", "1", on=False)
        assert [event["seq"] for event in await mine.events(3)] == [1, 2, 3]
        events = await theirs.events(2)
        assert [(event["seq"], event["state"]["on"]) for event in events] == [(5, True), (6, False)]
    assert problem_of((await other.set(PANEL, on=True))["problem"]) == "not-found"


async def test_a_new_epoch_numbers_anew_and_closes_streams(cloud: MockCloud, client: Client) -> None:
    """C-40, C-49: with 1012."""
    flip(cloud, 3)
    old = cloud.epoch
    async with client.stream(3) as stream:
        await stream.frame()
        cloud.new_epoch()
        assert await stream.closed() == 1012
    async with client.stream(3, old) as stream:
        hello = await stream.frame()
        assert (hello["resumed"], hello["seq"]) == (False, 0)
        assert hello["epoch"] == cloud.epoch != old
