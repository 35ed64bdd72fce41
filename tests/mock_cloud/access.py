"""Authentication, blocked accounts and open terms, and the account document that shows them."""

from dataclasses import dataclass

from tests.mock_cloud.core import Core
from tests.mock_cloud.model import Account, Block
from tests.mock_cloud.problems import ProblemError
from tests.mock_cloud.sessions import Session
from tests.mock_cloud.wire import Json, JsonObject

# What works while an account is blocked or has open terms (C-26).
ALWAYS_OPEN = {"/v1/account", "/v1/account/terms", "/v1/feedback", "/v1/dealers"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The session and account of a request."""

    session: Session
    account: Account


class Access:
    """Authenticates callers and refuses those who may not see their homes."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.terms_url = ""

    def authenticate(self, authorization: str | None, path: str) -> Caller:
        """Return the caller; raise ProblemError."""
        scheme, _, token = (authorization or "").partition(" ")
        session = self._core.sessions.of_access_token(token.strip(), self._core.clock())
        if scheme.lower() != "bearer" or session is None:
            raise ProblemError("unauthorized", "the access token is missing, unknown or expired")
        account = self._core.world.account(session.account_id)
        if path not in ALWAYS_OPEN:
            self._refuse_blocked(account)
        return Caller(session=session, account=account)

    def document(self, account: Account) -> JsonObject:
        """Return the wire form of an account."""
        world = self._core.world
        block = self._block(account)
        return {
            "id": account.id,
            "full_name": account.full_name,
            "email": account.email,
            "phone": account.phone,
            "access": {
                "status": block.kind if block else "active",
                "reason": block.reason if block else None,
                "until": self._timestamp(block.until if block else None),
            },
            "terms": {
                "accepted": account.terms_accepted,
                "current": world.terms_version,
                "url": self.terms_url,
                "required": world.terms_required,
            },
            "maintenance": self._maintenance(),
        }

    def _block(self, account: Account) -> Block | None:
        block = account.block
        return block if block and (block.until is None or self._core.clock() < block.until) else None

    def _maintenance(self) -> Json:
        """Return the next or present maintenance, None once it is over."""
        maintenance = self._core.world.maintenance
        if maintenance is None or (maintenance.ends_at is not None and maintenance.ends_at <= self._core.clock()):
            return None
        return {
            "starts_at": self._timestamp(maintenance.starts_at),
            "ends_at": self._timestamp(maintenance.ends_at),
        }

    def _refuse_blocked(self, account: Account) -> None:
        if block := self._block(account):
            raise ProblemError(f"account-{block.kind}", "GET /account says why")
        if self._core.world.terms_required and account.terms_accepted != self._core.world.terms_version:
            raise ProblemError("terms-not-accepted", "GET /account says which terms")

    def _timestamp(self, moment: float | None) -> Json:
        return None if moment is None else self._core.freedoms.timestamp(moment)
