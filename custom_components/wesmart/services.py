"""Actions of the vendor's support (contract, "Support")."""

from functools import partial
from typing import cast
import uuid

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID, __version__ as ha_version
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_get_config_entry, async_register_admin_service
from homeassistant.loader import async_get_integration
import msgspec
import voluptuous as vol

from .cloud import WeSmartClient
from .cloud.account import MESSAGE_LIMIT, SUBJECT_LIMIT, Feedback, FeedbackCategory, Ticket
from .cloud.client import retry
from .cloud.errors import BusyError, CloudConnectionError, SessionEndedError
from .const import ACTIVE_STATES, DOMAIN
from .coordinator import WeSmartConfigEntry
from .diagnostics import account_report, device_report, fit
from .errors import translate_errors
from .homes import server_id
from .identifiers import cloud_id, is_account
from .session import async_get_session

SERVICE_FIND_DEALERS = "find_dealers"
SERVICE_GET_FEEDBACK = "get_feedback"
SERVICE_SEND_FEEDBACK = "send_feedback"

ATTR_CATEGORY = "category"
ATTR_DRY_RUN = "dry_run"
ATTR_INCLUDE_DIAGNOSTICS = "include_diagnostics"
ATTR_MESSAGE = "message"
ATTR_PROVINCE = "province"
ATTR_RATING = "rating"
ATTR_SUBJECT = "subject"


_ACCOUNT = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
_FIND_DEALERS_SCHEMA = vol.Schema({**_ACCOUNT, vol.Optional(ATTR_PROVINCE): cv.string})
_GET_FEEDBACK_SCHEMA = vol.Schema(_ACCOUNT)
_SEND_FEEDBACK_SCHEMA = vol.Schema(
    {
        **_ACCOUNT,
        vol.Required(ATTR_CATEGORY): vol.Coerce(FeedbackCategory),
        vol.Required(ATTR_MESSAGE): cv.string,
        vol.Optional(ATTR_SUBJECT): cv.string,
        vol.Optional(ATTR_RATING): vol.All(vol.Coerce(float), vol.In((1, 2, 3, 4, 5)), vol.Coerce(int)),
        vol.Optional(ATTR_DEVICE_ID): cv.string,
        vol.Optional(ATTR_INCLUDE_DIAGNOSTICS, default=False): cv.boolean,
        vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    # Tickets hold the owner's personal data.
    async_register_admin_service(
        hass, DOMAIN, SERVICE_SEND_FEEDBACK, _async_send_feedback, _SEND_FEEDBACK_SCHEMA, SupportsResponse.OPTIONAL
    )
    async_register_admin_service(
        hass, DOMAIN, SERVICE_GET_FEEDBACK, _async_get_feedback, _GET_FEEDBACK_SCHEMA, SupportsResponse.ONLY
    )
    hass.services.async_register(
        DOMAIN, SERVICE_FIND_DEALERS, _async_find_dealers, _FIND_DEALERS_SCHEMA, SupportsResponse.ONLY
    )


async def _async_send_feedback(call: ServiceCall) -> ServiceResponse:
    """Send feedback to the vendor and return the ticket; a dry run returns what would be sent."""
    device = _device(call)
    entry = _entry(call, device)
    feedback = Feedback(
        category=call.data[ATTR_CATEGORY],
        message=_checked(call.data[ATTR_MESSAGE], "message_length", 1, MESSAGE_LIMIT),
        subject=_checked(call.data.get(ATTR_SUBJECT, ""), "subject_length", 0, SUBJECT_LIMIT) or None,
        rating=call.data.get(ATTR_RATING),
        device_id=_cloud_id(entry, device),
        diagnostics=await _async_diagnostics(call.hass, entry, device) if call.data[ATTR_INCLUDE_DIAGNOSTICS] else None,
    )
    if call.data[ATTR_DRY_RUN]:
        return {"would_send": msgspec.to_builtins(feedback)}
    # One key: it is filed once, however often the request has to be repeated.
    client, key = _client(call.hass, entry), str(uuid.uuid4())
    is_response_lost = False

    async def send() -> Ticket:
        nonlocal is_response_lost
        try:
            return await client.send_feedback(feedback, idempotency_key=key)
        except CloudConnectionError:
            is_response_lost = True
            raise

    with translate_errors(call.hass, entry):
        try:
            ticket = await retry(send)
        except (CloudConnectionError, BusyError) as err:
            if isinstance(err, BusyError) and not is_response_lost:
                raise
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="feedback_unconfirmed",
                translation_placeholders={"name": entry.title},
            ) from err
    return {"ticket": msgspec.to_builtins(ticket)}


async def _async_get_feedback(call: ServiceCall) -> ServiceResponse:
    """Return the account's tickets, newest first."""
    entry = _entry(call)
    with translate_errors(call.hass, entry):
        return {"tickets": msgspec.to_builtins(await retry(_client(call.hass, entry).tickets))}


async def _async_find_dealers(call: ServiceCall) -> ServiceResponse:
    """Return the vendor's dealers, of a province or all. All accounts of a server know the same."""
    entry = _entry(call, any_account=True)
    province = _encodable(call.data.get(ATTR_PROVINCE, "")).strip() or None
    with translate_errors(call.hass, entry):
        return {"dealers": msgspec.to_builtins(await retry(partial(_client(call.hass, entry).dealers, province)))}


def _entry(
    call: ServiceCall, device: dr.AnyDeviceEntry | None = None, *, any_account: bool = False
) -> WeSmartConfigEntry:
    """Return the account that was selected, or that of the selected device, or the only one.

    It need not be loaded: the owner of a blocked account may complain.
    """
    hass = call.hass
    entry_id = call.data.get(ATTR_CONFIG_ENTRY_ID, device.config_entry_id if device else None)
    if entry_id is None:
        entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False)
        if any_account:
            entries = [entry for entry in entries if entry.state in ACTIVE_STATES] or entries
            entries = entries[: 1 if len({server_id(entry) for entry in entries}) == 1 else None]
        entry = entries[0] if len(entries) == 1 else None
    else:
        entry = hass.config_entries.async_get_entry(entry_id)
    if entry is not None and entry.domain == DOMAIN:
        if entry.state in ACTIVE_STATES:
            return entry
        if any(entry.async_get_active_flows(hass, {SOURCE_REAUTH})):
            with translate_errors(hass, entry):
                raise SessionEndedError("the account has to log in again")
    # It raises an error that says what is wrong with the entry.
    return cast("WeSmartConfigEntry", async_get_config_entry(hass, DOMAIN, entry_id))


