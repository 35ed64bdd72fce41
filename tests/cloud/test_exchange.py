"""The exchange of a login page's code: what is sent, what it returns, and no secret in an error."""

from urllib.parse import parse_qsl
import uuid

from aiohttp import ClientSession
import pytest

from custom_components.wesmart.cloud import HttpClient, Session, WeSmartClient, discover, exchange_code, server_origin
from custom_components.wesmart.cloud.errors import (
    CloudTimeoutError,
    InvalidCodeError,
    MaintenanceError,
    ServerError,
    UnexpectedResponseError,
    WeSmartError,
)
from tests.accounts import OWNER
from tests.cloud.conftest import wall_clock
from tests.cloud.scripted import Reply, ScriptedServer, answer, late, redirect
from tests.form_browser import Browser
from tests.mock_cloud import MockCloud
from tests.mock_cloud.test_login_page import REQUEST, VERIFIER, page_url

CODE = "c-4Tq8w"
REDIRECT_URI = REQUEST["redirect_uri"]


async def test_a_code_opens_a_session(cloud: MockCloud, http: HttpClient) -> None:
    """C-79: with an ID of our own, like a login with a password."""
    cloud.login = "code"
    endpoints = await discover(http, server_origin(cloud.url))
    async with ClientSession() as person:
        browser = Browser(person)
        await browser.open(page_url(cloud))
        await browser.log_in(OWNER.username, OWNER.password)
        await browser.submit(one_time_code=cloud.one_time_code(OWNER.username))
    code = dict(parse_qsl(browser.location.partition("?")[2]))["code"]
    tokens = await exchange_code(http, endpoints, code, VERIFIER, REDIRECT_URI, clock=wall_clock)
    assert tokens.expires_at == wall_clock() + 3600
    client = WeSmartClient(Session(http, endpoints, tokens, clock=wall_clock))
    assert (await client.account()).full_name == OWNER.full_name
    assert [session.id for session in cloud.sessions(OWNER.username)] == [tokens.session_id]
    with pytest.raises(InvalidCodeError):
        await exchange_code(http, endpoints, code, VERIFIER, REDIRECT_URI, clock=wall_clock)


async def test_the_exchange_sends_what_the_contract_says(http: HttpClient, scripted: ScriptedServer) -> None:
    """C-79: nothing is missing, and nothing is in the URL."""
    scripted.replies(answer(500))
    with pytest.raises(ServerError):
        await exchange_code(http, scripted.endpoints(), CODE, VERIFIER, REDIRECT_URI)
    (request,) = scripted.requests
    form = dict(parse_qsl(request.body.decode()))
    assert uuid.UUID(form.pop("session_id")).version == 4
    assert form == {
        "grant_type": "authorization_code",
        "client_id": "home-assistant",
        "code": CODE,
        "code_verifier": VERIFIER,
        "redirect_uri": REDIRECT_URI,
    }
    assert request.path == "/token"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(400, {"error": "invalid_grant"}), InvalidCodeError),
        (answer(401, {"error": "invalid_grant"}), InvalidCodeError),
        (answer(401, {"error": "invalid_client"}), UnexpectedResponseError),
        (answer(400, {"error": "unsupported_grant_type"}), UnexpectedResponseError),
        (answer(401, b"<html>"), UnexpectedResponseError),
        (answer(503, {"type": "urn:wesmart:problem:maintenance"}), MaintenanceError),
        (answer(200, {"access_token": "a"}), UnexpectedResponseError),
        (redirect("/elsewhere", 307), UnexpectedResponseError),
        (late(30, answer(500)), CloudTimeoutError),
    ],
)
async def test_any_other_response_is_an_error_without_secrets(
    http: HttpClient, scripted: ScriptedServer, reply: Reply, kind: type[WeSmartError]
) -> None:
    """Neither the code nor the verifier is sent twice, or shown."""
    scripted.replies(reply)
    with pytest.raises(WeSmartError) as caught:
        await exchange_code(http, scripted.endpoints(), CODE, VERIFIER, REDIRECT_URI)
    assert type(caught.value) is kind
    assert len(scripted.requests) == 1
    for secret in (CODE, VERIFIER):
        assert secret not in f"{caught.value!r} {caught.value}"
