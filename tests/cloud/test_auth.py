"""Sessions: one renewal for all callers, no lost tokens, and no secret in a log."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
import logging
from urllib.parse import parse_qs, parse_qsl
import uuid

import pytest

from custom_components.wesmart.cloud import Endpoints, HttpClient, Session, Tokens, WeSmartClient, exchange_code, log_in
from custom_components.wesmart.cloud.auth import CLOSE_TIMEOUT_S
from custom_components.wesmart.cloud.errors import (
    CloudConnectionError,
    CloudTimeoutError,
    InvalidCodeError,
    InvalidCredentialsError,
    InvalidRequestError,
    MaintenanceError,
    RateLimitedError,
    ServerError,
    SessionEndedError,
    UnavailableError,
    UnexpectedResponseError,
    WeSmartError,
)
from custom_components.wesmart.cloud.timing import REQUEST_TIMEOUT_S
from tests.accounts import OTHER, OWNER, Person, renewals
from tests.cloud.conftest import wall_clock
from tests.cloud.scripted import Reply, ScriptedServer, answer, late, redirect, reset
from tests.mock_cloud import MockCloud

TOKEN_PATH = "/oauth/token"
VALID = {"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 3600, "token_type": "Bearer"}
CODE, VERIFIER, REDIRECT_URI = "c-4Tq8w", "nha-minh-o-ha-noi-" * 3, "http://192.168.1.20:8123/auth/external/callback"
LOG_IN = partial(log_in, username=OWNER.username, password=OWNER.password)
EXCHANGE = partial(exchange_code, code=CODE, verifier=VERIFIER, redirect_uri=REDIRECT_URI)


def scripted_session(
    http: HttpClient, server: ScriptedServer, *, expires_in: float = 0, stored: list[Tokens] | None = None
) -> Session:
    """Return a session at a scripted server."""
    tokens = Tokens(
        session_id=str(uuid.uuid4()),
        access_token="access-1",
        refresh_token="refresh-1",
        expires_at=wall_clock() + expires_in,
    )
    on_tokens = (lambda _tokens: None) if stored is None else stored.append
    return Session(http, server.endpoints(), tokens, on_tokens=on_tokens, clock=wall_clock)


async def error_of(attempt: Coroutine[object, object, object]) -> WeSmartError:
    """Return the error of an attempt, which hides the one that caused it."""
    with pytest.raises(WeSmartError) as caught:
        await attempt
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value


# Login


@pytest.mark.parametrize("username", ["0987 654 321", "+84987654321", "quocbao@example.com"])
async def test_each_login_opens_a_session(
    cloud: MockCloud, http: HttpClient, endpoints: Endpoints, username: str
) -> None:
    """It has its own ID, and leaves the others alone."""
    one = await log_in(http, endpoints, username, OTHER.password, clock=wall_clock)
    other = await log_in(http, endpoints, username, OTHER.password, clock=wall_clock)
    assert len(cloud.sessions(OTHER.username)) == 2
    assert one.session_id != other.session_id
    assert one.expires_at == wall_clock() + 3600
    assert parse_qs(cloud.requests[-1].body.decode())["client_id"] == ["home-assistant"]
    assert cloud.requests[-1].query == {}


@pytest.mark.parametrize("person", [OWNER._replace(password="wrong"), OWNER._replace(username="nobody@example.com")])
async def test_a_wrong_password_and_an_unknown_user_are_the_same(
    cloud: MockCloud, http: HttpClient, endpoints: Endpoints, person: Person
) -> None:
    """Nobody learns who has an account."""
    error = await error_of(log_in(http, endpoints, person.username, person.password))
    assert type(error) is InvalidCredentialsError
    assert cloud.sessions(OWNER.username) == []


async def test_an_exchange_sends_what_the_contract_says(http: HttpClient, scripted: ScriptedServer) -> None:
    """C-79: nothing is missing, and nothing is in the URL; the session has an ID of our own, as with a password."""
    scripted.replies(answer(200, VALID))
    tokens = await EXCHANGE(http, scripted.endpoints(), clock=wall_clock)
    assert (uuid.UUID(tokens.session_id).version, tokens.expires_at) == (4, wall_clock() + 3600)
    (request,) = scripted.requests
    assert request.path == TOKEN_PATH
    assert dict(parse_qsl(request.body.decode())) == {
        "grant_type": "authorization_code",
        "client_id": "home-assistant",
        "code": CODE,
        "code_verifier": VERIFIER,
        "redirect_uri": REDIRECT_URI,
        "session_id": tokens.session_id,
    }


@pytest.mark.parametrize(
    ("attempt", "reply", "kind"),
    [
        (LOG_IN, answer(400, {"error": "invalid_grant"}), InvalidCredentialsError),
        (LOG_IN, answer(401, {"error": "invalid_grant"}), InvalidCredentialsError),
        (LOG_IN, answer(401, b"<html>"), InvalidCredentialsError),
        (EXCHANGE, answer(400, {"error": "invalid_grant"}), InvalidCodeError),
        (EXCHANGE, answer(401, {"error": "invalid_grant"}), InvalidCodeError),
        (EXCHANGE, answer(401, b"<html>"), UnexpectedResponseError),
        (EXCHANGE, answer(401, {"error": "invalid_client"}), UnexpectedResponseError),
        *(
            (attempt, reply, kind)
            for attempt in (LOG_IN, EXCHANGE)
            for reply, kind in (
                (answer(400, {"error": "invalid_client"}), UnexpectedResponseError),
                (answer(400, {"error": 7}), UnexpectedResponseError),
                (answer(400, b"[" * 60_000), UnexpectedResponseError),
                (answer(403, {"error": "invalid_grant"}), UnexpectedResponseError),
                (answer(422, {"errors": [{"pointer": "/x", "detail": "y"}]}), InvalidRequestError),
                (answer(429, {}, Retry_After="9"), RateLimitedError),
                (answer(503, b"<html>", Content_Type="text/html"), UnavailableError),
                (answer(503, {"type": "urn:wesmart:problem:maintenance"}), MaintenanceError),
                (answer(500), ServerError),
                (answer(204), UnexpectedResponseError),
                (answer(200, b"<html>"), UnexpectedResponseError),
                (answer(200, b"[" * 60_000), UnexpectedResponseError),
                (answer(200, VALID | {"token_type": "mac"}), UnexpectedResponseError),
                (answer(200, VALID | {"token_type": None}), UnexpectedResponseError),
                (answer(200, VALID | {"access_token": ""}), UnexpectedResponseError),
                (answer(200, VALID | {"access_token": "a\r\nHost: elsewhere"}), UnexpectedResponseError),
                (answer(200, VALID | {"access_token": "đ"}), UnexpectedResponseError),
                (answer(200, VALID | {"access_token": "a\n"}), UnexpectedResponseError),
                (answer(200, VALID | {"access_token": "a\x7f"}), UnexpectedResponseError),
                (answer(200, VALID | {"refresh_token": None}), UnexpectedResponseError),
                (answer(200, VALID | {"expires_in": 0}), UnexpectedResponseError),
                (answer(200, VALID | {"expires_in": "3600"}), UnexpectedResponseError),
                (answer(200, b"x" * (2**16 + 1)), UnexpectedResponseError),
                (redirect("/elsewhere", 307), UnexpectedResponseError),
                (reset, CloudConnectionError),
                (late(30, answer(200, VALID)), CloudTimeoutError),
            )
        ),
    ],
)
async def test_any_other_response_is_an_error_without_secrets(
    http: HttpClient,
    scripted: ScriptedServer,
    attempt: Callable[[HttpClient, Endpoints], Coroutine[object, object, Tokens]],
    reply: Reply,
    kind: type[WeSmartError],
) -> None:
    """Of what was sent and what was received; neither a password nor a code is sent twice."""
    scripted.replies(reply)
    error = await error_of(attempt(http, scripted.endpoints()))
    assert type(error) is kind
    assert len(scripted.requests) == 1
    for secret in (OWNER.username, OWNER.password, CODE, VERIFIER, "access-2", "refresh-2"):
        assert secret not in f"{error!r} {error}"


async def test_tokens_may_have_any_printable_ascii(http: HttpClient, scripted: ScriptedServer) -> None:
    """RFC 6749, 5.1 and appendix A; the token type in any case."""
    token = "".join(map(chr, range(0x20, 0x7F)))
    reply = answer(200, VALID | {"access_token": token, "token_type": "BEARER", "expires_in": 7200.0})
    scripted.replies(reply, answer(200, {"id": "a"}))
    tokens = await log_in(http, scripted.endpoints(), OWNER.username, OWNER.password, clock=wall_clock)
    assert (tokens.access_token, tokens.expires_at) == (token, wall_clock() + 7200)
    assert (await WeSmartClient(Session(http, scripted.endpoints(), tokens, clock=wall_clock)).account()).id == "a"


# Renewal


async def test_a_token_is_renewed_in_the_second_half_of_its_life(cloud: MockCloud, client: WeSmartClient) -> None:
    """At the latest a minute before it expires, and only by a request."""
    await asyncio.sleep((3600 - 60) / 2 - 1)
    await client.account()
    assert renewals(cloud) == 0
    await asyncio.sleep((3600 - 60) / 2 + 1)
    assert renewals(cloud) == 0
    await client.account()
    await client.account()
    assert renewals(cloud) == 1


async def test_tokens_of_one_moment_are_not_renewed_in_one(http: HttpClient, scripted: ScriptedServer) -> None:
    """Those of all accounts may have been issued together."""
    scripted.replies(answer(200, VALID))
    sessions = [scripted_session(http, scripted, expires_in=3660) for _ in range(30)]
    renewed = []
    for _ in range(6):
        await asyncio.sleep(600)
        renewed.append([await session.access_token() for session in sessions].count("access-2"))
    assert (renewed[1], renewed[-1]) == (0, 30)
    assert 0 < renewed[3] < renewed[4] < 30


async def test_renewed_tokens_are_stored_before_they_are_used(
    cloud: MockCloud, http: HttpClient, endpoints: Endpoints, tokens: Tokens
) -> None:
    """A crash between the two would cost the session. A failure to store them costs nothing yet."""
    steps: list[tuple[int, bool]] = []

    def store(renewed: Tokens) -> None:
        steps.append((len(cloud.requests), renewed.session_id == tokens.session_id))
        raise OSError

    client = WeSmartClient(Session(http, endpoints, tokens, on_tokens=store, clock=wall_clock))
    await asyncio.sleep(7200)
    before = len(cloud.requests)
    assert (await client.account()).full_name == OWNER.full_name
    assert steps == [(before + 1, True)]


async def test_many_callers_share_one_renewal(cloud: MockCloud, client: WeSmartClient, stored: list[Tokens]) -> None:
    """Before their requests, and after all of them were refused."""
    cloud.latency = 0.5
    await asyncio.sleep(7200)
    await asyncio.gather(*(client.account() for _ in range(20)))
    assert (renewals(cloud), len(stored)) == (1, 1)
    for session in cloud.sessions(OWNER.username):
        session.access.clear()
    await asyncio.gather(*(client.account() for _ in range(20)))
    assert (renewals(cloud), len(stored)) == (2, 2)


async def test_a_token_that_was_refused_before_a_renewal_is_not_renewed_again(
    cloud: MockCloud, client: WeSmartClient, tokens: Tokens
) -> None:
    """The late refusal is of the previous token."""
    await client.session.renew(tokens.access_token)
    token = await client.session.renew(tokens.access_token)
    assert token == await client.session.access_token() != tokens.access_token
    assert renewals(cloud) == 1


async def test_a_cancelled_caller_does_not_cancel_the_renewal(
    cloud: MockCloud, client: WeSmartClient, stored: list[Tokens]
) -> None:
    """Other callers get the token, and it is stored even if all callers were cancelled."""
    cloud.latency = 1
    await asyncio.sleep(7200)
    callers = [asyncio.create_task(client.account()) for _ in range(3)]
    await asyncio.sleep(0.5)
    callers[0].cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert [isinstance(result, BaseException) for result in results] == [True, False, False]
    await asyncio.sleep(7200)
    caller = asyncio.create_task(client.account())
    await asyncio.sleep(0.5)
    caller.cancel()
    await asyncio.sleep(1)
    assert (renewals(cloud), len(stored)) == (2, 2)


async def test_a_failed_renewal_without_callers_is_not_logged(
    http: HttpClient, scripted: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The next caller tries again."""
    scripted.replies(late(1, answer(503, {})), answer(200, VALID))
    session = scripted_session(http, scripted)
    caller = asyncio.create_task(session.access_token())
    await asyncio.sleep(0.5)
    caller.cancel()
    await asyncio.sleep(1)
    assert await session.access_token() == "access-2"
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_lost_response_costs_nothing(cloud: MockCloud, client: WeSmartClient, stored: list[Tokens]) -> None:
    """However often in a row: the old token can be used again."""
    for _ in range(3):
        await asyncio.sleep(7200)
        for _ in range(2):
            cloud.lose_answers(1)
            assert type(await error_of(client.account())) is CloudConnectionError
        await client.account()
    assert (renewals(cloud), len(stored), len(cloud.sessions(OWNER.username))) == (9, 3, 1)


