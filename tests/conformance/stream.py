"""The client side of an event stream; each frame is checked against docs/asyncapi.yaml."""

import asyncio
import json

from aiohttp import ClientWebSocketResponse, WSMsgType

from tests.conformance.growth import without_growth
from tests.conformance.target import Document
from tests.specification import SpecificationChecker

MAX_FRAME = 1024 * 1024
# Before hello says it: the longest heartbeat interval of the contract.
HEARTBEAT_S = 45
# For the way of a frame, beside its heartbeat interval.
MARGIN_S = 5


class Stream:
    """An open event stream; keeps all frames and events that came."""

    def __init__(self, socket: ClientWebSocketResponse, checker: SpecificationChecker) -> None:
        """Read from a socket."""
        self.frames: list[Document] = []
        self.events: list[Document] = []
        self._socket = socket
        self._checker = checker
        self._heartbeat_s: float = HEARTBEAT_S

    async def frame(self) -> Document | None:
        """Return the next frame; None if the stream was closed. A silent stream raises AssertionError."""
        try:
            async with asyncio.timeout(self._heartbeat_s + MARGIN_S):
                message = await self._socket.receive()
        except TimeoutError:
            raise AssertionError(f"the stream sent nothing for {self._heartbeat_s + MARGIN_S} s") from None
        if message.type is not WSMsgType.TEXT:
            assert message.type in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED}, f"a frame of {message.type}"
            return None
        self._checker.pushed(message.data)
        frame: Document = without_growth(json.loads(message.data))
        self.frames.append(frame)
        if frame["type"] == "hello":
            self._heartbeat_s = frame["heartbeat_s"]
        elif frame["type"] == "events":
            self.events += frame["events"]
        return frame

    async def hello(self) -> Document:
        """Return hello, which must be the first frame."""
        frame = await self.frame()
        assert frame is not None, f"the stream was closed with {self._socket.close_code}"
        assert frame["type"] == "hello", f"the first frame is {frame}"
        return frame

    async def until(self, seq: float) -> list[Document]:
        """Read events up to a seq, and return all so far; ends at a heartbeat that knows it, too."""
        while not self.events or self.events[-1]["seq"] < seq:
            frame = await self.frame()
            assert frame is not None, f"the stream was closed with {self._socket.close_code}"
            if frame["type"] == "heartbeat" and frame["seq"] >= seq:
                break
        return self.events

    async def event(self, kind: str) -> Document:
        """Return the first event of a kind, of those that came or come."""
        while True:
            for event in self.events:
                if event["kind"] == kind:
                    return event
            frame = await self.frame()
            assert frame is not None, f"the stream was closed with {self._socket.close_code}"
            assert frame["type"] != "heartbeat", f"there is no event of the kind {kind} among {self.kinds}"

    async def heartbeat(self) -> Document:
        """Return the next heartbeat."""
        while True:
            frame = await self.frame()
            assert frame is not None, f"the stream was closed with {self._socket.close_code}"
            if frame["type"] == "heartbeat":
                return frame

    async def code(self) -> int | None:
        """Read to the end, and return the close code; a stream that stays open raises AssertionError."""
        try:
            async with asyncio.timeout(2 * (self._heartbeat_s + MARGIN_S)):
                while await self.frame() is not None:
                    pass
        except TimeoutError:
            raise AssertionError("the stream stays open") from None
        return self._socket.close_code

    @property
    def kinds(self) -> list[str]:
        """The kinds of the events so far."""
        return [event["kind"] for event in self.events]

    @property
    def seqs(self) -> list[float]:
        """The seq of each event so far."""
        return [event["seq"] for event in self.events]
