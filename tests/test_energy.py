"""Meters in Home Assistant's statistics, which the Energy dashboard shows."""

from datetime import timedelta

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from tests.home import shows
from tests.mock_cloud import MockCloud

pytestmark = pytest.mark.slow

TV, ENERGY = "o-cam-tivi", "sensor.phong_khach_o_cam_tivi_energy"


@pytest.fixture(autouse=True)
def custom_integrations(
    recorder_mock: Recorder, hass_storage: dict[str, object], enable_custom_integrations: None
) -> None:
    """Have a recorder, which must be there before Home Assistant."""


@pytest.mark.real_time
async def test_a_reset_or_replaced_meter_does_no_harm(
    recorder_mock: Recorder, hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """What it counted before is kept, and nothing is counted twice."""
    cloud.meters_report = False
    await shows(hass, ENERGY, "284.613")
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    for energy in (285.113, 285.613, 0, 0.25, 0.5):
        # Whether a value is known is written at once.
        cloud.touch(TV, "1", energy_kwh=None)
        await shows(hass, ENERGY, STATE_UNKNOWN)
        cloud.touch(TV, "1", energy_kwh=energy)
        await shows(hass, ENERGY, str(float(energy)))
    await async_wait_recording_done(hass)
    for minutes in range(0, 65, 5):
        do_adhoc_statistics(hass, start=start + timedelta(minutes=minutes))
    await async_wait_recording_done(hass)
    found = await recorder_mock.async_add_executor_job(
        statistics_during_period, hass, start, None, {ENERGY}, "5minute", None, {"sum"}
    )
    assert found[ENERGY][-1]["sum"] == pytest.approx(1.0 + 0.5)
