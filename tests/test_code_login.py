"""The login on the server's page: Home Assistant's dialog on one side, a browser on the other, all by real HTTP."""

import asyncio
from collections.abc import AsyncIterator
import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from aiohttp import ClientSession
from aiohttp.test_utils import TestClient
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.wesmart.const import CONF_ENDPOINTS, CONF_SERVER, CONF_TOKENS, DOMAIN
from custom_components.wesmart.formatting import markdown
from custom_components.wesmart.terms import CONF_ACCEPT
from tests.accounts import OTHER, OWNER, Person, log_in, settle
from tests.discovery_server import DiscoveryServer
from tests.form_browser import Browser
from tests.home import shows
from tests.mock_cloud import MockCloud

pytestmark = pytest.mark.slow

INTEGRATION = Path(__file__).parents[1] / "custom_components" / "wesmart"
FLOWS = "/api/config/config_entries/flow"
MY = "https://my.home-assistant.io/redirect/oauth"
TEXTS = json.loads((INTEGRATION / "translations" / "en.json").read_text(encoding="utf-8"))["config"]

type Step = dict[str, Any]


class Dialog:
    """A config flow as the frontend shows it."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        self._client = client
        self.base = str(client.make_url("")).rstrip("/")
        self.step: Step = {}

    async def start(self, entry: ConfigEntry | None = None) -> Step:
        """Add an account, or reconfigure an entry."""
        about = {} if entry is None else {"entry_id": entry.entry_id}
        return await self._request("POST", FLOWS, {"handler": DOMAIN, **about})

    async def attach(self, hass: HomeAssistant) -> Step:
        """Open the dialog that Home Assistant began by itself."""
        (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        assert flow["context"]["source"] == "reauth"
        return await self._request("GET", f"{FLOWS}/{flow['flow_id']}")

    async def submit(self, **entered: object) -> Step:
        """Fill in the form, or pick from the menu."""
        return await self._request("POST", f"{FLOWS}/{self.step['flow_id']}", entered)

    async def look(self) -> Step:
        """Read the present step, as the frontend does when the browser has returned."""
        return await self._request("GET", f"{FLOWS}/{self.step['flow_id']}")

    async def close(self) -> None:
        """Close the dialog."""
        async with self._client.delete(f"{FLOWS}/{self.step['flow_id']}") as answer:
            assert answer.status == 200

    async def enter_server(self, url: str) -> Step:
        """Start with a server."""
        await self.start()
        return await self.submit(**{CONF_SERVER: url})

    async def _request(self, method: str, path: str, data: object = None) -> Step:
        headers = {"HA-Frontend-Base": self.base}
        async with self._client.request(method, path, json=data, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            self.step = await answer.json()
        _check_texts(self.step)
        return self.step


def _check_texts(step: Step) -> None:
    """Check that the texts of a step are there, with all placeholders."""
    if step["type"] in ("form", "menu", "external"):
        given = step["description_placeholders"]
        texts = TEXTS["step"][step["step_id"]]
        assert texts["description"].format(**given)
        for error in (step.get("errors") or {}).values():
            assert TEXTS["error"][error].format(**given)
        assert set(step.get("menu_options", ())) == texts.get("menu_options", {}).keys()


def step_of(step: Step) -> tuple[str, str | None, str | None]:
    """Return the type of a step, its ID, and its error."""
    return step["type"], step.get("step_id") or step.get("reason"), (step.get("errors") or {}).get("base")


FORM, EXTERNAL = ("form", "browser", None), ("external", "auth", None)


@pytest.fixture(autouse=True)
async def page_only(hass: HomeAssistant, cloud: MockCloud) -> AsyncIterator[None]:
    """Offer the login page and no password; unload the entries that a test has added."""
    cloud.login = "code"
    yield
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def dialog(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Dialog:
    """Return a dialog that is not open yet."""
    for component in ("auth", "config"):
        assert await async_setup_component(hass, component, {})
    return Dialog(await hass_client())


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Return a browser, which knows nobody."""
    async with ClientSession() as http:
        yield Browser(http)


