"""The account's session: one renewal for all, nothing lost, and no secret shown."""

import asyncio
from collections.abc import Callable, Iterator
import logging
from urllib.parse import parse_qs
import uuid

import msgspec
import pytest

from custom_components.wesmart.cloud import Endpoints, Tokens, Transport, WeSmartClient, log_in, revoke
from custom_components.wesmart.cloud.errors import (
    CloudConnectionError,
    CloudFaultError,
    CloudTimeoutError,
    InvalidCredentialsError,
    InvalidRequestError,
    MaintenanceError,
    RateLimitedError,
    SessionEndedError,
    UnexpectedAnswerError,
    WeSmartError,
)
from custom_components.wesmart.cloud.patience import DEADLINE_S
from custom_components.wesmart.cloud.session import REVOKE_TIMEOUT_S, Session
from tests.accounts import OTHER, OWNER, Person
from tests.cloud.conftest import wall_clock
from tests.cloud.scripted import Reply, ScriptedServer, answer, late, redirect, reset
from tests.mock_cloud import MockCloud

TOKEN = "/oauth/token"
REVOKE = "/oauth/revoke"
GOOD = {"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 3600, "token_type": "Bearer"}


def requests_to(cloud: MockCloud, path: str) -> int:
    """Return how many requests a path got."""
    return sum(request.path == path for request in cloud.requests)


def renewals(cloud: MockCloud) -> int:
    """Return how often tokens were renewed, answered or not."""
    forms = [parse_qs(request.body.decode()) for request in cloud.requests if request.path == TOKEN]
    return sum(form["grant_type"] == ["refresh_token"] for form in forms)


def scripted_session(
    transport: Transport, server: ScriptedServer, *, expires_in: float = 0, saved: list[Tokens] | None = None
) -> Session:
    """Return a session at a scripted server, whose access token is good for so long."""
    tokens = Tokens(
        session_id=str(uuid.uuid4()),
        access_token="access-1",
        refresh_token="refresh-1",
        expires_at=wall_clock() + expires_in,
    )
    on_tokens = (lambda _tokens: None) if saved is None else saved.append
    return Session(transport, server.endpoints(), tokens, on_tokens=on_tokens, clock=wall_clock)


async def error_of(awaitable: object) -> WeSmartError:
    """Return what something raised, which shows nothing of what was beneath."""
    assert asyncio.iscoroutine(awaitable)
    with pytest.raises(WeSmartError) as caught:
        await awaitable
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value


# Logging in


@pytest.mark.parametrize("username", ["0987 654 321", "+84987654321", "quocbao@example.com"])
async def test_a_login_opens_a_session_beside_the_others(
    cloud: MockCloud, transport: Transport, endpoints: Endpoints, username: str
) -> None:
    """Each with an id of its own; the user name as people write it."""
    one = await log_in(transport, endpoints, username, OTHER.password, clock=wall_clock)
    other = await log_in(transport, endpoints, username, OTHER.password, clock=wall_clock)
    assert len(cloud.sessions(OTHER.username)) == 2
    assert one.session_id != other.session_id
    assert one.expires_at == wall_clock() + 3600
    form = parse_qs(cloud.requests[-1].body.decode())
    assert form["client_id"] == ["home-assistant"]
    assert cloud.requests[-1].query == {}


@pytest.mark.parametrize("person", [OWNER._replace(password="wrong"), OWNER._replace(username="nobody@example.com")])
async def test_a_wrong_password_and_an_unknown_user_are_the_same(
    cloud: MockCloud, transport: Transport, endpoints: Endpoints, person: Person
) -> None:
    """Nothing is told about who has an account."""
    error = await error_of(log_in(transport, endpoints, person.username, person.password))
    assert type(error) is InvalidCredentialsError
    assert cloud.sessions(OWNER.username) == []


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(400, {"error": "invalid_grant"}), InvalidCredentialsError),
        (answer(401, {"error": "invalid_grant"}), InvalidCredentialsError),
        (answer(401, b"<html>"), InvalidCredentialsError),
        (answer(400, {"error": "invalid_client"}), UnexpectedAnswerError),
        (answer(400, {"error": 7}), UnexpectedAnswerError),
        (answer(400, b"\xff"), UnexpectedAnswerError),
        (answer(400, b"[" * 60_000), UnexpectedAnswerError),
        (answer(403, {"error": "invalid_grant"}), UnexpectedAnswerError),
        (answer(422, {"errors": [{"pointer": "/x", "detail": "y"}]}), InvalidRequestError),
        (answer(429, {}, Retry_After="9"), RateLimitedError),
        (answer(503, b"<html>", Content_Type="text/html"), MaintenanceError),
        (answer(500), CloudFaultError),
        (answer(204), UnexpectedAnswerError),
        (answer(200, b"<html>"), UnexpectedAnswerError),
        (answer(200, b"[" * 60_000), UnexpectedAnswerError),
        (answer(200, GOOD | {"token_type": "mac"}), UnexpectedAnswerError),
        (answer(200, GOOD | {"token_type": None}), UnexpectedAnswerError),
        (answer(200, GOOD | {"access_token": ""}), UnexpectedAnswerError),
        (answer(200, GOOD | {"access_token": "a\r\nHost: elsewhere"}), UnexpectedAnswerError),
        (answer(200, GOOD | {"access_token": "a b"}), UnexpectedAnswerError),
        (answer(200, GOOD | {"access_token": "đ"}), UnexpectedAnswerError),
        (answer(200, GOOD | {"access_token": "a\n"}), UnexpectedAnswerError),
        (answer(200, GOOD | {"refresh_token": ""}), UnexpectedAnswerError),
        (answer(200, GOOD | {"refresh_token": None}), UnexpectedAnswerError),
        (answer(200, GOOD | {"expires_in": 0}), UnexpectedAnswerError),
        (answer(200, GOOD | {"expires_in": "3600"}), UnexpectedAnswerError),
        (answer(200, b"x" * (2**16 + 1)), UnexpectedAnswerError),
        (reset, CloudConnectionError),
        (late(30, answer(200, GOOD)), CloudTimeoutError),
    ],
)
async def test_whatever_else_a_login_is_answered_is_one_of_our_errors(
    transport: Transport, scripted: ScriptedServer, reply: Reply, kind: type[WeSmartError]
) -> None:
    """Without a word of what was sent or received."""
    scripted.replies(reply)
    error = await error_of(log_in(transport, scripted.endpoints(), OWNER.username, OWNER.password))
    assert type(error) is kind
    for secret in (OWNER.username, OWNER.password, "access-2", "refresh-2"):
        assert secret not in f"{error!r} {error}"


