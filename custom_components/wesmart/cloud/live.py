"""The home as it is now: push by the event stream, polling behind it, commands on top, and whether there is any word.

The stream makes what polling would find out known at once; polling finds out what the stream did not say. A stream
that never comes up costs nothing but time.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
import logging
import math
import time

from . import backoff
from .client import WeSmartClient
from .commands import Command, commanded_state
from .errors import (
    AccountBlockedError,
    CloudTimeoutError,
    MaintenanceError,
    SessionEndedError,
    StreamClosedError,
    TermsNotAcceptedError,
    UnexpectedAnswerError,
    WeSmartError,
)
from .models import Account, Endpoint, EndpointKey, Ticket
from .overlay import Overlay
from .pump import CommandPump
from .replica import Changes
from .standing import Standing
from .stream import EventStream
from .sync import EpochChangedError, Sync
from .tickets import TicketNews
from .timestamps import parse_timestamp
from .wire_events import AccountEvent, ButtonEvent, Event, HelloFrame, StateEvent, TicketEvent

_LOGGER = logging.getLogger(__name__)

# Without any word for this long nobody knows what the home looks like (contract, promise 4).
SILENCE_S = 90
# A cloud that is there but speaks seldom is asked, before it is taken for lost.
_ASK_S = 60
# While the stream is up, one conditional request an hour proves that it has told everything (promise 5).
SAFETY_POLL_S = 3600
# An event that cannot be applied causes a snapshot, but not more often than this (contract, "Snapshot and events").
_DOUBT_S = 60
# A press that the stream brings late is history: no automation should start by it.
_PRESS_AGE = timedelta(seconds=10)
# Close codes of the contract: the account is not let in any more, or the server goes away for everybody.
_DISMISSED = (4401, 4403)
_COME_AGAIN = (1012, 1013)


class LiveHome:
    """Keeps a replica of the account's homes right while `run` runs."""

    def __init__(
        self,
        client: WeSmartClient,
        *,
        on_changes: Callable[[Changes], None],
        on_presence: Callable[[WeSmartError | None], None],
        on_press: Callable[[EndpointKey, str], None] = lambda _key, _press: None,
        on_ticket: Callable[[Ticket], None] = lambda _ticket: None,
        on_refusal: Callable[[WeSmartError | None], None] = lambda _error: None,
        on_account: Callable[[Account], None] = lambda _account: None,
        on_plan: Callable[[datetime | None, datetime | None], None] = lambda _starts_at, _ends_at: None,
        wants_home: Callable[[str], bool] = lambda _home_id: True,
        poll_interval_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`on_changes` gets what is to be shown anew, `on_press` and `on_ticket` each press and news of a ticket, once.

        `on_presence` is told why the cloud was lost, and with None that it is back. `on_refusal` is told each time the
        cloud says that it does not show the homes (AccountBlockedError, TermsNotAcceptedError, MaintenanceError), and
        with None when it does again. `on_account` gets the account whenever it may have changed, `on_plan` the
        beginning and the end of planned maintenance, two times None where it was called off; both may be
        told again. Homes that `wants_home` refuses cost nothing but their part of a snapshot. `clock` is Unix time.
        """
        self._client = client
        self._on_changes = on_changes
        self._on_presence = on_presence
        self._on_press = on_press
        self._due = asyncio.Event()
        self._standing = Standing(
            client, on_refusal=on_refusal, on_account=on_account, on_plan=on_plan, on_doubt=self._due.set
        )
        self._pump = CommandPump(client.send_commands, on_applied=self._applied, clock=clock)
        self._tickets = TicketNews(client.tickets, on_ticket)
        self._overlay = Overlay()
        self._overlay_timer: asyncio.TimerHandle | None = None
        # When the stream began, on the cloud's clock: presses long before it are of the past.
        self._hello_at: datetime | None = None
        self._poll_interval_s = poll_interval_s
        self._sync = Sync(wants_home)
        # The homes, to read.
        self.replica = self._sync.replica
        self._overlay_epoch = ""
        self._word = asyncio.Event()
        self._heard_at = 0.0
        # Why there was no word the last time one was asked for.
        self._trouble: WeSmartError | None = None
        self.present = True
        self.streaming = False
        self._event_at: float | None = None

    @property
    def event_age_s(self) -> float | None:
        """Seconds since the stream brought an event; None before the first."""
        return None if self._event_at is None else asyncio.get_running_loop().time() - self._event_at

    def endpoint(self, key: EndpointKey) -> Endpoint | None:
        """Return an endpoint as it is to be shown: commanded values cover what they have overtaken."""
        endpoint = self.replica.endpoints.get(key)
        return None if endpoint is None else self._overlay.show(endpoint)

    async def execute(self, command: Command) -> None:
        """Have the cloud do something; raises as `CommandPump.execute` does."""
        try:
            await self._pump.execute(command)
        except AccountBlockedError, TermsNotAcceptedError:
            self._standing.doubt()
            raise

    async def close(self) -> None:
        """Give up commands on their way, and let a token renewal end that is under way."""
        if self._overlay_timer is not None:
            self._overlay_timer.cancel()
        await self._pump.close()
        await self._client.session.close()

    async def start(self) -> None:
        """Fetch the first snapshot, which nobody is told of; raises what a request raises."""
        snapshot = await self._client.snapshot()
        self._heard()
        if snapshot is not None:
            self._sync.load(snapshot)

    async def refresh(self) -> None:
        """Ask the cloud now; raises what a request raises."""
        try:
            await self._fetch()
        except EpochChangedError:
            # The stream has to be opened anew first; it asks then.
            self._due.set()

    def reconsider(self) -> None:
        """Look at all homes again, now: `wants_home` says something else."""
        self._sync.want_whole()
        self._due.set()

    async def run(self) -> None:
        """Follow the cloud until cancelled; raises SessionEndedError when only a new login helps.

        Whatever ends it but cancellation, nobody knows the home any more, and `on_presence` is told so.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._stream(), name="WeSMART events")
                group.create_task(self._poll(), name="WeSMART polling")
                group.create_task(self._watch(), name="WeSMART presence")
                group.create_task(self._standing.run(), name="WeSMART account")
        except* SessionEndedError as errors:
            ended = errors.exceptions[0]
            self._lose(ended if isinstance(ended, SessionEndedError) else self._trouble)
            raise ended from None
        except* Exception:
            self._lose(self._trouble)
            raise

    async def _fetch(self) -> None:
        doubted, self._standing.doubted = self._standing.doubted, False
        held = self._sync.held if self._standing.admitted and not doubted else None
        try:
            snapshot = await self._client.snapshot(held)
        except WeSmartError as err:
            if self.streaming and isinstance(err, MaintenanceError):
                pass  # the stream says how the home is, and its end whether the whole cloud goes
            elif self._standing.refuse(err):
                self._lose(err)
            else:
                self._standing.doubted |= doubted
            raise
        self._standing.admit()
        self._heard()
        if snapshot is not None:
            # It may have covered a hint that never came. While push is down that can wait: polling costs enough.
            self._standing.outdated = True
            if self.streaming:
                self._standing.catch_up()
            before = self.replica.position
            self._tell(*self._sync.load(snapshot))
            if self.replica.position != before:
                self._tickets.miss()

    def _tell(self, changes: Changes, events: Sequence[Event]) -> None:
        if self.replica.epoch != self._overlay_epoch:
            self._overlay_epoch = self.replica.epoch
            changes.endpoints |= self._overlay.clear()
        changes.endpoints |= self._overlay.reach(self.replica.seq)
        if changes.endpoints or changes.structure:
            self._on_changes(changes)
        for event in events:
            if isinstance(event, StateEvent):
                continue  # it is among the changes, as nearly every event is
            if isinstance(event, ButtonEvent) and self._is_fresh(event):
                self._on_press(event.key, event.press)
            elif isinstance(event, TicketEvent):
                self._tickets.take(event.ticket)
            elif isinstance(event, AccountEvent):
                self._standing.heed(event)

    def _is_fresh(self, event: ButtonEvent) -> bool:
        at = parse_timestamp(event.at)
        # A difference, since there are dates from which ten seconds cannot be taken.
        return at is None or self._hello_at is None or self._hello_at - at <= _PRESS_AGE

    def _applied(self, command: Command, seq: int) -> None:
        """Cover the model with what was commanded, until it has caught up."""
        endpoint = None if command.key is None else self.replica.endpoints.get(command.key)
        if endpoint is None or seq <= self.replica.seq:
            return
        fields = commanded_state(endpoint, command)
        self._overlay.acknowledge(endpoint, fields, seq, asyncio.get_running_loop().time())
        self._arm()
        if not self.streaming:
            # Nobody will say that it is done: the cover would end before the next poll, and the old value come back.
            self._due.set()
        if fields:
            self._on_changes(Changes(endpoints={endpoint.key}))

    def _arm(self) -> None:
        at = self._overlay.next_expiry
        if at is not None and self._overlay_timer is None:
            self._overlay_timer = asyncio.get_running_loop().call_at(at, self._expire)

    def _expire(self) -> None:
        """End the covers that nothing confirmed: the model may have missed something."""
        self._overlay_timer = None
        if ended := self._overlay.expire(asyncio.get_running_loop().time()):
            self._due.set()
            self._on_changes(Changes(endpoints=ended))
        self._arm()

    async def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        failures = behind = 0
        doubted_at = -math.inf
        delay = self._poll_interval_s
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._due.wait()
            if self._sync.doubtful and not self._standing.doubted:
                await asyncio.sleep(doubted_at + _DOUBT_S - loop.time())
                doubted_at = loop.time()
            self._due.clear()  # whatever was due until now is answered by what is asked now
            try:
                await self._fetch()
                if self.streaming:
                    await self._tickets.catch_up()
            except SessionEndedError:
                raise
            except EpochChangedError:
                # The stream finds out by its next heartbeat and is opened anew, which asks for another snapshot.
                delay = self._poll_interval_s
            except WeSmartError as err:
                self._trouble = err
                failures += 1
                delay = backoff.delay(err, failures, ceiling=self._poll_interval_s)
                _LOGGER.debug("Polling failed: %s", err)
                # What is due stays due, but not before the delay.
                if self._standing.admitted:
                    await asyncio.sleep(delay)
                    self._due.set()
            else:
                failures = 0
                delay = SAFETY_POLL_S if self.streaming else self._poll_interval_s
                behind = behind + 1 if self._sync.wanted is not None else 0
                if behind:
                    # The snapshot was older than what the stream has told: the cloud has to catch up with itself.
                    await asyncio.sleep(backoff.delay(None, behind, ceiling=self._poll_interval_s))
                    self._due.set()

    async def _stream(self) -> None:
        failures = 0
        unpolled = False
        while True:
            error: WeSmartError | None = None
            try:
                stream = await self._client.connect(self.replica.position)
                try:
                    await self._follow(stream)
                except EpochChangedError as err:
                    _LOGGER.debug("The cloud counts anew: %s", err)
                except WeSmartError as err:
                    error = err
                finally:
                    delivered = self.streaming
                    self.streaming = False
                    self._sync.disconnected()
                    await stream.close()
            except SessionEndedError:
                raise
            except WeSmartError as err:
                error, delivered = err, False
            if error is not None:
                _LOGGER.debug("The event stream ended: %s", error)
            code = error.code if isinstance(error, StreamClosedError) else None
            if code in _DISMISSED or isinstance(error, AccountBlockedError | TermsNotAcceptedError | MaintenanceError):
                self._standing.doubt()
            elif unpolled or (delivered and code not in _COME_AGAIN):
                # Push is lost: what happens meanwhile is found out by polling, the first time now.
                self._due.set()
            # Whoever is sent away together is back soon, and resumes: polling would only be a storm of its own.
            unpolled = delivered and code in _COME_AGAIN
            failures = 1 if delivered else failures + 1
            await asyncio.sleep(backoff.delay(error, failures))
            await self._standing.until_admitted()

    async def _follow(self, stream: EventStream) -> None:
        # A frame from the future may come before hello; one that makes no sense may have been hello, and nothing that
        # follows could be told from what was missed.
        while (hello := await stream.receive()) is None:
            self._heard()
        if not isinstance(hello, HelloFrame):
            raise UnexpectedAnswerError("a stream that does not begin with hello")
        self._hello_at = parse_timestamp(hello.at)
        self._tickets.begin(self._hello_at)
        if self._hello_at is not None:
            self._pump.order_after(self._hello_at.timestamp())
        self._take(*self._sync.receive(hello))
        while True:
            try:
                frame = await stream.receive()
            except UnexpectedAnswerError as err:
                _LOGGER.debug("Ignored %s", err)
                continue
            # Up only now: a socket that opens and says nothing more must neither stop polling nor the backoff.
            if not self.streaming:
                self.streaming = True
                self._standing.catch_up()
                if self._tickets.missed:
                    self._due.set()
            if frame is None or isinstance(frame, HelloFrame):
                self._heard()  # a second greeting says nothing about where this stream is
            else:
                self._take(*self._sync.receive(frame))

    def _take(self, changes: Changes, events: Sequence[Event]) -> None:
        self._heard()
        if events:
            self._event_at = self._heard_at
        self._tell(changes, events)
        if self._sync.wanted is not None:
            self._due.set()

    def _heard(self) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        self._trouble = None
        if not self.present and self._standing.admitted:
            self.present = True
            self._word.set()
            self._on_presence(None)

    def _lose(self, reason: WeSmartError | None) -> None:
        if self.present:
            self.present = False
            self._word.clear()
            self._on_presence(reason or CloudTimeoutError("silence"))

    async def _watch(self) -> None:
        while True:
            if await self._silent_for(_ASK_S):
                if self._standing.admitted:
                    self._due.set()
                if await self._silent_for(SILENCE_S):
                    self._lose(self._trouble)
                    await self._word.wait()

    async def _silent_for(self, seconds: float) -> bool:
        """Wait until the last word could be so long ago; return whether it is."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._heard_at + seconds - loop.time())
        return self._heard_at + seconds <= loop.time()