@pytest.fixture
async def entry(hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser) -> ConfigEntry:
    """Return the loaded entry of an account that logged in on the page."""
    await dialog.enter_server(cloud.url)
    return await added(hass, cloud, dialog, browser)


async def visit(cloud: MockCloud, browser: Browser, step: Step, person: Person = OWNER) -> None:
    """Log in on the page that the dialog opens, as far as the redirect."""
    assert step_of(step) == EXTERNAL
    await browser.open(step["url"])
    await browser.log_in(person.username, person.password)
    await browser.submit(one_time_code=cloud.one_time_code(person.username))
    assert browser.status == 303


async def go_through(cloud: MockCloud, dialog: Dialog, browser: Browser, person: Person = OWNER) -> Step:
    """Log in from the form or menu on, and return what the dialog shows then."""
    await visit(cloud, browser, await dialog.submit(**_go_on(dialog)), person)
    await browser.open(browser.location)
    assert (browser.status, "window.close()" in browser.html) == (200, True)
    return await dialog.look()


def _go_on(dialog: Dialog) -> dict[str, object]:
    return {"next_step_id": "auth"} if dialog.step["type"] == "menu" else {}


async def added(hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser) -> ConfigEntry:
    """Log in and keep all homes; return the entry."""
    assert step_of(await go_through(cloud, dialog, browser)) == ("form", "homes", None)
    step = await dialog.submit(homes=["nha-ha-noi", "can-ho-my-dinh"])
    assert step["type"] == "create_entry"
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.state is ConfigEntryState.LOADED
    return entry


# Adding an account


async def test_an_account_is_added_by_the_page(
    hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser
) -> None:
    """Home Assistant never gets the password, and the entry is like any other."""
    step = await dialog.enter_server(cloud.url)
    assert step_of(step) == FORM
    assert step["data_schema"] == []
    assert step["description_placeholders"]["page_host"] == f"127\\.0\\.0\\.1\\:{cloud.port}"
    entry = await added(hass, cloud, dialog, browser)
    assert (entry.title, entry.unique_id) == ("WeSMART", f"{cloud.url} tk-minh-anh")
    assert len(cloud.sessions(OWNER.username)) == 1
    forms = [parse_qs(request.body.decode()) for request in cloud.requests if request.path == "/oauth/token"]
    assert [form["grant_type"] for form in forms] == [["authorization_code"]]
    assert forms[0]["session_id"] == [entry.data[CONF_TOKENS]["session_id"]]
    cloud.touch("cong-tac-bep", "1", on=True)
    await shows(hass, "light.bep_den_tran", "on", within_s=1)
    await asyncio.sleep(3 * 3600)  # the tokens are renewed
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert len(cloud.sessions(OWNER.username)) == 1
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert cloud.sessions(OWNER.username) == []


async def test_the_request_is_as_the_contract_says(cloud: MockCloud, dialog: Dialog) -> None:
    """Each attempt has a challenge of its own, and a step that is shown again has the same."""
    await dialog.enter_server(cloud.url)
    step = await dialog.submit()
    query = dict(parse_qsl(urlsplit(step["url"]).query))
    assert step["url"].startswith(f"{cloud.url}/oauth/authorize?")
    assert query.keys() == {
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "redirect_uri",
        "response_type",
        "state",
    }
    assert (query["response_type"], query["client_id"], query["code_challenge_method"]) == (
        "code",
        "home-assistant",
        "S256",
    )
    assert query["redirect_uri"] == f"{dialog.base}/auth/external/callback"
    assert dict(parse_qsl(urlsplit((await dialog.look())["url"]).query))["code_challenge"] == query["code_challenge"]
    await dialog.close()
    await dialog.enter_server(cloud.url)
    step = await dialog.submit()
    assert dict(parse_qsl(urlsplit(step["url"]).query))["code_challenge"] != query["code_challenge"]


async def test_home_assistants_redirect_service_is_used_where_it_is_there(
    hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser
) -> None:
    """It sends the browser on to the Home Assistant that its owner has named to it."""
    hass.config.components.add("my")
    await dialog.enter_server(cloud.url)
    await visit(cloud, browser, await dialog.submit())
    assert browser.location.startswith(f"{MY}?")
    await browser.open(browser.location.replace(MY, f"{dialog.base}/auth/external/callback"))
    assert step_of(await dialog.look()) == ("form", "homes", None)


