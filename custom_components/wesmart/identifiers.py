"""How devices and entities are identified in Home Assistant's registries.

The unique ID of an entity of a device or a scene holds a hash of the server's ID, the ID of the device or home, that of the
endpoint or scene, and what kind of entity it is. What stands for the account is identified by the entry's ID.
"""

from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote, unquote

from homeassistant.config_entries import ConfigEntry
from homeassistant.helpers import device_registry as dr

from .cloud.models import EndpointKey
from .cloud.state import HomeState
from .const import DOMAIN, MANUFACTURER
from .homes import server_id


def unique_id(entry: ConfigEntry, key: EndpointKey, kind: str | None = None) -> str:
    """Return the unique ID of an entity of an endpoint or a device; its main one's also identifies a child device."""
    id_ = f"{device_identifier(entry, key.device_id)}:{_quote(key.endpoint_id)}"
    return id_ if kind is None else f"{id_}:{kind}"


def scene_unique_id(entry: ConfigEntry, home_id: str, scene_id: str) -> str:
    """Return the unique ID of a scene's entity."""
    return unique_id(entry, EndpointKey(home_id, scene_id), "scene")


def endpoint_part(unique_id: str) -> str:
    """Return the unique ID of the main entity of an endpoint, for that of any of its entities."""
    return ":".join(unique_id.split(":")[:3])


def is_stale(entry: ConfigEntry, state: HomeState, unique_id: str) -> bool:
    """Return whether an entity, which nothing has any more, can be removed: what could not be decoded may have it."""
    server, *ids = unique_id.split(":")
    if not ids or server != _server_hash(server_id(entry)):
        return False  # of the account
    id_ = unquote(ids[0])
    is_known = id_ in state.devices or id_ in state.homes
    return id_ not in state.invalid_devices and (is_known or not state.invalid_homes)


def device_identifier(entry: ConfigEntry, device_id: str) -> str:
    """Return the identifier of a device. The server's own IDs are unique only within the server."""
    return f"{_server_hash(server_id(entry))}:{_quote(device_id)}"


def account_device_info(entry: ConfigEntry) -> dr.DeviceInfo:
    """Return the service that stands for the account, called as its owner calls the account in Home Assistant."""
    return dr.DeviceInfo(
        identifiers={(DOMAIN, entry.entry_id)},
        entry_type=dr.DeviceEntryType.SERVICE,
        manufacturer=MANUFACTURER,
        name=entry.title,
    )


def is_account(entry: ConfigEntry, device: dr.AnyDeviceEntry) -> bool:
    """Return whether a device is the service that stands for the account."""
    return (DOMAIN, entry.entry_id) in device.identifiers


def cloud_id(entry: ConfigEntry, device: dr.AnyDeviceEntry) -> str | None:
    """Return the server's ID of a device of the entry, or of the panel of a child device; None for any other device."""
    if device.config_entry_id == entry.entry_id:
        for domain, identifier in device.identifiers:
            server, *ids = identifier.split(":")
            if ids and (domain, server) == (DOMAIN, _server_hash(server_id(entry))):
                return unquote(ids[0])
    return None


@lru_cache(maxsize=4096)
def _quote(id_: str) -> str:
    return quote(id_, safe="")


@lru_cache(maxsize=8)
def _server_hash(server: str) -> str:
    return sha256(server.encode()).hexdigest()[:12]
