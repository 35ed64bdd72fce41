"""Command requests that are repeated, late, or of another session (contract, "Commands")."""

import pytest

from tests.conformance.conftest import Sessions
from tests.conformance.house import Endpoint, find
from tests.conformance.server import Answer, Session, new_id
from tests.conformance.target import Document, Json, Target

# For how long a run that another has followed is remembered at least (C-58).
REMEMBERED_S = 3600


async def is_on(session: Session, lamp: Endpoint) -> bool:
    """Return whether an endpoint is on now."""
    return bool(find(await session.get("/snapshot"), lamp.key).state["on"])


async def post(session: Session, run: str, order: float, *commands: Json) -> Answer:
    """Send a command request."""
    answer = await session.send(*commands, run=run, order=order)
    assert answer.status == 200, answer
    return answer


def statuses(answer: Answer) -> set[str]:
    """Return the different statuses of the results."""
    return {result["status"] for result in answer.document["results"]}


@pytest.mark.rule("C-56")
@pytest.mark.parametrize("between", ["", "restart"])
async def test_a_repeated_request_is_answered_as_before_and_done_once(
    sessions: Sessions, target: Target, lamp: Endpoint, between: str
) -> None:
    """Rejections included, and also over a restart."""
    session, other = await sessions.open(), await sessions.open()
    run, commands = new_id(), [lamp.flip(), {"device_id": new_id(), "do": "identify"}]
    first = await post(session, run, 7, *commands)
    await other.applied(lamp.flip(on=lamp.state["on"]))
    if between:
        await target.operate(between)
    again = await post(session, run, 7, *commands)
    assert again.document["results"] == first.document["results"]
    assert again.document["epoch"] == first.document["epoch"]
    assert await is_on(session, lamp) is lamp.state["on"], "the repeated command was carried out again"


@pytest.mark.rule("C-57")
async def test_commands_are_the_same_when_they_are_equal_as_json(sessions: Sessions, lamp: Endpoint) -> None:
    """The order of members means nothing, nor does the spelling of numbers and of the run."""
    session, other = await sessions.open(), await sessions.open()
    run, command = new_id(), {**lamp.flip(), "x_number": 30, "x_object": {"a": 1, "b": [2]}}
    first = await post(session, run, 7, command)
    await other.applied(lamp.flip(on=lamp.state["on"]))
    spelled = {**dict(reversed(command.items())), "x_number": 30.0, "x_object": {"b": [2.0], "a": 1.0}}
    again = await post(session, run, 7.0, spelled)
    assert again.document == first.document
    assert await is_on(session, lamp) is lamp.state["on"]


@pytest.mark.rule("C-57")
async def test_other_commands_are_not_the_same(sessions: Sessions, lamp: Endpoint) -> None:
    """`true` is not 1, nor is 30 the text "30"; such a request is superseded."""
    session = await sessions.open()
    run = new_id()
    assert statuses(await post(session, run, 7, {**lamp.flip(), "x": 1})) == {"applied"}
    for value in (True, "1", 1.5, [1], None):
        assert statuses(await post(session, run, 7, {**lamp.flip(), "x": value})) == {"superseded"}, value


@pytest.mark.rule("C-58")
async def test_a_request_that_is_not_newer_is_superseded(sessions: Sessions, lamp: Endpoint) -> None:
    """Whole, and the last request stays the last; `order` may have gaps."""
    session = await sessions.open()
    run, same = new_id(), lamp.flip(on=lamp.state["on"])
    first = await post(session, run, 7, same)
    for order in (1, 6, 7):
        late = await post(session, run, order, lamp.flip(), lamp.flip())
        assert [result["status"] for result in late.document["results"]] == ["superseded"] * 2
    assert await is_on(session, lamp) is lamp.state["on"], "a superseded command was carried out"
    assert (await post(session, run, 7, same)).document == first.document
    assert statuses(await post(session, run, 90, lamp.flip())) == {"applied"}


@pytest.mark.rule("C-58")
async def test_a_run_that_another_has_followed_is_superseded(
    sessions: Sessions, target: Target, lamp: Endpoint
) -> None:
    """For an hour at least; the new run may begin with any order."""
    session = await sessions.open()
    first, second = new_id(), new_id()
    await post(session, first, 50, lamp.flip(on=lamp.state["on"]))
    assert statuses(await post(session, second, 3, lamp.flip(on=lamp.state["on"]))) == {"applied"}
    if target.patience_s > REMEMBERED_S:
        await target.wait(REMEMBERED_S - 60)
    assert statuses(await post(session, first, 51, lamp.flip())) == {"superseded"}
    assert await is_on(session, lamp) is lamp.state["on"]


@pytest.mark.rule("C-58")
async def test_a_request_that_was_refused_does_not_count(sessions: Sessions, lamp: Endpoint) -> None:
    """Its `order` can be used again."""
    session = await sessions.open()
    run = new_id()
    assert (await session.send(5, run=run, order=9, checked=False)).status == 422
    assert statuses(await post(session, run, 2, lamp.flip(on=lamp.state["on"]))) == {"applied"}


@pytest.mark.rule("C-59")
async def test_requests_of_different_sessions_are_compared_with_nothing(sessions: Sessions, lamp: Endpoint) -> None:
    """Not even under the same run: the last to arrive wins."""
    first, second = await sessions.open(), await sessions.open()
    run = new_id()
    same: Document = lamp.flip(on=lamp.state["on"])
    assert statuses(await post(first, run, 10, lamp.flip())) == {"applied"}
    assert statuses(await post(second, run, 1, same)) == {"applied"}
    assert await is_on(first, lamp) is lamp.state["on"]
    assert statuses(await post(first, run, 11, lamp.flip())) == {"applied"}
