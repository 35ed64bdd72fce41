"""Whatever a server sends, the event loop is never blocked for long. The bound is generous: some machines are slow."""

import asyncio
from collections.abc import Callable
import contextlib
import gzip
import json
import struct

from aiohttp import web
import pytest
from yarl import URL

from custom_components.wesmart.cloud import HttpClient, Session, Tokens, WeSmartClient
from custom_components.wesmart.cloud.decode import MAX_DEVICES
from custom_components.wesmart.cloud.errors import CloudConnectionError, UnexpectedResponseError
from custom_components.wesmart.cloud.http import FRAME_LIMIT, LIST_LIMIT, SNAPSHOT_LIMIT
from custom_components.wesmart.cloud.stream import EventStream
from tests.cloud.conftest import wall_clock
from tests.cloud.scripted import Reply, ScriptedServer, answer, stream
from tests.lag import measured_lag

pytestmark = pytest.mark.slow

LONGEST_S = 0.5


def fill(start: str, element: str, end: str, size: int = SNAPSHOT_LIMIT) -> bytes:
    """Return a document of almost so many bytes with a list of many elements in it."""
    count = (size - len(start) - len(end)) // (len(element) + 1)
    return f"{start}{','.join([element] * count)}{end}".encode()


def devices(element: str, count: int) -> bytes:
    """Return a snapshot of a home with so many devices."""
    return f'{{"epoch":"e","seq":1,"homes":[{{"id":"h","devices":[{",".join([element] * count)}]}}]}}'.encode()


def bomb(body: bytes) -> Reply:
    """Return a response that is a thousandth of its size on the way."""
    return answer(200, gzip.compress(body), Content_Encoding="gzip")


