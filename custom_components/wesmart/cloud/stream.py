"""The event stream: frames out of a WebSocket (contract, "The stream")."""

import asyncio

import aiohttp
from aiohttp import ClientWebSocketResponse, WSMsgType

from .errors import CloudConnectionError, CloudTimeoutError, StreamClosedError
from .wire_events import Frame, HelloFrame, decode_frame

# The contract's default; hello says the real one.
_HEARTBEAT_S = 20


class EventStream:
    """An open stream; `receive` until it raises, then `close`."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        # After two intervals without a frame the stream is dead, however healthy the socket looks. The socket's own
        # timeout would begin anew with each ping, and one timer for all frames costs less than one for each.
        self._silence_s: float = 2 * _HEARTBEAT_S
        self.heard_at = self._loop.time()
        self._timer = self._loop.call_at(self.heard_at + self._silence_s, self._check_silence)
        self._closing: asyncio.Task[bool] | None = None

    async def receive(self) -> Frame | None:
        """Return the next frame, None for a type from the future.

        Raises CloudTimeoutError after two heartbeat intervals without any, StreamClosedError when the stream ends, and
        UnexpectedAnswerError for a frame that makes no sense.
        """
        try:
            message = await self._socket.receive()
        except (aiohttp.ClientError, OSError) as err:
            raise CloudConnectionError(f"the event stream broke off ({type(err).__name__})") from None
        self.heard_at = self._loop.time()
        if message.type is WSMsgType.TEXT:
            frame = decode_frame(message.data)
            if isinstance(frame, HelloFrame):
                self._silence_s = 2 * frame.heartbeat_s
                self._arm()
            return frame
        if message.type is WSMsgType.BINARY:
            return None
        if self._closing is not None:
            raise CloudTimeoutError(f"the event stream was silent for {self._silence_s:g} s")
        code = self._socket.close_code
        raise StreamClosedError(f"the event stream was closed ({code})", code=code)

    def give_up(self) -> None:
        """Take the stream for dead: whoever waits for a frame is told that there was none in time."""
        if self._closing is None:
            self._closing = self._loop.create_task(self._socket.close())

    async def close(self) -> None:
        """Close the socket; waits for the other side at most as long as the transport said."""
        self._timer.cancel()
        await (self._closing or self._socket.close())

    def _arm(self) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_at(self.heard_at + self._silence_s, self._check_silence)

    def _check_silence(self) -> None:
        if self._loop.time() < self.heard_at + self._silence_s:
            self._arm()
        else:
            self.give_up()
