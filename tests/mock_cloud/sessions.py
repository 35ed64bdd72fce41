"""Sessions and their tokens: expiry, and rotation without a clock (contract, "Session")."""

from dataclasses import dataclass, field
import secrets

from tests.mock_cloud.wire import JsonObject

ACCESS_TOKEN_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandMemory:
    """The last command request that was carried out; `commands` is canonical JSON."""

    run: str
    order: int
    commands: str
    response: JsonObject


@dataclass(slots=True, kw_only=True)
class Session:
    """The session of a login."""

    id: str
    account_id: str
    used: str
    """The refresh token used last (or the first one): good until `successor` has been used."""
    successor: str | None = None
    """Issued for `used` and not used itself yet."""
    void: set[str] = field(default_factory=set)
    """Replaced refresh tokens: using one revokes the session."""
    access: dict[str, float] = field(default_factory=dict)
    """Access tokens and when (Unix time) they expire."""
    revoked: bool = False
    last_request: CommandMemory | None = None
    followed_runs: dict[str, float] = field(default_factory=dict)
    """Runs that another has followed, and when (Unix time)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens of a response."""

    access_token: str
    refresh_token: str
    expires_in: int


class Sessions:
    """All sessions, by id and by token."""

    def __init__(self) -> None:
        self.all: dict[str, Session] = {}

    def open(self, session_id: str, account_id: str, now: float) -> Tokens:
        """Open a session; one of the same id is forgotten."""
        session = Session(id=session_id, account_id=account_id, used=secrets.token_urlsafe(24))
        self.all[session_id] = session
        return self._tokens(session, session.used, now)

    def refresh(self, refresh_token: str, session_id: str, now: float) -> Tokens | Session | None:
        """Return new tokens, the session that this request revoked, or None for an unknown token.

        A token stays good until its successor has itself been used; asking again voids the unused successor; any
        older or voided token revokes the session.
        """
        session = self.all.get(session_id)
        if session is None or session.revoked:
            return None
        if refresh_token in session.void:
            self.revoke(session)
            return session
        if refresh_token == session.successor:
            session.void.add(session.used)
            session.used = refresh_token
        elif refresh_token != session.used:
            return None
        elif session.successor is not None:
            session.void.add(session.successor)
        session.successor = secrets.token_urlsafe(24)
        return self._tokens(session, session.successor, now)

    def of_access_token(self, token: str, now: float) -> Session | None:
        """Return the live session of an access token that has not expired."""
        for session in self.all.values():
            if token in session.access and not session.revoked and now < session.access[token]:
                return session
        return None

    def of_any_token(self, token: str) -> Session | None:
        """Return the session of a token, valid or not."""
        for session in self.all.values():
            if token in session.access or token in session.void or token in {session.used, session.successor}:
                return session
        return None

    def revoke(self, session: Session) -> None:
        """End a session with all its tokens."""
        session.revoked = True

    def live(self, account_id: str) -> list[Session]:
        """Return the sessions of an account that were not revoked."""
        return [session for session in self.all.values() if session.account_id == account_id and not session.revoked]

    def _tokens(self, session: Session, refresh_token: str, now: float) -> Tokens:
        session.access = {token: expires for token, expires in session.access.items() if now < expires}
        access_token = secrets.token_urlsafe(24)
        session.access[access_token] = now + ACCESS_TOKEN_S
        return Tokens(access_token=access_token, refresh_token=refresh_token, expires_in=ACCESS_TOKEN_S)
