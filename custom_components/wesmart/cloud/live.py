"""The home as it is now: push by the event stream, polling behind it, and commands on top.

The stream makes what polling would find out known at once; polling finds out what the stream did not say. A stream
that never comes up costs nothing but time.
"""

import asyncio
from collections.abc import Callable, Sequence, Set as AbstractSet
from contextlib import suppress
from datetime import datetime, timedelta
import logging
import math
import time

from . import backoff
from .client import WeSmartClient
from .commands import Command
from .control import Control
from .errors import (
    AccountBlockedError,
    CloudTimeoutError,
    GivenUpError,
    MaintenanceError,
    SessionEndedError,
    StreamClosedError,
    TermsNotAcceptedError,
    UnexpectedAnswerError,
    WeSmartError,
)
from .models import EndpointKey
from .observer import HomeObserver
from .patience import DEADLINE_S
from .presence import Presence
from .replica import Changes
from .standing import Standing
from .stream import EventStream
from .sync import PRESS_AGE_S, EpochChangedError, Sync
from .tickets import TicketNews
from .wire_events import AccountEvent, ButtonEvent, Event, Frame, HelloFrame, StateEvent, TicketEvent

_LOGGER = logging.getLogger(__name__)

# While the stream is up, one conditional request an hour proves that it has told everything (promise 5).
SAFETY_POLL_S = 3600
# An event that cannot be applied causes a snapshot, but not more often than this (contract, "Snapshot and events").
DOUBT_S = 60
# Close codes of the contract: the account is not let in any more, or the server goes away for everybody.
_DISMISSED = (4401, 4403)
_COME_AGAIN = (1012, 1013)


