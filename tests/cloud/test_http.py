"""The request funnel: no redirect is followed, every failure is a WeSmartError, and none of them shows a secret."""

import asyncio
from collections.abc import Awaitable
from email.utils import format_datetime
import json
import logging
import socket
import zlib

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession, ClientWebSocketResponse, web
from hypothesis import given, strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
import pytest
from yarl import URL

from custom_components.wesmart.cloud import HttpClient, follow_no_redirects
from custom_components.wesmart.cloud.errors import (
    AccountBlockedError,
    CloudConnectionError,
    CloudTimeoutError,
    InvalidRequestError,
    MaintenanceError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    TermsNotAcceptedError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedResponseError,
    WeSmartError,
)
from custom_components.wesmart.cloud.http import (
    FRAME_LIMIT,
    SMALL_BODY_LIMIT,
    Response,
    _retry_after,
    raise_for_problem,
)
from custom_components.wesmart.cloud.timing import REQUEST_TIMEOUT_S
from tests.cloud.invalid_data import EXTREMES, anything
from tests.cloud.scripted import Reply, ScriptedServer, answer, half, late, redirect, reset, stream
from tests.examples import examples
from tests.virtual_time import EPOCH

TOKEN = "access-token-that-nobody-may-see"
PREFIX = "urn:wesmart:problem:"
MAINTENANCE = {"type": f"{PREFIX}maintenance"}


async def send(http: HttpClient, server: ScriptedServer, *, path: str = "/v1/thing", limit: int = 2**20) -> Response:
    """Send a request with a token."""
    url = URL(f"{server.url}{path}?province=Huế")
    return await http.request("GET", url, token=TOKEN, json=b"{}", limit=limit)


async def connect(http: HttpClient, server: ScriptedServer, *, path: str = "/v1/events") -> ClientWebSocketResponse:
    """Open a WebSocket with a token."""
    url = URL(f"{server.url.replace('http', 'ws')}{path}")
    return await http.connect(url, token=TOKEN, query={"since": "1", "epoch": "a b"})


async def error_of(http: HttpClient, server: ScriptedServer, way: str) -> WeSmartError:
    """Return the error of a request or a handshake, checked for what it would show in a log."""
    attempt: Awaitable[object] = (connect if way == "handshake" else send)(http, server)
    with pytest.raises(WeSmartError) as caught:
        await attempt
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__
    assert TOKEN not in f"{error!r} {error} {vars(error)}"
    return error


def problem_error(status: int, body: object = None, *, kind: str = "application/problem+json") -> WeSmartError:
    """Return the error of a response."""
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(WeSmartError) as caught:
        raise_for_problem(Response(status=status, content_type=kind, body=encoded, retry_after=30), "GET /v1/account")
    return caught.value


# Requests and handshakes


async def test_a_response_is_read_whole(http: HttpClient, scripted: ScriptedServer) -> None:
    """The token is in a header."""
    scripted.replies(answer(200, {"a": 1}, Retry_After="7"))
    response = await send(http, scripted)
    assert json.loads(response.body) == {"a": 1}
    assert (response.status, response.content_type, response.retry_after) == (200, "application/json", 7)
    (request,) = scripted.requests
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["Content-Type"] == "application/json"
    assert "application/problem+json" in request.headers["Accept"]


async def test_a_form_returns_any_status(http: HttpClient, scripted: ScriptedServer) -> None:
    """Redirects are not followed, and no token is sent."""
    for status in (200, 302, 400, 401, 503):
        scripted.replies(answer(status, {}, Location=f"{scripted.url}/elsewhere"))
        assert (await http.post_form(URL(scripted.url) / "token", {"a": "ô"})).status == status
    assert [request.path for request in scripted.requests] == ["/token"] * 5
    assert scripted.requests[0].body == b"a=%C3%B4"
    assert "Authorization" not in scripted.requests[0].headers


async def test_a_websocket_sends_the_token_in_a_header_and_the_position_in_the_query(
    http: HttpClient, scripted: ScriptedServer
) -> None:
    """Servers log queries, not headers."""
    queries = []

    async def note(request: web.Request) -> web.StreamResponse:
        queries.append(dict(request.query))
        return await stream()(request)

    scripted.replies(note)
    websocket = await connect(http, scripted)
    assert scripted.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert queries == [{"since": "1", "epoch": "a b"}]
    await websocket.close()


