"""Takes the pictures of docs/pictures: a Chromium looks at the demo."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
import re
import shutil
import tempfile

from PIL import Image

# script/picture installs it outside of the environment that types are checked in.
from playwright.async_api import Page, async_playwright  # type: ignore[import-not-found, unused-ignore]

from script.demo_home.command import free_port
from script.demo_home.dashboard import DASHBOARD, TITLES
from script.demo_home.demo import DOMAIN, Demo, run_demo
from script.demo_home.home_assistant import PASSWORD, ROOT, USERNAME, DemoError

_FOLDER = ROOT / "docs" / "pictures"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]  # fmt: skip
# Resolves when the fonts are loaded and no spinner is visible.
_SETTLED = """async () => {
    await document.fonts.ready;
    const all = (root) => [...root.querySelectorAll('*')].flatMap((e) => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
    const busy = (e) => /^(ha-launch-screen|ha-spinner|ha-circular-progress|hass-loading-screen)$/.test(e.id || e.localName);
    while (all(document).some((e) => busy(e) && e.checkVisibility({ opacityProperty: true, visibilityProperty: true })))
        await new Promise((done) => setTimeout(done, 50));
}"""


async def _dashboard(page: Page, demo: Demo) -> None:
    """Show the family's home."""
    await page.set_viewport_size({"width": 1280, "height": 1400})
    await page.goto(demo.home_assistant.url)
    await page.locator("hui-tile-card").first.wait_for()


async def _config_flow(page: Page, demo: Demo) -> None:
    """Show the first form of the config flow."""
    # Not the page of all integrations: the icons of the others are on the internet.
    await page.goto(f"{demo.home_assistant.url}/config/integrations/integration/{DOMAIN}")
    await page.locator("ha-config-integration-page .header ha-button").first.click()
    await page.locator("dialog-data-entry-flow").get_by_role("textbox").wait_for()


async def _device(page: Page, demo: Demo) -> None:
    """Show the page of a wall panel with child devices."""
    devices = await demo.client.command("config/device_registry/list")
    panel_id = next(device["parent_device_id"] for device in devices if device["parent_device_id"])
    await page.goto(f"{demo.home_assistant.url}/config/devices/device/{panel_id}")
    await page.locator("ha-config-device-page ha-card").first.wait_for()


PICTURES: dict[str, Callable[[Page, Demo], Awaitable[None]]] = {
    "dashboard": _dashboard,
    "config-flow": _config_flow,
    "device": _device,
}


def main() -> None:
    """Take the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(prog="script/picture", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *PICTURES], metavar="NAME", help=", ".join(PICTURES))
    parser.add_argument("--language", choices=TITLES, default="en", help="default: %(default)s")
    options = parser.parse_args()
    asyncio.run(_take(options.names or list(PICTURES), options.language))


async def _take(names: list[str], language: str) -> None:
    folder = Path(tempfile.mkdtemp(prefix="pictures-", dir=ROOT / ".cache"))
    async with run_demo(folder, free_port(), free_port(), language) as demo, _browse(language) as page:
        await page.goto(demo.home_assistant.url)
        await page.locator("input[name=username]").fill(USERNAME)
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/{DASHBOARD}/**")
        for name in names:
            await page.set_viewport_size({"width": 1280, "height": 800})
            await PICTURES[name](page, demo)
            await page.mouse.move(0, 0)
            await page.wait_for_load_state("networkidle")
            await page.evaluate(_SETTLED)
            picture = _FOLDER / (f"{name}.png" if language == "en" else f"{name}-{language}.png")
            await page.screenshot(path=picture, animations="disabled", caret="hide")
            # An interface has few colors, which makes the file small.
            with Image.open(picture) as image:
                image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(picture, optimize=True)
            print(f"{picture.relative_to(ROOT)}, {picture.stat().st_size // 1024} KiB", flush=True)
    shutil.rmtree(folder)


@asynccontextmanager
async def _browse(language: str) -> AsyncIterator[Page]:
    """Yield an empty page of a browser that reaches this machine only; raise DemoError."""
    browser_path = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if browser_path is None:
        raise DemoError("Pictures need Chromium (Debian and Ubuntu: apt install chromium fonts-liberation).")

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path, args=_ARGUMENTS)
        try:
            context = await browser.new_context(
                locale={"en": "en-GB", "vi": "vi-VN"}[language],
                timezone_id="Asia/Ho_Chi_Minh",
                color_scheme="light",
                reduced_motion="reduce",
                service_workers="block",
            )
            # Home Assistant loads the icons of its own integrations from the internet.
            await context.route(re.compile(r"/api/brands/(?!.*wesmart)"), lambda route: route.abort())
            # A narrow sidebar leaves room for the picture's subject.
            await context.add_init_script("localStorage.dockedSidebar = JSON.stringify('auto')")
            yield await context.new_page()
        finally:
            await browser.close()


if __name__ == "__main__":
    main()
