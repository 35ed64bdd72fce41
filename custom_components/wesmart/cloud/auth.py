"""Login, and the tokens of a session, which are renewed when a request needs it (contract, "Session")."""

import asyncio
from collections.abc import Callable, Mapping
import logging
import random
import time
from typing import Annotated, override
import uuid

import msgspec
from msgspec import Meta, Struct
from yarl import URL

from . import timing
from .discovery import Endpoints
from .errors import (
    DECODE_ERRORS,
    InvalidCodeError,
    InvalidCredentialsError,
    SessionEndedError,
    UnexpectedResponseError,
    WeSmartError,
)
from .http import HttpClient, Response, raise_for_problem

_LOGGER = logging.getLogger(__name__)

# A public client, without a secret (C-76).
CLIENT_ID = "home-assistant"
# A server that does not respond delays the removal of an account by no more than this (C-71).
CLOSE_TIMEOUT_S = 5


class Tokens(Struct, frozen=True, kw_only=True):
    """The tokens of a session; `expires_at` is Unix time by our own clock."""

    session_id: str
    access_token: str
    refresh_token: str
    expires_at: float

    @override
    def __repr__(self) -> str:
        return "Tokens(…)"


# RFC 6749, appendix A: printable ASCII. aiohttp refuses to send some of the rest in a header.
type _Token = Annotated[str, Meta(pattern=r"^[ -~]+\Z")]


class _TokenResponse(Struct):
    access_token: _Token
    refresh_token: _Token
    expires_in: Annotated[float, Meta(gt=0)]
    token_type: str


class _Error(Struct):
    error: str


async def log_in(
    http: HttpClient,
    endpoints: Endpoints,
    username: str,
    password: str,
    *,
    clock: Callable[[], float] = time.time,
) -> Tokens:
    """Open a new session of an account; `clock` is Unix time, the same as the one of the `Session`.

    Raises InvalidCredentialsError, and what a request raises.
    """
    session_id = str(uuid.uuid4())
    grant = {"grant_type": "password", "username": username, "password": password, "session_id": session_id}
    response = await _request_tokens(http, endpoints, grant)
    # RFC 6749, 5.2: a wrong password is `invalid_grant`, for which some servers respond with 401.
    if _is_invalid_grant(response) or response.status == 401:
        raise InvalidCredentialsError("the username or the password is wrong")
    return _decode(response, session_id, clock)


async def exchange_code(
    http: HttpClient,
    endpoints: Endpoints,
    code: str,
    verifier: str,
    redirect_uri: str,
    *,
    clock: Callable[[], float] = time.time,
) -> Tokens:
    """Open a new session with a code of the server's login page (RFC 6749, 4.1.3; RFC 7636); `clock` is as in `log_in`.

    Raises InvalidCodeError, and what a request raises.
    """
    session_id = str(uuid.uuid4())
    grant = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
        "session_id": session_id,
    }
    response = await _request_tokens(http, endpoints, grant)
    if _is_invalid_grant(response):
        raise InvalidCodeError("the code of the login page is not accepted")
    return _decode(response, session_id, clock)