async def test_an_old_backup_needs_a_new_login(
    cloud: MockCloud, http: HttpClient, endpoints: Endpoints, client: WeSmartClient, tokens: Tokens
) -> None:
    """The last token may be used again, but not the one before; then all users of the session are logged out."""
    for _ in range(2):
        await asyncio.sleep(7200)
        await WeSmartClient(Session(http, endpoints, tokens, clock=wall_clock)).account()
    for _ in range(2):
        await asyncio.sleep(7200)
        await client.account()
    restored = WeSmartClient(Session(http, endpoints, tokens, clock=wall_clock))
    assert type(await error_of(restored.account())) is SessionEndedError
    assert type(await error_of(client.account())) is SessionEndedError
    assert cloud.sessions(OWNER.username) == []


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(400, {"error": "invalid_grant"}), SessionEndedError),
        (answer(401, {"error": "invalid_grant"}), SessionEndedError),
        (answer(400, {"error": "invalid_request"}), UnexpectedResponseError),
        (answer(401, {"error": "invalid_client"}), UnexpectedResponseError),
        (answer(401, b""), UnexpectedResponseError),
        (answer(403, {"type": "urn:wesmart:problem:account-suspended"}), WeSmartError),
        (answer(404, {}), WeSmartError),
        (answer(429, {}, Retry_After="9"), RateLimitedError),
        (answer(503, {"type": "urn:wesmart:problem:maintenance"}), MaintenanceError),
        (answer(500), ServerError),
        (answer(200, b"<html>"), UnexpectedResponseError),
        (answer(200, VALID | {"access_token": "a\nb"}), UnexpectedResponseError),
        (redirect("/elsewhere", 307), UnexpectedResponseError),
        (reset, CloudConnectionError),
        (late(30, answer(200, VALID)), CloudTimeoutError),
    ],
)
async def test_only_an_invalid_grant_ends_a_session(
    http: HttpClient, scripted: ScriptedServer, reply: Reply, kind: type[WeSmartError]
) -> None:
    """After anything else the same token is used again, and nothing is stored."""
    stored: list[Tokens] = []
    scripted.replies(reply, answer(200, VALID))
    session = scripted_session(http, scripted, stored=stored)
    error = await error_of(session.access_token())
    assert isinstance(error, kind)
    assert isinstance(error, SessionEndedError) is (kind is SessionEndedError)
    assert "refresh-1" not in f"{error!r} {error}"
    assert stored == []
    await asyncio.sleep(9)  # the Retry-After
    assert await session.access_token() == "access-2"
    assert [parse_qs(one.body.decode())["refresh_token"] for one in scripted.requests] == [["refresh-1"]] * 2


