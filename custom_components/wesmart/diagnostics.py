"""Diagnostics of an account and of a device, also attached to feedback.

An allow-list: what the server adds is left out until the client decodes it. Of features and states, only numbers, booleans
and words of the contract are included, because anything else may be a name.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
import json

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import msgspec
from msgspec import structs

from .cloud.account import DIAGNOSTICS_LIMIT
from .cloud.models import ButtonEndpoint, Device, Endpoint
from .cloud.state import HomeState
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .formatting import short
from .identifiers import cloud_id, is_account

type Report = dict[str, object]


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
            **_plain(device),
            "model": device.model and short(device.model),
            "firmware": device.firmware and short(device.firmware),
            "has_room": device.room_id is not None,
            "endpoints": [_endpoint(endpoint) for _, endpoint in state.endpoints_of(device.id)],
        }
        for device in devices
    ]


def _endpoint(endpoint: Endpoint) -> Report:
    return {
        "type": type(endpoint).__name__,
        "has_name": bool(endpoint.name),
        "has_room": endpoint.room_id is not None,
        "features": _plain(endpoint.features),
        "state": None if isinstance(endpoint, ButtonEndpoint) else _plain(endpoint.state),
    }


def _plain(described: msgspec.Struct) -> Report:
    """Return the numbers, booleans and words of the contract; of texts, only whether there is one, or how many."""
    report: Report = {}
    for name, value in structs.asdict(described).items():
        match value:
            case None | bool() | int() | float() | StrEnum():
                report[name] = value
            case msgspec.Struct():
                report[name] = _plain(value)
            case tuple():
                report[name] = len(value)
            case str():
                report[name] = True
    return report


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