def _client(hass: HomeAssistant, entry: WeSmartConfigEntry) -> WeSmartClient:
    return WeSmartClient(async_get_session(hass, entry))


def _device(call: ServiceCall) -> dr.AnyDeviceEntry | None:
    """Return the device that was selected, which must be one of ours."""
    device_id = call.data.get(ATTR_DEVICE_ID)
    if device_id is None:
        return None
    device = dr.async_get(call.hass).async_get(device_id)
    if device is None:
        raise _unknown_device(device_id)
    owner = call.hass.config_entries.async_get_entry(device.config_entry_id)
    if owner is None or owner.domain != DOMAIN:
        raise _unknown_device(_name(device))
    return device


def _cloud_id(entry: WeSmartConfigEntry, device: dr.AnyDeviceEntry | None) -> str | None:
    """Return the server's ID of a device; None for no device, and for the account's service."""
    if device is None or is_account(entry, device):
        return None
    found = cloud_id(entry, device)
    if found is None:
        raise _unknown_device(_name(device))
    return found


def _name(device: dr.AnyDeviceEntry) -> str:
    return device.name_by_user or device.name or device.id


async def _async_diagnostics(
    hass: HomeAssistant, entry: WeSmartConfigEntry, device: dr.AnyDeviceEntry | None
) -> dict[str, object]:
    integration = await async_get_integration(hass, DOMAIN)
    versions = {"home_assistant": ha_version, "integration": str(integration.version)}
    return fit(versions | (device_report(entry, device) if device else account_report(entry)))


def _unknown_device(name: str) -> HomeAssistantError:
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key="unknown_device", translation_placeholders={"name": name}
    )


def _checked(text: str, translation_key: str, least: int, most: int) -> str:
    """Return a text without surrounding blanks; raises ServiceValidationError if it is too short or too long."""
    text = _encodable(text).strip()
    if not least <= len(text) <= most:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=translation_key,
            translation_placeholders={"length": str(len(text)), "limit": str(most)},
        )
    return text


def _encodable(text: str) -> str:
    """Return a text without lone surrogates, which a template may contain and a request may not."""
    return text.encode(errors="replace").decode()
