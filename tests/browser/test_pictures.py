"""The pictures of the documentation. `script/pictures` writes them; a test only takes them."""

from collections.abc import Callable
import io

from PIL import Image
from playwright.async_api import FloatRect, Page
import pytest

from script.demo_home.dashboard import DASHBOARD
from script.demo_home.demo import Demo
from tests import pictures
from tests.browser.frontend import Frontend, View, settle
from tests.mock_cloud import MockCloud

# In points: between two shots and around a subject, and what is left out.
_GAP = 24
_SIDEBAR = 56
_PANEL = "Công tắc phòng khách"

type Camera = Callable[..., None]


@pytest.fixture
def camera(request: pytest.FixtureRequest) -> Camera:
    """Return what joins shots of 2 pixels to a point, side by side, to a picture with a name."""

    def save(name: str, *shots: bytes) -> None:
        if not request.config.option.pictures:
            return
        images = [Image.open(io.BytesIO(shot)).convert("RGBA") for shot in shots]
        size = sum(image.width + 2 * _GAP for image in images) - 2 * _GAP, max(image.height for image in images)
        picture = Image.new("RGBA", size)
        x = 0
        for image in images:
            picture.paste(image, (x, 0))
            x += image.width + 2 * _GAP
        picture.save(pictures.path(name), quality=88, method=6, exact=False)
        pictures.record(name)

    return save


async def shot(page: Page, clip: FloatRect | None = None) -> bytes:
    """Return a screenshot of a page, or of a part of it, when nothing moves."""
    await settle(page)
    return await page.screenshot(animations="disabled", caret="hide", clip=clip)


async def open_dashboard(frontend: Frontend) -> None:
    """Show the first home."""
    await frontend.open(f"/{DASHBOARD}")
    await frontend.tile("Quạt hút").wait_for()


async def open_virtual_home(frontend: Frontend, cloud: MockCloud, width: int, height: int) -> Page:
    """Show the virtual home in a new tab."""
    page = await frontend.page.context.new_page()
    await page.set_viewport_size({"width": width, "height": height})
    await page.goto(cloud.url)
    await page.locator("section.room").first.wait_for()
    return page


async def test_the_dashboard(frontend: Frontend, cloud: MockCloud, camera: Camera) -> None:
    """The first row of rooms, without the sidebar."""
    for number, press in enumerate(("single", "double", "long", "single"), 1):
        cloud.press("nut-dau-giuong", str(number), press)
    await frontend.page.set_viewport_size({"width": 1280, "height": 1400})
    await open_dashboard(frontend)
    await settle(frontend.page)
    room = await frontend.page.locator("hui-grid-section").first.bounding_box()
    assert room is not None
    clip = FloatRect(x=_SIDEBAR, y=0, width=1280 - _SIDEBAR, height=room["y"] + room["height"] + _GAP)
    camera("dashboard", await shot(frontend.page, clip))


async def test_the_first_form_of_the_config_flow(frontend: Frontend, camera: Camera) -> None:
    """The dialog, and a little of what is around it."""
    # Nothing of the page is around the dialog of a high window.
    await frontend.page.set_viewport_size({"width": 1280, "height": 1400})
    flow = await frontend.add_integration()
    await flow.is_at("config.step.user")
    await settle(frontend.page)
    box = await flow.dialog.locator("ha-dialog").first.locator("[part=dialog]").bounding_box()
    assert box is not None
    x, y, width, height = box["x"] - _GAP, box["y"] - _GAP, box["width"] + 2 * _GAP, box["height"] + 2 * _GAP
    clip = FloatRect(x=x, y=y, width=width, height=height)
    camera("config-flow", await shot(frontend.page, clip))


async def test_the_page_of_a_panel(frontend: Frontend, demo: Demo, camera: Camera) -> None:
    """One of its gangs is in another room."""
    devices = await demo.client.command("config/device_registry/list")
    (panel_id,) = [device["id"] for device in devices if device["name"] == _PANEL]
    await frontend.page.set_viewport_size({"width": 1000, "height": 810})
    await frontend.open(f"/config/devices/device/{panel_id}")
    await frontend.page.locator("ha-config-device-page ha-card").first.wait_for()
    clip = FloatRect(x=_SIDEBAR, y=0, width=1000 - _SIDEBAR, height=810)
    camera("device", await shot(frontend.page, clip))


async def test_the_virtual_home_beside_home_assistant(frontend: Frontend, cloud: MockCloud, camera: Camera) -> None:
    """The same room."""
    width, height = 470, 1080
    await frontend.page.set_viewport_size({"width": width, "height": height})
    await open_dashboard(frontend)
    page = await open_virtual_home(frontend, cloud, width, height)
    camera("virtual-home", await shot(frontend.page), await shot(page))


@pytest.mark.parametrize("view", [View("vi", phone=True)], ids=str)
async def test_a_phone_in_vietnamese(frontend: Frontend, cloud: MockCloud, camera: Camera) -> None:
    """The config flow, the dashboard, and the virtual home."""
    flow = await frontend.add_integration()
    await flow.is_at("config.step.user")
    form = await shot(frontend.page)
    await open_dashboard(frontend)
    page = await open_virtual_home(frontend, cloud, 390, 844)
    camera("phone-vi", form, await shot(frontend.page), await shot(page))
