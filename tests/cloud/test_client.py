"""The requests of an account, and repeating them for somebody who waits."""

import asyncio
from collections import deque
import json
import threading

import msgspec
import pytest

from custom_components.wesmart.cloud import Command, HttpClient, Session, Tokens, WeSmartClient
from custom_components.wesmart.cloud.account import Feedback, FeedbackCategory
from custom_components.wesmart.cloud.client import DEADLINE_S, retry
from custom_components.wesmart.cloud.commands import CommandResult, Problem
from custom_components.wesmart.cloud.errors import (
    AccountBlockedError,
    CloudConnectionError,
    CloudTimeoutError,
    InvalidRequestError,
    MaintenanceError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    SessionEndedError,
    TermsNotAcceptedError,
    UnavailableError,
    UnexpectedResponseError,
    WeSmartError,
)
from custom_components.wesmart.cloud.events import HelloFrame
from custom_components.wesmart.cloud.models import EndpointKey
from tests.accounts import OWNER
from tests.cloud.conftest import now, wall_clock
from tests.cloud.scripted import Reply, ScriptedServer, answer, redirect, stream
from tests.mock_cloud import MockCloud

PANEL = EndpointKey("cong-tac-phong-khach", "1")
RUN = "6f1e7a3c-2c1d-4f0e-9a53-0d6a7c1b2e3f"
TOKENS = {"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 3600, "token_type": "Bearer"}
FEEDBACK = Feedback(category=FeedbackCategory.SECURITY, message="m")


@pytest.fixture
async def scripted_client(http: HttpClient, scripted: ScriptedServer) -> WeSmartClient:
    """Return a client that is logged in at the scripted server."""
    tokens = Tokens(session_id="s", access_token="access-1", refresh_token="refresh-1", expires_at=wall_clock() + 3600)
    return WeSmartClient(Session(http, scripted.endpoints(), tokens, clock=wall_clock))


def statuses(cloud: MockCloud, path: str) -> list[int]:
    """Return the statuses of the responses to requests of a path."""
    return [request.status for request in cloud.requests if request.path == path]


# Requests


async def test_the_account_of_the_mock_cloud_is_read(client: WeSmartClient) -> None:
    """Its representation shows no personal data."""
    account = await client.account()
    assert (account.full_name, account.email) == (OWNER.full_name, OWNER.username)
    assert (account.terms.open, account.blocked, account.has_access) == (False, False, True)
    assert repr(account) == f"Account(id={account.id!r})"


async def test_terms_are_accepted_by_version(cloud: MockCloud, client: WeSmartClient) -> None:
    """Also twice; a version other than the current one is refused."""
    cloud.change_terms("2026-09")
    with pytest.raises(TermsNotAcceptedError):
        await client.snapshot()
    terms = (await client.account()).terms
    assert (terms.current, terms.required, terms.open) == ("2026-09", True, True)
    with pytest.raises(InvalidRequestError):
        await client.accept_terms("2026-03")
    await client.accept_terms("2026-09")
    await client.accept_terms("2026-09")
    assert await client.snapshot() is not None


async def test_a_blocked_account_can_be_read_and_can_send_feedback(cloud: MockCloud, client: WeSmartClient) -> None:
    """Everything else is refused."""
    cloud.suspend(OWNER.username, reason="Nợ phí", until=wall_clock() + 86400)
    with pytest.raises(AccountBlockedError) as caught:
        await client.snapshot()
    assert not caught.value.terminated
    access = (await client.account()).access
    assert (access.status, access.reason, access.until is None) == ("suspended", "Nợ phí", False)
    cloud.terminate(OWNER.username)
    with pytest.raises(AccountBlockedError) as caught:
        await client.send_commands(RUN, 1, [Command.set(PANEL, on=True)])
    assert caught.value.terminated
    ticket = await client.send_feedback(FEEDBACK, idempotency_key="k")
    assert [one.id for one in await client.tickets()] == [ticket.id]


async def test_a_snapshot_is_sent_only_if_something_changed(cloud: MockCloud, client: WeSmartClient) -> None:
    """The position held goes along as an entity tag."""
    snapshot = await client.snapshot()
    assert snapshot is not None
    assert (snapshot.epoch, snapshot.seq) == (cloud.epoch, cloud.seq(OWNER.username))
    assert await client.snapshot((snapshot.epoch, snapshot.seq)) is None
    cloud.touch(*PANEL, on=False)
    changed = await client.snapshot((snapshot.epoch, snapshot.seq))
    assert changed is not None
    assert changed.seq > snapshot.seq
    cloud.new_epoch()
    assert await client.snapshot((changed.epoch, changed.seq)) is not None
    assert statuses(cloud, "/v1/snapshot") == [200, 304, 200, 200]


async def test_an_entity_tag_carries_any_epoch(scripted_client: WeSmartClient, scripted: ScriptedServer) -> None:
    """A 304 to an unconditional request is unexpected."""
    scripted.replies(answer(304))
    assert await scripted_client.snapshot(("e", 7)) is None
    assert await scripted_client.snapshot(('a"b\r\nc:đ', 2**53 - 1)) is None
    with pytest.raises(UnexpectedResponseError):
        await scripted_client.snapshot()
    assert [request.headers.get("If-None-Match") for request in scripted.requests] == [
        '"e:7"',
        '"a%22b%0D%0Ac%3A%C4%91:9007199254740991"',
        None,
    ]


@pytest.mark.parametrize(("size", "in_thread"), [(1000, False), (300_000, True)])
async def test_a_long_snapshot_is_decoded_in_a_thread(
    scripted_client: WeSmartClient,
    scripted: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    in_thread: bool,
) -> None:
    """A short one is decoded at once."""
    threads = []

    def decode(body: bytes) -> object:
        threads.append(threading.current_thread() is not threading.main_thread())
        return body

    monkeypatch.setattr("custom_components.wesmart.cloud.client.decode_snapshot", decode)
    scripted.replies(answer(200, b"x" * size))
    await scripted_client.snapshot()
    assert threads == [in_thread]


async def test_commands_are_encoded_as_in_the_contract(
    scripted_client: WeSmartClient, scripted: ScriptedServer
) -> None:
    """Without what was not given, and with null for None."""
    results = [
        {"status": "applied", "seq": 7.0, "state": {"on": True, "new": 1}},
        {"status": "rejected", "problem": {"type": "urn:wesmart:problem:unsupported", "title": "t"}},
        {"status": "superseded", "new": []},
        {"status": "new"},
    ]
    scripted.replies(answer(200, {"epoch": "e", "results": results, "new": 1}))
    commands = [
        Command.set(PANEL, on=True, effect=None, brightness=40.5),
        Command.stop(PANEL),
        Command(device_id="d", do="identify"),
        Command(scene_id="s", do="activate"),
    ]
    response = await scripted_client.send_commands(RUN, 9, commands)
    target = {"device_id": PANEL.device_id, "endpoint_id": PANEL.endpoint_id}
    assert json.loads(scripted.requests[0].body) == {
        "run": RUN,
        "order": 9,
        "commands": [
            {**target, "set": {"on": True, "effect": None, "brightness": 40.5}},
            {**target, "do": "stop"},
            {"device_id": "d", "do": "identify"},
            {"scene_id": "s", "do": "activate"},
        ],
    }
    assert response.epoch == "e"
    assert response.results == [
        CommandResult(status="applied", seq=7, state={"on": True}),
        CommandResult(status="rejected", problem=Problem("urn:wesmart:problem:unsupported")),
        CommandResult(status="superseded"),
        CommandResult(status="new"),
    ]
    with pytest.raises(UnexpectedResponseError, match="4 results of 1 commands"):
        await scripted_client.send_commands(RUN, 10, commands[:1])


async def test_commands_take_effect_in_their_order(cloud: MockCloud, client: WeSmartClient) -> None:
    """Each has a result, which holds the state after it."""
    commands = [
        Command.set(PANEL, on=True),
        Command.set(PANEL, on=False),
        Command(device_id=PANEL.device_id, do="identify"),
        Command(scene_id="canh-ra-ngoai", do="activate"),
    ]
    response = await client.send_commands(RUN, 1, commands)
    assert response.epoch == cloud.epoch
    assert {result.status for result in response.results} == {"applied"}
    assert [(result.state or {}).get("on") for result in response.results] == [True, False, None, None]
    assert cloud.state(*PANEL)["on"] is False
    with pytest.raises(InvalidRequestError):
        await client.send_commands("not a UUID", 2, commands)


async def test_feedback_is_filed_once_for_each_key(cloud: MockCloud, client: WeSmartClient) -> None:
    """However often it is sent."""
    feedback = Feedback(
        category=FeedbackCategory.AFTER_SALES,
        message="Rèm kêu to",
        subject="Rèm",
        rating=4,
        device_id="rem-phong-khach",
    )
    first = await client.send_feedback(feedback, idempotency_key="key")
    cloud.lose_answers(1)
    with pytest.raises(CloudConnectionError):
        await client.send_feedback(feedback, idempotency_key="key")
    assert (await client.send_feedback(feedback, idempotency_key="key")).id == first.id
    assert len(cloud.tickets(OWNER.username)) == 1
    assert (first.category, first.message, first.reply) == ("after_sales", "Rèm kêu to", None)


async def test_an_invalid_ticket_or_dealer_hides_no_other(
    scripted_client: WeSmartClient, scripted: ScriptedServer
) -> None:
    """Unknown values and members are fine; dealers are for everybody, so no token is sent."""
    ticket = {"id": "1", "category": "new", "message": "m", "status": "new", "created_at": "2026-11-20T05:00:00Z"}
    scripted.replies(answer(200, {"tickets": [ticket, 7, {**ticket, "id": 7}, {**ticket, "id": "2", "new": 1}]}))
    assert [one.id for one in await scripted_client.tickets()] == ["1", "2"]
    dealer = {"name": None, "address": "1 Lê Lợi", "province": "Huế", "phone": "1"}
    scripted.replies(answer(200, {"dealers": [dealer, {"name": "x"}, None]}))
    assert [one.province for one in await scripted_client.dealers("Huế")] == ["Huế"]
    assert "Authorization" not in scripted.requests[-1].headers


async def test_dealers_are_found_by_province(client: WeSmartClient) -> None:
    """Without one, all are returned."""
    dealers = await client.dealers()
    assert await client.dealers(dealers[0].province) == [one for one in dealers if one.province == dealers[0].province]


async def test_urls_are_those_of_the_session(http: HttpClient, scripted: ScriptedServer) -> None:
    """With or without a slash at the end. A stream without a position names none."""
    api_url = f"{scripted.url}/a/b/"
    endpoints = msgspec.structs.replace(scripted.endpoints(), api_url=api_url)
    tokens = Tokens(session_id="s", access_token="a", refresh_token="r", expires_at=wall_clock() + 3600)
    client = WeSmartClient(Session(http, endpoints, tokens, clock=wall_clock))
    scripted.replies(answer(200, {"id": "a"}), stream())
    await client.account()
    await (await client.connect("", -1)).close()
    assert [request.path for request in scripted.requests] == ["/a/b/account", "/v1/events"]


# Tokens


async def test_an_expired_token_is_renewed_and_the_request_repeated(
    cloud: MockCloud, client: WeSmartClient, stored: list[Tokens]
) -> None:
    """Also the handshake of a stream."""
    (session,) = cloud.sessions(OWNER.username)
    session.access.clear()
    await client.account()
    assert statuses(cloud, "/v1/account") == [401, 200]
    session.access.clear()
    opened = await client.connect(cloud.epoch, cloud.seq(OWNER.username))
    assert isinstance(await opened.receive(), HelloFrame)
    await opened.close()
    assert statuses(cloud, "/v1/events") == [401, 101]
    assert len(stored) == 2


async def test_a_renewed_token_that_is_refused_ends_the_session(
    scripted_client: WeSmartClient, scripted: ScriptedServer
) -> None:
    """There is no third attempt."""
    for attempt in (scripted_client.account, lambda: scripted_client.connect("e", 1)):
        scripted.requests.clear()
        scripted.replies(answer(401), answer(200, TOKENS), answer(401))
        with pytest.raises(SessionEndedError) as caught:
            await attempt()
        assert caught.value.__suppress_context__
        assert len(scripted.requests) == 3


async def test_another_failure_after_a_renewal_leaves_the_session(
    scripted_client: WeSmartClient, scripted: ScriptedServer
) -> None:
    """The renewed token is used again."""
    scripted.replies(answer(401), answer(200, TOKENS), answer(503, {}), answer(200, {"id": "a"}))
    with pytest.raises(UnavailableError):
        await scripted_client.account()
    assert (await scripted_client.account()).id == "a"
    tokens = [one.headers.get("Authorization") for one in scripted.requests]
    assert tokens == ["Bearer access-1", None, "Bearer access-2", "Bearer access-2"]


# Invalid responses


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(404, {}), NotFoundError),
        (redirect("/elsewhere", 308), UnexpectedResponseError),
        (answer(200, b""), UnexpectedResponseError),
        (answer(200, b"\xff"), UnexpectedResponseError),
        (answer(200, b"<html>", Content_Type="text/html"), UnexpectedResponseError),
        (answer(200, b"[" * 100_000), UnexpectedResponseError),
        (answer(200, b"[" * 300_000), UnexpectedResponseError),
        (answer(200, []), UnexpectedResponseError),
        (answer(204), UnexpectedResponseError),
        (answer(200, {"id": 7, "results": [{"status": 7}], "homes": 7, "tickets": 7}), UnexpectedResponseError),
    ],
)
async def test_an_invalid_response_is_a_wesmart_error(
    scripted_client: WeSmartClient, scripted: ScriptedServer, reply: Reply, kind: type[WeSmartError]
) -> None:
    """Of every request."""
    scripted.replies(reply)
    for attempt in (
        scripted_client.account,
        scripted_client.snapshot,
        lambda: scripted_client.send_commands(RUN, 1, [Command.stop(PANEL)]),
        lambda: scripted_client.send_feedback(FEEDBACK, idempotency_key="k"),
        scripted_client.tickets,
        scripted_client.dealers,
    ):
        with pytest.raises(WeSmartError) as caught:
            await attempt()
        assert type(caught.value) is kind
        assert caught.value.__context__ is None or caught.value.__suppress_context__


