"""What a user sees of an account in Home Assistant, in words that do not depend on the cloud's port."""

import asyncio

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EntityStateAttribute
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er

# What an account has beside its homes: the service that stands for it, and what tells of its feedback.
ACCOUNT = "WeSMART"
FEEDBACK = "event.wesmart_feedback"
ACCOUNT_ENTITIES = [
    FEEDBACK,
    "sensor.wesmart_connection",
    "sensor.wesmart_connection_changed",
    "sensor.wesmart_maintenance_end",
    "sensor.wesmart_maintenance_start",
]


def entities(hass: HomeAssistant, entry: ConfigEntry, domain: str) -> dict[str, object]:
    """Return the enabled entities of a domain: what they are called, where they are, and what they show."""
    return {
        entity.entity_id: {
            "device": _device_name(hass, entity.device_id),
            "category": entity.entity_category,
            **_state(hass, entity.entity_id),
        }
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if entity.domain == domain and entity.disabled_by is None
    }


def devices(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, object]:
    """Return the devices of an entry by their names; of a child device, the panel it is a part of."""
    registry = dr.async_get(hass)
    found: dict[str, object] = {
        f"{device.name}": {
            "area": _area_name(hass, device.area_id),
            "manufacturer": device.manufacturer,
            "model": device.model,
            "serial": device.serial_number,
            "firmware": device.sw_version,
        }
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
    }
    for child in dr.async_child_entries_for_config_entry(registry, entry.entry_id):
        part_of = _device_name(hass, child.parent_device_id)
        found[f"{child.name}"] = {"area": _area_name(hass, child.area_id), "part of": part_of}
    return found


def device_of(hass: HomeAssistant, entity_id: str) -> dr.AnyDeviceEntry:
    """Return the device of an entity."""
    entity = er.async_get(hass).async_get(entity_id)
    assert entity is not None
    assert entity.device_id is not None
    device = dr.async_get(hass).async_get(entity.device_id)
    assert device is not None
    return device


def shown_name(hass: HomeAssistant, entity_id: str, name: str) -> str:
    """Return how the name that a user gave an entity is shown: from 2026.11 on, after its device's."""
    entity = er.async_get(hass).async_get(entity_id)
    assert entity is not None
    assert entity.name == name
    return er.async_get_full_entity_name(hass, entity)


def _area_name(hass: HomeAssistant, area_id: str | None) -> str | None:
    area = ar.async_get(hass).async_get_area(area_id) if area_id else None
    return area.name if area else None


def _device_name(hass: HomeAssistant, device_id: str | None) -> str | None:
    device = dr.async_get(hass).async_get(device_id) if device_id else None
    return device.name if device else None


def _state(hass: HomeAssistant, entity_id: str) -> dict[str, object]:
    state = hass.states.get(entity_id)
    assert state is not None
    attributes = {str(name): value for name, value in state.attributes.items() if value is not None}
    return {"name": attributes.pop(EntityStateAttribute.FRIENDLY_NAME), "state": state.state, **attributes}


async def shows(
    hass: HomeAssistant, entity_id: str, wanted: str, *, within_s: float = 30, **attributes: object
) -> None:
    """Wait, in virtual seconds, until an entity shows a state, and attributes with it."""
    seen: object = None
    for _ in range(int(within_s * 20)):
        state = hass.states.get(entity_id)
        seen = state and (state.state, {name: state.attributes.get(name) for name in attributes})
        if seen == (wanted, attributes):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{entity_id} shows {seen}, not {(wanted, attributes)}")
