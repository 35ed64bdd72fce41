"""What the owner of an account finds under Repairs, and what mends it: terms, blocks, maintenance."""

import asyncio
from collections.abc import Callable, Mapping
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.wesmart.const import DOMAIN
from tests.accounts import OWNER
from tests.home import shows
from tests.mock_cloud import MockCloud

KITCHEN = "switch.bep_cong_tac_bep_den_tran"
PANEL = "cong-tac-bep"
FIX = "/api/repairs/issues/fix"

BLOCKED = ("account_suspended", False)
CLOSED = ("account_terminated", False)
MAINTAINED = ("maintenance", False)
TERMS = ("terms", True)


def issues(hass: HomeAssistant) -> list[tuple[str | None, bool | None]]:
    """Return what is shown under Repairs of this integration: the key of the text, and whether it can be repaired."""
    return [
        (issue.translation_key, issue.is_fixable)
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.active
    ]


def the_issue(hass: HomeAssistant) -> ir.IssueEntry:
    """Return the only one."""
    (issue,) = (issue for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN)
    return issue


async def comes(hass: HomeAssistant, *wanted: tuple[str, bool], within_s: float = 5) -> None:
    """Wait, in virtual seconds, until this and nothing else is shown under Repairs."""
    for _ in range(int(within_s * 20)):
        if issues(hass) == list(wanted):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"Repairs shows {issues(hass)}, not {wanted}")


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the levels of what the log says of us without being asked for more."""
    return [
        record.levelname
        for record in caplog.records
        if record.name.startswith("custom_components.wesmart") and record.levelno >= logging.INFO
    ]


class Dialog:
    """The repair of the only issue, as the frontend shows it."""

    def __init__(self, hass: HomeAssistant, hass_client: ClientSessionGenerator) -> None:
        self._hass = hass
        self._hass_client = hass_client
        self._path = ""

    async def open(self) -> Mapping[str, Any]:
        """Return the first form."""
        assert await async_setup_component(self._hass, "repairs", {})
        form = await self._post(FIX, {"handler": DOMAIN, "issue_id": the_issue(self._hass).issue_id})
        self._path = f"{FIX}/{form['flow_id']}"
        return form

    async def answer(self, *, accept: bool) -> Mapping[str, Any]:
        """Fill in the form; return what comes next."""
        return await self._post(self._path, {"accept": accept})

    async def _post(self, path: str, body: Mapping[str, object]) -> Mapping[str, Any]:
        client = await self._hass_client()
        response = await client.post(path, json=body)
        assert response.status == 200, await response.text()
        result: Mapping[str, Any] = await response.json()
        return result


@pytest.fixture
def dialog(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Dialog:
    """Return the dialog that repairs."""
    return Dialog(hass, hass_client)


# Terms


async def test_terms_that_the_cloud_insists_on_lock_the_home_at_once_and_accepting_them_brings_it_back(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog, caplog: pytest.LogCaptureFixture
) -> None:
    """Version and link are shown; one line in the log at each end."""
    await asyncio.sleep(1)
    caplog.clear()
    cloud.change_terms("2027-01")
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=5)
    await comes(hass, TERMS)
    form = await dialog.open()
    assert (form["type"], form["step_id"], form["errors"]) == ("form", "terms", {})
    assert form["description_placeholders"]["version"] == "2027-01"
    assert form["description_placeholders"]["terms_url"] == f"{cloud.url}/terms"
    done = await dialog.answer(accept=True)
    assert done["type"] == "create_entry"
    await shows(hass, KITCHEN, STATE_OFF, within_s=1)
    await comes(hass)
    cloud.touch(PANEL, "1", on=True)
    await shows(hass, KITCHEN, STATE_ON, within_s=5)
    await asyncio.sleep(600)
    assert (issues(hass), said(caplog)) == ([], ["WARNING", "INFO"])


@pytest.mark.parametrize(("insists", "reason"), [(True, "refused_and_locked"), (False, "refused")])
async def test_refusing_the_terms_says_what_happens_and_the_owner_may_change_their_mind(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog, insists: bool, reason: str
) -> None:
    """Nothing is sent."""
    cloud.change_terms("2027-01", required=insists)
    await comes(hass, TERMS)
    await dialog.open()
    refused = await dialog.answer(accept=False)
    assert (refused["type"], refused["reason"]) == ("abort", reason)
    assert refused["description_placeholders"]["phone"] == "0816 333 868"
    await asyncio.sleep(600)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE if insists else STATE_OFF)
    await comes(hass, TERMS)
    await dialog.open()
    assert (await dialog.answer(accept=True))["type"] == "create_entry"
    await shows(hass, KITCHEN, STATE_OFF, within_s=1)
    await comes(hass)


async def test_terms_that_can_wait_are_asked_about_although_the_home_works(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Also when they came while Home Assistant was off; accepted in the app, nothing is asked any more."""
    await asyncio.sleep(1)
    cloud.change_terms("2027-01", required=False)
    await comes(hass, TERMS)
    assert the_issue(hass).severity is ir.IssueSeverity.WARNING
    assert await hass.config_entries.async_unload(entry.entry_id)
    await comes(hass)
    cloud.change_terms("2027-02", required=False)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await comes(hass, TERMS)
    await shows(hass, KITCHEN, STATE_OFF)
    cloud.change_terms("2026-03", required=False)
    await comes(hass)


