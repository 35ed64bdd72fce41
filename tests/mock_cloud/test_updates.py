"""What a switch controls, and updates of the devices' firmware."""

import asyncio

import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import Client
from tests.mock_cloud.wire import InvalidDocumentError

PANEL, OTHER = "cong-tac-phong-khach", "cong-tac-bep"


async def test_what_a_switch_controls_may_change(cloud: MockCloud, client: Client) -> None:
    """C-72: with the event of its device; null is unknown."""
    async with client.stream(0) as stream:
        await stream.frame()
        cloud.set_controls(OTHER, "3", "heater")
        cloud.set_controls(OTHER, "3", None)
        events = await stream.events(2)
    found = [event["device"]["endpoints"][2]["features"]["controls"] for event in events]
    assert found == ["heater", None]
    with pytest.raises(InvalidDocumentError):
        cloud.set_controls(OTHER, "3", "sauna")


async def test_an_update_reports_its_progress_and_ends_with_the_new_version(cloud: MockCloud, client: Client) -> None:
    """C-73, C-74: starting it twice means nothing."""
    async with client.stream(0) as stream:
        await stream.frame()
        result = await client.result(device_id=PANEL, do="update")
        assert result["status"] == "applied"
        assert "state" not in result
        await client.result(device_id=PANEL, do="update")
        events = await stream.events(11)
    devices = [event["device"] for event in events]
    assert [device["update"]["progress"] for device in devices[:-1]] == [*range(0, 100, 10)]
    assert {device["firmware"] for device in devices[:-1]} == {"2.4.1"}
    assert (devices[-1]["firmware"], devices[-1]["update"]) == ("2.5.0", None)


async def test_an_update_that_fails_is_available_as_before(cloud: MockCloud, client: Client) -> None:
    """C-73."""
    await client.result(device_id=PANEL, do="update")
    await asyncio.sleep(10)
    cloud.fail_update(PANEL)
    await asyncio.sleep(60)
    device = cloud.device(PANEL)
    assert device["firmware"] == "2.4.1"
    assert device["update"] == {
        "version": "2.5.0",
        "notes": "Phản hồi chạm nhanh hơn; sửa lỗi mất kết nối khi đổi tên Wi-Fi.",
        "progress": None,
    }


@pytest.mark.parametrize("device_id", [OTHER, "den-tu-bep"])
async def test_where_there_is_no_update_none_can_be_started(client: Client, device_id: str) -> None:
    """C-74: neither of the newest firmware, nor of a device that cannot be updated."""
    result = await client.result(device_id=device_id, do="update")
    assert (result["status"], result["problem"]["type"]) == ("rejected", "urn:wesmart:problem:unsupported")


async def test_an_update_of_an_offline_or_removed_device_does_not_go_on(cloud: MockCloud, client: Client) -> None:
    """C-52, C-74."""
    await client.result(device_id=PANEL, do="update")
    cloud.remove_device(PANEL)
    await asyncio.sleep(60)
    assert all(device.id != PANEL for device in cloud._core.world.devices())
    cloud.offer_update(OTHER, "2.5.0")
    cloud.set_online(OTHER, False)
    result = await client.result(device_id=OTHER, do="update")
    assert (result["status"], result["problem"]["type"]) == ("rejected", "urn:wesmart:problem:device-offline")


async def test_a_meter_that_was_replaced_counts_from_zero(cloud: MockCloud) -> None:
    """C-35."""
    cloud.meters_report = False
    cloud.replace_meter("o-cam-tivi", "1")
    assert cloud.state("o-cam-tivi", "1")["energy_kwh"] == 0
