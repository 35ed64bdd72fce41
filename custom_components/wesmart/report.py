"""What may be told of an account to whoever helps: how things are, and never whose, where, or by which name or secret.

Everything here is chosen one by one: what the cloud adds tomorrow is in no report until somebody lets it in. Of what an
endpoint can do and does, only numbers, yes or no, and words of the contract are told: anything else may be a name.
"""

from collections.abc import Iterable

from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr

from . import devices
from .cloud.models import (
    ButtonEndpoint,
    CurtainEndpoint,
    CurtainFeatures,
    CurtainState,
    Device,
    Endpoint,
    EndpointKey,
    LightEndpoint,
    LightFeatures,
    LightState,
    SwitchEndpoint,
)
from .cloud.replica import Replica
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .text import short

type Report = dict[str, object]

# The presses of the contract, section "Model".
_PRESSES = ("single", "double", "long")


def of_account(entry: WeSmartConfigEntry) -> Report:
    """Return how an account and its devices are; of one that is not loaded, why, in the words of our translations."""
    if entry.state is not ConfigEntryState.LOADED:
        return {"state": entry.state.value, "reason": entry.error_reason_translation_key}
    replica = entry.runtime_data.replica
    return {
        "cloud": _cloud(entry.runtime_data),
        "homes": [{"rooms": len(home.rooms), "scenes": len(home.scenes)} for home in replica.homes.values()],
        # Not wanted here, or shown by another account.
        "left_out": {"homes": len(replica.left_out), "devices": len(replica.left_out_devices)},
        "devices": _devices(replica, replica.devices.values()),
    }


def of_device(entry: WeSmartConfigEntry, device: dr.AnyDeviceEntry) -> Report:
    """Return how a device of an account is; for a child device its panel, for the account's service the account."""
    if entry.state is not ConfigEntryState.LOADED or devices.is_account(entry, device):
        return of_account(entry)
    replica = entry.runtime_data.replica
    shown = replica.devices.get(devices.cloud_id(entry, device) or "")
    return {"cloud": _cloud(entry.runtime_data), "devices": _devices(replica, [shown] if shown else [])}


def _cloud(coordinator: WeSmartCoordinator) -> Report:
    return {
        "present": coordinator.live.presence.present,
        "push": coordinator.live.streaming,
        "seconds_since_event": coordinator.live.event_age_s,
        "seq": coordinator.replica.position.seq,
    }


def _devices(replica: Replica, shown: Iterable[Device]) -> list[Report]:
    return [
        {
            "model": device.model and short(device.model),
            "firmware": device.firmware and short(device.firmware),
            "online": device.online,
            "has_room": device.room_id is not None,
            "signal_dbm": device.signal_dbm,
            "battery_percent": device.battery_percent,
            "endpoints": [
                _endpoint(replica.endpoints[EndpointKey(device.id, endpoint_id)]) for endpoint_id in device.endpoint_ids
            ],
        }
        for device in shown
    ]


def _endpoint(endpoint: Endpoint) -> Report:
    told: Report = {"type": type(endpoint).__name__, "own_room": endpoint.room_id is not None}
    match endpoint:
        case SwitchEndpoint(features=features, state=state):
            told["features"] = {"outlet": features.outlet, "metering": features.metering}
            told["state"] = {"on": state.on, "power_w": state.power_w, "energy_kwh": state.energy_kwh}
        case LightEndpoint():
            told["features"] = _light_features(endpoint.features)
            told["state"] = _light_state(endpoint.state)
        case CurtainEndpoint():
            told["features"] = _curtain_features(endpoint.features)
            told["state"] = _curtain_state(endpoint.state)
        case ButtonEndpoint(features=features):
            told["features"] = {"presses": [press for press in _PRESSES if press in features.presses]}
    return told


def _light_features(features: LightFeatures) -> Report:
    whites = features.color_temp
    return {
        "brightness": features.brightness,
        "color_temp": whites and {"min_kelvin": whites.min_kelvin, "max_kelvin": whites.max_kelvin},
        "color": features.color,
        "effects": len(features.effects),  # people may have named them
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
