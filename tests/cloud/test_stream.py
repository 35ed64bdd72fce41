"""The event stream: frames, silence, and an end in time."""

import asyncio
from collections.abc import Callable, Coroutine
import contextlib
import json
import socket

from aiohttp import web
import pytest
from yarl import URL

from custom_components.wesmart.cloud import HttpClient, WeSmartClient
from custom_components.wesmart.cloud.errors import (
    CloudConnectionError,
    CloudTimeoutError,
    StreamClosedError,
    UnexpectedResponseError,
)
from custom_components.wesmart.cloud.events import EventsFrame, HeartbeatFrame, HelloFrame
from custom_components.wesmart.cloud.stream import EventStream
from tests.accounts import OWNER
from tests.cloud.conftest import now
from tests.cloud.scripted import Reply, ScriptedServer, reset, stream
from tests.mock_cloud import MockCloud

type Behavior = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]

HELLO = json.dumps({"type": "hello", "epoch": "e", "seq": 1, "heartbeat_s": 5})
HEARTBEAT = json.dumps({"type": "heartbeat", "epoch": "e", "seq": 1})


async def opened(http: HttpClient, server: ScriptedServer, reply: Reply) -> EventStream:
    """Return the stream that a reply opens."""
    server.replies(reply)
    return EventStream(await http.connect(URL(server.url.replace("http", "ws")), token="t", query={}))


async def test_a_stream_brings_hello_events_and_heartbeats(cloud: MockCloud, client: WeSmartClient) -> None:
    """Events at once, and heartbeats when there are none."""
    seq = cloud.seq(OWNER.username)
    stream = await client.connect(cloud.epoch, seq)
    hello = await stream.receive()
    assert isinstance(hello, HelloFrame)
    assert (hello.epoch, hello.seq, hello.resumed) == (cloud.epoch, seq, True)
    cloud.touch("cong-tac-phong-khach", "1", on=False)
    while not isinstance(frame := await stream.receive(), EventsFrame):
        assert frame is None  # of an unknown type
    assert frame.events[0].seq == seq + 1
    assert now() < 1
    while not isinstance(frame, HeartbeatFrame):
        frame = await stream.receive()
    assert frame.seq == cloud.seq(OWNER.username)
    assert now() == pytest.approx(hello.heartbeat_s, abs=1)
    await stream.close()


async def test_two_heartbeat_intervals_without_a_frame_end_a_stream(http: HttpClient, scripted: ScriptedServer) -> None:
    """An interval is 20 s until hello says another one."""
    silent = await opened(http, scripted, stream())
    with pytest.raises(CloudTimeoutError, match="silent for 40 s") as caught:
        await silent.receive()
    assert (now(), caught.value.__context__) == (40, None)
    await silent.close()
    silent = await opened(http, scripted, stream(HELLO))
    await silent.receive()
    for _ in range(2):
        with pytest.raises(CloudTimeoutError, match="silent for 10 s"):
            await silent.receive()
    assert now() == 50
    await silent.close()


async def test_pings_are_not_frames(http: HttpClient, scripted: ScriptedServer) -> None:
    """A proxy may send them for a server that is gone."""
    silent = await opened(http, scripted, stream(HEARTBEAT, ping_s=3))
    await silent.receive()
    with pytest.raises(CloudTimeoutError):
        await silent.receive()
    assert now() == 40
    await silent.close()


async def test_any_frame_counts(http: HttpClient, scripted: ScriptedServer) -> None:
    """Of an unknown type, binary, or invalid."""
    frames = (HEARTBEAT, 30.0, '{"type": "new"}', 30.0, b"\x00", 30.0, "{", 30.0, HEARTBEAT)
    open_stream = await opened(http, scripted, stream(*frames))
    assert await open_stream.receive() == HeartbeatFrame(epoch="e", seq=1)
    assert await open_stream.receive() is None
    assert await open_stream.receive() is None
    with pytest.raises(UnexpectedResponseError):
        await open_stream.receive()
    assert await open_stream.receive() == HeartbeatFrame(epoch="e", seq=1)
    assert now() == 120
    await open_stream.close()


