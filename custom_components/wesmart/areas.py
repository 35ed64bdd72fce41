"""The areas of devices: the room's at first, then the room's again when it changes, until somebody chooses another.

Home Assistant sets an area when it creates a device and never again. Whether the area it has was chosen by a person
cannot be told from it: so it is remembered which one the room gave, restarts included.
"""

from collections import Counter
from dataclasses import dataclass
from typing import TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.util import slugify

from .cloud.models import Device, Endpoint
from .cloud.replica import Replica
from .memory import AREAS, Memory


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device is; `area` is what the area of its room is called. None for no room, or one without a name."""

    home_id: str
    room: str | None
    area: str | None


class Places:
    """Tells where the devices of a replica are."""

    def __init__(self, replica: Replica) -> None:
        """Look at all homes: two that have a room of the same name are told apart."""
        self._replica = replica
        # As Home Assistant tells areas apart: without regard to case, accents and spaces.
        self._rooms = Counter(slugify(room.name or "") for home in replica.homes.values() for room in home.rooms)

    def of(self, device: Device, endpoint: Endpoint | None = None) -> Place:
        """Return the place of a device, or of one of its endpoints that is somewhere else."""
        room = self._replica.room(device, endpoint)
        name = None if room is None else room.name or None
        return Place(device.home_id, name, self._area_name(device, name))

    def _area_name(self, device: Device, room: str | None) -> str | None:
        if room is None or self._rooms[slugify(room)] < 2:
            return room
        home = self._replica.homes.get(device.home_id)
        return f"{room} ({home.name})" if home and home.name else room


class _Given(TypedDict):
    """The room a device was in last, and the area it was given for it; None for none."""

    home: str
    room: str | None
    area: str | None


class Areas:
    """Lets the areas of one entry's devices follow their rooms."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Know nothing of what was given before, until `async_load`."""
        self._hass = hass
        self._memory = Memory[dict[str, _Given]](hass, entry_id, AREAS)
        # By the identifier of the device. Devices that are gone stay: Home Assistant gives one that comes back the
        # area that it had.
        self._given: dict[str, _Given] = {}

    async def async_load(self) -> None:
        """Read what was given before."""
        self._given = await self._memory.async_load() or {}

    async def async_close(self) -> None:
        """Write what is not written yet."""
        await self._memory.async_close()

    @callback
    def async_follow(self, identifier: str, device: dr.AnyDeviceEntry, place: Place) -> None:
        """Move a device to the area of the room it is in now, if it is still in the one that its last room gave it."""
        given = self._given.get(identifier)
        if given is not None and (given["home"], given["room"]) == (place.home_id, place.room):
            return
        if given is None:
            # It was registered with this area; or it is known from before, and may be in another by now.
            area_id = self._find(place.area)
        elif given["area"] == device.area_id:
            area_id = self._move(device, place.area)
        else:
            area_id = given["area"]
        self._given[identifier] = {"home": place.home_id, "room": place.room, "area": area_id}
        self._memory.async_keep(lambda: self._given)

    def _find(self, name: str | None) -> str | None:
        area = ar.async_get(self._hass).async_get_area_by_name(name) if name else None
        return area.id if area else None

    def _move(self, device: dr.AnyDeviceEntry, name: str | None) -> str | None:
        area_id = ar.async_get(self._hass).async_get_or_create(name).id if name else None
        registry = dr.async_get(self._hass)
        if isinstance(device, dr.ChildDeviceEntry):
            registry.async_update_child_device(device.id, area_id=area_id)
        else:
            registry.async_update_device(device.id, area_id=area_id)
        return area_id
