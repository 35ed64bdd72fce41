"""Everything a logged-in account can ask the cloud for, a method each (contract, "Problems" to "Support")."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from urllib.parse import quote

import msgspec
from msgspec import Struct
from yarl import URL

from .commands import Command, CommandResult
from .errors import DECODE_ERRORS, NotFoundError, SessionEndedError, UnauthorizedError, UnexpectedAnswerError
from .feedback import Feedback
from .models import Account, Dealer, Position, Ticket
from .problems import Answer
from .session import Session
from .stream import EventStream
from .wire_home import Snapshot, decode_snapshot


class _CommandBody(Struct):
    order: int
    commands: Sequence[Command]


class _ResultBody(Struct):
    results: list[CommandResult]


class _TermsBody(Struct):
    version: str


class _TicketsBody(Struct):
    tickets: list[Ticket]


class _DealersBody(Struct):
    dealers: list[Dealer]


class WeSmartClient:
    """The cloud as one logged-in account sees it."""

    def __init__(self, session: Session, *, on_not_found: Callable[[], None] = lambda: None) -> None:
        """Ask in the name of `session`, and where it says.

        `on_not_found` is called when the cloud does not know a path: its endpoints may have moved.
        """
        self.session = session
        self._on_not_found = on_not_found

    async def account(self) -> Account:
        """Return the profile and the terms; works while the account is blocked, too."""
        return _decode(await self._request("GET", "account"), Account)

    async def accept_terms(self, version: str) -> None:
        """Accept the terms of that version; raises InvalidRequestError when they have changed meanwhile."""
        await self._request("PUT", "account/terms", json=msgspec.json.encode(_TermsBody(version)))

    async def snapshot(self, held: Position | None = None) -> Snapshot | None:
        """Return everything the account can see; None when that is what is held."""
        headers = None if held is None else {"If-None-Match": entity_tag(held)}
        answer = await self._request("GET", "snapshot", headers=headers)
        return None if answer.status == 304 and held is not None else decode_snapshot(answer.body)

    async def send_commands(self, order: int, commands: Sequence[Command]) -> list[CommandResult]:
        """Send 1-200 commands as one request; `order` rises from one request to the next."""
        body = msgspec.json.encode(_CommandBody(order, commands))
        return _decode(await self._request("POST", "commands", json=body), _ResultBody).results

    async def send_feedback(self, feedback: Feedback, *, idempotency_key: str) -> Ticket:
        """File feedback with the vendor; the same key files it once, however often it is sent."""
        headers = {"Idempotency-Key": idempotency_key}
        return _decode(
            await self._request("POST", "feedback", json=msgspec.json.encode(feedback), headers=headers), Ticket
        )

    async def tickets(self) -> list[Ticket]:
        """Return the account's tickets, newest first; works while the account is blocked, too."""
        return _decode(await self._request("GET", "feedback"), _TicketsBody).tickets

    async def dealers(self, province: str | None = None) -> list[Dealer]:
        """Return the dealers of a province, however it is spelled, or of all; nobody has to be logged in for that."""
        url = self._url("dealers")
        answer = await self.session.transport.request(
            "GET", url if province is None else url.with_query(province=province)
        )
        return _decode(answer, _DealersBody).dealers

    async def connect(self, held: Position) -> EventStream:
        """Open the event stream behind what is held."""
        query = {"since": str(held.seq), "epoch": held.epoch}
        url = URL(self.session.endpoints.events_url)
        return EventStream(
            await self._authorized(
                lambda token: self.session.transport.connect(url, token=token, account=self.session.id, query=query)
            )
        )

    async def _request(
        self, method: str, path: str, *, json: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        url = self._url(path)
        return await self._authorized(
            lambda token: self.session.transport.request(
                method, url, token=token, account=self.session.id, json=json, headers=headers
            )
        )

    def _url(self, path: str) -> URL:
        return URL(f"{self.session.endpoints.api_url.rstrip('/')}/{path}")

    async def _authorized[T](self, attempt: Callable[[str], Awaitable[T]]) -> T:
        try:
            return await self._with_good_token(attempt)
        except NotFoundError:
            self._on_not_found()
            raise

    async def _with_good_token[T](self, attempt: Callable[[str], Awaitable[T]]) -> T:
        """Return what comes of an attempt with an access token; with a new one where the first is refused."""
        token = await self.session.access_token()
        with suppress(UnauthorizedError):
            return await attempt(token)
        token = await self.session.renew(token)
        try:
            return await attempt(token)
        except UnauthorizedError:
            raise SessionEndedError("a new token was refused, too") from None


def entity_tag(position: Position) -> str:
    """Return the `ETag` of a position (contract, "Snapshot and events"): what is held now, events included."""
    return f'"{quote(position.epoch, safe="")}:{position.seq}"'


def _decode[T](answer: Answer, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=type_)
    except DECODE_ERRORS as err:
        raise UnexpectedAnswerError(f"{type_.__name__}: an answer that makes no sense ({type(err).__name__})") from None
