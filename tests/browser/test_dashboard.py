"""The dashboard of the demo, on which a family switches, dims, and sees what happens at the walls."""

from playwright.async_api import expect
import pytest

from script.demo_home.dashboard import DASHBOARD
from tests.browser.frontend import VIEWS, Frontend, drag
from tests.browser.waiting import until
from tests.mock_cloud import MockCloud

FAN = ("cong-tac-bep", "3")
LAMP = ("den-san-sofa", "1")
CURTAIN = ("rem-phong-khach", "1")
BUTTON = ("nut-dau-giuong", "2")
# A drag ends at a pixel.
NEAR = 2


@pytest.mark.parametrize("view", VIEWS, ids=str)
async def test_a_switch_a_lamp_and_a_curtain_follow_their_tiles(frontend: Frontend, cloud: MockCloud) -> None:
    """Taps and drags reach the cloud, and the tiles show what became of them."""
    await frontend.open(f"/{DASHBOARD}")
    fan = frontend.tile("Quạt hút")
    for state in ("on", "off"):
        await fan.locator("ha-tile-icon").click()
        await until(lambda: cloud.state(*FAN)["on"] is (state == "on"))  # noqa: B023  # called at once
        await expect(fan.locator("state-display")).to_have_text(await frontend.state("switch", state))

    lamp = frontend.tile("Đèn sàn cạnh sofa")
    await drag(lamp.locator("hui-light-brightness-card-feature"), 25)
    await until(lambda: abs(cloud.state(*LAMP)["brightness"] - 25) <= NEAR)
    await expect(lamp.locator("state-display")).to_have_text(f"{cloud.state(*LAMP)['brightness']}%")

    curtain = frontend.tile("Rèm phòng khách")
    target = cloud.state(*CURTAIN)["position"] - 10
    # Home Assistant draws how far it is closed.
    await drag(curtain.locator("hui-cover-position-card-feature"), 100 - target)
    await expect(curtain.locator("state-display")).to_contain_text(await frontend.state("cover", "closing"))
    await until(lambda: cloud.state(*CURTAIN)["motion"] == "stopped")
    assert abs(cloud.state(*CURTAIN)["position"] - target) <= NEAR
    await expect(curtain.locator("state-display")).to_contain_text(f"{cloud.state(*CURTAIN)['position']}%")


async def test_a_press_at_the_wall_arrives_without_a_reload(frontend: Frontend, cloud: MockCloud) -> None:
    """A gang of a panel, and a scene button."""
    await frontend.open(f"/{DASHBOARD}")
    fan, button = (frontend.tile(name).locator("state-display") for name in ("Quạt hút", "Đi ngủ"))
    await expect(fan).to_have_text(await frontend.state("switch", "off"))
    # A reload would remove it.
    await frontend.page.evaluate("window.mark = true")
    cloud.touch(*FAN, on=True)
    await expect(fan).to_have_text(await frontend.state("switch", "on"))
    for press, event_type in (("double", "multi_press_end"), ("long", "long_press_end")):
        cloud.press(*BUTTON, press)
        said = frontend.text(f"entity.event.button.state_attributes.event_type.state.{event_type}")
        await expect(button).to_have_text(said)
    assert await frontend.page.evaluate("window.mark")
