"""The vendor's support desk, from an automation or from the actions page."""

import asyncio
import json

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
from tests.mock_cloud.wire import JsonObject

LAMP: JsonObject = {
    "room_id": "bep",
    "model": "Dimmer, 1 channel",
    "firmware": "1.2.0",
    "serial": "LD-1",
    "online": True,
    "identify": False,
    "endpoints": [
        {
            "id": "1",
            "type": "light",
            "features": {"brightness": True, "color_temp": None, "color": False, "effects": [], "transition": False},
            "state": {"on": True, "brightness": 50},
        }
    ],
}
MESSAGE = "Đèn trần bếp chớp tắt mỗi khi bật quạt hút."


async def ask(hass: HomeAssistant, action: str, **data: object) -> dict[str, object]:
    """Call an action as a script would; return its response."""
    response = await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)
    assert response is not None
    return dict(response)


async def send(hass: HomeAssistant, **data: object) -> dict[str, object]:
    """Send feedback; return the ticket."""
    ticket = (await ask(hass, "send_feedback", **{"category": "after_sales", "message": MESSAGE, **data}))["ticket"]
    assert isinstance(ticket, dict)
    return ticket


def list_of(value: object) -> list[dict[str, object]]:
    """Return a list of a response."""
    assert isinstance(value, list)
    return value


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
    "data", [{"category": "praise"}, {"rating": 0}, {"rating": 6}, {"rating": 4.5}, {"dry_run": "perhaps"}]
)
async def test_what_no_form_would_offer_is_not_sent(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, data: dict[str, object]
) -> None:
    """An automation that says it is wrong from the start."""
    with pytest.raises(vol.Invalid):
        await send(hass, **data)
    assert cloud.tickets(OWNER.username) == []


@pytest.mark.parametrize(
    ("data", "key", "length", "limit"),
    [
        ({"message": ""}, "message_length", "0", "4000"),
        ({"message": "ệ" * 4001}, "message_length", "4001", "4000"),
        ({"subject": "ệ" * 201}, "subject_length", "201", "200"),
    ],
)
async def test_a_text_that_the_cloud_would_refuse_is_not_sent(
    hass: HomeAssistant,
    cloud: MockCloud,
    entry: ConfigEntry,
    data: dict[str, object],
    key: str,
    length: str,
    limit: str,
) -> None:
    """Its writer is told how long it is and may be."""
    with pytest.raises(ServiceValidationError) as error:
        await send(hass, **data)
    assert error.value.translation_key == key
    assert error.value.translation_placeholders == {"length": length, "limit": limit}
    assert [request.path for request in cloud.requests if "feedback" in request.path] == []


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


