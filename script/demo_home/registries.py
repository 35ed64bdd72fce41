"""What Home Assistant's registries say: floors, areas, devices and entities, as far as the demo needs it."""

from dataclasses import dataclass

import msgspec

from .client import Client

DOMAIN = "wesmart"


class Floor(msgspec.Struct, kw_only=True, frozen=True):
    """A floor; here, a home."""

    floor_id: str
    name: str


class Area(msgspec.Struct, kw_only=True, frozen=True):
    """An area; here, a room."""

    area_id: str
    name: str
    floor_id: str | None = None
    icon: str | None = None


class Device(msgspec.Struct, kw_only=True, frozen=True):
    """A device; a child device, one that is a part of another, has no serial number."""

    id: str
    name: str | None = None
    area_id: str | None = None
    serial_number: str | None = None
    parent_device_id: str | None = None
    config_entry_id: str | None = None


class Entity(msgspec.Struct, kw_only=True, frozen=True):
    """An entity; without a name it is what its device is."""

    entity_id: str
    platform: str
    unique_id: str = ""
    name: str | None = None
    original_name: str | None = None
    area_id: str | None = None
    device_id: str | None = None
    entity_category: str | None = None
    hidden_by: str | None = None
    disabled_by: str | None = None

    @property
    def domain(self) -> str:
        """What kind of entity it is."""
        return self.entity_id.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registries:
    """All of them at one moment; entities of our integration only."""

    floors: list[Floor]
    areas: list[Area]
    devices: list[Device]
    entities: list[Entity]


async def read_registries(client: Client) -> Registries:
    """Return what the registries say now."""
    entities = await client.ask(list[Entity], "config/entity_registry/list")
    return Registries(
        floors=await client.ask(list[Floor], "config/floor_registry/list"),
        areas=await client.ask(list[Area], "config/area_registry/list"),
        devices=await client.ask(list[Device], "config/device_registry/list"),
        entities=[entity for entity in entities if entity.platform == DOMAIN],
    )
