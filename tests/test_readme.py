"""The automations in the README work."""

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
FEEDBACK_AUTOMATION = re.compile(f"{FEEDBACK}|wesmart.send_feedback")


def notifications(hass: HomeAssistant) -> list[tuple[str | None, str]]:
    """Return the titles and texts of the notifications."""
    return [(each["title"], each["message"]) for each in hass.data["persistent_notification"].values()]


async def test_the_automations_about_feedback_do_what_they_say(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """A panel that is offline for a day is reported, and the answer is shown. The day is an hour here."""
    assert await async_setup_component(hass, "persistent_notification", {})
    automations = [each for each in AUTOMATIONS if FEEDBACK_AUTOMATION.search(each)]
    assert sum('for: "24:00:00"' in each for each in automations) == 1
    config = [parse_yaml(each.replace("24:00:00", "01:00:00")) for each in automations]
    assert await async_setup_component(hass, "automation", {"automation": config})
    assert [state.state for state in hass.states.async_all("automation")] == ["on"] * 2
    cloud.meters_report = False
    await asyncio.sleep(1)
    cloud.set_online("cong-tac-bep", False)
    await asyncio.sleep(3610)
    (filed,) = cloud.tickets(OWNER.username)
    assert filed.sent["device_id"] == "cong-tac-bep"
    ((title, message),) = notifications(hass)
    assert title == f"Reported: {filed.id}"
    assert message.endswith("0816 333 868")
    cloud.answer_ticket(filed.id, "Kỹ thuật viên sẽ đến sáng mai.")
    await asyncio.sleep(1)
    await hass.async_block_till_done()
    assert notifications(hass)[1:] == [("The kitchen panel is offline", "Kỹ thuật viên sẽ đến sáng mai.")]