async def test_a_login_is_not_sent_to_where_a_redirect_points(transport: Transport, scripted: ScriptedServer) -> None:
    """With 307 and 308 the password would go along."""
    async with ScriptedServer() as other:
        other.replies(answer(200, GOOD))
        for status in (301, 302, 303, 307, 308):
            scripted.replies(redirect(f"{other.url}/token", status))
            error = await error_of(log_in(transport, scripted.endpoints(), OWNER.username, OWNER.password))
            assert type(error) is UnexpectedAnswerError
        assert other.requests == []


async def test_a_token_type_may_be_spelled_in_any_case(transport: Transport, scripted: ScriptedServer) -> None:
    """RFC 6749, 5.1."""
    scripted.replies(answer(200, GOOD | {"token_type": "BEARER", "expires_in": 7200.0}))
    tokens = await log_in(transport, scripted.endpoints(), OWNER.username, OWNER.password, clock=lambda: 1000.0)
    assert (tokens.access_token, tokens.expires_at) == ("access-2", 8200)


# Renewing


async def test_a_token_is_used_until_shortly_before_it_expires(cloud: MockCloud, client: WeSmartClient) -> None:
    """And only a request renews it."""
    await asyncio.sleep(3500)
    await client.account()
    assert renewals(cloud) == 0
    await asyncio.sleep(50)
    assert renewals(cloud) == 0
    await client.account()
    await client.account()
    assert renewals(cloud) == 1


async def test_new_tokens_are_saved_before_they_are_used(
    cloud: MockCloud, transport: Transport, endpoints: Endpoints, tokens: Tokens
) -> None:
    """A crash between the two would cost the session."""
    steps: list[str] = []
    session = Session(
        transport,
        endpoints,
        tokens,
        on_tokens=lambda new: steps.append(f"saved after {len(cloud.requests)} {new.session_id == tokens.session_id}"),
        clock=wall_clock,
    )
    client = WeSmartClient(session)
    await asyncio.sleep(7200)
    before = len(cloud.requests)
    await client.account()
    assert steps == [f"saved after {before + 1} True"]


