"""Mutants of sessions and tokens."""

from collections.abc import Callable
from dataclasses import replace

from aiohttp import web
import pytest

from tests.mock_cloud import server
from tests.mock_cloud.model import Account
from tests.mock_cloud.problems import OAuthError
from tests.mock_cloud.server import Response, Server
from tests.mock_cloud.sessions import Session, Sessions, Tokens
from tests.mock_cloud.tokens import TokenEndpoint
from tests.mock_conformance.mutants.mutant import around, breaks

type Open = Callable[[Sessions, str, str, float], Tokens]
type Refresh = Callable[[Sessions, str, str, float], Tokens | Session | None]


@breaks("C-17")
def _a_login_ends_all_other_sessions(patch: pytest.MonkeyPatch) -> None:
    def opened(original: Open, self: Sessions, session_id: str, account_id: str, now: float) -> Tokens:
        for session in self.live(account_id):
            self.revoke(session)
        return original(self, session_id, account_id, now)

    around(patch, Sessions, "open", opened)


@breaks("C-17")
def _the_replaced_session_goes_on(patch: pytest.MonkeyPatch) -> None:
    def opened(original: Open, self: Sessions, session_id: str, account_id: str, now: float) -> Tokens:
        if (replaced := self.all.get(session_id)) is not None:
            self.all["kept"] = replaced
            replaced.revoked = False
        return original(self, session_id, account_id, now)

    around(patch, Sessions, "open", opened)


@breaks("C-17")
def _a_session_of_another_account_is_taken_over(patch: pytest.MonkeyPatch) -> None:
    def log_in(
        original: Callable[[TokenEndpoint, dict[str, str]], Tokens], self: TokenEndpoint, form: dict[str, str]
    ) -> Tokens:
        self._core.sessions.all.pop(form["session_id"], None)
        return original(self, form)

    around(patch, TokenEndpoint, "_log_in", log_in)


@breaks("C-18")
def _a_refresh_token_is_good_once(patch: pytest.MonkeyPatch) -> None:
    def refresh(
        original: Refresh, self: Sessions, refresh_token: str, session_id: str, now: float
    ) -> Tokens | Session | None:
        outcome = original(self, refresh_token, session_id, now)
        if isinstance(outcome, Tokens):
            self.all[session_id].void.add(refresh_token)
        return outcome

    around(patch, Sessions, "refresh", refresh)


@breaks("C-18")
def _a_voided_token_revokes_nothing(patch: pytest.MonkeyPatch) -> None:
    def refresh(
        original: Refresh, self: Sessions, refresh_token: str, session_id: str, now: float
    ) -> Tokens | Session | None:
        outcome = original(self, refresh_token, session_id, now)
        if isinstance(outcome, Session):
            outcome.revoked = False
            return None
        return outcome

    around(patch, Sessions, "refresh", refresh)


@breaks("C-18")
def _a_refresh_token_is_good_for_every_session(patch: pytest.MonkeyPatch) -> None:
    def refresh(
        original: Refresh, self: Sessions, refresh_token: str, session_id: str, now: float
    ) -> Tokens | Session | None:
        session = self.of_any_token(refresh_token)
        return original(self, refresh_token, session_id if session is None else session.id, now)

    around(patch, Sessions, "refresh", refresh)


@breaks("C-19")
def _token_responses_may_be_stored(patch: pytest.MonkeyPatch) -> None:
    def token(original: Callable[..., Response], self: Server, request: web.Request, body: bytes) -> Response:
        return replace(original(self, request, body), headers={"Cache-Control": "private"})

    around(patch, Server, "_token", token)


@breaks("C-19")
def _a_refresh_ends_the_access_tokens(patch: pytest.MonkeyPatch) -> None:
    def tokens(
        original: Callable[[Sessions, Session, str, float], Tokens], self: Sessions, session: Session, *rest: object
    ) -> Tokens:
        session.access.clear()
        return original(self, session, *rest)  # type: ignore[arg-type]  # passed on

    around(patch, Sessions, "_tokens", tokens)


@breaks("C-20")
def _an_access_token_cannot_be_revoked(patch: pytest.MonkeyPatch) -> None:
    def of_any_token(original: Callable[[Sessions, str], Session | None], self: Sessions, token: str) -> Session | None:
        session = original(self, token)
        return None if session is not None and token in session.access else session

    around(patch, Sessions, "of_any_token", of_any_token)


@breaks("C-20")
def _a_revoked_session_keeps_its_stream(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Server, "_session_ended", lambda self, session: None)


@breaks("C-21")
def _a_blocked_account_gets_no_tokens(patch: pytest.MonkeyPatch) -> None:
    def refresh(
        original: Callable[[TokenEndpoint, dict[str, str]], Tokens], self: TokenEndpoint, form: dict[str, str]
    ) -> Tokens:
        session = self._core.sessions.all[form["session_id"]]
        account: Account = self._core.world.account(session.account_id)
        if account.block is not None:
            raise OAuthError("invalid_grant", "the account is blocked")
        return original(self, form)

    around(patch, TokenEndpoint, "_refresh", refresh)


@breaks("C-49")
def _the_end_of_a_session_has_another_code(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(server, "SESSION_ENDED", 1008)


@breaks("C-49")
def _a_refresh_ends_the_stream(patch: pytest.MonkeyPatch) -> None:
    def refresh(
        original: Callable[[TokenEndpoint, dict[str, str]], Tokens], self: TokenEndpoint, form: dict[str, str]
    ) -> Tokens:
        tokens = original(self, form)
        self._on_revoked(self._core.sessions.all[form["session_id"]])
        return tokens

    around(patch, TokenEndpoint, "_refresh", refresh)
