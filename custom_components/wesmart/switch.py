"""Switches: the gangs of wall panels, and outlets."""

from typing import Any, override

from homeassistant.components.switch import SwitchDeviceClass, SwitchEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cloud.commands import Command
from .cloud.models import SwitchEndpoint
from .coordinator import WeSmartConfigEntry
from .entity import WeSmartEntity, async_setup_endpoints

# The command queue merges calls made at once into one request, so they must not be serialized.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: WeSmartConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's switches."""
    async_setup_endpoints(entry, async_add_entities, SwitchEndpoint, WeSmartSwitch)


class WeSmartSwitch(WeSmartEntity[SwitchEndpoint], SwitchEntity):
    """A relay."""

    @callback
    @override
    def _describe(self) -> None:
        """Set the device class."""
        super()._describe()
        outlet = self.endpoint.features.outlet
        self._attr_device_class = SwitchDeviceClass.OUTLET if outlet else SwitchDeviceClass.SWITCH

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether the relay is closed."""
        return self.endpoint.state.on

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Close the relay."""
        await self._async_execute(Command.set(self.key, on=True))

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Open the relay."""
        await self._async_execute(Command.set(self.key, on=False))