# Retry


class Server:
    """Responds with the next of its responses, the last one again and again, each after some seconds."""

    def __init__(self, *responses: WeSmartError | str, latency: float = 0) -> None:
        self._responses = deque(responses)
        self._latency = latency
        self.requested_at: list[float] = []

    async def request(self) -> str:
        """Respond."""
        self.requested_at.append(now())
        await asyncio.sleep(self._latency)
        response = self._responses.popleft() if len(self._responses) > 1 else self._responses[0]
        if isinstance(response, str):
            return response
        raise response


@pytest.mark.parametrize(
    ("failure", "repeated_at"),
    [
        (CloudConnectionError(""), 1),
        (CloudTimeoutError(""), 1),
        (ServerError(""), 1),
        (RateLimitedError("", retry_after=1), 1),
        (RateLimitedError("", retry_after=9), 9),
        (MaintenanceError("", retry_after=0.25), 0.25),
        (UnavailableError(""), 1),
    ],
)
async def test_a_request_is_repeated_if_it_may_succeed_in_time(failure: WeSmartError, repeated_at: float) -> None:
    """When the server says, or after a second."""
    server = Server(failure, "response")
    assert (await retry(server.request), server.requested_at) == ("response", [0, repeated_at])


@pytest.mark.parametrize(
    "failure",
    [
        RateLimitedError("", retry_after=DEADLINE_S),
        MaintenanceError("", retry_after=600),
        AccountBlockedError("", terminated=False),
        InvalidRequestError(""),
        NotFoundError(""),
        SessionEndedError(""),
        UnexpectedResponseError(""),
    ],
)
async def test_a_request_that_cannot_succeed_in_time_fails_at_once(failure: WeSmartError) -> None:
    """Nobody waits in vain."""
    server = Server(failure)
    with pytest.raises(type(failure)) as error:
        await retry(server.request)
    assert error.value is failure
    assert server.requested_at == [0]


async def test_the_last_failure_is_raised_when_there_is_no_time_left() -> None:
    """The next attempt would begin at the deadline."""
    last = ServerError("")
    server = Server(RateLimitedError("", retry_after=6), CloudConnectionError(""), last)
    with pytest.raises(ServerError) as error:
        await retry(server.request)
    assert error.value is last
    assert server.requested_at == [0, 6, 7, 8, 9]


@pytest.mark.parametrize("latency", [3, 30])
async def test_a_request_ends_at_the_deadline(latency: float) -> None:
    """Whichever attempt it is."""
    server = Server(CloudConnectionError(""), latency=latency)
    with pytest.raises(CloudTimeoutError):
        await retry(server.request)
    assert now() == DEADLINE_S


async def test_a_request_with_a_timeout_at_the_deadline_is_not_repeated() -> None:
    """Both timeouts expire together then, and one of them is lost."""

    async def request() -> str:
        try:
            async with asyncio.timeout(DEADLINE_S):
                await asyncio.sleep(60)
        except TimeoutError:
            raise CloudTimeoutError("") from None
        return "response"

    with pytest.raises(CloudTimeoutError):
        await retry(request)
    assert now() == DEADLINE_S
