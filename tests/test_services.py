"""The actions of the vendor's support: feedback, its tickets, and dealers."""

import asyncio
from collections.abc import Callable
import json
from pathlib import Path
from typing import Any, cast

from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.config_entries import ConfigEntry, ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.selector import validate_selector
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.wesmart import services
from custom_components.wesmart.cloud.account import FeedbackCategory
from custom_components.wesmart.const import DOMAIN
from tests.accounts import OTHER, OWNER, log_in
from tests.home import FEEDBACK, device_of
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
KITCHEN = "light.bep_den_tran"
# A gang with a name of its own, which is a child device of its panel.
GANG, GANG_PANEL = "light.hanh_lang_den_hanh_lang", "cong-tac-phong-ngu"


async def ask(hass: HomeAssistant, action: str, **data: object) -> dict[str, object]:
    """Call an action as an automation does; return its response."""
    return await ask_as(hass, None, action, **data)


async def ask_as(hass: HomeAssistant, user_id: str | None, action: str, **data: object) -> dict[str, object]:
    """Call an action as a user; return its response."""
    response = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True, context=Context(user_id=user_id)
    )
    assert response is not None
    return dict(response)


async def send(hass: HomeAssistant, **data: object) -> dict[str, object]:
    """Send feedback and return the ticket."""
    ticket = (await ask(hass, "send_feedback", **{"category": "after_sales", "message": MESSAGE, **data}))["ticket"]
    assert isinstance(ticket, dict)
    return ticket


def list_of(value: object) -> list[dict[str, object]]:
    """Return a list of a response."""
    assert isinstance(value, list)
    return value


def sent(cloud: MockCloud) -> list[JsonObject]:
    """Return the owner's feedback as it was sent, oldest first."""
    return [ticket.sent for ticket in reversed(cloud.tickets(OWNER.username))]


def diagnostics_of(feedback: JsonObject) -> JsonObject:
    """Return the diagnostics that were sent with feedback."""
    diagnostics = feedback["diagnostics"]
    assert isinstance(diagnostics, dict)
    return diagnostics


def _fields(described: dict[str, Any]) -> dict[str, Any]:
    """Return the selectors of an action's fields, in the order of its form; those of sections are fields, too."""
    selectors: dict[str, Any] = {}
    for name, field in described["fields"].items():
        selectors |= _fields(field) if "fields" in field else {name: field["selector"]}
    return selectors


