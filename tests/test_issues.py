"""What the owner of an account finds under Repairs, and when it goes by itself: blocks, maintenance, set-up."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
import json

from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util.async_ import get_scheduled_timer_handles
import pytest

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

# Whoever is to come back after a minute does so within that, the second that a date rounds, half a minute at random, and
# the time of the answer.
AGAIN_S = 60 + 1 + 30 + 1
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
    assert (placeholders(hass)["reason"], placeholders(hass)["phone"]) == ("Vi phạm điều khoản", "0816 333 868")
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


async def test_a_reload_in_maintenance_says_nothing_again(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """What is lost was lost before; and it is back once, although another set-up finds that out."""
    await asyncio.sleep(1)
    caplog.clear()
    cloud.maintenance(retry_after=60)
    await comes(hass, MAINTAINED)
    for _ in range(2):
        assert not await hass.config_entries.async_reload(entry.entry_id)
        await asyncio.sleep(300)
    assert said(caplog) == ["WARNING"]
    cloud.end_maintenance()
    await asyncio.sleep(900)
    assert (entry.state, issues(hass)) == (ConfigEntryState.LOADED, [])
    assert said(caplog) == ["WARNING", "INFO"]


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


async def test_maintenance_that_has_begun_without_a_known_end_is_planned_no_more(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """It is there, or it is not: the answers of the cloud say so."""
    await asyncio.sleep(1)
    cloud.announce_maintenance(at(cloud, 1), at(cloud, 2))
    await comes(hass, PLANNED)
    cloud.announce_maintenance(at(cloud, 0), None)
    await comes(hass)
    cloud.maintenance(retry_after=60)
    await comes(hass, MAINTAINED)


async def test_a_plan_stands_until_it_is_over_whatever_the_cloud_answers_meanwhile(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """A moment's maintenance before it, a block, and the maintenance itself."""
    await asyncio.sleep(1)
    cloud.announce_maintenance(at(cloud, 1), at(cloud, 2))
    await comes(hass, PLANNED)
    cloud.maintenance(retry_after=60)
    await comes(hass, PLANNED, MAINTAINED)
    cloud.end_maintenance()
    await comes(hass, PLANNED, within_s=AGAIN_S)
    cloud.suspend(OWNER.username)
    await comes(hass, PLANNED, BLOCKED)
    cloud.unblock(OWNER.username)
    await comes(hass, PLANNED, within_s=301)
    await asyncio.sleep(3600)
    cloud.maintenance(retry_after=60)
    await comes(hass, PLANNED, MAINTAINED)
    await asyncio.sleep(3600)
    await comes(hass, MAINTAINED)
    cloud.end_maintenance()
    await comes(hass, within_s=AGAIN_S)


async def test_a_plan_outlives_a_reload_and_a_restart(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, hass_storage: dict[str, object]
) -> None:
    """The cloud does not repeat it, as it was told already; the time is said in the zone that counts then."""
    await hass.config.async_set_time_zone("Asia/Ho_Chi_Minh")
    await asyncio.sleep(1)
    cloud.announce_maintenance(at(cloud, 10), at(cloud, 12))
    await comes(hass, PLANNED)
    before = placeholders(hass)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await asyncio.sleep(60)
    assert (issues(hass), placeholders(hass)) == ([PLANNED], before)
    async with restarted(hass, hass_storage) as again:
        await asyncio.sleep(60)
        assert issues(again) == [PLANNED]
        assert placeholders(again) == {**before, "begin": "2026-11-20 07:00", "until": "2026-11-20 09:00"}
        await asyncio.sleep(11 * 3600)
        assert issues(again) == [PLANNED]
        await asyncio.sleep(3600)
        assert issues(again) == []


@pytest.mark.parametrize("how", ["over", "disabled", "removed", "nonsense"])
async def test_a_plan_that_no_one_needs_any_more_is_gone_after_a_restart(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, hass_storage: dict[str, object], how: str
) -> None:
    """Also where the integration was not there to see it, as in Home Assistant's safe mode."""
    await log_in(hass, cloud, OTHER)  # who needs it
    await asyncio.sleep(1)
    cloud.announce_maintenance(at(cloud, 1), None)
    await comes(hass, PLANNED, PLANNED)
    assert await hass.config_entries.async_unload(entry.entry_id)
    registry = ir.async_get(hass)
    match how:
        case "disabled":
            entry.disabled_by = ConfigEntryDisabler.USER
        case "removed":
            del hass.config_entries._entries[entry.entry_id]
        case "nonsense":
            (key,) = (key for key in registry.issues if entry.entry_id in key[1])
            registry.issues[key] = replace(registry.issues[key], data={"starts_at": "soon", "ends_at": 7})
    async with restarted(hass, hass_storage, off_s=3601 if how == "over" else 0) as again:
        assert issues(again) == ([] if how == "over" else [PLANNED])
        await asyncio.sleep(3600)
        assert issues(again) == []


