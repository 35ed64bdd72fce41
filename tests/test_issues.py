"""What the owner of an account finds under Repairs, and when it goes by itself: blocks, maintenance, set-up."""

import asyncio
from collections.abc import Callable

from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from tests.accounts import OWNER
from tests.home import shows
from tests.mock_cloud import MockCloud
from tests.repairs import BLOCKED, CLOSED, MAINTAINED, PLANNED, TERMS, comes, issues, placeholders, said

KITCHEN = "switch.bep_cong_tac_bep_den_tran"


# Blocks


async def test_a_suspended_account_says_why_and_until_when_at_once_and_comes_back_by_itself(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """In Home Assistant's time, and without markup of the cloud; one line in the log at each end."""
    await hass.config.async_set_time_zone("Asia/Ho_Chi_Minh")
    await asyncio.sleep(1)
    caplog.clear()
    cloud.suspend(OWNER.username, reason="Nợ **phí**\n" + "x" * 500, until=cloud.now() + 3600)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=5)
    await comes(hass, BLOCKED)
    text = placeholders(hass)
    assert text["account"] == OWNER.full_name
    assert text["reason"].startswith(r"Nợ \*\*phí\*\* xxx")
    assert len(text["reason"]) < 220
    assert text["until"] == "2026-11-20 13:00"
    assert text["phone"] == "0816 333 868"
    before = len(cloud.requests)
    await asyncio.sleep(3500)
    assert len(cloud.requests) - before <= 17
    assert said(caplog) == ["WARNING"]
    await asyncio.sleep(401)
    await shows(hass, KITCHEN, STATE_OFF, within_s=1)
    await asyncio.sleep(60)
    assert (issues(hass), said(caplog), cloud.streams) == ([], ["WARNING", "INFO"], 1)


async def test_a_closed_account_says_so_and_a_suspended_one_may_become_it(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """One message, the newer one."""
    cloud.suspend(OWNER.username)
    await comes(hass, BLOCKED)
    cloud.terminate(OWNER.username, reason="Vi phạm điều khoản")
    await comes(hass, CLOSED, within_s=301)
    cloud.unblock(OWNER.username)
    await comes(hass, within_s=301)
    await shows(hass, KITCHEN, STATE_OFF, within_s=1)


async def test_a_block_that_a_command_meets_first_acts_at_once(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The stream may not say so."""
    await asyncio.sleep(1)
    cloud.mute(True)
    cloud.suspend(OWNER.username)
    with pytest.raises(HomeAssistantError) as error:
        await hass.services.async_call("switch", "turn_on", {"entity_id": KITCHEN}, blocking=True)
    assert error.value.translation_key == "account_suspended"
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=1)
    await comes(hass, BLOCKED)
    cloud.mute(False)


async def test_the_end_of_the_session_acts_at_once(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Home Assistant asks for a login."""
    await asyncio.sleep(1)
    cloud.sign_out(OWNER.username)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=5)
    await hass.async_block_till_done()
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]
    assert issues(hass) == []


# Maintenance


async def test_maintenance_is_said_at_once_and_waited_out(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """As long as the cloud has asked for, by everybody; one line in the log at each end."""
    await asyncio.sleep(1)
    caplog.clear()
    before = len(cloud.requests)
    cloud.maintenance(ends_at=cloud.now() + 1800, retry_after=600)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=5)
    await comes(hass, MAINTAINED)
    assert placeholders(hass)["until"] == "2026-11-19 21:30"
    await asyncio.sleep(1750)
    assert 3 <= len(cloud.requests) - before <= 5
    assert said(caplog) == ["WARNING"]
    cloud.end_maintenance()
    await shows(hass, KITCHEN, STATE_OFF, within_s=700)
    await asyncio.sleep(60)
    assert (issues(hass), said(caplog), cloud.streams) == ([], ["WARNING", "INFO"], 1)


def at(cloud: MockCloud, hours: float) -> float:
    """Return the moment in so many hours."""
    return cloud.now() + hours * 3600


