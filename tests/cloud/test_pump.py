"""Commands on their way: in order, one request at a time, each with an answer or an error within ten seconds."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from random import Random

from hypothesis import given, strategies as st
import pytest

from custom_components.wesmart.cloud import Command, CommandPump, WeSmartClient
from custom_components.wesmart.cloud.commands import CommandResult, Problem
from custom_components.wesmart.cloud.errors import (
    AccountBlockedError,
    CloudConnectionError,
    CloudTimeoutError,
    CommandRejectedError,
    CommandTimeoutError,
    GivenUpError,
    MaintenanceError,
    RateLimitedError,
    SessionEndedError,
    UnexpectedAnswerError,
    WeSmartError,
)
from custom_components.wesmart.cloud.models import EndpointKey
from custom_components.wesmart.cloud.patience import DEADLINE_S
from tests.accounts import OWNER
from tests.cloud.conftest import wall_clock
from tests.examples import examples
from tests.mock_cloud import MockCloud
from tests.mock_cloud.wire import JsonObject, parse_json
from tests.virtual_time import VirtualTimeLoop

PANEL = EndpointKey("cong-tac-phong-khach", "1")
STRIP = EndpointKey("den-hat-tran", "1")
COMMANDS = "/v1/commands"
ENDS_AT = datetime(2026, 11, 20, 6, tzinfo=UTC)


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()


@dataclass(slots=True)
class Request:
    """One request as it left the pump."""

    at: float
    order: int
    commands: Sequence[Command]


@dataclass(slots=True)
class Link:
    """A way to a cloud that applies everything after `latency`, but for what happens instead."""

    latency: float = 0.0
    supersedes: bool = False
    instead: deque[Exception | list[CommandResult]] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    in_flight: int = 0

    async def send(self, order: int, commands: Sequence[Command]) -> list[CommandResult]:
        """Be the `send` of a pump."""
        assert self.in_flight == 0, "one request at a time"
        self.requests.append(Request(now(), order, tuple(commands)))
        self.in_flight += 1
        try:
            await asyncio.sleep(self.latency)
        finally:
            self.in_flight -= 1
        outcome = self.instead.popleft() if self.instead else None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome or [CommandResult(command.id, self._status(command)) for command in commands]

    def _status(self, command: Command) -> str:
        if self.supersedes:
            return "superseded"
        return "rejected" if (command.fields or {}).get("hue") == 999 else "applied"


_numbers = count()


def command(value: float = 1) -> Command:
    """Return one that can be told from others, for an endpoint of its own: nothing merges it."""
    return Command.set(EndpointKey("den", str(next(_numbers))), brightness=value)


def pump_over(link: Link) -> CommandPump:
    """Return a pump on the test's clock."""
    return CommandPump(link.send, clock=wall_clock)


async def after(delay: float, pump: CommandPump, given: Command | None = None) -> CommandResult:
    """Execute a command a little later."""
    await asyncio.sleep(delay)
    return await pump.execute(given or command())


def sent(cloud: MockCloud) -> list[JsonObject]:
    """Return the bodies of the requests for commands that reached the cloud."""
    bodies = [parse_json(request.body) for request in cloud.requests if request.path == COMMANDS]
    return [body for body in bodies if isinstance(body, dict)]


async def test_a_command_is_answered_when_the_cloud_has_accepted_it() -> None:
    """With where its effect is."""
    link = Link(instead=deque([[CommandResult("c", "applied", seq=7)]]))
    result = await pump_over(link).execute(Command(id="c", do="identify", device_id="d"))
    assert result == CommandResult("c", "applied", seq=7)


async def test_a_caller_that_comes_back_at_once_is_served_at_once() -> None:
    """The pump has not quite come to rest when the next command is there."""
    link = Link()
    pump = pump_over(link)
    for value in range(5):
        await pump.execute(command(value))
    assert [request.at for request in link.requests] == [0.0] * 5


async def test_what_is_superseded_is_sent_again_until_it_is_applied() -> None:
    """At once: nobody but an earlier life of the session can have been there."""
    link = Link(instead=deque([[CommandResult("c", "superseded")]]))
    assert (await pump_over(link).execute(Command(id="c"))).status == "applied"
    assert now() == 0
    assert [request.commands[0].id == "c" for request in link.requests] == [True, False]


