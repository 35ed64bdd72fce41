"""The account's session: tokens that are renewed when a request needs it, once for all who wait (contract, "Session")."""

import asyncio
from collections.abc import Callable, Mapping
import logging
import time
from typing import Annotated, override
import uuid

import msgspec
from msgspec import Meta, Struct
from yarl import URL

from .discovery import Endpoints
from .errors import DECODE_ERRORS, InvalidCredentialsError, SessionEndedError, UnexpectedAnswerError, WeSmartError
from .problems import Answer, raise_for_problem
from .transport import Transport

_LOGGER = logging.getLogger(__name__)

_CLIENT_ID = "home-assistant"
# A token is renewed this long before it expires: longer than a request may take, so that none arrives with an old one.
_EXPIRY_MARGIN_S = 60
# Removing an entry does not wait longer for a cloud that does not answer (contract, "Session").
REVOKE_TIMEOUT_S = 5


class Tokens(Struct, frozen=True, kw_only=True):
    """What a login gives; `expires_at` is Unix time on our own clock."""

    session_id: str
    access_token: str
    refresh_token: str
    expires_at: float

    @override
    def __repr__(self) -> str:
        return "Tokens(…)"


# RFC 6749, appendix A: visible ASCII. Anything else has no place in a header, and aiohttp refuses to send some of it.
type _Token = Annotated[str, Meta(pattern=r"^[!-~]+\Z")]


class _WireTokens(Struct):
    access_token: _Token
    refresh_token: _Token
    expires_in: Annotated[float, Meta(gt=0)]
    token_type: str


class _WireError(Struct):
    error: str


async def log_in(
    transport: Transport,
    endpoints: Endpoints,
    username: str,
    password: str,
    *,
    clock: Callable[[], float] = time.time,
) -> Tokens:
    """Open a new session, beside any the account has; `clock` is the one that a `Session` will measure with.

    Raises InvalidCredentialsError, BusyError and the transport's errors.
    """
    session_id = str(uuid.uuid4())
    grant = {"grant_type": "password", "username": username, "password": password, "session_id": session_id}
    answer = await _grant(transport, endpoints, grant)
    # RFC 6749, 5.2: invalid_grant is a wrong password; some servers answer 401 to the same.
    if _refused_grant(answer) or answer.status == 401:
        raise InvalidCredentialsError("the user name or the password is wrong")
    return _decode(answer, session_id, clock)


async def revoke(transport: Transport, endpoints: Endpoints, tokens: Tokens) -> None:
    """End a session in the cloud (RFC 7009); what goes wrong is not the caller's concern any more."""
    form = {"client_id": _CLIENT_ID, "token": tokens.refresh_token, "token_type_hint": "refresh_token"}
    try:
        async with asyncio.timeout(REVOKE_TIMEOUT_S):
            answer = await transport.post_form(URL(endpoints.revocation_endpoint), form)
            raise_for_problem(answer, "revocation")
    except (WeSmartError, TimeoutError) as err:
        _LOGGER.debug("A session was not revoked: %s", err or type(err).__name__)


class Session:
    """Keeps a session's tokens good, and says where they are good for."""

    def __init__(
        self,
        transport: Transport,
        endpoints: Endpoints,
        tokens: Tokens,
        *,
        on_tokens: Callable[[Tokens], None] = lambda _tokens: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Keep `tokens`; `on_tokens` is called with new ones before they are used, to save them; `clock` is Unix time."""
        self.transport = transport
        self.endpoints = endpoints
        self.tokens = tokens
        self._on_tokens = on_tokens
        self._clock = clock
        self._renewal: asyncio.Task[Tokens] | None = None

    @property
    def id(self) -> str:
        """Return what the cloud knows it by."""
        return self.tokens.session_id

    def use(self, endpoints: Endpoints) -> None:
        """Find the cloud elsewhere from now on; a stream that is open stays where it is."""
        self.endpoints = endpoints

    async def access_token(self) -> str:
        """Return an access token that is good for now. Raises SessionEndedError and what a request raises."""
        tokens = self.tokens
        if self._clock() < tokens.expires_at - _EXPIRY_MARGIN_S:
            return tokens.access_token
        try:
            return await self.renew(tokens.access_token)
        except SessionEndedError:
            raise
        except WeSmartError:
            # The margin is for this: what cannot be renewed at the moment is still good.
            if self._clock() < tokens.expires_at:
                return tokens.access_token
            raise

    async def renew(self, refused: str) -> str:
        """Return an access token other than the one the cloud refused."""
        if self.tokens.access_token != refused:
            return self.tokens.access_token
        renewal = self._renewal
        if renewal is None:
            renewal = self._renewal = asyncio.create_task(self._renew(), name="WeSMART token renewal")
            renewal.add_done_callback(self._renewed)
        # Only waited for: a caller that is cancelled must not lose the answer for the others, or for the next start.
        # (A shield would report a failure that nobody is left to hear of as an error.)
        await asyncio.wait([renewal])
        return renewal.result().access_token

    async def close(self) -> None:
        """Wait for a renewal that is under way, so that what the cloud answers is saved; at most 5 s.

        A renewal that takes longer goes on: cancelling it would lose tokens that the cloud may be about to send.
        """
        if self._renewal is not None:
            await asyncio.wait([self._renewal], timeout=REVOKE_TIMEOUT_S)

    async def revoke(self) -> None:
        """End the session in the cloud; see `revoke`. A renewal that is under way cannot bring it back."""
        await revoke(self.transport, self.endpoints, self.tokens)

    async def _renew(self) -> Tokens:
        tokens = self.tokens
        grant = {
            "grant_type": "refresh_token",
            "refresh_token": tokens.refresh_token,
            "session_id": tokens.session_id,
        }
        answer = await _grant(self.transport, self.endpoints, grant)
        if _refused_grant(answer):
            raise SessionEndedError("the session is over")
        self.tokens = _decode(answer, tokens.session_id, self._clock)
        self._on_tokens(self.tokens)
        return self.tokens

    def _renewed(self, renewal: asyncio.Task[Tokens]) -> None:
        self._renewal = None
        # Every caller may have been cancelled: then nobody else asks for it.
        if not renewal.cancelled() and (err := renewal.exception()) and not isinstance(err, WeSmartError):
            _LOGGER.error("Renewed tokens could not be kept", exc_info=err)


async def _grant(transport: Transport, endpoints: Endpoints, grant: Mapping[str, str]) -> Answer:
    return await transport.post_form(URL(endpoints.token_endpoint), {"client_id": _CLIENT_ID, **grant})


def _refused_grant(answer: Answer) -> bool:
    if answer.status not in (400, 401):
        return False
    try:
        return msgspec.json.decode(answer.body, type=_WireError).error == "invalid_grant"
    except DECODE_ERRORS:
        return False


def _decode(answer: Answer, session_id: str, clock: Callable[[], float]) -> Tokens:
    if answer.status in (400, 401):
        # RFC 6749, 5.2: any error but invalid_grant is a mistake of ours or of the server, and no reason to log in.
        raise UnexpectedAnswerError(f"token: {answer.status}")
    raise_for_problem(answer, "token")
    try:
        wire = msgspec.json.decode(answer.body, type=_WireTokens)
    except DECODE_ERRORS:
        raise UnexpectedAnswerError("token: an answer that makes no sense") from None
    if wire.token_type.lower() != "bearer":
        raise UnexpectedAnswerError(f"token: of the type {wire.token_type[:20]}")
    return Tokens(
        session_id=session_id,
        access_token=wire.access_token,
        refresh_token=wire.refresh_token,
        expires_at=clock() + wire.expires_in,
    )
