"""The way between client and cloud: objects with the methods of `WeSmartClient` and `EventStream`, and faults to order."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
import random
from typing import NamedTuple

import msgspec

from custom_components.wesmart.cloud.commands import Command, CommandResponse
from custom_components.wesmart.cloud.decode import decode_snapshot
from custom_components.wesmart.cloud.errors import (
    BusyError,
    CloudConnectionError,
    CloudTimeoutError,
    MaintenanceError,
    RateLimitedError,
    ServerError,
    StreamClosedError,
    UnavailableError,
    WeSmartError,
)
from custom_components.wesmart.cloud.events import Frame, decode_frame
from custom_components.wesmart.cloud.models import Snapshot
from tests.cloud.simulation.cloud import HEARTBEAT_S, Json, SimulatedCloud
from tests.cloud.simulation.home import Position
from tests.cloud.simulation.witness import Witness

# The client's requests take no longer.
_REQUEST_TIMEOUT_S = 8
_LATENCIES_S = (0.01, 0.01, 0.03, 0.2)
_BUSY: Sequence[type[BusyError]] = (MaintenanceError, RateLimitedError, UnavailableError)


class Fault(NamedTuple):
    """What happens to a request, or to a frame."""

    kind: str = ""
    seconds: float = 0


class SimulatedStream:
    """An open stream."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._loop = asyncio.get_running_loop()
        # Frames on their way, each with its events; a close code at the end, None for a lost connection.
        self._inbox: deque[tuple[str, Sequence[Position]] | int | None] = deque()
        self._handling: Sequence[Position] = ()
        self._waiter: asyncio.Future[None] | None = None
        self._due_at = 0.0
        self._opened_at: float | None = self._loop.time()  # until hello is received
        self._is_open = True
        self.is_dead = False
        self._heard_at = self._loop.time()

    async def receive(self) -> Frame | None:
        """Return the next frame."""
        self._link.witness.frame_handled(self._handling)
        self._handling = ()
        while not self._inbox:
            self._waiter = self._loop.create_future()
            try:
                async with asyncio.timeout_at(self._heard_at + 2 * HEARTBEAT_S):
                    await self._waiter
            except TimeoutError:
                raise CloudTimeoutError("the stream is silent") from None
        received = self._inbox[0]
        if received is None or isinstance(received, int):
            raise StreamClosedError("the stream was closed", code=received)
        self._inbox.popleft()
        if self._opened_at is not None:
            self._link.witness.hello_latency, self._opened_at = self._loop.time() - self._opened_at, None
        self._heard_at = self._loop.time()
        text, self._handling = received
        return decode_frame(text)

    async def close(self) -> None:
        """Close the stream."""
        self.abort()

    def abort(self) -> None:
        """End the stream: whatever has arrived is not received any more."""
        self._inbox.clear()
        self._end(None)

    def cut(self, code: int | None = None) -> None:
        """Close the stream: from the cloud's side after all that is on its way, or on the way, without a code."""
        if code is None:
            self._end(None)
        else:
            self._loop.call_at(max(self._due_at + 1e-6, self._loop.time() + 0.01), self._end, code)

    def deliver(self, text: str, events: Sequence[Position], latency: float) -> None:
        """Bring a frame, after those that are on their way."""
        # Timers of one time fire in any order.
        self._due_at = max(self._due_at + 1e-6, self._loop.time() + latency)
        self._loop.call_at(self._due_at, self._arrive, text, events)

    def _end(self, code: int | None) -> None:
        if self._is_open:
            self._is_open = False
            self._put(code)

    def _arrive(self, text: str, events: Sequence[Position]) -> None:
        if self._is_open and not self.is_dead:
            self._put((text, events))

    def _put(self, received: tuple[str, Sequence[Position]] | int | None) -> None:
        self._inbox.append(received)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Link:
    """A client of the simulated cloud; `frame_faults` and `request_faults` befall what passes next."""

    def __init__(self, cloud: SimulatedCloud, witness: Witness, response_type: type[CommandResponse]) -> None:
        self.cloud = cloud
        self.witness = witness
        self.session = self  # has nothing to close
        self.frame_faults: deque[Fault] = deque()
        self.request_faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self.stream: SimulatedStream | None = None
        self._loop = asyncio.get_running_loop()
        self._response_type = response_type
        self.not_before: defaultdict[str, float] = defaultdict(float)
        self._out_until: defaultdict[str, float] = defaultdict(float)
        self._events: list[Json] = []
        self._overtaken: tuple[str, Sequence[Position]] | None = None
        self._since: Position | None = None
        self._heartbeat: asyncio.TimerHandle | None = None

    # The methods of WeSmartClient

    async def snapshot(self, held: tuple[str, int] | None = None) -> Snapshot | None:
        """Return what the account can see."""
        self.witness.snapshots += 1
        position = None if held is None else Position(*held)
        try:
            body = await self._exchange("snapshot", lambda: self.cloud.snapshot(position))
        except WeSmartError:
            self.witness.snapshots_due += 1
            raise
        return None if body is None else decode_snapshot(body)

    async def connect(self, epoch: str, since: int) -> SimulatedStream:
        """Open the event stream."""
        connection = self.witness.connection

        def accept() -> SimulatedStream:
            self.cut()
            self.stream = SimulatedStream(self)
            self._events.clear()
            # None for a client that is gone.
            self._since = Position(epoch, since) if connection is self.witness.connection else None
            self.cloud.open_stream(Position(epoch, since), self._push)
            return self.stream

        if self._loop.time() < self.not_before["connect"]:
            self.witness.violations.append("the stream was opened before Retry-After was over")
        return await self._exchange("connect", accept)

    async def send_commands(self, run: str, order: int, commands: Sequence[Command]) -> CommandResponse:
        """Send commands."""
        body = msgspec.json.encode(commands)
        received = msgspec.json.decode(body, type=list[Command])
        self.witness.callers.sent(run, order, commands)
        try:
            answer = await self._exchange(
                "commands", lambda: self.cloud.handle_commands(run, order, received, commands)
            )
        except BaseException:  # canceled, too
            self.witness.callers.failed(self.not_before["commands"])
            raise
        response = msgspec.json.decode(answer, type=self._response_type)
        self.witness.callers.answered(commands, response)
        return response

    # Below

    def cut(self, code: int | None = None) -> None:
        """Close the stream from the cloud's side, or on the way."""
        if self.stream is not None:
            self.stream.cut(code)
            self.stream = self.cloud.push = None

    def go_silent(self) -> None:
        """Bring nothing more on the stream, and say nothing about it."""
        if self.stream is not None:
            self.stream.is_dead = True

    async def _exchange[T](self, kind: str, handle: Callable[[], T]) -> T:
        if (remaining := self.not_before[kind] - self._loop.time()) > 0:
            await asyncio.sleep(0)
            raise RateLimitedError("asked too early", retry_after=remaining)
        try:
            async with asyncio.timeout(_REQUEST_TIMEOUT_S):
                return await self._attempt(kind, handle)
        except TimeoutError:
            raise CloudTimeoutError("no answer in time") from None

    async def _attempt[T](self, kind: str, handle: Callable[[], T]) -> T:
        faults = self.request_faults[kind]
        fault, seconds = faults.popleft() if faults else Fault()
        latency = random.choice(_LATENCIES_S)
        answered: asyncio.Future[tuple[T] | None] = self._loop.create_future()

        def arrive() -> None:
            # Whether or not the client still waits for it.
            answer = (handle(),) if self.cloud.is_up else None
            if not answered.done():
                answered.set_result(answer)

        if fault == "outage":
            self._out_until[kind] = self._loop.time() + 10 * seconds
        if fault in ("lose request", "busy", "error") or self._loop.time() < self._out_until[kind]:
            await self._fail(kind, fault, seconds)
        if fault == "double request":
            self._loop.call_later(latency + seconds, arrive)
        self._loop.call_later(latency + seconds if fault == "late request" else latency, arrive)
        answer = await answered
        await asyncio.sleep(seconds if fault == "late answer" else 0.01)
        if fault == "lose answer" or answer is None:
            raise CloudConnectionError("no answer")
        return answer[0]

    async def _fail(self, kind: str, fault: str, seconds: float) -> None:
        """Fail before the cloud has done anything."""
        if fault == "lose request":
            await asyncio.sleep(seconds)
            raise CloudConnectionError("lost")
        await asyncio.sleep(0.01)
        if fault == "busy":
            self.not_before[kind] = self._loop.time() + seconds
            raise random.choice(_BUSY)("busy", retry_after=seconds or None)
        raise ServerError("internal error")

    def _push(self, event: Json) -> None:
        """Send hello at once, and events together with those that follow immediately."""
        if event.get("type") == "hello":
            if self._since is not None:
                self.witness.stream_opened(self._since, self.cloud.position, resumed=event["resumed"] is True)
            self._send(event, ())
            return
        if not self._events:
            self._loop.call_soon(self._flush, self.stream)
        self._events.append(event)

    def _flush(self, stream: SimulatedStream | None) -> None:
        if stream is not self.stream or not self._events:
            return
        events, self._events = self._events, []
        self._send({"type": "events", "events": events}, events)

    def _send(self, frame: Json, events: Sequence[Json]) -> None:
        if (stream := self.stream) is None:
            return
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        self._heartbeat = self._loop.call_later(HEARTBEAT_S, self._beat, stream)
        epoch = self.cloud.position.epoch
        text = msgspec.json.encode(frame).decode()
        positions = [Position(epoch, seq) for event in events if isinstance(seq := event["seq"], int)]
        latency = random.choice(_LATENCIES_S)
        if frame["type"] != "hello" and self.frame_faults:
            fault, seconds = self.frame_faults.popleft()
            if fault == "lose":
                self.witness.frame_lost(positions)
                return
            if fault == "double":
                stream.deliver(text, positions, latency)
            latency += seconds
        if self.cloud.broken == "frames overtake each other" and events and self._overtaken is None:
            self._overtaken = text, positions
            return
        stream.deliver(text, positions, latency)
        if self._overtaken is not None:
            stream.deliver(*self._overtaken, latency)
            self._overtaken = None

    def _beat(self, stream: SimulatedStream) -> None:
        if stream is self.stream and self.cloud.is_up:
            epoch, seq = self.cloud.position
            self._send({"type": "heartbeat", "epoch": epoch, "seq": seq}, ())