async def test_what_stays_superseded_is_no_success() -> None:
    """Nor is it tried for ever."""
    link = Link(supersedes=True)
    with pytest.raises(CommandRejectedError):
        await pump_over(link).execute(command())
    assert len(link.requests) == 6
    assert now() == 0


@pytest.mark.parametrize(
    ("problem", "name"),
    [
        (Problem("urn:wesmart:problem:device-offline"), "device-offline"),
        ("urn:wesmart:problem:unsupported", "unsupported"),
        ("not-found", "not-found"),
        (None, ""),
    ],
)
async def test_a_rejected_command_says_what_the_problem_is(problem: Problem | str | None, name: str) -> None:
    """Whole or by its type."""
    link = Link(instead=deque([[CommandResult("c", "rejected", problem=problem)]]))
    with pytest.raises(CommandRejectedError) as caught:
        await pump_over(link).execute(Command(id="c"))
    assert caught.value.problem == name


async def test_a_command_without_a_result_was_not_done() -> None:
    """Its neighbours were."""
    pump = pump_over(Link(instead=deque([[CommandResult("b", "applied")]])))
    first, second = await asyncio.gather(
        pump.execute(Command(id="a")), pump.execute(Command(id="b")), return_exceptions=True
    )
    assert isinstance(first, CommandRejectedError)
    assert isinstance(second, CommandResult)


async def test_a_hundred_at_once_are_one_request_in_the_order_of_the_calls() -> None:
    """Whatever they are for."""
    link = Link(latency=1)
    pump = pump_over(link)
    await asyncio.gather(*(pump.execute(command(value)) for value in range(100)))
    (request,) = link.requests
    assert [one.fields for one in request.commands] == [{"brightness": value} for value in range(100)]


async def test_what_comes_while_a_request_is_in_flight_leaves_with_the_next() -> None:
    """All of it, and in order."""
    link = Link(latency=1)
    pump = pump_over(link)
    await asyncio.gather(*(after(value / 10, pump, command(value)) for value in range(5)))
    assert [len(request.commands) for request in link.requests] == [1, 4]
    assert [request.at for request in link.requests] == [0, 1]


async def test_no_request_has_more_than_two_hundred_commands() -> None:
    """The cloud would refuse them all."""
    link = Link()
    pump = pump_over(link)
    await asyncio.gather(*(pump.execute(command(value)) for value in range(450)))
    assert [len(request.commands) for request in link.requests] == [200, 200, 50]


async def test_orders_rise_within_a_millisecond_and_across_restarts() -> None:
    """A restarted pump knows nothing but the clock."""
    link = Link()
    for _restart in range(3):
        pump = pump_over(link)
        for value in range(3):
            await pump.execute(command(value))
        await pump.close()
        await asyncio.sleep(1)
    orders = [request.order for request in link.requests]
    assert orders == sorted(set(orders))
    assert len(orders) == 9


async def test_a_clock_that_is_set_back_does_not_turn_the_order_back() -> None:
    """While the pump runs."""
    times = iter([1000.0, 10.0, 2000.0])
    link = Link()
    pump = CommandPump(link.send, clock=lambda: next(times))
    for value in range(3):
        await pump.execute(command(value))
    assert [request.order for request in link.requests] == [1_000_000, 1_000_001, 2_000_000]


async def test_after_a_lost_answer_the_same_command_is_asked_about_under_a_higher_order() -> None:
    """Half a second later."""
    link = Link(instead=deque([CloudConnectionError("lost"), CloudTimeoutError("lost")]))
    result = await pump_over(link).execute(Command(id="c"))
    assert result.status == "applied"
    assert [request.at for request in link.requests] == [0, 0.5, 1]
    assert {one.id for request in link.requests for one in request.commands} == {"c"}
    assert [request.order for request in link.requests] == sorted({request.order for request in link.requests})