async def test_planned_maintenance_is_said_until_it_is_over(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """In Home Assistant's time; whether it then took place or not."""
    await hass.config.async_set_time_zone("Asia/Ho_Chi_Minh")
    await asyncio.sleep(1)
    cloud.announce_maintenance(at(cloud, 10), at(cloud, 12))
    await comes(hass, PLANNED)
    text = placeholders(hass)
    assert (text["begin"], text["until"]) == ("2026-11-20 22:00", "2026-11-21 00:00")
    await shows(hass, KITCHEN, STATE_OFF)
    cloud.announce_maintenance(at(cloud, 20), at(cloud, 21))
    await asyncio.sleep(13 * 3600)
    assert placeholders(hass)["begin"] == "2026-11-21 08:00"
    await asyncio.sleep(8 * 3600 + 60)
    assert issues(hass) == []


async def test_maintenance_that_was_called_off_or_is_history_is_not_said(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Hints may be repeated."""
    await asyncio.sleep(1)
    cloud.announce_maintenance(at(cloud, 1), None)
    await comes(hass, PLANNED)
    cloud.announce_maintenance(None, None)
    await comes(hass)
    cloud.announce_maintenance(at(cloud, -2), at(cloud, -1))
    await asyncio.sleep(60)
    assert issues(hass) == []


async def test_maintenance_that_was_planned_takes_the_place_of_its_plan(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """And unloading forgets both."""
    await asyncio.sleep(1)
    cloud.announce_maintenance(at(cloud, 1), at(cloud, 2))
    await comes(hass, PLANNED)
    await asyncio.sleep(3600)
    cloud.maintenance(retry_after=60)
    await comes(hass, MAINTAINED)
    cloud.end_maintenance()
    await comes(hass, within_s=90)
    cloud.announce_maintenance(at(cloud, 1), at(cloud, 2))
    await comes(hass, PLANNED)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert issues(hass) == []


# At set-up, and after it


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (lambda cloud: cloud.suspend(OWNER.username, "Kiểm tra"), BLOCKED),
        (lambda cloud: cloud.terminate(OWNER.username), CLOSED),
        (lambda cloud: cloud.change_terms("2027"), TERMS),
        (lambda cloud: cloud.maintenance(), MAINTAINED),
    ],
)
@pytest.mark.parametrize("end", ["well", "disabled", "removed"])
async def test_what_stands_in_the_way_of_set_up_is_shown_until_it_is_gone_or_the_entry_is(
    hass: HomeAssistant,
    cloud: MockCloud,
    entry: ConfigEntry,
    fault: Callable[[MockCloud], None],
    wanted: tuple[str, bool],
    end: str,
) -> None:
    """An entry that is not loaded has repairs, too."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    fault(cloud)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await comes(hass, wanted)
    match end:
        case "well":
            cloud.end_maintenance()
            cloud.unblock(OWNER.username)
            cloud.change_terms("2026-03")
            await asyncio.sleep(120)
            await shows(hass, KITCHEN, STATE_OFF)
        case "disabled":
            await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
        case _:
            await hass.config_entries.async_remove(entry.entry_id)
    assert issues(hass) == []


async def test_a_set_up_that_does_not_reach_the_cloud_takes_nothing_back(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The account is as suspended as before."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.suspend(OWNER.username)
    await hass.config_entries.async_setup(entry.entry_id)
    await comes(hass, BLOCKED)
    port = cloud.port
    await cloud.stop()
    await asyncio.sleep(120)
    assert entry.reason is not None
    assert "cannot be reached" in entry.reason
    assert issues(hass) == [BLOCKED]
    await cloud.start(port=port)
    cloud.unblock(OWNER.username)
    await comes(hass, within_s=300)
    await shows(hass, KITCHEN, STATE_OFF)


async def test_unloading_takes_the_repairs_along(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Nobody would clear them later."""
    cloud.suspend(OWNER.username)
    await comes(hass, BLOCKED)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert issues(hass) == []
