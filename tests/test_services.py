"""The vendor's support desk, from an automation or from the actions page."""

import asyncio
from collections.abc import Awaitable, Callable
import json
from pathlib import Path
from typing import Any, cast

from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.selector import validate_selector
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.wesmart import services
from custom_components.wesmart.cloud.models import FeedbackCategory
from custom_components.wesmart.const import DOMAIN
from tests.accounts import OTHER, OWNER, log_in, submit
from tests.home import FEEDBACK
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


async def test_what_an_action_takes_is_picked_in_the_user_interface(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Each field of each action has a selector of what it takes."""
    file = Path(services.__file__).with_suffix(".yaml")
    described = cast("dict[str, Any]", await hass.async_add_executor_job(load_yaml_dict, str(file)))
    account = {"config_entry": {"integration": DOMAIN}}
    assert {action: {*fields["fields"]} for action, fields in described.items()} == {
        name: {str(field) for field in service.schema.schema}
        for name, service in hass.services.async_services_for_domain(DOMAIN).items()
        if isinstance(service.schema, vol.Schema)
    }
    for action in described.values():
        for field in action["fields"].values():
            validate_selector(field["selector"])
        assert action["fields"]["config_entry_id"]["selector"] == account
    fields = {name: field["selector"] for name, field in described["send_feedback"]["fields"].items()}
    assert fields["device_id"] == {"device": {"filter": [{"integration": DOMAIN}]}}
    assert fields["category"]["select"]["options"] == [*FeedbackCategory]
    assert (fields["rating"]["number"]["min"], fields["rating"]["number"]["max"]) == (1, 5)
    assert "boolean" in fields["include_diagnostics"]
    assert "boolean" in fields["dry_run"]


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


@pytest.mark.parametrize("picked", [{}, {"config_entry_id": "the only one"}])
@pytest.mark.parametrize("ours", [False, True])
async def test_a_device_of_another_integration_is_refused(
    hass: HomeAssistant, entry: ConfigEntry, picked: dict[str, str], ours: bool
) -> None:
    """Whichever account is meant, and also one that somebody has added to an account."""
    hue = MockConfigEntry(domain="hue", title="Bridge")
    hue.add_to_hass(hass)
    stranger = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id if ours else hue.entry_id, identifiers={("hue", "1")}, name="Đèn lạ"
    )
    with pytest.raises(ServiceValidationError) as error:
        await send(hass, device_id=stranger.id, **dict.fromkeys(picked, entry.entry_id))
    assert (error.value.translation_domain, error.value.translation_key) == (DOMAIN, "unknown_device")
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
        ({"message": " \n\t"}, "message_length", "0", "4000"),
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


async def test_what_is_blank_around_a_text_is_not_sent(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Forms and YAML leave it there; a subject of nothing else is none."""
    await send(hass, message=f"  {MESSAGE}\n", subject=" ")
    (filed,) = cloud.tickets(OWNER.username)
    assert filed.sent == {"category": "after_sales", "message": MESSAGE}


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
    await send(hass, device_id=device_id(hass, FEEDBACK), include_diagnostics=True)
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
        (" Hà Nội ", 3),
        ("", 12),
        (" ", 12),
        (None, 12),
    ],
)
async def test_dealers_are_found_by_province_however_it_is_spelled(
    hass: HomeAssistant, entry: ConfigEntry, province: str | None, addresses: int
) -> None:
    """Or all of them; one without a name goes by its address."""
    dealers = list_of(
        (await ask(hass, "find_dealers", **({} if province is None else {"province": province})))["dealers"]
    )
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


