"""The virtual home, a page of the mock cloud, beside Home Assistant's dashboard."""

from playwright.async_api import Locator, Page, expect
import pytest

from script.demo_home.dashboard import DASHBOARD
from tests.browser.frontend import VIEWS, Frontend, drag, fits
from tests.browser.waiting import until
from tests.mock_cloud import MockCloud

TITLES = {"en": "Virtual home", "vi": "Ngôi nhà ảo"}


@pytest.mark.parametrize("view", VIEWS, ids=str)
async def test_the_virtual_home_and_home_assistant_follow_each_other(frontend: Frontend, cloud: MockCloud) -> None:
    """A press on the page arrives on the dashboard, and what is dimmed there arrives on the page."""
    await frontend.open(f"/{DASHBOARD}")
    page = await frontend.page.context.new_page()
    await page.goto(cloud.url)
    await expect(page.locator("html")).to_have_attribute("lang", frontend.view.language)
    await expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[frontend.view.language])
    assert await fits(page)

    gang = device(page, "cong-tac-bep").get_by_role("button", name="Quạt hút")
    fan = frontend.tile("Quạt hút").locator("state-display")
    for state, pressed in (("on", "true"), ("off", "false")):
        await gang.click()
        await expect(gang).to_have_attribute("aria-pressed", pressed)
        await expect(fan).to_have_text(await frontend.state("switch", state))

    await frontend.page.bring_to_front()
    await drag(frontend.tile("Đèn sàn cạnh sofa").locator("hui-light-brightness-card-feature"), 25)
    await until(lambda: cloud.state("den-san-sofa", "1")["brightness"] < 60)
    brightness = cloud.state("den-san-sofa", "1")["brightness"]
    await expect(device(page, "den-san-sofa").locator(".stage-text")).to_have_text(f"{brightness} %")


async def test_a_device_that_is_taken_offline_on_the_page_is_unavailable(frontend: Frontend, cloud: MockCloud) -> None:
    """By the antenna of its card, which brings it back, too."""
    await frontend.open(f"/{DASHBOARD}")
    page = await frontend.page.context.new_page()
    await page.goto(cloud.url)
    antenna = device(page, "cong-tac-bep").locator(".plug")
    fan = frontend.tile("Quạt hút").locator("state-display")
    for label in (await frontend.label("state.default.unavailable"), await frontend.state("switch", "off")):
        await antenna.click()
        await expect(fan).to_have_text(label)


def device(page: Page, device_id: str) -> Locator:
    """Return the card of a device."""
    return page.locator(f"[data-device={device_id}]")
