"""The HTTP client of one account: every request and every stream goes through it, and every failure is a WeSmartError.

No redirect is followed. A Retry-After is honored without asking the server again (C-66).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession, ClientWebSocketResponse
import msgspec
from msgspec import Struct
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from .errors import (
    DECODE_ERRORS,
    AccountBlockedError,
    BusyError,
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
from .timing import REQUEST_TIMEOUT_S

# Limits in bytes after decompression: of a snapshot of 10,000 devices, of other lists, and of everything else.
SNAPSHOT_LIMIT = 16 * 2**20
LIST_LIMIT = 4 * 2**20
SMALL_BODY_LIMIT = 64 * 2**10
# Of a WebSocket message (C-7).
FRAME_LIMIT = 2**20
# Caps a wrong Retry-After (milliseconds, another year). A request an hour costs nothing.
MAX_RETRY_AFTER_S = 3600
_PROBLEM_PREFIX = "urn:wesmart:problem:"
_BUSY_ERRORS: dict[tuple[int, str], type[BusyError]] = {
    (429, ""): RateLimitedError,
    (503, "maintenance"): MaintenanceError,
    (503, ""): UnavailableError,
}


class Response(Struct, frozen=True, kw_only=True):
    """A response, read to its end; `retry_after` is in seconds."""

    status: int
    content_type: str
    body: bytes
    retry_after: float | None = None


class _Problem(Struct):
    type: str = ""


class _HandshakeRefusedError(Exception):
    """Carries the response to a refused WebSocket handshake out of aiohttp."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


