"""Authorization codes: each is good for one exchange (C-79)."""

import base64
from dataclasses import dataclass
import hashlib
import hmac
import secrets

from tests.mock_cloud.sessions import Session

CODE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """What the login page was opened with."""

    redirect_uri: str
    state: str
    code_challenge: str


@dataclass(slots=True, kw_only=True)
class Code:
    """The login that a code stands for."""

    account_id: str
    request: AuthorizationRequest
    expires_at: float
    tried: bool = False
    session: Session | None = None
    """The session that the code was exchanged for."""

    def fits(self, redirect_uri: str, verifier: str, now: float) -> bool:
        """Return whether an exchange has what the request had, in time."""
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return (
            now < self.expires_at
            and redirect_uri == self.request.redirect_uri
            and hmac.compare_digest(challenge, self.request.code_challenge)
        )


class Codes:
    """All codes that were issued, also those that are used up."""

    def __init__(self) -> None:
        self._codes: dict[str, Code] = {}

    def issue(self, account_id: str, request: AuthorizationRequest, now: float) -> str:
        """Return a new code."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = Code(account_id=account_id, request=request, expires_at=now + CODE_S)
        return code

    def find(self, code: str) -> Code | None:
        """Return what a code stands for, good or not."""
        return self._codes.get(code)
