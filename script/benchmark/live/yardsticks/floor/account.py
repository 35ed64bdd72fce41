"""What the floor's entities share."""

from typing import Any

from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity

from script.benchmark.live.yardsticks.contract import Cloud, Json, Key

DOMAIN = "floor"


class Account:
    """A cloud, and the entities of its endpoints."""

    def __init__(self, cloud: Cloud, found: dict[Key, tuple[Json, Json]]) -> None:
        self.cloud = cloud
        self.found = found
        self.entities: dict[Key, FloorEntity] = {}

    async def follow(self) -> None:
        """Show what is pushed."""
        async for frame in self.cloud.frames():
            if frame["type"] == "events":
                for event in frame["events"]:
                    entity = self.entities[event["device_id"], event["endpoint_id"]]
                    entity.endpoint_state.update(event["state"])
                    entity.async_write_ha_state()


class FloorEntity(Entity):
    """An endpoint."""

    _attr_has_entity_name = True
    _attr_name: str | None = None
    _attr_should_poll = False

    def __init__(self, account: Account, key: Key, device: Json, endpoint: Json) -> None:
        self.endpoint_state: Json = endpoint["state"]
        self._account = account
        self._key = key
        self._attr_unique_id = f"{key[0]}:{key[1]}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, key[0])},
            manufacturer="WeSMART",
            model=device["model"],
            name=device["name"],
            serial_number=device["serial"],
            sw_version=device["firmware"],
            suggested_area=device["room_id"],
        )
        account.entities[key] = self

    @property
    def is_on(self) -> bool:
        """Whether it is on."""
        on: bool = self.endpoint_state["on"]
        return on

    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch on."""
        await self._set({"on": True})

    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch off."""
        await self._set({"on": False})

    async def _set(self, fields: Json) -> None:
        await self._account.cloud.set(self._key, fields)