async def test_new_terms_are_shown_after_the_page(
    hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser
) -> None:
    """A session that ends while they are read is replaced by another visit."""
    cloud.change_terms("2026-11")
    await dialog.enter_server(cloud.url)
    assert step_of(await go_through(cloud, dialog, browser)) == ("form", "terms", None)
    cloud.sign_out(OWNER.username)
    assert step_of(await dialog.submit(**{CONF_ACCEPT: True})) == ("form", "browser", "session_ended")
    assert step_of(await go_through(cloud, dialog, browser)) == ("form", "terms", None)
    assert step_of(await dialog.submit(**{CONF_ACCEPT: True})) == ("form", "homes", None)
    await dialog.close()
    await settle(hass)
    assert cloud.sessions(OWNER.username) == []


async def test_an_account_that_was_added_already_leaves_no_session(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog, browser: Browser
) -> None:
    """Although the page opened one."""
    await dialog.enter_server(cloud.url)
    assert step_of(await go_through(cloud, dialog, browser))[:2] == ("abort", "already_configured")
    await settle(hass)
    assert len(cloud.sessions(OWNER.username)) == 1


# Where both are offered


async def test_the_user_chooses_where_both_are_offered(
    hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser
) -> None:
    """The browser comes first; after an error the same way is tried again."""
    cloud.login = "both"
    step = await dialog.enter_server(cloud.url)
    assert step_of(step) == ("menu", "login", None)
    assert step["menu_options"] == ["auth", "password"]
    assert step_of(await dialog.look()) == ("menu", "login", None)
    assert step_of(await dialog.submit(next_step_id="password")) == ("form", "account", None)
    step = await dialog.submit(**{CONF_USERNAME: OWNER.username, CONF_PASSWORD: "wrong"})
    assert step_of(step) == ("form", "account", "invalid_auth")
    step = await dialog.submit(**{CONF_USERNAME: OWNER.username, CONF_PASSWORD: OWNER.password})
    assert step_of(step) == ("form", "homes", None)
    await dialog.close()
    await dialog.enter_server(cloud.url)
    step = await dialog.submit(next_step_id="auth")
    await browser.open(step["url"])
    await browser.submit("cancel")
    await browser.open(browser.location)
    assert step_of(await dialog.look()) == ("form", "browser", "login_denied")
    await added(hass, cloud, dialog, browser)


# What goes wrong


@pytest.mark.parametrize("at", ["password", "one-time code"])
async def test_a_user_who_refuses_can_try_again(
    hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser, at: str
) -> None:
    """Or close the dialog."""
    await dialog.enter_server(cloud.url)
    step = await dialog.submit()
    await browser.open(step["url"])
    if at == "one-time code":
        await browser.log_in(OWNER.username, OWNER.password)
    await browser.submit("cancel")
    await browser.open(browser.location)
    assert step_of(await dialog.look()) == ("form", "browser", "login_denied")
    await added(hass, cloud, dialog, browser)


def _changed(location: str, **changes: str | None) -> str:
    """Return a redirect with other parameters; None leaves one out."""
    base, _, query = location.partition("?")
    parameters = {**dict(parse_qsl(query)), **changes}
    return f"{base}?{urlencode({name: value for name, value in parameters.items() if value is not None})}"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "another"}, "invalid_code"),
        ({"code": None, "error": "server_error"}, "login_failed"),
        ({"code": None, "error": "<b>evil</b>"}, "login_failed"),
    ],
)
async def test_what_the_page_gets_wrong_can_be_repeated(
    hass: HomeAssistant,
    cloud: MockCloud,
    dialog: Dialog,
    browser: Browser,
    changes: dict[str, str | None],
    error: str,
) -> None:
    """Nothing of its answer is shown."""
    await dialog.enter_server(cloud.url)
    await visit(cloud, browser, await dialog.submit())
    await browser.open(_changed(browser.location, **changes))
    step = await dialog.look()
    assert step_of(step) == ("form", "browser", error)
    assert "evil" not in json.dumps(step)
    await added(hass, cloud, dialog, browser)


