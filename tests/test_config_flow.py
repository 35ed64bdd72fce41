"""Adding an account: every way it ends, and every way it goes wrong and can be put right."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
import json

from aiohttp import web
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
    CONF_POLL_INTERVAL,
    CONF_SERVER,
    CONTRACT_URL,
    DOMAIN,
)
from custom_components.wesmart.terms_form import CONF_ACCEPT
from tests.accounts import OTHER, OWNER, choices, keep_homes, log_in, start_flow, submit, suggested
from tests.home import devices, shows
from tests.mock_cloud import MockCloud

CREDENTIALS: dict[str, object] = {CONF_USERNAME: OWNER.username, CONF_PASSWORD: OWNER.password}
WELL_KNOWN = "/.well-known/wesmart"


@asynccontextmanager
async def server(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """Run a server that is not a cloud of the contract; yield its address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def settled(hass: HomeAssistant) -> None:
    """Let what a closed dialog leaves behind end."""
    await hass.async_block_till_done()
    await asyncio.sleep(6)


def problem(flow: ConfigFlowResult, step: str) -> str:
    """Return what the form complains about, and make sure it is that form."""
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, step)
    errors = flow["errors"]
    assert errors is not None
    return errors["base"]


def said(flow: ConfigFlowResult) -> Mapping[str, str]:
    """Return what the form's text tells of the case at hand."""
    placeholders = flow["description_placeholders"]
    assert placeholders is not None
    return placeholders


# Who logs in how


@pytest.mark.parametrize("username", ["minhanh@example.com", "0912 345 678", "+84912345678", "0912.345.678"])
async def test_an_account_is_added_by_email_or_phone_as_people_write_it(
    hass: HomeAssistant, cloud: MockCloud, username: str
) -> None:
    """The entry is named after the account, and holds tokens but no password."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (flow["step_id"], said(flow)["contract_url"]) == ("user", CONTRACT_URL)
    flow = await submit(hass, flow, {CONF_SERVER: f" {cloud.url}/ "})
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "account")
    assert said(flow)["server"] == cloud.url
    assert said(flow)["terms_url"].startswith("http")
    flow = await submit(hass, flow, {CONF_USERNAME: username, CONF_PASSWORD: OWNER.password})
    flow = await keep_homes(hass, flow)
    assert (flow["type"], flow["title"]) == (FlowResultType.CREATE_ENTRY, OWNER.full_name)

    entry: ConfigEntry = flow["result"]
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.unique_id == f"{cloud.url} tk-minh-anh"
    assert OWNER.password not in json.dumps({**entry.data})
    assert len(cloud.sessions(OWNER.username)) == 1
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_two_accounts_of_a_server_are_two_entries(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Each with its own homes."""
    other = await log_in(hass, cloud, OTHER)
    assert other.title == OTHER.full_name
    assert {entry.state, other.state} == {ConfigEntryState.LOADED}
    assert await hass.config_entries.async_unload(other.entry_id)


