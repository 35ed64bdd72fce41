"""The login page: username and password, then a one-time code, then the way back to Home Assistant (C-75 to C-78)."""

from collections.abc import Mapping
from dataclasses import dataclass
import hmac
import re
import secrets
from urllib.parse import parse_qsl, urlencode, urlsplit

from multidict import MultiMapping

from tests.mock_cloud.codes import AuthorizationRequest
from tests.mock_cloud.core import Core
from tests.mock_cloud.login_html import Language, login_form, message_page, one_time_code_form
from tests.mock_cloud.tokens import CLIENT_ID

MY_HOME_ASSISTANT = "https://my.home-assistant.io/redirect/oauth"
_ANY_HOME_ASSISTANT = re.compile(r"https?://[A-Za-z0-9._:\[\]-]+/auth/external/callback")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
ONE_TIME_CODE_S = 300
MAX_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page, or a redirect if there is a location."""

    status: int = 200
    html: str = ""
    location: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the response (C-78)."""
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        if self.location is not None:
            return {**headers, "Location": self.location}
        policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        return {**headers, "Content-Security-Policy": policy}


@dataclass(slots=True, kw_only=True)
class _Attempt:
    """A login whose password was right, and that waits for the one-time code."""

    account_id: str
    request: AuthorizationRequest
    one_time_code: str
    expires_at: float
    tries: int = 0


class LoginPage:
    """Answers what a browser asks of the authorization endpoint."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._attempts: dict[str, _Attempt] = {}
        self.shows_one_time_code = False
        """Whether the page itself shows the one-time code, because there is no phone."""
        self.one_time_codes: dict[str, str] = {}
        """The last one that each account was sent."""

    def respond(self, query: MultiMapping[str], body: bytes | None, accept_language: str) -> Shown:
        """Return the answer to a GET, or to the POST of a form if there is a body."""
        language: Language = "vi" if accept_language.lower().startswith("vi") else "en"
        request = _request(query)
        if not isinstance(request, AuthorizationRequest):
            return Shown(status=400, html=message_page(language, request)) if isinstance(request, str) else request
        if body is None:
            return Shown(html=login_form(language, _host(request)))
        form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
        if "cancel" in form:
            return _redirect(request.redirect_uri, error="access_denied", state=request.state)
        if "attempt" in form:
            return self._check_one_time_code(language, request, form)
        return self._check_password(language, request, form)

    def _check_password(self, language: Language, request: AuthorizationRequest, form: Mapping[str, str]) -> Shown:
        username = form.get("username", "")
        account = self._core.world.account_with_password(username, form.get("password", ""))
        if account is None:
            return Shown(html=login_form(language, _host(request), "wrong_password", username))
        one_time_code = f"{secrets.randbelow(10**6):06}"
        self.one_time_codes[account.id] = one_time_code
        key = secrets.token_urlsafe(24)
        self._attempts[key] = _Attempt(
            account_id=account.id,
            request=request,
            one_time_code=one_time_code,
            expires_at=self._core.clock() + ONE_TIME_CODE_S,
        )
        return self._ask_one_time_code(language, key)

    def _ask_one_time_code(self, language: Language, key: str, error: str | None = None) -> Shown:
        attempt = self._attempts[key]
        shown = attempt.one_time_code if self.shows_one_time_code else None
        return Shown(html=one_time_code_form(language, _host(attempt.request), key, shown, error))

    def _check_one_time_code(self, language: Language, request: AuthorizationRequest, form: Mapping[str, str]) -> Shown:
        key = form["attempt"]
        attempt = self._attempts.get(key)
        if attempt is None or attempt.request != request or self._core.clock() >= attempt.expires_at:
            return Shown(html=login_form(language, _host(request), "start_over"))
        entered = form.get("one_time_code", "").strip()
        if not hmac.compare_digest(entered.encode(), attempt.one_time_code.encode()):
            attempt.tries += 1
            if attempt.tries < MAX_TRIES:
                return self._ask_one_time_code(language, key, "wrong_one_time_code")
            del self._attempts[key]
            return Shown(html=login_form(language, _host(request), "start_over"))
        del self._attempts[key]
        code = self._core.codes.issue(attempt.account_id, request, self._core.clock())
        return _redirect(request.redirect_uri, code=code, state=request.state)


def _request(query: MultiMapping[str]) -> AuthorizationRequest | Shown | str:
    """Return the request of a URL; a redirect with the error if it is wrong; the key of a message if nothing is safe."""
    fields = dict(query)
    redirect_uri, state = fields.get("redirect_uri", ""), fields.get("state", "")
    if fields.get("client_id") != CLIENT_ID or len(query.getall("client_id")) > 1:
        return "wrong_client"
    if len(query.getall("redirect_uri", [])) != 1 or not _is_home_assistant(redirect_uri):
        return "wrong_redirect"
    error = None
    if fields.get("response_type", "code") != "code":
        error = "unsupported_response_type"
    elif (
        len(fields) != len(query)  # RFC 6749 3.1: no parameter comes twice
        or "response_type" not in fields
        or not state
        or not _CHALLENGE.fullmatch(fields.get("code_challenge", ""))
        or fields.get("code_challenge_method") != "S256"
    ):
        error = "invalid_request"
    if error is not None:
        return _redirect(redirect_uri, error=error, **({"state": state} if state else {}))
    return AuthorizationRequest(redirect_uri=redirect_uri, state=state, code_challenge=fields["code_challenge"])


def _is_home_assistant(redirect_uri: str) -> bool:
    return redirect_uri == MY_HOME_ASSISTANT or _ANY_HOME_ASSISTANT.fullmatch(redirect_uri) is not None


def _host(request: AuthorizationRequest) -> str:
    return urlsplit(request.redirect_uri).netloc


def _redirect(redirect_uri: str, **parameters: str) -> Shown:
    # Not 307, which would post the form on (RFC 9700 4.12).
    return Shown(status=303, location=f"{redirect_uri}?{urlencode(parameters)}")
