"""Demos and browser profiles, which are started when a test first needs them, and shared by all that follow."""

from contextlib import AsyncExitStack
from pathlib import Path
import re

from playwright.async_api import Browser, BrowserContext, StorageState, ViewportSize

from script.demo_home.check import complaints
from script.demo_home.command import free_port
from script.demo_home.dashboard import DASHBOARD
from script.demo_home.demo import LOG, Demo, run_demo
from script.demo_home.home_assistant import PASSWORD, USERNAME
from tests.browser.frontend import View

# Nothing takes this long, also on a busy machine of two cores.
PATIENCE_MS = 20_000
_DESKTOP = ViewportSize(width=1280, height=800)
_PHONE = ViewportSize(width=390, height=844)
# Home Assistant logs what tests bring about: a session that ended, and terms that are not accepted.
_EXPECTED = re.compile("(Authentication failed while|Error) fetching WeSMART")


class Demos:
    """A demo for each language, and a profile in which somebody is logged in to it for each view."""

    def __init__(self, browser: Browser, folder: Path, scale: int, stack: AsyncExitStack) -> None:
        """`scale` is the number of pixels to a point; `stack` ends everything."""
        self._browser = browser
        self._folder = folder
        self._scale = scale
        self._stack = stack
        self._demos: dict[str, Demo] = {}
        self._logins: dict[str, StorageState] = {}
        self._contexts: dict[View, BrowserContext] = {}

    async def demo(self, language: str) -> Demo:
        """Return the demo in a language."""
        if language not in self._demos:
            running = run_demo(self._folder / language, free_port(), free_port(), language)
            self._demos[language] = await self._stack.enter_async_context(running)
        return self._demos[language]

    async def context(self, view: View) -> BrowserContext:
        """Return the profile of a view; its cache makes all but the first page fast."""
        if view not in self._contexts:
            if view.language not in self._logins:
                self._logins[view.language] = await self._log_in(view)
            self._contexts[view] = await self._new_context(view, self._logins[view.language])
        return self._contexts[view]

    def complaints(self) -> list[str]:
        """Return what Home Assistant should not have logged."""
        logs = [(self._folder / language / LOG).read_text(encoding="utf-8") for language in self._demos]
        return [line for log in logs for line in complaints(log) if not _EXPECTED.search(line)]

    async def _log_in(self, view: View) -> StorageState:
        """Log in as users do, and return what the browser stores."""
        context = await self._new_context(view)
        page = await context.new_page()
        await page.goto((await self.demo(view.language)).home_assistant.url)
        await page.locator("input[name=username]").fill(USERNAME)
        await page.locator("input[name=password]").fill(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/{DASHBOARD}/**")
        # A narrow sidebar leaves room for the subject.
        await page.evaluate("localStorage.dockedSidebar = JSON.stringify('auto')")
        state = await context.storage_state()
        await context.close()
        return state

    async def _new_context(self, view: View, state: StorageState | None = None) -> BrowserContext:
        context = await self._browser.new_context(
            locale={"en": "en-GB", "vi": "vi-VN"}[view.language],
            timezone_id="Asia/Ho_Chi_Minh",
            viewport=_PHONE if view.phone else _DESKTOP,
            is_mobile=view.phone,
            has_touch=view.phone,
            device_scale_factor=self._scale,
            color_scheme="light",
            reduced_motion="reduce",
            service_workers="block",
            storage_state=state,
        )
        context.set_default_timeout(PATIENCE_MS)
        # Home Assistant loads the icons of its own integrations from the internet.
        await context.route(re.compile(r"/api/brands/(?!.*wesmart)"), lambda route: route.fulfill(status=404))
        return context
