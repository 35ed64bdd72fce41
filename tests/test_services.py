"""Feedback to the vendor, from an automation or from the actions page."""

import asyncio

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
import voluptuous as vol

from custom_components.wesmart.const import DOMAIN
from tests.accounts import OTHER, OWNER, log_in
from tests.mock_cloud import MockCloud

MESSAGE = "Đèn trần bếp chớp tắt mỗi khi bật quạt hút."


async def send(hass: HomeAssistant, **data: object) -> dict[str, object]:
    """Call the action as a script would; return the ticket."""
    data = {"category": "after_sales", "message": MESSAGE, **data}
    response = await hass.services.async_call(DOMAIN, "send_feedback", data, blocking=True, return_response=True)
    assert response is not None
    ticket = response["ticket"]
    assert isinstance(ticket, dict)
    return dict(ticket)


def device_id(hass: HomeAssistant, entity_id: str) -> str:
    """Return the id that the device picker gives."""
    entity = er.async_get(hass).async_get(entity_id)
    assert entity is not None
    assert entity.device_id is not None
    return entity.device_id


async def test_feedback_gets_a_ticket(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """With all that was said, in Vietnamese too."""
    ticket = await send(
        hass,
        subject="Đèn chớp tắt",
        rating=2,
        config_entry_id=entry.entry_id,
        device_id=device_id(hass, "switch.bep_cong_tac_bep_den_tran"),
    )
    (filed,) = cloud.tickets(OWNER.username)
    assert (ticket["id"], ticket["status"]) == (filed.id, "open")
    assert {name: ticket[name] for name in ("category", "message", "subject")} == {
        "category": "after_sales",
        "message": MESSAGE,
        "subject": "Đèn chớp tắt",
    }
    assert (filed.sent["rating"], filed.sent["device_id"]) == (2, "cong-tac-bep")


async def test_a_gang_that_is_a_device_of_its_own_means_its_panel(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The cloud knows the box on the wall."""
    await send(hass, device_id=device_id(hass, "switch.hanh_lang_den_hanh_lang"))
    (filed,) = cloud.tickets(OWNER.username)
    assert filed.sent["device_id"] == "cong-tac-phong-ngu"


async def test_with_two_accounts_the_device_says_whose_feedback_it_is(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Without either, the account has to be picked."""
    other = await log_in(hass, cloud, OTHER)
    await send(hass, device_id=device_id(hass, "switch.bep_o_cam_tu_lanh"))
    await send(hass, config_entry_id=other.entry_id)
    assert (len(cloud.tickets(OWNER.username)), len(cloud.tickets(OTHER.username))) == (1, 1)
    with pytest.raises(ServiceValidationError):
        await send(hass)
    with pytest.raises(ServiceValidationError) as error:
        await send(hass, config_entry_id=other.entry_id, device_id=device_id(hass, "switch.bep_o_cam_tu_lanh"))
    assert error.value.translation_key == "unknown_device"
    assert error.value.translation_placeholders == {"name": "Ổ cắm tủ lạnh"}
    assert await hass.config_entries.async_unload(other.entry_id)


async def test_a_device_that_does_not_exist_is_said_so(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """By what was entered."""
    with pytest.raises(ServiceValidationError) as error:
        await send(hass, device_id="nowhere")
    assert error.value.translation_placeholders == {"name": "nowhere"}


async def test_a_device_of_another_integration_is_refused(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Whichever account is meant."""
    stranger = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("hue", "1")}, name="Đèn lạ"
    )
    with pytest.raises(ServiceValidationError) as error:
        await send(hass, device_id=stranger.id)
    assert error.value.translation_placeholders == {"name": "Đèn lạ"}


@pytest.mark.parametrize(
    "data",
    [
        {"category": "praise"},
        {"message": ""},
        {"message": "ệ" * 4001},
        {"subject": "ệ" * 201},
        {"rating": 0},
        {"rating": 6},
        {"rating": 4.5},
    ],
)
async def test_what_the_cloud_would_refuse_is_not_sent(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, data: dict[str, object]
) -> None:
    """The limits are checked first."""
    with pytest.raises(vol.Invalid):
        await send(hass, **data)
    assert cloud.tickets(OWNER.username) == []


@pytest.mark.parametrize("message", ["x", "ệ" * 4000, "👨‍👩‍👧‍👦 <b>[x](y)</b>\n\n- một\n- hai"])
async def test_any_text_arrives_as_it_was_written(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, message: str
) -> None:
    """From one character to four thousand."""
    await send(hass, message=message)
    (filed,) = cloud.tickets(OWNER.username)
    assert filed.sent["message"] == message


async def test_feedback_that_could_not_be_sent_is_an_error(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Which says why, and is over in time."""
    cloud.maintenance(retry_after=120)
    with pytest.raises(HomeAssistantError) as error:
        await send(hass)
    assert error.value.translation_key == "maintenance"
    assert error.value.translation_placeholders is not None
    assert error.value.translation_placeholders["seconds"] == "120"


async def test_feedback_whose_answer_got_lost_is_filed_once(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """It is sent again under its key."""
    await asyncio.sleep(1)
    cloud.lose_answers(1)
    ticket = await send(hass)
    assert [filed.id for filed in cloud.tickets(OWNER.username)] == [ticket["id"]]


async def test_feedback_to_a_cloud_that_does_not_answer_ends_in_time(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Within the ten seconds that every action has."""
    cloud.latency = 30
    started = asyncio.get_running_loop().time()
    with pytest.raises(HomeAssistantError) as error:
        await send(hass)
    assert error.value.translation_key == "timeout_connect"
    assert asyncio.get_running_loop().time() - started < 10.5
    cloud.latency = 0
    await asyncio.sleep(60)


async def test_a_suspended_account_can_still_complain(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """That is what feedback is for then."""
    cloud.suspend(OWNER.username)
    await send(hass, category="security", message="Tôi không làm gì sai.")
    assert len(cloud.tickets(OWNER.username)) == 1


async def test_the_action_is_there_before_any_account_is(hass: HomeAssistant) -> None:
    """An automation that uses it loads, and is told what is missing."""
    assert await async_setup_component(hass, DOMAIN, {})
    with pytest.raises(ServiceValidationError):
        await send(hass)
