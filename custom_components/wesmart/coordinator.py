"""What one account's entities share: the homes as they are now, the way out for commands, and who is told of what.

Not a DataUpdateCoordinator: that one tells every listener of every change and starts its polling interval anew with
each push. Here an event wakes the entities of its endpoint, whatever the size of the home, and the client keeps time.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryNotReady,
    HomeAssistantError,
    ServiceValidationError,
)
from homeassistant.helpers.update_coordinator import BaseDataUpdateCoordinatorProtocol
import msgspec

from . import devices
from .cloud import Command, CommandPump, Endpoints, LiveHome, Tokens, WeSmartClient
from .cloud.errors import CommandRejectedError, SessionEndedError, WeSmartError
from .cloud.models import EndpointKey
from .cloud.replica import Changes, Replica
from .cloud.wire_events import Event
from .connection import async_get_transport, wall_clock
from .const import CONF_ENDPOINTS, CONF_TOKENS, LOGGER, POLL_INTERVAL_S
from .errors import translated

type WeSmartConfigEntry = ConfigEntry[WeSmartCoordinator]


class WeSmartCoordinator(BaseDataUpdateCoordinatorProtocol):
    """One account of one server."""

    def __init__(self, hass: HomeAssistant, entry: WeSmartConfigEntry) -> None:
        """Take up the session that the config entry holds."""
        self.hass = hass
        self.config_entry = entry
        self.endpoints = msgspec.convert(entry.data[CONF_ENDPOINTS], Endpoints)
        self.client = WeSmartClient(
            async_get_transport(hass),
            self.endpoints,
            msgspec.convert(entry.data[CONF_TOKENS], Tokens),
            on_tokens=self._save_tokens,
            clock=wall_clock,
        )
        self._live = LiveHome(
            self.client,
            on_changes=self._handle_changes,
            on_presence=self._handle_presence,
            poll_interval_s=POLL_INTERVAL_S,
        )
        self._pump = CommandPump(self.client.send_commands, clock=wall_clock)
        self._listeners: dict[EndpointKey | None, list[CALLBACK_TYPE]] = {}

    @property
    def replica(self) -> Replica:
        """The homes as they are now, to read."""
        return self._live.replica

    @property
    def present(self) -> bool:
        """Whether there was any word from the cloud lately."""
        return self._live.present

    @property
    def streaming(self) -> bool:
        """Whether changes arrive by push."""
        return self._live.streaming

    async def async_start(self) -> None:
        """Fetch the homes, then follow them. Raises what Home Assistant's set-up of an entry understands."""
        try:
            await self._live.start()
        except SessionEndedError as err:
            raise translated(ConfigEntryAuthFailed, err) from err
        except WeSmartError as err:
            raise translated(ConfigEntryNotReady, err, {"phone": self.endpoints.support_phone}) from err
        devices.async_sync(self.hass, self.config_entry, self.replica)
        self.config_entry.async_create_background_task(self.hass, self._follow(), f"WeSMART {self.config_entry.title}")

    async def async_close(self) -> None:
        """Give up commands on their way, and let a token renewal end that is under way."""
        await self._pump.close()
        await self.client.session.close()

    @callback
    @override
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: EndpointKey | None = None
    ) -> Callable[[], None]:
        """Call back when the endpoint shows something else; without one, when devices came, went or changed."""
        self._listeners.setdefault(context, []).append(update_callback)
        return partial(self._remove_listener, update_callback, context)

    async def async_refresh(self) -> None:
        """Ask the cloud now."""
        self._live.poll()

    async def async_execute(self, command: Command, name: str) -> None:
        """Have the cloud do something; `name` is what the user calls the thing, for the error. Raises HomeAssistantError."""
        more = {"name": name, "phone": self.endpoints.support_phone}
        try:
            await self._pump.execute(command)
        except CommandRejectedError as err:
            # What the caller asked for was wrong, or the device cannot be reached: no trace of ours would help.
            raise translated(ServiceValidationError, err, more) from err
        except WeSmartError as err:
            raise translated(HomeAssistantError, err, more) from err

    async def _follow(self) -> None:
        try:
            await self._live.run()
        except SessionEndedError:
            self.config_entry.async_start_reauth(self.hass)

    @callback
    def _handle_changes(self, changes: Changes, _events: Sequence[Event]) -> None:
        if changes.structure:
            devices.async_sync(self.hass, self.config_entry, self.replica)
            self._wake(None)
        for key in changes.endpoints:
            self._wake(key)

    @callback
    def _handle_presence(self, present: bool) -> None:
        if present:
            LOGGER.info("The WeSMART cloud of %s is back", self.config_entry.title)
        else:
            LOGGER.warning("The WeSMART cloud of %s cannot be reached", self.config_entry.title)
        for key in list(self._listeners):
            self._wake(key)

    @callback
    def _wake(self, key: EndpointKey | None) -> None:
        for update_callback in tuple(self._listeners.get(key, ())):
            try:
                update_callback()
            except Exception:  # noqa: BLE001 - one entity that fails must not stop the stream for the others
                LOGGER.exception("A listener of %s failed", self.config_entry.title)

    @callback
    def _remove_listener(self, update_callback: CALLBACK_TYPE, context: EndpointKey | None) -> None:
        listeners = self._listeners[context]
        listeners.remove(update_callback)
        if not listeners:
            del self._listeners[context]

    @callback
    def _save_tokens(self, tokens: Tokens) -> None:
        data = {**self.config_entry.data, CONF_TOKENS: msgspec.to_builtins(tokens)}
        self.hass.config_entries.async_update_entry(self.config_entry, data=data)
