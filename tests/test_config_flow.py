"""Adding an account, logging in again and changing its server: every way it ends, and every error and its recovery."""

import asyncio
from collections.abc import AsyncIterator, Mapping
import json

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowContext,
    ConfigFlowResult,
)
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.issue_registry import async_get as async_get_issues
import pytest

from custom_components.wesmart.const import (
    CONF_ENDPOINTS,
    CONF_EXCLUDED_HOMES,
    CONF_HOMES,
    CONF_SERVER,
    CONTRACT_URL,
    DOMAIN,
)
from custom_components.wesmart.terms import CONF_ACCEPT
from tests.accounts import CREDENTIALS, OTHER, OWNER, choices, keep_homes, log_in, settle, start_flow, submit, suggested
from tests.cloud.scripted import Reply, ScriptedServer, answer, late, redirect
from tests.discovery_server import DiscoveryServer
from tests.home import ACCOUNT_ENTITIES, devices, shows
from tests.mock_cloud import MockCloud

OTHER_CREDENTIALS: dict[str, object] = {CONF_USERNAME: OTHER.username, CONF_PASSWORD: OTHER.password}
SILENT = late(60, answer())


@pytest.fixture(autouse=True)
async def unload(hass: HomeAssistant, cloud: MockCloud) -> AsyncIterator[None]:
    """Unload the entries that a test has added."""
    yield
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        assert await hass.config_entries.async_unload(entry.entry_id)


async def finish(hass: HomeAssistant, flow: ConfigFlowResult) -> ConfigEntry:
    """Leave the choice of homes as it is; return the entry that is created."""
    flow = await keep_homes(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY, flow
    await hass.async_block_till_done()
    entry = flow["result"]
    assert entry.state is ConfigEntryState.LOADED
    return entry


async def close(hass: HomeAssistant, flow: ConfigFlowResult) -> None:
    """Close the dialog."""
    hass.config_entries.flow.async_abort(flow["flow_id"])
    await settle(hass)


def error_of(flow: ConfigFlowResult, step: str) -> str:
    """Return the error that the form of a step shows."""
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, step)
    errors = flow["errors"]
    assert errors is not None
    return errors["base"]


def aborted(flow: ConfigFlowResult) -> str | None:
    """Return why a flow was aborted."""
    assert flow["type"] is FlowResultType.ABORT
    return flow["reason"]


def described(flow: ConfigFlowResult) -> Mapping[str, str]:
    """Return the placeholders of a form's texts."""
    placeholders = flow["description_placeholders"]
    assert placeholders is not None
    return placeholders


# Adding an account


@pytest.mark.parametrize("username", ["minhanh@example.com", "0912 345 678", "+84912345678", "0912.345.678"])
async def test_an_account_is_added_by_email_or_phone_number(
    hass: HomeAssistant, cloud: MockCloud, username: str
) -> None:
    """The entry is named after the account, and holds tokens but no password."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (flow["step_id"], described(flow)["contract_url"]) == ("user", CONTRACT_URL)
    flow = await submit(hass, flow, {CONF_SERVER: f" {cloud.url}/ "})
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "account")
    assert described(flow)["server"] == cloud.url
    assert described(flow)["terms_url"].startswith("http")
    flow = await submit(hass, flow, {CONF_USERNAME: username, CONF_PASSWORD: OWNER.password})
    entry = await finish(hass, flow)
    assert (entry.title, entry.unique_id) == ("WeSMART", f"{cloud.url} tk-minh-anh")
    assert OWNER.password not in json.dumps({**entry.data})
    assert len(cloud.sessions(OWNER.username)) == 1


async def test_two_accounts_of_a_server_are_two_entries(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Each with its own homes."""
    other = await log_in(hass, cloud, OTHER)
    assert other.title == "WeSMART Nhà Đà Nẵng"
    assert {entry.state, other.state} == {ConfigEntryState.LOADED}


