"""What leaves when, again or never: decided without a loop, on a clock that the test moves by hand."""

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


def results(request: Request, status: str) -> list[CommandResult]:
    """Return the same result for all of a request."""
    return [CommandResult(command.id, status) for command in request.commands]


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