@pytest.mark.parametrize("action", ["get_feedback", "find_dealers"])
async def test_a_cloud_that_wants_to_be_asked_a_moment_later_is(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, action: str
) -> None:
    """As commands wait, too; one that wants to be left alone for longer is left alone, and its user told so."""
    path = {"get_feedback": "/v1/feedback", "find_dealers": "/v1/dealers"}[action]
    cloud.rate_limit(1, count=3, path=path)
    assert await ask(hass, action)
    assert [request.status for request in cloud.requests if request.path == path] == [429, 429, 429, 200]
    cloud.rate_limit(60, path=path)
    started = asyncio.get_running_loop().time()
    with pytest.raises(HomeAssistantError) as error:
        await ask(hass, action)
    assert asyncio.get_running_loop().time() - started < 0.5
    assert error.value.translation_key == "rate_limited"
    assert error.value.translation_placeholders is not None
    assert error.value.translation_placeholders["seconds"] == "60"


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


type Trouble = Callable[[MockCloud], None]
LOCKED_OUT: list[Trouble] = [
    lambda cloud: cloud.suspend(OWNER.username),
    lambda cloud: cloud.terminate(OWNER.username),
    lambda cloud: cloud.change_terms("2027-01"),
]


@pytest.mark.parametrize("trouble", LOCKED_OUT, ids=["suspended", "terminated", "terms"])
@pytest.mark.parametrize("restarted", [False, True])
async def test_whoever_is_locked_out_can_still_complain(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, trouble: Trouble, restarted: bool
) -> None:
    """That is what feedback is for then: about anything, with what can be told, from before or since the start."""
    gang = device_id(hass, "switch.hanh_lang_den_hanh_lang")
    service = device_id(hass, FEEDBACK)
    trouble(cloud)
    await asyncio.sleep(5)
    if restarted:
        assert not await hass.config_entries.async_reload(entry.entry_id)
        assert entry.state is ConfigEntryState.SETUP_RETRY
    await send(hass, category="security", message="Tôi không làm gì sai.", include_diagnostics=True)
    await send(hass, config_entry_id=entry.entry_id)
    await send(hass, device_id=gang, include_diagnostics=True)
    await send(hass, device_id=service)
    sent = [ticket.sent for ticket in reversed(cloud.tickets(OWNER.username))]
    assert [one.get("device_id") for one in sent] == [None, None, "cong-tac-phong-ngu", None]
    diagnostics = sent[0]["diagnostics"]
    assert isinstance(diagnostics, dict)
    assert diagnostics.get("state") == ("setup_retry" if restarted else None)
    assert len(list_of((await ask(hass, "get_feedback"))["tickets"])) == 4
    assert await ask(hass, "find_dealers", province="Hà Nội") != {"dealers": []}


