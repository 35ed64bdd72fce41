"""Triggers of devices with buttons: which button was pressed, and how.

A trigger is a press of an event entity. The automation editor offers all those of a panel in one list, its child devices'
included.
"""

from typing import Any

from homeassistant.components.device_automation import DEVICE_TRIGGER_BASE_SCHEMA
from homeassistant.const import (
    CONF_DEVICE_ID,
    CONF_DOMAIN,
    CONF_ENTITY_ID,
    CONF_PLATFORM,
    CONF_TYPE,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HassJob, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.helpers.trigger import TriggerActionType, TriggerInfo
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .const import DOMAIN
from .event import PRESS_TYPES, press_type, press_types

TRIGGER_SCHEMA = DEVICE_TRIGGER_BASE_SCHEMA.extend(
    {vol.Required(CONF_ENTITY_ID): cv.entity_id_or_uuid, vol.Required(CONF_TYPE): vol.In(PRESS_TYPES)}
)


async def async_get_triggers(hass: HomeAssistant, device_id: str) -> list[dict[str, Any]]:
    """Return the presses of a device's buttons and of its child devices'."""
    registry = er.async_get(hass)
    children = dr.async_entries_for_parent_device(dr.async_get(hass), device_id)
    return [
        {
            CONF_PLATFORM: "device",
            CONF_DOMAIN: DOMAIN,
            CONF_DEVICE_ID: device_id,
            CONF_ENTITY_ID: entity.id,
            CONF_TYPE: type_,
        }
        for id_ in (device_id, *(child.id for child in children))
        for entity in er.async_entries_for_device(registry, id_)
        if entity.domain == Platform.EVENT and entity.platform == DOMAIN
        for type_ in press_types(entity)
    ]


async def async_attach_trigger(
    hass: HomeAssistant, config: ConfigType, action: TriggerActionType, trigger_info: TriggerInfo
) -> CALLBACK_TYPE:
    """Run the action when the button is pressed."""
    job = HassJob(action, f"WeSMART press {config[CONF_TYPE]}")
    entity_id = er.async_resolve_entity_id(er.async_get(hass), config[CONF_ENTITY_ID])
    if entity_id is None:
        return lambda: None  # the button was removed

    @callback
    def handle_change(event: Event[EventStateChangedData]) -> None:
        old, new = event.data["old_state"], event.data["new_state"]
        # A button that is available again, or known again after a restart, shows its last press once more.
        if old is None or new is None or old.state in (STATE_UNAVAILABLE, new.state):
            return
        if new.state in (STATE_UNAVAILABLE, STATE_UNKNOWN) or press_type(new) != config[CONF_TYPE]:
            return
        description = f"{new.name}: {config[CONF_TYPE]}"
        hass.async_run_hass_job(
            job,
            {"trigger": {**trigger_info["trigger_data"], **config, "description": description}},
            event.context,
        )

    return async_track_state_change_event(hass, [entity_id], handle_change)
