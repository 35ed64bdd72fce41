"""Home Assistant's frontend in a tab, used by its texts: ours from the translations, Home Assistant's own from itself."""

from dataclasses import dataclass
from functools import cache
import json
import re

from playwright.async_api import Locator, Page, expect

from script.demo_home.home_assistant import ROOT

MANUFACTURER = "WeSMART"
_TRANSLATIONS = ROOT / "custom_components" / "wesmart" / "translations"
# Resolves when the fonts are loaded, no spinner is visible, and two frames were drawn.
_SETTLED = """async () => {
    await document.fonts.ready;
    const all = (root) => [...root.querySelectorAll('*')].flatMap((e) => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
    const busy = (e) => /^(ha-launch-screen|ha-spinner|ha-circular-progress|hass-loading-screen)$/.test(e.id || e.localName);
    const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    while (all(document).some((e) => busy(e) && e.checkVisibility({ opacityProperty: true, visibilityProperty: true })))
        await frame();
    await frame();
}"""


@dataclass(frozen=True, slots=True)
class View:
    """Who looks at Home Assistant, and on what."""

    language: str = "en"
    phone: bool = False

    def __str__(self) -> str:
        """Name the view in test IDs and pictures."""
        return self.language + ("-phone" if self.phone else "")


DESKTOP, VIETNAMESE, PHONE = View(), View("vi"), View(phone=True)
VIEWS = [DESKTOP, VIETNAMESE, PHONE]


@cache
def _translations(language: str) -> dict[str, object]:
    document: dict[str, object] = json.loads((_TRANSLATIONS / f"{language}.json").read_text(encoding="utf-8"))
    return document


def text(language: str, key: str) -> str:
    """Return a text of the integration, by its path in the translations."""
    found: object = _translations(language)
    for name in key.split("."):
        assert isinstance(found, dict), key
        found = found[name]
    assert isinstance(found, str), key
    return found


def pattern(language: str, key: str) -> re.Pattern[str]:
    """Return what matches a text of the integration, whatever its placeholders stand for."""
    return re.compile(".+".join(re.escape(part) for part in re.split(r"\{\w+\}", text(language, key))))


class Frontend:
    """A tab with Home Assistant in it."""

    def __init__(self, page: Page, url: str, view: View) -> None:
        self.page = page
        self.url = url
        self.view = view

    async def open(self, path: str) -> None:
        """Load a page of Home Assistant."""
        await self.page.goto(f"{self.url}{path}")

    def text(self, key: str) -> str:
        """Return a text of the integration in this tab's language."""
        return text(self.view.language, key)

    async def label(self, key: str) -> str:
        """Return a text of Home Assistant's own, which loads some of them late."""
        get = "(key) => document.querySelector('home-assistant')?.hass?.localize(key)"
        label: str = await (await self.page.wait_for_function(get, arg=key)).json_value()
        return label

    async def state(self, domain: str, state: str) -> str:
        """Return what Home Assistant calls a state of a domain, such as on."""
        return await self.label(f"component.{domain}.entity_component._.state.{state}")

    async def button(self, key: str, within: Locator | None = None) -> Locator:
        """Return the visible button with a label of Home Assistant's own."""
        name = await self.label(key)
        return (within or self.page.locator("body")).get_by_role("button", name=name, exact=True)

    def tile(self, name: str) -> Locator:
        """Return the tile of the dashboard with a name."""
        exact = re.compile(f"^\\s*{re.escape(name)}\\s*$")
        return self.page.locator("hui-tile-card").filter(has=self.page.get_by_text(exact))

    async def add_integration(self) -> Flow:
        """Search for the integration in the settings, and return its dialog."""
        await self.open("/config/integrations/dashboard")
        await (await self.button("ui.panel.config.integrations.add_integration")).click()
        brands = self.page.locator("dialog-add-integration")
        await brands.locator("input").fill(MANUFACTURER)
        await brands.get_by_text(MANUFACTURER, exact=True).click()
        return self.flow

    @property
    def flow(self) -> Flow:
        """The dialog of a config flow, or of one that fixes an issue."""
        return Flow(self)


class Flow:
    """The dialog of a flow."""

    def __init__(self, frontend: Frontend) -> None:
        self._frontend = frontend
        self.dialog = frontend.page.locator("dialog-data-entry-flow")

    async def is_at(self, step: str) -> None:
        """Wait for a step, such as config.step.user."""
        title = self._frontend.text(f"{step}.title")
        await expect(self.dialog.get_by_text(title, exact=True).first).to_be_visible()

    async def says(self, key: str) -> None:
        """Wait for a text with placeholders, such as an error."""
        await expect(self.dialog.get_by_text(pattern(self._frontend.view.language, key)).first).to_be_visible()

    async def enter(self, label: str, value: str) -> None:
        """Fill in the text field with a label of ours, such as config.step.user.data.server."""
        name = self._frontend.text(label)
        await self.dialog.get_by_role("textbox", name=re.compile(f"^{re.escape(name)}")).fill(value)

    async def enter_password(self, value: str) -> None:
        """Fill in the password, which is no textbox to screen readers."""
        await self.dialog.locator("input[type=password]").fill(value)

    async def choose(self, option: str) -> None:
        """Press an item of a menu, such as config.step.login.menu_options.password."""
        await self.dialog.get_by_text(self._frontend.text(option), exact=True).click()

    async def accept(self) -> None:
        """Accept the terms."""
        await self.dialog.locator("ha-switch").click()

    async def submit(self) -> None:
        """Press the button of the step; it has one."""
        await self.dialog.locator("ha-dialog-footer").get_by_role("button").click()

    async def finish(self) -> None:
        """Press the button of the last step, which is Home Assistant's own, and wait until the dialog is closed."""
        await self.submit()
        await expect(self.dialog.get_by_role("dialog")).to_be_hidden()


async def drag(feature: Locator, percent: float) -> None:
    """Drag a tile's slider to a percentage of its width."""
    slider = feature.get_by_role("slider")
    await slider.scroll_into_view_if_needed()
    box = await slider.bounding_box()
    assert box is not None
    mouse, x, y = slider.page.mouse, box["x"], box["y"] + box["height"] / 2
    await mouse.move(x + box["width"] / 2, y)
    await mouse.down()
    await mouse.move(x + box["width"] * percent / 100, y, steps=8)
    await mouse.up()


async def fits(page: Page) -> bool:
    """Return whether a page is no wider than its window."""
    fits: bool = await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return fits


async def settle(page: Page) -> None:
    """Wait until nothing is loading or moving on a page."""
    await page.mouse.move(0, 0)
    await page.wait_for_load_state("networkidle")
    await page.evaluate(_SETTLED)
