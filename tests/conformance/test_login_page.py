"""The login page and its codes, if the server offers them (contract, "Session")."""

import asyncio
import base64
import hashlib
import secrets
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from yarl import URL

from tests.conformance.conftest import Sessions
from tests.conformance.server import CLIENT_ID, Answer, Server, Session, new_id
from tests.conformance.target import Target

CALLBACK = "/auth/external/callback"
HOME_ASSISTANT = f"http://192.168.1.20:8123{CALLBACK}"
MY_HOME_ASSISTANT = "https://my.home-assistant.io/redirect/oauth"
STATE = "s&1=ế"
# How often a page may redirect before it is there.
REDIRECTS = 5
# How long a code is good (C-79).
CODE_S = 60


@pytest.fixture(autouse=True)
def login_page(server: Server) -> None:
    """Skip the tests of a page that is not offered."""
    if "authorization_code" not in server.discovery["grant_types_supported"]:
        pytest.skip("the server offers no login page")


def challenge(verifier: str) -> str:
    """Return the challenge of a verifier (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def page_url(server: Server, verifier: str = "", **changes: str) -> str:
    """Return the URL of the page; a parameter that is changed to "" is left out."""
    parameters = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": MY_HOME_ASSISTANT,
        "state": STATE,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
        **changes,
    }
    query = {name: value for name, value in parameters.items() if value}
    return str(URL(server.discovery["authorization_endpoint"]).with_query(query))


async def visit(server: Server, url: str) -> Answer:
    """Open the page; follow its redirects within the server, and none to Home Assistant."""
    for _ in range(REDIRECTS):
        answer = await server.request("GET", url, checked=False)
        location = answer.headers.get("Location", "")
        if not location or CALLBACK in location or location.startswith(MY_HOME_ASSISTANT):
            return answer
        url = str(URL(url).join(URL(location)))
    raise AssertionError(f"the page redirects more than {REDIRECTS} times")


def returned(location: str) -> dict[str, str]:
    """Return the parameters that a redirect carries."""
    return dict(parse_qsl(urlsplit(location).query))


@pytest.mark.rule("C-75")
async def test_the_document_says_how_to_log_in(server: Server) -> None:
    """By password, on the page, or both; the page has its URL there."""
    grants = server.discovery["grant_types_supported"]
    assert "refresh_token" in grants
    assert "authorization_endpoint" in server.discovery
    answer = await visit(server, page_url(server))
    assert (answer.status, answer.content_type) == (200, "text/html")
    answer = await server.form("token_endpoint", {"grant_type": "password", "username": "x", "password": "x"})
    assert (answer.problem != "unsupported_grant_type") is ("password" in grants)


@pytest.mark.rule("C-76")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "x" * 54}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
    ],
    ids=["no challenge", "no hash", "no method", "plain", "token", "no type"],
)
async def test_a_request_without_a_good_challenge_is_refused(
    server: Server, changes: dict[str, str], error: str
) -> None:
    """By a redirect, with the state unchanged."""
    answer = await visit(server, page_url(server, **changes))
    assert answer.status in {302, 303}
    assert answer.headers["Location"].startswith(f"{MY_HOME_ASSISTANT}?")
    found = returned(answer.headers["Location"])
    assert (found.get("error"), found.get("state")) == (error, STATE)


@pytest.mark.rule("C-76")
async def test_a_request_without_a_state_or_with_two_is_refused(server: Server) -> None:
    """RFC 6749, 3.1: no parameter comes twice."""
    for url in (page_url(server, state=""), f"{page_url(server)}&state=other"):
        answer = await visit(server, url)
        assert answer.status in {302, 303}
        assert returned(answer.headers["Location"]).get("error") == "invalid_request"


@pytest.mark.rule("C-77")
@pytest.mark.parametrize("redirect_uri", [MY_HOME_ASSISTANT, HOME_ASSISTANT, f"https://[fd00::1]{CALLBACK}"])
async def test_any_home_assistant_can_be_returned_to(server: Server, redirect_uri: str) -> None:
    """By its redirect service, or directly."""
    assert (await visit(server, page_url(server, redirect_uri=redirect_uri))).status == 200


@pytest.mark.rule("C-77")
@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"client_id": ""},
        {"redirect_uri": ""},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": f"https://evil.example{CALLBACK}/"},
        {"redirect_uri": f"https://evil.example{CALLBACK}?a=b"},
        {"redirect_uri": f"https://evil.example{CALLBACK}#a"},
        {"redirect_uri": f"https://home.example@evil.example{CALLBACK}"},
        {"redirect_uri": f"https://home.example\\@evil.example{CALLBACK}"},
        {"redirect_uri": f"https://{CALLBACK}"},
        {"redirect_uri": f"javascript://home.example{CALLBACK}"},
        {"redirect_uri": f"{MY_HOME_ASSISTANT}?a=b"},
        {"redirect_uri": "https://my.home-assistant.io.evil.example/redirect/oauth"},
        {"redirect_uri": "http://my.home-assistant.io/redirect/oauth"},
    ],
    ids=lambda changes: next(iter(changes.values())) or "none",
)
async def test_nobody_else_can_be_returned_to(server: Server, changes: dict[str, str]) -> None:
    """400 with a page, and no redirect."""
    answer = await visit(server, page_url(server, **changes))
    assert (answer.status, answer.headers.get("Location")) == (400, None)


@pytest.mark.rule("C-77")
@pytest.mark.parametrize(("name", "value"), [("redirect_uri", MY_HOME_ASSISTANT), ("client_id", CLIENT_ID)])
async def test_a_parameter_that_comes_twice_is_returned_to_nowhere(server: Server, name: str, value: str) -> None:
    """Nobody knows which one is meant."""
    answer = await visit(server, f"{page_url(server)}&{urlencode({name: value})}")
    assert (answer.status, answer.headers.get("Location")) == (400, None)


@pytest.mark.rule("C-78")
@pytest.mark.parametrize("changes", [{}, {"code_challenge_method": "plain"}], ids=["page", "redirect"])
async def test_the_page_is_not_stored_and_not_shown_in_a_frame(server: Server, changes: dict[str, str]) -> None:
    """A redirect is 302 or 303: no other lets a browser send the password on."""
    answer = await visit(server, page_url(server, **changes))
    assert "no-store" in answer.headers.get("Cache-Control", "")
    if changes:
        assert answer.status in {302, 303}
    else:
        assert "frame-ancestors" in answer.headers.get("Content-Security-Policy", "")


async def log_in(server: Server, verifier: str) -> str:
    """Log in on the page, and return the code; skip the test if nobody does."""
    log_in_on_page = server.target.log_in_on_page
    if log_in_on_page is None:
        pytest.skip("somebody has to log in on the page: --page")
    found = returned(await log_in_on_page(page_url(server, verifier)))
    assert found.get("state") == STATE
    return found["code"]


async def exchange(session: Session, code: str, verifier: str, **changes: str) -> Answer:
    """Exchange a code for tokens."""
    form = {"code": code, "code_verifier": verifier, "redirect_uri": MY_HOME_ASSISTANT, **changes}
    return await session.exchange(form)


def is_void(answer: Answer) -> bool:
    """Return whether a code is not good."""
    return answer.status == 400 and answer.problem == "invalid_grant"


@pytest.mark.rule("C-79")
async def test_an_invented_code_is_not_good(server: Server, target: Target) -> None:
    """It is `invalid_grant`."""
    assert is_void(await exchange(Session(server, target.login), "invented", secrets.token_urlsafe(48)))


@pytest.mark.rule("C-79")
async def test_a_code_that_comes_twice_ends_its_session(server: Server, target: Target, sessions: Sessions) -> None:
    """Until then, that is a session like any other."""
    session, verifier = sessions.add(Session(server, target.login)), secrets.token_urlsafe(48)
    code = await log_in(server, verifier)
    assert (await exchange(session, code, verifier)).status == 200
    assert await session.works()
    assert (await session.refresh()).status == 200
    assert is_void(await exchange(session, code, verifier, session_id=new_id()))
    assert not await session.works()


@pytest.mark.rule("C-79")
@pytest.mark.parametrize("changes", [{"code_verifier": "x" * 64}, {"redirect_uri": HOME_ASSISTANT}])
async def test_a_code_is_void_after_a_wrong_attempt(
    server: Server, target: Target, sessions: Sessions, changes: dict[str, str]
) -> None:
    """With another verifier or another address."""
    session, verifier = sessions.add(Session(server, target.login)), secrets.token_urlsafe(48)
    code = await log_in(server, verifier)
    assert is_void(await exchange(session, code, verifier, **changes))
    assert is_void(await exchange(session, code, verifier))


@pytest.mark.rule("C-79")
async def test_a_code_is_void_after_a_minute(server: Server, target: Target, sessions: Sessions) -> None:
    """Also with everything else right."""
    session, verifier = sessions.add(Session(server, target.login)), secrets.token_urlsafe(48)
    code = await log_in(server, verifier)
    await asyncio.sleep(CODE_S + 1)
    assert is_void(await exchange(session, code, verifier))
