"""Makes Home Assistant's areas and floors those of a family: a floor for each home, an icon for each room."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .client import Client
from .registries import Area, Registries

HOME_ICON = "mdi:home-variant"
ROOM_ICON = "mdi:door"

# By what a room is called; the first that fits.
_ROOM_ICONS = {
    "phòng khách": "mdi:sofa",
    "bếp": "mdi:stove",
    "phòng ngủ của bé": "mdi:teddy-bear",
    "phòng ngủ": "mdi:bed",
    "phòng tắm": "mdi:shower-head",
    "phòng thờ": "mdi:candle",
    "hành lang": "mdi:foot-print",
    "ban công": "mdi:flower",
}


@dataclass(frozen=True, slots=True)
class HomePlan:
    """A home that a floor should be made for, and the rooms on it."""

    name: str
    area_ids: tuple[str, ...]


def plan_homes(registries: Registries, home_of_serial: Mapping[str, str], homes: Sequence[str]) -> list[HomePlan]:
    """Return which areas belong to which home: those with a device of it in them, or a part of one."""
    devices = {device.id: device for device in registries.devices}
    rooms: dict[str, dict[str, None]] = {home: {} for home in homes}
    for device in registries.devices:
        whole = devices.get(device.parent_device_id or "", device)
        home = home_of_serial.get(whole.serial_number or "")
        if home is not None and device.area_id is not None:
            rooms[home][device.area_id] = None
    order = [area.area_id for area in registries.areas]
    return [HomePlan(home, tuple(sorted(area_ids, key=order.index))) for home, area_ids in rooms.items()]


def room_icon(name: str) -> str:
    """Return an icon for a room of this name."""
    return next((icon for start, icon in _ROOM_ICONS.items() if name.casefold().startswith(start)), ROOM_ICON)


async def furnish(client: Client, registries: Registries, plans: Sequence[HomePlan]) -> None:
    """Give each home a floor, and each of its rooms that floor and an icon; what a user has set already stays."""
    floors = {floor.name: floor.floor_id for floor in registries.floors}
    areas = {area.area_id: area for area in registries.areas}
    for level, plan in enumerate(plans):
        if plan.name not in floors:
            # The level orders them.
            floor = await client.ask(
                dict[str, object], "config/floor_registry/create", name=plan.name, icon=HOME_ICON, level=level
            )
            floors[plan.name] = str(floor["floor_id"])
        for area_id in plan.area_ids:
            area = areas[area_id]
            if area.floor_id is None:
                await client.send(
                    "config/area_registry/update",
                    area_id=area_id,
                    floor_id=floors[plan.name],
                    icon=area.icon or room_icon(area.name),
                )


async def remove_all_areas(client: Client) -> None:
    """Forget the rooms that Home Assistant gives every new home: they are not those of this family."""
    for area in await client.ask(list[Area], "config/area_registry/list"):
        await client.send("config/area_registry/delete", area_id=area.area_id)
