"""The coordinator of the documentation: fetches everything every 30 s, and passes on what is pushed in between."""

from datetime import timedelta
import logging
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from script.benchmark.live.yardsticks.contract import Cloud, Json, Key

_LOGGER = logging.getLogger(__name__)


class TextbookCoordinator(DataUpdateCoordinator[dict[Key, tuple[Json, Json]]]):
    """Everything of an account."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, cloud: Cloud) -> None:
        super().__init__(hass, _LOGGER, name="Textbook", config_entry=entry, update_interval=timedelta(seconds=30))
        self.cloud = cloud

    @override
    async def _async_update_data(self) -> dict[Key, tuple[Json, Json]]:
        return await self.cloud.snapshot()

    async def follow(self) -> None:
        """Pass on what is pushed."""
        async for frame in self.cloud.frames():
            if frame["type"] == "events":
                for event in frame["events"]:
                    _, endpoint = self.data[event["device_id"], event["endpoint_id"]]
                    endpoint["state"].update(event["state"])
                    self.async_set_updated_data(self.data)
