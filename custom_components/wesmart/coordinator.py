"""What one account's entities share: the homes as they are now, the way out for commands, and who is told of what.

Not a DataUpdateCoordinator: that one tells every listener of every change and starts its polling interval anew with
each push. Here an event wakes the entities of its endpoint, whatever the size of the home, and the client keeps time.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import override

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.update_coordinator import BaseDataUpdateCoordinatorProtocol
from yarl import URL

from . import devices, homes, issues
from .actions import explained
from .areas import Areas
from .cloud import Command, Endpoints, LiveHome, Rediscovery, WeSmartClient
from .cloud.errors import CloudConnectionError, NotFoundError, SessionEndedError, WeSmartError
from .cloud.models import Account, EndpointKey, Ticket
from .cloud.replica import Changes
from .connection import async_get_session, wall_clock
from .const import CONF_POLL_INTERVAL, CONF_SERVER, DOMAIN, LOGGER, POLL_INTERVAL_S
from .errors import translated
from .identity import async_entries_of, server_identity
from .memory import TICKETS, Memory
from .stored import async_store_endpoints

type WeSmartConfigEntry = ConfigEntry[WeSmartCoordinator]

# After a fault of our own the home is followed again, once the log had time to be read.
_FAULT_S = 60


class WeSmartCoordinator(BaseDataUpdateCoordinatorProtocol):
    """One account of one server."""

    def __init__(self, hass: HomeAssistant, entry: WeSmartConfigEntry) -> None:
        """Take up the session that the config entry holds."""
        self.hass = hass
        self.config_entry = entry
        session = async_get_session(hass, entry)
        self._rediscovery = Rediscovery(
            session.transport,
            URL(entry.data[CONF_SERVER]),
            session.endpoints,
            on_moved=self._handle_moved,
            on_refused=self._handle_refused,
        )
        self.client = WeSmartClient(session, on_not_found=self._rediscovery.miss)
        self._areas = Areas(hass, entry.entry_id)
        self._tickets = Memory[dict[str, str]](hass, entry.entry_id, TICKETS)
        # The homes as they are to be shown.
        self.live = LiveHome(
            self.client,
            on_changes=self._handle_changes,
            on_presence=self._handle_presence,
            on_press=self._handle_press,
            on_ticket=self._handle_ticket,
            on_told=lambda told: self._tickets.async_keep(lambda: told),
            on_refusal=self._handle_refusal,
            on_account=self._handle_account,
            on_plan=self._handle_plan,
            wants_home=self._wants_home,
            take_turn=self._rediscovery.take_turn,
            poll_interval_s=entry.options.get(CONF_POLL_INTERVAL, POLL_INTERVAL_S),
            clock=wall_clock,
        )
        # And as the cloud described them last, to read.
        self.replica = self.live.replica
        # In tuples, which whoever is called may replace meanwhile.
        self._listeners: dict[EndpointKey | None, tuple[CALLBACK_TYPE, ...]] = {}
        self._press_listeners: dict[EndpointKey, Callable[[str], None]] = {}
        self._ticket_listeners: list[Callable[[Ticket], None]] = []
        self._arrival_listeners: list[Callable[[Collection[EndpointKey]], None]] = []

    async def async_start(self) -> None:
        """Fetch the homes, then follow them. Raises what Home Assistant's set-up of an entry understands."""
        await self._areas.async_load()
        self.live.recall(await self._tickets.async_load() or {})
        try:
            await self._async_fetch_first()
        except SessionEndedError as err:
            self._handle_refusal(None)
            raise translated(ConfigEntryAuthFailed, err) from err
        except WeSmartError as err:
            self._handle_refusal(err)
            raise translated(ConfigEntryNotReady, err, {"phone": self.client.session.endpoints.support_phone}) from err
        self._handle_refusal(None)
        # Without a pause since the homes were chosen: what is claimed now, nobody else has claimed meanwhile.
        self._sync_homes()
        signal = async_dispatcher_connect(self.hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._handle_entry_changed)
        self.config_entry.async_on_unload(signal)
        self.config_entry.async_create_background_task(self.hass, self._follow(), f"WeSMART {self.config_entry.title}")
        self.config_entry.async_create_background_task(self.hass, self._rediscovery.run(), "WeSMART rediscovery")

    async def _async_fetch_first(self) -> None:
        try:
            await self.live.start()
        except NotFoundError, CloudConnectionError:
            # The endpoints may have moved while Home Assistant was off. Nobody else would find out: what does so once
            # a day runs only after this.
            if not await self._rediscovery.read():
                raise
            await self.live.start()

    async def async_close(self) -> None:
        """Give up commands on their way, and let a token renewal end that is under way."""
        await self.live.close()
        await self._areas.async_close()
        await self._tickets.async_close()

    @callback
    @override
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: EndpointKey | None = None
    ) -> Callable[[], None]:
        """Call back when the endpoint `context` may show something else; without one, when the presence changes."""
        self._listeners[context] = (*self._listeners.get(context, ()), update_callback)
        return partial(self._remove_listener, update_callback, context)

    @callback
    def async_add_arrival_listener(self, arrived: Callable[[Collection[EndpointKey]], None]) -> Callable[[], None]:
        """Call back with endpoints that may be new or gone."""
        self._arrival_listeners.append(arrived)
        return partial(self._arrival_listeners.remove, arrived)

    @callback
    def async_set_press_listener(self, key: EndpointKey, pressed: Callable[[str], None]) -> Callable[[], None]:
        """Call back with each press of a button, once."""
        self._press_listeners[key] = pressed
        return partial(self._press_listeners.__delitem__, key)

    @callback
    def async_add_ticket_listener(self, told: Callable[[Ticket], None]) -> Callable[[], None]:
        """Call back with each ticket that is new, answered or closed, once for each of these."""
        self._ticket_listeners.append(told)
        return partial(self._ticket_listeners.remove, told)

    async def async_refresh(self) -> None:
        """Ask the cloud now. Raises HomeAssistantError."""
        with explained(self.hass, self.config_entry):
            await self.live.refresh()

    async def async_look_again(self) -> None:
        """Ask the cloud now whether it shows the homes again; what it answers is acted on, and no concern of the caller."""
        with suppress(WeSmartError):
            await self.live.refresh()

    async def async_execute(self, command: Command, name: str) -> None:
        """Have the cloud do something; `name` is what the user calls the thing, for the error. Raises HomeAssistantError."""
        with explained(self.hass, self.config_entry, name):
            await self.live.execute(command)

    async def _follow(self) -> None:
        while True:
            try:
                await self.live.run()
            except SessionEndedError:
                self._handle_refusal(None)
                self.config_entry.async_start_reauth(self.hass)
                return
            except Exception:  # noqa: BLE001 - whatever it is, the home must not stay frozen
                LOGGER.exception("Following the home failed, and goes on in %s s", _FAULT_S)
            await asyncio.sleep(_FAULT_S)

    @callback
    def _handle_changes(self, changes: Changes) -> None:
        if changes.homes or changes.devices:
            self._handle_structure(changes)
        self._wake(changes.endpoints)

    @callback
    def _handle_structure(self, changes: Changes) -> None:
        if changes.homes:
            self._sync_homes()
        else:
            # One that is new here may be registered under an account that is disabled, or that it was moved from.
            self._adopt(changes.devices & self.replica.devices.keys())
            devices.async_sync(self.hass, self.config_entry, self.replica, self._areas, changes.devices)
        for arrived in tuple(self._arrival_listeners):
            arrived(changes.endpoints)

    def _wants_home(self, home_id: str) -> bool:
        return homes.async_wants(self.hass, self.config_entry, home_id)

    @callback
    def _sync_homes(self) -> None:
        """Have and say that we have the homes of the replica, with the devices in them, and nothing else."""
        entry, replica = self.config_entry, self.replica
        self._adopt(replica.devices)
        # Whoever takes over what is not ours any more takes the devices over now, before they are removed.
        homes.async_claim(self.hass, entry, replica.homes)
        devices.async_sync_all(self.hass, entry, replica, self._areas)
        issues.async_report_homes(self.hass, entry, replica)

    @callback
    def _adopt(self, device_ids: Collection[str]) -> None:
        entry = self.config_entry
        others = async_entries_of(self.hass, server_identity(entry), besides=entry)
        devices.async_adopt(self.hass, entry, others, device_ids)

    @callback
    def _handle_entry_changed(self, _change: ConfigEntryChange, other: ConfigEntry) -> None:
        """Take over the homes that another entry does not show any more, and leave it those that it has taken."""
        entry, replica = self.config_entry, self.replica
        if other.domain != DOMAIN or other is entry:
            return
        if freed := {home_id for home_id in replica.left_out if self._wants_home(home_id)}:
            device_ids = [device_id for device_id, home_id in replica.left_out_devices.items() if home_id in freed]
            devices.async_adopt(self.hass, entry, [other], device_ids)
        if freed or not all(map(self._wants_home, replica.homes)):
            self.live.reconsider()
        issues.async_report_homes(self.hass, entry, replica)

    @callback
    def _handle_presence(self, lost: WeSmartError | None) -> None:
        server = self.config_entry.data[CONF_SERVER]
        if lost is None:
            LOGGER.info("The WeSMART cloud at %s is back", server)
        else:
            LOGGER.warning("The WeSMART cloud at %s is lost: %s", server, lost)
        self._wake(tuple(self._listeners))

    @callback
    def _handle_refusal(self, err: WeSmartError | None) -> None:
        issues.async_report_refusal(self.hass, self.config_entry, self.client.session.endpoints.support_phone, err)

    @callback
    def _handle_account(self, account: Account) -> None:
        issues.async_report_terms(self.hass, self.config_entry, account.terms)

    @callback
    def _handle_plan(self, starts_at: datetime | None, ends_at: datetime | None) -> None:
        issues.async_report_plan(self.hass, self.config_entry, starts_at, ends_at)

    @callback
    def _handle_press(self, key: EndpointKey, press: str) -> None:
        if pressed := self._press_listeners.get(key):
            pressed(press)

    @callback
    def _handle_ticket(self, ticket: Ticket) -> None:
        for told in tuple(self._ticket_listeners):
            told(ticket)

    @callback
    def _wake(self, keys: Collection[EndpointKey | None]) -> None:
        for key in keys:
            for update_callback in self._listeners.get(key, ()):
                try:
                    update_callback()
                except Exception:  # noqa: BLE001 - one entity that fails must not stop the stream for the others
                    LOGGER.exception("An entity could not be updated")

    @callback
    def _remove_listener(self, update_callback: CALLBACK_TYPE, context: EndpointKey | None) -> None:
        listeners = list(self._listeners.pop(context))
        listeners.remove(update_callback)
        if listeners:
            self._listeners[context] = tuple(listeners)

    @callback
    def _handle_moved(self, endpoints: Endpoints) -> None:
        self.client.session.use(endpoints)
        async_store_endpoints(self.hass, self.config_entry, endpoints)

    @callback
    def _handle_refused(self, _endpoints: Endpoints) -> None:
        # The flow reads the document once more and says where the password would go; Home Assistant makes a repair of
        # it, and one only, however often this happens.
        self.config_entry.async_start_reauth(self.hass)
