"""What leaves when, again or never: decided without a loop, on a clock that the test moves by hand."""

from itertools import cycle, pairwise

import pytest

from custom_components.wesmart.cloud.commands import Command, CommandResult, FieldValue
from custom_components.wesmart.cloud.dispatch import Call, Conclusion, Dispatcher, Request
from custom_components.wesmart.cloud.errors import (
    CloudConnectionError,
    CommandRejectedError,
    RateLimitedError,
    UnexpectedAnswerError,
    WeSmartError,
)
from custom_components.wesmart.cloud.models import EndpointKey

LAMP = EndpointKey("lamp", "1")
CURTAIN = EndpointKey("curtain", "1")
NIGHT = Command(scene_id="night", do="activate")
LOST = CloudConnectionError("lost")


def dispatcher(unix_time: float = 1000) -> Dispatcher[str]:
    """Return one whose callers are known by name, and whose clock stands still."""
    return Dispatcher(lambda: unix_time)


def put(one: Dispatcher[str], *commands: Command, now: float = 0) -> list[Call[str]]:
    """Add commands; their callers are called a, b, c."""
    return [one.put(command, name, now) for command, name in zip(commands, "abcdef", strict=False)]


def sent(one: Dispatcher[str], now: float = 0) -> Request:
    """Return the request that leaves now."""
    request = one.next(now)
    assert isinstance(request, Request)
    return request


def bodies(request: Request) -> list[dict[str, FieldValue] | str | None]:
    """Return what a request says, but for ids."""
    return [command.fields or command.do for command in request.commands]


def told(concluded: list[Conclusion[str]]) -> dict[str, type[WeSmartError] | str]:
    """Return what each caller is told."""
    return {
        name: outcome.status if isinstance(outcome, CommandResult) else type(outcome) for name, outcome in concluded
    }


def results(request: Request, *statuses: str) -> list[CommandResult]:
    """Return a result for each command of a request, of the statuses in turn."""
    return [
        CommandResult(command.id, status, seq=7 if status == "applied" else None)
        for command, status in zip(request.commands, cycle(statuses), strict=False)
    ]


def test_while_a_request_is_in_flight_nothing_else_leaves() -> None:
    """It waits, whatever else could be sent."""
    one = dispatcher()
    put(one, Command.set(LAMP, on=True))
    request = sent(one)
    put(one, Command.set(CURTAIN, position=5))
    assert one.next(1) is None
    one.answered(results(request, "applied"))
    assert bodies(sent(one, 1)) == [{"position": 5}]


def test_after_a_failure_the_same_is_sent_again_and_no_sooner_than_said() -> None:
    """Under the same id and a higher order, and without what came meanwhile."""
    one = dispatcher()
    put(one, Command.set(LAMP, on=True))
    first = sent(one)
    put(one, Command.set(LAMP, on=False))
    assert one.failed(RateLimitedError("429", retry_after=3), 1) == []
    assert one.next(1) == 4
    again = sent(one, 4)
    assert again.commands == first.commands
    assert again.order > first.order


@pytest.mark.parametrize("status", ["done", "", "Applied"])
def test_a_result_of_unknown_status_is_no_success(status: str) -> None:
    """Whatever it means in a later version, nobody has acknowledged anything; and it may have been done."""
    one = dispatcher()
    put(one, Command.set(LAMP, on=True), Command.set(LAMP, brightness=5))
    applied, concluded = one.answered(results(sent(one), status))
    assert applied == []
    assert told(concluded) == {"a": UnexpectedAnswerError, "b": UnexpectedAnswerError}
    assert one.next(1) is None


@pytest.mark.parametrize("last", [Command.stop(CURTAIN), NIGHT])
def test_what_comes_after_a_shared_command_waits_until_that_is_not_refused(last: Command) -> None:
    """Or its calls, tried apart, would undo what came after them."""
    one = dispatcher()
    lamp = Command.set(LAMP, on=True)
    put(one, Command.set(CURTAIN, position=5), Command.set(CURTAIN, tilt=500), lamp, last)
    together = sent(one)
    assert bodies(together)[0] == {"position": 5, "tilt": 500}
    assert last not in together.commands
    one.answered(results(together, "rejected"))
    assert [body for body in bodies(sent(one)) if body != lamp.fields] == [{"position": 5}, {"tilt": 500}, last.do]


def test_what_outlives_a_call_it_was_shared_with_is_sent_under_another_id() -> None:
    """The same id may not get another body, and what nobody waits for may not be done."""
    one = dispatcher()
    put(one, Command.set(LAMP, on=True), now=0)
    put(one, Command.set(LAMP, brightness=5), now=2)
    put(one, Command.set(LAMP, hue=5), now=3)
    first = sent(one, 3)
    one.failed(LOST, 9.8)
    again = sent(one, 10.3)
    assert bodies(again) == [{"brightness": 5, "hue": 5}]
    assert again.commands[0].id != first.commands[0].id