@pytest.mark.parametrize("reply", [answer(503, {}, Retry_After="600"), answer(429, {}), answer(500), reset])
async def test_a_token_that_cannot_be_renewed_is_used_until_it_expires(
    http: HttpClient, scripted: ScriptedServer, reply: Reply
) -> None:
    """It is renewed early so that a short failure of the token endpoint costs no request."""
    scripted.replies(reply)
    session = scripted_session(http, scripted, expires_in=100)
    await asyncio.sleep(50)
    assert await session.access_token() == "access-1"
    assert len(scripted.requests) >= 1
    await asyncio.sleep(50)
    assert not isinstance(await error_of(session.access_token()), SessionEndedError)


async def test_a_session_that_has_ended_does_not_use_up_its_token(http: HttpClient, scripted: ScriptedServer) -> None:
    """The server has said that it ended."""
    scripted.replies(answer(400, {"error": "invalid_grant"}))
    session = scripted_session(http, scripted, expires_in=30)
    assert isinstance(await error_of(session.access_token()), SessionEndedError)


async def test_a_blocked_account_still_renews_its_tokens(cloud: MockCloud, client: WeSmartClient) -> None:
    """It may read why it is blocked."""
    cloud.suspend(OWNER.username, reason="Nợ phí")
    await asyncio.sleep(7200)
    assert (await client.account()).blocked
    assert renewals(cloud) == 1
    cloud.sign_out(OWNER.username)
    assert type(await error_of(client.account())) is SessionEndedError
    assert renewals(cloud) == 2


