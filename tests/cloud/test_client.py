"""Everything a logged-in account can ask the cloud for."""

import json

import msgspec
import pytest

from custom_components.wesmart.cloud import Command, Feedback, Session, Tokens, Transport, WeSmartClient
from custom_components.wesmart.cloud.client import entity_tag
from custom_components.wesmart.cloud.commands import CommandResult
from custom_components.wesmart.cloud.errors import (
    AccountBlockedError,
    InvalidRequestError,
    MaintenanceError,
    NotFoundError,
    RateLimitedError,
    SessionEndedError,
    TermsNotAcceptedError,
    UnexpectedAnswerError,
    WeSmartError,
)
from custom_components.wesmart.cloud.models import EndpointKey, FeedbackCategory, Position
from custom_components.wesmart.cloud.wire_events import HelloFrame
from tests.accounts import OWNER
from tests.cloud.conftest import wall_clock
from tests.cloud.scripted import Reply, ScriptedServer, answer, redirect, stream
from tests.mock_cloud import MockCloud

PANEL = EndpointKey("cong-tac-phong-khach", "1")
TOKENS = {"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 3600, "token_type": "Bearer"}


@pytest.fixture
async def asking(transport: Transport, scripted: ScriptedServer) -> WeSmartClient:
    """Return a client of the scripted server, logged in."""
    tokens = Tokens(session_id="s", access_token="access-1", refresh_token="refresh-1", expires_at=wall_clock() + 3600)
    return WeSmartClient(Session(transport, scripted.endpoints(), tokens, clock=wall_clock))


def statuses(cloud: MockCloud, path: str) -> list[int]:
    """Return how requests to a path were answered."""
    return [request.status for request in cloud.requests if request.path == path]


async def test_an_account_has_a_profile_and_terms(cloud: MockCloud, client: WeSmartClient) -> None:
    """And shows nothing of a person where it is printed."""
    account = await client.account()
    assert (account.full_name, account.email) == (OWNER.full_name, OWNER.username)
    assert (account.terms.accepted, account.terms.current) == ("2026-03", "2026-03")
    assert repr(account) == f"Account(id={account.id!r})"


async def test_terms_are_accepted_by_their_version(cloud: MockCloud, client: WeSmartClient) -> None:
    """Also twice; a version that is not the current one is refused."""
    cloud.change_terms("2026-09")
    with pytest.raises(TermsNotAcceptedError) as caught:
        await client.snapshot()
    assert (caught.value.version, caught.value.url) == ("2026-09", f"{cloud.url}/terms")
    with pytest.raises(InvalidRequestError) as refused:
        await client.accept_terms("2026-03")
    assert refused.value.details
    await client.accept_terms("2026-09")
    await client.accept_terms("2026-09")
    assert await client.snapshot() is not None


async def test_a_blocked_account_says_why_and_can_still_complain(cloud: MockCloud, client: WeSmartClient) -> None:
    """The account and feedback stay open."""
    cloud.suspend(OWNER.username, reason="Nợ phí", until=wall_clock() + 86400)
    with pytest.raises(AccountBlockedError) as caught:
        await client.snapshot()
    assert (caught.value.terminated, caught.value.reason) == (False, "Nợ phí")
    assert caught.value.until is not None
    cloud.terminate(OWNER.username)
    with pytest.raises(AccountBlockedError) as caught:
        await client.send_commands(1, [Command.set(PANEL, on=True)])
    assert (caught.value.terminated, caught.value.until) == (True, None)
    assert (await client.account()).full_name == OWNER.full_name
    complaint = Feedback(category=FeedbackCategory.APPLICATION, message="Vì sao?")
    assert (await client.send_feedback(complaint, idempotency_key="k")).status == "open"


async def test_a_snapshot_is_fetched_once_and_then_proved(cloud: MockCloud, client: WeSmartClient) -> None:
    """By the tag of what is held now; a change makes another."""
    snapshot = await client.snapshot()
    assert snapshot is not None
    assert snapshot.position == Position(cloud.epoch, cloud.seq(OWNER.username))
    assert await client.snapshot(snapshot.position) is None
    cloud.touch(*PANEL, on=False)
    changed = await client.snapshot(snapshot.position)
    assert changed is not None
    assert changed.position.seq > snapshot.position.seq
    assert await client.snapshot(changed.position) is None
    cloud.new_epoch()
    assert await client.snapshot(changed.position) is not None
    assert statuses(cloud, "/v1/snapshot") == [200, 304, 200, 304, 200]


def test_a_tag_carries_any_epoch() -> None:
    """Opaque as it is, it has to fit a header."""
    assert entity_tag(Position("e", 7)) == '"e:7"'
    assert entity_tag(Position('a"b\r\nc:đ', 2**53 - 1)) == '"a%22b%0D%0Ac%3A%C4%91:9007199254740991"'


async def test_nothing_has_changed_only_where_something_is_held(
    asking: WeSmartClient, scripted: ScriptedServer
) -> None:
    """A 304 to an unconditional request would leave the caller with nothing."""
    scripted.replies(answer(304))
    assert await asking.snapshot(Position("e", 1)) is None
    with pytest.raises(UnexpectedAnswerError):
        await asking.snapshot()


async def test_commands_are_written_as_the_contract_says(asking: WeSmartClient, scripted: ScriptedServer) -> None:
    """Nothing that was not given; null where it was."""
    scripted.replies(answer(200, {"results": []}))
    await asking.send_commands(
        9,
        [
            Command.set(PANEL, on=True, effect=None, brightness=40.5),
            Command.stop(PANEL),
            Command(id="i", device_id="d", do="identify"),
            Command(id="s", scene_id="s", do="activate"),
        ],
    )
    body = json.loads(scripted.requests[0].body)
    assert body["order"] == 9
    first, second, *others = body["commands"]
    target = {"device_id": PANEL.device_id, "endpoint_id": PANEL.endpoint_id}
    assert first == {"id": first["id"], **target, "set": {"on": True, "effect": None, "brightness": 40.5}}
    assert second == {"id": second["id"], **target, "do": "stop"}
    assert first["id"] != second["id"]
    assert others == [{"id": "i", "device_id": "d", "do": "identify"}, {"id": "s", "scene_id": "s", "do": "activate"}]


async def test_commands_have_their_effect_in_the_order_of_the_array(cloud: MockCloud, client: WeSmartClient) -> None:
    """The last one stays; each has a result, and a scene and a button to find a device by are commands, too."""
    commands = [
        Command.set(PANEL, on=True),
        Command.set(PANEL, on=False),
        Command(device_id=PANEL.device_id, do="identify"),
        Command(scene_id="canh-ra-ngoai", do="activate"),
    ]
    results = await client.send_commands(1, commands)
    assert {result.id for result in results} == {command.id for command in commands}
    assert {result.status for result in results} == {"applied"}
    assert all(isinstance(result.seq, float) for result in results)
    assert cloud.state(*PANEL)["on"] is False


async def test_a_body_that_is_wrong_is_refused_as_a_whole(client: WeSmartClient) -> None:
    """With where it is wrong."""
    with pytest.raises(InvalidRequestError) as caught:
        await client.send_commands(1, [Command.set(PANEL, on=True), Command(id="no UUID", device_id="d", do="stop")])
    assert any("/commands/1/id" in detail for detail in caught.value.details)


async def test_feedback_is_filed_once_by_its_key(cloud: MockCloud, client: WeSmartClient) -> None:
    """However often it is sent, with all a user can say."""
    feedback = Feedback(
        category=FeedbackCategory.AFTER_SALES,
        message="Rèm kêu to",
        subject="Rèm",
        rating=4,
        device_id="rem-phong-khach",
    )
    first = await client.send_feedback(feedback, idempotency_key="key")
    cloud.lose_answers(1)
    with pytest.raises(WeSmartError):
        await client.send_feedback(feedback, idempotency_key="key")
    assert (await client.send_feedback(feedback, idempotency_key="key")).id == first.id
    assert len(cloud.tickets(OWNER.username)) == 1
    assert (first.category, first.message, first.reply) == ("after_sales", "Rèm kêu to", None)


async def test_an_expired_token_is_renewed_once_and_the_request_repeated(
    cloud: MockCloud, client: WeSmartClient, saved: list[Tokens]
) -> None:
    """Requests and handshakes alike."""
    snapshot = await client.snapshot()
    assert snapshot is not None
    (session,) = cloud.sessions(OWNER.username)
    session.access.clear()
    await client.account()
    assert statuses(cloud, "/v1/account") == [401, 200]
    session.access.clear()
    opened = await client.connect(snapshot.position)
    assert isinstance(await opened.receive(), HelloFrame)
    await opened.close()
    assert statuses(cloud, "/v1/events") == [401, 101]
    assert len(saved) == 2


async def test_a_new_token_that_is_refused_too_needs_a_new_login(
    asking: WeSmartClient, scripted: ScriptedServer
) -> None:
    """There is no third attempt."""
    for attempt in (asking.account, lambda: asking.connect(Position("e", 1))):
        scripted.requests.clear()
        scripted.replies(answer(401), answer(200, TOKENS), answer(401))
        with pytest.raises(SessionEndedError) as caught:
            await attempt()
        assert caught.value.__suppress_context__
        assert len(scripted.requests) == 3


async def test_a_failed_repetition_is_what_it_is(asking: WeSmartClient, scripted: ScriptedServer) -> None:
    """The session is still good."""
    scripted.replies(answer(401), answer(200, TOKENS), answer(503, {}), answer(200, {"id": "a"}))
    with pytest.raises(MaintenanceError):
        await asking.account()
    assert (await asking.account()).id == "a"
    assert [one.headers.get("Authorization") for one in scripted.requests] == [
        "Bearer access-1",
        None,
        "Bearer access-2",
        "Bearer access-2",
    ]


async def test_a_rate_limit_and_maintenance_are_passed_on(cloud: MockCloud, client: WeSmartClient) -> None:
    """With the time to wait."""
    cloud.rate_limit(7)
    with pytest.raises(RateLimitedError) as limited:
        await client.account()
    assert limited.value.retry_after == pytest.approx(7, abs=1)
    cloud.maintenance(ends_at=wall_clock() + 600, retry_after=30)
    with pytest.raises(MaintenanceError) as maintained:
        await client.connect(Position(cloud.epoch, 0))
    assert maintained.value.retry_after == pytest.approx(30, abs=1)
    assert maintained.value.ends_at is not None


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(404, {}), NotFoundError),
        (redirect("/elsewhere", 308), UnexpectedAnswerError),
        (answer(200, b""), UnexpectedAnswerError),
        (answer(200, b"\xff"), UnexpectedAnswerError),
        (answer(200, b"<html>", Content_Type="text/html"), UnexpectedAnswerError),
        (answer(200, b"[" * 100_000), UnexpectedAnswerError),
        (answer(200, []), UnexpectedAnswerError),
        (answer(204), UnexpectedAnswerError),
        (answer(200, {"results": [{"id": 7}], "id": 7, "homes": 7}), UnexpectedAnswerError),
    ],
)
async def test_an_answer_that_makes_no_sense_is_one_of_our_errors(
    asking: WeSmartClient, scripted: ScriptedServer, reply: Reply, kind: type[WeSmartError]
) -> None:
    """Whatever was asked."""
    scripted.replies(reply)
    feedback = Feedback(category=FeedbackCategory.SECURITY, message="m")
    for attempt in (
        asking.account,
        asking.snapshot,
        lambda: asking.send_commands(1, [Command.stop(PANEL)]),
        lambda: asking.send_feedback(feedback, idempotency_key="k"),
    ):
        with pytest.raises(WeSmartError) as caught:
            await attempt()
        assert type(caught.value) is kind
        assert caught.value.__context__ is None or caught.value.__suppress_context__


