"""Feedback that got no answer leaves as it was when it is sent again, so that it is filed once."""

import asyncio
import json

from msgspec.structs import replace
import pytest

from custom_components.wesmart.cloud import Feedback, Session, SupportDesk, Tokens, Transport, WeSmartClient
from custom_components.wesmart.cloud.errors import (
    AccountBlockedError,
    CloudConnectionError,
    CloudTimeoutError,
    InvalidRequestError,
    MaintenanceError,
    UnexpectedAnswerError,
    WeSmartError,
)
from custom_components.wesmart.cloud.models import FeedbackCategory, Ticket
from tests.cloud.conftest import wall_clock
from tests.cloud.scripted import Reply, ScriptedServer, answer, late, reset
from tests.mock_cloud.wire import JsonObject

DAY_S = 24 * 3600
TICKET: JsonObject = {
    "id": "t",
    "category": "after_sales",
    "message": "m",
    "status": "open",
    "created_at": "2026-11-20T05:00:00Z",
}
FILED = answer(201, TICKET)
SAID = Feedback(category=FeedbackCategory.AFTER_SALES, message="Rèm kêu to", subject="Rèm", rating=2, device_id="rem")
BLOCKED = answer(403, {"type": "urn:wesmart:problem:account-suspended"})
MAINTAINED = answer(503, {"type": "urn:wesmart:problem:maintenance"}, Retry_After="20")


class Desk:
    """A desk at a scripted server."""

    def __init__(self, client: WeSmartClient, server: ScriptedServer) -> None:
        self._client = client
        self._server = server
        self._desk = SupportDesk()
        self.as_sent = self._desk.as_sent

    async def send(self, *replies: Reply, feedback: Feedback = SAID) -> Ticket:
        """Send feedback to a server that replies so."""
        self._server.replies(*replies)
        return await self._desk.send(self._client, feedback)

    async def fail(self, kind: type[WeSmartError], *replies: Reply, feedback: Feedback = SAID) -> None:
        """Send feedback in vain."""
        with pytest.raises(kind):
            await self.send(*replies, feedback=feedback)

    @property
    def sent(self) -> list[tuple[str, JsonObject]]:
        """Return what has arrived so far: keys and bodies."""
        return [(one.headers["Idempotency-Key"], json.loads(one.body)) for one in self._server.requests]

    @property
    def letters(self) -> int:
        """Return how many letters that is."""
        return len({key for key, _ in self.sent})


@pytest.fixture
async def desk(transport: Transport, scripted: ScriptedServer) -> Desk:
    """Return the desk of somebody who is logged in for days."""
    tokens = Tokens(session_id="s", access_token="a", refresh_token="r", expires_at=wall_clock() + 10 * DAY_S)
    return Desk(WeSmartClient(Session(transport, scripted.endpoints(), tokens, clock=wall_clock)), scripted)


@pytest.mark.parametrize(
    ("unanswered", "error"),
    [
        (reset, CloudConnectionError),
        (late(60, FILED), CloudTimeoutError),
        (answer(500), CloudConnectionError),
        (answer(201, b"<html>"), UnexpectedAnswerError),
    ],
    ids=["broken off", "late", "fault", "nonsense"],
)
async def test_what_got_no_answer_is_the_same_letter_when_it_is_sent_again(
    desk: Desk, unanswered: Reply, error: type[WeSmartError]
) -> None:
    """With the diagnostics that it had: the key is good for that body only."""
    await desk.fail(error, unanswered, feedback=replace(SAID, diagnostics={"seq": 1}))
    await asyncio.sleep(3600)
    again = replace(SAID, diagnostics={"seq": 2})
    assert desk.as_sent(again).diagnostics == {"seq": 1}
    await desk.send(FILED, feedback=again)
    assert desk.letters == 1
    assert {body["diagnostics"] == {"seq": 1} for _, body in desk.sent} == {True}


