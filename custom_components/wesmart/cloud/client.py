"""The requests of an account, one method each (contract, "Account" to "Support")."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
import logging
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct
from yarl import URL

from .account import Account, Dealer, Feedback, Ticket
from .auth import Session
from .commands import Command, CommandResponse
from .decode import decode_snapshot
from .errors import (
    DECODE_ERRORS,
    BusyError,
    CloudConnectionError,
    CloudTimeoutError,
    SessionEndedError,
    UnauthorizedError,
    UnexpectedResponseError,
    WeSmartError,
)
from .http import LIST_LIMIT, SMALL_BODY_LIMIT, SNAPSHOT_LIMIT, Response
from .models import Snapshot
from .stream import EventStream

_LOGGER = logging.getLogger(__name__)

# An action gets its answer within this time, and its request is not repeated after it (C-64).
DEADLINE_S = 10
# Pause before a request is repeated, unless the server says another one.
_RETRY_S = 1
# Longer bodies are decoded in a thread. msgspec holds the GIL during a call (about 8 ms for each MiB), but a snapshot that
# has to be decoded piece by piece takes many calls, and more time.
_THREAD_LIMIT = 256 * 2**10
# Of tickets and dealers, which are decoded one by one.
_MAX_LISTED = 10_000


class _CommandRequest(Struct):
    run: str
    order: int
    commands: Sequence[Command]


class _TermsRequest(Struct):
    version: str


class _TicketsResponse(Struct):
    tickets: list[Raw]


class _DealersResponse(Struct):
    dealers: list[Raw]


class WeSmartClient:
    """Sends the requests of a logged-in account."""

    def __init__(self, session: Session) -> None:
        """Send requests with the session's token to its endpoints."""
        self.session = session

    async def account(self) -> Account:
        """Return the account; this also works while it has no access to its homes."""
        return await _decode(await self._request("GET", "account", SMALL_BODY_LIMIT), Account)

    async def accept_terms(self, version: str) -> None:
        """Accept the terms; raises InvalidRequestError if that version is not the current one."""
        body = msgspec.json.encode(_TermsRequest(version))
        await self._request("PUT", "account/terms", SMALL_BODY_LIMIT, json=body)

    async def snapshot(self, held: tuple[str, int] | None = None) -> Snapshot | None:
        """Return everything the account can see; None if nothing changed since the position `held` (epoch, seq)."""
        headers = {} if held is None else {"If-None-Match": f'"{quote(held[0], safe="")}:{held[1]}"'}
        response = await self._request("GET", "snapshot", SNAPSHOT_LIMIT, headers=headers)
        if response.status == 304 and held is not None:
            return None
        return await _in_thread_if_long(decode_snapshot, response.body)

    async def send_commands(self, run: str, order: int, commands: Sequence[Command]) -> CommandResponse:
        """Send 1-200 commands; `order` counts the requests of a run of the client."""
        body = msgspec.json.encode(_CommandRequest(run, order, commands))
        response = await _decode(await self._request("POST", "commands", LIST_LIMIT, json=body), CommandResponse)
        if len(response.results) != len(commands):
            raise UnexpectedResponseError(f"{len(response.results)} results of {len(commands)} commands")
        return response

    async def send_feedback(self, feedback: Feedback, *, idempotency_key: str) -> Ticket:
        """File feedback with the vendor, once for each key."""
        headers = {"Idempotency-Key": idempotency_key}
        body = msgspec.json.encode(feedback)
        response = await self._request("POST", "feedback", SMALL_BODY_LIMIT, json=body, headers=headers)
        return await _decode(response, Ticket)

    async def tickets(self) -> list[Ticket]:
        """Return the account's tickets, newest first, without those that are invalid."""
        response = await _decode(await self._request("GET", "feedback", LIST_LIMIT), _TicketsResponse)
        return _valid(response.tickets, Ticket)

    async def dealers(self, province: str | None = None) -> list[Dealer]:
        """Return the dealers of a province, or all, without those that are invalid."""
        url = self._url("dealers")
        if province is not None:
            url = url.with_query(province=province)
        response = await _decode(await self.session.http.request("GET", url, limit=LIST_LIMIT), _DealersResponse)
        return _valid(response.dealers, Dealer)

    async def connect(self, epoch: str, since: int) -> EventStream:
        """Open the event stream after a position; at the present if `epoch` is empty."""
        url = URL(self.session.endpoints.events_url)
        query = {"since": str(since), "epoch": epoch} if epoch else {}
        return EventStream(
            await self._authorized(lambda token: self.session.http.connect(url, token=token, query=query))
        )

    async def _request(
        self, method: str, path: str, limit: int, *, json: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        url = self._url(path)
        return await self._authorized(
            lambda token: self.session.http.request(method, url, token=token, json=json, headers=headers, limit=limit)
        )

    def _url(self, path: str) -> URL:
        return URL(f"{self.session.endpoints.api_url.rstrip('/')}/{path}")

    async def _authorized[T](self, request: Callable[[str], Awaitable[T]]) -> T:
        """Send a request with an access token, and once more with a renewed one if the first is refused."""
        token = await self.session.access_token()
        try:
            return await request(token)
        except UnauthorizedError:
            pass
        token = await self.session.renew(token)
        try:
            return await request(token)
        except UnauthorizedError:
            raise SessionEndedError("a renewed token was refused") from None


async def retry[T](request: Callable[[], Awaitable[T]]) -> T:
    """Return the response to a request, repeating it until the deadline if there is none or the server is busy.

    Raises the last error, and CloudTimeoutError if the deadline passes during a request.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DEADLINE_S
    while True:
        error: WeSmartError
        delay: float = _RETRY_S
        try:
            async with asyncio.timeout_at(deadline):
                return await request()
        except TimeoutError:
            raise CloudTimeoutError(f"no response within {DEADLINE_S} s") from None
        except CloudConnectionError as err:
            error = err
        except BusyError as err:
            error, delay = err, err.retry_after or _RETRY_S
        # By the clock, because a timeout that expires together with the request's own may get lost in it.
        if loop.time() + delay >= deadline:
            raise error
        await asyncio.sleep(delay)


async def _decode[T](response: Response, type_: type[T]) -> T:
    try:
        return await _in_thread_if_long(lambda body: msgspec.json.decode(body, type=type_), response.body)
    except DECODE_ERRORS as err:
        raise UnexpectedResponseError(f"invalid {type_.__name__} ({type(err).__name__})") from None


async def _in_thread_if_long[T](decode: Callable[[bytes], T], body: bytes) -> T:
    return decode(body) if len(body) <= _THREAD_LIMIT else await asyncio.to_thread(decode, body)


def _valid[T](raws: Sequence[Raw], type_: type[T]) -> list[T]:
    if len(raws) > _MAX_LISTED:
        raise UnexpectedResponseError(f"a list of more than {_MAX_LISTED} elements")
    decoded = []
    for raw in raws:
        try:
            decoded.append(msgspec.json.decode(raw, type=type_))
        except DECODE_ERRORS:
            _LOGGER.debug("Ignored an invalid %s", type_.__name__)
    return decoded
