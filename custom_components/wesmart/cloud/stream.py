"""The event stream: frames out of a WebSocket (contract, "Snapshot and events")."""

import asyncio

import aiohttp
from aiohttp import ClientWebSocketResponse, WSMsgType

from .errors import CloudConnectionError, CloudTimeoutError
from .wire_events import Frame, decode_frame

# The contract's default; hello says the real one.
_HEARTBEAT_S = 20


class EventStream:
    """An open stream; `receive` until it raises, then `close`."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self.heartbeat_s: float = _HEARTBEAT_S

    async def receive(self) -> Frame | None:
        """Return the next frame, None for a type from the future.

        Raises CloudTimeoutError after two heartbeat intervals without any (however healthy the socket looks),
        CloudConnectionError when it ends, and UnexpectedAnswerError for a frame that makes no sense.
        """
        silence = 2 * self.heartbeat_s
        try:
            # The socket's own timeout would begin anew with each ping.
            async with asyncio.timeout(silence):
                message = await self._socket.receive()
        except TimeoutError:
            raise CloudTimeoutError(f"the event stream was silent for {silence:g} s") from None
        except (aiohttp.ClientError, OSError) as err:
            raise CloudConnectionError(f"the event stream broke off ({type(err).__name__})") from None
        if message.type is WSMsgType.TEXT:
            return decode_frame(message.data)
        if message.type is WSMsgType.BINARY:
            return None
        raise CloudConnectionError(f"the event stream was closed ({self._socket.close_code})")

    async def close(self) -> None:
        """Close the socket; waits for the other side at most as long as the transport said."""
        await self._socket.close()