async def test_nothing_is_sent_after_the_deadline_of_its_caller() -> None:
    """Who has been told that there is no answer, must not see the lamp go on afterwards."""
    link = Link(instead=deque([CloudConnectionError("lost")] * 100))
    with pytest.raises(CloudConnectionError):
        await pump_over(link).execute(command())
    assert now() <= DEADLINE_S
    await asyncio.sleep(60)
    assert all(request.at < DEADLINE_S for request in link.requests)


async def test_a_cloud_that_never_answers_costs_a_caller_ten_seconds() -> None:
    """Those who came later have their own ten seconds, and a request of their own."""
    link = Link(latency=1000)
    pump = pump_over(link)
    with pytest.raises(CommandTimeoutError) as caught:
        await pump.execute(command())
    assert now() == DEADLINE_S
    assert caught.value.__suppress_context__
    link.latency = 0
    assert (await pump.execute(command())).status == "applied"
    assert now() == DEADLINE_S


async def test_a_request_whose_own_time_is_over_first_leaves_a_command_without_an_answer() -> None:
    """It may have been done, however that came out."""
    link = Link(latency=9.8, instead=deque([CloudTimeoutError("no answer")]))
    with pytest.raises(CommandTimeoutError):
        await pump_over(link).execute(command())
    assert now() == 9.8


