"""One way out: no redirect is followed, every failure is one of ours, and none of them says a secret."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from email.utils import format_datetime
import json
import logging
import socket

from aiohttp import ClientWebSocketResponse, web
from hypothesis import given, strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
import pytest
from yarl import URL

from custom_components.wesmart.cloud import Transport
from custom_components.wesmart.cloud.errors import (
    CloudConnectionError,
    CloudFaultError,
    CloudTimeoutError,
    MaintenanceError,
    RateLimitedError,
    UnauthorizedError,
    UnexpectedAnswerError,
    WeSmartError,
)
from custom_components.wesmart.cloud.patience import DEADLINE_S
from custom_components.wesmart.cloud.problems import Answer
from custom_components.wesmart.cloud.transport import FRAME_LIMIT, _retry_after
from tests.cloud.scripted import Reply, ScriptedServer, answer, half, late, redirect, reset, stream
from tests.examples import examples
from tests.virtual_time import EPOCH

TOKEN = "access-token-that-nobody-may-see"
REDIRECTS = (300, 301, 302, 303, 305, 307, 308)


async def ask(transport: Transport, server: ScriptedServer, method: str = "GET", limit: int = 2**20) -> Answer:
    """Send a request with a token."""
    url = URL(f"{server.url}/v1/thing?province=Huế")
    return await transport.request(method, url, token=TOKEN, json=b"{}", limit=limit)


async def open_stream(transport: Transport, server: ScriptedServer) -> ClientWebSocketResponse:
    """Shake hands with a token."""
    url = URL(server.url.replace("http", "ws")) / "v1/events"
    return await transport.connect(url, token=TOKEN, query={"since": "1", "epoch": "a b"})


async def refused(transport: Transport, server: ScriptedServer, way: str) -> WeSmartError:
    """Return what a request or a handshake raised, after a look at what it would show in a log."""
    attempt: Awaitable[object] = (open_stream if way == "handshake" else ask)(transport, server)
    with pytest.raises(WeSmartError) as caught:
        await attempt
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__
    assert TOKEN not in f"{error!r} {error} {vars(error)}"
    return error


def headers(**fields: str) -> CIMultiDictProxy[str]:
    """Return the headers of an answer."""
    return CIMultiDictProxy(CIMultiDict({name.replace("_", "-"): value for name, value in fields.items()}))


async def test_an_answer_is_read_whole(transport: Transport, scripted: ScriptedServer) -> None:
    """With the headers that matter."""
    scripted.replies(answer(200, {"a": 1}, Retry_After="7"))
    got = await ask(transport, scripted)
    assert json.loads(got.body) == {"a": 1}
    assert (got.status, got.content_type, got.retry_after) == (200, "application/json", 7)
    (request,) = scripted.requests
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["Content-Type"] == "application/json"
    assert "application/problem+json" in request.headers["Accept"]


async def test_without_a_token_there_is_no_authorization(transport: Transport, scripted: ScriptedServer) -> None:
    """Discovery and forms."""
    scripted.replies(answer(200, {}))
    await transport.request("GET", URL(scripted.url))
    await transport.post_form(URL(scripted.url), {"a": "b"})
    assert all("Authorization" not in request.headers for request in scripted.requests)


async def test_a_form_is_answered_whatever_the_status(transport: Transport, scripted: ScriptedServer) -> None:
    """The OAuth endpoints have errors of their own; redirects are among the statuses and are not followed."""
    for status in (200, 302, 400, 401, 503):
        scripted.replies(answer(status, {}, Location=f"{scripted.url}/elsewhere"))
        assert (await transport.post_form(URL(scripted.url) / "token", {"a": "ô"})).status == status
    assert [request.path for request in scripted.requests] == ["/token"] * 5
    assert scripted.requests[0].body == b"a=%C3%B4"


@pytest.mark.parametrize("way", ["request", "handshake"])
@pytest.mark.parametrize("status", REDIRECTS)
async def test_no_redirect_is_followed(transport: Transport, scripted: ScriptedServer, status: int, way: str) -> None:
    """Neither to another server nor to the same one: where it points, nobody asks, and no token arrives."""
    async with ScriptedServer() as other:
        other.replies(answer(200, {}))
        for target in (f"{other.url}/v1/thing", "/v1/other"):
            scripted.replies(redirect(target, status))
            error = await refused(transport, scripted, way)
            assert type(error) is UnexpectedAnswerError
            assert "redirect" in str(error)
        assert other.requests == []
    assert [request.path for request in scripted.requests] == [f"/v1/{'events' if way == 'handshake' else 'thing'}"] * 2


@pytest.mark.parametrize("way", ["request", "handshake"])
async def test_a_problem_says_itself_in_both_ways(transport: Transport, scripted: ScriptedServer, way: str) -> None:
    """A refused handshake has a body, too."""
    scripted.replies(
        answer(503, {"type": "urn:wesmart:problem:maintenance", "ends_at": "2026-11-20T06:00:00Z"}, Retry_After="30"),
        answer(429, {}, Retry_After="7"),
        answer(401, {"type": "urn:wesmart:problem:unauthorized"}),
    )
    error = await refused(transport, scripted, way)
    assert isinstance(error, MaintenanceError)
    assert (error.retry_after, error.ends_at) == (30, datetime(2026, 11, 20, 6, tzinfo=UTC))
    await asyncio.sleep(30)
    error = await refused(transport, scripted, way)
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 7
    await asyncio.sleep(7)
    assert isinstance(await refused(transport, scripted, way), UnauthorizedError)


@pytest.mark.parametrize("way", ["request", "handshake"])
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (reset, CloudConnectionError),
        (half, CloudConnectionError),
        (late(100, answer(200)), CloudTimeoutError),
        (answer(502, b"<html>", Content_Type="text/html"), CloudFaultError),
        (answer(500, b"", Content_Type="application/json"), CloudFaultError),
        (answer(405, b"\xff" * 70_000), UnexpectedAnswerError),
    ],
)
async def test_every_failure_is_one_of_ours(
    transport: Transport, scripted: ScriptedServer, reply: Reply, kind: type[WeSmartError], way: str
) -> None:
    """With nothing of aiohttp's to be shown, which would hold the token."""
    scripted.replies(reply)
    began = asyncio.get_running_loop().time()
    assert type(await refused(transport, scripted, way)) is kind
    assert asyncio.get_running_loop().time() - began <= DEADLINE_S