@pytest.mark.parametrize(("size", "fits"), [(FRAME_LIMIT, True), (FRAME_LIMIT + 1, False)])
async def test_a_frame_has_at_most_a_mebibyte(
    http: HttpClient, scripted: ScriptedServer, size: int, fits: bool
) -> None:
    """Exactly (contract, "Stream")."""
    scripted.replies(stream("x" * size))
    websocket = await connect(http, scripted)
    assert ((await websocket.receive()).data == "x" * size) is fits
    await websocket.close()


@pytest.mark.parametrize("way", ["request", "handshake"])
@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
async def test_no_redirect_is_followed(http: HttpClient, scripted: ScriptedServer, status: int, way: str) -> None:
    """Neither to another server nor to the same one."""
    async with ScriptedServer() as other:
        other.replies(answer(200, {}))
        for target in (f"{other.url}/v1/thing", "/v1/other", "http://["):
            scripted.replies(redirect(target, status))
            error = await error_of(http, scripted, way)
            assert type(error) is UnexpectedResponseError
            assert "redirect" in str(error)
        assert other.requests == []
    assert len(scripted.requests) == 3


@pytest.mark.parametrize("way", ["request", "handshake"])
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (reset, CloudConnectionError),
        (half, CloudConnectionError),
        (late(100, answer(200)), CloudTimeoutError),
        (answer(502, b"<html>", Content_Type="text/html"), ServerError),
        (answer(500, b"", Content_Type="application/json"), ServerError),
        (answer(405, b"\xff" * (SMALL_BODY_LIMIT + 1)), UnexpectedResponseError),
        (answer(200, b"", Content_Encoding="gzip"), None),
        (answer(403, b"not gzip at all", Content_Encoding="gzip"), CloudConnectionError),
        (answer(403, zlib.compress(b"x" * 1000)[:-6], Content_Encoding="deflate"), CloudConnectionError),
        (answer(101, b"", Upgrade="websocket", Connection="upgrade"), WeSmartError),
    ],
)
async def test_every_failure_is_a_wesmart_error(
    http: HttpClient, scripted: ScriptedServer, reply: Reply, kind: type[WeSmartError] | None, way: str
) -> None:
    """Without the error of aiohttp, which holds the token."""
    scripted.replies(reply)
    began = asyncio.get_running_loop().time()
    if kind is None and way == "request":
        assert (await send(http, scripted)).body == b""
    else:
        assert isinstance(await error_of(http, scripted, way), kind or UnexpectedResponseError)
    assert asyncio.get_running_loop().time() - began <= REQUEST_TIMEOUT_S


