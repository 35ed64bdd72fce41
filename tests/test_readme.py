"""What the README tells people to copy works."""

import asyncio
from pathlib import Path
import re

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml

from tests.accounts import OWNER
from tests.home import FEEDBACK
from tests.mock_cloud import MockCloud

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
AUTOMATIONS = re.findall(r"^```yaml\n(alias:.*?)^```", README, re.MULTILINE | re.DOTALL)
SUPPORT_DESK = re.compile(f"{FEEDBACK}|wesmart.send_feedback")


def notifications(hass: HomeAssistant) -> list[tuple[str | None, str]]:
    """Return title and text of what Home Assistant notifies of."""
    return [(each["title"], each["message"]) for each in hass.data["persistent_notification"].values()]


async def test_the_support_desk_does_what_its_automations_say(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """A panel that is offline for a day is reported, and the answer is shown."""
    assert await async_setup_component(hass, "persistent_notification", {})
    automations = [parse_yaml(automation) for automation in AUTOMATIONS if SUPPORT_DESK.search(automation)]
    assert await async_setup_component(hass, "automation", {"automation": automations})
    assert [state.state for state in hass.states.async_all("automation")] == ["on"] * 2
    cloud.meters_report = False
    await asyncio.sleep(1)
    cloud.set_online("cong-tac-bep", False)
    await asyncio.sleep(24 * 3600 + 10)
    (filed,) = cloud.tickets(OWNER.username)
    assert filed.sent["device_id"] == "cong-tac-bep"
    ((title, text),) = notifications(hass)
    assert title == f"Reported: {filed.id}"
    assert text.endswith("0816 333 868")
    cloud.answer_ticket(filed.id, "Kỹ thuật viên sẽ đến sáng mai.")
    await asyncio.sleep(1)
    await hass.async_block_till_done()
    assert notifications(hass)[1:] == [("The kitchen panel is offline", "Kỹ thuật viên sẽ đến sáng mai.")]