@pytest.mark.parametrize("way", ["request", "handshake"])
async def test_a_server_that_is_not_there_is_a_connection_error(transport: Transport, way: str) -> None:
    """Neither is one that only speaks TLS."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))  # taken, and nobody listens
        nobody = ScriptedServer()
        for scheme in ("http", "https"):
            nobody.url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
            assert type(await refused(transport, nobody, way)) is CloudConnectionError


async def test_a_server_that_does_not_speak_tls_is_a_connection_error(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """Though it was entered with https."""
    scripted.url = scripted.url.replace("http", "https")
    for way in ("request", "handshake"):
        assert type(await refused(transport, scripted, way)) is CloudConnectionError


async def test_a_body_that_is_longer_than_it_may_be_is_not_read(transport: Transport, scripted: ScriptedServer) -> None:
    """At the limit it is; compressed or not."""
    scripted.replies(answer(200, b"x" * 2**16))
    assert len((await ask(transport, scripted, limit=2**16)).body) == 2**16
    scripted.replies(answer(200, b"x" * (2**16 + 1)))
    with pytest.raises(UnexpectedAnswerError, match=f"more than {2**16} bytes"):
        await ask(transport, scripted, limit=2**16)

    async def bomb(_request: web.Request) -> web.StreamResponse:
        response = web.Response(body=b"x" * 2**24)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    scripted.replies(bomb)
    with pytest.raises(UnexpectedAnswerError, match=f"more than {2**16} bytes"):
        await ask(transport, scripted, limit=2**16)


async def test_a_compressed_body_that_is_broken_is_a_connection_error(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """It broke off, as far as anybody can tell."""
    scripted.replies(answer(200, b"not gzip at all", Content_Encoding="gzip"))
    assert type(await refused(transport, scripted, "request")) is CloudConnectionError


async def test_a_refusal_of_a_handshake_that_never_ends_is_given_up(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """Nobody needs so much to say no."""
    scripted.replies(answer(503, b"x" * (2**16 + 1)))
    assert type(await refused(transport, scripted, "handshake")) is UnexpectedAnswerError


@pytest.mark.parametrize("status", [200, 204])
async def test_a_success_without_a_stream_is_an_unexpected_answer(
    transport: Transport, scripted: ScriptedServer, status: int
) -> None:
    """The handshake has only one success."""
    scripted.replies(answer(status))
    error = await refused(transport, scripted, "handshake")
    assert type(error) is UnexpectedAnswerError
    assert str(error) == f"WebSocket /v1/events: {status} instead of a stream"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Upgrade": "websocket"},
        {"Upgrade": "websocket", "Connection": "upgrade"},
        {"Upgrade": "websocket", "Connection": "upgrade", "Sec_WebSocket_Accept": "d3Jvbmc="},
    ],
)
async def test_a_wrong_handshake_is_not_a_stream(
    transport: Transport, scripted: ScriptedServer, fields: dict[str, str]
) -> None:
    """RFC 6455, 4.1."""
    scripted.replies(answer(101, b"", **fields))
    assert isinstance(await refused(transport, scripted, "handshake"), CloudConnectionError | UnexpectedAnswerError)


async def test_a_request_that_is_switched_to_something_else_is_not_an_answer(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """Nobody asked for an upgrade."""
    scripted.replies(answer(101, b"", Upgrade="websocket", Connection="upgrade"))
    await refused(transport, scripted, "request")


async def test_an_open_stream_has_sent_the_token_in_the_header_and_the_position_in_the_query(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """Queries end up in logs of servers, headers do not."""
    queries = []

    async def note(request: web.Request) -> web.StreamResponse:
        queries.append(dict(request.query))
        return await stream()(request)

    scripted.replies(note)
    opened = await open_stream(transport, scripted)
    assert scripted.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert queries == [{"since": "1", "epoch": "a b"}]
    await opened.close()


@pytest.mark.parametrize(("size", "fits"), [(FRAME_LIMIT, True), (FRAME_LIMIT + 1, False)])
async def test_a_frame_may_have_a_mebibyte(
    transport: Transport, scripted: ScriptedServer, size: int, fits: bool
) -> None:
    """Exactly (contract, "Snapshot and events")."""
    scripted.replies(stream("x" * size))
    url = URL(scripted.url.replace("http", "ws"))
    opened = await transport.connect(url, token=TOKEN, query={})
    message = await opened.receive()
    assert (message.data == "x" * size) is fits
    await opened.close()


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({}, None),
        ({"Retry_After": ""}, None),
        ({"Retry_After": "0"}, 0),
        ({"Retry_After": " 30 "}, 30),
        ({"Retry_After": "9" * 400}, float("inf")),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "1.5"}, None),
        ({"Retry_After": "٣"}, None),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "Fri, 31 Dec 99999999999999999999 23:59:59 GMT"}, None),
        ({"Retry_After": "Fri, 20 Nov 2026 05:01:00 +999999"}, None),
        ({"Retry_After": "Fri, 20 Nov 2026 05:01:00 GMT", "Date": "Fri, 20 Nov 2026 05:00:00 GMT"}, 60),
        ({"Retry_After": "Fri, 20 Nov 2026 05:01:00 -0000", "Date": "Fri, 20 Nov 2026 05:00:00 GMT"}, 60),
        ({"Retry_After": "Friday, 20-Nov-26 05:01:00 GMT", "Date": "Fri, 20 Nov 2026 05:00:00 GMT"}, 60),
        ({"Retry_After": "Fri, 20 Nov 2026 05:00:00 GMT", "Date": "Fri, 20 Nov 2026 05:01:00 GMT"}, 0),
    ],
)
def test_retry_after_is_understood_in_both_forms(fields: dict[str, str], seconds: float | None) -> None:
    """A date counts on the server's clock, not on ours."""
    assert _retry_after(headers(**fields)) == seconds