async def follow_no_redirects(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Read the response to a refused WebSocket handshake, and do not follow its redirects.

    An aiohttp client middleware, because `ws_connect` follows redirects and drops the body of a refusal.
    """
    response = await handler(request)
    if response.status == 101 or request.headers.get("Upgrade", "").lower() != "websocket":
        return response
    try:
        refusal = await _read(response, SMALL_BODY_LIMIT)
    finally:
        response.close()
    raise _HandshakeRefusedError(refusal)


class HttpClient:
    """Sends the requests of one account, or of one login attempt."""

    def __init__(self, session: ClientSession) -> None:
        """Use a session that has `follow_no_redirects` in its middlewares."""
        self._session = session
        # By URL: the response that asked to wait, and until when in loop time.
        self._busy: dict[URL, tuple[float, Response]] = {}

    async def request(
        self,
        method: str,
        url: URL,
        *,
        token: str | None = None,
        json: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int,
    ) -> Response:
        """Return a 2xx or 304 response; raise a WeSmartError for any other. `json` is an encoded body."""
        all_headers = _headers(token, headers)
        if json is not None:
            all_headers["Content-Type"] = "application/json"
        response = await self._send(method, url, json, all_headers, limit)
        raise_for_problem(response, _where(method, url))
        return response

    async def post_form(self, url: URL, form: Mapping[str, str]) -> Response:
        """Return the response to a form, whatever its status: the OAuth endpoints have errors of their own."""
        return await self._send("POST", url, form, _headers(None, None), SMALL_BODY_LIMIT)

    async def connect(self, url: URL, *, token: str, query: Mapping[str, str]) -> ClientWebSocketResponse:
        """Open a WebSocket; a refused handshake raises what the same response to a request would."""
        where = _where("WebSocket", url)
        if (refusal := self._busy_response(url)) is None:
            try:
                async with _translated_failures(where):
                    return await self._session.ws_connect(
                        url.update_query(query),
                        headers=_headers(token, None),
                        max_msg_size=FRAME_LIMIT + 1,  # for aiohttp, a message of this size is too long
                        autoping=False,
                    )
            except _HandshakeRefusedError as err:
                refusal = err.response
            self._remember_if_busy(url, refusal)
        raise_for_problem(refusal, where)
        raise UnexpectedResponseError(f"{where}: {refusal.status} instead of a stream")

    async def _send(
        self, method: str, url: URL, data: bytes | Mapping[str, str] | None, headers: CIMultiDict[str], limit: int
    ) -> Response:
        if busy := self._busy_response(url):
            return busy
        async with (
            _translated_failures(_where(method, url)),
            self._session.request(method, url, data=data, headers=headers, allow_redirects=False) as aio_response,
        ):
            response = await _read(aio_response, limit if aio_response.ok else min(limit, SMALL_BODY_LIMIT))
        self._remember_if_busy(url, response)
        return response

    def _busy_response(self, url: URL) -> Response | None:
        """Return the last 429 or 503 until its Retry-After has passed, with the seconds left."""
        key = url.with_query(None)
        if (busy := self._busy.get(key)) is None:
            return None
        not_before, response = busy
        remaining = not_before - asyncio.get_running_loop().time()
        if remaining <= 0:
            del self._busy[key]
            return None
        return msgspec.structs.replace(response, retry_after=remaining)

    def _remember_if_busy(self, url: URL, response: Response) -> None:
        if response.status in (429, 503) and response.retry_after:
            not_before = asyncio.get_running_loop().time() + response.retry_after
            self._busy[url.with_query(None)] = not_before, response


def raise_for_problem(response: Response, where: str) -> None:
    """Raise the error of a response other than 2xx and 304; `where` begins its message."""
    if not 200 <= response.status < 300 and response.status != 304:
        raise _error(response, f"{where}: {response.status}")


def _error(response: Response, message: str) -> WeSmartError:
    # The status says what happened. The type of the problem tells apart what shares a status.
    problem = _problem_type(response).removeprefix(_PROBLEM_PREFIX)
    if kind := _BUSY_ERRORS.get((response.status, problem)) or _BUSY_ERRORS.get((response.status, "")):
        return kind(message, retry_after=response.retry_after)
    match response.status, problem:
        case 401, _:
            return UnauthorizedError(message)
        case 403, "account-suspended" | "account-terminated":
            return AccountBlockedError(f"{message} {problem}", terminated=problem == "account-terminated")
        case 403, "terms-not-accepted":
            return TermsNotAcceptedError(f"{message} {problem}")
        case 404, _:
            return NotFoundError(message)
        case 422, _:
            return InvalidRequestError(message)
    if 500 <= response.status < 600:
        return ServerError(message)
    redirect = ", a redirect, which is never followed" if 300 <= response.status < 400 else ""
    return UnexpectedResponseError(message + redirect)


def _problem_type(response: Response) -> str:
    """Return the type of a problem; an empty text if the body is not a problem, such as the page of a proxy.

    Nothing else of it is read: its texts may repeat what was sent, and are shown to nobody.
    """
    if response.content_type.endswith("json"):
        try:
            return msgspec.json.decode(response.body, type=_Problem).type
        except DECODE_ERRORS:
            pass
    return ""


@asynccontextmanager
async def _translated_failures(where: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            yield
    except WeSmartError, _HandshakeRefusedError:
        raise
    except TimeoutError:
        raise CloudTimeoutError(f"{where}: no response within {REQUEST_TIMEOUT_S} s") from None
    except Exception as err:  # noqa: BLE001 - of whatever kind
        # What servers send makes aiohttp and the session's middlewares raise more than ClientError and OSError: a
        # ValueError for the Location `http://[`, or an AssertionError for cut off compression. Only the name is kept:
        # the error itself holds headers with the token.
        raise CloudConnectionError(f"{where}: {type(err).__name__}") from None


def _where(method: str, url: URL) -> str:
    # Without the query, which may hold what a person searched for. A raw path has no control characters.
    return f"{method} {url.raw_path}"


def _headers(token: str | None, more: Mapping[str, str] | None) -> CIMultiDict[str]:
    headers = CIMultiDict(more or {})
    headers["Accept"] = "application/json, application/problem+json"
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return headers


async def _read(response: ClientResponse, limit: int) -> Response:
    body = bytearray()
    async for chunk in response.content.iter_chunked(2**16):
        body += chunk
        if len(body) > limit:
            response.close()
            raise UnexpectedResponseError(f"{response.url.raw_path}: a response of more than {limit} bytes")
    return Response(
        status=response.status,
        content_type=response.content_type,
        body=bytes(body),
        retry_after=_retry_after(response.headers),
    )


def _retry_after(headers: CIMultiDictProxy[str]) -> float | None:
    """Return the seconds of a Retry-After in either form (RFC 9110, 10.2.3); None if it is missing or invalid."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_RETRY_AFTER_S)
    until = _http_date(text)
    if until is None:
        return None
    # By the server's clock if it is known: ours may be hours off.
    now = _http_date(headers.get("Date", "")) or datetime.now(UTC)
    return min(max(0.0, (until - now).total_seconds()), MAX_RETRY_AFTER_S)


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
