"""Scene buttons: presses as events."""

from typing import override

from homeassistant.components.event import ATTR_MULTI_PRESS_COUNT, ButtonEventType, EventDeviceClass, EventEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cloud.models import ButtonEndpoint
from .coordinator import WeSmartConfigEntry
from .entity import WeSmartEntity, async_setup_endpoints

# Nothing is ever asked of a button.
PARALLEL_UPDATES = 0

# What a press of the contract is in Home Assistant's words, and how many presses it was where it was more than one.
_EVENT_TYPES: dict[str, tuple[ButtonEventType, dict[str, object]]] = {
    "single": (ButtonEventType.PRESS_END, {}),
    "double": (ButtonEventType.MULTI_PRESS_END, {ATTR_MULTI_PRESS_COUNT: 2}),
    "long": (ButtonEventType.LONG_PRESS_END, {}),
}


async def async_setup_entry(
    hass: HomeAssistant, entry: WeSmartConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's buttons."""
    async_setup_endpoints(entry, async_add_entities, ButtonEndpoint, WeSmartButton)


class WeSmartButton(WeSmartEntity[ButtonEndpoint], EventEntity):
    """A button that starts what its owner wants."""

    _attr_device_class: EventDeviceClass | None = EventDeviceClass.BUTTON

    @callback
    @override
    def _describe(self) -> None:
        """Take over the presses that the button can tell apart."""
        super()._describe()
        presses = self.endpoint.features.presses
        self._attr_event_types = [_EVENT_TYPES[press][0] for press in presses if press in _EVENT_TYPES]

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for presses."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_set_press_listener(self.endpoint.key, self._handle_press))

    @callback
    def _handle_press(self, press: str) -> None:
        """Fire a press; one from the future has no name here."""
        if press in self.endpoint.features.presses and press in _EVENT_TYPES:
            self._trigger_event(*_EVENT_TYPES[press])
            self.async_write_ha_state()