async def test_the_same_account_cannot_be_added_twice_and_leaves_no_session(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Under whichever name it logs in."""
    flow = await start_flow(hass, cloud)
    flow = await submit(hass, flow, {CONF_USERNAME: "0912345678", CONF_PASSWORD: OWNER.password})
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "already_configured")
    await settled(hass)
    assert len(cloud.sessions(OWNER.username)) == 1


async def test_an_account_is_not_added_in_two_dialogs_at_once(hass: HomeAssistant, cloud: MockCloud) -> None:
    """The first one can go on."""
    first = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    second = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    assert (second["type"], second["reason"]) == (FlowResultType.ABORT, "already_in_progress")
    await settled(hass)
    assert len(cloud.sessions(OWNER.username)) == 1
    first = await keep_homes(hass, first)
    assert first["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(first["result"].entry_id)


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
async def test_an_address_that_is_none_is_explained_and_can_be_corrected(
    hass: HomeAssistant, cloud: MockCloud, entered: str, error: str
) -> None:
    """What was entered stays in the field."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    flow = await submit(hass, flow, {CONF_SERVER: entered})
    assert problem(flow, "user") == error
    assert suggested(flow) == {CONF_SERVER: entered}
    flow = await submit(hass, flow, {CONF_SERVER: cloud.url})
    assert (flow["step_id"], flow["errors"]) == ("account", {})


def _document(url: str, **members: object) -> dict[str, object]:
    return {
        "version": 1,
        "issuer": url,
        "token_endpoint": f"{url}/token",
        "revocation_endpoint": f"{url}/revoke",
        "grant_types_supported": ["password", "refresh_token"],
        "api_url": f"{url}/v1",
        "events_url": f"{url}/events".replace("http", "ws", 1),
        "terms_url": f"{url}/terms",
        "support": {"phone": "0816 333 868"},
        **members,
    }


async def _html(_request: web.Request) -> web.Response:
    return web.Response(text="<html>Welcome</html>", content_type="text/html")


async def _nothing(_request: web.Request) -> web.Response:
    raise web.HTTPNotFound


async def _elsewhere(_request: web.Request) -> web.Response:
    raise web.HTTPFound("http://127.0.0.1:1/")


async def _broken(_request: web.Request) -> web.Response:
    return web.Response(text="{", content_type="application/json")


async def _silent(_request: web.Request) -> web.Response:
    await asyncio.sleep(60)
    return web.Response()


async def _maintained(_request: web.Request) -> web.Response:
    return web.Response(status=503, headers={"Retry-After": "90"})


async def _maintained_for_who_knows_how_long(_request: web.Request) -> web.Response:
    return web.Response(status=503)


async def _overrun(_request: web.Request) -> web.Response:
    return web.Response(status=429)


async def _next_version(request: web.Request) -> web.Response:
    return web.json_response({"version": 2, "everything": "else"})


async def _pointing_away(request: web.Request) -> web.Response:
    url = f"http://{request.host}"
    return web.json_response(_document(url, token_endpoint="https://cloud.example.com/token"))


async def _without_passwords(request: web.Request) -> web.Response:
    return web.json_response(_document(f"http://{request.host}", grant_types_supported=["device_code"]))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (_html, "unsupported_server"),
        (_nothing, "unsupported_server"),
        (_elsewhere, "unsupported_server"),
        (_broken, "unsupported_server"),
        (_next_version, "unsupported_server"),
        (_without_passwords, "unsupported_server"),
        (_pointing_away, "unsafe_server"),
        (_silent, "timeout_connect"),
        (_maintained, "maintenance"),
        (_maintained_for_who_knows_how_long, "maintenance_indefinite"),
        (_overrun, "rate_limited_indefinite"),
    ],
)
async def test_a_server_that_is_no_cloud_is_told_apart_before_credentials_are_asked_for(
    hass: HomeAssistant,
    cloud: MockCloud,
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
    error: str,
) -> None:
    """And the right one can be entered then."""
    async with server(answer) as url:
        flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        flow = await submit(hass, flow, {CONF_SERVER: url})
        assert problem(flow, "user") == error
        flow = await submit(hass, flow, {CONF_SERVER: cloud.url})
        assert flow["step_id"] == "account"


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
    """The name stays in the field, the password does not."""
    flow = await submit(hass, await start_flow(hass, cloud), credentials)
    assert problem(flow, "account") == "invalid_auth"
    assert suggested(flow) == {CONF_USERNAME: credentials[CONF_USERNAME], CONF_PASSWORD: None}
    assert cloud.sessions(OWNER.username) == []
    flow = await submit(hass, flow, CREDENTIALS)
    flow = await keep_homes(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(flow["result"].entry_id)


async def test_a_cloud_that_goes_away_before_the_login_is_explained(hass: HomeAssistant, cloud: MockCloud) -> None:
    """It may be back in a minute."""
    flow = await start_flow(hass, cloud)
    port = cloud.port
    await cloud.stop()
    flow = await submit(hass, flow, CREDENTIALS)
    assert problem(flow, "account") == "cannot_connect"
    await cloud.start(port=port)
    flow = await submit(hass, flow, CREDENTIALS)
    flow = await keep_homes(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(flow["result"].entry_id)


@pytest.mark.parametrize(("path", "sessions"), [("/oauth/token", 0), ("/v1/account", 1), ("/v1/snapshot", 1)])
async def test_too_many_requests_at_any_step_are_explained_and_sessions_do_not_add_up(
    hass: HomeAssistant, cloud: MockCloud, path: str, sessions: int
) -> None:
    """A second try ends the session that the first one opened."""
    flow = await start_flow(hass, cloud)
    cloud.rate_limit(30, path=path)
    flow = await submit(hass, flow, CREDENTIALS)
    assert problem(flow, "account") == "rate_limited"
    assert said(flow)["seconds"] == "30"
    assert len(cloud.sessions(OWNER.username)) == sessions
    await asyncio.sleep(30)
    flow = await submit(hass, flow, CREDENTIALS)
    flow = await keep_homes(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert len(cloud.sessions(OWNER.username)) == 1
    assert await hass.config_entries.async_unload(flow["result"].entry_id)


async def test_a_suspended_account_is_told_why_until_when_and_whom_to_call(
    hass: HomeAssistant, cloud: MockCloud
) -> None:
    """And is added once it works again."""
    cloud.suspend(OWNER.username, reason="Nghi ngờ [lạm dụng](http://x)")
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    assert problem(flow, "account") == "account_suspended"
    placeholders = said(flow)
    assert placeholders["reason"] == "Nghi ngờ [lạm dụng](http://x)"
    assert (placeholders["until"], placeholders["phone"]) == ("–", "0816 333 868")
    cloud.unblock(OWNER.username)
    flow = await submit(hass, flow, CREDENTIALS)
    flow = await keep_homes(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(flow["result"].entry_id)


async def test_an_account_may_be_suspended_for_ever(hass: HomeAssistant, cloud: MockCloud) -> None:
    """Which is over in the east before it begins at Greenwich."""
    await hass.config.async_set_time_zone("Asia/Ho_Chi_Minh")
    cloud.suspend(OWNER.username, until=253402300799)
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    assert problem(flow, "account") == "account_suspended"
    assert said(flow)["until"] == "9999-12-31 23:59 UTC"
    hass.config_entries.flow.async_abort(flow["flow_id"])
    await settled(hass)


async def test_a_closed_account_is_told_so_and_closing_the_dialog_leaves_no_session(
    hass: HomeAssistant, cloud: MockCloud
) -> None:
    """The cloud gave tokens, to say why."""
    cloud.terminate(OWNER.username)
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    assert problem(flow, "account") == "account_terminated"
    assert len(cloud.sessions(OWNER.username)) == 1
    hass.config_entries.flow.async_abort(flow["flow_id"])
    await settled(hass)
    assert cloud.sessions(OWNER.username) == []


# The terms


async def test_open_terms_are_shown_with_their_link_and_accepted_in_the_flow(
    hass: HomeAssistant, cloud: MockCloud
) -> None:
    """Without accepting, the account is not let in."""
    cloud.change_terms("2026-11")
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    assert (flow["step_id"], flow["errors"]) == ("terms", {})
    assert said(flow)["version"] == r"2026-11"
    assert said(flow)["terms_url"].endswith("/terms")
    flow = await submit(hass, flow, {CONF_ACCEPT: False})
    assert problem(flow, "terms") == "terms_not_accepted"
    flow = await submit(hass, flow, {CONF_ACCEPT: True})
    flow = await keep_homes(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert flow["result"].state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(flow["result"].entry_id)


@pytest.mark.parametrize("source", [SOURCE_REAUTH, SOURCE_RECONFIGURE])
async def test_an_account_that_does_not_accept_terms_stays_as_it_was(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, source: str
) -> None:
    """As the form says: nothing changes, wherever it is closed."""
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
    assert problem(flow, "terms") == "terms_not_accepted"
    hass.config_entries.flow.async_abort(flow["flow_id"])
    await settled(hass)
    assert (hass.config_entries.async_entries(DOMAIN), {**entry.data}) == ([entry], before)
    assert cloud.sessions(OWNER.username) == sessions
    cloud.mute(False)
    cloud.change_terms("2026-03")
    await asyncio.sleep(60)
    assert entry.state is ConfigEntryState.LOADED


async def test_terms_that_do_not_block_may_wait(hass: HomeAssistant, cloud: MockCloud) -> None:
    """They are shown all the same."""
    cloud.change_terms("2026-11", required=False)
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    assert flow["step_id"] == "terms"
    flow = await submit(hass, flow, {CONF_ACCEPT: False})
    flow = await keep_homes(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(flow["result"].entry_id)


async def test_terms_that_change_while_they_are_read_are_shown_anew(hass: HomeAssistant, cloud: MockCloud) -> None:
    """Only what was shown is accepted."""
    cloud.change_terms("2026-11")
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    cloud.change_terms("2026-12")
    flow = await submit(hass, flow, {CONF_ACCEPT: True})
    assert problem(flow, "terms") == "terms_changed"
    assert said(flow)["version"] == "2026-12"
    cloud.rate_limit(5, path="/v1/account/terms")
    flow = await submit(hass, flow, {CONF_ACCEPT: True})
    assert problem(flow, "terms") == "rate_limited"
    await asyncio.sleep(5)
    flow = await submit(hass, flow, {CONF_ACCEPT: True})
    flow = await keep_homes(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(flow["result"].entry_id)


async def test_terms_that_change_once_more_after_accepting_are_shown_again(
    hass: HomeAssistant, cloud: MockCloud
) -> None:
    """When the cloud does not even answer the second question, that is said."""
    cloud.change_terms("2026-11")
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    cloud.change_terms("2026-12")
    cloud.rate_limit(5, path="/v1/account")
    flow = await submit(hass, flow, {CONF_ACCEPT: True})
    assert problem(flow, "terms") == "rate_limited"
    hass.config_entries.flow.async_abort(flow["flow_id"])
    await settled(hass)
    assert cloud.sessions(OWNER.username) == []


async def test_a_session_that_ends_while_the_terms_are_read_leads_back_to_the_login(
    hass: HomeAssistant, cloud: MockCloud
) -> None:
    """Where it can be opened anew."""
    cloud.change_terms("2026-11")
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    cloud.sign_out(OWNER.username)
    flow = await submit(hass, flow, {CONF_ACCEPT: True})
    assert problem(flow, "account") == "session_ended"
    flow = await submit(hass, flow, CREDENTIALS)
    assert flow["step_id"] == "terms"
    hass.config_entries.flow.async_abort(flow["flow_id"])
    await settled(hass)
    assert cloud.sessions(OWNER.username) == []


async def test_terms_may_be_read_for_hours_and_the_dialog_opened_again(hass: HomeAssistant, cloud: MockCloud) -> None:
    """The tokens that were renewed meanwhile are the ones that the entry keeps."""
    cloud.change_terms("2026-11")
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    await asyncio.sleep(3 * 3600)
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert (flow["step_id"], flow["errors"]) == ("terms", {})
    flow = await submit(hass, flow, {CONF_ACCEPT: True})
    flow = await keep_homes(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert flow["result"].state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_reload(flow["result"].entry_id)
    assert len(cloud.sessions(OWNER.username)) == 1
    assert await hass.config_entries.async_unload(flow["result"].entry_id)


# The homes


async def test_an_account_of_several_homes_is_asked_which_to_show(hass: HomeAssistant, cloud: MockCloud) -> None:
    """All of them, unless its owner says otherwise."""
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    assert (flow["step_id"], said(flow)["taken"]) == ("homes", "–")
    assert choices(flow, CONF_HOMES) == {"nha-ha-noi": "Nhà Hà Nội", "can-ho-my-dinh": "Căn hộ Mỹ Đình"}
    assert suggested(flow) == {CONF_HOMES: ["nha-ha-noi", "can-ho-my-dinh"], CONF_POLL_INTERVAL: 30}
    # The dialog may be closed and opened again.
    flow = await hass.config_entries.flow.async_configure(flow["flow_id"])
    flow = await submit(hass, flow, {CONF_HOMES: ["can-ho-my-dinh"], CONF_POLL_INTERVAL: 20})
    await hass.async_block_till_done()
    entry = flow["result"]
    assert entry.options == {CONF_EXCLUDED_HOMES: ["nha-ha-noi"], CONF_POLL_INTERVAL: 20}
    assert len(hass.states.async_entity_ids("cover")) == 1
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_an_account_of_one_home_is_not_asked(hass: HomeAssistant, cloud: MockCloud) -> None:
    """There is nothing to choose."""
    flow = await start_flow(hass, cloud)
    flow = await submit(hass, flow, {CONF_USERNAME: OTHER.username, CONF_PASSWORD: OTHER.password})
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["options"] == {CONF_EXCLUDED_HOMES: [], CONF_POLL_INTERVAL: 30}
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(flow["result"].entry_id)


async def test_an_account_without_homes_is_welcome(hass: HomeAssistant, cloud: MockCloud) -> None:
    """Its first home comes by itself."""
    cloud.unshare_home("nha-da-nang", OTHER.username)
    entry = await log_in(hass, cloud, OTHER)
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.async_entity_ids() == ["event.wesmart_feedback"]
    assert async_get_issues(hass).issues == {}
    cloud.share_home("nha-da-nang", OTHER.username)
    await asyncio.sleep(1)
    assert len(hass.states.async_entity_ids()) > 1
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_an_account_without_a_name_is_not_called_by_what_it_logs_in_with(
    hass: HomeAssistant, cloud: MockCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """Titles stand in logs, also in Home Assistant's."""
    cloud._account(OTHER.username).full_name = ""
    entry = await log_in(hass, cloud, OTHER)
    cloud.maintenance(retry_after=30)
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.title == "WeSMART"
    for secret in ("quocbao@example.com", "987 654 321", "987654321"):
        assert secret not in caplog.text
    cloud.end_maintenance()
    await asyncio.sleep(60)
    assert await hass.config_entries.async_unload(entry.entry_id)


# Logging in again


async def test_a_dialog_that_is_closed_while_the_cloud_opens_the_session_leaves_none(
    hass: HomeAssistant, cloud: MockCloud
) -> None:
    """The answer comes when nobody waits for it any more."""
    flow = await start_flow(hass, cloud)
    cloud.latency = 3
    login = asyncio.create_task(submit(hass, flow, CREDENTIALS))
    await asyncio.sleep(1)
    hass.config_entries.flow.async_abort(flow["flow_id"])
    with pytest.raises(UnknownFlow):
        await login
    await asyncio.sleep(10)
    assert cloud.sessions(OWNER.username) == []


async def reauthenticate(hass: HomeAssistant, cloud: MockCloud) -> ConfigFlowResult:
    """End the session in the cloud; return the flow that Home Assistant starts then."""
    cloud.sign_out(OWNER.username)
    await asyncio.sleep(60)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert (flow["context"]["source"], flow["step_id"]) == ("reauth", "reauth_confirm")
    assert [issue for (domain, issue) in async_get_issues(hass).issues if domain == "homeassistant"]
    return flow


async def test_a_session_that_ended_in_the_cloud_asks_for_the_password_and_goes_on(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The entry stays, with its entities."""
    flow = await reauthenticate(hass, cloud)
    flow = await submit(hass, flow, {CONF_USERNAME: OWNER.username, CONF_PASSWORD: "wrong"})
    assert problem(flow, "reauth_confirm") == "invalid_auth"
    # The phone number is the same account's: names may change in the app.
    flow = await submit(hass, flow, {CONF_USERNAME: "0912345678", CONF_PASSWORD: OWNER.password})
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert entry.data[CONF_USERNAME] == "0912345678"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert len(cloud.sessions(OWNER.username)) == 1
    assert hass.config_entries.flow.async_progress() == []


async def test_logging_in_again_explains_what_is_in_the_way(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Also after the password was right."""
    flow = await reauthenticate(hass, cloud)
    cloud.suspend(OWNER.username)
    flow = await submit(hass, flow, CREDENTIALS)
    assert problem(flow, "reauth_confirm") == "account_suspended"
    cloud.unblock(OWNER.username)
    flow = await submit(hass, flow, CREDENTIALS)
    assert flow["reason"] == "reauth_successful"
    await hass.async_block_till_done()


async def test_logging_in_again_refuses_another_account(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Such as one that the phone number belongs to now."""
    flow = await reauthenticate(hass, cloud)
    flow = await submit(hass, flow, {CONF_USERNAME: OTHER.username, CONF_PASSWORD: OTHER.password})
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "unique_id_mismatch")
    await settled(hass)
    assert cloud.sessions(OTHER.username) == []


# Another server, another password


async def reconfigure(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    """Return the flow that a user starts by *Reconfigure*."""
    context: ConfigFlowContext = {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    flow = await hass.config_entries.flow.async_init(DOMAIN, context=context)
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "reconfigure")
    assert suggested(flow) == {CONF_SERVER: entry.data[CONF_SERVER]}
    return flow


def known_entities(hass: HomeAssistant, entry: ConfigEntry) -> set[tuple[str, ...]]:
    """Return the entities of an account, with everything that makes them the same ones."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {(entity.id, entity.entity_id, entity.unique_id, str(entity.device_id)) for entity in entities}


async def move(cloud: MockCloud) -> str:
    """Let the cloud answer under another address; return that."""
    before = cloud.url
    await cloud.stop()
    await cloud.start()
    assert cloud.url != before
    return cloud.url


async def test_a_server_that_has_moved_is_entered_anew_and_everything_stays(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Entities with their ids, devices, homes; also over the next restart."""
    before, unique_id = known_entities(hass, entry), entry.unique_id
    url = await move(cloud)
    flow = await reconfigure(hass, entry)
    flow = await submit(hass, flow, {CONF_SERVER: entry.data[CONF_SERVER]})
    assert problem(flow, "reconfigure") == "cannot_connect"
    flow = await submit(hass, flow, {CONF_SERVER: url})
    assert (flow["step_id"], said(flow)["server"]) == ("reconfigure_confirm", url)
    assert suggested(flow) == {CONF_USERNAME: OWNER.username, CONF_PASSWORD: None}
    flow = await submit(hass, flow, {CONF_USERNAME: OWNER.username, CONF_PASSWORD: "wrong"})
    assert problem(flow, "reconfigure_confirm") == "invalid_auth"
    flow = await submit(hass, flow, CREDENTIALS)
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    await hass.async_block_till_done()
    assert (entry.state, entry.data[CONF_SERVER], entry.unique_id) == (ConfigEntryState.LOADED, url, unique_id)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert known_entities(hass, entry) == before
    cloud.touch("cong-tac-bep", "1", on=True)
    await shows(hass, "switch.bep_cong_tac_bep_den_tran", "on", within_s=1)


async def test_a_new_password_replaces_the_session(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """The old one is ended in the cloud, and not before the new one is there."""
    (before,) = cloud.sessions(OWNER.username)
    flow = await submit(hass, await reconfigure(hass, entry), {CONF_SERVER: cloud.url})
    assert cloud.sessions(OWNER.username) == [before]
    flow = await submit(hass, flow, CREDENTIALS)
    assert flow["reason"] == "reconfigure_successful"
    await settled(hass)
    (after,) = cloud.sessions(OWNER.username)
    assert after is not before
    assert entry.state is ConfigEntryState.LOADED


async def test_another_account_is_refused_and_nothing_changes(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """It can be an entry of its own."""
    before = {**entry.data}
    flow = await submit(hass, await reconfigure(hass, entry), {CONF_SERVER: cloud.url})
    flow = await submit(hass, flow, {CONF_USERNAME: OTHER.username, CONF_PASSWORD: OTHER.password})
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "unique_id_mismatch")
    await settled(hass)
    assert ({**entry.data}, entry.state) == (before, ConfigEntryState.LOADED)
    assert (len(cloud.sessions(OWNER.username)), cloud.sessions(OTHER.username)) == (1, [])


async def test_a_server_of_before_that_does_not_answer_is_not_waited_for(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The session there ends by itself."""
    async with server(_silent) as url:
        endpoints = {**entry.data[CONF_ENDPOINTS], "revocation_endpoint": f"{url}/revoke"}
        hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_ENDPOINTS: endpoints})
        flow = await submit(hass, await reconfigure(hass, entry), {CONF_SERVER: cloud.url})
        started = asyncio.get_running_loop().time()
        flow = await submit(hass, flow, CREDENTIALS)
        assert flow["reason"] == "reconfigure_successful"
        assert asyncio.get_running_loop().time() - started < 1
        await settled(hass)
    assert entry.state is ConfigEntryState.LOADED


async def test_reconfiguring_an_account_that_has_to_log_in_again_is_enough(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Nobody asks twice."""
    await reauthenticate(hass, cloud)
    flow = await submit(hass, await reconfigure(hass, entry), {CONF_SERVER: cloud.url})
    flow = await submit(hass, flow, CREDENTIALS)
    assert flow["reason"] == "reconfigure_successful"
    await settled(hass)
    assert (entry.state, hass.config_entries.flow.async_progress()) == (ConfigEntryState.LOADED, [])


async def test_a_server_that_has_moved_is_still_the_same_for_whoever_is_added_then(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The same account is not added twice, and a home that another one sees too is not shown twice."""
    url = await move(cloud)
    flow = await submit(hass, await reconfigure(hass, entry), {CONF_SERVER: url})
    await submit(hass, flow, CREDENTIALS)
    await hass.async_block_till_done()
    flow = await submit(hass, await start_flow(hass, cloud), CREDENTIALS)
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "already_configured")
    cloud.share_home("nha-ha-noi", OTHER.username)
    flow = await start_flow(hass, cloud)
    flow = await submit(hass, flow, {CONF_USERNAME: OTHER.username, CONF_PASSWORD: OTHER.password})
    assert choices(flow, CONF_HOMES) == {"nha-da-nang": "Nhà Đà Nẵng"}
    hass.config_entries.flow.async_abort(flow["flow_id"])
    await settled(hass)


async def test_another_server_at_an_address_that_one_has_left_is_another(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Addresses of a home network are given away again; what is in the two has nothing to do with each other."""
    left = cloud.url
    flow = await submit(hass, await reconfigure(hass, entry), {CONF_SERVER: await move(cloud)})
    await submit(hass, flow, CREDENTIALS)
    await settled(hass)
    stranger = MockCloud(clock=cloud.now)
    await stranger.start(port=int(left.rpartition(":")[2]))
    assert stranger.url == left
    other = await log_in(hass, stranger, OWNER)
    assert other.unique_id != entry.unique_id
    assert other.data[CONF_HOMES] == entry.data[CONF_HOMES] != []
    assert len(known_entities(hass, other)) == len(known_entities(hass, entry))
    assert await hass.config_entries.async_unload(other.entry_id)
    await stranger.stop()


async def test_a_home_that_a_second_account_has_found_at_the_new_address_goes_back_to_the_first(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Which did not know of the move then; its entities have the history."""
    cloud.share_home("nha-ha-noi", OTHER.username)
    before = known_entities(hass, entry)
    url = await move(cloud)
    other = await log_in(hass, cloud, OTHER)
    assert "nha-ha-noi" in other.data[CONF_HOMES]
    flow = await submit(hass, await reconfigure(hass, entry), {CONF_SERVER: url})
    await submit(hass, flow, CREDENTIALS)
    await settled(hass)
    await asyncio.sleep(5)
    assert "nha-ha-noi" in entry.data[CONF_HOMES]
    assert other.data[CONF_HOMES] == ["nha-da-nang"]
    assert known_entities(hass, entry) == before
    assert not any(name == "Công tắc bếp" for name in devices(hass, other))
    assert await hass.config_entries.async_unload(other.entry_id)
