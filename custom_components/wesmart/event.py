"""Events: presses of scene buttons, and what becomes of the account's feedback."""

from collections.abc import Iterator
from typing import override

from homeassistant.components.event import (
    ATTR_EVENT_TYPE,
    ATTR_EVENT_TYPES,
    ATTR_MULTI_PRESS_COUNT,
    ButtonEventType,
    EventDeviceClass,
    EventEntity,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .cloud.account import SUBJECT_LIMIT, Ticket
from .cloud.models import ButtonEndpoint
from .coordinator import WeSmartConfigEntry, WeSmartCoordinator
from .entity import WeSmartEndpointEntity, WeSmartEntity, async_setup_entities
from .identifiers import account_device_info

# Events send no requests.
PARALLEL_UPDATES = 0

# Presses of the contract as event types, with their attributes.
_PRESSES: dict[str, tuple[ButtonEventType, dict[str, object]]] = {
    "single": (ButtonEventType.PRESS_END, {}),
    "double": (ButtonEventType.MULTI_PRESS_END, {ATTR_MULTI_PRESS_COUNT: 2}),
    "long": (ButtonEventType.LONG_PRESS_END, {}),
}

# The event types of presses.
PRESS_TYPES = [event_type for event_type, _ in _PRESSES.values()]


def press_types(entity: er.RegistryEntry) -> list[str]:
    """Return the event types of presses that an event entity knows."""
    return [type_ for type_ in (entity.capabilities or {}).get(ATTR_EVENT_TYPES, ()) if type_ in PRESS_TYPES]


def press_type(state: State) -> str | None:
    """Return the event type of the last press."""
    press: str | None = state.attributes.get(ATTR_EVENT_TYPE)
    return press


# Statuses of tickets as event types.
_TICKET_EVENTS = {"open": "opened", "answered": "answered", "closed": "closed"}
# The recorder drops attributes of more than 16 KiB. The action `get_feedback` returns the whole reply.
_MAX_REPLY_LENGTH = 2000


async def async_setup_entry(
    hass: HomeAssistant, entry: WeSmartConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the account's buttons and its feedback."""
    await async_setup_entities(hass, entry, async_add_entities, Platform.EVENT, _create)
    async_add_entities([WeSmartFeedback(entry.runtime_data)])


def _create(coordinator: WeSmartCoordinator, device_id: str) -> Iterator[WeSmartButton]:
    for key, endpoint in coordinator.state.endpoints_of(device_id):
        if isinstance(endpoint, ButtonEndpoint):
            yield WeSmartButton(coordinator, key, endpoint)


class WeSmartButton(WeSmartEndpointEntity[ButtonEndpoint], EventEntity):
    """A scene button."""

    _attr_translation_key = "button"

    _attr_device_class = EventDeviceClass.BUTTON

    @callback
    @override
    def _describe(self) -> None:
        """Set the event types to the presses that the button reports."""
        super()._describe()
        presses = self.endpoint.features.presses
        self._attr_event_types = [_PRESSES[press][0] for press in presses if press in _PRESSES]

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for presses."""
        await super().async_added_to_hass()
        signal = self.coordinator.signal_press(self.key)
        self.async_on_remove(async_dispatcher_connect(self.hass, signal, self._handle_press))

    @callback
    def _handle_press(self, press: str) -> None:
        """Fire a press; kinds that a newer server has added are ignored."""
        if press in self.endpoint.features.presses and press in _PRESSES:
            self._trigger_event(*_PRESSES[press])
            self.async_write_ha_state()


class WeSmartFeedback(WeSmartEntity, EventEntity):
    """What becomes of the account's feedback: a ticket was opened, answered or closed."""

    _attr_translation_key = "feedback"

    def __init__(self, coordinator: WeSmartCoordinator) -> None:
        """Belong to the account's service."""
        super().__init__(coordinator)
        self._attr_device_info = account_device_info(coordinator.config_entry)
        self._attr_event_types = list(_TICKET_EVENTS.values())
        self._attr_unique_id = f"{coordinator.config_entry.entry_id}:feedback"

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for tickets."""
        await super().async_added_to_hass()
        signal = self.coordinator.signal_ticket
        self.async_on_remove(async_dispatcher_connect(self.hass, signal, self._handle_ticket))

    @callback
    def _handle_ticket(self, ticket: Ticket) -> None:
        """Fire the status of a ticket; those that a newer server has added are ignored."""
        if event_type := _TICKET_EVENTS.get(ticket.status):
            details = {
                "ticket_id": ticket.id[:SUBJECT_LIMIT],
                "category": ticket.category[:SUBJECT_LIMIT],
                "subject": ticket.subject and ticket.subject[:SUBJECT_LIMIT],
                "reply": ticket.reply and ticket.reply[:_MAX_REPLY_LENGTH],
                "replied_at": ticket.replied_at and ticket.replied_at.isoformat(),
            }
            self._trigger_event(event_type, details)
            self.async_write_ha_state()
