"""What is on the pictures, by the name of their file."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import Page  # type: ignore[import-not-found, unused-ignore]  # brought by script/picture

from script.demo_home.demo import Demo
from script.demo_home.registries import DOMAIN, read_registries


@dataclass(frozen=True, slots=True)
class Scene:
    """A browser of a logged-in user, and the demo it looks at."""

    page: Page
    demo: Demo

    async def go(self, path: str) -> None:
        """Open an address of Home Assistant."""
        await self.page.goto(f"{self.demo.home_assistant.url}{path}")


async def dashboard(scene: Scene) -> None:
    """Show the family's home."""
    await scene.page.set_viewport_size({"width": 1280, "height": 1400})
    await scene.go("/")
    await scene.page.locator("hui-tile-card").first.wait_for()


async def config_flow(scene: Scene) -> None:
    """Show the first thing a user reads when they add the integration: that it is unofficial."""
    await scene.page.set_viewport_size({"width": 1280, "height": 800})
    # Not the page of all integrations: the icons of the others are on the internet.
    await scene.go(f"/config/integrations/integration/{DOMAIN}")
    await scene.page.locator("ha-config-integration-page .header ha-button").first.click()
    await scene.page.locator("dialog-data-entry-flow").get_by_role("textbox").wait_for()


async def device(scene: Scene) -> None:
    """Show the page of a wall panel that somebody has just used."""
    await scene.page.set_viewport_size({"width": 1280, "height": 800})
    registries = await read_registries(scene.demo.client)
    # The one with a gang in another room shows most.
    panel_id = next(device.parent_device_id for device in registries.devices if device.parent_device_id)
    serial = next(device.serial_number for device in registries.devices if device.id == panel_id)
    panel = next(device for home in scene.demo.cloud.homes() for device in home.devices if device.serial == serial)
    for endpoint in panel.endpoints:
        scene.demo.cloud.cloud.touch(panel.id, endpoint.id, on=not endpoint.state["on"])
    await scene.go(f"/config/devices/device/{panel_id}")
    await scene.page.locator("ha-config-device-page ha-logbook .entry").first.wait_for()


PICTURES: dict[str, Callable[[Scene], Awaitable[None]]] = {
    "dashboard": dashboard,
    "config-flow": config_flow,
    "device": device,
}
