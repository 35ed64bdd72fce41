"""Listeners to parts of an account: a pushed change wakes the entities that show it, and no others."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.update_coordinator import REQUEST_REFRESH_DEFAULT_COOLDOWN, DataUpdateCoordinator

from .cloud.models import EndpointKey
from .cloud.state import Changes
from .const import LOGGER

# The context of listeners to what is known of the account, and of how changes arrive.
ACCOUNT = EndpointKey("")


class PushCoordinator(DataUpdateCoordinator[None]):
    """A coordinator that also calls its listeners by their context. A listener that fails keeps no other from being called."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, name: str) -> None:
        """Refresh in the background, and never wake everybody because of the data, which stay None."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=name,
            always_update=False,
            request_refresh_debouncer=Debouncer(
                hass, LOGGER, cooldown=REQUEST_REFRESH_DEFAULT_COOLDOWN, immediate=True, background=True
            ),
        )
        self._listeners_by_context: dict[EndpointKey | None, tuple[CALLBACK_TYPE, ...]] = {}
        self._structure_listeners: list[Callable[[Changes], None]] = []

    @callback
    @override
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: EndpointKey | None = None
    ) -> Callable[[], None]:
        """Call back when the availability changed, and when the context did: an endpoint, a device or the account."""
        remove_listener = super().async_add_listener(update_callback, context)
        self._listeners_by_context[context] = (*self._listeners_by_context.get(context, ()), update_callback)
        return partial(self._remove_listener, context, update_callback, remove_listener)

    @callback
    def _remove_listener(
        self, context: EndpointKey | None, update_callback: CALLBACK_TYPE, remove_listener: CALLBACK_TYPE
    ) -> None:
        remaining = [*self._listeners_by_context.pop(context)]
        remaining.remove(update_callback)
        if remaining:
            self._listeners_by_context[context] = tuple(remaining)
        remove_listener()

    @callback
    def async_add_structure_listener(self, update_callback: Callable[[Changes], None]) -> Callable[[], None]:
        """Call back when devices or homes came, went, or are described differently."""
        self._structure_listeners.append(update_callback)
        return partial(self._structure_listeners.remove, update_callback)

    @callback
    def _call_listeners(self, contexts: Iterable[EndpointKey]) -> None:
        for context in contexts:
            for update_callback in self._listeners_by_context.get(context, ()):
                try:
                    update_callback()
                except Exception:  # noqa: BLE001 - see the class
                    LOGGER.exception("A listener failed")

    @callback
    def _call_structure_listeners(self, changes: Changes) -> None:
        for update_callback in self._structure_listeners:
            try:
                update_callback(changes)
            except Exception:  # noqa: BLE001 - see the class
                LOGGER.exception("A platform could not be updated")
