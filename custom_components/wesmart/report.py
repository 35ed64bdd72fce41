"""What may be told of an account to whoever helps: how things are, and never whose, where, or by which name or secret.

Everything here is chosen one by one: what the cloud adds tomorrow is in no report until somebody lets it in.
"""

from collections.abc import Iterable, Sized

from homeassistant.helpers import device_registry as dr
import msgspec
from msgspec import Struct

from . import devices
from .cloud.models import Device, EndpointKey
from .cloud.replica import Replica
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator

type Report = dict[str, object]


def of_account(entry: WeSmartConfigEntry) -> Report:
    """Return how a loaded account and its devices are."""
    replica = entry.runtime_data.replica
    return {
        "cloud": _cloud(entry.runtime_data),
        "homes": [{"rooms": len(home.rooms), "scenes": len(home.scenes)} for home in replica.homes.values()],
        # Not wanted here, or shown by another account.
        "left_out": {"homes": len(replica.left_out), "devices": len(replica.left_out_devices)},
        "devices": _devices(replica, replica.devices.values()),
    }


def of_device(entry: WeSmartConfigEntry, device: dr.AnyDeviceEntry) -> Report:
    """Return how a device of a loaded account is; for a child device its panel, for the account's service the account."""
    if devices.is_account(entry, device):
        return of_account(entry)
    replica = entry.runtime_data.replica
    device_id = devices.find_cloud_id(entry, replica, device)
    shown = [] if device_id is None else [replica.devices[device_id]]
    return {"cloud": _cloud(entry.runtime_data), "devices": _devices(replica, shown)}


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
        for device in shown
    ]


def _endpoint(replica: Replica, key: EndpointKey) -> Report:
    endpoint = replica.endpoints[key]
    return {
        "type": type(endpoint).__name__,
        "own_room": endpoint.room_id is not None,
        "features": _part(endpoint.features),
        **({} if endpoint.state is None else {"state": _part(endpoint.state)}),
    }


def _part(part: Struct) -> Report:
    told: Report = msgspec.to_builtins(part)
    # Effects may have names that people gave them.
    if isinstance(effects := told.get("effects"), Sized):
        told["effects"] = len(effects)
    if "effect" in told:
        told["effect"] = told["effect"] is not None
    return told
