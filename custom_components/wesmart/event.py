"""Scene buttons: presses as events. And the account's tickets: answers as events."""

from typing import override

from homeassistant.components.event import ATTR_MULTI_PRESS_COUNT, ButtonEventType, EventDeviceClass, EventEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import devices
from .cloud.models import ButtonEndpoint, Ticket
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .entity import WeSmartAccountEntity, WeSmartEntity, async_setup_endpoints

# Nothing is ever asked of a button.
PARALLEL_UPDATES = 0

# What a press of the contract is in Home Assistant's words, and how many presses it was where it was more than one.
_PRESSES: dict[str, tuple[ButtonEventType, dict[str, object]]] = {
    "single": (ButtonEventType.PRESS_END, {}),
    "double": (ButtonEventType.MULTI_PRESS_END, {ATTR_MULTI_PRESS_COUNT: 2}),
    "long": (ButtonEventType.LONG_PRESS_END, {}),
}

# What happened to a ticket that has a status of the contract.
_TICKET_EVENTS = {"open": "opened", "answered": "answered", "closed": "closed"}
# Attributes of more than 16 KiB are not recorded; a letter may be longer, and `get_feedback` returns all of it.
_LONGEST_REPLY = 2000


async def async_setup_entry(
    hass: HomeAssistant, entry: WeSmartConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's buttons and its tickets."""
    async_setup_endpoints(entry, async_add_entities, ButtonEndpoint, WeSmartButton)
    async_add_entities([WeSmartTickets(entry.runtime_data)])


class WeSmartButton(WeSmartEntity[ButtonEndpoint], EventEntity):
    """A button that starts what its owner wants."""

    _attr_device_class: EventDeviceClass | None = EventDeviceClass.BUTTON

    @callback
    @override
    def _describe(self) -> None:
        """Take over the presses that the button can tell apart."""
        super()._describe()
        presses = self.endpoint.features.presses
        self._attr_event_types = [_PRESSES[press][0] for press in presses if press in _PRESSES]

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for presses."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_add_press_listener(self.endpoint.key, self._handle_press))

    @callback
    def _handle_press(self, press: str) -> None:
        """Fire a press; one from the future has no name here."""
        if press in self.endpoint.features.presses and press in _PRESSES:
            self._trigger_event(*_PRESSES[press])
            self.async_write_ha_state()


class WeSmartTickets(WeSmartAccountEntity, EventEntity):
    """What happens to the feedback an account has given: opened, answered, closed."""

    _attr_translation_key: str | None = "feedback"

    def __init__(self, coordinator: WeSmartCoordinator) -> None:
        """Belong to the account."""
        super().__init__(coordinator)
        self._attr_event_types = list(_TICKET_EVENTS.values())
        self._attr_unique_id = f"{coordinator.config_entry.entry_id}:feedback"
        self._attr_device_info = devices.account_info(coordinator.config_entry)

    @property
    @override
    def available(self) -> bool:
        """Whether there is word from the cloud."""
        return self.coordinator.live.answering

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for what happens to tickets."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_add_ticket_listener(self._handle_ticket))

    @callback
    def _handle_ticket(self, ticket: Ticket) -> None:
        """Fire what happened to a ticket; a status from the future has no name here."""
        if event_type := _TICKET_EVENTS.get(ticket.status):
            details = {
                "ticket_id": ticket.id,
                "category": ticket.category,
                "subject": ticket.subject,
                "reply": ticket.reply and ticket.reply[:_LONGEST_REPLY],
                "replied_at": ticket.replied_at and ticket.replied_at.isoformat(),
            }
            self._trigger_event(event_type, details)
            self.async_write_ha_state()