@pytest.mark.parametrize("way", ["request", "handshake"])
@pytest.mark.parametrize("failure", [ValueError, AssertionError, UnicodeEncodeError("u", "x", 0, 1, "r"), RuntimeError])
async def test_failures_of_aiohttp_and_of_other_middlewares_are_connection_errors(
    scripted: ScriptedServer, failure: Exception | type[Exception], way: str
) -> None:
    """Home Assistant's raises a ValueError for a redirect to `http://[`."""

    async def fail(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        raise failure

    async with ClientSession(middlewares=[fail, follow_no_redirects]) as session:
        assert type(await error_of(HttpClient(session), scripted, way)) is CloudConnectionError


async def test_cancellation_is_not_a_failure(http: HttpClient, scripted: ScriptedServer) -> None:
    """It reaches the caller."""
    scripted.replies(late(5, answer(200)))
    task = asyncio.create_task(send(http, scripted))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("way", ["request", "handshake"])
async def test_a_server_that_cannot_be_reached_is_a_connection_error(
    http: HttpClient, scripted: ScriptedServer, way: str
) -> None:
    """Also one without TLS that is asked over https."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        scripted.url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert type(await error_of(http, scripted, way)) is CloudConnectionError
    scripted.url = scripted.url.replace("http", "https")
    assert type(await error_of(http, scripted, way)) is CloudConnectionError


async def test_a_body_is_limited_after_decompression(http: HttpClient, scripted: ScriptedServer) -> None:
    """A small body may decompress to a gigabyte."""
    scripted.replies(answer(200, b"x" * 2**16))
    assert len((await send(http, scripted, limit=2**16)).body) == 2**16

    async def bomb(_request: web.Request) -> web.StreamResponse:
        response = web.Response(body=b"x" * 2**24)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    for reply in (answer(200, b"x" * (2**16 + 1)), bomb):
        scripted.replies(reply)
        with pytest.raises(UnexpectedResponseError, match=f"more than {2**16} bytes"):
            await send(http, scripted, limit=2**16)


@pytest.mark.parametrize("status", [200, 204])
async def test_a_success_without_a_stream_is_unexpected(
    http: HttpClient, scripted: ScriptedServer, status: int
) -> None:
    """A handshake has only one success."""
    scripted.replies(answer(status))
    assert str(await error_of(http, scripted, "handshake")) == f"WebSocket /v1/events: {status} instead of a stream"


async def test_an_error_names_the_path_in_one_line_and_not_the_query(
    http: HttpClient, scripted: ScriptedServer
) -> None:
    """A query may hold what a person searched for, and a path what a server wants in the log."""
    scripted.replies(answer(404, {}))
    assert str(await error_of(http, scripted, "request")) == "GET /v1/thing: 404"
    with pytest.raises(NotFoundError) as caught:
        await send(http, scripted, path="/v1/a%0Ab%1B[0m\u202e")
    assert str(caught.value).isprintable()


async def test_no_token_is_logged(http: HttpClient, scripted: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    """At any level."""
    caplog.set_level(logging.DEBUG)
    for reply in (reset, answer(500), redirect("/elsewhere"), answer(101, b"")):
        for way in ("request", "handshake"):
            scripted.replies(reply)
            await error_of(http, scripted, way)
    assert TOKEN not in caplog.text


# Problems


@pytest.mark.parametrize("status", [200, 201, 204, 206, 299, 304])
def test_a_success_is_not_a_problem(status: int) -> None:
    """304 is one, too."""
    raise_for_problem(Response(status=status, content_type="", body=b""), "GET /v1/account")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, UnauthorizedError),
        (404, NotFoundError),
        (422, InvalidRequestError),
        (429, RateLimitedError),
        (503, UnavailableError),
    ],
)
@pytest.mark.parametrize("body", [{"type": f"{PREFIX}new"}, {"type": 7}, {}, 7, b"", b"<html>", b"\xff", b"[" * 10**5])
def test_the_status_decides_without_a_known_problem(status: int, kind: type[WeSmartError], body: object) -> None:
    """The body may be that of a proxy."""
    error = problem_error(status, body)
    assert type(error) is kind
    assert str(error) == f"GET /v1/account: {status}"
    assert error.__context__ is None


@pytest.mark.parametrize("status", [100, 101, 300, 301, 302, 303, 307, 308, 400, 403, 405, 418, 600])
def test_other_statuses_are_unexpected(status: int) -> None:
    """Whatever the body says."""
    error = problem_error(status, MAINTENANCE)
    assert type(error) is UnexpectedResponseError
    assert str(error).startswith(f"GET /v1/account: {status}")


@pytest.mark.parametrize("status", [500, 501, 502, 504, 507, 599])
def test_a_failure_of_the_server_is_a_connection_error(status: int) -> None:
    """Nobody knows whether the request was carried out."""
    assert type(problem_error(status, MAINTENANCE)) is ServerError


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (503, "maintenance", MaintenanceError),
        (403, "account-suspended", AccountBlockedError),
        (403, "account-terminated", AccountBlockedError),
        (403, "terms-not-accepted", TermsNotAcceptedError),
    ],
)
def test_the_type_of_a_problem_tells_apart_what_shares_a_status(
    status: int, name: str, kind: type[WeSmartError]
) -> None:
    """In any JSON, but not in HTML."""
    for content_type in ("application/problem+json", "application/json"):
        error = problem_error(status, {"type": PREFIX + name, "errors": 7, "new": []}, kind=content_type)
        assert type(error) is kind
        assert getattr(error, "terminated", None) == {"account-suspended": False, "account-terminated": True}.get(name)
        assert getattr(error, "retry_after", None) == (30 if status == 503 else None)
    assert not isinstance(problem_error(status, {"type": PREFIX + name}, kind="text/html"), kind)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 418, 422, 429, 500, 503])
def test_no_text_of_a_problem_is_shown(status: int) -> None:
    """It may repeat what was sent (C-24)."""
    texts = {"title": TOKEN, "detail": f"\x1b[31m {TOKEN}", "errors": [{"pointer": f"/{TOKEN}", "detail": TOKEN}]}
    for kind in ("invalid-request", "account-suspended", TOKEN):
        error = problem_error(status, {"type": PREFIX + kind, **texts})
        assert TOKEN not in f"{error!r} {error} {vars(error)}"


@examples(100)
@given(
    st.integers(min_value=100, max_value=599).filter(lambda status: not (200 <= status < 300 or status == 304)),
    anything | st.dictionaries(st.sampled_from(["type", "errors"]), anything),
)
def test_any_body_is_a_wesmart_error(status: int, body: object) -> None:
    """Without the decoder's."""
    assert problem_error(status, body).__context__ is None


@pytest.mark.parametrize("text", EXTREMES, ids=lambda text: repr(text[:12]))
def test_an_extreme_body_leaves_the_status(text: str) -> None:
    """Deep, long, or not JSON."""
    assert isinstance(problem_error(503, text.encode()), UnavailableError)
    assert isinstance(problem_error(422, f'{{"errors": {text}}}'.encode()), InvalidRequestError)


# Retry-After


def headers(**fields: str) -> CIMultiDictProxy[str]:
    """Return the headers of a response."""
    return CIMultiDictProxy(CIMultiDict({name.replace("_", "-"): value for name, value in fields.items()}))


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({}, None),
        ({"Retry_After": ""}, None),
        ({"Retry_After": "0"}, 0),
        ({"Retry_After": " 30 "}, 30),
        ({"Retry_After": "86400"}, 3600),
        ({"Retry_After": "9" * 400}, 3600),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "1.5"}, None),
        ({"Retry_After": "٣"}, None),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "Fri, 31 Dec 99999999999999999999 23:59:59 GMT"}, None),
        ({"Retry_After": "Fri, 20 Nov 2026 05:01:00 +999999"}, None),
        ({"Retry_After": "Fri, 20 Nov 2026 05:01:00 GMT", "Date": "Fri, 20 Nov 2026 05:00:00 GMT"}, 60),
        ({"Retry_After": "Fri, 20 Nov 2026 05:01:00 -0000", "Date": "Fri, 20 Nov 2026 05:00:00 GMT"}, 60),
        ({"Retry_After": "Fri, 20 Nov 2026 05:00:00 GMT", "Date": "Fri, 20 Nov 2026 05:01:00 GMT"}, 0),
        ({"Retry_After": "Fri, 20 Nov 2020 05:00:00 GMT"}, 0),
        ({"Retry_After": format_datetime(EPOCH.replace(year=9000), usegmt=True)}, 3600),
    ],
)
def test_retry_after_has_two_forms_and_at_most_an_hour(fields: dict[str, str], seconds: float | None) -> None:
    """A date counts by the server's clock if the response has one."""
    assert _retry_after(headers(**fields)) == seconds


