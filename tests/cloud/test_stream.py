"""Frames out of a socket, and how soon a dead one is noticed."""

import asyncio
import json

from aiohttp import web
import pytest
from yarl import URL

from custom_components.wesmart.cloud import Transport, WeSmartClient
from custom_components.wesmart.cloud.errors import CloudConnectionError, CloudTimeoutError, UnexpectedAnswerError
from custom_components.wesmart.cloud.models import Position
from custom_components.wesmart.cloud.stream import EventStream
from custom_components.wesmart.cloud.wire_events import EventsFrame, HeartbeatFrame, HelloFrame
from tests.accounts import OWNER
from tests.cloud.scripted import Reply, ScriptedServer, reset, stream
from tests.mock_cloud import MockCloud

HELLO = json.dumps({"type": "hello", "epoch": "e", "seq": 1, "heartbeat_s": 5})
HEARTBEAT = json.dumps({"type": "heartbeat", "epoch": "e", "seq": 1})


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()


async def opened(transport: Transport, server: ScriptedServer, reply: Reply) -> EventStream:
    """Return the stream that a reply opens."""
    server.replies(reply)
    return EventStream(await transport.connect(URL(server.url.replace("http", "ws")), token="t", query={}))


async def test_a_stream_begins_with_hello_and_brings_what_changes(cloud: MockCloud, client: WeSmartClient) -> None:
    """At once, and a heartbeat when nothing does."""
    held = await client.snapshot()
    assert held is not None
    stream = await client.connect(held.position)
    hello = await stream.receive()
    assert isinstance(hello, HelloFrame)
    assert (hello.position, hello.resumed) == (held.position, True)
    cloud.touch("cong-tac-phong-khach", "1", on=False)
    while not isinstance(frame := await stream.receive(), EventsFrame):
        assert frame is None  # a type from the future
    assert frame.events[0].seq == held.position.seq + 1
    assert now() < 1
    while not isinstance(frame, HeartbeatFrame):
        frame = await stream.receive()
    assert frame.position.seq == cloud.seq(OWNER.username)
    assert now() == pytest.approx(hello.heartbeat_s, abs=1)
    await stream.close()


async def test_two_intervals_of_silence_end_a_stream(transport: Transport, scripted: ScriptedServer) -> None:
    """20 s until hello has said another interval."""
    silent = await opened(transport, scripted, stream())
    with pytest.raises(CloudTimeoutError, match="silent for 40 s") as caught:
        await silent.receive()
    assert (now(), caught.value.__context__) == (40, None)
    await silent.close()
    silent = await opened(transport, scripted, stream(HELLO))
    await silent.receive()
    with pytest.raises(CloudTimeoutError, match="silent for 10 s"):
        await silent.receive()
    assert now() == 50
    await silent.close()


async def test_pings_are_no_word(transport: Transport, scripted: ScriptedServer) -> None:
    """They say that a proxy lives."""
    silent = await opened(transport, scripted, stream(HEARTBEAT, ping_s=3))
    await silent.receive()
    with pytest.raises(CloudTimeoutError):
        await silent.receive()
    assert now() == 40
    await silent.close()


async def test_any_frame_is_a_word(transport: Transport, scripted: ScriptedServer) -> None:
    """Of a type from the future, binary, or without sense."""
    frames = (HEARTBEAT, 30.0, '{"type": "advice"}', 30.0, b"\x00", 30.0, "{", 30.0, HEARTBEAT)
    open_stream = await opened(transport, scripted, stream(*frames))
    assert await open_stream.receive() == HeartbeatFrame(Position("e", 1))
    assert await open_stream.receive() is None
    assert await open_stream.receive() is None
    with pytest.raises(UnexpectedAnswerError):
        await open_stream.receive()
    assert await open_stream.receive() == HeartbeatFrame(Position("e", 1))
    assert now() == 120
    await open_stream.close()


@pytest.mark.parametrize("code", [1000, 1012, 1013, 4401, 4403])
async def test_a_closed_stream_says_by_which_code(transport: Transport, scripted: ScriptedServer, code: int) -> None:
    """And again when asked again."""
    closed = await opened(transport, scripted, stream(HEARTBEAT, close=code))
    await closed.receive()
    for _ in range(2):
        with pytest.raises(CloudConnectionError, match=rf"was closed \({code}\)"):
            await closed.receive()
    await closed.close()


async def test_a_connection_that_breaks_behind_a_ping_is_noticed(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """There is nobody any more to answer it to."""

    async def serve(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.ping()
        return await reset(request)

    broken = await opened(transport, scripted, serve)
    await asyncio.sleep(1)
    with pytest.raises(CloudConnectionError) as caught:
        await broken.receive()
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert now() == 1
    await broken.close()


async def test_a_cut_line_is_noticed(cloud: MockCloud, client: WeSmartClient) -> None:
    """At once."""
    held = await client.snapshot()
    assert held is not None
    stream = await client.connect(held.position)
    await stream.receive()
    cloud.cut()
    with pytest.raises(CloudConnectionError):
        await stream.receive()
    assert now() < 1
    await stream.close()


async def test_a_frame_beyond_a_mebibyte_ends_a_stream(transport: Transport, scripted: ScriptedServer) -> None:
    """The contract allows no more, and memory is not for guests."""
    huge = await opened(transport, scripted, stream("x" * (2**20 + 1)))
    with pytest.raises(CloudConnectionError, match=r"was closed \(1009\)"):
        await huge.receive()
    await huge.close()


async def test_a_dead_server_does_not_hold_up_a_close(transport: Transport, scripted: ScriptedServer) -> None:
    """Two seconds for a goodbye."""
    silent = await opened(transport, scripted, stream())
    await silent.close()
    assert now() <= 2
    with pytest.raises(CloudConnectionError):
        await silent.receive()


async def test_a_stream_that_is_reset_while_it_opens_is_a_connection_error(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """There is no stream then."""
    with pytest.raises(CloudConnectionError):
        await opened(transport, scripted, reset)