async def test_a_plan_ends_while_the_account_cannot_be_set_up(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """On time."""
    await asyncio.sleep(1)
    cloud.announce_maintenance(at(cloud, 1), at(cloud, 2))
    await comes(hass, PLANNED)
    port = cloud.port
    await cloud.stop()
    assert not await hass.config_entries.async_reload(entry.entry_id)
    assert (entry.state, issues(hass)) == (ConfigEntryState.SETUP_RETRY, [PLANNED])
    await asyncio.sleep(2 * 3600 - 60)
    assert issues(hass) == [PLANNED]
    await asyncio.sleep(60)
    assert issues(hass) == []
    await cloud.start(port=port)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_plan_that_is_told_again_and_again_is_waited_for_once(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Also over reloads; one that takes its place is the only one."""
    await asyncio.sleep(1)
    first, second = at(cloud, 20), at(cloud, 30)
    for ends_at in (first, first, second, second):
        cloud.announce_maintenance(at(cloud, 10), ends_at)
        await comes(hass, PLANNED)
        await asyncio.sleep(10)
        assert await hass.config_entries.async_reload(entry.entry_id)
        await asyncio.sleep(10)
    for ends_at, waits in ((first, 0), (second, 1)):
        assert len(list(waiting_for(ends_at, cloud))) == waits
    cloud.announce_maintenance(None, None)
    await comes(hass)
    assert list(waiting_for(second, cloud)) == []


def waiting_for(moment: float, cloud: MockCloud) -> Iterator[asyncio.TimerHandle]:
    """Yield the timers that something other than the cloud and its connections has for a moment."""
    loop = asyncio.get_running_loop()
    for timer in get_scheduled_timer_handles(loop):
        if not timer.cancelled() and abs(timer.when() - loop.time() - (moment - cloud.now())) < 5:
            yield timer


# What was ignored


@pytest.mark.parametrize("insists", [True, False])
async def test_terms_that_were_ignored_stay_ignored(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, hass_storage: dict[str, object], insists: bool
) -> None:
    """Over a reload and a restart, for as long as they are the same and weigh the same."""
    await asyncio.sleep(1)
    cloud.change_terms("2027-01", required=insists)
    await comes(hass, TERMS)
    await asyncio.sleep(10)
    ignore(hass)
    await hass.config_entries.async_reload(entry.entry_id)
    await asyncio.sleep(10)
    assert (issues(hass), ignored(hass)) == ([TERMS], True)
    async with restarted(hass, hass_storage) as again:
        await asyncio.sleep(10)
        assert (issues(again), ignored(again)) == ([TERMS], True)
    assert await hass.config_entries.async_setup(entry.entry_id) is not insists
    cloud.change_terms("2026-03")
    await comes(hass, within_s=301)


async def test_other_terms_and_terms_that_lock_the_homes_now_are_told_of_again(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """They are not what was ignored."""
    await asyncio.sleep(1)
    cloud.change_terms("2027-01", required=False)
    await comes(hass, TERMS)
    ignore(hass)
    cloud.change_terms("2027-02", required=False)
    await asyncio.sleep(10)
    assert (issues(hass), ignored(hass)) == ([TERMS], False)
    ignore(hass)
    cloud.change_terms("2027-02", required=True)
    await asyncio.sleep(10)
    assert (issues(hass), ignored(hass)) == ([TERMS], False)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE)
    ignore(hass)
    cloud.change_terms("2027-02", required=False)
    await shows(hass, KITCHEN, STATE_OFF, within_s=301)
    await asyncio.sleep(10)
    assert (issues(hass), ignored(hass)) == ([TERMS], True)
    assert the_issue(hass).severity is ir.IssueSeverity.WARNING


async def test_that_there_is_nothing_to_show_stays_ignored(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, hass_storage: dict[str, object]
) -> None:
    """As the message itself proposes; when there was something meanwhile, it is another time."""
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
    cloud.share_home("nha-ha-noi", OWNER.username)
    await asyncio.sleep(1)
    cloud.share_home("nha-ha-noi", OTHER.username)
    await comes(hass, TAKEN)
    assert not ignored(hass)
    assert await hass.config_entries.async_unload(other.entry_id)


async def test_a_block_that_was_ignored_stays_ignored_until_it_ends(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Maintenance meanwhile is not its end; the next block is another one."""
    cloud.suspend(OWNER.username)
    await comes(hass, BLOCKED)
    ignore(hass)
    await hass.config_entries.async_reload(entry.entry_id)
    assert (entry.state, issues(hass), ignored(hass)) == (ConfigEntryState.SETUP_RETRY, [BLOCKED], True)
    cloud.maintenance(retry_after=60)
    await comes(hass, BLOCKED, MAINTAINED, within_s=301)
    cloud.end_maintenance()
    await comes(hass, BLOCKED, within_s=301)
    assert ignored(hass)
    cloud.unblock(OWNER.username)
    await comes(hass, within_s=601)
    await shows(hass, KITCHEN, STATE_OFF)
    cloud.suspend(OWNER.username)
    await comes(hass, BLOCKED)
    assert not ignored(hass)


# Moments


# The last second of all time, which is over in the east before it begins at Greenwich.
FOR_EVER = 253402300799
LAST = "9999-12-31T23:59:59Z"
ODD_MOMENTS: tuple[object, ...] = (
    *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-11-20", "soon", "", "\0", "x" * 10_000),
    *(7, 1e308, True, [], {}),
)


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (lambda cloud: cloud.suspend(OWNER.username, until=FOR_EVER), BLOCKED),
        (lambda cloud: cloud.maintenance(ends_at=FOR_EVER), MAINTAINED),
        (lambda cloud: cloud.announce_maintenance(at(cloud, 1), FOR_EVER), PLANNED),
    ],
)
async def test_for_ever_is_a_time_like_any_other(
    hass: HomeAssistant,
    cloud: MockCloud,
    entry: ConfigEntry,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[[MockCloud], None],
    wanted: tuple[str, bool],
) -> None:
    """While the home is followed, and at set-up."""
    await hass.config.async_set_time_zone("Asia/Ho_Chi_Minh")
    await asyncio.sleep(1)
    caplog.clear()
    fault(cloud)
    await comes(hass, wanted)
    assert placeholders(hass)["until"] == "9999-12-31 23:59 UTC"
    assert "ERROR" not in said(caplog)
    loaded = await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is (ConfigEntryState.LOADED if loaded else ConfigEntryState.SETUP_RETRY)
    assert (loaded, issues(hass)) == (wanted is PLANNED, [wanted])
    assert placeholders(hass)["until"] == "9999-12-31 23:59 UTC"
    cloud.unblock(OWNER.username)
    cloud.end_maintenance()
    cloud.announce_maintenance(None, None)
    await shows(hass, KITCHEN, STATE_OFF, within_s=301)


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "America/Los_Angeles"])
async def test_moments_that_make_no_sense_disturb_nobody(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture, zone: str
) -> None:
    """They are not said; what else is said is, and the next touch of a switch shows at once."""
    await hass.config.async_set_time_zone(zone)
    await asyncio.sleep(1)
    caplog.clear()
    moments: list[object] = [None, None]

    def spoil(text: str) -> str:
        frame = json.loads(text)
        for event in frame.get("events", ()):
            if event["kind"] == "account":
                event["starts_at"], event["ends_at"] = moments
        return json.dumps(frame)

    cloud.spoil_frames(spoil)
    for odd in ODD_MOMENTS:
        for moments[:], planned in (([odd, odd], []), ([odd, LAST], [PLANNED]), ([LAST, odd], [PLANNED])):
            cloud.announce_maintenance(None, None)
            on = not cloud.state("cong-tac-bep", "1")["on"]
            cloud.touch("cong-tac-bep", "1", on=on)
            await shows(hass, KITCHEN, STATE_ON if on else STATE_OFF, within_s=1)
            assert issues(hass) == planned, moments
            if planned:
                assert {placeholders(hass)["begin"], placeholders(hass)["until"]} > {"–"}
            await asyncio.sleep(5)  # what the cloud is asked because of the hint has been answered
    cloud.spoil_frames(None)
    assert said(caplog) == []


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


