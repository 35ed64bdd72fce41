"""An entity of the textbook."""

from typing import Any, override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from script.benchmark.live.yardsticks.contract import Json, Key

from .coordinator import TextbookCoordinator

DOMAIN = "textbook"


class TextbookEntity(CoordinatorEntity[TextbookCoordinator]):
    """An endpoint."""

    _attr_has_entity_name = True
    _attr_name: str | None = None

    def __init__(self, coordinator: TextbookCoordinator, key: Key) -> None:
        super().__init__(coordinator, context=key)
        self._key = key
        device, _ = coordinator.data[key]
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
        self._show()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Handle updated data from the coordinator."""
        self._show()
        self.async_write_ha_state()

    def _show(self) -> None:
        self._attr_is_on: bool | None = self.endpoint_state["on"]

    @property
    def endpoint_state(self) -> Json:
        """What the cloud says of the endpoint."""
        state: Json = self.coordinator.data[self._key][1]["state"]
        return state

    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch on."""
        await self._set({"on": True})

    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch off."""
        await self._set({"on": False})

    async def _set(self, fields: Json) -> None:
        await self.coordinator.cloud.set(self._key, fields)
        await self.coordinator.async_request_refresh()
