"""Who may come in: bearer, blocks and open terms, in the contract's order of precedence ("Problems")."""

from dataclasses import dataclass

from tests.mock_cloud.core import Core
from tests.mock_cloud.model import Account
from tests.mock_cloud.problems import ProblemError
from tests.mock_cloud.sessions import Session
from tests.mock_cloud.wire import JsonObject

# What a blocked user can still do: read, accept and complain.
ALWAYS_OPEN = {"/v1/account", "/v1/account/terms", "/v1/feedback", "/v1/dealers"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sent a request."""

    session: Session
    account: Account


class Access:
    """Admits callers."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.terms_url = ""

    def admit(self, authorization: str | None, path: str) -> Caller:
        """Return who calls; raise ProblemError."""
        scheme, _, token = (authorization or "").partition(" ")
        session = self._core.sessions.of_access_token(token.strip(), self._core.clock())
        if scheme.lower() != "bearer" or session is None:
            raise ProblemError("unauthorized", "the access token is missing, unknown or expired")
        account = self._core.world.account(session.account_id)
        if path not in ALWAYS_OPEN:
            self._refuse_blocked(account)
        return Caller(session=session, account=account)

    def terms(self, account: Account) -> JsonObject:
        """Return the terms as an account sees them."""
        return {
            "accepted": account.terms_accepted,
            "current": self._core.world.terms_version,
            "url": self.terms_url,
        }

    def _refuse_blocked(self, account: Account) -> None:
        block = account.block
        if block is not None and (block.until is None or self._core.clock() < block.until):
            until = None if block.until is None else self._core.freedoms.timestamp(block.until)
            raise ProblemError(f"account-{block.kind}", "call the hotline", reason=block.reason, until=until)
        if self._core.world.terms_required and account.terms_accepted != self._core.world.terms_version:
            raise ProblemError("terms-not-accepted", "read and accept the terms", terms=self.terms(account))