async def test_terms_that_changed_once_more_are_shown_anew(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog
) -> None:
    """Nobody accepts what they have not seen."""
    cloud.change_terms("2027-01")
    await comes(hass, TERMS)
    await dialog.open()
    cloud.change_terms("2027-02")
    form = await dialog.answer(accept=True)
    assert (form["type"], form["errors"]) == ("form", {"base": "terms_changed"})
    assert form["description_placeholders"]["version"] == "2027-02"
    assert (await dialog.answer(accept=True))["type"] == "create_entry"
    await shows(hass, KITCHEN, STATE_OFF, within_s=1)
    await comes(hass)


async def test_an_acceptance_that_does_not_arrive_is_tried_again_by_the_owner(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog
) -> None:
    """The form says what was wrong."""
    cloud.change_terms("2027-01")
    await comes(hass, TERMS)
    await dialog.open()
    cloud.rate_limit(20, path="/v1/account/terms")
    form = await dialog.answer(accept=True)
    assert form["errors"] == {"base": "rate_limited"}
    assert form["description_placeholders"]["seconds"] == "20"
    await asyncio.sleep(20)
    cloud.lose_answers(2)  # aiohttp itself asks again once
    assert (await dialog.answer(accept=True))["errors"] == {"base": "cannot_connect"}
    assert (await dialog.answer(accept=True))["type"] == "create_entry"
    await comes(hass)


async def test_an_acceptance_for_which_the_session_is_over_asks_for_a_login(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog
) -> None:
    """At once."""
    cloud.change_terms("2027-01")
    await comes(hass, TERMS)
    await dialog.open()
    cloud.mute(True)
    cloud.sign_out(OWNER.username)
    assert (await dialog.answer(accept=True))["errors"] == {"base": "session_ended"}
    await hass.async_block_till_done()
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]
    cloud.mute(False)


async def test_terms_that_stand_in_the_way_of_set_up_are_accepted_the_same_way(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog
) -> None:
    """The home is there at once, and not when Home Assistant would have tried again."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.change_terms("2027-01")
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await asyncio.sleep(2000)
    await comes(hass, TERMS)
    await dialog.open()
    assert (await dialog.answer(accept=True))["type"] == "create_entry"
    await shows(hass, KITCHEN, STATE_OFF, within_s=2)
    await asyncio.sleep(5)
    assert issues(hass) == []
    assert len(cloud.sessions(OWNER.username)) == 1


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
    placeholders = the_issue(hass).translation_placeholders
    assert placeholders is not None
    assert placeholders["account"] == OWNER.full_name
    assert placeholders["reason"].startswith(r"Nợ \*\*phí\*\* xxx")
    assert len(placeholders["reason"]) < 220
    assert placeholders["until"] == "2026-11-20 13:00"
    assert placeholders["phone"] == "0816 333 868"
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
    with pytest.raises(Exception, match="suspended"):
        await hass.services.async_call("switch", "turn_on", {"entity_id": KITCHEN}, blocking=True)
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
    assert (the_issue(hass).translation_placeholders or {})["until"].startswith("2026-11-19 21:30")
    await asyncio.sleep(1750)
    assert 3 <= len(cloud.requests) - before <= 5
    assert said(caplog) == ["WARNING"]
    cloud.end_maintenance()
    await shows(hass, KITCHEN, STATE_OFF, within_s=700)
    await asyncio.sleep(60)
    assert (issues(hass), said(caplog), cloud.streams) == ([], ["WARNING", "INFO"], 1)


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


async def test_unloading_takes_the_repairs_along(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Nobody would clear them later."""
    cloud.suspend(OWNER.username)
    await comes(hass, BLOCKED)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert issues(hass) == []
