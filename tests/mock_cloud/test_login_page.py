"""The login page and its codes (C-75 to C-79), beyond what tests/conformance sees of them."""

import asyncio
import base64
from collections.abc import AsyncIterator
import hashlib
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import ClientResponse, ClientSession
import pytest

from tests.form_browser import Browser
from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, PASSWORD, QUOC_BAO, Client

VERIFIER = "nha-minh-o-ha-noi-" * 3
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
REQUEST = {
    "response_type": "code",
    "client_id": "home-assistant",
    "redirect_uri": "http://192.168.1.20:8123/auth/external/callback",
    "state": "s&1=ế",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture(autouse=True)
def offer_the_page(cloud: MockCloud) -> None:
    """Offer the login page, and no password."""
    cloud.login = "code"


@pytest.fixture
async def browser(cloud: MockCloud) -> AsyncIterator[Browser]:
    """Return a browser."""
    async with ClientSession() as http:
        yield Browser(http)


def page_url(cloud: MockCloud, *more: tuple[str, str], **changes: str) -> str:
    """Return the URL of the page; a parameter that is changed to "" is left out."""
    parameters = [(name, value) for name, value in {**REQUEST, **changes}.items() if value]
    return f"{cloud.url}/oauth/authorize?{urlencode([*parameters, *more])}"


def returned(browser: Browser) -> dict[str, str]:
    """Return the parameters that the page redirects to Home Assistant with."""
    assert (browser.status, browser.html) == (303, "")
    return dict(parse_qsl(urlsplit(browser.location).query))


async def code_of(cloud: MockCloud, browser: Browser, **changes: str) -> str:
    """Log in on the page, and return the code."""
    await browser.open(page_url(cloud, **changes))
    await browser.log_in(MINH_ANH, PASSWORD)
    await browser.submit(one_time_code=cloud.one_time_code(MINH_ANH))
    return returned(browser)["code"]


async def exchange(client: Client, code: str, **changes: str) -> ClientResponse:
    """Exchange a code for tokens, and keep them."""
    form = {"code": code, "code_verifier": VERIFIER, "redirect_uri": REQUEST["redirect_uri"]}
    form |= {"session_id": client.session_id, **changes}
    answer = await client.token(grant_type="authorization_code", **form)
    if answer.status == 200:
        client.tokens = await answer.json()
    return answer


async def error_of(answer: ClientResponse) -> tuple[int, str]:
    """Return the status and the error of the token endpoint."""
    return answer.status, (await answer.json())["error"]


# What is offered


@pytest.mark.parametrize(
    ("login", "grants", "page", "password"),
    [
        ("password", {"password", "refresh_token"}, 404, 200),
        ("code", {"authorization_code", "refresh_token"}, 200, 400),
        ("both", {"authorization_code", "password", "refresh_token"}, 200, 200),
    ],
)
async def test_a_cloud_offers_a_password_a_page_or_both(
    cloud: MockCloud, stranger: Client, browser: Browser, login: str, grants: set[str], page: int, password: int
) -> None:
    """C-75: the document says what it offers, and there is nothing else."""
    cloud.login = login  # type: ignore[assignment]  # one of the three
    async with stranger.http.get(f"{cloud.url}/.well-known/wesmart") as answer:
        document = await answer.json()
    assert set(document["grant_types_supported"]) == grants
    assert ("authorization_endpoint" in document) is (page == 200)
    await browser.open(page_url(cloud))
    assert browser.status == page
    assert (await stranger.log_in()).status == password


async def test_each_form_shows_the_host_of_home_assistant(cloud: MockCloud, browser: Browser) -> None:
    """C-78: before the page redirects to it."""
    await browser.open(page_url(cloud))
    assert "192.168.1.20:8123" in browser.text
    await browser.log_in("0912 345 678", PASSWORD)
    assert "192.168.1.20:8123" in browser.text
    await browser.submit(one_time_code=f" {cloud.one_time_code(MINH_ANH)} ")
    assert browser.location.startswith(f"{REQUEST['redirect_uri']}?")
    assert returned(browser).keys() == {"code", "state"}


async def test_a_blocked_account_gets_in(cloud: MockCloud, stranger: Client, browser: Browser) -> None:
    """C-21: `GET /account` says why it is blocked."""
    cloud.terminate(MINH_ANH)
    assert (await exchange(stranger, await code_of(cloud, browser))).status == 200
    assert (await stranger.get("/account"))["access"]["status"] == "terminated"


# The page


async def test_no_page_is_stored_or_shown_in_a_frame(cloud: MockCloud, browser: Browser) -> None:
    """C-78: nor does a redirect post the password on, or a URL contain it."""
    await browser.open(page_url(cloud))
    for step in ("", "password", "code"):
        if step == "password":
            await browser.log_in(MINH_ANH, PASSWORD)
        elif step == "code":
            await browser.submit(one_time_code=cloud.one_time_code(MINH_ANH))
        assert browser.headers["Cache-Control"] == "no-store"
        assert browser.headers["Referrer-Policy"] == "no-referrer"
        assert step == "code" or "frame-ancestors 'none'" in browser.headers["Content-Security-Policy"]
    assert browser.status == 303
    secrets = {PASSWORD, cloud.one_time_code(MINH_ANH)}
    assert not any(secret in str(request.query) for request in cloud.requests for secret in secrets)


@pytest.mark.parametrize(("username", "password"), [(MINH_ANH, "wrong"), ("nobody@example.com", PASSWORD), ("", "")])
async def test_wrong_credentials_can_be_corrected(
    cloud: MockCloud, browser: Browser, username: str, password: str
) -> None:
    """C-78: nobody learns who has an account."""
    await browser.open(page_url(cloud))
    await browser.log_in(username, password)
    assert "The email or phone number, or the password, is wrong." in browser.text
    assert browser.fields == {"username": username, "password": ""}
    await browser.log_in(MINH_ANH, PASSWORD)
    assert "one_time_code" in browser.fields


async def test_what_was_entered_is_escaped(cloud: MockCloud, browser: Browser) -> None:
    """C-78."""
    await browser.open(page_url(cloud))
    await browser.log_in('"><script>alert(1)</script>', "x")
    assert "<script" not in browser.html
    assert browser.fields["username"] == '"><script>alert(1)</script>'


async def test_the_page_speaks_vietnamese(cloud: MockCloud, browser: Browser) -> None:
    """C-78: with who prefers it."""
    async with ClientSession() as http:
        vietnamese = Browser(http, "vi-VN,vi;q=0.9,en;q=0.8")
        await vietnamese.open(page_url(cloud))
        assert "Mật khẩu" in vietnamese.text
        await vietnamese.log_in(MINH_ANH, PASSWORD)
        assert "Mã dùng một lần" in vietnamese.text
        assert cloud.one_time_code(MINH_ANH) not in vietnamese.html
        cloud.show_one_time_codes()
        await vietnamese.open(page_url(cloud))
        await vietnamese.log_in(MINH_ANH, PASSWORD)
        assert cloud.one_time_code(MINH_ANH) in vietnamese.text
    await browser.open(page_url(cloud))
    assert "Password" in browser.text


@pytest.mark.parametrize("at", ["password", "code"])
async def test_a_user_can_refuse(cloud: MockCloud, browser: Browser, at: str) -> None:
    """C-78: at each step."""
    await browser.open(page_url(cloud))
    if at == "code":
        await browser.log_in(MINH_ANH, PASSWORD)
    await browser.submit("cancel")
    assert returned(browser) == {"error": "access_denied", "state": REQUEST["state"]}


async def test_a_one_time_code_is_not_guessed(cloud: MockCloud, browser: Browser) -> None:
    """C-78: after five wrong ones, or five minutes, the password is asked for again."""
    await browser.open(page_url(cloud))
    await browser.log_in(MINH_ANH, PASSWORD)
    code = cloud.one_time_code(MINH_ANH)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(4):
        await browser.submit(one_time_code=wrong)
        assert "This is not the code that was sent." in browser.text
    attempt = browser.fields["attempt"]
    await browser.submit(one_time_code=wrong)
    assert "Log in again" in browser.text
    browser.fields = {"attempt": attempt, "one_time_code": ""}
    await browser.submit(one_time_code=code)
    assert (browser.status, browser.location) == (200, "")
    await browser.log_in(MINH_ANH, PASSWORD)
    await asyncio.sleep(301)
    await browser.submit(one_time_code=cloud.one_time_code(MINH_ANH))
    assert "Log in again" in browser.text


async def test_the_second_form_is_good_only_for_the_request_of_the_first(cloud: MockCloud, browser: Browser) -> None:
    """C-78: the user saw another host."""
    await browser.open(page_url(cloud))
    await browser.log_in(MINH_ANH, PASSWORD)
    browser.url = page_url(cloud, redirect_uri="https://evil.example/auth/external/callback")
    await browser.submit(one_time_code=cloud.one_time_code(MINH_ANH))
    assert (browser.status, browser.location) == (200, "")
    assert "Log in again" in browser.text


# The code


@pytest.mark.parametrize("missing", ["code", "code_verifier", "redirect_uri", "session_id", "client_id"])
async def test_an_exchange_that_lacks_something_leaves_the_code_good(
    cloud: MockCloud, stranger: Client, browser: Browser, missing: str
) -> None:
    """C-23: a refused request has no effect."""
    code = await code_of(cloud, browser)
    form = {"code": code, missing: ""}
    error = (401, "invalid_client") if missing == "client_id" else (400, "invalid_request")
    assert await error_of(await exchange(stranger, **form)) == error
    assert (await exchange(stranger, code)).status == 200


@pytest.mark.parametrize(("after_s", "status"), [(59, 200), (60, 400)])
async def test_a_code_is_good_for_a_minute(
    cloud: MockCloud, stranger: Client, browser: Browser, after_s: float, status: int
) -> None:
    """C-79."""
    code = await code_of(cloud, browser)
    await asyncio.sleep(after_s)
    assert (await exchange(stranger, code)).status == status


async def test_a_session_id_is_taken_over_as_with_a_password(
    cloud: MockCloud, stranger: Client, browser: Browser
) -> None:
    """C-79 and C-17: of the same account only."""
    assert (await exchange(stranger, await code_of(cloud, browser))).status == 200
    first = stranger.tokens
    assert (await exchange(stranger, await code_of(cloud, browser))).status == 200
    assert len(cloud.sessions(MINH_ANH)) == 1
    assert (await error_of(await stranger.refresh(first["refresh_token"]))) == (400, "invalid_grant")
    cloud.login = "both"
    other = Client(cloud, stranger.http)
    assert (await other.log_in(QUOC_BAO, "song-han-2026")).status == 200
    code = await code_of(cloud, browser)
    answer = await exchange(stranger, code, session_id=other.session_id)
    assert await error_of(answer) == (400, "invalid_request")