def test_what_says_the_same_without_a_call_keeps_its_id() -> None:
    """A slider: what was skipped makes no difference to what is asked for."""
    one = dispatcher()
    put(one, Command.set(LAMP, brightness=1), now=0)
    put(one, Command.set(LAMP, brightness=2), now=2)
    first = sent(one, 3)
    one.failed(LOST, 9.8)
    assert sent(one, 10.3).commands == first.commands


def test_who_cannot_wait_for_the_repeat_is_told_at_once() -> None:
    """Whether it was on its way or not; the others wait."""
    one = dispatcher()
    put(one, Command.set(LAMP, on=True), now=0)
    sent(one)
    one.put(Command.set(CURTAIN, position=1), "later", 8)
    assert told(one.failed(RateLimitedError("429", retry_after=5), 8)) == {"a": RateLimitedError}
    assert bodies(sent(one, 13)) == [{"position": 1}]


def test_who_gave_up_is_told_nothing() -> None:
    """And what only they wanted is not sent."""
    one = dispatcher()
    gone, _ = put(one, Command.set(LAMP, on=True), Command.set(CURTAIN, position=1))
    one.give_up(gone)
    request = sent(one)
    assert bodies(request) == [{"position": 1}]
    _, concluded = one.answered([])
    assert told(concluded) == {"b": CommandRejectedError}


def test_orders_rise_from_the_clouds_time_where_ours_is_behind() -> None:
    """A clock that starts in the past would make everything look overtaken."""
    one = dispatcher(unix_time=10)
    orders = []
    for at in (None, 2000, 1000):
        if at is not None:
            one.order_after(at)
        put(one, Command.set(LAMP, on=True))
        request = sent(one)
        orders.append(request.order)
        one.answered(results(request, "applied"))
    assert orders == [10_000, 2_000_001, 2_000_002]


# Behind an earlier life of the session: an order that no request of this process explains

MINUTE_MS = 60_000
LEAPS_MS = [MINUTE_MS * 60**times for times in range(5)]


def orders_until_told(one: Dispatcher[str]) -> tuple[list[int], dict[str, type[WeSmartError] | str]]:
    """Have everything superseded; return the orders that were tried, and what the callers are told in the end."""
    orders = []
    while True:
        request = sent(one)
        orders.append(request.order)
        _, concluded = one.answered(results(request, "superseded"))
        if concluded:
            return orders, told(concluded)


def test_what_nobody_here_has_superseded_leaves_again_under_a_new_id_and_a_higher_order() -> None:
    """An earlier life of the session had a clock that was ahead; its caller hears of it when it is done."""
    one = dispatcher()
    put(one, Command.set(LAMP, on=False))
    first = sent(one)
    assert one.answered(results(first, "superseded")) == ([], [])
    again = sent(one)
    assert bodies(again) == [{"on": False}]
    assert again.commands[0].id != first.commands[0].id
    assert again.order > first.order + MINUTE_MS
    applied, concluded = one.answered(results(again, "applied"))
    assert [command for command, _ in applied] == list(again.commands)
    assert told(concluded) == {"a": "applied"}


def test_later_requests_keep_the_order_that_was_high_enough() -> None:
    """Only the first command after such a start is sent more than once."""
    one = dispatcher()
    put(one, Command.set(LAMP, on=False))
    one.answered(results(sent(one), "superseded"))
    high_enough = sent(one)
    one.answered(results(high_enough, "applied"))
    put(one, Command.set(LAMP, on=True))
    assert sent(one).order == high_enough.order + 1


def test_the_order_leaps_further_each_time_and_then_its_caller_is_told_the_truth() -> None:
    """A minute, an hour, and so on for decades: beyond, it is no clock."""
    one = dispatcher()
    put(one, Command.set(LAMP, on=False))
    orders, outcome = orders_until_told(one)
    assert [later - earlier for earlier, later in pairwise(orders)] == [leap + 1 for leap in LEAPS_MS]
    assert outcome == {"a": CommandRejectedError}
    assert one.next(0) is None


def test_what_did_not_help_is_not_tried_with_every_command() -> None:
    """Orders would run away from the clock for nothing."""
    one = dispatcher()
    put(one, Command.set(LAMP, on=False))
    orders, _ = orders_until_told(one)
    put(one, Command.set(LAMP, on=True))
    assert orders_until_told(one) == ([orders[-1] + 1], {"a": CommandRejectedError})


def test_what_is_applied_makes_the_next_leap_small_again() -> None:
    """It is another life, or another field, that is ahead then."""
    one = dispatcher()
    put(one, Command.set(LAMP, on=False))
    for status in ("superseded", "superseded", "applied"):
        one.answered(results(sent(one), status))
    put(one, Command.set(CURTAIN, position=5))
    before = sent(one)
    one.answered(results(before, "superseded"))
    assert sent(one).order == before.order + MINUTE_MS + 1


