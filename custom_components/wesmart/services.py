"""Actions that are not about an entity."""

from typing import cast

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_get_config_entry
import msgspec
import voluptuous as vol

from . import devices
from .cloud import Feedback
from .cloud.models import FeedbackCategory
from .const import DOMAIN
from .coordinator import WeSmartConfigEntry

SERVICE_SEND_FEEDBACK = "send_feedback"

ATTR_CATEGORY = "category"
ATTR_MESSAGE = "message"
ATTR_RATING = "rating"
ATTR_SUBJECT = "subject"

# The limits are the contract's, section "Support": what the cloud would refuse is not sent.
_SEND_FEEDBACK_SCHEMA = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_CATEGORY): vol.Coerce(FeedbackCategory),
        vol.Required(ATTR_MESSAGE): vol.All(cv.string, vol.Length(min=1, max=4000)),
        vol.Optional(ATTR_SUBJECT): vol.All(cv.string, vol.Length(max=200)),
        vol.Optional(ATTR_RATING): vol.All(vol.Coerce(float), vol.In((1, 2, 3, 4, 5)), vol.Coerce(int)),
        vol.Optional(ATTR_DEVICE_ID): cv.string,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_SEND_FEEDBACK,
        _async_send_feedback,
        schema=_SEND_FEEDBACK_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )


async def _async_send_feedback(call: ServiceCall) -> ServiceResponse:
    """Send feedback to the vendor; return the ticket."""
    device = _device(call)
    entry_id = call.data.get(ATTR_CONFIG_ENTRY_ID, device.config_entry_id if device else None)
    entry = cast("WeSmartConfigEntry", async_get_config_entry(call.hass, DOMAIN, entry_id))
    coordinator = entry.runtime_data
    feedback = Feedback(
        category=call.data[ATTR_CATEGORY],
        message=call.data[ATTR_MESSAGE],
        subject=call.data.get(ATTR_SUBJECT),
        rating=call.data.get(ATTR_RATING),
        device_id=_cloud_id(entry, device) if device else None,
    )
    ticket = await coordinator.async_send_feedback(feedback)
    return {"ticket": msgspec.to_builtins(ticket)}


def _device(call: ServiceCall) -> dr.AnyDeviceEntry | None:
    device_id = call.data.get(ATTR_DEVICE_ID)
    if device_id is None:
        return None
    device = dr.async_get(call.hass).async_get(device_id)
    if device is None:
        raise _unknown_device(device_id)
    return device


def _cloud_id(entry: WeSmartConfigEntry, device: dr.AnyDeviceEntry) -> str:
    found = devices.find_cloud_id(entry, entry.runtime_data.replica, device)
    if found is None:
        raise _unknown_device(device.name_by_user or device.name or device.id)
    return found


def _unknown_device(name: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key="unknown_device", translation_placeholders={"name": name}
    )