def test_a_date_without_the_servers_clock_counts_on_ours() -> None:
    """What was, is over."""
    assert _retry_after(headers(Retry_After="Fri, 20 Nov 2020 05:00:00 GMT")) == 0
    assert (_retry_after(headers(Retry_After=format_datetime(EPOCH.replace(year=9000), usegmt=True))) or 0) > 1e9


@examples(100)
@given(st.text(), st.text())
def test_any_retry_after_is_a_time_or_none(value: str, date: str) -> None:
    """Whatever a server writes."""
    seconds = _retry_after(headers(Retry_After=value, Date=date))
    assert seconds is None or seconds >= 0


async def test_errors_name_the_path_but_not_the_query(transport: Transport, scripted: ScriptedServer) -> None:
    """It may hold what a person searched for."""
    scripted.replies(answer(404, {}))
    error = await refused(transport, scripted, "request")
    assert str(error) == "GET /v1/thing: 404"


async def test_nothing_of_a_failed_request_is_logged_with_its_token(
    transport: Transport, scripted: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    """By nobody, at any level."""
    caplog.set_level(logging.DEBUG)
    for reply in (reset, answer(500), redirect("/elsewhere"), answer(101, b"")):
        for way in ("request", "handshake"):
            scripted.replies(reply)
            await refused(transport, scripted, way)
    assert TOKEN not in caplog.text