def test_what_is_applied_beside_it_makes_no_leap_small_again() -> None:
    """Others who are busy would keep the order from ever getting there."""
    one = dispatcher()
    put(one, Command.set(LAMP, on=False))
    orders = []
    for _ in range(3):
        one.put(Command.set(CURTAIN, position=5), "another", 0)
        request = sent(one)
        orders.append(request.order)
        one.answered(results(request, "superseded", "applied"))
    assert [later - earlier for earlier, later in pairwise(orders)] == [leap + 1 for leap in LEAPS_MS[:2]]


def test_no_order_is_too_large_for_the_contract() -> None:
    """Whatever the clock says."""
    one = dispatcher(unix_time=(2**53 - 1000) / 1000)
    put(one, Command.set(LAMP, on=False))
    orders, outcome = orders_until_told(one)
    assert orders == [2**53 - 1000]
    assert outcome == {"a": CommandRejectedError}


def test_of_an_answer_only_what_was_superseded_leaves_again() -> None:
    """What was applied or refused is told; what was refused together leaves apart; all in their places."""
    one = dispatcher()
    other = EndpointKey("other", "1")
    put(
        one,
        Command.set(other, on=True),
        Command.set(EndpointKey("third", "1"), on=True),
        Command.set(LAMP, on=True),
        Command.set(CURTAIN, position=5),
        Command.set(CURTAIN, tilt=500),
        Command.set(LAMP, brightness=5),
    )
    request = sent(one)
    applied, concluded = one.answered(results(request, "applied", "rejected", "superseded", "rejected"))
    assert [command.key for command, _ in applied] == [other]
    assert told(concluded) == {"a": "applied", "b": CommandRejectedError}
    again = sent(one)
    assert bodies(again) == [{"on": True, "brightness": 5}, {"position": 5}, {"tilt": 500}]
    _, concluded = one.answered(results(again, "applied"))
    assert told(concluded) == {"c": "applied", "d": "applied", "e": "applied", "f": "applied"}


def test_what_came_after_a_superseded_command_takes_effect_after_its_repeat() -> None:
    """Also what was applied: or the curtain would run although the last call was to stop it."""
    one = dispatcher()
    put(one, Command.set(CURTAIN, position=5), Command.stop(CURTAIN), Command.set(LAMP, on=True))
    applied, concluded = one.answered(results(sent(one), "superseded", "applied", "applied"))
    assert len(applied) == 2
    assert told(concluded) == {"c": "applied"}
    again = sent(one)
    assert bodies(again) == [{"position": 5}, "stop"]
    _, concluded = one.answered(results(again, "applied"))
    assert told(concluded) == {"a": "applied", "b": "applied"}


@pytest.mark.parametrize(
    ("earlier", "later"), [(NIGHT, Command.set(LAMP, on=True)), (Command.set(LAMP, on=True), NIGHT)]
)
def test_a_scene_takes_effect_in_its_place_also_when_repeated(earlier: Command, later: Command) -> None:
    """Nobody but the cloud knows what it touches."""
    one = dispatcher()
    put(one, earlier, later)
    one.answered(results(sent(one), "superseded", "applied"))
    assert bodies(sent(one)) == [earlier.fields or earlier.do, later.fields or later.do]


def test_what_came_before_a_superseded_command_is_not_repeated() -> None:
    """It would not be the last any more."""
    one = dispatcher()
    put(one, Command.stop(CURTAIN), Command.set(CURTAIN, position=5))
    _, concluded = one.answered(results(sent(one), "applied", "superseded"))
    assert told(concluded) == {"a": "applied"}
    assert bodies(sent(one)) == [{"position": 5}]


def test_a_later_call_takes_effect_after_what_leaves_again() -> None:
    """Also one that waited while it was found out."""
    one = dispatcher()
    put(one, Command.set(LAMP, on=False))
    request = sent(one)
    one.put(Command.set(LAMP, on=True), "later", 0)
    one.answered(results(request, "superseded"))
    assert bodies(sent(one)) == [{"on": False}, {"on": True}]


def test_what_was_superseded_does_not_leave_again_for_those_who_do_not_wait_any_more() -> None:
    """Who gave up, or whose time is over."""
    one = dispatcher()
    gone, _ = put(one, Command.set(LAMP, on=False), Command.set(CURTAIN, position=5))
    one.put(Command.set(EndpointKey("other", "1"), on=True), "in time", 5)
    request = sent(one, 5)
    one.give_up(gone)
    one.answered(results(request, "superseded"))
    assert bodies(sent(one, 10)) == [{"on": True}]


def test_a_lost_answer_is_asked_for_under_the_id_that_was_superseded() -> None:
    """And only then tried under another one."""
    one = dispatcher()
    put(one, Command.set(LAMP, on=False))
    first = sent(one)
    one.failed(LOST, 0)
    asked = sent(one, 0.5)
    assert asked.commands == first.commands
    one.answered(results(asked, "superseded"))
    raised = sent(one, 0.5)
    assert raised.commands[0].id != first.commands[0].id
    one.failed(LOST, 1)
    assert sent(one, 1.5).commands == raised.commands
