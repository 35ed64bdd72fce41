"""What devices do over time: curtains travel, lights report their targets, meters count, updates are installed."""

import asyncio

import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, Client

CURTAIN, BLIND, PLAIN_CURTAIN = "rem-phong-khach", "rem-phong-ngu", "rem-can-ho"
LAMP, PANEL = "den-san-sofa", "cong-tac-phong-khach"


async def test_tilt_waits_for_the_end_of_a_move(cloud: MockCloud, client: Client) -> None:
    """C-37: also one sent on the way, when the move changes; without a move it is set at once."""
    await client.set(BLIND, tilt=20)
    assert cloud.state(BLIND, "1")["tilt"] == 20
    await client.set(BLIND, position=80)
    await asyncio.sleep(1.5)
    await client.set(BLIND, tilt=70)
    assert cloud.state(BLIND, "1") == {"position": 95, "tilt": 20, "motion": "closing"}
    await client.set(BLIND, position=85)
    await asyncio.sleep(5)
    assert cloud.state(BLIND, "1") == {"position": 85, "tilt": 70, "motion": "stopped"}


async def test_a_curtain_without_position_knows_only_its_ends(cloud: MockCloud, client: Client) -> None:
    """C-37: elsewhere its position is unknown."""
    await client.set(PLAIN_CURTAIN, position=100)
    await asyncio.sleep(5)
    assert cloud.state(PLAIN_CURTAIN, "1") == {"position": None, "motion": "opening"}
    await client.result(device_id=PLAIN_CURTAIN, endpoint_id="1", do="stop")
    assert cloud.state(PLAIN_CURTAIN, "1") == {"position": None, "motion": "stopped"}
    await client.set(PLAIN_CURTAIN, position=100)
    await asyncio.sleep(21)
    assert cloud.state(PLAIN_CURTAIN, "1") == {"position": 100, "motion": "stopped"}


async def test_an_offline_curtain_keeps_its_last_state(cloud: MockCloud, client: Client) -> None:
    """C-34: it is stopped when it is online again."""
    await client.set(CURTAIN, position=0)
    await asyncio.sleep(2.5)
    cloud.set_online(CURTAIN, False)
    await asyncio.sleep(60)
    assert cloud.state(CURTAIN, "1") == {"position": 70, "motion": "closing"}
    cloud.set_online(CURTAIN, True)
    assert cloud.state(CURTAIN, "1") == {"position": 70, "motion": "stopped"}


async def test_a_fading_light_reports_its_targets_at_once(cloud: MockCloud, client: Client) -> None:
    """C-53: and no steps on the way; C-36: switched off it keeps the rest."""
    async with client.stream(0) as stream:
        await stream.frame()
        result = await client.set(LAMP, on=False, brightness=10, transition_ms=5000)
        (event,) = await stream.events(1)
        assert event["state"] == {"on": False, "brightness": 10}
        assert (result["seq"], result["state"]) == (event["seq"], cloud.state(LAMP, "1"))
        await asyncio.sleep(10)
        assert cloud.seq(MINH_ANH) == result["seq"]


async def test_a_meter_counts_while_something_draws_power(cloud: MockCloud, client: Client) -> None:
    """C-35: an unknown total stays unknown, and nothing is counted twice."""
    before = cloud.state("o-cam-tivi", "1")["energy_kwh"]
    await client.set("o-cam-am-nuoc", on=True)
    assert cloud.state("o-cam-am-nuoc", "1") == {"on": True, "power_w": 1850, "energy_kwh": None}
    await asyncio.sleep(7200)
    cloud.touch("o-cam-tivi", "1", on=False)
    assert cloud.state("o-cam-tivi", "1")["power_w"] == 0
    await asyncio.sleep(7200)
    assert cloud.state("o-cam-tivi", "1")["energy_kwh"] == pytest.approx(before + 0.236, abs=0.002)
    assert cloud.state("o-cam-am-nuoc", "1")["energy_kwh"] is None
    head, cloud.meters_report = cloud.seq(MINH_ANH), False
    await asyncio.sleep(7200)
    assert cloud.seq(MINH_ANH) == head


async def test_the_update_of_a_device_ends_when_the_device_is_removed(cloud: MockCloud, client: Client) -> None:
    """Its timer finds it gone."""
    await client.result(device_id=PANEL, do="update")
    cloud.remove_device(PANEL)
    head, cloud.meters_report = cloud.seq(MINH_ANH), False
    await asyncio.sleep(60)
    assert cloud.seq(MINH_ANH) == head
