"""The event stream: frames from a WebSocket (contract, "Stream")."""

import asyncio
from contextlib import suppress
import socket

from aiohttp import ClientWebSocketResponse, WSMessage, WSMsgType

from .errors import CloudConnectionError, CloudTimeoutError, StreamClosedError
from .events import Frame, HelloFrame, decode_frame

# Until hello says another one.
_DEFAULT_HEARTBEAT_S = 20
# For the whole close handshake. A server that goes on sending instead of confirming it must not keep the stream open.
_CLOSE_TIMEOUT_S = 2
# Pings before other tasks get their turn: those that have arrived are received without a pause.
_YIELD_AFTER = 100


class EventStream:
    """An open stream: call `receive` until it raises, then `close`."""

    def __init__(self, websocket: ClientWebSocketResponse) -> None:
        """Read from an open WebSocket."""
        self._websocket = websocket
        self._socket: socket.socket | None = websocket.get_extra_info("socket")
        self._loop = asyncio.get_running_loop()
        # Two heartbeat intervals without a frame end the stream. The WebSocket's own timeout would start again with each
        # ping. One timer for all frames costs less than a timer for each.
        self._timeout_s: float = 2 * _DEFAULT_HEARTBEAT_S
        self._last_frame = self._loop.time()
        self._timer = self._loop.call_at(self._last_frame + self._timeout_s, self._check_timeout)
        self._is_timed_out = False
        self._pings = 0
        self._closing: asyncio.Task[None] | None = None

    async def receive(self) -> Frame | None:
        """Return the next frame; None for a binary one and one of an unknown type.

        Raises UnexpectedResponseError for an invalid frame, CloudTimeoutError after two heartbeat intervals without any,
        StreamClosedError at the end of the stream, and CloudConnectionError.
        """
        try:
            message = await self._websocket.receive()
            while message.type in (WSMsgType.PING, WSMsgType.PONG):
                message = await self._handle_ping(message)
        except Exception as err:  # noqa: BLE001 - as for requests, see http.py
            raise CloudConnectionError(f"the event stream failed ({type(err).__name__})") from None
        if self._closing is None:
            self._last_frame = self._loop.time()
            if message.type is WSMsgType.TEXT:
                frame = decode_frame(message.data)
                if isinstance(frame, HelloFrame):
                    self._timeout_s = 2 * frame.heartbeat_s
                    self._restart_timer()
                return frame
            if message.type is WSMsgType.BINARY:
                return None
        if self._is_timed_out:
            raise CloudTimeoutError(f"the event stream was silent for {self._timeout_s:g} s")
        code = self._websocket.close_code
        raise StreamClosedError(f"the event stream was closed ({code})", code=code)

    def abort(self) -> None:
        """End the stream: `receive` raises StreamClosedError."""
        if self._closing is None:
            self._closing = self._loop.create_task(self._close())

    async def close(self) -> None:
        """Close the WebSocket within two seconds, with or without the server."""
        self._timer.cancel()
        self.abort()
        if self._closing is not None:
            await self._closing

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._websocket.close()
        except TimeoutError:
            pass
        finally:
            # aiohttp closes its transport, which waits for the server to read what was sent. This ends it at once.
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    async def _handle_ping(self, message: WSMessage) -> WSMessage:
        """Answer a ping, or ignore a pong, and return the next message.

        aiohttp would answer all pings that have arrived without giving other tasks their turn.
        """
        self._pings += 1
        if self._pings % _YIELD_AFTER == 0:
            await asyncio.sleep(0)
        if message.type is WSMsgType.PING:
            await self._websocket.pong(message.data)
        return await self._websocket.receive()

    def _restart_timer(self) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_at(self._last_frame + self._timeout_s, self._check_timeout)

    def _check_timeout(self) -> None:
        if self._loop.time() < self._last_frame + self._timeout_s:
            self._restart_timer()
        else:
            self._is_timed_out = True
            self.abort()
