"""Switches: the gangs of wall panels that control no lamp, and outlets."""

from collections.abc import Iterator
from typing import override

from homeassistant.components.switch import SwitchDeviceClass, SwitchEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cloud.models import Controls, SwitchEndpoint
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .entity import WeSmartRelay, async_setup_entities

# The command queue merges calls made at once into one request, so they must not be serialized.
PARALLEL_UPDATES = 0

# Their icons are found by these; others have the usual one.
_TRANSLATION_KEYS = {Controls.FAN: "fan", Controls.HEATER: "heater"}


async def async_setup_entry(
    hass: HomeAssistant, entry: WeSmartConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's switches."""
    await async_setup_entities(hass, entry, async_add_entities, Platform.SWITCH, _create)


def _create(coordinator: WeSmartCoordinator, device_id: str) -> Iterator[WeSmartSwitch]:
    for key, endpoint in coordinator.state.endpoints_of(device_id):
        if isinstance(endpoint, SwitchEndpoint) and endpoint.features.controls is not Controls.LIGHT:
            yield WeSmartSwitch(coordinator, key, endpoint)


class WeSmartSwitch(WeSmartRelay, SwitchEntity):
    """A relay that switches no lamp."""

    @callback
    @override
    def _describe(self) -> None:
        """Set what it controls."""
        super()._describe()
        controls = self.endpoint.features.controls
        is_outlet = controls is Controls.OUTLET
        self._attr_device_class = SwitchDeviceClass.OUTLET if is_outlet else SwitchDeviceClass.SWITCH
        self._attr_translation_key = "switch" if controls is None else _TRANSLATION_KEYS.get(controls, "switch")