async def test_a_dry_run_returns_exactly_what_would_be_sent(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """And sends nothing; then the same call sends just that."""
    said = {
        "category": "application",
        "message": MESSAGE,
        "subject": "Đèn chớp tắt",
        "rating": 1,
        "device_id": device_id(hass, "switch.bep_cong_tac_bep_den_tran"),
        "include_diagnostics": True,
    }
    asked = len(cloud.requests)
    shown = await ask(hass, "send_feedback", **said, dry_run=True)
    assert len(cloud.requests) == asked
    assert cloud.tickets(OWNER.username) == []
    await ask(hass, "send_feedback", **said)
    (filed,) = cloud.tickets(OWNER.username)
    assert shown == {"would_send": filed.sent}


async def test_a_dry_run_has_the_limits_of_the_real_one(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """It would be no preview otherwise."""
    with pytest.raises(ServiceValidationError):
        await ask(hass, "send_feedback", category="security", message="", dry_run=True)


async def test_diagnostics_go_along_only_when_asked_for(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Those of the picked device's panel, or of the whole account; and of which versions."""
    gang = device_id(hass, "switch.hanh_lang_den_hanh_lang")
    await send(hass, device_id=gang)
    await send(hass, device_id=gang, include_diagnostics=True)
    await send(hass, include_diagnostics=True)
    everything, panel, without = (ticket.sent for ticket in cloud.tickets(OWNER.username))
    assert "diagnostics" not in without
    diagnostics = panel["diagnostics"]
    assert isinstance(diagnostics, dict)
    assert {"home_assistant", "integration", "cloud", "devices"} == diagnostics.keys()
    assert [device["model"] for device in list_of(diagnostics["devices"])] == ["Touch panel, 2 gangs"]
    diagnostics = everything["diagnostics"]
    assert isinstance(diagnostics, dict)
    homes = cloud.snapshot(OWNER.username)["homes"]
    assert len(list_of(diagnostics["devices"])) == sum(len(home["devices"]) for home in homes)


async def test_diagnostics_of_a_large_home_are_shortened_to_what_the_contract_takes(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """They stay JSON, and say that they are not all."""
    for number in range(400):
        cloud.add_device("nha-ha-noi", {"id": f"den-{number}", "name": None, **LAMP})
    await asyncio.sleep(5)
    await send(hass, include_diagnostics=True)
    (filed,) = cloud.tickets(OWNER.username)
    diagnostics = filed.sent["diagnostics"]
    assert isinstance(diagnostics, dict)
    assert diagnostics["shortened"] is True
    assert 60_000 < len(json.dumps(diagnostics)) <= 65_536


async def test_feedback_about_the_account_itself_names_no_device(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Its service can be picked where devices are."""
    await send(hass, device_id=device_id(hass, "event.wesmart_feedback"), include_diagnostics=True)
    (filed,) = cloud.tickets(OWNER.username)
    assert "device_id" not in filed.sent
    diagnostics = filed.sent["diagnostics"]
    assert isinstance(diagnostics, dict)
    assert "homes" in diagnostics


async def test_tickets_are_listed_newest_first(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """With what was answered."""
    assert await ask(hass, "get_feedback") == {"tickets": []}
    first = await send(hass, subject="Đèn chớp tắt")
    await asyncio.sleep(60)
    second = await send(hass, category="application", message="Ứng dụng chậm.")
    cloud.answer_ticket(str(first["id"]), "Kỹ thuật viên sẽ đến sáng mai.")
    answered = {**first, "status": "answered", "reply": "Kỹ thuật viên sẽ đến sáng mai."}
    listed = list_of((await ask(hass, "get_feedback", config_entry_id=entry.entry_id))["tickets"])
    assert listed[0] == second
    assert listed[1] == {**answered, "replied_at": listed[1]["replied_at"]}
    assert str(listed[1]["replied_at"]).startswith("2026-11-20T05:01:0")


@pytest.mark.parametrize(
    ("province", "addresses"),
    [
        ("Hà Nội", 3),
        ("ha noi", 3),
        ("HOÀ  BÌNH", 1),
        ("Cà Mau", 0),
        (None, 12),
    ],
)
async def test_dealers_are_found_by_province_however_it_is_spelled(
    hass: HomeAssistant, entry: ConfigEntry, province: str | None, addresses: int
) -> None:
    """Or all of them; one without a name goes by its address."""
    dealers = list_of((await ask(hass, "find_dealers", **({"province": province} if province else {})))["dealers"])
    assert len({dealer["address"] for dealer in dealers}) == addresses
    for dealer in dealers:
        assert dealer.keys() == {"name", "address", "province", "phone"}
        assert dealer["phone"] == "0816 333 868"
    if province == "ha noi":
        assert [dealer["name"] for dealer in dealers] == ["WeSMART", None, None]


@pytest.mark.parametrize("action", ["get_feedback", "find_dealers"])
async def test_with_two_accounts_one_has_to_be_picked(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, action: str
) -> None:
    """Nobody reads another's letters by accident."""
    other = await log_in(hass, cloud, OTHER)
    await send(hass, config_entry_id=entry.entry_id)
    with pytest.raises(ServiceValidationError):
        await ask(hass, action)
    assert await ask(hass, action, config_entry_id=other.entry_id) != {}
    if action == "get_feedback":
        assert await ask(hass, action, config_entry_id=other.entry_id) == {"tickets": []}
    assert await hass.config_entries.async_unload(other.entry_id)


@pytest.mark.parametrize("action", ["get_feedback", "find_dealers"])
async def test_a_question_whose_answer_got_lost_is_asked_again(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, action: str
) -> None:
    """Within the ten seconds that every action has; then it is an error."""
    await asyncio.sleep(1)
    cloud.lose_answers(1)
    assert await ask(hass, action)
    cloud.latency = 30
    with pytest.raises(HomeAssistantError) as error:
        await ask(hass, action)
    assert error.value.translation_key == "timeout_connect"
    cloud.latency = 0
    await asyncio.sleep(60)


async def test_a_session_that_has_ended_asks_for_a_new_login(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Also where it is a question to the support desk that finds out; dealers are there for everybody."""
    for session in cloud.sessions(OWNER.username):
        session.revoked = True
    assert await ask(hass, "find_dealers", province="Hà Tĩnh")
    with pytest.raises(HomeAssistantError) as error:
        await ask(hass, "get_feedback")
    assert error.value.translation_key == "session_ended"
    await hass.async_block_till_done()
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]


async def test_a_suspended_account_can_still_complain(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """That is what feedback is for then."""
    cloud.suspend(OWNER.username)
    await send(hass, category="security", message="Tôi không làm gì sai.")
    assert len(cloud.tickets(OWNER.username)) == 1
    assert len(list_of((await ask(hass, "get_feedback"))["tickets"])) == 1


async def test_the_actions_are_there_before_any_account_is(hass: HomeAssistant) -> None:
    """An automation that uses them loads, and is told what is missing."""
    assert await async_setup_component(hass, DOMAIN, {})
    with pytest.raises(ServiceValidationError):
        await send(hass)
    for action in ("get_feedback", "find_dealers"):
        with pytest.raises(ServiceValidationError):
            await ask(hass, action)