# The end of a session


async def test_closing_waits_for_a_renewal_so_that_it_is_stored(
    cloud: MockCloud, client: WeSmartClient, stored: list[Tokens]
) -> None:
    """Also if its caller was cancelled."""
    await asyncio.sleep(7200)
    cloud.latency = 1
    caller = asyncio.create_task(client.account())
    await asyncio.sleep(0.5)
    caller.cancel()
    await client.session.close()
    assert len(stored) == 1
    await client.session.close()


@pytest.mark.parametrize("reply", [late(60, answer(200, VALID)), answer(503, {}), reset])
async def test_closing_ends_in_time(http: HttpClient, scripted: ScriptedServer, reply: Reply) -> None:
    """No task is left after the timeout of a request."""
    scripted.replies(reply)
    session = scripted_session(http, scripted)
    caller = asyncio.create_task(session.access_token())
    await asyncio.sleep(0.01)
    caller.cancel()
    began = asyncio.get_running_loop().time()
    await session.close()
    assert asyncio.get_running_loop().time() - began <= CLOSE_TIMEOUT_S
    await asyncio.sleep(REQUEST_TIMEOUT_S)
    assert [task for task in asyncio.all_tasks() if task.get_name() == "WeSMART token renewal"] == []


async def test_closing_does_not_cancel_a_renewal_that_takes_longer(http: HttpClient, scripted: ScriptedServer) -> None:
    """Its tokens are stored all the same."""
    stored: list[Tokens] = []
    scripted.replies(late(8, answer(200, VALID)))
    session = scripted_session(http, scripted, stored=stored)
    caller = asyncio.create_task(session.access_token())
    await asyncio.sleep(0.01)
    await session.close()
    assert (caller.done(), stored) == (False, [])
    assert await caller == "access-2"
    assert [tokens.refresh_token for tokens in stored] == ["refresh-2"]