@pytest.mark.parametrize(
    "other",
    [
        replace(SAID, category=FeedbackCategory.SECURITY),
        replace(SAID, message="Rèm kêu rất to"),
        replace(SAID, subject=None),
        replace(SAID, rating=1),
        replace(SAID, device_id=None),
        replace(SAID, diagnostics={"seq": 1}),
    ],
)
async def test_something_else_is_another_letter(desk: Desk, other: Feedback) -> None:
    """Diagnostics included: whoever did not ask for them must not send them."""
    await desk.fail(CloudConnectionError, reset)
    assert desk.as_sent(other) is other
    await desk.send(FILED, feedback=other)
    assert desk.letters == 2
    await desk.send(FILED)
    assert desk.letters == 2


async def test_what_was_answered_is_another_letter_when_it_is_said_again(desk: Desk) -> None:
    """It may well happen twice."""
    await desk.fail(CloudConnectionError, reset)
    for letters in (1, 2, 3):
        await desk.send(FILED)
        assert desk.letters == letters


@pytest.mark.parametrize(("refusal", "error"), [(MAINTAINED, MaintenanceError), (BLOCKED, AccountBlockedError)])
async def test_a_refusal_says_nothing_of_a_letter_that_may_have_arrived_before(
    desk: Desk, refusal: Reply, error: type[WeSmartError]
) -> None:
    """It stays in doubt until there is a ticket."""
    await desk.fail(CloudConnectionError, reset)
    await desk.fail(error, refusal)
    await asyncio.sleep(30)
    await desk.send(FILED)
    assert desk.letters == 1


@pytest.mark.parametrize(("refusal", "error"), [(MAINTAINED, MaintenanceError), (BLOCKED, AccountBlockedError)])
async def test_what_was_refused_is_written_anew(desk: Desk, refusal: Reply, error: type[WeSmartError]) -> None:
    """Nothing was done: its diagnostics may be of today."""
    await desk.fail(error, refusal, feedback=replace(SAID, diagnostics={"seq": 1}))
    await asyncio.sleep(30)
    again = replace(SAID, diagnostics={"seq": 2})
    assert desk.as_sent(again) is again


async def test_a_letter_that_the_cloud_does_not_understand_is_not_kept(desk: Desk) -> None:
    """It would not understand it the next time either."""
    await desk.fail(CloudConnectionError, reset)
    await desk.fail(InvalidRequestError, answer(422, {"type": "urn:wesmart:problem:invalid-request"}))
    await desk.send(FILED)
    assert desk.letters == 2


@pytest.mark.parametrize(("days", "letters"), [(0.99, 1), (1, 2)])
async def test_a_letter_is_kept_for_as_long_as_the_cloud_knows_its_key(desk: Desk, days: float, letters: int) -> None:
    """A day; afterwards it would be filed again anyway."""
    await desk.fail(CloudConnectionError, reset)
    await asyncio.sleep(days * DAY_S - 10)
    await desk.send(FILED)
    assert desk.letters == letters


async def test_only_the_latest_letters_are_kept(desk: Desk) -> None:
    """A script that fails in a loop must not fill the memory."""
    said = [replace(SAID, message=str(number)) for number in range(30)]
    for feedback in said:
        await desk.fail(CloudConnectionError, reset, feedback=feedback)
    await desk.send(FILED, feedback=said[-1])
    await desk.send(FILED, feedback=said[-20])
    assert desk.letters == 30
    await desk.send(FILED, feedback=said[0])
    assert desk.letters == 31


async def test_whoever_is_impatient_sends_the_same_letter(desk: Desk) -> None:
    """The first has had no answer yet."""
    tickets = await asyncio.gather(desk.send(late(5, FILED)), desk.send(late(5, FILED)))
    assert (len(desk.sent), desk.letters, {ticket.id for ticket in tickets}) == (2, 1, {"t"})


async def test_a_letter_whose_writer_was_interrupted_is_kept(desk: Desk) -> None:
    """A script may be stopped while it waits."""
    sending = asyncio.create_task(desk.send(late(5, FILED)))
    await asyncio.sleep(1)
    sending.cancel()
    await asyncio.wait([sending])
    await desk.send(FILED)
    assert (len(desk.sent), desk.letters) == (2, 1)