async def test_a_code_that_is_too_old_is_refused(
    hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser
) -> None:
    """C-79: the next visit gets another."""
    await dialog.enter_server(cloud.url)
    await visit(cloud, browser, await dialog.submit())
    await asyncio.sleep(61)
    await browser.open(browser.location)
    assert step_of(await dialog.look()) == ("form", "browser", "invalid_code")
    await added(hass, cloud, dialog, browser)


async def test_a_page_of_an_earlier_attempt_does_not_log_in(cloud: MockCloud, dialog: Dialog, browser: Browser) -> None:
    """Its challenge is another."""
    await dialog.enter_server(cloud.url)
    await visit(cloud, browser, await dialog.submit())
    first = browser.location
    await browser.open(_changed(first, code=None, error="server_error"))
    assert step_of(await dialog.look()) == ("form", "browser", "login_failed")
    assert step_of(await dialog.submit()) == EXTERNAL
    await browser.open(first)
    assert step_of(await dialog.look()) == ("form", "browser", "invalid_code")
    assert cloud.sessions(OWNER.username) == []


@pytest.mark.parametrize("state", ["", "invalid", "eyJhbGciOiJub25lIn0.eyJmbG93X2lkIjoiYSJ9."])
async def test_an_answer_with_a_wrong_state_changes_nothing(
    hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser, state: str
) -> None:
    """Home Assistant's view refuses it, and the dialog waits on."""
    await dialog.enter_server(cloud.url)
    await visit(cloud, browser, await dialog.submit())
    right = browser.location
    await browser.open(_changed(right, state=state))
    assert browser.status == 400
    assert step_of(await dialog.look()) == EXTERNAL
    await browser.open(right)
    assert step_of(await dialog.look()) == ("form", "homes", None)


async def test_data_that_is_no_answer_of_the_page_is_refused(cloud: MockCloud, dialog: Dialog) -> None:
    """The frontend's own request can send anything."""
    for data in ({"code": "a"}, {"code": 1, "state": {}}, {"state": {"redirect_uri": MY}}):
        await dialog.enter_server(cloud.url)
        await dialog.submit()
        await dialog.submit(**data)
        assert step_of(await dialog.look()) == ("form", "browser", "login_failed")
        await dialog.close()
    assert [request for request in cloud.requests if request.path == "/oauth/token"] == []


async def test_two_windows_do_not_exchange_a_code_twice(
    hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser
) -> None:
    """C-79: that would end the session."""
    await dialog.enter_server(cloud.url)
    await visit(cloud, browser, await dialog.submit())
    await browser.open(browser.location)
    other = Dialog(dialog._client)
    other.step = dialog.step
    cloud.latency = 1
    steps = await asyncio.gather(dialog.look(), other.look())
    cloud.latency = 0
    assert [step_of(step) for step in steps] == [("form", "homes", None), FORM]
    assert step_of(await dialog.look()) == ("form", "homes", None)
    assert len(cloud.sessions(OWNER.username)) == 1


@pytest.mark.parametrize(
    ("trouble", "error"), [("gone", "cannot_connect"), ("silent", "timeout_connect"), ("busy", "rate_limited")]
)
async def test_a_server_that_fails_at_the_exchange_is_explained(
    hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser, trouble: str, error: str
) -> None:
    """The next visit gets another code."""
    await dialog.enter_server(cloud.url)
    await visit(cloud, browser, await dialog.submit())
    await browser.open(browser.location)
    port = cloud.port
    match trouble:
        case "gone":
            await cloud.stop()
        case "silent":
            cloud.latency = 60
        case "busy":
            cloud.rate_limit(30, path="/oauth/token")
    assert step_of(await dialog.look()) == ("form", "browser", error)
    if trouble == "gone":
        await cloud.start(port=port)
    cloud.latency = 0
    await asyncio.sleep(61)
    await added(hass, cloud, dialog, browser)


