"""The repair flow: read new terms of use, and accept them."""

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

pytestmark = pytest.mark.slow

KITCHEN = "light.bep_den_tran"
PANEL = "cong-tac-bep"
FIX = "/api/repairs/issues/fix"


class Dialog:
    """The repair flow of the only issue, as the frontend uses it."""

    def __init__(self, hass: HomeAssistant, hass_client: ClientSessionGenerator) -> None:
        self._hass = hass
        self._hass_client = hass_client
        self._path = ""

    async def open(self) -> Mapping[str, Any]:
        """Return the first form."""
        assert await async_setup_component(self._hass, "repairs", {})
        form = await self._post(FIX, {"handler": DOMAIN, "issue_id": the_issue(self._hass).issue_id})
        assert (form["type"], form["step_id"], form["errors"]) == ("form", "terms", {})
        self._path = f"{FIX}/{form['flow_id']}"
        return form

    async def submit(self, *, accept: bool) -> Mapping[str, Any]:
        """Submit the form and return what comes next."""
        return await self._post(self._path, {"accept": accept})

    async def _post(self, path: str, body: Mapping[str, object]) -> Mapping[str, Any]:
        client = await self._hass_client()
        response = await client.post(path, json=body)
        assert response.status == 200, await response.text()
        result: Mapping[str, Any] = await response.json()
        return result


@pytest.fixture
def dialog(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Dialog:
    """Return the repair flow."""
    return Dialog(hass, hass_client)


async def test_required_terms_lock_the_homes_until_they_are_accepted(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog, caplog: pytest.LogCaptureFixture
) -> None:
    """The form shows version and link; there is one log line at each end."""
    await asyncio.sleep(1)
    caplog.clear()
    cloud.change_terms("2027-01")
    await shows(hass, KITCHEN, STATE_UNAVAILABLE, within_s=5)
    await comes(hass, TERMS)
    assert the_issue(hass).severity is ir.IssueSeverity.ERROR
    form = await dialog.open()
    assert form["description_placeholders"] == {"version": "2027-01", "terms_url": f"{cloud.url}/terms"}
    assert (await dialog.submit(accept=True))["type"] == "create_entry"
    await shows(hass, KITCHEN, STATE_OFF, within_s=1)
    await comes(hass)
    cloud.touch(PANEL, "1", on=True)
    await shows(hass, KITCHEN, STATE_ON, within_s=10)
    await asyncio.sleep(600)
    assert (issues(hass), said(caplog)) == ([], ["ERROR", "INFO"])


@pytest.mark.parametrize(("required", "reason"), [(True, "refused_and_locked"), (False, "refused")])
async def test_refusing_the_terms_says_what_happens_and_can_be_undone(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog, required: bool, reason: str
) -> None:
    """Nothing is sent, and the issue stays. The hotline cannot be a link, whatever the discovery document holds."""
    endpoints = {**entry.data[CONF_ENDPOINTS], "support_phone": "[1900 666](https://evil.example)"}
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_ENDPOINTS: endpoints})
    await asyncio.sleep(1)
    cloud.change_terms("2027-01", required=required)
    await comes(hass, TERMS)
    await dialog.open()
    refused = await dialog.submit(accept=False)
    assert (refused["type"], refused["reason"]) == ("abort", reason)
    assert refused["description_placeholders"]["phone"] == r"\[1900 666\]\(https\://evil\.example\)"
    await asyncio.sleep(600)
    await shows(hass, KITCHEN, STATE_UNAVAILABLE if required else STATE_OFF)
    await comes(hass, TERMS)
    await dialog.open()
    assert (await dialog.submit(accept=True))["type"] == "create_entry"
    await shows(hass, KITCHEN, STATE_OFF, within_s=1)
    await comes(hass)


async def test_terms_that_are_not_required_are_shown_while_the_homes_work(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Also if they changed while Home Assistant was off; accepting them in the app deletes the issue."""
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


async def test_terms_that_are_accepted_in_the_app_are_noticed_while_push_is_down(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """By reading the account."""
    await asyncio.sleep(1)
    cloud.rate_limit(30, count=1000, path="/v1/events")
    cloud.change_terms("2027-01")
    await comes(hass, TERMS)
    cloud.change_terms("2026-03")
    await shows(hass, KITCHEN, STATE_OFF, within_s=301)
    await comes(hass)
    assert cloud.streams == 0


async def test_only_terms_that_were_shown_are_accepted_and_failures_can_be_repeated(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog
) -> None:
    """In the same form."""
    await asyncio.sleep(1)
    cloud.change_terms("2027-01")
    await comes(hass, TERMS)
    await dialog.open()
    cloud.change_terms("2027-02")
    form = await dialog.submit(accept=True)
    assert (form["type"], form["errors"]) == ("form", {"base": "terms_changed"})
    assert form["description_placeholders"]["version"] == "2027-02"
    cloud.rate_limit(20, path="/v1/account/terms")
    form = await dialog.submit(accept=True)
    assert form["errors"] == {"base": "rate_limited"}
    assert form["description_placeholders"]["seconds"] in {"20", "21"}  # a date has whole seconds
    await asyncio.sleep(21)
    cloud.lose_answers(2)  # aiohttp itself repeats once
    assert (await dialog.submit(accept=True))["errors"] == {"base": "cannot_connect"}
    assert (await dialog.submit(accept=True))["type"] == "create_entry"
    await shows(hass, KITCHEN, STATE_OFF, within_s=1)
    await comes(hass)


async def test_an_acceptance_that_finds_the_session_over_asks_for_a_login(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog
) -> None:
    """While the stream is silent."""
    await asyncio.sleep(1)
    cloud.change_terms("2027-01")
    await comes(hass, TERMS)
    await dialog.open()
    cloud.mute(True)
    cloud.sign_out(OWNER.username)
    assert (await dialog.submit(accept=True))["errors"] == {"base": "session_ended"}
    await hass.async_block_till_done()
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]
    cloud.mute(False)


async def test_terms_that_prevent_set_up_are_accepted_the_same_way(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog
) -> None:
    """The entry is set up at once, not when Home Assistant would try again."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.change_terms("2027-01")
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await asyncio.sleep(2000)
    await comes(hass, TERMS)
    await dialog.open()
    assert (await dialog.submit(accept=True))["type"] == "create_entry"
    await shows(hass, KITCHEN, STATE_OFF, within_s=2)
    await asyncio.sleep(5)
    assert issues(hass) == []
    assert len(cloud.sessions(OWNER.username)) == 1
