"""The account's devices in Home Assistant's registries: what they are called, where they are, and which are gone."""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from itertools import product
from urllib.parse import quote, unquote

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .areas import Areas, Places
from .cloud.models import ButtonEndpoint, CurtainEndpoint, Device, Endpoint, EndpointKey, LightEndpoint, SwitchEndpoint
from .cloud.replica import Replica
from .const import DOMAIN, MANUFACTURER
from .identity import server_identity

# Where the entity of a type of endpoint is; a type without a platform here has none.
_PLATFORMS: dict[type[Endpoint], Platform] = {
    ButtonEndpoint: Platform.EVENT,
    CurtainEndpoint: Platform.COVER,
    LightEndpoint: Platform.LIGHT,
    SwitchEndpoint: Platform.SWITCH,
}


def unique_id(entry: ConfigEntry, key: EndpointKey) -> str:
    """Return the unique id of an endpoint's entity, and of its child device where it has one.

    Ids are unique within a server only, so the server is part of it.
    """
    return f"{device_unique_id(entry, key.device_id)}:{quote(key.endpoint_id, safe='')}"


def device_unique_id(entry: ConfigEntry, device_id: str) -> str:
    """Return the identifier of a device."""
    return f"{_server_id(server_identity(entry))}:{quote(device_id, safe='')}"


def account_info(entry: ConfigEntry) -> dr.DeviceInfo:
    """Return the service that stands for the account itself.

    Nothing on a wall, so its name is the vendor's: whose it is, the entry says. A person's name has no place in the ids
    and states that are made of it.
    """
    return dr.DeviceInfo(
        identifiers={(DOMAIN, entry.entry_id)},
        entry_type=dr.DeviceEntryType.SERVICE,
        manufacturer=MANUFACTURER,
        name=MANUFACTURER,
    )


def is_account(entry: ConfigEntry, device: dr.AnyDeviceEntry) -> bool:
    """Return whether a device is the service that stands for the account."""
    return (DOMAIN, entry.entry_id) in device.identifiers


@lru_cache(maxsize=8)
def _server_id(identity: str) -> str:
    return sha256(identity.encode()).hexdigest()[:12]


def is_own_device(replica: Replica, endpoint: Endpoint) -> bool:
    """Return whether an endpoint is a device of its own: a gang that switches the lamp of another room.

    As a child device it is in that room, is called what it switches, and still belongs to its panel.
    """
    device = replica.devices[endpoint.key.device_id]
    if endpoint.room_id in (None, device.room_id):
        return False  # nearly always
    return replica.room(device, endpoint) not in (None, replica.room(device))


@callback
def async_find(hass: HomeAssistant, entry: ConfigEntry, replica: Replica, endpoint: Endpoint) -> dr.AnyDeviceEntry:
    """Return the device that an endpoint's entity belongs to; `async_sync` has made it."""
    registry = dr.async_get(hass)
    device: dr.AnyDeviceEntry | None
    if is_own_device(replica, endpoint):
        identifier = (DOMAIN, unique_id(entry, endpoint.key))
        device = registry.async_get_child_device_by_identifier(identifier, entry.entry_id)
    else:
        identifier = (DOMAIN, device_unique_id(entry, endpoint.key.device_id))
        device = registry.async_get_device_by_identifier(identifier, entry.entry_id)
    if device is None:
        raise LookupError(f"{identifier} is not registered")
    return device


def cloud_id(entry: ConfigEntry, device: dr.AnyDeviceEntry) -> str | None:
    """Return what the cloud calls a device of the entry, or the panel that a child device is a part of; None for any other.

    The registry knows it also while the cloud shows nothing.
    """
    if device.config_entry_id != entry.entry_id:
        return None  # another account of the server may have one of that name
    server = _server_id(server_identity(entry))
    for domain, identifier in device.identifiers:
        known_at, *ids = identifier.split(":")
        if ids and (domain, known_at) == (DOMAIN, server):
            return unquote(ids[0])
    return None


@callback
def async_sync_all(hass: HomeAssistant, entry: ConfigEntry, replica: Replica, areas: Areas) -> None:
    """Make the registries know the devices of a replica, and forget all others of the entry."""
    registry = dr.async_get(hass)
    known = {
        identifier: device.id
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
        for _, identifier in device.identifiers
    }
    async_sync(hass, entry, replica, areas, replica.devices)
    wanted = {entry.entry_id, *(device_unique_id(entry, device_id) for device_id in replica.devices)}
    for identifier, registered_id in known.items():
        if identifier not in wanted:
            registry.async_remove_device(registered_id)


