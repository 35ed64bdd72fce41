"""Sensors: meters that harm neither the recorder nor the statistics, and what is known of devices and accounts."""

import asyncio
from datetime import timedelta

from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util
import pytest
from syrupy.assertion import SnapshotAssertion

from tests.home import device_of, entities, shows
from tests.mock_cloud import MockCloud

TV = "o-cam-tivi"
POWER, ENERGY = "sensor.phong_khach_o_cam_tivi_power", "sensor.phong_khach_o_cam_tivi_energy"
SIGNAL, BATTERY = "sensor.phong_khach_o_cam_tivi_signal_strength", "sensor.phong_ngu_chinh_nut_dau_giuong_battery"
CONNECTION, SINCE = "sensor.wesmart_connection", "sensor.wesmart_connection_changed"
START, END = "sensor.wesmart_maintenance_start", "sensor.wesmart_maintenance_end"


@pytest.fixture
def changes(hass: HomeAssistant, entry: ConfigEntry) -> list[tuple[str, str]]:
    """Return the states that the meter of the TV writes, with their entities."""
    written: list[tuple[str, str]] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        written.append((event.data["entity_id"], new.state if new else ""))

    async_track_state_change_event(hass, [POWER, ENERGY], note)
    return written


async def test_every_sensor_of_the_account(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, snapshot: SnapshotAssertion
) -> None:
    """The signal is off by default."""
    cloud.meters_report = False
    found = {entity_id: shown for entity_id, shown in entities(hass, entry, SENSOR).items() if entity_id != SINCE}
    assert found == snapshot
    disabled = [
        entity
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if entity.disabled_by is not None
    ]
    assert {entity.original_device_class for entity in disabled} == {"signal_strength"}
    assert len(disabled) == sum(
        device.online for device in cloud._core.world.devices() if device.home_id != "nha-da-nang"
    )


async def test_a_meter_shows_what_it_reports(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, changes: list[tuple[str, str]]
) -> None:
    """A switch that is turned off needs no power."""
    await shows(hass, POWER, "118.0")
    cloud.touch(TV, "1", on=False)
    await shows(hass, POWER, "0.0", within_s=1)
    cloud.touch(TV, "1", energy_kwh=285)
    await shows(hass, ENERGY, "285.0", within_s=1)
    cloud.touch(TV, "1", energy_kwh=None)
    await shows(hass, ENERGY, STATE_UNKNOWN, within_s=1)
    cloud.set_online(TV, False)
    await shows(hass, POWER, STATE_UNAVAILABLE, within_s=1)
    await shows(hass, ENERGY, STATE_UNAVAILABLE, within_s=1)


async def test_a_busy_meter_does_not_flood_the_recorder(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, changes: list[tuple[str, str]]
) -> None:
    """Power every ten seconds, energy every minute, and the last value is always shown."""
    cloud.meters_report = False
    await asyncio.sleep(60)
    changes.clear()
    for second in range(120):
        cloud.touch(TV, "1", power_w=200 + second, energy_kwh=300 + second / 1000)
        await asyncio.sleep(1)
    await asyncio.sleep(70)
    power = [float(state) for entity_id, state in changes if entity_id == POWER]
    energy = [float(state) for entity_id, state in changes if entity_id == ENERGY]
    assert (len(power), power[-1]) == (13, 319)
    assert (len(energy), energy[-1]) == (3, 300.119)


