"""What things do over time: curtains travel, lights fade, meters count."""

import asyncio

import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, Client
from tests.mock_cloud.wire import Document

CURTAIN, BLIND, PLAIN_CURTAIN = "rem-phong-khach", "rem-phong-ngu", "rem-can-ho"
LAMP = "den-san-sofa"
STOP: Document = {"endpoint_id": "1", "do": "stop"}


async def test_a_curtain_reports_its_way_once_a_second(client: Client) -> None:
    """Motion first, then positions, then both at the end; all with the command as their cause."""
    async with client.stream(0) as stream:
        await stream.frame()
        result = await client.set(CURTAIN, position=65)
        events = await stream.events(4)
    assert [event["state"] for event in events] == [
        {"motion": "closing"},
        {"position": 75},
        {"position": 70},
        {"position": 65, "motion": "stopped"},
    ]
    assert {event["cause"] for event in events} == {result["id"]}
    assert result["seq"] == events[0]["seq"]


async def test_a_curtain_takes_twenty_seconds_for_its_whole_way(cloud: MockCloud, client: Client) -> None:
    """And a second command turns it round on the way."""
    await client.set("rem-phong-be", position=100)
    await asyncio.sleep(19.5)
    assert cloud.state("rem-phong-be", "1")["motion"] == "opening"
    await client.set("rem-phong-be", position=0)
    assert cloud.state("rem-phong-be", "1")["motion"] == "closing"
    await asyncio.sleep(19.5)
    assert cloud.state("rem-phong-be", "1") == {"position": 0, "motion": "stopped"}


async def test_a_stop_cancels_move_and_tilt(cloud: MockCloud, client: Client) -> None:
    """The curtain stays where it is; stopping one at rest changes nothing."""
    await client.set(BLIND, position=0, tilt=0)
    await asyncio.sleep(5.5)
    result = await client.result(device_id=BLIND, **STOP)
    await asyncio.sleep(30)
    assert cloud.state(BLIND, "1") == {"position": 75, "tilt": 50, "motion": "stopped"}
    assert cloud.seq(MINH_ANH) == result["seq"]
    again = await client.result(device_id=BLIND, **STOP)
    assert (again["status"], again["seq"]) == ("applied", result["seq"])


async def test_tilt_waits_for_the_end_of_a_move(cloud: MockCloud, client: Client) -> None:
    """Also when it was sent on the way; without a move it is set at once."""
    await client.set(BLIND, tilt=20)
    assert cloud.state(BLIND, "1")["tilt"] == 20
    await client.set(BLIND, position=80)
    await asyncio.sleep(1.5)
    await client.set(BLIND, tilt=70)
    assert cloud.state(BLIND, "1") == {"position": 95, "tilt": 20, "motion": "closing"}
    await asyncio.sleep(5)
    assert cloud.state(BLIND, "1") == {"position": 80, "tilt": 70, "motion": "stopped"}


async def test_a_curtain_without_position_knows_only_its_ends(cloud: MockCloud, client: Client) -> None:
    """On the way, and stopped there, it does not know where it is."""
    await client.set(PLAIN_CURTAIN, position=100)
    assert cloud.state(PLAIN_CURTAIN, "1") == {"position": None, "motion": "opening"}
    await asyncio.sleep(5)
    await client.result(device_id=PLAIN_CURTAIN, **STOP)
    assert cloud.state(PLAIN_CURTAIN, "1") == {"position": None, "motion": "stopped"}
    await client.set(PLAIN_CURTAIN, position=100)
    await asyncio.sleep(21)
    assert cloud.state(PLAIN_CURTAIN, "1") == {"position": 100, "motion": "stopped"}


async def test_a_curtain_that_loses_its_connection_keeps_its_last_state(cloud: MockCloud, client: Client) -> None:
    """It is still when it is back."""
    await client.set(CURTAIN, position=0)
    await asyncio.sleep(2.5)
    cloud.set_online(CURTAIN, False)
    await asyncio.sleep(60)
    assert cloud.state(CURTAIN, "1") == {"position": 70, "motion": "closing"}
    cloud.set_online(CURTAIN, True)
    assert cloud.state(CURTAIN, "1") == {"position": 70, "motion": "stopped"}


async def test_a_light_fades_in_a_few_steps(client: Client) -> None:
    """The whole transition long, switched on at once."""
    async with client.stream(0) as stream:
        await stream.frame()
        await client.set("den-dau-giuong", on=True, brightness=81, transition_ms=3000)
        began = asyncio.get_running_loop().time()
        events = await stream.events(4)
        assert asyncio.get_running_loop().time() - began == pytest.approx(3, abs=0.1)
    states = [event["state"] for event in events]
    assert states == [{"on": True, "brightness": 21}, {"brightness": 41}, {"brightness": 61}, {"brightness": 81}]


async def test_a_fade_that_is_overtaken_reaches_its_target(cloud: MockCloud, client: Client) -> None:
    """Unless the newer command says otherwise."""
    await client.set(LAMP, brightness=100, color_temp_kelvin=5000, transition_ms=10_000)
    await asyncio.sleep(1)
    await client.set(LAMP, color_temp_kelvin=4000)
    await asyncio.sleep(20)
    state = cloud.state(LAMP, "1")
    assert (state["brightness"], state["color_temp_kelvin"]) == (100, 4000)


async def test_switching_off_is_immediate_and_keeps_the_rest(cloud: MockCloud, client: Client) -> None:
    """There is nothing to see of a fade in the dark."""
    await client.set(LAMP, on=False, brightness=10, transition_ms=5000)
    state = cloud.state(LAMP, "1")
    assert (state["on"], state["brightness"]) == (False, 10)
    assert cloud.seq(MINH_ANH) == 1


async def test_a_meter_counts_while_something_draws_power(cloud: MockCloud, client: Client) -> None:
    """An unknown total stays unknown, and nothing is counted twice."""
    before = cloud.state("o-cam-tivi", "1")["energy_kwh"]
    await client.set("o-cam-am-nuoc", on=True)
    assert cloud.state("o-cam-am-nuoc", "1") == {"on": True, "power_w": 1850, "energy_kwh": None}
    await asyncio.sleep(7200)
    after = cloud.state("o-cam-tivi", "1")["energy_kwh"]
    assert after == pytest.approx(before + 0.236, abs=0.011)
    cloud.touch("o-cam-tivi", "1", on=False)
    assert cloud.state("o-cam-tivi", "1")["power_w"] == 0
    await asyncio.sleep(7200)
    assert cloud.state("o-cam-tivi", "1")["energy_kwh"] == pytest.approx(before + 0.236, abs=0.002)
    assert cloud.state("o-cam-am-nuoc", "1")["energy_kwh"] is None


async def test_meters_can_be_silenced(cloud: MockCloud) -> None:
    """For tests in which nothing may change by itself."""
    cloud.meters_report = False
    await asyncio.sleep(7200)
    assert cloud.seq(MINH_ANH) == 0