@callback
def async_adopt(
    hass: HomeAssistant, entry: ConfigEntry, others: Iterable[ConfigEntry], device_ids: Iterable[str]
) -> None:
    """Take over those of these devices that are registered under other entries, with what their user made of them."""
    registry, entities = dr.async_get(hass), er.async_get(hass)
    for other, device_id in product(others, device_ids):
        identifier = (DOMAIN, device_unique_id(entry, device_id))
        device = registry.async_get_device_by_identifier(identifier, other.entry_id)
        if device is None:
            continue
        children = dr.async_entries_for_parent_device(registry, device.id)
        for owner in (device, *children):
            for entity in er.async_entries_for_device(entities, owner.id, include_disabled_entities=True):
                if entity.platform == DOMAIN:
                    # Home Assistant remembers its id and all that its user chose, and returns it to the new entity.
                    entities.async_remove(entity.entity_id)
        # A device can only move without its children.
        for child in children:
            registry.async_remove_device(child.id)
        registry.async_update_device(device.id, new_config_entry_id=entry.entry_id)
        for child in children:
            again = registry.async_get_or_create_child(
                config_entry_id=entry.entry_id,
                identifiers=child.identifiers,
                name=child.name,
                parent_device_id=device.id,
            )
            registry.async_update_child_device(
                again.id, area_id=child.area_id, labels=child.labels, name_by_user=child.name_by_user
            )


@callback
def async_sync(
    hass: HomeAssistant, entry: ConfigEntry, replica: Replica, areas: Areas, device_ids: Iterable[str]
) -> None:
    """Make the registries know these devices as they are now, or forget those that are gone."""
    registry = dr.async_get(hass)
    places = Places(replica)
    for device_id in device_ids:
        if device := replica.devices.get(device_id):
            _sync_device(hass, entry, replica, device, areas, places)
        else:
            identifier = (DOMAIN, device_unique_id(entry, device_id))
            if gone := registry.async_get_device_by_identifier(identifier, entry.entry_id):
                registry.async_remove_device(gone.id)  # with its children and entities


def _sync_device(
    hass: HomeAssistant, entry: ConfigEntry, replica: Replica, device: Device, areas: Areas, places: Places
) -> None:
    registry = dr.async_get(hass)
    identifier = device_unique_id(entry, device.id)
    place = places.of(device)
    name = device.name or device.model or MANUFACTURER
    parent = registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, identifier)},
        manufacturer=MANUFACTURER,
        model=device.model,
        name=name,
        serial_number=device.serial,
        suggested_area=place.area,
        sw_version=device.firmware,
    )
    areas.async_follow(identifier, parent, place)
    # Which device the entity of each endpoint belongs to, by its platform and unique id.
    owners: dict[tuple[str, str], str] = {}
    for endpoint_id in device.endpoint_ids:
        endpoint = replica.endpoints[EndpointKey(device.id, endpoint_id)]
        identifier = unique_id(entry, endpoint.key)
        owner = parent.id
        if is_own_device(replica, endpoint):
            place = places.of(device, endpoint)
            child = registry.async_get_or_create_child(
                config_entry_id=entry.entry_id,
                identifiers={(DOMAIN, identifier)},
                name=endpoint.name or name,
                parent_device_id=parent.id,
                suggested_area=place.area,
            )
            areas.async_follow(identifier, child, place)
            owner = child.id
        if platform := _PLATFORMS.get(type(endpoint)):
            owners[platform, identifier] = owner
    _move_entities(hass, parent, owners)


def _move_entities(hass: HomeAssistant, parent: dr.DeviceEntry, owners: dict[tuple[str, str], str]) -> None:
    """Have each entity of a device and its children where it belongs now; remove those of endpoints that are gone."""
    registry, entities = dr.async_get(hass), er.async_get(hass)
    children = [child.id for child in dr.async_entries_for_parent_device(registry, parent.id)]
    for device_id in (parent.id, *children):
        for entity in er.async_entries_for_device(entities, device_id, include_disabled_entities=True):
            if entity.platform != DOMAIN:
                continue
            owner = owners.get((entity.domain, entity.unique_id))
            if owner is None:
                entities.async_remove(entity.entity_id)
            elif owner != device_id:
                entities.async_update_entity(entity.entity_id, device_id=owner)
    # After their entities have moved: a device that is removed takes those it still has with it.
    for device_id in set(children) - set(owners.values()):
        registry.async_remove_device(device_id)