async def test_many_callers_wait_for_one_renewal(cloud: MockCloud, client: WeSmartClient, saved: list[Tokens]) -> None:
    """Before their requests, and after a refusal of them all."""
    cloud.latency = 0.5
    await asyncio.sleep(7200)
    await asyncio.gather(*(client.account() for _ in range(20)))
    assert (renewals(cloud), len(saved)) == (1, 1)
    for session in cloud.sessions(OWNER.username):
        session.access.clear()
    await asyncio.gather(*(client.account() for _ in range(20)))
    assert (renewals(cloud), len(saved)) == (2, 2)


async def test_a_refusal_that_comes_after_a_renewal_does_not_renew_again(
    cloud: MockCloud, client: WeSmartClient, tokens: Tokens
) -> None:
    """It was of the token before."""
    await client.session.renew(tokens.access_token)
    token = await client.session.renew(tokens.access_token)
    assert token == await client.session.access_token() != tokens.access_token
    assert renewals(cloud) == 1


async def test_a_cancelled_caller_does_not_tear_a_renewal(
    cloud: MockCloud, client: WeSmartClient, saved: list[Tokens]
) -> None:
    """The others get its token, and it is saved even when all were cancelled."""
    cloud.latency = 1
    await asyncio.sleep(7200)
    callers = [asyncio.create_task(client.account()) for _ in range(3)]
    await asyncio.sleep(0.5)
    callers[0].cancel()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert [isinstance(outcome, BaseException) for outcome in outcomes] == [True, False, False]
    assert (renewals(cloud), len(saved)) == (1, 1)
    await asyncio.sleep(7200)
    caller = asyncio.create_task(client.account())
    await asyncio.sleep(0.5)
    caller.cancel()
    await asyncio.sleep(1)
    assert (renewals(cloud), len(saved)) == (2, 2)


