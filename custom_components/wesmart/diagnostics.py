"""Diagnostics of an account and of a device, also attached to feedback.

An allow-list: what the server adds is left out until it is added here. Of features and states, only numbers, booleans
and words of the contract are included, because anything else may be a name.
"""

from collections.abc import Iterable, Iterator, Mapping
import json

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import msgspec

from .cloud.models import (
    DIAGNOSTICS_LIMIT,
    ButtonEndpoint,
    CurtainEndpoint,
    CurtainFeatures,
    CurtainState,
    Device,
    Endpoint,
    LightEndpoint,
    LightFeatures,
    LightState,
    SwitchEndpoint,
)
from .cloud.state import HomeState
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .formatting import short
from .registry import cloud_id, is_account

type Report = dict[str, object]

_PRESSES = ("single", "double", "long")


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: WeSmartConfigEntry) -> Report:
    """Return the diagnostics of an account."""
    return account_report(entry)


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: WeSmartConfigEntry, device: dr.AnyDeviceEntry
) -> Report:
    """Return the diagnostics of a device."""
    return device_report(entry, device)


def account_report(entry: WeSmartConfigEntry) -> Report:
    """Return the report of an account and all its devices; of one that is not loaded, why."""
    if entry.state is not ConfigEntryState.LOADED:
        return {"state": entry.state.value, "reason": entry.error_reason_translation_key}
    state = entry.runtime_data.state
    return {
        "cloud": _cloud(entry.runtime_data),
        "homes": [{"rooms": len(home.rooms), "scenes": len(home.scenes)} for home in state.homes.values()],
        # Not wanted here, or shown by another account.
        "excluded_homes": len(state.excluded),
        "devices": _devices(state, state.devices.values()),
    }


def device_report(entry: WeSmartConfigEntry, device: dr.AnyDeviceEntry) -> Report:
    """Return the report of a device; of a child device, its panel's; of the account's service, the account's."""
    if entry.state is not ConfigEntryState.LOADED or is_account(entry, device):
        return account_report(entry)
    state = entry.runtime_data.state
    known = state.devices.get(cloud_id(entry, device) or "")
    return {"cloud": _cloud(entry.runtime_data), "devices": _devices(state, [known] if known else [])}


def fit(report: Mapping[str, object]) -> Report:
    """Return a report that fits the contract's limit; a shortened one says so, and lacks the end of its longest list."""
    if _size(report) <= DIAGNOSTICS_LIMIT:
        return dict(report)
    fitted = msgspec.json.decode(msgspec.json.encode({"shortened": True, **report}), type=dict[str, object])
    while (size := _size(fitted)) > DIAGNOSTICS_LIMIT:
        longest = max(_lists(fitted), key=_size)
        del longest[len(longest) * DIAGNOSTICS_LIMIT // size :]
    return fitted


def _cloud(coordinator: WeSmartCoordinator) -> Report:
    connection = coordinator.connection
    return {
        "available": coordinator.available,
        "connection": connection.status,
        "seconds_since_event": connection.seconds_since_event,
        "seq": coordinator.state.state_seq,
    }


def _devices(state: HomeState, devices: Iterable[Device]) -> list[Report]:
    return [
        {
            "model": device.model and short(device.model),
            "firmware": device.firmware and short(device.firmware),
            "online": device.online,
            "has_room": device.room_id is not None,
            "signal_dbm": device.signal_dbm,
            "battery_percent": device.battery_percent,
            "endpoints": [_endpoint(state.endpoints[key]) for key in state.keys_of(device.id)],
        }
        for device in devices
    ]


def _endpoint(endpoint: Endpoint) -> Report:
    report: Report = {
        "type": type(endpoint).__name__,
        "has_name": bool(endpoint.name),
        "has_room": endpoint.room_id is not None,
    }
    match endpoint:
        case SwitchEndpoint(features=features, state=state):
            report["features"] = {"outlet": features.outlet, "metering": features.metering}
            report["state"] = {"on": state.on, "power_w": state.power_w, "energy_kwh": state.energy_kwh}
        case LightEndpoint():
            report["features"] = _light_features(endpoint.features)
            report["state"] = _light_state(endpoint.state)
        case CurtainEndpoint():
            report["features"] = _curtain_features(endpoint.features)
            report["state"] = _curtain_state(endpoint.state)
        case ButtonEndpoint(features=features):
            report["features"] = {"presses": [press for press in _PRESSES if press in features.presses]}
    return report


def _light_features(features: LightFeatures) -> Report:
    whites = features.color_temp
    return {
        "brightness": features.brightness,
        "color_temp": whites and {"min_kelvin": whites.min_kelvin, "max_kelvin": whites.max_kelvin},
        "color": features.color,
        "effects": len(features.effects),  # their names may be personal
        "transition": features.transition,
    }


def _light_state(state: LightState) -> Report:
    return {
        "on": state.on,
        "mode": state.mode,
        "brightness": state.brightness,
        "color_temp_kelvin": state.color_temp_kelvin,
        "hue": state.hue,
        "saturation": state.saturation,
        "effect": state.effect is not None,
    }


def _curtain_features(features: CurtainFeatures) -> Report:
    return {"kind": features.kind, "position": features.position, "tilt": features.tilt, "stop": features.stop}


def _curtain_state(state: CurtainState) -> Report:
    return {"position": state.position, "tilt": state.tilt, "motion": state.motion}


def _size(document: object) -> int:
    # The contract does not say how the JSON is spelled that is measured. This is the longest usual spelling.
    return len(json.dumps(document))


def _lists(document: object) -> Iterator[list[object]]:
    if isinstance(document, dict):
        for member in document.values():
            yield from _lists(member)
    elif isinstance(document, list):
        yield document
        for item in document:
            yield from _lists(item)
