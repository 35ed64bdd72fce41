"""An account in Home Assistant: Home Assistant's coordinator polls, the event stream pushes.

Both change the same `HomeState`, and each change wakes only the entities that show it. The coordinator's own data stays
None, so a poll wakes all entities only when it begins to fail or to succeed.
"""

import asyncio
from datetime import datetime, timedelta
from functools import partial
import random
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util import dt as dt_util

from . import homes, registry
from .cloud import Command, Connection, HomeState, WeSmartClient, timing
from .cloud.account import Account, Maintenance
from .cloud.errors import (
    AccessError,
    AccountBlockedError,
    CloudConnectionError,
    MaintenanceError,
    NotFoundError,
    SessionEndedError,
    TermsNotAcceptedError,
    WeSmartError,
)
from .cloud.events import AccountEvent, ButtonEvent, TicketEvent
from .cloud.models import EndpointKey
from .cloud.state import Changes
from .const import DOMAIN, LOGGER, MANUFACTURER
from .errors import poll_delay, translate_errors, translated
from .listeners import ACCOUNT, PushCoordinator
from .repairs import async_update_issues
from .session import Discovery, async_get_session

type WeSmartConfigEntry = ConfigEntry[WeSmartCoordinator]


class WeSmartCoordinator(PushCoordinator):
    """Polls an account, follows its event stream, and calls the listeners of what changed."""

    config_entry: WeSmartConfigEntry

    def __init__(self, hass: HomeAssistant, entry: WeSmartConfigEntry) -> None:
        """Use the session of the entry."""
        super().__init__(hass, entry, f"WeSMART at {homes.server_address(entry)}")
        self.client = WeSmartClient(async_get_session(hass, entry))
        self.state = HomeState(partial(homes.async_claim, hass, entry))
        self.connection = Connection(
            self.client,
            self.state,
            on_changes=self._handle_changes,
            on_streaming=self._handle_streaming,
            on_account_outdated=self._handle_account_outdated,
        )
        self.account: Account | None = None
        self._account_outdated = True
        self.account_read_at = -float("inf")
        # When push came or went last.
        self.streaming_changed_at = dt_util.utcnow()
        self._session_ended: SessionEndedError | None = None
        self._is_set_up = False
        self._requested: asyncio.TimerHandle | None = None
        self._cancel_grace: CALLBACK_TYPE | None = None
        # Whether push came back while polls fail: the next poll succeeds without a request, and Home Assistant says so.
        self._has_recovered = False
        self._discovery = Discovery(hass, entry)
        entry.async_on_unload(self.connection.close)
        entry.async_on_unload(self._async_cancel_timers)

    @property
    def available(self) -> bool:
        """Whether the state of the homes is known: by the last poll, or by push."""
        return self.last_update_success or self.connection.streaming

    @property
    def maintenance(self) -> Maintenance | None:
        """The next or present maintenance that the server has told of."""
        maintenance = self.account.maintenance if self.account else None
        is_over = maintenance and maintenance.ends_at and maintenance.ends_at <= dt_util.utcnow()
        return None if is_over else maintenance

    async def async_start(self) -> None:
        """Show the homes that the first refresh has loaded, and start the event stream."""
        homes.async_release_others(self.hass, self.config_entry, self.state.homes)
        await registry.async_sync_all(self.hass, self.config_entry, self.state)
        self._update_issues(in_maintenance=False)
        self._is_set_up = True
        self.config_entry.async_create_background_task(self.hass, self._async_follow(), "WeSMART event stream")

    # For entities and actions

    def signal_press(self, key: EndpointKey) -> str:
        """Return the dispatcher signal of a button's presses; it carries the kind of press."""
        return f"{DOMAIN}_{self.config_entry.entry_id}_{key.device_id}_{key.endpoint_id}_press"

    @property
    def signal_ticket(self) -> str:
        """Return the dispatcher signal of tickets that were filed, answered or closed; it carries the ticket."""
        return f"{DOMAIN}_{self.config_entry.entry_id}_ticket"

    async def async_execute(self, command: Command, name: str) -> None:
        """Carry out a command; `name` is the entity's, for errors. Raises HomeAssistantError."""
        with translate_errors(self.hass, self.config_entry, name):
            try:
                await self.connection.queue.execute(command)
            except (AccessError, NotFoundError) as err:
                # The account may have lost access, or the endpoints may have moved.
                self._account_outdated |= isinstance(err, AccessError)
                self._debounced_refresh.async_schedule_call()
                raise

    async def async_refresh_account(self) -> None:
        """Read the account and, if it has access, its homes now."""
        self._account_outdated = True
        await self.async_refresh()

    # Polling

    @override
    async def _async_update_data(self) -> None:
        """Ask the server what changed."""
        interval = timing.safety_poll_interval if self.connection.streaming else timing.poll_interval
        self.update_interval = timedelta(seconds=interval(random.random()))
        # Not the account's title, which may be a person's name: these errors are logged.
        about = {"name": MANUFACTURER, "phone": self.client.session.endpoints.support_phone}
        try:
            await self._async_poll()
        except WeSmartError as err:
            if self.connection.is_closed:
                return
            if isinstance(err, SessionEndedError):
                self._session_ended = err
                self.connection.set_access(False)
                raise translated(ConfigEntryAuthFailed, err, **about) from err
            # Maintenance comes first in the server's answers. Other errors say nothing about it.
            says_why = isinstance(err, AccessError | MaintenanceError)
            in_maintenance = isinstance(err, MaintenanceError) if says_why else None
            # Push may survive maintenance.
            if says_why and not (in_maintenance and self.connection.streaming):
                self.connection.set_access(False)
            self._update_issues(in_maintenance=in_maintenance)
            self.update_interval = timedelta(seconds=poll_delay(err))
            failure = translated(UpdateFailed, err, **about)
            if not says_why and self._start_grace(failure):
                LOGGER.debug("Polling failed: %s", err)
                return
            raise failure from err
        self.connection.set_access(True)
        self._update_issues(in_maintenance=False)
        # Also because a maintenance ends by time alone.
        self._call_listeners((ACCOUNT,))

    async def _async_poll(self) -> None:
        if self._session_ended is not None:
            raise self._session_ended
        has_recovered, self._has_recovered = self._has_recovered, False
        if has_recovered and self.connection.streaming and not self._account_outdated:
            return  # the stream has brought what a poll would
        if self._discovery.is_due:
            await self._discovery.async_read()
            if self.connection.streaming and not self._account_outdated:
                return  # instead of the safety poll: an idle hour has at most two requests (C-62)
        try:
            await self._async_read()
        except NotFoundError, CloudConnectionError:
            # The endpoints may have moved, for a start also while Home Assistant was off.
            if self.connection.is_closed or not self._discovery.can_retry or not await self._discovery.async_read():
                raise
            await self._async_read()

    async def _async_read(self) -> None:
        if self.account is not None and not self.account.has_access:
            await self._async_read_account()
        try:
            await self.connection.refresh()
        except AccessError:
            await self._async_read_account()
            raise
        if self._account_outdated or (
            # No event announces changes while push is down.
            not self.connection.streaming and self.hass.loop.time() >= self.account_read_at + timing.ACCOUNT_INTERVAL_S
        ):
            try:
                await self._async_read_account()
            except AccessError, SessionEndedError:
                raise
            except WeSmartError as err:
                LOGGER.debug("The account could not be read: %s", err)

    async def _async_read_account(self) -> None:
        """Read the account. Raises AccessError if it may not see its homes."""
        # Before the request: what changes while it is answered makes the account outdated again.
        self._account_outdated = False
        try:
            account = self.account = await self.client.account()
        except WeSmartError:
            self._account_outdated = True
            raise
        self.account_read_at = self.hass.loop.time()
        self._account_outdated |= not account.has_access
        if account.blocked:
            raise AccountBlockedError("the account is blocked", terminated=account.access.status == "terminated")
        if not account.has_access:
            raise TermsNotAcceptedError("the terms are not accepted")

    def _start_grace(self, failure: UpdateFailed) -> bool:
        """Leave the homes available until the grace time ends without contact; return whether there is any."""
        contact = self.connection.last_contact
        if self.state.state_seq < 0 or not self.last_update_success or self.connection.grace <= 0:
            return False

        @callback
        def end(_now: datetime) -> None:
            self._cancel_grace = None
            if self.connection.last_contact == contact:
                self.async_set_update_error(failure)

        if self._cancel_grace is not None:
            self._cancel_grace()
        self._cancel_grace = async_call_later(self.hass, self.connection.grace, end)
        return True

    # Push

    async def _async_follow(self) -> None:
        try:
            await self.connection.run()
        except SessionEndedError as err:
            # The next poll asks for a login.
            self._session_ended = err
            self._debounced_refresh.async_schedule_call()

    @callback
    def _handle_changes(self, changes: Changes) -> None:
        """Call the listeners of what changed."""
        if not self._is_set_up:
            return
        if changes.devices or changes.homes:
            self._handle_structure(changes)
        self._call_listeners(changes.endpoints)
        for event in changes.events:
            if isinstance(event, ButtonEvent):
                async_dispatcher_send(self.hass, self.signal_press(event.key), event.press)
            elif isinstance(event, TicketEvent):
                async_dispatcher_send(self.hass, self.signal_ticket, event.ticket)
            elif isinstance(event, AccountEvent):
                self._handle_account_outdated()

    @callback
    def _handle_structure(self, changes: Changes) -> None:
        try:
            if changes.homes:
                homes.async_release_others(self.hass, self.config_entry, self.state.homes)
                self._update_issues(in_maintenance=None)
            registry.async_sync(self.hass, self.config_entry, self.state, changes)
            # Names of a device's entities may depend on each other.
            for device_id in changes.devices:
                changes.endpoints.update(self.state.keys_of(device_id))
        except Exception:  # noqa: BLE001 - push must go on for everything else
            LOGGER.exception("The registries could not be updated")
        self._call_structure_listeners(changes)

    @callback
    def _handle_streaming(self, streaming: bool) -> None:
        """Poll less often while push is up, and once before the grace time ends when it was lost."""
        if self._shutdown_requested:
            return
        self.streaming_changed_at = dt_util.utcnow()
        self._call_listeners((ACCOUNT,))
        if streaming:
            self.update_interval = timedelta(seconds=timing.safety_poll_interval(random.random()))
            self._schedule_refresh()
        elif not (self._session_ended or self._requested or (self.account and not self.account.has_access)):
            self._async_request_refresh_in(timing.lost_poll_delay(self.connection.grace, random.random()))
        if not self.last_update_success:
            self.async_update_listeners()
            if streaming:
                self._has_recovered = True
                self._debounced_refresh.async_schedule_call()

    @callback
    def _handle_account_outdated(self) -> None:
        self._account_outdated = True
        if isinstance(self.connection.error, NotFoundError):
            self._discovery.expedite()  # the endpoint of the stream may have moved
        # Of several events, the first decides: the shortest of their delays would be too short (C-80).
        latest = self.hass.loop.time() + timing.event_poll_delay(1)
        if self._requested is None or self._requested.when() > latest:
            self._async_request_refresh_in(timing.event_poll_delay(random.random()))

    @callback
    def _async_request_refresh_in(self, seconds: float) -> None:
        @callback
        def request() -> None:
            self._requested = None
            grace = self.connection.grace
            if self.connection.is_coming_up and timing.poll_can_wait(grace) and not self._account_outdated:
                self._async_request_refresh_in(timing.lost_poll_delay(grace, random.random()))
            elif self._account_outdated or not self.connection.streaming:
                self._debounced_refresh.async_schedule_call()

        if self._requested is not None:
            self._requested.cancel()
        self._requested = self.hass.loop.call_later(seconds, request)

    def _async_cancel_timers(self) -> None:
        if self._requested is not None:
            self._requested.cancel()
        if self._cancel_grace is not None:
            self._cancel_grace()

    @callback
    def _update_issues(self, *, in_maintenance: bool | None) -> None:
        """Update Repairs; None if the maintenance is unknown."""
        if not self.connection.is_closed:
            async_update_issues(
                self.hass, self.config_entry, self.account, in_maintenance=in_maintenance, state=self.state
            )