async def test_of_a_batch_only_those_with_time_left_are_repeated() -> None:
    """The others have been told."""
    link = Link(latency=4, instead=deque([[], CloudConnectionError("lost"), CloudConnectionError("lost")]))
    pump = pump_over(link)
    outcomes = await asyncio.gather(*(after(delay, pump) for delay in (0, 0.1, 3.9)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [CommandResult, CommandTimeoutError, CommandTimeoutError]
    assert [(request.at, len(request.commands)) for request in link.requests] == [(0, 1), (4, 2), (8.5, 2), (13, 1)]
    assert now() == 13.9


async def test_a_short_wait_is_waited_for() -> None:
    """Nothing is sent meanwhile, also of others."""
    link = Link(instead=deque([RateLimitedError("429", retry_after=4)]))
    pump = pump_over(link)
    await asyncio.gather(pump.execute(command()), after(1, pump))
    assert [(request.at, len(request.commands)) for request in link.requests] == [(0, 1), (4, 1), (4, 1)]


async def test_a_refusal_without_a_time_is_tried_again_soon() -> None:
    """And a time of nothing does not make a busy loop."""
    link = Link(instead=deque([MaintenanceError("503"), RateLimitedError("429", retry_after=0)]))
    await pump_over(link).execute(command())
    assert [request.at for request in link.requests] == [0, 0.5, 1]


async def test_a_wait_beyond_the_deadline_fails_at_once_and_says_until_when() -> None:
    """Those who come during the wait are told the rest of it, and nothing is sent."""
    link = Link(instead=deque([MaintenanceError("503", retry_after=30, ends_at=ENDS_AT)]))
    pump = pump_over(link)
    with pytest.raises(MaintenanceError) as first:
        await pump.execute(command())
    assert (now(), first.value.retry_after) == (0, 30)
    await asyncio.sleep(12)
    with pytest.raises(MaintenanceError) as second:
        await pump.execute(command())
    assert (now(), second.value.retry_after, second.value.ends_at) == (12, 18, ENDS_AT)
    assert str(second.value) == "503"
    await asyncio.sleep(10)
    assert (await pump.execute(command())).status == "applied"
    assert [request.at for request in link.requests] == [0, 30]


async def test_who_waits_behind_a_refused_request_is_refused_with_it() -> None:
    """Rather than at the deadline."""
    link = Link(latency=1, instead=deque([RateLimitedError("429", retry_after=60)]))
    pump = pump_over(link)
    outcomes = await asyncio.gather(pump.execute(command()), after(0.5, pump), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [RateLimitedError, RateLimitedError]
    assert now() == 1


@pytest.mark.parametrize(
    "error", [SessionEndedError("over"), AccountBlockedError("403", terminated=False), UnexpectedAnswerError("500")]
)
async def test_what_trying_again_does_not_help_is_an_error_at_once(error: WeSmartError) -> None:
    """For the whole request; the next one is another."""
    link = Link(instead=deque([error]))
    pump = pump_over(link)
    outcomes = await asyncio.gather(*(pump.execute(command()) for _ in range(3)), return_exceptions=True)
    assert outcomes == [error] * 3
    assert (await pump.execute(command())).status == "applied"
    assert now() == 0


async def test_a_cancelled_caller_takes_nobody_along() -> None:
    """Waiting or on its way; what waits is not even sent."""
    link = Link(latency=1)
    pump = pump_over(link)
    tasks = [asyncio.create_task(after(value / 10, pump, command(value))) for value in range(4)]
    await asyncio.sleep(0.5)
    tasks[0].cancel()
    tasks[2].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(outcome, CommandResult) for outcome in outcomes] == [False, True, False, True]
    assert [[one.fields for one in request.commands] for request in link.requests] == [
        [{"brightness": 0}],
        [{"brightness": 1}, {"brightness": 3}],
    ]


async def test_closing_gives_an_error_to_whoever_waits_and_leaves_no_task() -> None:
    """On its way, and behind it."""
    before = asyncio.all_tasks()
    pump = pump_over(Link(latency=5))
    tasks = [asyncio.create_task(after(delay, pump)) for delay in (0, 1, 2)]
    await asyncio.sleep(3)
    await pump.close()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [GivenUpError] * 3
    assert now() == 3
    assert asyncio.all_tasks() == before


async def test_closing_before_the_first_request_has_left_is_closing_too() -> None:
    """The worker has not even begun."""
    link = Link()
    pump = pump_over(link)
    task = asyncio.create_task(pump.execute(command()))
    await asyncio.sleep(0)
    await pump.close()
    with pytest.raises(CloudConnectionError):
        await task
    assert link.requests == []


async def test_closing_an_idle_pump_is_nothing() -> None:
    """Twice, too."""
    pump = pump_over(Link())
    await pump.close()
    await pump.close()


async def test_a_mistake_of_ours_is_logged_and_does_not_hang_the_callers(caplog: pytest.LogCaptureFixture) -> None:
    """Neither those who wait, nor those who come afterwards."""
    link = Link(latency=1, instead=deque([ZeroDivisionError("a mistake")]))
    pump = pump_over(link)
    outcomes = await asyncio.gather(pump.execute(command()), after(0.5, pump), return_exceptions=True)
    assert isinstance(outcomes[0], CloudConnectionError)
    assert isinstance(outcomes[1], CommandResult)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "The command pump stopped"
    ]


@examples(30)
@given(st.integers(min_value=0, max_value=2**32))
def test_every_command_ends_within_ten_seconds_whatever_the_link_does(seed: int) -> None:
    """Over any schedule of slow, lost, refused and good requests."""
    rng = Random(seed)
    failures: list[Exception] = [
        CloudConnectionError("lost"),
        CloudTimeoutError("lost"),
        UnexpectedAnswerError("500"),
        MaintenanceError("503"),
        *(RateLimitedError("429", retry_after=seconds) for seconds in (1, 5, 11, 60)),
    ]
    outcomes: list[Exception | list[CommandResult]] = [*failures, []]
    link = Link(instead=deque(rng.choice(outcomes) for _ in range(rng.randrange(12))))

    async def caller(pump: CommandPump) -> None:
        await asyncio.sleep(rng.uniform(0, 60))
        began = now()
        with suppress(WeSmartError):
            await pump.execute(command())
        assert now() - began < DEADLINE_S + 1e-6  # what floats lose

    async def play() -> None:
        pump = pump_over(link)
        callers = [asyncio.create_task(caller(pump)) for _ in range(20)]
        for _ in range(60):
            link.latency = rng.choice([0, 0.1, 3, 12])
            await asyncio.sleep(1)
        await asyncio.gather(*callers)
        await pump.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(play())
    orders = [request.order for request in link.requests]
    assert orders == sorted(set(orders))


# Over the mock cloud


async def test_of_two_calls_for_one_thing_the_last_wins(cloud: MockCloud, client: WeSmartClient) -> None:
    """In one request, and over two."""
    pump = CommandPump(client.send_commands, clock=wall_clock)
    await asyncio.gather(*(pump.execute(Command.set(STRIP, brightness=value)) for value in (10, 90, 20)))
    assert cloud.state(*STRIP)["brightness"] == 20
    cloud.latency = 0.5
    values = ((0, 30), (0.1, 70), (0.2, 40))
    await asyncio.gather(*(after(delay, pump, Command.set(STRIP, brightness=value)) for delay, value in values))
    assert cloud.state(*STRIP)["brightness"] == 40
    assert [len(body["commands"]) for body in sent(cloud) if isinstance(body["commands"], list)] == [1, 1, 1]


@pytest.mark.parametrize("ahead_s", [30, 7 * 3600, 86_400, 100 * 86_400, 20 * 365 * 86_400])
async def test_after_a_life_with_a_clock_that_was_ahead_the_first_command_takes_effect(
    cloud: MockCloud, client: WeSmartClient, ahead_s: float
) -> None:
    """It costs a few requests more, and the next ones none."""
    life = CommandPump(client.send_commands, clock=lambda: wall_clock() + ahead_s)
    await life.execute(Command.set(PANEL, on=True))
    await life.close()
    pump = CommandPump(client.send_commands, clock=wall_clock)
    before = len(sent(cloud))
    assert (await pump.execute(Command.set(PANEL, on=False))).status == "applied"
    assert cloud.state(*PANEL)["on"] is False
    assert len(sent(cloud)) - before <= 6
    before = len(sent(cloud))
    for on in (True, False):
        await pump.execute(Command.set(PANEL, on=on))
        assert cloud.state(*PANEL)["on"] is on
    assert len(sent(cloud)) - before == 2


async def test_after_a_life_with_a_clock_that_was_ahead_all_of_a_command_takes_effect(
    cloud: MockCloud, client: WeSmartClient
) -> None:
    """Also where that life has set one of its fields only, or what it sets along, or one that a scene sets."""
    life = CommandPump(client.send_commands, clock=lambda: wall_clock() + 7 * 3600)
    await life.execute(Command.set(STRIP, on=False, hue=200, saturation=80))
    pump = CommandPump(client.send_commands, clock=wall_clock)
    await pump.execute(Command.set(STRIP, on=True, brightness=33))
    assert (cloud.state(*STRIP)["on"], cloud.state(*STRIP)["brightness"]) == (True, 33)
    pump = CommandPump(client.send_commands, clock=wall_clock)
    await pump.execute(Command.set(STRIP, color_temp_kelvin=4000))
    assert cloud.state(*STRIP)["mode"] == "white"
    pump = CommandPump(client.send_commands, clock=wall_clock)
    await pump.execute(Command(scene_id="canh-di-ngu", do="activate"))
    assert cloud.state(*STRIP)["on"] is False


async def test_one_rejected_command_does_not_fail_its_neighbours(cloud: MockCloud, client: WeSmartClient) -> None:
    """Offline, unknown and impossible things beside one that works."""
    cloud.set_online("den-san-sofa", False)
    pump = CommandPump(client.send_commands, clock=wall_clock)
    outcomes = await asyncio.gather(
        pump.execute(Command.set(EndpointKey("den-san-sofa", "1"), on=True)),
        pump.execute(Command.set(PANEL, on=False)),
        pump.execute(Command.set(EndpointKey("nobody", "1"), on=True)),
        pump.execute(Command.stop(PANEL)),
        pump.execute(Command.set(STRIP, brightness=400)),
        return_exceptions=True,
    )
    problems = [one.problem for one in outcomes if isinstance(one, CommandRejectedError)]
    assert problems == ["device-offline", "not-found", "unsupported", "invalid-request"]
    assert isinstance(outcomes[1], CommandResult)
    assert cloud.state(*PANEL)["on"] is False
    assert len(sent(cloud)) == 1


async def test_a_curtain_stops(cloud: MockCloud, client: WeSmartClient) -> None:
    """On its way."""
    rail = EndpointKey("rem-phong-khach", "1")
    pump = CommandPump(client.send_commands, clock=wall_clock)
    await pump.execute(Command.set(rail, position=0))
    await asyncio.sleep(5)
    await pump.execute(Command.stop(rail))
    state = cloud.state(*rail)
    assert state["motion"] == "stopped"
    assert state["position"] not in (0, 80)


async def test_a_command_whose_answer_was_lost_is_done_once(cloud: MockCloud, client: WeSmartClient) -> None:
    """The cloud knows its id."""
    pump = CommandPump(client.send_commands, clock=wall_clock)
    cloud.lose_answers(2)
    before = cloud.seq(OWNER.username)
    result = await pump.execute(Command.set(PANEL, on=False))
    assert (result.status, cloud.state(*PANEL)["on"]) == ("applied", False)
    bodies = sent(cloud)
    assert len(bodies) == 3
    assert all(body["commands"] == bodies[0]["commands"] for body in bodies)
    assert result.seq is not None
    assert result.seq - before <= 2  # its own event, and perhaps one of an unknown kind before it


async def test_a_cloud_in_maintenance_is_told_to_the_caller(cloud: MockCloud, client: WeSmartClient) -> None:
    """At once, with the time."""
    cloud.maintenance(retry_after=300)
    began = now()
    with pytest.raises(MaintenanceError) as caught:
        await CommandPump(client.send_commands, clock=wall_clock).execute(Command.set(PANEL, on=False))
    assert caught.value.retry_after == pytest.approx(300, abs=1)
    assert now() == began


# What waits together


def slider(value: float) -> Command:
    """Return what dragging a slider gives."""
    return Command.set(STRIP, brightness=value)


async def test_a_slider_that_is_dragged_costs_a_request_per_round_trip_and_ends_where_it_was_left() -> None:
    """What is in between may be skipped; everybody gets an answer."""
    link = Link(latency=0.1)
    pump = pump_over(link)
    calls = []
    for value in range(1, 51):
        calls.append(asyncio.create_task(pump.execute(slider(value))))
        await asyncio.sleep(0.01)
    assert {result.status for result in await asyncio.gather(*calls)} == {"applied"}
    assert len(link.requests) <= 1 + 0.5 / 0.1 + 1
    assert link.requests[-1].commands[0].fields == {"brightness": 50}


async def test_calls_that_were_refused_together_are_tried_each_by_itself() -> None:
    """Only the one that was wrong fails, and the last call still wins."""
    link = Link(latency=0.1)
    pump = pump_over(link)
    first = asyncio.create_task(pump.execute(slider(1)))
    await asyncio.sleep(0.01)
    good = asyncio.create_task(pump.execute(Command.set(STRIP, on=True)))
    bad = asyncio.create_task(pump.execute(Command.set(STRIP, hue=999)))
    await first
    assert (await good).status == "applied"
    with pytest.raises(CommandRejectedError):
        await bad
    assert [[one.fields for one in request.commands] for request in link.requests] == [
        [{"brightness": 1}],
        [{"on": True, "hue": 999}],
        [{"on": True}, {"hue": 999}],
    ]


async def test_a_call_that_nobody_waits_for_any_more_is_not_sent() -> None:
    """What it was merged with goes without it."""
    link = Link(latency=0.1)
    pump = pump_over(link)
    first = asyncio.create_task(pump.execute(slider(1)))
    await asyncio.sleep(0.01)
    kept = asyncio.create_task(pump.execute(Command.set(STRIP, on=True)))
    given_up = asyncio.create_task(pump.execute(slider(99)))
    await asyncio.sleep(0.01)
    given_up.cancel()
    await asyncio.gather(first, kept)
    assert [one.fields for one in link.requests[-1].commands] == [{"on": True}]


async def test_whoever_shows_the_home_is_told_what_was_applied_before_the_callers_are() -> None:
    """Once for what left together, with where it is in the model."""
    applied: list[tuple[object, int]] = []
    link = Link(instead=deque([[CommandResult("c", "applied", seq=7.0)]]))
    pump = CommandPump(link.send, on_applied=lambda one, seq: applied.append((one.key, seq)), clock=wall_clock)
    await pump.execute(Command(id="c", device_id="lamp", endpoint_id="1", fields={"on": True}))
    assert applied == [(EndpointKey("lamp", "1"), 7)]
