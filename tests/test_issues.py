"""Issues in Repairs: what the owner of an account is told about blocks, maintenance, terms and taken homes, and for how long."""

import asyncio
from collections.abc import Awaitable, Callable

from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.wesmart.const import CONF_TOKENS
from tests.accounts import OTHER, OWNER, log_in
from tests.home import shows
from tests.mock_cloud import MockCloud
from tests.repairs import (
    BLOCKED,
    CLOSED,
    MAINTAINED,
    PLANNED,
    TAKEN,
    TERMS,
    comes,
    ignore,
    ignored,
    issues,
    placeholders,
    said,
    the_issue,
)
from tests.restart import restarted

pytestmark = pytest.mark.slow

KITCHEN = "light.bep_den_tran"
# A Retry-After of a minute: the wait itself, the seconds that a date and Home Assistant round, and a random spread.
AGAIN_S = 60 + 2 + 40 + 1
# A blocked account is read every four to five minutes.
BLOCKED_POLL_S = 301
# Clients of a server that goes down ask again at a random time, so that they do not ask together.
SPREAD_S = 45


def at(cloud: MockCloud, hours: float) -> float:
    """Return the time in so many hours."""
    return cloud.now() + hours * 3600


# Blocked accounts


async def test_a_suspended_account_comes_back_by_itself(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """One log line at each end, and few requests between them."""
    await asyncio.sleep(1)
    caplog.clear()
    cloud.suspend(OWNER.username, until=cloud.now() + 3600)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=5)
    await comes(hass, BLOCKED)
    before = len(cloud.requests)
    await asyncio.sleep(3500)
    assert len(cloud.requests) - before <= 17
    assert said(caplog) == ["ERROR"]
    await shows(hass, KITCHEN, STATE_OFF, within_s=BLOCKED_POLL_S + 100)
    await asyncio.sleep(60)
    assert (issues(hass), said(caplog), cloud.streams) == ([], ["ERROR", "INFO"], 1)


async def test_a_reason_that_repeats_secrets_is_shown_without_them(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Tokens, and what identifies the owner (C-81)."""
    tokens = entry.data[CONF_TOKENS]
    cloud.suspend(OWNER.username, reason=f"{tokens['access_token']} {tokens['refresh_token']} {OWNER.username} Nợ phí")
    await comes(hass, BLOCKED)
    assert placeholders(hass)["reason"] == "… … … Nợ phí"


async def test_an_ignored_suspension_does_not_hide_the_end_of_the_account(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """There is one issue, the newer one."""
    cloud.suspend(OWNER.username)
    await comes(hass, BLOCKED)
    ignore(hass)
    cloud.terminate(OWNER.username, reason="Vi phạm điều khoản")
    await comes(hass, CLOSED, within_s=BLOCKED_POLL_S)
    assert (placeholders(hass)["reason"], ignored(hass)) == ("Vi phạm điều khoản", False)
    cloud.unblock(OWNER.username)
    await comes(hass, within_s=BLOCKED_POLL_S)
    await shows(hass, KITCHEN, STATE_OFF, within_s=1)


async def test_a_block_that_a_command_finds_acts_at_once(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """While the stream is silent."""
    await asyncio.sleep(1)
    cloud.mute(True)
    cloud.suspend(OWNER.username)
    with pytest.raises(HomeAssistantError) as error:
        await hass.services.async_call("light", "turn_on", {"entity_id": KITCHEN}, blocking=True)
    assert error.value.translation_key == "account_suspended"
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=3)
    await comes(hass, BLOCKED)
    cloud.mute(False)


async def test_the_end_of_the_session_is_no_issue_of_ours(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Home Assistant asks for a login at once."""
    await asyncio.sleep(1)
    cloud.sign_out(OWNER.username)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=5)
    await hass.async_block_till_done()
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]
    assert issues(hass) == []


# Maintenance