async def test_an_account_that_was_added_already_leaves_no_session(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Also under another of its usernames."""
    flow = await start_flow(hass, cloud)
    flow = await submit(hass, flow, {CONF_USERNAME: "0912345678", CONF_PASSWORD: OWNER.password})
    assert aborted(flow) == "already_configured"
    await settle(hass)
    assert len(cloud.sessions(OWNER.username)) == 1


async def test_an_account_is_not_added_in_two_dialogs_at_once(hass: HomeAssistant, cloud: MockCloud) -> None:
    """The first one goes on."""
    first = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    second = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    assert aborted(second) == "already_in_progress"
    await settle(hass)
    assert len(cloud.sessions(OWNER.username)) == 1
    await finish(hass, first)


async def test_a_title_is_nobodys_name_and_is_there_once(hass: HomeAssistant, cloud: MockCloud) -> None:
    """Titles are shown and logged."""
    first = await log_in(hass, cloud, OWNER)
    cloud.unshare_home("nha-da-nang", OTHER.username)
    second = await log_in(hass, cloud, OTHER)
    assert (first.title, second.title) == ("WeSMART", "WeSMART 2")
    await hass.config_entries.async_remove(second.entry_id)
    cloud.share_home("nha-da-nang", OTHER.username)
    hass.config_entries.async_update_entry(first, title="WeSMART Nhà Đà Nẵng")
    second = await log_in(hass, cloud, OTHER)
    assert second.title == "WeSMART"
    hass.config_entries.async_update_entry(second, title="Đà Nẵng")
    assert "Đà Nẵng" in devices(hass, second)


# The server


@pytest.mark.parametrize(
    ("entered", "error"),
    [
        ("", "invalid_server"),
        ("minhanh@example.com", "invalid_server"),
        ("https://cloud.example.com/app", "invalid_server"),
        ("http://cloud.example.com", "plain_server"),
        ("http://127.0.0.1:1", "cannot_connect"),
    ],
)
async def test_a_wrong_address_is_explained_and_can_be_corrected(
    hass: HomeAssistant, cloud: MockCloud, entered: str, error: str
) -> None:
    """It stays in the field."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    flow = await submit(hass, flow, {CONF_SERVER: entered})
    assert error_of(flow, "user") == error
    assert suggested(flow) == {CONF_SERVER: entered}
    flow = await submit(hass, flow, {CONF_SERVER: cloud.url})
    assert (flow["step_id"], flow["errors"]) == ("account", {})


@pytest.mark.parametrize("entered", ["127.0.0.1:{port}", " 127.0.0.1:{port}/ "])
async def test_a_local_address_without_http_gets_the_one_to_enter(
    hass: HomeAssistant, cloud: MockCloud, entered: str
) -> None:
    """Https is tried, which the server does not have."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    flow = await submit(hass, flow, {CONF_SERVER: entered.format(port=cloud.port)})
    assert error_of(flow, "user") == "no_https"
    flow = await submit(hass, flow, {CONF_SERVER: described(flow)["http_address"]})
    assert (flow["step_id"], flow["errors"]) == ("account", {})


@pytest.mark.parametrize("entered", ["https://127.0.0.1:1", "server.invalid"])
async def test_an_address_that_needs_https_gets_no_other(hass: HomeAssistant, cloud: MockCloud, entered: str) -> None:
    """The form shows an example instead."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    flow = await submit(hass, flow, {CONF_SERVER: entered})
    assert error_of(flow, "user") == "cannot_connect"
    assert described(flow)["http_address"] == "http://192.168.1.20:8765"


# A reply, or members of a discovery document.
SERVERS: dict[str, tuple[Reply | dict[str, object], str]] = {
    "nothing": (answer(404), "unsupported_server"),
    "redirect": (redirect("http://127.0.0.1:1/"), "unsupported_server"),
    "no passwords": ({"grant_types_supported": ["device_code"]}, "unsupported_server"),
    "pointing away": ({"token_endpoint": "https://x.example.com/"}, "unsafe_server"),
    "unavailable": (answer(503, b"", Retry_After="90"), "unavailable"),
    "unavailable for how long": (answer(503), "unavailable_indefinite"),
    "too many": (answer(429), "rate_limited_indefinite"),
    "fault": (answer(500), "server_error"),
    "maintenance": (answer(503, {"type": "urn:wesmart:problem:maintenance"}), "maintenance_indefinite"),
}


@pytest.mark.parametrize(("reply", "error"), SERVERS.values(), ids=SERVERS)
async def test_another_server_is_refused_before_it_gets_credentials(
    hass: HomeAssistant, cloud: MockCloud, reply: Reply | dict[str, object], error: str
) -> None:
    """The right one can be entered then."""
    async with ScriptedServer() as server:
        server.replies(answer(200, server.document(**reply)) if isinstance(reply, dict) else reply)
        flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        flow = await submit(hass, flow, {CONF_SERVER: server.url})
        assert error_of(flow, "user") == error
        flow = await submit(hass, flow, {CONF_SERVER: cloud.url})
        assert flow["step_id"] == "account"


async def test_a_silent_server_is_not_waited_for(hass: HomeAssistant, cloud: MockCloud) -> None:
    """As long as a request may take."""
    async with ScriptedServer() as server:
        server.replies(SILENT)
        flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        flow = await submit(hass, flow, {CONF_SERVER: server.url})
        assert error_of(flow, "user") == "timeout_connect"


# The account


@pytest.mark.parametrize(
    "credentials",
    [
        {CONF_USERNAME: OWNER.username, CONF_PASSWORD: "hoa-sua-2025"},
        {CONF_USERNAME: "nobody@example.com", CONF_PASSWORD: OWNER.password},
        {CONF_USERNAME: "không phải số", CONF_PASSWORD: "ệ" * 200},
    ],
)
async def test_wrong_credentials_are_explained_and_can_be_corrected(
    hass: HomeAssistant, cloud: MockCloud, credentials: dict[str, object]
) -> None:
    """The username stays in the field, the password does not."""
    flow = await submit(hass, await start_flow(hass, cloud), credentials)
    assert error_of(flow, "account") == "invalid_auth"
    assert suggested(flow) == {CONF_USERNAME: credentials[CONF_USERNAME], CONF_PASSWORD: None}
    assert cloud.sessions(OWNER.username) == []
    await finish(hass, await submit(hass, flow, CREDENTIALS))


async def test_a_server_that_is_gone_at_the_login_is_explained(hass: HomeAssistant, cloud: MockCloud) -> None:
    """The login can be repeated."""
    flow = await start_flow(hass, cloud)
    port = cloud.port
    await cloud.stop()
    flow = await submit(hass, flow, CREDENTIALS)
    assert error_of(flow, "account") == "cannot_connect"
    await cloud.start(port=port)
    await finish(hass, await submit(hass, flow, CREDENTIALS))


@pytest.mark.parametrize(("path", "sessions"), [("/oauth/token", 0), ("/v1/account", 1), ("/v1/snapshot", 1)])
async def test_too_many_requests_are_explained_and_a_second_login_ends_the_first(
    hass: HomeAssistant, cloud: MockCloud, path: str, sessions: int
) -> None:
    """At each request of the login."""
    flow = await start_flow(hass, cloud)
    cloud.rate_limit(30, path=path)
    flow = await submit(hass, flow, CREDENTIALS)
    assert error_of(flow, "account") == "rate_limited"
    assert described(flow)["seconds"] in {"30", "31"}  # a date has whole seconds
    assert len(cloud.sessions(OWNER.username)) == sessions
    await asyncio.sleep(31)
    await finish(hass, await submit(hass, flow, CREDENTIALS))
    assert len(cloud.sessions(OWNER.username)) == 1


async def test_a_suspended_account_is_explained_and_added_once_it_works_again(
    hass: HomeAssistant, cloud: MockCloud
) -> None:
    """Why, until when, and whom to call; also for ever, which is over in Asia before it begins in UTC."""
    await hass.config.async_set_time_zone("Asia/Ho_Chi_Minh")
    flow = await start_flow(hass, cloud)
    for until, error, shown in (
        (None, "account_suspended_indefinite", ""),
        (253402300799, "account_suspended", "December 31, 9999 at 11:59 PM UTC"),
    ):
        cloud.suspend(OWNER.username, reason="Nghi ngờ [lạm dụng](http://x)\n", until=until)
        flow = await submit(hass, flow, CREDENTIALS)
        assert error_of(flow, "account") == error
        assert described(flow)["reason"] == "Nghi ngờ [lạm dụng](http://x)"
        assert (described(flow)["until"], described(flow)["phone"]) == (shown, "0816 333 868")
    cloud.unblock(OWNER.username)
    await finish(hass, await submit(hass, flow, CREDENTIALS))


async def test_a_reason_that_repeats_what_was_entered_is_shown_without_it(
    hass: HomeAssistant, cloud: MockCloud
) -> None:
    """The password above all, but also who logs in (C-81)."""
    flow = await start_flow(hass, cloud)
    cloud.suspend(OWNER.username, reason=f"{OWNER.password} of {OWNER.username}, {OWNER.username.upper()}")
    flow = await submit(hass, flow, CREDENTIALS)
    assert error_of(flow, "account") == "account_suspended_indefinite"
    assert described(flow)["reason"] == "… of …, …"


async def test_an_account_that_is_suspended_while_its_terms_are_read_is_explained(
    hass: HomeAssistant, cloud: MockCloud
) -> None:
    """The reason is the account's, on one line and without control characters."""
    cloud.change_terms("2026-11")
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    assert flow["step_id"] == "terms"
    cloud.suspend(OWNER.username, reason="Nợ\n\u202ephí\x1b[2J", until=253402300799)
    flow = await submit(hass, flow, {CONF_ACCEPT: True})
    assert error_of(flow, "account") == "account_suspended"
    assert described(flow)["reason"] == "Nợ phí [2J"
    assert described(flow)["until"].startswith("December 31, 9999")
    cloud.unblock(OWNER.username)
    await finish(hass, await submit(hass, flow, CREDENTIALS))


@pytest.mark.parametrize(
    ("problem", "error"),
    [("account-terminated", "account_terminated_unexplained"), ("terms-not-accepted", "terms_not_accepted")],
)
async def test_a_server_that_does_not_show_the_account_is_explained(
    hass: HomeAssistant, cloud: MockCloud, problem: str, error: str
) -> None:
    """It may not refuse that, but it does; what else it writes is not shown."""
    async with DiscoveryServer() as server:
        oauth = f"{cloud.url}/oauth"
        server.point_at(server.url, token_endpoint=f"{oauth}/token", revocation_endpoint=f"{oauth}/revoke")
        body = {"type": f"urn:wesmart:problem:{problem}", "detail": "Call 1900", "reason": "Call 1900"}
        server.elsewhere = answer(403, body, Content_Type="application/problem+json")
        flow = await start_flow(hass, server)
        flow = await submit(hass, flow, CREDENTIALS)
        assert error_of(flow, "account") == error
        assert "1900" not in str(flow)
        await close(hass, flow)


async def test_a_dialog_that_is_closed_leaves_no_session(hass: HomeAssistant, cloud: MockCloud) -> None:
    """The login of a terminated account opens one, to find out why it is refused."""
    cloud.terminate(OWNER.username)
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    assert error_of(flow, "account") == "account_terminated_unexplained"
    assert len(cloud.sessions(OWNER.username)) == 1
    await close(hass, flow)
    assert cloud.sessions(OWNER.username) == []


async def test_a_dialog_that_is_closed_during_the_login_leaves_no_session(
    hass: HomeAssistant, cloud: MockCloud
) -> None:
    """The server opens it when the dialog is gone."""
    flow = await start_flow(hass, cloud)
    cloud.latency = 3
    login = asyncio.create_task(submit(hass, flow, CREDENTIALS))
    await asyncio.sleep(1)
    hass.config_entries.flow.async_abort(flow["flow_id"])
    with pytest.raises(UnknownFlow):
        await login
    await asyncio.sleep(10)
    assert cloud.sessions(OWNER.username) == []


# The terms


@pytest.mark.parametrize("required", [True, False])
async def test_open_terms_are_shown_and_accepted(hass: HomeAssistant, cloud: MockCloud, required: bool) -> None:
    """Without accepting them, an account can be added only while they are not required."""
    cloud.change_terms("2026-11", required=required)
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    assert (flow["step_id"], flow["errors"]) == ("terms", {})
    assert described(flow)["version"] == "2026-11"
    assert described(flow)["terms_url"].endswith("/terms")
    flow = await submit(hass, flow, {CONF_ACCEPT: False})
    if required:
        assert error_of(flow, "terms") == "terms_not_accepted"
        flow = await submit(hass, flow, {CONF_ACCEPT: True})
    await finish(hass, flow)


async def test_terms_that_change_while_they_are_read_are_shown_again(hass: HomeAssistant, cloud: MockCloud) -> None:
    """Only terms that were shown are accepted."""
    cloud.change_terms("2026-11")
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    cloud.change_terms("2026-12")
    flow = await submit(hass, flow, {CONF_ACCEPT: True})
    assert error_of(flow, "terms") == "terms_changed"
    assert described(flow)["version"] == "2026-12"
    for path in ("/v1/account/terms", "/v1/account"):
        cloud.change_terms(f"2027{path}")
        cloud.rate_limit(5, path=path)
        flow = await submit(hass, flow, {CONF_ACCEPT: True})
        assert error_of(flow, "terms") == "rate_limited"
        await asyncio.sleep(6)
    flow = await submit(hass, flow, {CONF_ACCEPT: True})
    assert error_of(flow, "terms") == "terms_changed"
    await finish(hass, await submit(hass, flow, {CONF_ACCEPT: True}))


async def test_a_session_that_ends_while_the_terms_are_read_is_replaced(hass: HomeAssistant, cloud: MockCloud) -> None:
    """The dialog goes back to the login."""
    cloud.change_terms("2026-11")
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    cloud.sign_out(OWNER.username)
    flow = await submit(hass, flow, {CONF_ACCEPT: True})
    assert error_of(flow, "account") == "session_ended"
    flow = await submit(hass, flow, CREDENTIALS)
    assert flow["step_id"] == "terms"
    await close(hass, flow)
    assert cloud.sessions(OWNER.username) == []


async def test_terms_may_be_read_for_hours(hass: HomeAssistant, cloud: MockCloud) -> None:
    """The entry gets the tokens that were renewed in the meantime."""
    cloud.change_terms("2026-11")
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    await asyncio.sleep(3 * 3600)
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"])  # opened again
    assert (flow["step_id"], flow["errors"]) == ("terms", {})
    entry = await finish(hass, await submit(hass, flow, {CONF_ACCEPT: True}))
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert len(cloud.sessions(OWNER.username)) == 1


# The homes


async def test_an_account_with_several_homes_is_asked_which_to_show(hass: HomeAssistant, cloud: MockCloud) -> None:
    """All of them by default."""
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    assert (flow["step_id"], described(flow)["taken"]) == ("homes", "")
    assert choices(flow, CONF_HOMES) == {"nha-ha-noi": "Nhà Hà Nội", "can-ho-my-dinh": "Căn hộ Mỹ Đình"}
    assert suggested(flow) == {CONF_HOMES: ["nha-ha-noi", "can-ho-my-dinh"]}
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"])  # opened again
    entry = await finish(hass, await submit(hass, flow, {CONF_HOMES: ["can-ho-my-dinh"]}))
    assert entry.options == {CONF_EXCLUDED_HOMES: ["nha-ha-noi"]}
    assert len(hass.states.async_entity_ids("cover")) == 1


async def test_an_account_with_one_home_is_not_asked(hass: HomeAssistant, cloud: MockCloud) -> None:
    """There is nothing to choose."""
    flow = await submit(hass, await start_flow(hass, cloud), OTHER_CREDENTIALS)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["options"] == {CONF_EXCLUDED_HOMES: []}
    await hass.async_block_till_done()


async def test_an_account_without_homes_gets_its_first_one_by_itself(hass: HomeAssistant, cloud: MockCloud) -> None:
    """Nothing is wrong with it."""
    cloud.unshare_home("nha-da-nang", OTHER.username)
    entry = await log_in(hass, cloud, OTHER)
    assert entry.state is ConfigEntryState.LOADED
    assert sorted(hass.states.async_entity_ids()) == ACCOUNT_ENTITIES
    assert async_get_issues(hass).issues == {}
    cloud.share_home("nha-da-nang", OTHER.username)
    await asyncio.sleep(1)
    assert len(hass.states.async_entity_ids()) > 1


# Logging in again


async def reauthenticate(hass: HomeAssistant, cloud: MockCloud) -> ConfigFlowResult:
    """End the session; return the flow that Home Assistant starts then."""
    cloud.sign_out(OWNER.username)
    await asyncio.sleep(60)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert (flow["context"]["source"], flow["step_id"]) == ("reauth", "reauth_confirm")
    assert [issue for (domain, issue) in async_get_issues(hass).issues if domain == "homeassistant"]
    return flow


async def test_a_session_that_ended_is_replaced(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """After errors that are explained; under another username of the account, too."""
    flow = await reauthenticate(hass, cloud)
    flow = await submit(hass, flow, {CONF_USERNAME: OWNER.username, CONF_PASSWORD: "wrong"})
    assert error_of(flow, "reauth_confirm") == "invalid_auth"
    cloud.suspend(OWNER.username)
    flow = await submit(hass, flow, CREDENTIALS)
    assert error_of(flow, "reauth_confirm") == "account_suspended_unexplained_indefinite"
    cloud.unblock(OWNER.username)
    flow = await submit(hass, flow, {CONF_USERNAME: "0912345678", CONF_PASSWORD: OWNER.password})
    assert aborted(flow) == "reauth_successful"
    assert entry.data[CONF_USERNAME] == "0912345678"
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert len(cloud.sessions(OWNER.username)) == 1
    assert hass.config_entries.flow.async_progress() == []


@pytest.mark.parametrize("source", [SOURCE_REAUTH, SOURCE_RECONFIGURE])
async def test_another_account_is_refused_and_nothing_changes(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, source: str
) -> None:
    """Such as one that has the phone number now."""
    if source == SOURCE_REAUTH:
        flow = await reauthenticate(hass, cloud)
    else:
        flow = await submit(hass, await reconfigure(hass, entry), {CONF_SERVER: cloud.url})
    before, sessions = {**entry.data}, cloud.sessions(OWNER.username)
    flow = await submit(hass, flow, OTHER_CREDENTIALS)
    assert aborted(flow) == "unique_id_mismatch"
    await settle(hass)
    assert {**entry.data} == before
    assert (cloud.sessions(OWNER.username), cloud.sessions(OTHER.username)) == (sessions, [])


@pytest.mark.parametrize("source", [SOURCE_REAUTH, SOURCE_RECONFIGURE])
async def test_terms_that_are_not_accepted_leave_the_entry_as_it_was(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, source: str
) -> None:
    """Its session, too, and the dialog's is revoked."""
    cloud.mute(True)
    cloud.change_terms("2026-11")
    if source == SOURCE_REAUTH:
        entry.async_start_reauth(hass)
        await hass.async_block_till_done()
        (flow,) = hass.config_entries.flow.async_progress()
    else:
        flow = await submit(hass, await reconfigure(hass, entry), {CONF_SERVER: cloud.url})
    before, sessions = {**entry.data}, cloud.sessions(OWNER.username)
    flow = await submit(hass, flow, CREDENTIALS)
    assert (flow["step_id"], len(cloud.sessions(OWNER.username))) == ("terms", 2)
    flow = await submit(hass, flow, {CONF_ACCEPT: False})
    assert error_of(flow, "terms") == "terms_not_accepted"
    await close(hass, flow)
    assert (hass.config_entries.async_entries(DOMAIN), {**entry.data}) == ([entry], before)
    assert cloud.sessions(OWNER.username) == sessions
    cloud.mute(False)
    cloud.change_terms("2026-03")
    await asyncio.sleep(60)
    assert entry.state is ConfigEntryState.LOADED


# Another server, another password


async def reconfigure(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    """Return the flow that a user starts by *Reconfigure*."""
    context: ConfigFlowContext = {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    flow = await hass.config_entries.flow.async_init(DOMAIN, context=context)
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "reconfigure")
    assert suggested(flow) == {CONF_SERVER: entry.data[CONF_SERVER]}
    return flow


def known_entities(hass: HomeAssistant, entry: ConfigEntry) -> set[tuple[str, ...]]:
    """Return what identifies the entities of an entry."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {(entity.id, entity.entity_id, entity.unique_id, str(entity.device_id)) for entity in entities}


async def move(cloud: MockCloud) -> str:
    """Move the server to another address, and return that."""
    before = cloud.url
    await cloud.stop()
    await cloud.start()
    assert cloud.url != before
    return cloud.url


async def move_entry(hass: HomeAssistant, entry: ConfigEntry, url: str) -> None:
    """Enter the new address of the server of an entry."""
    flow = await submit(hass, await reconfigure(hass, entry), {CONF_SERVER: url})
    assert aborted(await submit(hass, flow, CREDENTIALS)) == "reconfigure_successful"
    await settle(hass)


async def test_a_server_that_has_moved_is_entered_and_everything_stays(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Entities and devices, also over a reload."""
    before, unique_id = known_entities(hass, entry), entry.unique_id
    url = await move(cloud)
    flow = await reconfigure(hass, entry)
    flow = await submit(hass, flow, {CONF_SERVER: entry.data[CONF_SERVER]})
    assert error_of(flow, "reconfigure") == "cannot_connect"
    flow = await submit(hass, flow, {CONF_SERVER: url})
    assert (flow["step_id"], described(flow)["server"]) == ("reconfigure_confirm", url)
    assert suggested(flow) == {CONF_USERNAME: OWNER.username, CONF_PASSWORD: None}
    flow = await submit(hass, flow, {CONF_USERNAME: OWNER.username, CONF_PASSWORD: "wrong"})
    assert error_of(flow, "reconfigure_confirm") == "invalid_auth"
    flow = await submit(hass, flow, CREDENTIALS)
    assert aborted(flow) == "reconfigure_successful"
    await hass.async_block_till_done()
    assert (entry.state, entry.data[CONF_SERVER], entry.unique_id) == (ConfigEntryState.LOADED, url, unique_id)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert known_entities(hass, entry) == before
    cloud.touch("cong-tac-bep", "1", on=True)
    await shows(hass, "light.bep_den_tran", "on", within_s=1)


@pytest.mark.parametrize("ended", [False, True])
async def test_a_new_login_replaces_the_session(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, ended: bool
) -> None:
    """The old session is revoked after the new one is opened; a login that Home Assistant asks for is done with it."""
    before = cloud.sessions(OWNER.username)
    if ended:
        await reauthenticate(hass, cloud)
        before = []
    flow = await submit(hass, await reconfigure(hass, entry), {CONF_SERVER: cloud.url})
    assert cloud.sessions(OWNER.username) == before
    flow = await submit(hass, flow, CREDENTIALS)
    assert aborted(flow) == "reconfigure_successful"
    await settle(hass)
    (after,) = cloud.sessions(OWNER.username)
    assert after not in before
    assert (entry.state, hass.config_entries.flow.async_progress()) == (ConfigEntryState.LOADED, [])


async def test_an_old_server_that_does_not_respond_is_not_waited_for(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The session there ends by itself."""
    async with ScriptedServer() as server:
        server.replies(SILENT)
        endpoints = {**entry.data[CONF_ENDPOINTS], "revocation_endpoint": f"{server.url}/revoke"}
        hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_ENDPOINTS: endpoints})
        flow = await submit(hass, await reconfigure(hass, entry), {CONF_SERVER: cloud.url})
        started = asyncio.get_running_loop().time()
        flow = await submit(hass, flow, CREDENTIALS)
        assert aborted(flow) == "reconfigure_successful"
        assert asyncio.get_running_loop().time() - started < 1
        await settle(hass)
    assert entry.state is ConfigEntryState.LOADED


async def test_a_server_that_has_moved_is_the_same_for_accounts_that_are_added_later(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The same account is not added twice, and a shared home is not shown twice."""
    await move_entry(hass, entry, await move(cloud))
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    assert aborted(flow) == "already_configured"
    cloud.share_home("nha-ha-noi", OTHER.username)
    flow = await submit(hass, await start_flow(hass, cloud), OTHER_CREDENTIALS)
    assert choices(flow, CONF_HOMES) == {"nha-da-nang": "Nhà Đà Nẵng"}
    await close(hass, flow)


async def test_a_server_at_an_address_that_another_has_left_is_another_server(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Routers give addresses away again; their homes have nothing in common, although the IDs are the same."""
    left = cloud.url
    await move_entry(hass, entry, await move(cloud))
    stranger = MockCloud(clock=cloud.now)
    await stranger.start(port=int(left.rpartition(":")[2]))
    assert stranger.url == left
    other = await log_in(hass, stranger, OWNER)
    assert other.unique_id != entry.unique_id
    assert other.data[CONF_HOMES] == entry.data[CONF_HOMES] != []
    assert len(known_entities(hass, other)) == len(known_entities(hass, entry))
    assert await hass.config_entries.async_unload(other.entry_id)
    await stranger.stop()


async def test_a_home_that_two_entries_show_stays_with_the_older_one(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The second account was added at a new address, before it was known to be the same server's."""
    cloud.share_home("nha-ha-noi", OTHER.username)
    before = known_entities(hass, entry)
    url = await move(cloud)
    other = await log_in(hass, cloud, OTHER)
    assert "nha-ha-noi" in other.data[CONF_HOMES]
    await move_entry(hass, entry, url)
    await asyncio.sleep(5)
    assert "nha-ha-noi" in entry.data[CONF_HOMES]
    assert other.data[CONF_HOMES] == ["nha-da-nang"]
    assert known_entities(hass, entry) == before
    assert "Công tắc bếp" not in devices(hass, other)
