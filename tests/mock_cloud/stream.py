"""One connection of the event stream (contract, "Stream")."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
import json

from aiohttp import WSMsgType, web

from tests.mock_cloud.core import Core
from tests.mock_cloud.history import Event
from tests.mock_cloud.sessions import Session
from tests.mock_cloud.wire import JsonObject

MAX_FRAME = 1024 * 1024
# How much larger another spelling may be: escapes, white space and unknown members.
_MARGIN = 4

# Replaces the text of a frame or a response by invalid data.
type Spoiler = Callable[[str], str]

REPLACED = 1000
SESSION_ENDED = 4401
BLOCKED = 4403
RESTARTING = 1012
BUSY = 1013


class Stream:
    """Sends hello, missed events, new events and heartbeats, until either side closes."""

    def __init__(self, core: Core, session: Session, socket: web.WebSocketResponse, heartbeat_s: float) -> None:
        self._core = core
        self.session = session
        self._socket = socket
        self._heartbeat_s = heartbeat_s
        self._pending: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._has_hello = False
        self._close_code: int | None = None
        self._unmuted = asyncio.Event()
        self._unmuted.set()
        self._raw: deque[tuple[WSMsgType, bytes]] = deque()
        self.on_frame: Callable[[str], None] | None = None
        self.spoiler: Spoiler | None = None

    async def run(self, position: tuple[int, str] | None) -> None:
        """Serve the connection until it ends; `position` is where it resumes: seq and epoch."""
        reader = asyncio.create_task(self._read())
        writer = asyncio.create_task(self._write(position))
        try:
            await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reader, writer):
                task.cancel()
                with suppress(asyncio.CancelledError, ConnectionError):  # the other side is gone
                    await task
        # The reader is gone: otherwise aiohttp does not wait for the client's close frame.
        if self._close_code is not None:
            await self._socket.close(code=self._close_code)

    def push(self, event: Event) -> None:
        """Send an event after all that is pending; before hello it is part of hello, and after `close` of no stream."""
        if self._has_hello and self._close_code is None:
            self._pending.append(event)
            self._wake.set()

    def send_raw(self, opcode: WSMsgType, content: bytes) -> None:
        """Send a frame as it is, after all that is pending."""
        self._raw.append((opcode, content))
        self._wake.set()

    def close(self, code: int, *, quiet: bool = False) -> None:
        """End the stream with a code, after all that is pending unless `quiet`; a muted one when it is unmuted."""
        if self._close_code is None:
            self._close_code = code
        if quiet:
            self._pending.clear()
        self._wake.set()

    def mute(self, muted: bool) -> None:
        """Keep the socket open but send nothing, or resume."""
        if muted:
            self._unmuted.clear()
        else:
            self._unmuted.set()

    async def _read(self) -> None:
        async for _message in self._socket:
            pass  # a client sends nothing

    async def _write(self, position: tuple[int, str] | None) -> None:
        await self._unmuted.wait()
        await self._send(self._hello(position))
        while True:
            await self._send_pending()
            if self._close_code is not None:
                return
            try:
                async with asyncio.timeout(self._heartbeat_s):
                    await self._wake.wait()
            except TimeoutError:
                await self._unmuted.wait()
                if not self._pending:
                    head = self._core.seq(self.session.account_id)
                    await self._send({"type": "heartbeat", "epoch": self._core.epoch, "seq": head})

    def _hello(self, position: tuple[int, str] | None) -> JsonObject:
        """Return hello; the events that follow it are pending from here on."""
        ledger = self._core.ledgers[self.session.account_id]
        missed = ledger.after(position[0]) if position and position[1] == self._core.epoch else None
        self._pending.extend(missed or [])
        self._has_hello = True
        return {
            "type": "hello",
            "epoch": self._core.epoch,
            "seq": ledger.seq,
            "at": self._core.freedoms.timestamp(self._core.clock()),
            "resumed": missed is not None,
            "heartbeat_s": self._heartbeat_s,
        }

    async def _send_pending(self) -> None:
        freedoms = self._core.freedoms
        self._wake.clear()
        if self._pending and (delay := freedoms.push_delay()):
            await asyncio.sleep(delay)
        while self._pending:
            await self._unmuted.wait()
            if frame := freedoms.unknown_frame():
                await self._send(frame)
            if self._pending:
                await self._send({"type": "events", "events": list(self._next_batch())})
        while self._raw:
            opcode, content = self._raw.popleft()
            await self._socket.send_frame(content, opcode)

    def _next_batch(self) -> list[JsonObject]:
        """Take as many pending events as fit a frame; a doubled or reordered event starts a new frame."""
        events: list[JsonObject] = []
        size, last = 0, -1
        for _ in range(self._core.freedoms.batch(len(self._pending))):
            event = self._pending[0]
            document = event.document(self._core.freedoms.timestamp(event.at))
            size += len(json.dumps(document)) * _MARGIN
            if events and (size > MAX_FRAME or event.seq != last + 1):
                break
            last = event.seq
            events.append(document)
            self._pending.popleft()
        return events

    async def _send(self, frame: JsonObject) -> None:
        await self._unmuted.wait()
        text = self._core.freedoms.json(frame)
        if self.on_frame is not None:
            self.on_frame(text)
        await self._socket.send_str(self.spoiler(text) if self.spoiler else text)
