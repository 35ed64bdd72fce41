"""Scene buttons: each press once, and none of the past. Tickets: each answer that the stream tells, once."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

from homeassistant.components.event import DOMAIN as EVENT
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_ENTITY_ID, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.wesmart.const import DOMAIN
from tests.accounts import OWNER, log_in
from tests.home import FEEDBACK, entities, shows
from tests.mock_cloud import MockCloud

BUTTON = "event.phong_ngu_chinh_ve_nha"
DEVICE = "nut-dau-giuong"

REPLY = "Kỹ thuật viên sẽ đến sáng mai."


@pytest.fixture
def presses(hass: HomeAssistant) -> Iterator[list[object]]:
    """Return what the button has told, as it grows."""
    told: list[object] = []

    @callback
    def hear(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is not None and state.state not in (STATE_UNAVAILABLE, STATE_UNKNOWN):
            told.append(state.attributes["event_type"])

    stop = async_track_state_change_event(hass, BUTTON, hear)
    yield told
    stop()


async def test_every_event_of_the_account(hass: HomeAssistant, entry: ConfigEntry, snapshot: SnapshotAssertion) -> None:
    """Buttons with the presses they can tell apart, and what becomes of feedback."""
    assert entities(hass, entry, EVENT) == snapshot


@pytest.mark.parametrize(
    ("press", "attributes"),
    [
        ("single", {"event_type": "press_end", "multi_press_count": None}),
        ("double", {"event_type": "multi_press_end", "multi_press_count": 2}),
        ("long", {"event_type": "long_press_end", "multi_press_count": None}),
    ],
)
async def test_a_press_is_an_event_once(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, press: str, attributes: dict[str, object]
) -> None:
    """Also where the cloud says it twice."""
    fired: list[dict[str, object]] = []

    @callback
    def fire(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        assert state is not None
        fired.append({name: state.attributes.get(name) for name in attributes})

    await asyncio.sleep(1)
    stop = async_track_state_change_event(hass, BUTTON, fire)
    cloud.double_next()
    cloud.press(DEVICE, "1", press)
    await asyncio.sleep(2)
    stop()
    assert fired == [attributes]


async def test_a_press_is_told_however_a_poll_and_its_frame_overtake_each_other(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, presses: list[object]
) -> None:
    """The snapshot that covers it does not show it."""
    assert await async_setup_component(hass, "homeassistant", {})
    await asyncio.sleep(1)
    for delay in (0, 0.2, 0.5, 2):
        cloud.delay_next(1, delay)
        cloud.press(DEVICE, "1", "single")
        await hass.services.async_call("homeassistant", "update_entity", {ATTR_ENTITY_ID: BUTTON}, blocking=True)
        await asyncio.sleep(5)
    assert len(presses) == 4


async def test_a_press_in_the_moment_in_which_push_is_down_is_told(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, presses: list[object]
) -> None:
    """A poll may be there first, but has no presses; the stream tells them when it is back."""
    await asyncio.sleep(30)
    cloud.cut()
    cloud.press(DEVICE, "1", "single")
    await entry.runtime_data.async_refresh()
    assert presses == []
    await asyncio.sleep(6)
    assert len(presses) == 1


async def test_a_press_that_waited_behind_a_gap_for_minutes_starts_nothing(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, presses: list[object]
) -> None:
    """The cloud did not let anybody fill the gap."""
    await asyncio.sleep(30)
    cloud.rate_limit(600, path="/v1/snapshot")
    cloud.drop_next()
    cloud.touch("cong-tac-bep", "1", on=True)
    cloud.press(DEVICE, "1", "single")
    await asyncio.sleep(900)
    await shows(hass, "light.bep_den_tran", STATE_ON)
    assert presses == []


async def test_a_press_while_push_was_down_for_long_starts_nothing(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """It is told when the stream is back, and is history by then."""
    await asyncio.sleep(1)
    cloud.rate_limit(60, path="/v1/events")
    cloud.cut()
    await asyncio.sleep(5)
    cloud.press(DEVICE, "1", "single")
    await asyncio.sleep(200)
    await shows(hass, BUTTON, "unknown")


async def test_a_button_of_an_offline_panel_is_unavailable(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """As everything of it is."""
    cloud.set_online(DEVICE, False)
    await shows(hass, BUTTON, STATE_UNAVAILABLE, within_s=2)


class Letters(list[tuple[str, str | None]]):
    """What an automation of the user's gets to see of tickets: what happened, and the reply."""

    @classmethod
    async def reach(cls, hass: HomeAssistant) -> Letters:
        """Set the automation up."""
        letters = cls()
        hass.bus.async_listen("letter", letters.take)
        event_data = {name: f"{{{{ trigger.to_state.attributes.{name} }}}}" for name in ("event_type", "reply")}
        automation = {
            "triggers": {
                "trigger": "event.received",
                "target": {"entity_id": FEEDBACK},
                "options": {"event_type": ["opened", "answered", "closed"]},
            },
            "actions": {"event": "letter", "event_data": event_data},
            "mode": "queued",
        }
        assert await async_setup_component(hass, "automation", {"automation": automation})
        await asyncio.sleep(1)
        return letters

    @callback
    def take(self, event: Event[dict[str, str]]) -> None:
        """Keep what the automation saw."""
        self.append((event.data["event_type"], event.data["reply"]))