@pytest.mark.parametrize("code", [1000, 1012, 1013, 4401, 4403])
async def test_a_closed_stream_has_a_code(http: HttpClient, scripted: ScriptedServer, code: int) -> None:
    """Also when it is read again."""
    closed = await opened(http, scripted, stream(HEARTBEAT, close=code))
    await closed.receive()
    for _ in range(2):
        with pytest.raises(StreamClosedError, match=rf"was closed \({code}\)") as caught:
            await closed.receive()
        assert caught.value.code == code
    await closed.close()


async def test_a_connection_that_breaks_after_a_ping_is_noticed(http: HttpClient, scripted: ScriptedServer) -> None:
    """The pong cannot be sent."""

    async def serve(request: web.Request) -> web.StreamResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        await websocket.ping()
        return await reset(request)

    broken = await opened(http, scripted, serve)
    await asyncio.sleep(1)
    with pytest.raises(CloudConnectionError) as caught:
        await broken.receive()
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert now() == 1
    await broken.close()


async def test_a_lost_connection_is_noticed_at_once(cloud: MockCloud, client: WeSmartClient) -> None:
    """If the network says so."""
    stream = await client.connect(cloud.epoch, cloud.seq(OWNER.username))
    await stream.receive()
    cloud.cut()
    with pytest.raises(CloudConnectionError):
        await stream.receive()
    assert now() < 1
    await stream.close()


async def test_a_frame_of_more_than_a_mebibyte_ends_a_stream(http: HttpClient, scripted: ScriptedServer) -> None:
    """The contract allows no more."""
    huge = await opened(http, scripted, stream("x" * (2**20 + 1)))
    with pytest.raises(CloudConnectionError, match=r"was closed \(1009\)"):
        await huge.receive()
    await huge.close()


async def test_an_aborted_stream_raises(http: HttpClient, scripted: ScriptedServer) -> None:
    """At once, whether it is waited for or not, and also if frames are left."""
    waiting = await opened(http, scripted, stream())
    reader = asyncio.create_task(waiting.receive())
    await asyncio.sleep(1)
    waiting.abort()
    with pytest.raises(StreamClosedError):
        await reader
    assert now() == 1
    await waiting.close()
    full = await opened(http, scripted, stream(HEARTBEAT, HEARTBEAT))
    await asyncio.sleep(1)
    full.abort()
    full.abort()
    for _ in range(2):
        with pytest.raises(StreamClosedError):
            await full.receive()
    await full.close()
    await full.close()


async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Do nothing, so that a close frame gets no answer."""
    await asyncio.sleep(3600)


async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a frame each second, whatever is received."""
    while True:
        writer.write(b"\x81\x02{}")
        await asyncio.sleep(1)


async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send pings without reading the pongs, until the client cannot send anything either."""
    ping = b"\x89\x7d" + b"x" * 125
    writer.write(ping * 40_000)
    await asyncio.sleep(3600)


@pytest.mark.parametrize(
    ("behavior", "is_read"), [(ignore, False), (ignore, True), (chatter, False), (chatter, True), (flood, True)]
)
async def test_a_stream_is_closed_within_two_seconds_with_or_without_the_server(
    http: HttpClient, scripted: ScriptedServer, behavior: Behavior, is_read: bool
) -> None:
    """The connection is gone then, although the server never confirms the close."""
    connections: list[asyncio.Task[None]] = []

    async def serve(request: web.Request) -> web.StreamResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        assert request.transport is not None
        request.transport.pause_reading()
        raw: socket.socket = request.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=socket.dup(raw.fileno())))
        connections.append(asyncio.create_task(behavior(reader, writer)))
        await asyncio.sleep(3600)
        return websocket

    open_stream = await opened(http, scripted, serve)
    receiving = asyncio.create_task(read_all(open_stream)) if is_read else None
    await asyncio.sleep(3)
    began = now()
    await open_stream.close()
    assert now() - began <= 2
    with pytest.raises(CloudConnectionError):
        await (receiving or open_stream.receive())
    assert now() - began <= 2
    for connection in connections:
        connection.cancel()


async def read_all(stream: EventStream) -> None:
    """Read a stream to its end."""
    while True:
        with contextlib.suppress(UnexpectedResponseError):
            await stream.receive()


async def test_a_stream_that_breaks_while_it_opens_is_a_connection_error(
    http: HttpClient, scripted: ScriptedServer
) -> None:
    """There is no stream then."""
    with pytest.raises(CloudConnectionError):
        await opened(http, scripted, reset)
