"""Adding an account in the settings, with a password and on the server's own page."""

from playwright.async_api import Page, expect
import pytest

from script.demo_home.command import free_port
from script.demo_home.demo import DOMAIN, Demo
from tests.browser.frontend import VIEWS, Flow, Frontend, fits
from tests.mock_cloud import MockCloud
from tests.mock_cloud.model import Account

STEP = "config.step"
TITLE = "WeSMART Nhà Đà Nẵng"


@pytest.mark.parametrize("view", VIEWS, ids=str)
async def test_an_account_is_added_with_its_password(frontend: Frontend, demo: Demo, newcomer: Account) -> None:
    """Every mistake is explained, and corrected in the same dialog."""
    flow = await frontend.add_integration()
    await flow.is_at(f"{STEP}.user")
    wrong = {
        f"{frontend.url}/config": "invalid_server",
        f"http://127.0.0.1:{free_port()}": "cannot_connect",
        frontend.url: "unsupported_server",
    }
    for server, error in wrong.items():
        await enter_server(flow, server)
        await flow.says(f"config.error.{error}")
    await enter_server(flow, demo.cloud.url)

    await flow.is_at(f"{STEP}.account")
    await flow.enter(f"{STEP}.account.data.username", newcomer.phone)
    await flow.enter_password("song-han-2025")
    await flow.submit()
    await flow.says("config.error.invalid_auth")
    await flow.enter_password(newcomer.password)
    await flow.submit()
    await accept_and_finish(frontend, demo, newcomer)


@pytest.mark.parametrize("view", VIEWS, ids=str)
async def test_an_account_is_added_on_the_login_page(
    frontend: Frontend, demo: Demo, cloud: MockCloud, newcomer: Account
) -> None:
    """The tab of the page closes, and the dialog goes on by itself."""
    cloud.login = "code"
    flow = await frontend.add_integration()
    await enter_server(flow, cloud.url)
    await flow.is_at(f"{STEP}.browser")
    async with frontend.page.expect_popup() as opening:
        await flow.submit()
    page = await opening.value
    await flow.says(f"{STEP}.auth.description")
    await expect(page.locator("html")).to_have_attribute("lang", frontend.view.language)
    assert await fits(page)
    await log_in(page, newcomer.phone, "song-han-2025")
    await expect(page.get_by_role("alert")).to_be_visible()
    await log_in(page, newcomer.phone, newcomer.password)
    await enter_code(page, "no code")
    await expect(page.get_by_role("alert")).to_be_visible()
    async with page.expect_event("close"):
        await enter_code(page, cloud.one_time_code(newcomer.id))
    await accept_and_finish(frontend, demo, newcomer)


async def test_a_login_is_canceled_on_the_page_and_tried_again(
    frontend: Frontend, demo: Demo, cloud: MockCloud, newcomer: Account
) -> None:
    """The server also takes the password, so there is a choice first."""
    cloud.login = "both"
    flow = await frontend.add_integration()
    await enter_server(flow, cloud.url)
    await flow.is_at(f"{STEP}.login")
    async with frontend.page.expect_popup() as opening:
        await flow.choose(f"{STEP}.login.menu_options.auth")
    page = await opening.value
    async with page.expect_event("close"):
        await page.locator("button[name=cancel]").click()
    await flow.says("config.error.login_denied")
    async with frontend.page.expect_popup() as opening:
        await flow.submit()
    page = await opening.value
    await log_in(page, newcomer.email, newcomer.password)
    async with page.expect_event("close"):
        await enter_code(page, cloud.one_time_code(newcomer.id))
    await accept_and_finish(frontend, demo, newcomer)


async def enter_server(flow: Flow, server: str) -> None:
    """Fill in the first step."""
    await flow.enter(f"{STEP}.user.data.server", server)
    await flow.submit()


async def log_in(page: Page, username: str, password: str) -> None:
    """Fill in the first form of the login page."""
    await page.locator("input[name=username]").fill(username)
    await page.locator("input[name=password]").fill(password)
    await page.locator("button:not([name])").click()


async def enter_code(page: Page, code: str) -> None:
    """Fill in the second form of the login page, and allow access."""
    await page.locator("input[name=one_time_code]").fill(code)
    await page.locator("button:not([name])").click()


async def accept_and_finish(frontend: Frontend, demo: Demo, account: Account) -> None:
    """Take the steps after the login, to an entry that works."""
    flow = frontend.flow
    await flow.is_at(f"{STEP}.terms")
    await flow.accept()
    await flow.submit()
    await flow.is_at(f"{STEP}.homes")
    await flow.submit()
    await flow.finish()
    await expect(frontend.page.get_by_text(TITLE).first).to_be_visible()
    entries = await demo.client.command("config_entries/get", domain=DOMAIN)
    assert {entry["title"]: entry["state"] for entry in entries}[TITLE] == "loaded"
    assert account.terms_accepted == "2026-03"
    assert demo.cloud.state("den-da-nang", "1")