async def test_an_api_below_a_path_is_asked_below_that_path(transport: Transport, scripted: ScriptedServer) -> None:
    """With or without a slash at its end; so is an events URL that has a query of its own."""
    pinned = msgspec.structs.replace(
        scripted.endpoints(),
        api_url=f"{scripted.url}/a/b/",
        events_url=f"{scripted.url.replace('http', 'ws')}/events?tenant=7",
    )
    tokens = Tokens(session_id="s", access_token="a", refresh_token="r", expires_at=wall_clock() + 3600)
    client = WeSmartClient(Session(transport, pinned, tokens, clock=wall_clock))
    scripted.replies(answer(200, {"id": "a"}), stream())
    await client.account()
    await (await client.connect(Position("e", 7))).close()
    assert [request.path for request in scripted.requests] == ["/a/b/account", "/events"]


async def test_results_may_be_spelled_in_every_way_the_contract_knows(
    asking: WeSmartClient, scripted: ScriptedServer
) -> None:
    """Numbers as floats, problems whole or by type."""
    results = [
        {"id": "a", "status": "applied", "seq": 7.0},
        {"id": "b", "status": "rejected", "problem": {"type": "urn:wesmart:problem:unsupported", "title": "t"}},
        {"id": "c", "status": "rejected", "problem": "urn:wesmart:problem:not-found", "x_new": []},
    ]
    scripted.replies(answer(200, {"results": results, "x_new": 1}))
    decoded = await asking.send_commands(1, [])
    assert decoded[0] == CommandResult("a", "applied", seq=7)
    assert [result.status for result in decoded] == ["applied", "rejected", "rejected"]
