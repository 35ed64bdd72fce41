"""The blueprints: each is imported as a user would, and does what it says."""

import asyncio
from pathlib import Path

from homeassistant.components.persistent_notification import _async_get_or_create_notifications as notifications
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
import yaml

from tests.accounts import OWNER
from tests.home import FEEDBACK, shows
from tests.mock_cloud import MockCloud

pytestmark = pytest.mark.slow

BLUEPRINTS = Path(__file__).parents[1] / "blueprints"
CURTAIN = "rem-phong-khach"


@pytest.fixture(autouse=True)
async def imported(hass: HomeAssistant, entry: ConfigEntry, tmp_path: Path) -> None:
    """Have the blueprints in the configuration, and what they use."""
    (tmp_path / "blueprints").symlink_to(BLUEPRINTS)
    hass.config.config_dir = str(tmp_path)
    for domain in ("homeassistant", "persistent_notification"):
        assert await async_setup_component(hass, domain, {})


async def use(hass: HomeAssistant, name: str, **inputs: object) -> None:
    """Make an automation of a blueprint."""
    automation = {"use_blueprint": {"path": f"wesmart/{name}.yaml", "input": inputs}}
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await hass.async_block_till_done()
    assert hass.states.async_entity_ids("automation") != []


async def test_everything_is_off_when_the_last_person_leaves(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """After the minutes that were chosen, unless somebody comes back."""
    hass.states.async_set("zone.home", "1")
    await use(
        hass, "everybody_left", what={"entity_id": ["light.phong_khach_den_tran", "switch.phong_khach_o_cam_tivi"]}
    )
    hass.states.async_set("zone.home", "0")
    await asyncio.sleep(60)
    hass.states.async_set("zone.home", "1")
    await asyncio.sleep(600)
    await shows(hass, "light.phong_khach_den_tran", "on")
    hass.states.async_set("zone.home", "0")
    await asyncio.sleep(305)
    assert cloud.state("cong-tac-phong-khach", "1")["on"] is False
    assert cloud.state("o-cam-tivi", "1")["on"] is False
    assert cloud.state("den-hat-tran", "1")["on"] is True


async def test_curtains_follow_the_sun_and_yield_to_the_wind(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The wind comes first."""

    async def sun(azimuth: float, state: str = "above_horizon") -> object:
        hass.states.async_set("sun.sun", state, {"azimuth": azimuth})
        await asyncio.sleep(30)
        return cloud.state(CURTAIN, "1")["position"]

    hass.states.async_set("sensor.wind", "5")
    await sun(10)
    await use(hass, "sun_and_wind", covers=["cover.phong_khach_rem_phong_khach"], wind=["sensor.wind"], safe_position=0)
    assert await sun(100) == 30
    assert await sun(200) == 100
    hass.states.async_set("sensor.wind", "50")
    await asyncio.sleep(30)
    assert cloud.state(CURTAIN, "1")["position"] == 0
    assert await sun(100) == 0
    hass.states.async_set("sensor.wind", "10")
    await asyncio.sleep(14 * 60)
    assert cloud.state(CURTAIN, "1")["position"] == 0
    await asyncio.sleep(90)
    assert cloud.state(CURTAIN, "1")["position"] == 30
    assert await sun(170, "below_horizon") == 100


@pytest.mark.parametrize(
    ("press", "lamp"), [("single", "den-tu-bep"), ("double", "den-dau-giuong"), ("long", "den-da-nang"), ("other", "")]
)
async def test_a_buttons_presses_run_their_actions(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, press: str, lamp: str
) -> None:
    """Each its own."""
    await asyncio.sleep(30)

    def toggle(entity_id: str) -> list[dict[str, object]]:
        return [{"action": "homeassistant.toggle", "target": {"entity_id": entity_id}}]

    await use(
        hass,
        "button",
        button="event.phong_ngu_chinh_ve_nha",
        pressed=toggle("light.bep_den_tu_bep"),
        pressed_twice=toggle("light.phong_ngu_chinh_den_dau_giuong"),
        held=toggle("light.phong_khach_den_san_canh_sofa"),
    )
    lamps = {"single": "den-tu-bep", "double": "den-dau-giuong", "long": "den-san-sofa"}
    before = {kind: cloud.state(device_id, "1")["on"] for kind, device_id in lamps.items()}
    if press in lamps:
        cloud.press("nut-dau-giuong", "1", press)
    await asyncio.sleep(2)
    after = {kind: cloud.state(device_id, "1")["on"] for kind, device_id in lamps.items()}
    assert [kind for kind in lamps if before[kind] != after[kind]] == ([press] if press in lamps else [])


@pytest.mark.parametrize("ask_for_help", [True, False])
async def test_a_device_that_is_offline_for_a_day_is_reported(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, ask_for_help: bool
) -> None:
    """To the owner, and to WeSMART if the owner wants that; a short outage is not."""
    sensor = "binary_sensor.phong_khach_o_cam_tivi_connectivity"
    await use(hass, "offline", devices=[sensor], ask_for_help=ask_for_help)
    cloud.set_online("o-cam-tivi", False)
    await asyncio.sleep(3600)
    cloud.set_online("o-cam-tivi", True)
    await asyncio.sleep(60)
    cloud.set_online("o-cam-tivi", False)
    await asyncio.sleep(23.9 * 3600)
    assert notifications(hass) == {}
    await asyncio.sleep(600)
    (notification,) = notifications(hass).values()
    assert notification["title"] == "Ổ cắm tivi is offline"
    tickets = [ticket.sent for ticket in cloud.tickets(OWNER.username)]
    assert [feedback["device_id"] for feedback in tickets] == (["o-cam-tivi"] if ask_for_help else [])
    assert all(feedback["diagnostics"] for feedback in tickets)


@pytest.mark.parametrize("account", [True, False])
async def test_feedback_is_sent_from_a_dashboard(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, account: bool
) -> None:
    """And its answer is an event."""
    script = {
        "use_blueprint": {"path": "wesmart/send_feedback.yaml", "input": {"account": entry.entry_id} if account else {}}
    }
    assert await async_setup_component(hass, "script", {"script": {"send_feedback": script}})
    data = {"category": "after_sales", "message": "Rèm kêu to", "rating": 4}
    await hass.services.async_call("script", "send_feedback", data, blocking=True)
    (ticket,) = cloud.tickets(OWNER.username)
    assert {name: ticket.sent[name] for name in data} == data
    (notification,) = notifications(hass).values()
    assert ticket.id in notification["message"]
    await asyncio.sleep(60)
    cloud.answer_ticket(ticket.id, "Kỹ thuật sẽ đến sáng mai.")
    await asyncio.sleep(2)
    state = hass.states.get(FEEDBACK)
    assert state is not None
    assert (state.attributes["event_type"], state.attributes["reply"]) == ("answered", "Kỹ thuật sẽ đến sáng mai.")


def test_every_blueprint_says_where_it_is_from() -> None:
    """Home Assistant updates a blueprint from there."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!input", lambda loader, node: node.value)
    files = [*BLUEPRINTS.glob("*/wesmart/*.yaml")]
    assert len(files) == 5
    for file in files:
        blueprint = yaml.load(file.read_text(encoding="utf-8"), Loader)["blueprint"]  # noqa: S506  # a SafeLoader
        assert blueprint["source_url"].endswith(f"/blob/main/{file.relative_to(BLUEPRINTS.parent)}")
        assert blueprint["domain"] == file.parent.parent.name