async def test_every_field_has_a_selector(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Of what the action takes."""
    file = Path(services.__file__).with_suffix(".yaml")
    described = cast("dict[str, Any]", await hass.async_add_executor_job(load_yaml_dict, str(file)))
    offered = {action: _fields(description) for action, description in described.items()}
    assert {action: {*fields} for action, fields in offered.items()} == {
        name: {str(field) for field in service.schema.schema}
        for name, service in hass.services.async_services_for_domain(DOMAIN).items()
        if isinstance(service.schema, vol.Schema)
    }
    for selectors in offered.values():
        for selector in selectors.values():
            validate_selector(selector)
        assert [*selectors.items()][-1] == ("config_entry_id", {"config_entry": {"integration": DOMAIN}})
    fields = offered["send_feedback"]
    assert fields["device_id"] == {"device": {"filter": [{"integration": DOMAIN}]}}
    assert fields["category"]["select"]["options"] == [*FeedbackCategory]
    assert (fields["rating"]["number"]["min"], fields["rating"]["number"]["max"]) == (1, 5)


async def test_the_provinces_to_choose_from_are_those_of_dealers_and_of_the_country(
    hass: HomeAssistant, entry: ConfigEntry
) -> None:
    """Since July 2025 there are 34; dealers are also in former ones, and others can be entered."""
    file = Path(services.__file__).with_suffix(".yaml")
    described = cast("dict[str, Any]", await hass.async_add_executor_job(load_yaml_dict, str(file)))
    selector = _fields(described["find_dealers"])["province"]["select"]
    assert selector["custom_value"]
    dealers = (await ask(hass, "find_dealers"))["dealers"]
    assert isinstance(dealers, list)
    assert {dealer["province"] for dealer in dealers} <= {*selector["options"]}
    assert len({*selector["options"]} - {"Hải Dương", "Hoà Bình", "Thái Bình"}) == len(selector["options"]) - 3 == 34


# Sending feedback


async def test_feedback_gets_a_ticket(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """With everything that was entered."""
    said = {"category": "after_sales", "message": MESSAGE, "subject": "Đèn chớp tắt"}
    device_id = device_of(hass, KITCHEN).id
    ticket = await send(hass, **said, rating=2, config_entry_id=entry.entry_id, device_id=device_id)
    (filed,) = cloud.tickets(OWNER.username)
    assert (ticket["id"], ticket["status"]) == (filed.id, "open")
    assert {name: ticket[name] for name in said} == said
    assert filed.sent == {**said, "rating": 2, "device_id": "cong-tac-bep"}


async def test_a_text_arrives_as_it_was_written(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Without the blanks around it; a blank subject is none."""
    messages = ["x", "ệ" * 4000, "👨‍👩‍👧‍👦 <b>[x](y)</b>\n\n- một\n- hai", "a\ud800"]
    for message in messages:
        await send(hass, message=f"  {message}\n", subject=" ")
    messages[-1] = "a?"  # a lone surrogate is no text
    assert sent(cloud) == [{"category": "after_sales", "message": message} for message in messages]


async def test_values_that_no_form_offers_are_not_sent(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """The error about a text says how long it is and may be; the schema refuses others."""
    for data, key, length, limit in (
        ({"message": ""}, "message_length", "0", "4000"),
        ({"message": " \n\t"}, "message_length", "0", "4000"),
        ({"message": "", "dry_run": True}, "message_length", "0", "4000"),
        ({"message": "ệ" * 4001}, "message_length", "4001", "4000"),
        ({"subject": "ệ" * 201}, "subject_length", "201", "200"),
    ):
        with pytest.raises(ServiceValidationError) as error:
            await send(hass, **data)
        assert error.value.translation_key == key
        assert error.value.translation_placeholders == {"length": length, "limit": limit}
    for refused in ({"category": "praise"}, {"rating": 0}, {"rating": 6}, {"rating": 4.5}, {"dry_run": "perhaps"}):
        with pytest.raises(vol.Invalid):
            await send(hass, **refused)
    assert [request.path for request in cloud.requests if "feedback" in request.path] == []


async def test_the_device_decides_which_account_sends(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """With two accounts, one of them or a device has to be selected; a child device is a part of its panel."""
    other = await log_in(hass, cloud, OTHER)
    gang = device_of(hass, GANG)
    await send(hass, device_id=gang.id)
    await send(hass, config_entry_id=other.entry_id)
    assert [feedback.get("device_id") for feedback in sent(cloud)] == [GANG_PANEL]
    assert len(cloud.tickets(OTHER.username)) == 1
    with pytest.raises(ServiceValidationError):
        await send(hass)
    with pytest.raises(ServiceValidationError) as error:
        await send(hass, config_entry_id=other.entry_id, device_id=gang.id)
    assert error.value.translation_key == "unknown_device"
    assert error.value.translation_placeholders == {"name": gang.name}
    assert await hass.config_entries.async_unload(other.entry_id)


async def test_a_device_of_another_integration_is_refused(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Also one that somebody added to an entry of ours, and one that does not exist."""
    hue = MockConfigEntry(domain="hue", title="Bridge")
    hue.add_to_hass(hass)
    add = dr.async_get(hass).async_get_or_create
    names = {"nowhere": "nowhere"}
    for owner, name in ((hue, "Đèn lạ"), (entry, "Đèn thêm")):
        device = add(config_entry_id=owner.entry_id, identifiers={("hue", name)}, name=name)
        names[device.id] = name
    for device_id, name in names.items():
        for account in ({}, {"config_entry_id": entry.entry_id}):
            with pytest.raises(ServiceValidationError) as error:
                await send(hass, device_id=device_id, **account)
            assert (error.value.translation_domain, error.value.translation_key) == (DOMAIN, "unknown_device")
            assert error.value.translation_placeholders == {"name": name}


async def test_feedback_whose_response_is_lost_is_filed_once(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """It is sent again with its idempotency key."""
    await asyncio.sleep(1)
    cloud.lose_answers(1)
    ticket = await send(hass)
    assert [filed.id for filed in cloud.tickets(OWNER.username)] == [ticket["id"]]


@pytest.mark.parametrize("fault", ["slow", "gone"])
async def test_feedback_without_a_response_says_that_it_may_have_been_filed(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, fault: str
) -> None:
    """Within the ten seconds that an action has."""
    await asyncio.sleep(1)
    port = cloud.port
    if fault == "slow":
        cloud.latency = 30
    else:
        await cloud.stop()
    started = asyncio.get_running_loop().time()
    with pytest.raises(HomeAssistantError) as error:
        await send(hass)
    assert error.value.translation_key == "feedback_unconfirmed"
    assert error.value.translation_placeholders == {"name": "WeSMART"}
    assert asyncio.get_running_loop().time() - started < 10.5
    cloud.latency = 0
    if fault == "gone":
        await cloud.start(port=port)
    await asyncio.sleep(60)
    assert len(sent(cloud)) == (1 if fault == "slow" else 0)


async def test_feedback_that_was_lost_before_the_server_got_busy_may_have_been_filed(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """It was: the server's wait is not all that the owner has to know."""
    await asyncio.sleep(1)
    cloud.lose_answers(2)  # aiohttp itself repeats once
    sending = asyncio.create_task(send(hass))
    await asyncio.sleep(0.5)
    cloud.maintenance(retry_after=120)
    with pytest.raises(HomeAssistantError) as error:
        await sending
    assert error.value.translation_key == "feedback_unconfirmed"
    assert len(sent(cloud)) == 1


async def test_feedback_during_maintenance_says_how_long_to_wait(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Nothing was filed."""
    cloud.maintenance(retry_after=120)
    with pytest.raises(HomeAssistantError) as error:
        await send(hass)
    assert error.value.translation_key == "maintenance"
    assert error.value.translation_placeholders is not None
    assert error.value.translation_placeholders["seconds"] in {"120", "121"}  # a date has whole seconds


async def test_a_dry_run_returns_what_would_be_sent(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """And sends nothing; the same call without it sends exactly that."""
    said = {
        "category": "application",
        "message": MESSAGE,
        "subject": "Đèn chớp tắt",
        "rating": 1,
        "device_id": device_of(hass, KITCHEN).id,
        "include_diagnostics": True,
    }
    asked = len(cloud.requests)
    shown = await ask(hass, "send_feedback", **said, dry_run=True)
    assert (len(cloud.requests), sent(cloud)) == (asked, [])
    await ask(hass, "send_feedback", **said)
    assert sent(cloud) == [shown["would_send"]]


async def test_diagnostics_are_sent_only_if_they_are_asked_for(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Of the selected device's panel, or of the whole account; the account's service is no device of the server."""
    gang, service = device_of(hass, GANG).id, device_of(hass, FEEDBACK).id
    await send(hass, device_id=gang)
    await send(hass, device_id=gang, include_diagnostics=True)
    await send(hass, device_id=service, include_diagnostics=True)
    await send(hass, include_diagnostics=True)
    without, panel, *everything = sent(cloud)
    assert "diagnostics" not in without
    assert diagnostics_of(panel).keys() == {"home_assistant", "integration", "cloud", "devices"}
    assert [device["model"] for device in list_of(diagnostics_of(panel)["devices"])] == ["Touch panel, 2 gangs"]
    homes = cloud.snapshot(OWNER.username)["homes"]
    for feedback in everything:
        assert "device_id" not in feedback
        assert len(list_of(diagnostics_of(feedback)["devices"])) == sum(len(home["devices"]) for home in homes)


async def test_diagnostics_of_a_large_home_are_shortened(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """To the contract's limit; they say so."""
    for number in range(400):
        cloud.add_device("nha-ha-noi", {"id": f"den-{number}", "name": None, **LAMP})
    await asyncio.sleep(5)
    await send(hass, include_diagnostics=True)
    diagnostics = diagnostics_of(sent(cloud)[0])
    assert diagnostics["shortened"] is True
    assert 60_000 < len(json.dumps(diagnostics)) <= 65_536


# Reading


async def test_tickets_are_returned_newest_first(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """With the reply."""
    assert await ask(hass, "get_feedback") == {"tickets": []}
    first = await send(hass, subject="Đèn chớp tắt")
    await asyncio.sleep(60)
    second = await send(hass, category="application", message="Ứng dụng chậm.")
    cloud.answer_ticket(str(first["id"]), "Kỹ thuật viên sẽ đến sáng mai.")
    answered = {**first, "status": "answered", "reply": "Kỹ thuật viên sẽ đến sáng mai."}
    listed = list_of((await ask(hass, "get_feedback", config_entry_id=entry.entry_id))["tickets"])
    assert listed == [second, {**answered, "replied_at": listed[1]["replied_at"]}]
    assert str(listed[1]["replied_at"]).startswith("2026-11-20T05:01:0")


async def test_dealers_are_found_by_province(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """However it is spelled; without one, all are returned."""
    spelled = {"Hà Nội": 3, "ha noi": 3, "HOÀ  BÌNH": 1, "Cà Mau": 0, " Hà Nội ": 3, " ": 12, None: 12}
    for province, addresses in spelled.items():
        data = {} if province is None else {"province": province}
        dealers = list_of((await ask(hass, "find_dealers", **data))["dealers"])
        assert len({dealer["address"] for dealer in dealers}) == addresses, province
        for dealer in dealers:
            assert dealer.keys() == {"name", "address", "province", "phone"}
            assert dealer["phone"] == "0816 333 868"


async def test_with_two_accounts_tickets_need_a_choice_and_dealers_do_not(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Dealers are the same for everybody; any usable account asks, though another one cannot."""
    other = await log_in(hass, cloud, OTHER)
    await send(hass, config_entry_id=entry.entry_id)
    with pytest.raises(ServiceValidationError):
        await ask(hass, "get_feedback")
    assert await ask(hass, "get_feedback", config_entry_id=other.entry_id) == {"tickets": []}
    dealers = await ask(hass, "find_dealers")
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await ask(hass, "find_dealers") == dealers
    assert await hass.config_entries.async_unload(other.entry_id)


READ_ACTIONS = {"get_feedback": "/v1/feedback", "find_dealers": "/v1/dealers"}


@pytest.mark.parametrize("action", READ_ACTIONS)
async def test_a_request_without_a_response_is_repeated_for_ten_seconds(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, action: str
) -> None:
    """Then it is an error."""
    await asyncio.sleep(1)
    cloud.lose_answers(1)
    assert await ask(hass, action)
    cloud.latency = 30
    with pytest.raises(HomeAssistantError) as error:
        await ask(hass, action)
    assert error.value.translation_key == "timeout_connect"
    cloud.latency = 0
    await asyncio.sleep(60)


@pytest.mark.parametrize(("action", "path"), READ_ACTIONS.items())
async def test_a_short_retry_after_is_waited_for_and_a_long_one_is_an_error(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, action: str, path: str
) -> None:
    """At once, because it is longer than an action may take."""
    cloud.rate_limit(1, count=3, path=path)
    assert await ask(hass, action)
    assert [request.status for request in cloud.requests if request.path == path] == [429, 429, 429, 200]
    cloud.rate_limit(60, path=path)
    started = asyncio.get_running_loop().time()
    with pytest.raises(HomeAssistantError) as error:
        await ask(hass, action)
    assert asyncio.get_running_loop().time() - started < 0.5
    assert error.value.translation_key == "rate_limited"


# Who may call


@pytest.mark.parametrize("group", [GROUP_ID_ADMIN, GROUP_ID_USER, GROUP_ID_READ_ONLY])
async def test_only_administrators_and_automations_use_feedback(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, group: str
) -> None:
    """Tickets hold personal data of the owner; dealers are public."""
    await hass.auth.async_create_user("Owner")  # whoever is first may do everything
    user = await hass.auth.async_create_user("An", group_ids=[group])
    said = {"category": "after_sales", "message": MESSAGE}
    assert await ask_as(hass, user.id, "find_dealers")
    if group == GROUP_ID_ADMIN:
        await ask_as(hass, user.id, "send_feedback", **said)
        assert len(list_of((await ask_as(hass, user.id, "get_feedback"))["tickets"])) == 1
        return
    for action, data in (("send_feedback", said), ("send_feedback", {**said, "dry_run": True}), ("get_feedback", {})):
        with pytest.raises(Unauthorized):
            await ask_as(hass, user.id, action, **data)
        with pytest.raises(UnknownUser):
            await ask_as(hass, "gone", action, **data)
    assert sent(cloud) == []


# Accounts in trouble


@pytest.mark.parametrize(
    "trouble",
    [
        lambda cloud: cloud.suspend(OWNER.username),
        lambda cloud: cloud.terminate(OWNER.username),
        lambda cloud: cloud.change_terms("2027-01"),
    ],
    ids=["suspended", "terminated", "terms"],
)
async def test_the_owner_of_a_blocked_account_can_complain(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, trouble: Callable[[MockCloud], None]
) -> None:
    """About any device, with diagnostics, and also if the account could not be set up."""
    gang, service = device_of(hass, GANG).id, device_of(hass, FEEDBACK).id
    trouble(cloud)
    await asyncio.sleep(5)
    await send(hass, category="security", message="Tôi không làm gì sai.", include_diagnostics=True)
    assert not await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await send(hass, config_entry_id=entry.entry_id, include_diagnostics=True)
    await send(hass, device_id=gang, include_diagnostics=True)
    await send(hass, device_id=service)
    loaded, *retried, _ = sent(cloud)
    assert [feedback.get("device_id") for feedback in sent(cloud)] == [None, None, GANG_PANEL, None]
    assert "devices" in diagnostics_of(loaded)
    assert [diagnostics_of(feedback)["state"] for feedback in retried] == ["setup_retry", "setup_retry"]
    assert len(list_of((await ask(hass, "get_feedback"))["tickets"])) == 4
    assert await ask(hass, "find_dealers", province="Hà Nội") != {"dealers": []}


async def test_an_account_can_be_used_while_it_is_set_up(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """A set-up that is retried is in progress for a part of the time."""
    cloud.latency = 4
    reloading = asyncio.create_task(hass.config_entries.async_reload(entry.entry_id))
    await asyncio.sleep(3)
    assert entry.state is ConfigEntryState.SETUP_IN_PROGRESS
    await send(hass)
    cloud.latency = 0
    assert len(sent(cloud)) == 1
    assert await reloading


async def test_a_disabled_account_is_not_used(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry) -> None:
    """Whatever selects it."""
    panel = device_of(hass, KITCHEN).id
    assert await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    asked = len(cloud.requests)
    for data in ({}, {"config_entry_id": entry.entry_id}, {"device_id": panel}):
        with pytest.raises(ServiceValidationError):
            await send(hass, **data)
    for action in READ_ACTIONS:
        with pytest.raises(ServiceValidationError):
            await ask(hass, action, config_entry_id=entry.entry_id)
    assert len(cloud.requests) == asked


async def test_an_action_that_finds_the_session_over_asks_for_a_login(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """Dealers need no session."""
    for session in cloud.sessions(OWNER.username):
        session.revoked = True
    assert await ask(hass, "find_dealers", province="Hà Tĩnh")
    with pytest.raises(HomeAssistantError) as error:
        await ask(hass, "get_feedback")
    assert error.value.translation_key == "session_ended"
    await hass.async_block_till_done()
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == ["reauth"]


async def test_an_account_that_has_to_log_in_again_says_so(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """In each action, and without a second login flow."""
    panel = device_of(hass, KITCHEN).id
    cloud.sign_out(OWNER.username)
    assert not await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    for data in ({}, {"config_entry_id": entry.entry_id}, {"device_id": panel}):
        with pytest.raises(HomeAssistantError, match="Re-authenticate") as error:
            await send(hass, **data)
        assert error.value.translation_key == "session_ended"
    for action in READ_ACTIONS:
        with pytest.raises(HomeAssistantError, match="Re-authenticate"):
            await ask(hass, action)
    assert len(hass.config_entries.flow.async_progress()) == 1


async def test_an_account_that_could_not_be_set_up_is_one_of_two(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry
) -> None:
    """It can be selected, and has to be."""
    other = await log_in(hass, cloud, OTHER)
    cloud.suspend(OTHER.username)
    assert not await hass.config_entries.async_reload(other.entry_id)
    with pytest.raises(ServiceValidationError) as error:
        await send(hass)
    assert error.value.translation_key == "service_found_multiple_config_entry_for_domain"
    await send(hass, config_entry_id=other.entry_id)
    assert (len(cloud.tickets(OWNER.username)), len(cloud.tickets(OTHER.username))) == (0, 1)


async def test_the_actions_exist_before_an_account_is_added(hass: HomeAssistant) -> None:
    """Automations that use them can be loaded."""
    assert await async_setup_component(hass, DOMAIN, {})
    with pytest.raises(ServiceValidationError):
        await send(hass)
    for action in READ_ACTIONS:
        with pytest.raises(ServiceValidationError):
            await ask(hass, action)