async def test_an_account_that_is_just_being_set_up_can_be_used(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """A set-up that is tried again and again is so for a good part of the time."""
    cloud.latency = 4
    reloading = asyncio.create_task(hass.config_entries.async_reload(entry.entry_id))
    await asyncio.sleep(3)
    assert entry.state is ConfigEntryState.SETUP_IN_PROGRESS
    await send(hass)
    cloud.latency = 0
    assert len(cloud.tickets(OWNER.username)) == 1
    assert await reloading


async def test_nothing_is_asked_for_an_account_that_is_disabled(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Its owner does not want it to be used."""
    panel = device_id(hass, "switch.bep_cong_tac_bep_den_tran")
    assert await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    asked = len(cloud.requests)
    for data in ({}, {"config_entry_id": entry.entry_id}, {"device_id": panel}):
        with pytest.raises(ServiceValidationError):
            await send(hass, **data)
    for action in ("get_feedback", "find_dealers"):
        with pytest.raises(ServiceValidationError):
            await ask(hass, action, config_entry_id=entry.entry_id)
    assert len(cloud.requests) == asked


async def test_an_account_whose_session_is_over_from_the_start_has_to_log_in_first(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Each action says so, in words that tell what to do."""
    panel = device_id(hass, "switch.bep_cong_tac_bep_den_tran")
    cloud.sign_out(OWNER.username)
    assert not await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    for data in ({}, {"config_entry_id": entry.entry_id}, {"device_id": panel}):
        with pytest.raises(HomeAssistantError, match="Log in again") as error:
            await send(hass, **data)
        assert error.value.translation_key == "session_ended"
    for action in ("get_feedback", "find_dealers"):
        with pytest.raises(HomeAssistantError, match="Log in again"):
            await ask(hass, action)
    assert len(hass.config_entries.flow.async_progress()) == 1


async def test_an_account_that_waits_for_the_cloud_is_one_of_two(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Which of them is meant has to be said as ever."""
    other = await log_in(hass, cloud, OTHER)
    cloud.suspend(OTHER.username)
    assert not await hass.config_entries.async_reload(other.entry_id)
    with pytest.raises(ServiceValidationError) as error:
        await send(hass)
    assert error.value.translation_key == "service_found_multiple_config_entry_for_domain"
    await send(hass, config_entry_id=other.entry_id)
    assert (len(cloud.tickets(OWNER.username)), len(cloud.tickets(OTHER.username))) == (0, 1)


async def unanswered(hass: HomeAssistant, cloud: MockCloud, **data: object) -> None:
    """Send feedback that arrives, and whose writer is told that nobody knows."""
    cloud.latency = 30
    with pytest.raises(HomeAssistantError) as error:
        await send(hass, **data)
    assert error.value.translation_key == "timeout_connect"
    cloud.latency = 0
    await asyncio.sleep(60)


async def _nothing(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    pass


async def _reload(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    assert await hass.config_entries.async_reload(entry.entry_id)


async def _log_in_again(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    cloud.sign_out(OWNER.username)
    await asyncio.sleep(60)
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    flow = await submit(hass, flow, {CONF_USERNAME: OWNER.username, CONF_PASSWORD: OWNER.password})
    assert flow["reason"] == "reauth_successful"
    await hass.async_block_till_done()


async def _maintenance(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    cloud.maintenance(retry_after=120)
    with pytest.raises(HomeAssistantError):
        await send(hass)
    cloud.end_maintenance()
    await asyncio.sleep(300)


@pytest.mark.parametrize(
    "meanwhile", [_nothing, _reload, _log_in_again, _maintenance], ids=lambda meanwhile: meanwhile.__name__
)
@pytest.mark.parametrize("include_diagnostics", [False, True])
async def test_feedback_that_is_sent_again_because_there_was_no_answer_is_filed_once(
    hass: HomeAssistant,
    cloud: MockCloud,
    entry: ConfigEntry,
    meanwhile: Callable[[HomeAssistant, MockCloud, ConfigEntry], Awaitable[None]],
    include_diagnostics: bool,
) -> None:
    """Whatever happens in between; then the same may be said once more."""
    data = {"include_diagnostics": include_diagnostics}
    await unanswered(hass, cloud, **data)
    (filed,) = cloud.tickets(OWNER.username)
    await meanwhile(hass, cloud, entry)
    assert (await ask(hass, "send_feedback", category="after_sales", message=MESSAGE, dry_run=True, **data)) == {
        "would_send": filed.sent
    }
    ticket = await send(hass, **data)
    assert [one.id for one in cloud.tickets(OWNER.username)] == [filed.id] == [ticket["id"]]
    await send(hass, **data)
    assert len(cloud.tickets(OWNER.username)) == 2


async def test_an_account_that_is_added_anew_has_no_letters_from_before(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """What was removed is forgotten."""
    await unanswered(hass, cloud)
    assert await hass.config_entries.async_remove(entry.entry_id)
    entry = await log_in(hass, cloud, OWNER)
    await send(hass)
    assert len(cloud.tickets(OWNER.username)) == 2
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_the_actions_are_there_before_any_account_is(hass: HomeAssistant) -> None:
    """An automation that uses them loads, and is told what is missing."""
    assert await async_setup_component(hass, DOMAIN, {})
    with pytest.raises(ServiceValidationError):
        await send(hass)
    for action in ("get_feedback", "find_dealers"):
        with pytest.raises(ServiceValidationError):
            await ask(hass, action)