@examples(100)
@given(st.text(), st.text())
def test_any_retry_after_is_a_time_or_none(value: str, date: str) -> None:
    """Never an error."""
    seconds = _retry_after(headers(Retry_After=value, Date=date))
    assert seconds is None or 0 <= seconds <= 3600


@pytest.mark.parametrize("way", ["request", "handshake"])
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(503, MAINTENANCE, Retry_After="30"), MaintenanceError),
        (answer(503, b"", Retry_After="30"), UnavailableError),
        (answer(429, {}, Retry_After="30"), RateLimitedError),
    ],
)
async def test_a_busy_server_is_not_asked_before_its_time(
    http: HttpClient, scripted: ScriptedServer, reply: Reply, kind: type[WeSmartError], way: str
) -> None:
    """The same error is raised again, with the seconds left."""
    scripted.replies(reply, answer(404))
    for seconds in (30, 20, 10):
        error = await error_of(http, scripted, way)
        assert (type(error), getattr(error, "retry_after", None)) == (kind, pytest.approx(seconds, abs=0.1))
        await asyncio.sleep(10)
    assert len(scripted.requests) == 1
    assert isinstance(await error_of(http, scripted, way), NotFoundError)


async def test_a_wait_is_of_one_path_and_of_one_account(
    http: HttpClient, aiohttp_session: ClientSession, scripted: ScriptedServer
) -> None:
    """An automation that runs wild must not stop the lights of others, nor the stream those of its own account."""
    scripted.replies(answer(429, {}, Retry_After="30"), answer(429, {}, Retry_After="30"), answer(200, {}))
    assert isinstance(await error_of(http, scripted, "request"), RateLimitedError)
    assert isinstance(await error_of(http, scripted, "handshake"), RateLimitedError)
    await send(http, scripted, path="/v1/other")
    await send(http, scripted, path="/v1/events")  # a handshake is another kind of request
    await send(HttpClient(aiohttp_session), scripted)
    assert isinstance(await error_of(http, scripted, "request"), RateLimitedError)
    assert len(scripted.requests) == 5


@pytest.mark.parametrize(
    "reply", [answer(502, {}, Retry_After="60"), answer(503, MAINTENANCE), answer(429, {}, Retry_After="0")]
)
async def test_other_failures_make_nobody_wait(http: HttpClient, scripted: ScriptedServer, reply: Reply) -> None:
    """Callers choose their own delay."""
    scripted.replies(reply)
    for _ in range(2):
        await error_of(http, scripted, "request")
    assert len(scripted.requests) == 2
