"""A browser that looks at a Home Assistant on this machine, and at nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
import re
import shutil

# It comes with script/picture and not with the environment that types are checked in.
from playwright.async_api import Page, Route, async_playwright  # type: ignore[import-not-found, unused-ignore]  # brought by script/picture

from script.demo_home.errors import DemoError
from script.demo_home.frontend import DASHBOARD
from script.demo_home.login import PASSWORD, USERNAME

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

_BLANK_ICON = (
    """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><circle cx="5" cy="5" r="5" fill="#ddd"/></svg>"""
)

# Two frames after the fonts are there and nothing turns any more.
_SETTLED = """async () => {
    await document.fonts.ready;
    const all = (root) => [...root.querySelectorAll('*')].flatMap((e) => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
    const busy = /^(ha-spinner|ha-circular-progress|hass-loading-screen)$/;
    const visible = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    while (all(document).some((e) => (e.id === 'ha-launch-screen' || busy.test(e.localName)) && visible(e)))
        await new Promise((done) => setTimeout(done, 50));
    for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
}"""


def find_chromium() -> str:
    """Return the path of the machine's Chromium; raise DemoError."""
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    raise DemoError(
        "Pictures need Chromium: install it (Debian and Ubuntu: apt install chromium fonts-liberation) and try again."
    )


async def _answer_with_blank_icon(route: Route) -> None:
    await route.fulfill(content_type="image/svg+xml", body=_BLANK_ICON)


@asynccontextmanager
async def open_browser(language: str) -> AsyncIterator[Page]:
    """Yield an empty page of a browser of that language."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=_ARGUMENTS)
        try:
            context = await browser.new_context(
                viewport={"width": 1280, "height": 800},
                locale={"en": "en-GB", "vi": "vi-VN"}[language],
                timezone_id="Asia/Ho_Chi_Minh",
                color_scheme="light",
                reduced_motion="reduce",
                service_workers="block",
            )
            # Home Assistant asks the internet for the icons of its own integrations, which are nobody's to show here.
            await context.route(re.compile(r"/api/brands/(?!.*wesmart)"), _answer_with_blank_icon)
            # The sidebar as icons: the pictures are about what is beside it.
            await context.add_init_script("localStorage.dockedSidebar = JSON.stringify('auto')")
            yield await context.new_page()
        finally:
            await browser.close()


async def log_in(page: Page, url: str) -> None:
    """Log in as a person does, and arrive at the dashboard."""
    await page.goto(url)
    await page.locator("input[name=username]").fill(USERNAME)
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/{DASHBOARD}/**")


async def take(page: Page, path: Path) -> None:
    """Save what the page shows once it has settled."""
    await page.mouse.move(0, 0)
    await page.wait_for_load_state("networkidle")
    await page.evaluate(_SETTLED)
    await page.screenshot(path=path, animations="disabled", caret="hide")