async def test_a_value_that_waits_is_not_written_after_the_device_is_gone(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither of an offline one, which comes at once."""
    cloud.touch(TV, "1", power_w=1)
    await shows(hass, POWER, "1.0", within_s=1)
    cloud.touch(TV, "1", power_w=2)
    await asyncio.sleep(1)
    cloud.set_online(TV, False)
    await shows(hass, POWER, STATE_UNAVAILABLE, within_s=1)
    cloud.set_online(TV, True)
    await shows(hass, POWER, "2.0", within_s=1)
    cloud.touch(TV, "1", power_w=3)
    await asyncio.sleep(1)
    cloud.remove_device(TV)
    await asyncio.sleep(20)
    assert hass.states.get(POWER) is None
    assert "ERROR" not in [record.levelname for record in caplog.records]


async def test_meters_come_and_go_live(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """With an update of the firmware, say. Two unnamed ones on a device are told apart."""
    fridge = cloud._core.world.device("o-cam-tu-lanh")
    (meter,) = fridge.endpoints
    meter.features = {**meter.features, "metering": False}
    meter.state = {"on": True}
    cloud.set_endpoints(fridge.id, [meter])
    await hass.async_block_till_done()
    await asyncio.sleep(1)
    assert hass.states.get("sensor.bep_o_cam_tu_lanh_power") is None
    assert er.async_get(hass).async_get("sensor.bep_o_cam_tu_lanh_power") is None
    meter.features = {**meter.features, "metering": True}
    cloud.set_endpoints(fridge.id, [meter])
    await shows(hass, "sensor.bep_o_cam_tu_lanh_power", STATE_UNKNOWN, within_s=1)


async def test_signal_and_battery_are_there_where_they_are_reported(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """From the first report on, also while the device is offline and leaves the signal out."""
    registry = er.async_get(hass)
    await shows(hass, BATTERY, "84.0")
    assert "sensor.bep_o_cam_tu_lanh_battery" not in hass.states.async_entity_ids()
    cloud.update_device("o-cam-tu-lanh", battery_percent=50)
    await shows(hass, "sensor.bep_o_cam_tu_lanh_battery", "50.0", within_s=1)
    cloud.set_online(TV, False)
    await asyncio.sleep(1)
    assert registry.async_get(SIGNAL) is not None
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert registry.async_get(SIGNAL) is not None
    registry.async_update_entity(SIGNAL, disabled_by=None)
    await asyncio.sleep(35)  # Home Assistant reloads the entry after thirty seconds
    await shows(hass, SIGNAL, STATE_UNAVAILABLE, within_s=60)
    cloud.set_online(TV, True)
    await shows(hass, SIGNAL, "-57.0", within_s=1)


async def test_how_changes_arrive_is_known_and_since_when(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """For automations, and for who wonders."""
    await shows(hass, CONNECTION, "push", within_s=60)
    await asyncio.sleep(120)
    before = dt_util.utcnow().replace(microsecond=0)
    cloud.rate_limit(600, 1000, path="/v1/events")
    cloud.cut()
    await shows(hass, CONNECTION, "polling", within_s=5)
    since = hass.states.get(SINCE)
    assert since is not None
    assert timedelta(0) <= dt_util.parse_datetime(since.state, raise_on_error=True) - before < timedelta(seconds=5)
    cloud.forgive()
    await shows(hass, CONNECTION, "push", within_s=1000)


async def test_the_next_maintenance_is_known_until_it_is_over_or_called_off(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """A time trigger of an automation can use it."""
    await shows(hass, START, STATE_UNKNOWN)
    starts = dt_util.utcnow().replace(microsecond=0) + timedelta(hours=3)
    cloud.announce_maintenance(starts, starts + timedelta(hours=1))
    await shows(hass, START, starts.isoformat(), within_s=30)
    await shows(hass, END, (starts + timedelta(hours=1)).isoformat(), within_s=5)
    cloud.call_off_maintenance()
    await shows(hass, START, STATE_UNKNOWN, within_s=30)
    # One that is over by itself, and that entities are unavailable in.
    starts = dt_util.utcnow().replace(microsecond=0) + timedelta(minutes=1)
    cloud.announce_maintenance(starts, starts + timedelta(hours=1))
    await asyncio.sleep(60)
    cloud.maintenance(retry_after=600)
    await shows(hass, CONNECTION, STATE_UNAVAILABLE, within_s=120)
    await shows(hass, END, (starts + timedelta(hours=1)).isoformat(), within_s=1)
    cloud._server.faults.maintenance = None
    await asyncio.sleep(4 * 3600)
    await shows(hass, END, STATE_UNKNOWN, within_s=1)
    assert device_of(hass, START).name == "WeSMART"