async def test_a_suspended_account_is_explained_and_added_once_it_works_again(
    hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser
) -> None:
    """With why, and whom to call."""
    cloud.suspend(OWNER.username, reason="Nợ phí")
    await dialog.enter_server(cloud.url)
    step = await go_through(cloud, dialog, browser)
    assert step_of(step) == ("form", "browser", "account_suspended_indefinite")
    assert step["description_placeholders"]["reason"] == "Nợ phí"
    cloud.unblock(OWNER.username)
    await added(hass, cloud, dialog, browser)
    await settle(hass)
    assert len(cloud.sessions(OWNER.username)) == 1


async def test_a_dialog_that_is_closed_before_the_page_returns_opens_no_session(
    hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser
) -> None:
    """The code is never exchanged."""
    await dialog.enter_server(cloud.url)
    await visit(cloud, browser, await dialog.submit())
    await dialog.close()
    await browser.open(browser.location)
    assert browser.status == 500  # Home Assistant's own view knows no better
    await settle(hass)
    assert cloud.sessions(OWNER.username) == []


# Logging in again


async def ended(hass: HomeAssistant, cloud: MockCloud) -> None:
    """End the session in the app, and wait until Home Assistant asks for a login."""
    cloud.sign_out(OWNER.username)
    await asyncio.sleep(60)
    await hass.async_block_till_done()


async def test_a_session_that_ended_is_replaced(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog, browser: Browser
) -> None:
    """After a user who refused first."""
    await ended(hass, cloud)
    assert step_of(await dialog.attach(hass)) == FORM
    await browser.open((await dialog.submit())["url"])
    await browser.submit("cancel")
    await browser.open(browser.location)
    assert step_of(await dialog.look()) == ("form", "browser", "login_denied")
    assert step_of(await go_through(cloud, dialog, browser))[:2] == ("abort", "reauth_successful")
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert len(cloud.sessions(OWNER.username)) == 1
    assert hass.config_entries.flow.async_progress() == []


async def test_an_entry_is_reconfigured_by_the_page(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog, browser: Browser
) -> None:
    """The session so far ends."""
    (before,) = cloud.sessions(OWNER.username)
    assert step_of(await dialog.start(entry)) == ("form", "reconfigure", None)
    assert step_of(await dialog.submit(**{CONF_SERVER: cloud.url})) == FORM
    assert step_of(await go_through(cloud, dialog, browser))[:2] == ("abort", "reconfigure_successful")
    await settle(hass)
    (after,) = cloud.sessions(OWNER.username)
    assert after is not before
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("source", ["reauth", "reconfigure"])
async def test_another_account_is_refused_and_its_session_is_revoked(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, dialog: Dialog, browser: Browser, source: str
) -> None:
    """The browser may be logged in as somebody else."""
    if source == "reauth":
        await ended(hass, cloud)
        await dialog.attach(hass)
    else:
        await dialog.start(entry)
        await dialog.submit(**{CONF_SERVER: cloud.url})
    before = {**entry.data}
    step = await go_through(cloud, dialog, browser, OTHER)
    assert step_of(step)[:2] == ("abort", "unique_id_mismatch")
    await settle(hass)
    assert {**entry.data} == before
    assert cloud.sessions(OTHER.username) == []


async def test_a_server_that_gives_up_passwords_asks_for_the_page(
    hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser
) -> None:
    """An entry that was added with a password keeps its name for the login; while there are both, the user chooses."""
    cloud.login = "password"
    entry = await log_in(hass, cloud, OWNER)
    cloud.login = "both"
    await ended(hass, cloud)
    assert step_of(await dialog.attach(hass)) == ("menu", "login", None)
    assert step_of(await dialog.submit(next_step_id="password")) == ("form", "reauth_confirm", None)
    cloud.login = "code"
    assert step_of(await dialog.look()) == FORM
    assert step_of(await go_through(cloud, dialog, browser))[:2] == ("abort", "reauth_successful")
    await settle(hass)
    assert (entry.state, entry.data[CONF_USERNAME]) == (ConfigEntryState.LOADED, OWNER.username)


# A page that moves


@pytest.fixture
async def pointer(cloud: MockCloud) -> AsyncIterator[DiscoveryServer]:
    """Return a server whose document points at the cloud."""
    async with DiscoveryServer() as pointer:
        point(pointer, cloud)
        yield pointer


