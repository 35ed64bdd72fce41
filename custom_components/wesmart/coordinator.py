"""What one account's entities share: the homes as they are now, the way out for commands, and who is told of what.

Not a DataUpdateCoordinator: that one tells every listener of every change and starts its polling interval anew with
each push. Here an event wakes the entities of its endpoint, whatever the size of the home, and the client keeps time.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from typing import override

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.update_coordinator import BaseDataUpdateCoordinatorProtocol
from yarl import URL

from . import issues
from .actions import explained
from .cloud import Command, Endpoints, HomeObserver, LiveHome, Rediscovery, WeSmartClient
from .cloud.errors import CloudConnectionError, NotFoundError, SessionEndedError, WeSmartError
from .cloud.models import Account, EndpointKey, Ticket
from .cloud.replica import Changes
from .connection import async_get_session, async_note_presence, wall_clock
from .const import CONF_POLL_INTERVAL, CONF_SERVER, DOMAIN, LOGGER, POLL_INTERVAL_S
from .errors import translated
from .inventory import Inventory
from .listeners import Listeners
from .memory import TICKETS, Memory
from .stored import async_store_endpoints

type WeSmartConfigEntry = ConfigEntry[WeSmartCoordinator]

# After a fault of our own the home is followed again, once the log had time to be read.
_FAULT_S = 60


class WeSmartCoordinator(BaseDataUpdateCoordinatorProtocol, HomeObserver):
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
            on_moved=self._use,
            on_refused=self._ask_for_login,
        )
        self.client = WeSmartClient(session, on_not_found=self._rediscovery.miss)
        # The homes as they are to be shown.
        self.live = LiveHome(
            self.client,
            self,
            poll_interval_s=entry.options.get(CONF_POLL_INTERVAL, POLL_INTERVAL_S),
            clock=wall_clock,
        )
        # And as the cloud described them last, to read.
        self.replica = self.live.replica
        self._inventory = Inventory(hass, entry, self.replica)
        self._tickets = Memory[dict[str, str]](hass, entry.entry_id, TICKETS)
        # Of an endpoint, or of the presence alone.
        self._update_listeners: Listeners[EndpointKey | None, []] = Listeners()
        self._press_listeners: Listeners[EndpointKey, [str]] = Listeners()
        self._ticket_listeners: Listeners[None, [Ticket]] = Listeners()
        self._arrival_listeners: Listeners[None, [Collection[EndpointKey]]] = Listeners()

    async def async_start(self) -> None:
        """Fetch the homes, then follow them. Raises what Home Assistant's set-up of an entry understands."""
        await self._inventory.async_load()
        self.live.recall(await self._tickets.async_load() or {})
        try:
            await self._async_fetch_first()
        except WeSmartError as err:
            over = isinstance(err, SessionEndedError)
            self.refused(None if over else err)
            raise translated(
                ConfigEntryAuthFailed if over else ConfigEntryNotReady,
                err,
                name=self.config_entry.title,
                phone=self.client.session.endpoints.support_phone,
            ) from err
        self.refused(None)
        self._log_presence(None)
        # Without a pause since the homes were chosen: what is claimed now, nobody else has claimed meanwhile.
        self._inventory.async_sync_all()
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
        await self._inventory.async_close()
        await self._tickets.async_close()

    # For entities

    @callback
    @override
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: EndpointKey | None = None
    ) -> Callable[[], None]:
        """Call back when the endpoint `context` may show something else; without one, when the presence changes."""
        return self._update_listeners.async_add(context, update_callback)

    @callback
    def async_add_arrival_listener(self, arrived: Callable[[Collection[EndpointKey]], None]) -> CALLBACK_TYPE:
        """Call back with endpoints that may be new or gone."""
        return self._arrival_listeners.async_add(None, arrived)

    @callback
    def async_add_press_listener(self, key: EndpointKey, pressed: Callable[[str], None]) -> CALLBACK_TYPE:
        """Call back with each press of a button, once."""
        return self._press_listeners.async_add(key, pressed)

    @callback
    def async_add_ticket_listener(self, told: Callable[[Ticket], None]) -> CALLBACK_TYPE:
        """Call back with each ticket that is new, answered or closed, once for each of these."""
        return self._ticket_listeners.async_add(None, told)

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

    # What the live home says and asks

    @callback
    @override
    def changed(self, changes: Changes) -> None:
        """Take over what is new, and wake whoever shows what has changed, and nobody else."""
        if changes.structure:
            self._inventory.async_sync(changes)
            self._arrival_listeners.async_call_all(changes.endpoints)
        self._update_listeners.async_call(changes.endpoints)

    @callback
    @override
    def presence_changed(self, lost: WeSmartError | None) -> None:
        """Say it in the log, and show it everywhere."""
        self._log_presence(lost)
        self._update_listeners.async_call_all()

    @callback
    def _log_presence(self, lost: WeSmartError | None) -> None:
        """Say in the log that the cloud is lost or back, once each, whatever is reloaded in between."""
        if not async_note_presence(self.hass, self.config_entry, present=lost is None):
            return
        server = self.config_entry.data[CONF_SERVER]
        if lost is None:
            LOGGER.info("The WeSMART cloud at %s is back", server)
        else:
            LOGGER.warning("The WeSMART cloud at %s is lost: %s", server, lost)

    @callback
    @override
    def pressed(self, key: EndpointKey, press: str) -> None:
        """Pass it on."""
        self._press_listeners.async_call((key,), press)

    @callback
    @override
    def ticket_changed(self, ticket: Ticket) -> None:
        """Pass it on."""
        self._ticket_listeners.async_call_all(ticket)

    @callback
    @override
    def tickets_told(self, told: dict[str, str]) -> None:
        """Remember it."""
        self._tickets.async_keep(lambda: told)

    @callback
    @override
    def refused(self, err: WeSmartError | None) -> None:
        """Say it under Repairs."""
        issues.async_report_refusal(self.hass, self.config_entry, self.client.session.endpoints.support_phone, err)

    @callback
    @override
    def account_read(self, account: Account) -> None:
        """Say under Repairs what terms are open."""
        issues.async_report_terms(self.hass, self.config_entry, account.terms)

    @callback
    @override
    def maintenance_planned(self, starts_at: datetime | None, ends_at: datetime | None) -> None:
        """Say it under Repairs."""
        issues.async_report_plan(self.hass, self.config_entry, starts_at, ends_at)

    @callback
    @override
    def wants_home(self, home_id: str) -> bool:
        """Return whether no other entry shows it, and the owner wants it."""
        return self._inventory.wants_home(home_id)

    @override
    async def take_turn(self) -> bool:
        """Read the discovery document, once a day."""
        return await self._rediscovery.take_turn()

    async def _follow(self) -> None:
        while True:
            try:
                await self.live.run()
            except SessionEndedError:
                self.refused(None)
                self.config_entry.async_start_reauth(self.hass)
                return
            except Exception:  # noqa: BLE001 - whatever it is, the home must not stay frozen
                LOGGER.exception("Following the home failed, and goes on in %s s", _FAULT_S)
            await asyncio.sleep(_FAULT_S)

    # What happens beside it

    @callback
    def _handle_entry_changed(self, _change: ConfigEntryChange, other: ConfigEntry) -> None:
        """Take over the homes that another entry does not show any more, and leave it those that it has taken."""
        if other.domain == DOMAIN and other is not self.config_entry and self._inventory.async_regard(other):
            self.live.reconsider()

    @callback
    def _use(self, endpoints: Endpoints) -> None:
        self.client.session.use(endpoints)
        async_store_endpoints(self.hass, self.config_entry, endpoints)

    @callback
    def _ask_for_login(self, _endpoints: Endpoints) -> None:
        # The flow reads the document once more and says where the password would go; Home Assistant makes a repair of
        # it, and one only, however often this happens.
        self.config_entry.async_start_reauth(self.hass)