async def write(hass: HomeAssistant, subject: str = "Rèm kêu to") -> str:
    """Send feedback as a user does; return the ticket's id."""
    data = {"category": "after_sales", "message": "Rèm phòng khách kêu to khi mở.", "subject": subject}
    response = await hass.services.async_call(DOMAIN, "send_feedback", data, blocking=True, return_response=True)
    assert response is not None
    ticket = response["ticket"]
    assert isinstance(ticket, dict)
    return str(ticket["id"])


async def test_an_automation_hears_once_what_becomes_of_feedback(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Also where the cloud says it twice."""
    letters = await Letters.reach(hass)
    ticket_id = await write(hass)
    await asyncio.sleep(1)
    cloud.double_next()
    cloud.answer_ticket(ticket_id, REPLY)
    await asyncio.sleep(1)
    replied_at = dt_util.utcnow()
    state = hass.states.get(FEEDBACK)
    assert state is not None
    told = dict(state.attributes)
    assert replied_at - dt_util.parse_datetime(told.pop("replied_at"), raise_on_error=True) < timedelta(seconds=2)
    for name in ("event_types", "friendly_name"):
        del told[name]
    assert told == {
        "event_type": "answered",
        "ticket_id": ticket_id,
        "category": "after_sales",
        "subject": "Rèm kêu to",
        "reply": REPLY,
    }
    cloud.close_ticket(ticket_id)
    await asyncio.sleep(1)
    assert letters == [("opened", None), ("answered", REPLY), ("closed", REPLY)]


async def test_an_answer_that_came_while_push_was_down_is_still_news(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Polling has covered its event by then; the stream tells it when it is back."""
    letters = await Letters.reach(hass)
    ticket_id = await write(hass)
    await asyncio.sleep(1)
    cloud.rate_limit(60, path="/v1/events")
    cloud.cut()
    await asyncio.sleep(5)
    cloud.answer_ticket(ticket_id, REPLY)
    await asyncio.sleep(300)
    assert letters == [("opened", None), ("answered", REPLY)]


async def test_an_answer_from_before_the_account_was_added_is_no_news(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Neither at once nor after a reload."""
    cloud.answer_ticket(await write(hass), REPLY)
    assert await hass.config_entries.async_remove(entry.entry_id)
    await asyncio.sleep(3600)
    letters = await Letters.reach(hass)
    entry = await log_in(hass, cloud, OWNER)
    await asyncio.sleep(300)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await asyncio.sleep(5)
    assert letters == []
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_nobody_asks_for_tickets(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Only the action does."""
    cloud.meters_report = False
    await asyncio.sleep(2 * 3600)
    cloud.cut()
    await asyncio.sleep(300)
    assert [request.path for request in cloud.requests if "feedback" in request.path] == []


async def test_the_attributes_stay_short_enough_to_be_recorded(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The action returns all of a long letter."""
    await asyncio.sleep(1)
    ticket_id = await write(hass)
    cloud.answer_ticket(ticket_id, "Kính gửi chị. " * 1000)
    await asyncio.sleep(1)
    state = hass.states.get(FEEDBACK)
    assert state is not None
    assert state.attributes["reply"] == ("Kính gửi chị. " * 1000)[:2000]
    response = await hass.services.async_call(DOMAIN, "get_feedback", {}, blocking=True, return_response=True)
    assert response is not None
    tickets = response["tickets"]
    assert isinstance(tickets, list)
    assert [ticket["reply"] for ticket in tickets if isinstance(ticket, dict)] == ["Kính gửi chị. " * 1000]


async def test_tickets_are_unavailable_while_there_is_no_word_from_the_cloud(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Nobody knows then whether there was an answer."""
    await asyncio.sleep(1)
    cloud.mute(True)
    cloud.maintenance(retry_after=600)
    await shows(hass, FEEDBACK, STATE_UNAVAILABLE, within_s=120)
    cloud.mute(False)
    cloud.end_maintenance()
    await asyncio.sleep(600)
    # All homes heard of the same end: each waits up to a tenth longer.
    await shows(hass, FEEDBACK, "unknown", within_s=65)
