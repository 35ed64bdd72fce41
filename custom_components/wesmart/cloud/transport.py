"""One way out to the cloud: no redirect is followed, and every failure leaves as one of our own exceptions."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession, ClientTimeout, ClientWSTimeout
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from .errors import CloudConnectionError, CloudTimeoutError, UnexpectedAnswerError
from .holdoff import HoldOffs
from .patience import DEADLINE_S
from .problems import Answer, raise_for_problem

# Some thousand devices; more would be nobody's home.
BODY_LIMIT = 32 * 2**20
# Contract, "Snapshot and events".
FRAME_LIMIT = 2**20
# aiohttp would wait 10 s for a dead peer to say goodbye, which is all the time Home Assistant gives an unload.
_WS_CLOSE_S = 2
_HANDSHAKE_BODY_LIMIT = 2**16
_FORM_LIMIT = 2**16


class _HandshakeRefusedError(Exception):
    """Carries the answer of a refused WebSocket handshake from inside aiohttp."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


async def keep_refusals(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Let a refused WebSocket handshake say why, and never follow where it points.

    An aiohttp client middleware: `ws_connect` itself follows redirects and throws the body of a refusal away.
    The session that is handed to the client must have it.
    """
    response = await handler(request)
    if response.status == 101 or request.headers.get("Upgrade", "").lower() != "websocket":
        return response
    try:
        answer = await _read(response, _HANDSHAKE_BODY_LIMIT)
    finally:
        response.close()
    raise _HandshakeRefusedError(answer)


class Transport:
    """Requests and streams over a session of aiohttp that has `keep_refusals` among its middlewares.

    A server that has asked to be left alone is not asked before its time: the answer is the one it gave.
    """

    def __init__(self, http: ClientSession) -> None:
        self._http = http
        self._holdoffs = HoldOffs()

    async def request(
        self,
        method: str,
        url: URL,
        *,
        token: str | None = None,
        account: str | None = None,
        json: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int = BODY_LIMIT,
    ) -> Answer:
        """Return a 2xx or 304 answer; raise the exception for anything else.

        `account` tells whoever asks from others; `json` is an encoded body; `limit` is the most bytes the body of the
        answer may have.
        """
        sent = _headers(token, headers)
        if json is not None:
            sent["Content-Type"] = "application/json"
        answer = await self._send(method, url, account, data=json, headers=sent, limit=limit)
        raise_for_problem(answer, _where(method, url))
        return answer

    async def post_form(self, url: URL, form: Mapping[str, str]) -> Answer:
        """Return the answer to a form, whatever its status: the OAuth endpoints have errors of their own."""
        return await self._send("POST", url, None, data=form, headers=_headers(None, None), limit=_FORM_LIMIT)

    async def _send(
        self,
        method: str,
        url: URL,
        account: str | None,
        *,
        data: bytes | Mapping[str, str] | None,
        headers: CIMultiDict[str],
        limit: int,
    ) -> Answer:
        if refusal := self._holdoffs.refusal(url, account):
            return refusal
        where = _where(method, url)
        try:
            async with self._http.request(
                method,
                url,
                data=data,
                headers=headers,
                allow_redirects=False,
                timeout=ClientTimeout(total=DEADLINE_S),
            ) as response:
                answer = await _read(response, limit)
        except TimeoutError:
            raise CloudTimeoutError(f"{where}: no answer within {DEADLINE_S} s") from None
        except (aiohttp.ClientError, OSError) as err:
            raise CloudConnectionError(f"{where}: {type(err).__name__}") from None
        self._holdoffs.note(url, answer, account)
        return answer

    async def connect(
        self, url: URL, *, token: str, account: str | None = None, query: Mapping[str, str]
    ) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket; a refused handshake raises what the same answer to a request would."""
        where = _where("WebSocket", url)
        if refusal := self._holdoffs.refusal(url, account):
            raise_for_problem(refusal, where)
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._http.ws_connect(
                    url.update_query(query),
                    headers=_headers(token, None),
                    timeout=ClientWSTimeout(ws_close=_WS_CLOSE_S),
                    max_msg_size=FRAME_LIMIT + 1,  # to aiohttp it is the least that is too much
                )
        except _HandshakeRefusedError as refused:
            answer = refused.answer
        except TimeoutError:
            raise CloudTimeoutError(f"{where}: no answer within {DEADLINE_S} s") from None
        except (aiohttp.ClientError, OSError) as err:
            raise CloudConnectionError(f"{where}: {type(err).__name__}") from None
        self._holdoffs.note(url, answer, account, handshake=True)
        raise_for_problem(answer, where)
        raise UnexpectedAnswerError(f"{where}: {answer.status} instead of a stream")


def _where(method: str, url: URL) -> str:
    # Never the query: it may hold what a person searched for.
    return f"{method} {url.path}"


def _headers(token: str | None, more: Mapping[str, str] | None) -> CIMultiDict[str]:
    headers = CIMultiDict(more or {})
    headers.setdefault("Accept", "application/json, application/problem+json")
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return headers


async def _read(response: ClientResponse, limit: int) -> Answer:
    body = bytearray()
    async for chunk in response.content.iter_chunked(2**16):
        body += chunk
        if len(body) > limit:
            response.close()
            raise UnexpectedAnswerError(f"{response.url.path}: an answer of more than {limit} bytes")
    return Answer(
        status=response.status,
        content_type=response.content_type,
        body=bytes(body),
        retry_after=_retry_after(response.headers),
    )


def _retry_after(headers: CIMultiDictProxy[str]) -> float | None:
    """Return the seconds of RFC 9110, 10.2.3, from either form; None where there is none or it makes no sense."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    until = _http_date(text)
    if until is None:
        return None
    # The server's own clock where it says it: ours may be hours away from it.
    now = _http_date(headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
