"""The token and revocation endpoints (contract, "Session"; RFC 6749, RFC 7009)."""

from collections.abc import Callable
from urllib.parse import parse_qsl

from tests.mock_cloud.commands import is_uuid
from tests.mock_cloud.core import Core
from tests.mock_cloud.problems import OAuthError
from tests.mock_cloud.sessions import Session, Tokens
from tests.mock_cloud.wire import JsonObject

CLIENT_ID = "home-assistant"
FORM = "application/x-www-form-urlencoded"


class TokenEndpoint:
    """Answers grants and revocations; calls `on_revoked` for every session that ends here."""

    def __init__(self, core: Core, on_revoked: Callable[[Session], None]) -> None:
        self._core = core
        self._on_revoked = on_revoked

    def grant(self, content_type: str, body: bytes) -> JsonObject:
        """Return tokens; raise OAuthError."""
        form = _form(content_type, body)
        grant_type = _field(form, "grant_type")
        if grant_type not in self._core.grants:
            raise OAuthError("unsupported_grant_type", ", ".join(self._core.grants))
        match grant_type:
            case "password":
                tokens = self._log_in(form)
            case "authorization_code":
                tokens = self._exchange(form)
            case _:
                tokens = self._refresh(form)
        self._core.on_tokens()
        return {
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "expires_in": tokens.expires_in,
            "token_type": self._core.freedoms.token_type(),
        }

    def revoke(self, content_type: str, body: bytes) -> None:
        """End the session of any of its tokens; an unknown token is no error (C-20)."""
        form = _form(content_type, body)
        session = self._core.sessions.of_any_token(_field(form, "token"))
        if session is not None:
            self._end(session)

    def _end(self, session: Session) -> None:
        if not session.revoked:
            self._core.sessions.revoke(session)
            self._on_revoked(session)

    def _log_in(self, form: dict[str, str]) -> Tokens:
        username, password = _field(form, "username"), _field(form, "password")
        session_id = _session_id(form)
        account = self._core.world.account_with_password(username, password)
        if account is None:
            raise OAuthError("invalid_grant", "wrong username or password")
        return self._open(session_id, account.id)

    def _exchange(self, form: dict[str, str]) -> Tokens:
        text, redirect_uri, verifier = (_field(form, name) for name in ("code", "redirect_uri", "code_verifier"))
        session_id = _session_id(form)
        code = self._core.codes.find(text)
        if code is not None and code.session is not None:
            # Somebody else has the code: whose session it is, nobody knows (C-79).
            self._end(code.session)
        if code is None or code.tried:
            raise OAuthError("invalid_grant", "this code is not good (any more)")
        code.tried = True
        if not code.fits(redirect_uri, verifier, self._core.clock()):
            raise OAuthError("invalid_grant", "this code is too old, or another redirect_uri's or verifier's")
        tokens = self._open(session_id, code.account_id)
        code.session = self._core.sessions.all[session_id]
        return tokens

    def _open(self, session_id: str, account_id: str) -> Tokens:
        # The id of a session of the same account ends that session (C-17).
        if (replaced := self._core.sessions.all.get(session_id)) is not None:
            if replaced.account_id != account_id:
                raise OAuthError("invalid_request", "session_id is in use")
            self._end(replaced)
        return self._core.sessions.open(session_id, account_id, self._core.clock())

    def _refresh(self, form: dict[str, str]) -> Tokens:
        token, session_id = _field(form, "refresh_token"), _session_id(form)
        outcome = self._core.sessions.refresh(token, session_id, self._core.clock())
        if isinstance(outcome, Session):
            self._on_revoked(outcome)
        if not isinstance(outcome, Tokens):
            raise OAuthError("invalid_grant", "this refresh token is not good (any more)")
        return outcome


def _form(content_type: str, body: bytes) -> dict[str, str]:
    if content_type != FORM:
        raise OAuthError("invalid_request", f"must be {FORM}")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise OAuthError("invalid_request", "not a form") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthError("invalid_request", "a field appears twice")
    if form.get("client_id") != CLIENT_ID:
        raise OAuthError("invalid_client", f"client_id must be {CLIENT_ID}")
    return form


def _field(form: dict[str, str], name: str) -> str:
    value = form.get(name, "")
    if not value:
        raise OAuthError("invalid_request", f"{name} is missing")
    return value


def _session_id(form: dict[str, str]) -> str:
    session_id = _field(form, "session_id")
    if not is_uuid(session_id):
        raise OAuthError("invalid_request", "session_id must be a UUID")
    return session_id.lower()
