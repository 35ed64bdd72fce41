"""Diagnostics by allow-list: how things are, and never whose, where, or by which name or secret."""

from typing import Any

from homeassistant.core import HomeAssistant
import msgspec

from .cloud.models import EndpointKey
from .cloud.replica import Replica
from .coordinator import WeSmartConfigEntry


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: WeSmartConfigEntry) -> dict[str, Any]:
    """Return what helps to find a fault of an account's entities."""
    coordinator = entry.runtime_data
    replica = coordinator.replica
    return {
        "cloud": {
            "present": coordinator.present,
            "push": coordinator.streaming,
            "seq": replica.position.seq,
        },
        "homes": [{"rooms": len(home.rooms), "scenes": len(home.scenes)} for home in replica.homes.values()],
        # Not wanted here, or shown by another account.
        "left_out": {"homes": len(replica.left_out), "devices": len(replica.left_out_devices)},
        "devices": _devices(replica),
    }


def _devices(replica: Replica) -> list[dict[str, Any]]:
    return [
        {
            "model": device.model,
            "firmware": device.firmware,
            "online": device.online,
            "has_room": device.room_id is not None,
            "signal_dbm": device.signal_dbm,
            "battery_percent": device.battery_percent,
            "endpoints": [
                _endpoint(replica, EndpointKey(device.id, endpoint_id)) for endpoint_id in device.endpoint_ids
            ],
        }
        for device in replica.devices.values()
    ]


def _endpoint(replica: Replica, key: EndpointKey) -> dict[str, Any]:
    endpoint = replica.endpoints[key]
    return {
        "type": type(endpoint).__name__,
        "own_room": endpoint.room_id is not None,
        **{
            part: msgspec.to_builtins(getattr(endpoint, part))
            for part in ("features", "state")
            if hasattr(endpoint, part)
        },
    }