class LiveHome:
    """Keeps a replica of the account's homes right while `run` runs."""

    def __init__(
        self,
        client: WeSmartClient,
        observer: HomeObserver,
        *,
        poll_interval_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Tell `observer` of the homes of the client's account. `clock` is Unix time."""
        self._client = client
        self._observer = observer
        self._poll_interval_s = poll_interval_s
        self._loop = asyncio.get_running_loop()
        # What makes the next poll come early, what makes it come although it should wait, and what lets it come once a
        # minute.
        self._due = asyncio.Event()
        self._urgent = asyncio.Event()
        self._uncertain = asyncio.Event()
        self._sync = Sync(observer.wants_home, self._loop.time)
        # The homes as the cloud has described them last, to read.
        self.replica = self._sync.replica
        self._control = Control(
            client, self.replica, on_accepted=self._accepted, on_unconfirmed=self._unconfirmed, clock=clock
        )
        # Whether there was any word from the cloud lately.
        self.presence = Presence(observer.presence_changed, on_quiet=self._ask)
        self._standing = Standing(client, observer, on_doubt=self._hurry)
        self._tickets = TicketNews(client.tickets, observer.ticket_changed, observer.tickets_told)
        self._fetching = asyncio.Lock()
        # Refreshes under way, and that which whoever asks for one now shares.
        self._refreshes: set[asyncio.Task[None]] = set()
        self._refreshing: asyncio.Task[None] | None = None
        self._open: EventStream | None = None
        self._closed_at = -math.inf
        # When the stream began, on the cloud's clock: presses long before it are of the past.
        self._hello_at: datetime | None = None
        self._event_at: float | None = None
        # An endpoint as it is to be shown.
        self.endpoint = self._control.endpoint
        # Whether changes arrive by push.
        self.streaming = False

    @property
    def answering(self) -> bool:
        """Whether there is word of the account, if not of its homes: who is locked out may complain, and be answered."""
        return self.presence.present or isinstance(self.presence.trouble, AccountBlockedError | TermsNotAcceptedError)

    @property
    def event_age_s(self) -> float | None:
        """Seconds since the stream brought an event; None before the first."""
        return None if self._event_at is None else self._loop.time() - self._event_at

    async def execute(self, command: Command) -> None:
        """Have the cloud do something; raises as `CommandPump.execute` does."""
        try:
            await self._control.execute(command)
        except AccountBlockedError, TermsNotAcceptedError:
            self._standing.doubt()
            raise

    async def close(self) -> None:
        """Give up commands and refreshes on their way, and let a token renewal end that is under way."""
        await self._control.close()
        if self._refreshes:
            for refreshing in self._refreshes:
                refreshing.cancel()
            await asyncio.wait(self._refreshes)
        await self._client.session.close()

    def recall(self, told: dict[str, str]) -> None:
        """Go on with the tickets from what `HomeObserver.tickets_told` has got last."""
        self._tickets.recall(told)

    async def start(self) -> None:
        """Fetch the first snapshot, which nobody is told of; raises what a request raises."""
        snapshot = await self._client.snapshot()
        self.presence.hear()
        if snapshot is not None:
            self._sync.load(snapshot)

    async def refresh(self) -> None:
        """Ask the cloud now, once for all who want that now; raises what a request raises, by the deadline of an action."""
        refreshing = self._refreshing
        if refreshing is None:
            refreshing = self._refreshing = asyncio.create_task(self._refresh(), name="WeSMART refresh")
            self._refreshes.add(refreshing)
            refreshing.add_done_callback(self._refreshed)
        # Only waited for: a caller that gives up must not take the answer from the others.
        await asyncio.wait([refreshing], timeout=DEADLINE_S)
        if not refreshing.done():
            raise CloudTimeoutError(f"no snapshot within {DEADLINE_S} s")
        if refreshing.cancelled():
            raise GivenUpError("closed before there was a snapshot")
        refreshing.result()

    def _refreshed(self, refreshing: asyncio.Task[None]) -> None:
        self._refreshes.discard(refreshing)
        if not refreshing.cancelled():
            refreshing.exception()  # nobody may be left who waits for it

    async def _refresh(self) -> None:
        await asyncio.sleep(0)  # for whoever asks in the same moment; who comes later wants a later answer
        self._refreshing = None
        admitted = self._standing.admitted
        try:
            await self._fetch()
        except EpochChangedError:
            # The stream has to be opened anew first; it asks then.
            self._due.set()
        except WeSmartError:
            if admitted and not self._standing.admitted:
                # From now on only polling asks, and it may have an hour left.
                self._due.set()
            raise

    def reconsider(self) -> None:
        """Look at all homes again, now: `wants_home` says something else."""
        self._sync.want_whole()
        self._due.set()

    async def run(self) -> None:
        """Follow the cloud until cancelled; raises SessionEndedError when only a new login helps.

        Whatever ends it but cancellation, nobody knows the home any more, and the observer is told so.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._stream(), name="WeSMART events")
                group.create_task(self._poll(), name="WeSMART polling")
                group.create_task(self._settle(), name="WeSMART doubts")
                group.create_task(self.presence.watch(), name="WeSMART presence")
                group.create_task(self._standing.run(), name="WeSMART account")
        except* SessionEndedError as errors:
            ended = errors.exceptions[0]
            self.presence.lose(ended if isinstance(ended, SessionEndedError) else None)
            raise ended from None
        except* Exception:
            self.presence.lose()
            raise

    async def _fetch(self) -> None:
        # One after the other: answers of different epochs do not say which of them is the later.
        async with self._fetching:
            await self._fetch_alone()

    async def _fetch_alone(self) -> None:
        doubted, self._standing.doubted = self._standing.doubted, False
        held = self._sync.held if self._standing.admitted and not doubted else None
        try:
            snapshot = await self._client.snapshot(held)
        except WeSmartError as err:
            if self.streaming and isinstance(err, MaintenanceError):
                # The stream says how the home is, and its end whether the whole cloud goes.
                self._standing.doubted |= doubted
                self._standing.warn(err)
            elif self._standing.refuse(err):
                self.presence.lose(err)
            else:
                self._standing.doubted |= doubted
            raise
        self._standing.admit()
        self.presence.hear()
        if snapshot is not None:
            # It may have covered a hint that never came.
            self._standing.outdate(read_now=self.streaming)
            before = self.replica.position
            self._tell(*self._sync.load(snapshot))
            if self.replica.position != before:
                self._tickets.miss()
        self._regain()

    def _tell(self, changes: Changes, events: Sequence[Event]) -> None:
        # In doubt, the model has counted what it may not have understood.
        if self._control.covers and not self._sync.doubtful:
            changes.endpoints |= self._control.catch_up()
        if changes.endpoints or changes.structure:
            self._observer.changed(changes)
        for event in events:
            if isinstance(event, StateEvent):
                continue  # it is among the changes, as nearly every event is
            if isinstance(event, ButtonEvent) and self._is_fresh(event):
                self._observer.pressed(event.key, event.press)
            elif isinstance(event, TicketEvent):
                self._tickets.take(event.ticket)
            elif isinstance(event, AccountEvent):
                self._standing.heed(event)

    def _regain(self) -> None:
        """Say that the cloud is back once all that it has said is shown: what was before must not be shown as new."""
        if self._standing.admitted and self._sync.current:
            self.presence.regain()

    def _ask(self) -> None:
        if self._standing.admitted:
            self._due.set()

    def _is_fresh(self, event: ButtonEvent) -> bool:
        if event.at is None or self._hello_at is None:
            return True
        # A difference, since there are dates from which ten seconds cannot be taken.
        return self._hello_at - event.at <= timedelta(seconds=PRESS_AGE_S)

    def _accepted(self, key: EndpointKey) -> None:
        if not self.streaming:
            # Nobody will say that it is done: the cover would end before the next poll, and the old value come back.
            self._due.set()
        self._observer.changed(Changes(endpoints={key}))

    def _unconfirmed(self, keys: AbstractSet[EndpointKey]) -> None:
        # The model may have missed something.
        self._due.set()
        self._observer.changed(Changes(endpoints=set(keys)))

    async def _poll(self) -> None:
        failures = behind = 0
        delay = self._poll_interval_s
        while True:
            try:
                async with asyncio.timeout(delay):
                    await self._due.wait()
            except TimeoutError:
                if await self._observer.take_turn() and self.streaming:
                    continue  # an hour without a doubt has two requests, and what took this turn was one
            self._due.clear()  # whatever was due until now is answered by what is asked now
            try:
                agreed = await self._look(again=bool(behind))
            except SessionEndedError:
                raise
            except WeSmartError as err:
                self.presence.miss(err)
                failures += 1
                delay = backoff.delay(err, failures, ceiling=self._poll_interval_s)
                _LOGGER.debug("Polling failed: %s", err)
                # What is due stays due, but not before the delay.
                if self._standing.admitted:
                    await self._rest(delay)
                elif self._tickets.pending:
                    # Whoever is locked out may have complained, and waits for an answer.
                    self._tickets.miss()
                    await self._tickets.catch_up()
                continue
            failures = 0
            delay = SAFETY_POLL_S if self.streaming else self._poll_interval_s
            behind = 0 if agreed and self._sync.current else behind + 1
            if behind:
                # The snapshot was older than what the stream has told: the cloud has to catch up with itself.
                await self._rest(backoff.delay(None, behind, ceiling=self._poll_interval_s))

    async def _look(self, *, again: bool) -> bool:
        """Ask for what is due; return whether the stream and the snapshot count alike, which `again` they do not."""
        asked_at = self._loop.time()
        try:
            await self._fetch()
        except EpochChangedError:
            # One of the two is of the past. It may be the stream, if that has said nothing since; where a new one says
            # the same it is the snapshot, unless that one falls silent, too.
            if self._open is not None and asked_at - self._open.heard_at >= (DOUBT_S if again else 0):
                self._open.give_up()
            return False
        if self.streaming:
            await self._tickets.catch_up()
        if self._sync.doubtful:
            self._uncertain.set()
        return True

    async def _rest(self, seconds: float) -> None:
        """Wait so long, whatever is due, unless something comes that cannot wait; then ask."""
        self._urgent.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._urgent.wait()
        self._due.set()

    def _hurry(self) -> None:
        self._urgent.set()
        self._due.set()

    async def _settle(self) -> None:
        """Have what is not certain any more asked for, though not more often than the contract lets us."""
        while True:
            await self._uncertain.wait()
            self._uncertain.clear()
            if self._sync.doubtful:
                self._due.set()
                await asyncio.sleep(DOUBT_S)

    async def _stream(self) -> None:
        failures = 0
        unpolled = False
        while True:
            error: WeSmartError | None = None
            try:
                # A stream that has been down for a moment tells again what was pressed in it.
                recent = self._loop.time() - self._closed_at <= PRESS_AGE_S
                stream = self._open = await self._client.connect(self._sync.resume(recent=recent))
                try:
                    await self._follow(stream)
                except EpochChangedError as err:
                    _LOGGER.debug("The cloud counts anew: %s", err)
                except WeSmartError as err:
                    error = err
                finally:
                    delivered = self.streaming
                    self.streaming = False
                    self._open = None
                    self._closed_at = self._loop.time()
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
            await self._standing.until_admitted(backoff.delay(error, failures))

    async def _follow(self, stream: EventStream) -> None:
        # A frame from the future may come before hello; one that makes no sense may have been hello, and nothing that
        # follows could be told from what was missed.
        while (hello := await stream.receive()) is None:
            self.presence.hear()
        if not isinstance(hello, HelloFrame):
            raise UnexpectedAnswerError("a stream that does not begin with hello")
        self._hello_at = hello.at
        self._tickets.begin(self._hello_at)
        if self._hello_at is not None:
            self._control.order_after(self._hello_at.timestamp())
        self._take(hello)
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
                self.presence.hear()  # a second greeting says nothing about where this stream is
            else:
                self._take(frame)

    def _take(self, frame: Frame) -> None:
        changes, events = self._sync.receive(frame)
        self.presence.hear()
        if events:
            self._event_at = self.presence.heard_at
        self._tell(changes, events)
        if not self.presence.present:
            self._regain()
        if self._sync.wanted is not None:
            # What is only doubtful has to wait its turn.
            (self._uncertain if self._sync.current else self._due).set()