async def test_a_failed_renewal_that_nobody_waits_for_makes_no_noise(
    transport: Transport, scripted: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Its caller has gone; the next one tries again."""
    scripted.replies(late(1, answer(503, {})), answer(200, GOOD))
    session = scripted_session(transport, scripted)
    caller = asyncio.create_task(session.access_token())
    await asyncio.sleep(0.5)
    caller.cancel()
    await asyncio.sleep(1)
    assert await session.access_token() == "access-2"
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_lost_answer_costs_nothing(cloud: MockCloud, client: WeSmartClient, saved: list[Tokens]) -> None:
    """However often in a row: the old token makes another successor."""
    for _ in range(3):
        await asyncio.sleep(7200)
        cloud.lose_answers(1)
        assert type(await error_of(client.account())) is CloudConnectionError
        cloud.lose_answers(1)
        assert type(await error_of(client.account())) is CloudConnectionError
        await client.account()
    assert renewals(cloud) == 9
    assert len(saved) == 3
    assert len(cloud.sessions(OWNER.username)) == 1


async def test_tokens_that_were_not_saved_cost_nothing(
    cloud: MockCloud, transport: Transport, endpoints: Endpoints, tokens: Tokens
) -> None:
    """Home Assistant crashed within the second that it takes to save."""
    for _ in range(3):
        await asyncio.sleep(7200)
        client = WeSmartClient(Session(transport, endpoints, tokens, clock=wall_clock))
        await client.account()
    assert len(cloud.sessions(OWNER.username)) == 1


async def test_an_old_backup_needs_a_new_login(
    cloud: MockCloud, transport: Transport, endpoints: Endpoints, client: WeSmartClient, tokens: Tokens
) -> None:
    """Its token was replaced by one that has been used; everybody with this session is signed out."""
    for _ in range(2):
        await asyncio.sleep(7200)
        await client.account()
    restored = WeSmartClient(Session(transport, endpoints, tokens, clock=wall_clock))
    assert type(await error_of(restored.account())) is SessionEndedError
    assert type(await error_of(client.account())) is SessionEndedError
    assert cloud.sessions(OWNER.username) == []


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(400, {"error": "invalid_grant"}), SessionEndedError),
        (answer(401, {"error": "invalid_grant"}), SessionEndedError),
        (answer(400, {"error": "invalid_request"}), UnexpectedAnswerError),
        (answer(401, {"error": "invalid_client"}), UnexpectedAnswerError),
        (answer(401, b""), UnexpectedAnswerError),
        (answer(403, {"type": "urn:wesmart:problem:account-suspended"}), WeSmartError),
        (answer(404, {}), WeSmartError),
        (answer(429, {}, Retry_After="9"), RateLimitedError),
        (answer(503, {}), MaintenanceError),
        (answer(500), CloudFaultError),
        (answer(200, b"<html>"), UnexpectedAnswerError),
        (answer(200, GOOD | {"access_token": "a\nb"}), UnexpectedAnswerError),
        (redirect("/elsewhere", 307), UnexpectedAnswerError),
        (reset, CloudConnectionError),
        (late(30, answer(200, GOOD)), CloudTimeoutError),
    ],
)
async def test_only_an_invalid_grant_ends_a_session(
    transport: Transport, scripted: ScriptedServer, reply: Reply, kind: type[WeSmartError]
) -> None:
    """Everything else is tried again with the same token, and nothing is saved."""
    saved: list[Tokens] = []
    scripted.replies(reply, answer(200, GOOD))
    session = scripted_session(transport, scripted, saved=saved)
    error = await error_of(session.access_token())
    assert isinstance(error, kind)
    assert isinstance(error, SessionEndedError) is (kind is SessionEndedError)
    assert "refresh-1" not in f"{error!r} {error}"
    assert saved == []
    await asyncio.sleep(9)  # what `Retry-After` said
    assert await session.access_token() == "access-2"
    assert [parse_qs(one.body.decode())["refresh_token"] for one in scripted.requests] == [["refresh-1"]] * 2


async def test_signing_out_elsewhere_ends_the_session(cloud: MockCloud, client: WeSmartClient) -> None:
    """After one attempt to renew."""
    cloud.sign_out(OWNER.username)
    assert type(await error_of(client.account())) is SessionEndedError
    assert renewals(cloud) == 1


async def test_a_blocked_account_still_gets_tokens(cloud: MockCloud, client: WeSmartClient) -> None:
    """REST says why it is blocked."""
    cloud.suspend(OWNER.username, reason="Nợ phí")
    await asyncio.sleep(7200)
    assert (await client.account()).full_name == OWNER.full_name
    assert renewals(cloud) == 1


# Ending


async def test_closing_waits_for_a_renewal_so_that_it_is_saved(
    cloud: MockCloud, client: WeSmartClient, saved: list[Tokens]
) -> None:
    """Its caller was cancelled before."""
    await asyncio.sleep(7200)
    cloud.latency = 1
    caller = asyncio.create_task(client.account())
    await asyncio.sleep(0.5)
    caller.cancel()
    await client.session.close()
    assert len(saved) == 1
    await client.session.close()


@pytest.mark.parametrize("reply", [late(60, answer(200, GOOD)), answer(503, {}), reset])
async def test_closing_ends_in_time_whatever_becomes_of_the_renewal(
    transport: Transport, scripted: ScriptedServer, reply: Reply
) -> None:
    """And no task is left when the time of a request is over."""
    scripted.replies(reply)
    session = scripted_session(transport, scripted)
    caller = asyncio.create_task(session.access_token())
    await asyncio.sleep(0.01)
    caller.cancel()
    began = asyncio.get_running_loop().time()
    await session.close()
    assert asyncio.get_running_loop().time() - began <= REVOKE_TIMEOUT_S
    await asyncio.sleep(DEADLINE_S)
    assert [task for task in asyncio.all_tasks() if task.get_name() == "WeSMART token renewal"] == []


async def test_closing_does_not_cut_off_a_renewal_that_takes_longer(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """A request may take 10 s: the tokens that it brings are saved all the same."""
    saved: list[Tokens] = []
    scripted.replies(late(8, answer(200, GOOD)))
    session = scripted_session(transport, scripted, saved=saved)
    caller = asyncio.create_task(session.access_token())
    await asyncio.sleep(0.01)
    await session.close()
    assert (caller.done(), saved) == (False, [])
    assert await caller == "access-2"
    assert [tokens.refresh_token for tokens in saved] == ["refresh-2"]


async def test_revoking_ends_the_session_in_the_cloud_and_no_other(
    cloud: MockCloud, transport: Transport, endpoints: Endpoints, client: WeSmartClient, tokens: Tokens
) -> None:
    """The phone stays logged in."""
    phone = await log_in(transport, endpoints, OWNER.username, OWNER.password)
    await asyncio.sleep(7200)
    await client.account()  # the tokens are others by now
    await client.session.revoke()
    assert [session.id for session in cloud.sessions(OWNER.username)] == [phone.session_id]
    await revoke(transport, endpoints, phone)
    assert cloud.sessions(OWNER.username) == []


@pytest.mark.parametrize("reply", [late(60, answer(200)), answer(503, {}), answer(400), reset, redirect("/elsewhere")])
async def test_revoking_never_fails_and_never_takes_long(
    transport: Transport, scripted: ScriptedServer, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    """A cloud that does not answer does not keep an entry from being removed."""
    caplog.set_level(logging.DEBUG)
    scripted.replies(reply)
    session = scripted_session(transport, scripted, expires_in=3600)
    began = asyncio.get_running_loop().time()
    await session.revoke()
    assert asyncio.get_running_loop().time() - began <= REVOKE_TIMEOUT_S
    assert len(scripted.requests) == 1
    assert "A session was not revoked" in caplog.text
    assert "refresh-1" not in caplog.text


# Secrets


@pytest.fixture
def secrets(cloud: MockCloud) -> Callable[[], Iterator[str]]:
    """Return what nobody may see: whatever is secret by now."""

    def all_of_them() -> Iterator[str]:
        yield from (OWNER.password, OWNER.username, "912 345 678", "912345678")
        for request in cloud.requests:
            form = parse_qs(request.body.decode()) if request.path in (TOKEN, REVOKE) else {}
            yield from form.get("refresh_token", []) + form.get("token", [])
            if bearer := request.headers.get("Authorization"):
                yield bearer.removeprefix("Bearer ")

    return all_of_them


async def test_a_whole_life_of_a_session_shows_no_secret(
    cloud: MockCloud,
    client: WeSmartClient,
    tokens: Tokens,
    saved: list[Tokens],
    secrets: Callable[[], Iterator[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither in a log at any level, nor in an error, nor where somebody prints an object."""
    caplog.set_level(logging.DEBUG)
    shown = [repr(tokens), str(tokens), repr(await client.account()), repr(client), repr(client.session)]
    held = await client.snapshot()
    assert held is not None
    stream = await client.connect(held.position)
    await stream.receive()
    await stream.close()
    await asyncio.sleep(7200)
    for failure in ("lost", "limited", "maintained"):
        match failure:
            case "lost":
                cloud.lose_answers(1)
            case "limited":
                cloud.rate_limit(5)
            case _:
                cloud.maintenance()
        shown += [repr(error := await error_of(client.account())), str(error), str(vars(error))]
        await asyncio.sleep(5)
    shown.append(str(await error_of(client.connect(held.position))))
    cloud.end_maintenance()
    await asyncio.sleep(30)
    await client.account()
    shown += [repr(saved), str(msgspec.structs.asdict(saved[0]).keys())]
    await client.session.revoke()
    shown.append(str(await error_of(client.account())))
    found = "\n".join([*shown, caplog.text])
    everything = set(secrets())
    assert len(everything) > 6
    assert [secret for secret in everything if secret in found] == []


@pytest.mark.parametrize("reply", [answer(503, {}, Retry_After="600"), answer(429, {}), answer(500), reset])
async def test_a_token_that_cannot_be_renewed_is_used_to_its_end(
    transport: Transport, scripted: ScriptedServer, reply: Reply
) -> None:
    """It is renewed a minute early so that a hiccup of the token endpoint costs no request."""
    scripted.replies(reply)
    session = scripted_session(transport, scripted, expires_in=100)
    await asyncio.sleep(50)
    assert await session.access_token() == "access-1"
    assert len(scripted.requests) >= 1
    await asyncio.sleep(50)
    assert not isinstance(await error_of(session.access_token()), SessionEndedError)


async def test_a_session_that_is_over_is_so_also_while_its_last_token_is_good(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """The cloud has said so."""
    scripted.replies(answer(400, {"error": "invalid_grant"}))
    session = scripted_session(transport, scripted, expires_in=30)
    assert isinstance(await error_of(session.access_token()), SessionEndedError)
