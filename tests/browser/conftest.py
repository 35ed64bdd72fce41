"""What every test has: a Home Assistant with an account at a mock cloud, and a Chromium that reaches nothing else."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
import os
import re

from playwright.async_api import Browser, WebError, async_playwright, expect
import pytest

from script.bootstrap.chromium import chromium
from script.bootstrap.process import SetupError
from script.demo_home.demo import DOMAIN, Demo
from script.demo_home.home_assistant import ROOT, Json
from tests.browser.demos import PATIENCE_MS, Demos
from tests.browser.frontend import DESKTOP, Frontend, View
from tests.mock_cloud import MockCloud
from tests.mock_cloud.model import Account

_CHROMIUM = pytest.StashKey[str]()
# The exit code that script/test knows.
_SKIPPED = 77
# Where failed tests leave pictures of what they saw.
FAILURES = ROOT / ".cache" / "browser"
_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip
_HOUSEBOAT: Json = {"id": "nha-thuyen", "name": "Nhà thuyền", "rooms": [], "devices": [], "scenes": []}
# What tests change of an endpoint.
_TOUCHED = {"on", "brightness", "position"}
# The frontend throws them itself when a page is left while it loads.
_ITS_OWN_ERRORS = re.compile("disconnected|Subscription not found")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of script/pictures."""
    parser.addoption("--pictures", action="store_true", help="make the pictures of docs/pictures anew")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Find or install Chromium. Without it, tests are skipped, but fail under CI."""
    try:
        session.config.stash[_CHROMIUM] = chromium()
    except SetupError as err:
        pytest.exit(str(err), returncode=1 if os.environ.get("CI") == "true" else _SKIPPED)


@pytest.fixture(scope="session")
async def browser(pytestconfig: pytest.Config) -> AsyncIterator[Browser]:
    """Return a Chromium that reaches this machine only."""
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        program = pytestconfig.stash[_CHROMIUM]
        running = await playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield running
        await running.close()


@pytest.fixture(scope="session")
async def demos(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> AsyncIterator[Demos]:
    """Return the demos; when they end, their logs have no errors."""
    async with AsyncExitStack() as stack:
        demos = Demos(browser, tmp_path_factory.mktemp("demos"), 2 if pytestconfig.option.pictures else 1, stack)
        yield demos
    assert demos.complaints() == []


@pytest.fixture
def view() -> View:
    """Return who looks, and on what; a test parametrizes it."""
    return DESKTOP


@pytest.fixture
async def demo(demos: Demos, view: View) -> Demo:
    """Return the demo in the view's language: a dashboard with the two homes of an account."""
    return await demos.demo(view.language)


@pytest.fixture
async def cloud(demo: Demo) -> AsyncIterator[MockCloud]:
    """Return the mock cloud; its homes are as before when a test ends."""
    endpoints = [(device["id"], endpoint["id"]) for device, endpoint in demo.endpoints() if device["online"]]
    before = {endpoint: demo.cloud.state(*endpoint) for endpoint in endpoints}
    demo.cloud.login = "password"
    yield demo.cloud
    for endpoint, state in before.items():
        now = demo.cloud.state(*endpoint)
        changed = {name: value for name, value in state.items() if name in _TOUCHED and now[name] != value}
        if changed:
            demo.cloud.touch(*endpoint, **changed)


@pytest.fixture
async def newcomer(demo: Demo, cloud: MockCloud) -> AsyncIterator[Account]:
    """Return an account to add, with two homes, and with terms to accept; it is removed when a test ends."""
    (account,) = demo.others
    cloud.add_home(account.id, _HOUSEBOAT)
    account.terms_accepted = "2025-01"
    yield account
    _, *added = await demo.client.command("config_entries/get", domain=DOMAIN)
    for entry in added:
        await demo.client.delete(f"/api/config/config_entries/entry/{entry['entry_id']}")
    cloud.remove_home(_HOUSEBOAT["id"])


@pytest.fixture
async def frontend(request: pytest.FixtureRequest, demos: Demos, demo: Demo, view: View) -> AsyncIterator[Frontend]:
    """Return a tab of somebody who is logged in; no page that a test opens throws an error."""
    failed_before = request.session.testsfailed
    context = await demos.context(view)
    errors: list[str] = []

    def note(error: WebError) -> None:
        errors.append(str(error.error))

    context.on("weberror", note)
    yield Frontend(await context.new_page(), demo.home_assistant.url, view)
    for number, page in enumerate(context.pages):
        if request.session.testsfailed > failed_before:
            FAILURES.mkdir(parents=True, exist_ok=True)
            await page.screenshot(path=FAILURES / f"{request.node.name}-{number}.png")
        await page.close()
    context.remove_listener("weberror", note)
    assert [error for error in errors if not _ITS_OWN_ERRORS.search(error)] == []
