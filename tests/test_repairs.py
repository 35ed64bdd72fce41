"""Repairing what only the owner can: reading new terms and accepting them."""

import asyncio
from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.wesmart.const import CONF_ENDPOINTS, DOMAIN
from tests.accounts import OWNER
from tests.home import shows
from tests.mock_cloud import MockCloud
from tests.repairs import TERMS, comes, issues, said, the_issue

KITCHEN = "switch.bep_cong_tac_bep_den_tran"
PANEL = "cong-tac-bep"
FIX = "/api/repairs/issues/fix"


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
    await comes(hass, TERMS)
    cloud.change_terms("2027-02", required=False)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await comes(hass, TERMS)
    await shows(hass, KITCHEN, STATE_OFF)
    cloud.change_terms("2026-03", required=False)
    await comes(hass)


async def test_reading_the_account_does_not_make_what_locks_the_homes_lighter(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog
) -> None:
    """It says which terms are open and not whether the cloud insists on them; that, only its answers do."""
    await asyncio.sleep(1)
    cloud.rate_limit(30, path="/v1/account")
    cloud.announce_maintenance(None, None)  # a hint for which the account is read, once it can be
    await asyncio.sleep(5)
    cloud.change_terms("2027-01")
    await comes(hass, TERMS)
    read = sum(request.path == "/v1/account" and request.status == 200 for request in cloud.requests)
    await asyncio.sleep(120)
    assert sum(request.path == "/v1/account" and request.status == 200 for request in cloud.requests) > read
    assert the_issue(hass).severity is ir.IssueSeverity.ERROR
    form = await dialog.open()
    assert form["description_placeholders"]["version"] == "2027-01"
    assert (await dialog.answer(accept=False))["reason"] == "refused_and_locked"
    # As soon as the homes are shown it is as light as it was.
    cloud.change_terms("2027-01", required=False)
    await shows(hass, KITCHEN, STATE_OFF, within_s=301)
    await asyncio.sleep(5)
    assert (issues(hass), the_issue(hass).severity) == ([TERMS], ir.IssueSeverity.WARNING)
    await dialog.open()
    assert (await dialog.answer(accept=False))["reason"] == "refused"


async def test_terms_that_are_accepted_in_the_app_are_done_with_also_while_push_is_down(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Nobody says so then."""
    await asyncio.sleep(1)
    cloud.rate_limit(30, count=1000, path="/v1/events")
    cloud.change_terms("2027-01")
    await comes(hass, TERMS)
    cloud.change_terms("2026-03")
    await shows(hass, KITCHEN, STATE_OFF, within_s=301)
    await comes(hass)
    assert cloud.streams == 0


async def test_a_hotline_is_no_link_in_what_a_refusal_is_answered_with(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog
) -> None:
    """Whatever stands in the server's document."""
    endpoints = {**entry.data[CONF_ENDPOINTS], "support_phone": "[1900 666](https://evil.example)"}
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_ENDPOINTS: endpoints})
    cloud.change_terms("2027-01", required=False)
    await comes(hass, TERMS)
    await dialog.open()
    phone = (await dialog.answer(accept=False))["description_placeholders"]["phone"]
    assert phone == r"\[1900 666\]\(https\://evil\.example\)"


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
    assert form["description_placeholders"]["seconds"] in {"20", "21"}  # a date has whole seconds
    await asyncio.sleep(21)
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