async def test_revoking_ends_this_session_only(
    cloud: MockCloud, http: HttpClient, endpoints: Endpoints, client: WeSmartClient
) -> None:
    """The phone stays logged in."""
    phone = await log_in(http, endpoints, OWNER.username, OWNER.password)
    await asyncio.sleep(7200)
    await client.account()  # renews the tokens
    await client.session.revoke()
    assert [session.id for session in cloud.sessions(OWNER.username)] == [phone.session_id]
    await Session(http, endpoints, phone).revoke()
    assert cloud.sessions(OWNER.username) == []


@pytest.mark.parametrize("reply", [late(60, answer(200)), answer(503, {}), answer(400), reset, redirect("/elsewhere")])
async def test_revoking_never_fails_and_takes_5_seconds_at_most(
    http: HttpClient, scripted: ScriptedServer, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that does not respond must not keep an account from being removed."""
    caplog.set_level(logging.DEBUG)
    scripted.replies(reply)
    session = scripted_session(http, scripted, expires_in=3600)
    began = asyncio.get_running_loop().time()
    await session.revoke()
    assert asyncio.get_running_loop().time() - began <= CLOSE_TIMEOUT_S
    assert len(scripted.requests) == 1
    assert "The session was not revoked" in caplog.text
    assert "refresh-1" not in caplog.text


# Secrets


async def test_a_session_shows_no_secret_from_login_to_logout(
    cloud: MockCloud,
    client: WeSmartClient,
    tokens: Tokens,
    stored: list[Tokens],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither in a log at any level, nor in an error, nor in the representation of an object."""
    caplog.set_level(logging.DEBUG)
    shown = [repr(tokens), str(tokens), repr(await client.account()), repr(client), repr(client.session)]
    snapshot = await client.snapshot()
    assert snapshot is not None
    stream = await client.connect(snapshot.epoch, snapshot.seq)
    await stream.receive()
    await stream.close()
    await asyncio.sleep(7200)
    failures: list[Callable[[], object]] = [
        partial(cloud.lose_answers, 1),
        partial(cloud.rate_limit, 5),
        cloud.maintenance,
    ]
    for fail in failures:
        fail()
        shown += [repr(error := await error_of(client.account())), str(error), str(vars(error))]
        await asyncio.sleep(5)
    shown.append(str(await error_of(client.connect(snapshot.epoch, snapshot.seq))))
    cloud.end_maintenance()
    await asyncio.sleep(30)
    await client.account()
    shown.append(repr(stored))
    await client.session.revoke()
    shown.append(str(await error_of(client.account())))
    text = "\n".join([*shown, caplog.text])
    secrets = {OWNER.password, OWNER.username, "912 345 678", "912345678"}
    for request in cloud.requests:
        form = parse_qs(request.body.decode()) if request.path.startswith("/oauth") else {}
        secrets.update(form.get("refresh_token", []), form.get("token", []))
        if bearer := request.headers.get("Authorization"):
            secrets.add(bearer.removeprefix("Bearer "))
    assert len(secrets) > 6
    assert [secret for secret in secrets if secret in text] == []