def point(pointer: DiscoveryServer, cloud: MockCloud, page: str | None = None) -> None:
    """Name the endpoints of the cloud, and a page."""
    page = page or f"{cloud.url}/oauth/authorize"
    grants = ["authorization_code", "refresh_token"]
    pointer.point_at(cloud.url, grant_types_supported=grants, authorization_endpoint=page)


@pytest.mark.parametrize("daily", [False, pytest.param(True, marks=pytest.mark.slow)])
async def test_a_page_at_a_new_host_is_warned_about(
    hass: HomeAssistant,
    cloud: MockCloud,
    dialog: Dialog,
    browser: Browser,
    pointer: DiscoveryServer,
    daily: bool,
) -> None:
    """C-75: also if Home Assistant has read of it before. Nobody has to log in for it."""
    cloud.heartbeat_s = 45
    cloud.meters_report = False
    await dialog.enter_server(pointer.url)
    entry = await added(hass, cloud, dialog, browser)
    known = entry.data[CONF_ENDPOINTS]
    async with MockCloud() as other:
        point(pointer, cloud, f"{other.url}/oauth/authorize")
        if daily:
            await asyncio.sleep(25 * 3600)
            assert hass.config_entries.flow.async_progress() == []
            assert entry.data[CONF_ENDPOINTS] == known
        await ended(hass, cloud)
        step = await dialog.attach(hass)
        assert step_of(step) == ("form", "browser_moved", None)
        assert step["description_placeholders"]["hotline"] == markdown("0816 333 868")
        assert (await dialog.submit())["url"].startswith(f"{other.url}/oauth/authorize?")
        assert other.requests == []
        point(pointer, cloud)
        await dialog.close()
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    assert step_of(await dialog.attach(hass)) == FORM
    assert step_of(await go_through(cloud, dialog, browser))[:2] == ("abort", "reauth_successful")
    await settle(hass)


async def test_a_moved_server_warns_and_offers_both_logins(
    hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser, pointer: DiscoveryServer
) -> None:
    """A user who cannot use the page can enter the password."""
    await dialog.enter_server(pointer.url)
    await added(hass, cloud, dialog, browser)
    async with MockCloud() as other:
        grants = ["authorization_code", "password", "refresh_token"]
        page = f"{other.url}/oauth/authorize"
        pointer.point_at(cloud.url, grant_types_supported=grants, authorization_endpoint=page)
        await ended(hass, cloud)
        step = await dialog.attach(hass)
        assert step_of(step) == ("menu", "login_moved", None)
        assert step["description_placeholders"]["page_host"] == markdown(other.url.removeprefix("http://"))
        assert step_of(await dialog.look()) == ("menu", "login_moved", None)
        assert step_of(await dialog.submit(next_step_id="password")) == ("form", "reauth_moved", None)
        await dialog.close()


# Secrets


async def test_no_secret_of_a_login_is_logged_or_in_a_url(
    hass: HomeAssistant, cloud: MockCloud, dialog: Dialog, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor shown by a dialog; only the browser carries the code, in the URL of the redirect."""
    caplog.set_level(logging.DEBUG)
    await dialog.enter_server(cloud.url)
    shown = [dialog.step]
    await visit(cloud, browser, await dialog.submit())
    await browser.open(browser.location)
    shown.append(dialog.step)
    code = dict(parse_qsl(urlsplit(browser.url).query))["code"]
    await dialog.look()
    shown.append(dialog.step)
    await dialog.submit(homes=["nha-ha-noi"])
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    (exchange,) = (request for request in cloud.requests if request.path == "/oauth/token")
    form = dict(parse_qsl(exchange.body.decode()))
    tokens = entry.data[CONF_TOKENS]
    secrets = {form["code_verifier"], tokens["access_token"], tokens["refresh_token"], OWNER.password}
    assert form["code"] == code
    urls = "".join(request.path + str(request.query) for request in cloud.requests)
    assert not any(secret in text for secret in {*secrets, code} for text in (urls, json.dumps(shown)))
    ours = "".join(
        record.getMessage()
        for record in caplog.records
        if record.name.startswith(("custom_components", "homeassistant"))
    )
    assert len(ours) > 1000
    assert not any(secret in ours for secret in {*secrets, code})