class Session:
    """A session at a server: its endpoints, and tokens that are kept valid."""

    def __init__(
        self,
        http: HttpClient,
        endpoints: Endpoints,
        tokens: Tokens,
        *,
        on_tokens: Callable[[Tokens], None] = lambda _tokens: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Use `tokens`; `on_tokens` gets renewed ones before they are used, to store them. `clock` is Unix time."""
        self.http = http
        self.endpoints = endpoints
        self.tokens = tokens
        self._on_tokens = on_tokens
        self._clock = clock
        self._renewal: asyncio.Task[Tokens] | None = None
        self._renew_at = self._renewal_time()

    @property
    def id(self) -> str:
        """Return the ID of the session."""
        return self.tokens.session_id

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what nobody may read."""
        return self.tokens.access_token, self.tokens.refresh_token

    async def access_token(self) -> str:
        """Return a valid access token. Raises SessionEndedError, and what a request raises."""
        tokens = self.tokens
        if self._clock() < self._renew_at:
            return tokens.access_token
        try:
            return await self.renew(tokens.access_token)
        except SessionEndedError:
            raise
        except WeSmartError:
            if self._clock() < tokens.expires_at:
                self._renew_at = self._renewal_time()
                return tokens.access_token
            raise

    async def renew(self, refused: str) -> str:
        """Return an access token other than the one that the server refused."""
        if self.tokens.access_token != refused:
            return self.tokens.access_token
        renewal = self._renewal
        if renewal is None:
            renewal = self._renewal = asyncio.create_task(self._renew(), name="WeSMART token renewal")
            renewal.add_done_callback(self._handle_renewal_done)
        # A cancelled caller must not cancel it for the others, and for the next start. (A shield would log the error of
        # a renewal whose callers are all cancelled.)
        await asyncio.wait([renewal])
        return renewal.result().access_token

    async def close(self) -> None:
        """Wait at most 5 s for a renewal that is under way, so that its tokens are stored.

        A renewal that takes longer goes on: if it was cancelled, tokens that the server has issued would be lost.
        """
        if self._renewal is not None:
            await asyncio.wait([self._renewal], timeout=CLOSE_TIMEOUT_S)

    async def revoke(self) -> None:
        """End the session at the server (RFC 7009); failures are only logged."""
        form = {"client_id": CLIENT_ID, "token": self.tokens.refresh_token, "token_type_hint": "refresh_token"}
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                response = await self.http.post_form(URL(self.endpoints.revocation_endpoint), form)
                raise_for_problem(response, "revocation")
        except (WeSmartError, TimeoutError) as err:
            _LOGGER.debug("The session was not revoked: %s", err or type(err).__name__)

    async def _renew(self) -> Tokens:
        tokens = self.tokens
        grant = {
            "grant_type": "refresh_token",
            "refresh_token": tokens.refresh_token,
            "session_id": tokens.session_id,
        }
        response = await _request_tokens(self.http, self.endpoints, grant)
        if _is_invalid_grant(response):
            raise SessionEndedError("the session has ended")
        self.tokens = _decode(response, tokens.session_id, self._clock)
        self._renew_at = self._renewal_time()
        try:
            self._on_tokens(self.tokens)
        except Exception:
            # They are valid all the same, and the stored ones can be used once more.
            _LOGGER.exception("Renewed tokens could not be stored")
        return self.tokens

    def _renewal_time(self) -> float:
        return timing.renewal_time(self._clock(), self.tokens.expires_at, random.random())

    def _handle_renewal_done(self, renewal: asyncio.Task[Tokens]) -> None:
        self._renewal = None
        if not renewal.cancelled():
            renewal.exception()  # retrieved, because all callers may have been cancelled


async def _request_tokens(http: HttpClient, endpoints: Endpoints, grant: Mapping[str, str]) -> Response:
    return await http.post_form(URL(endpoints.token_endpoint), {"client_id": CLIENT_ID, **grant})


def _is_invalid_grant(response: Response) -> bool:
    if response.status not in (400, 401):
        return False
    try:
        return msgspec.json.decode(response.body, type=_Error).error == "invalid_grant"
    except DECODE_ERRORS:
        return False


def _decode(response: Response, session_id: str, clock: Callable[[], float]) -> Tokens:
    if response.status in (400, 401):
        # RFC 6749, 5.2: errors other than `invalid_grant` are mistakes of the client or the server.
        raise UnexpectedResponseError(f"token: {response.status}")
    raise_for_problem(response, "token")
    try:
        tokens = msgspec.json.decode(response.body, type=_TokenResponse)
    except DECODE_ERRORS:
        raise UnexpectedResponseError("token: invalid response") from None
    if tokens.token_type.lower() != "bearer":
        raise UnexpectedResponseError("token: not of the type Bearer")
    return Tokens(
        session_id=session_id,
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_at=clock() + tokens.expires_in,
    )