async def test_a_plan_goes_with_the_account(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Disabled while its set-up is tried again, or removed."""
    await asyncio.sleep(1)
    cloud.announce_maintenance(at(cloud, 1), at(cloud, 2))
    await comes(hass, PLANNED)
    cloud.maintenance(retry_after=60)
    await hass.config_entries.async_reload(entry.entry_id)
    assert (entry.state, issues(hass)) == (ConfigEntryState.SETUP_RETRY, [PLANNED, MAINTAINED])
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert issues(hass) == []
    cloud.end_maintenance()
    await asyncio.sleep(60)
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await shows(hass, KITCHEN, STATE_OFF)
    cloud.announce_maintenance(at(cloud, 1), at(cloud, 2))
    await comes(hass, PLANNED)
    await hass.config_entries.async_remove(entry.entry_id)
    assert issues(hass) == []


async def test_a_reload_leaves_what_is_so_and_takes_what_is_over(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Nobody is told twice."""
    cloud.suspend(OWNER.username)
    await comes(hass, BLOCKED)
    created = the_issue(hass).created
    await asyncio.sleep(60)
    await hass.config_entries.async_reload(entry.entry_id)
    assert (issues(hass), the_issue(hass).created) == ([BLOCKED], created)
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.unblock(OWNER.username)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert issues(hass) == []