HOMES, HOME, DEVICE = (
    '{"epoch":"e","seq":1,"homes":[',
    '{"epoch":"e","seq":1,"homes":[{"id":"h","devices":[',
    '{"epoch":"e","seq":1,"homes":[{"id":"h","devices":[{"id":"d","home_id":"h","endpoints":[',
)
ENDPOINTS = ",".join(f'{{"id":"{number}","type":"switch"}}' for number in range(4))
SNAPSHOTS: dict[str, Callable[[], Reply]] = {
    "32 KB of gzip with 16 million numbers": lambda: bomb(devices("0", 16_000_000)),
    "8 million numbers": lambda: bomb(fill(HOME, "0", "]}]}")),
    "5 million devices": lambda: bomb(fill(HOME, "{}", "]}]}")),
    "5 million homes": lambda: bomb(fill(HOMES, "{}", "]}")),
    "999,000 devices": lambda: bomb(devices("{}", 999_000)),
    "999,000 homes": lambda: bomb(fill(HOMES, "{}", "]}", 2_997_000)),
    "999,000 endpoints": lambda: bomb(fill(DEVICE, "{}", "]}]}]}", 2_997_000)),
    "499,000 endpoints": lambda: bomb(fill(DEVICE, '{"id":"1","type":"switch"}', "]}]}]}", 13_473_000)),
    "10,001 devices": lambda: bomb(devices('{"id":"d","home_id":"h","endpoints":[]}', MAX_DEVICES + 1)),
    "10,001 invalid devices": lambda: bomb(devices('{"id":"d"}', MAX_DEVICES + 1)),
    "16 million lists in lists": lambda: bomb(b"[" * (SNAPSHOT_LIMIT - 1)),
    "16 million lists in a home": lambda: bomb(HOMES.encode() + b"[" * (SNAPSHOT_LIMIT - 100)),
    "3 million objects in objects": lambda: bomb(b'{"a":' * (SNAPSHOT_LIMIT // 5)),
    "900,000 members": lambda: bomb(f"{HOMES}{{{','.join(f'"{number}":0' for number in range(900_000))}}}]}}".encode()),
    "a number of 16 million digits": lambda: bomb(b'{"epoch":"e","homes":[],"seq":' + b"9" * (SNAPSHOT_LIMIT - 100)),
}
LISTS: dict[str, Callable[[], Reply]] = {
    "2 million numbers": lambda: bomb(fill('{"tickets":[', "0", "]}", LIST_LIMIT)),
    "a million objects": lambda: bomb(fill('{"tickets":[', "{}", "]}", LIST_LIMIT)),
    "10,000 objects": lambda: bomb(f'{{"tickets":[{",".join(["{}"] * 10_000)}]}}'.encode()),
}


@pytest.fixture
async def logged_in(http: HttpClient, scripted: ScriptedServer) -> WeSmartClient:
    """Return a client with a token that the scripted server takes."""
    tokens = Tokens(session_id="s", access_token="a", refresh_token="r", expires_at=wall_clock() + 3600)
    return WeSmartClient(Session(http, scripted.endpoints(), tokens, clock=wall_clock))


@pytest.mark.parametrize("shape", SNAPSHOTS)
async def test_no_snapshot_blocks_the_loop(logged_in: WeSmartClient, scripted: ScriptedServer, shape: str) -> None:
    """It is refused, or what is wrong in it is."""
    scripted.replies(SNAPSHOTS[shape]())
    snapshot = None
    async with measured_lag() as lag:
        with contextlib.suppress(UnexpectedResponseError):
            snapshot = await logged_in.snapshot()
    assert snapshot is None or [device for home in snapshot.homes for device in home.devices] == []
    assert lag.worst_s < LONGEST_S


async def test_the_largest_snapshot_does_not_block_the_loop(logged_in: WeSmartClient, scripted: ScriptedServer) -> None:
    """Of 10,000 devices with four endpoints each, decoded at once or, because of one that is invalid, in pieces."""
    wanted = [
        f'{{"id":"{number}","home_id":"h","name":"{"x" * 100}","endpoints":[{ENDPOINTS}]}}'
        for number in range(MAX_DEVICES)
    ]
    for first in (wanted[0], '{"id":"0"}'):
        listed = ",".join([first, *wanted[1:]])
        scripted.replies(bomb(f'{{"epoch":"e","seq":1,"homes":[{{"id":"h","devices":[{listed}]}}]}}'.encode()))
        async with measured_lag() as lag:
            snapshot = await logged_in.snapshot()
        assert snapshot is not None
        assert len(snapshot.homes[0].devices) + len(snapshot.invalid_devices) == MAX_DEVICES
    assert lag.worst_s < LONGEST_S


@pytest.mark.parametrize("shape", LISTS)
async def test_no_list_blocks_the_loop(logged_in: WeSmartClient, scripted: ScriptedServer, shape: str) -> None:
    """Of tickets, of which none hides another."""
    scripted.replies(LISTS[shape]())
    async with measured_lag() as lag:
        if shape == "10,000 objects":
            assert await logged_in.tickets() == []
        else:
            with pytest.raises(UnexpectedResponseError):
                await logged_in.tickets()
    assert lag.worst_s < LONGEST_S


EVENTS = '{"type":"events","events":['
FRAMES = {
    "numbers": fill(EVENTS, "0", "]}", FRAME_LIMIT),
    "objects": fill(EVENTS, "{}", "]}", FRAME_LIMIT),
    "unknown events": fill(EVENTS, '{"seq":1,"kind":"x"}', "]}", FRAME_LIMIT),
    "invalid devices": fill(EVENTS, '{"seq":1,"kind":"device","device":{}}', "]}", FRAME_LIMIT),
    "unknown endpoints": fill(
        EVENTS + '{"seq":1,"kind":"device","device":{"id":"d","home_id":"h","endpoints":[',
        '{"id":"1","type":"x"}',
        "]}}]}",
        FRAME_LIMIT,
    ),
    "lists": b"[" * FRAME_LIMIT,
    "text": b'"' + b"x" * (FRAME_LIMIT - 2) + b'"',
    "digits": b'{"type":"heartbeat","epoch":"e","seq":' + b"9" * (FRAME_LIMIT - 100) + b"}",
}


@pytest.mark.parametrize("shape", FRAMES)
async def test_no_frame_blocks_the_loop(http: HttpClient, scripted: ScriptedServer, shape: str) -> None:
    """Of a mebibyte, which is as large as a frame may be."""
    scripted.replies(stream(FRAMES[shape].decode(), close=1000))
    websocket = EventStream(await http.connect(URL(scripted.url.replace("http", "ws")), token="t", query={}))
    async with measured_lag() as lag:
        with pytest.raises(CloudConnectionError):
            await receive_all(websocket)
    assert lag.worst_s < LONGEST_S
    await websocket.close()


FLOODS = {
    "pings": b"\x89\x00",
    "pongs": b"\x8a\x00",
    "empty frames": b"\x81\x00",
    "empty fragments": b"\x01\x00" + b"\x00\x00" * 999 + b"\x80\x00",
    "binary frames": b"\x82\x01x",
}


@pytest.mark.parametrize("kind", FLOODS)
async def test_no_flood_blocks_the_loop(http: HttpClient, scripted: ScriptedServer, kind: str) -> None:
    """Of half a megabyte of the smallest frames there are, as fast as they can be sent."""

    async def serve(request: web.Request) -> web.StreamResponse:
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        assert request.transport is not None
        request.transport.write(FLOODS[kind] * (2**19 // len(FLOODS[kind])))
        request.transport.write(b"\x88\x02" + struct.pack("!H", 1000))
        async for _message in websocket:
            pass
        return websocket

    scripted.replies(serve)
    websocket = EventStream(await http.connect(URL(scripted.url.replace("http", "ws")), token="t", query={}))
    async with measured_lag() as lag:
        with pytest.raises(CloudConnectionError):
            await receive_all(websocket)
    assert lag.worst_s < LONGEST_S
    await websocket.close()


async def receive_all(websocket: EventStream) -> None:
    """Receive until the stream ends, as fast as the connection does, which pauses between frames."""
    while True:
        with contextlib.suppress(UnexpectedResponseError):
            await websocket.receive()
        await asyncio.sleep(0)


def test_a_bomb_is_small_on_the_way() -> None:
    """As the one that was seen."""
    assert len(gzip.compress(devices("0", 16_000_000))) < 64 * 2**10
    assert json.loads(devices("0", 3))["homes"]