async def test_maintenance_is_shown_at_once_and_waited_out(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Retry-After is honored, and there is one log line at each end."""
    await asyncio.sleep(1)
    caplog.clear()
    before = len(cloud.requests)
    cloud.maintenance(ends_at=cloud.now() + 1800, retry_after=600)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=5)
    await comes(hass, MAINTAINED)
    assert placeholders(hass)["server"] == cloud.url
    await asyncio.sleep(1750)
    assert 3 <= len(cloud.requests) - before <= 6
    assert said(caplog) == ["ERROR"]
    cloud.end_maintenance()
    await shows(hass, KITCHEN, STATE_OFF, within_s=700)
    await asyncio.sleep(60)
    assert (issues(hass), said(caplog), cloud.streams) == ([], ["ERROR", "INFO"], 1)


async def test_a_reload_during_maintenance_keeps_the_issue(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """It is not created anew, and nothing is logged again."""
    await asyncio.sleep(1)
    caplog.clear()
    cloud.maintenance(retry_after=60)
    await comes(hass, MAINTAINED, within_s=SPREAD_S)
    created = the_issue(hass).created
    for _ in range(2):
        assert not await hass.config_entries.async_reload(entry.entry_id)
        await asyncio.sleep(300)
    assert (issues(hass), the_issue(hass).created, said(caplog)) == ([MAINTAINED], created, ["ERROR"])
    cloud.end_maintenance()
    await asyncio.sleep(900)
    assert (entry.state, issues(hass)) == (ConfigEntryState.LOADED, [])


async def test_planned_maintenance_is_shown_until_it_is_over(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """In Home Assistant's time zone; a new plan replaces the old one."""
    await hass.config.async_set_time_zone("Asia/Ho_Chi_Minh")
    await asyncio.sleep(1)
    cloud.announce_maintenance(at(cloud, 10), at(cloud, 12))
    await comes(hass, PLANNED)
    text = placeholders(hass)
    assert (text["begin"], text["until"]) == ("November 20, 2026 at 10:00 PM", "November 21, 2026 at 12:00 AM")
    await shows(hass, KITCHEN, STATE_OFF)
    cloud.announce_maintenance(at(cloud, 1), at(cloud, 2))
    await asyncio.sleep(1.5 * 3600)
    assert placeholders(hass)["begin"] == "November 20, 2026 at 1:00 PM"
    await asyncio.sleep(2.6 * 3600)  # a safety poll finds it over
    assert issues(hass) == []


async def test_a_plan_is_shown_whatever_the_server_answers_until_it_begins(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Other maintenance before it, and a block; the maintenance itself replaces it."""
    await asyncio.sleep(1)
    cloud.announce_maintenance(at(cloud, 1), at(cloud, 2))
    await comes(hass, PLANNED)
    cloud.maintenance(retry_after=60)
    await comes(hass, MAINTAINED, PLANNED, within_s=SPREAD_S)
    cloud.end_maintenance()
    await comes(hass, PLANNED, within_s=AGAIN_S)
    cloud.suspend(OWNER.username)
    await comes(hass, BLOCKED, PLANNED)
    cloud.unblock(OWNER.username)
    await comes(hass, PLANNED, within_s=BLOCKED_POLL_S)
    await asyncio.sleep(3600)
    cloud.maintenance(retry_after=60)
    await comes(hass, MAINTAINED, within_s=SPREAD_S)
    cloud.end_maintenance()
    await comes(hass, within_s=AGAIN_S)


async def test_a_plan_outlives_a_reload_and_a_restart(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, hass_storage: dict[str, object]
) -> None:
    """It is part of the account, so it is not stored."""
    await asyncio.sleep(1)
    cloud.announce_maintenance(at(cloud, 10), at(cloud, 12))
    await comes(hass, PLANNED)
    before = placeholders(hass)
    ignore(hass)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await asyncio.sleep(60)
    assert (issues(hass), placeholders(hass), ignored(hass)) == ([PLANNED], before, True)
    async with restarted(hass, hass_storage) as again:
        await asyncio.sleep(60)
        assert (issues(again), ignored(again)) == ([PLANNED], True)
    async with restarted(hass, hass_storage, off_s=13 * 3600) as again:
        await asyncio.sleep(60)
        assert issues(again) == []


async def test_accounts_of_one_server_share_the_issues_of_its_maintenance(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """They name no account, and stay until no account needs them."""
    other = await log_in(hass, cloud, OTHER)
    cloud.announce_maintenance(at(cloud, 1), at(cloud, 2))
    await comes(hass, PLANNED)
    ignore(hass)
    await asyncio.sleep(60)
    assert placeholders(hass).keys() == {"server", "begin", "until"}
    assert await hass.config_entries.async_remove(entry.entry_id)
    await asyncio.sleep(60)
    assert (issues(hass), ignored(hass)) == ([PLANNED], True)
    cloud.call_off_maintenance()
    await comes(hass)
    cloud.maintenance(retry_after=60)
    await comes(hass, MAINTAINED, within_s=SPREAD_S)
    assert placeholders(hass) == {"server": cloud.url, "until": ""}
    cloud.end_maintenance()
    await comes(hass, within_s=AGAIN_S)
    assert await hass.config_entries.async_unload(other.entry_id)


async def _lost_event(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    cloud.drop_next()
    cloud.call_off_maintenance()


async def _push_down(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    cloud.rate_limit(30, count=1000, path="/v1/events")
    cloud.cut()
    await asyncio.sleep(1)
    cloud.call_off_maintenance()


async def _forgotten(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    await _push_down(hass, cloud, entry)
    cloud.forget_history()
    cloud.forgive()


async def _while_off(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.call_off_maintenance()
    assert issues(hass) == [PLANNED]
    assert await hass.config_entries.async_setup(entry.entry_id)


@pytest.mark.parametrize("miss", [_lost_event, _push_down, _forgotten, _while_off], ids=lambda miss: miss.__name__)
async def test_called_off_maintenance_disappears_although_the_calling_off_was_missed(
    hass: HomeAssistant,
    cloud: MockCloud,
    entry: ConfigEntry,
    miss: Callable[[HomeAssistant, MockCloud, ConfigEntry], Awaitable[None]],
) -> None:
    """Without push after an hour; otherwise as soon as it is noticed that something was missed."""
    await asyncio.sleep(1)
    cloud.announce_maintenance(at(cloud, 10), at(cloud, 12))
    await comes(hass, PLANNED)
    await miss(hass, cloud, entry)
    await comes(hass, within_s=3600 + 60 if miss is _push_down else 180)


async def test_maintenance_is_what_the_server_told_any_of_its_accounts_last(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """An account that has to log in again does not know that it was called off."""
    other = await log_in(hass, cloud, OTHER)
    cloud.announce_maintenance(at(cloud, 10), at(cloud, 12))
    await comes(hass, PLANNED)
    await asyncio.sleep(15)
    cloud.sign_out(OWNER.username)
    await asyncio.sleep(60)
    assert issues(hass) == [PLANNED]
    cloud.call_off_maintenance()
    await comes(hass)
    await asyncio.sleep(3 * 3600)
    assert issues(hass) == []
    assert await hass.config_entries.async_unload(other.entry_id)


# Ignored issues


@pytest.mark.parametrize("required", [True, False])
async def test_ignored_terms_stay_ignored(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, hass_storage: dict[str, object], required: bool
) -> None:
    """Over a reload and a restart, as long as they are the same terms and as binding."""
    await asyncio.sleep(1)
    cloud.change_terms("2027-01", required=required)
    await comes(hass, TERMS)
    ignore(hass)
    await hass.config_entries.async_reload(entry.entry_id)
    await asyncio.sleep(10)
    assert (issues(hass), ignored(hass)) == ([TERMS], True)
    async with restarted(hass, hass_storage) as again:
        await asyncio.sleep(10)
        assert (issues(again), ignored(again)) == ([TERMS], True)
    assert await hass.config_entries.async_setup(entry.entry_id) is not required
    cloud.change_terms("2026-03")
    await comes(hass, within_s=BLOCKED_POLL_S)


async def test_other_terms_and_terms_that_become_required_are_shown_again(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """They are not what was ignored."""
    await asyncio.sleep(1)
    cloud.change_terms("2027-01", required=False)
    await comes(hass, TERMS)
    for version, required in (("2027-02", False), ("2027-02", True)):
        ignore(hass)
        cloud.change_terms(version, required=required)
        await asyncio.sleep(10)
        assert (issues(hass), ignored(hass)) == ([TERMS], False)
        assert the_issue(hass).severity is (ir.IssueSeverity.ERROR if required else ir.IssueSeverity.WARNING)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE)


async def test_an_ignored_block_stays_ignored_until_it_ends(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, hass_storage: dict[str, object]
) -> None:
    """Maintenance is not its end. The next block is shown again, also if this one ended while Home Assistant was off."""
    cloud.suspend(OWNER.username)
    await comes(hass, BLOCKED)
    ignore(hass)
    await hass.config_entries.async_reload(entry.entry_id)
    assert (entry.state, issues(hass), ignored(hass)) == (ConfigEntryState.SETUP_RETRY, [BLOCKED], True)
    cloud.maintenance(retry_after=60)
    await comes(hass, BLOCKED, MAINTAINED, within_s=BLOCKED_POLL_S)
    cloud.end_maintenance()
    await comes(hass, BLOCKED, within_s=BLOCKED_POLL_S)
    assert ignored(hass)
    cloud.unblock(OWNER.username)
    async with restarted(hass, hass_storage) as again:
        await asyncio.sleep(10)
        cloud.suspend(OWNER.username)
        await comes(again, BLOCKED)
        assert not ignored(again)


async def test_an_ignored_issue_about_taken_homes_stays_ignored_until_there_is_a_home(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, hass_storage: dict[str, object]
) -> None:
    """Its text suggests to ignore it."""
    cloud.remove_home("nha-da-nang")
    cloud.share_home("nha-ha-noi", OTHER.username)
    other = await log_in(hass, cloud, OTHER)
    await comes(hass, TAKEN)
    ignore(hass)
    for reloaded in (other, entry):
        assert await hass.config_entries.async_reload(reloaded.entry_id)
        await asyncio.sleep(10)
        assert (issues(hass), ignored(hass)) == ([TAKEN], True)
    async with restarted(hass, hass_storage) as again:
        await asyncio.sleep(10)
        assert (issues(again), ignored(again)) == ([TAKEN], True)
    for known in (entry, other):
        assert await hass.config_entries.async_setup(known.entry_id)
    cloud.unshare_home("nha-ha-noi", OWNER.username)
    await comes(hass)
    cloud.unshare_home("nha-ha-noi", OTHER.username)
    await asyncio.sleep(1)
    for username in (OWNER.username, OTHER.username):
        cloud.share_home("nha-ha-noi", username)
        await asyncio.sleep(1)
    await comes(hass, TAKEN)
    assert not ignored(hass)
    assert await hass.config_entries.async_unload(other.entry_id)


# At set-up, and after it


@pytest.mark.parametrize(
    ("fault", "wanted", "end"),
    [
        (lambda cloud: cloud.suspend(OWNER.username, "Kiểm tra"), BLOCKED, None),
        (lambda cloud: cloud.change_terms("2027"), TERMS, None),
        (lambda cloud: cloud.maintenance(), MAINTAINED, None),
        (lambda cloud: cloud.terminate(OWNER.username), CLOSED, "disabled"),
        (lambda cloud: cloud.change_terms("2027"), TERMS, "removed"),
        (lambda cloud: cloud.maintenance(), MAINTAINED, "disabled"),
        (lambda cloud: cloud.maintenance(), MAINTAINED, "removed"),
    ],
)
async def test_what_prevents_set_up_is_shown_until_it_ends_or_the_entry_does(
    hass: HomeAssistant,
    cloud: MockCloud,
    entry: ConfigEntry,
    fault: Callable[[MockCloud], None],
    wanted: tuple[str, bool],
    end: str | None,
) -> None:
    """An entry that is not loaded has issues, too."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    fault(cloud)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await comes(hass, wanted)
    match end:
        case None:
            cloud.end_maintenance()
            cloud.unblock(OWNER.username)
            cloud.change_terms("2026-03")
            await shows(hass, KITCHEN, STATE_OFF, within_s=330)
        case "disabled":
            await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
        case _:
            await hass.config_entries.async_remove(entry.entry_id)
    assert issues(hass) == []


async def test_a_server_that_cannot_be_reached_changes_no_issue(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """At set-up and after it; the account is as suspended as before."""
    cloud.suspend(OWNER.username)
    await comes(hass, BLOCKED)
    created = the_issue(hass).created
    port = cloud.port
    await cloud.stop()
    await asyncio.sleep(600)
    assert issues(hass) == [BLOCKED]
    assert not await hass.config_entries.async_reload(entry.entry_id)
    await asyncio.sleep(120)
    assert (issues(hass), the_issue(hass).created) == ([BLOCKED], created)
    await cloud.start(port=port)
    cloud.unblock(OWNER.username)
    await comes(hass, within_s=300)
    await shows(hass, KITCHEN, STATE_OFF)
