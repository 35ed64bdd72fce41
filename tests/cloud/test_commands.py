"""The queue of commands: what leaves when, and what its callers are told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
import uuid

import msgspec
import pytest

from custom_components.wesmart.cloud.commands import (
    MAX_COMMANDS,
    Command,
    CommandQueue,
    CommandResponse,
    CommandResult,
    FieldValue,
    Problem,
)
from custom_components.wesmart.cloud.errors import (
    CloudConnectionError,
    CloudTimeoutError,
    CommandRejectedError,
    MaintenanceError,
    RateLimitedError,
    ServerError,
    SessionEndedError,
    UnexpectedResponseError,
    WeSmartError,
)
from custom_components.wesmart.cloud.models import EndpointKey
from tests.cloud.builders import CURTAIN, LAMP

APPLIED = CommandResult(status="applied", seq=7, state={"on": True})
SUPERSEDED = CommandResult(status="superseded")
PLUG = EndpointKey("plug", "1")

type Answer = CommandResult | WeSmartError | Sequence[CommandResult] | float


class Server:
    """Answers within a second: what its script says, how long it should take, and then that all is applied."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.requests: list[tuple[float, str, int, list[Command]]] = []
        self.responses: list[CommandResponse] = []
        self.queue = CommandQueue(self.send, lambda _commands, response: self.responses.append(response))

    async def send(self, run: str, order: int, commands: Sequence[Command]) -> CommandResponse:
        """Answer a request."""
        loop = asyncio.get_running_loop()
        self.requests.append((loop.time(), run, order, [*commands]))
        answer = self.script.pop(0) if self.script else APPLIED
        await asyncio.sleep(answer if isinstance(answer, float) else 0.3 if isinstance(answer, WeSmartError) else 1)
        match answer:
            case WeSmartError():
                raise answer
            case CommandResult():
                return CommandResponse(epoch="e", results=[answer] * len(commands))
            case float():
                return CommandResponse(epoch="e", results=[APPLIED] * len(commands))
        return CommandResponse(epoch="e", results=[*answer])

    def sets(self, key: EndpointKey = LAMP, **fields: FieldValue) -> asyncio.Task[None]:
        """Call for a set."""
        return self.executes(Command.set(key, **fields))

    def executes(self, command: Command) -> asyncio.Task[None]:
        """Call for a command."""
        return asyncio.create_task(self.queue.execute(command))

    @property
    def sent(self) -> list[list[object]]:
        """Return what each request held."""
        return [[command.fields or command.do for command in commands] for _, _, _, commands in self.requests]

    @property
    def orders(self) -> list[int]:
        """Return the order of each request."""
        return [order for _, _, order, _ in self.requests]

    @property
    def runs(self) -> int:
        """Return how many runs there were."""
        return len({run for _, run, _, _ in self.requests})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Return a server with a queue."""
    server = Server()
    yield server
    await server.queue.close()


async def outcome(task: Awaitable[None]) -> tuple[float, str]:
    """Return how a call ends, and how many seconds from now."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        await task
    except WeSmartError as err:
        return round(loop.time() - started, 1), type(err).__name__
    return round(loop.time() - started, 1), "applied"


# What leaves when


async def test_the_first_command_leaves_at_once_and_the_rest_together(server: Server) -> None:
    """What comes while a request is on its way waits, and keeps its order."""
    calls = [server.sets(on=True)]
    await asyncio.sleep(0.1)
    calls += [server.sets(PLUG, on=False), server.executes(Command.stop(CURTAIN)), server.sets(hue=5)]
    await asyncio.gather(*calls)
    assert server.sent == [[{"on": True}], [{"on": False}, "stop", {"hue": 5}]]
    assert [round(at, 1) for at, _, _, _ in server.requests] == [0, 1]
    assert (server.orders, server.runs) == ([1, 2], 1)
    assert uuid.UUID(server.requests[0][1])


async def test_no_more_than_two_hundred_leave_together(server: Server) -> None:
    """The others leave with the request after."""
    calls = [server.sets(EndpointKey(str(number), "1"), on=True) for number in range(MAX_COMMANDS + 50)]
    await asyncio.gather(*calls)
    assert [len(commands) for commands in server.sent] == [MAX_COMMANDS, 50]


async def test_of_a_sliders_values_the_last_leaves(server: Server) -> None:
    """Its earlier callers are answered with it; what was set in between is not overtaken."""
    calls = [server.sets(brightness=1)]
    await asyncio.sleep(0.1)
    calls += [server.sets(brightness=value, transition_ms=9) for value in (2, 3)]
    calls += [server.sets(PLUG, on=True), server.sets(on=True), server.sets(brightness=4)]
    assert [await outcome(call) for call in calls][1:3] == [(1.0, "applied"), (0.0, "applied")]
    assert server.sent == [[{"brightness": 1}], [{"on": True}, {"on": True}, {"brightness": 4}]]


@pytest.mark.parametrize(
    ("later", "earlier", "replaces"),
    [
        (Command.set(LAMP, on=True), Command.set(LAMP, on=False), True),
        (Command.set(LAMP, on=True, hue=5), Command.set(LAMP, on=False), True),
        (Command.set(LAMP, hue=5), Command.set(LAMP, hue=4, transition_ms=500), True),
        (Command.set(LAMP, on=True), Command.set(LAMP, on=True, hue=5), False),
        (Command.set(LAMP, on=True), Command.set(PLUG, on=False), False),
        (Command.set(CURTAIN, position=5), Command.stop(CURTAIN), False),
        (Command.stop(CURTAIN), Command.set(CURTAIN, position=5), False),
        (Command(scene_id="s", do="activate"), Command(scene_id="s", do="activate"), False),
    ],
)
def test_a_set_replaces_one_of_the_same_fields(later: Command, earlier: Command, replaces: bool) -> None:
    """Of the same endpoint; anything else has an effect of its own."""
    assert later.replaces(earlier) is replaces


def test_a_command_holds_what_it_needs() -> None:
    """As the contract spells it."""
    commands = [Command.set(LAMP, on=True, effect=None), Command.stop(CURTAIN), Command(scene_id="s", do="activate")]
    assert msgspec.to_builtins(commands) == [
        {"device_id": "lamp", "endpoint_id": "1", "set": {"on": True, "effect": None}},
        {"device_id": "curtain", "endpoint_id": "1", "do": "stop"},
        {"scene_id": "s", "do": "activate"},
    ]
    assert [command.key for command in commands] == [LAMP, CURTAIN, None]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "\ud800"])
async def test_a_command_that_is_no_json_is_refused_alone(server: Server, value: float | str) -> None:
    """It is not sent, so that it cannot make a request of others invalid."""
    good, bad = server.sets(on=True), server.sets(effect=value)
    with pytest.raises(CommandRejectedError) as caught:
        await bad
    assert caught.value.problem == "invalid-request"
    await good
    assert server.sent == [[{"on": True}]]


# What callers are told


async def test_each_caller_gets_the_result_of_its_command(server: Server) -> None:
    """After the state has it."""
    rejected = CommandResult(status="rejected", problem=Problem("urn:wesmart:problem:device-offline"))
    server.script = [[APPLIED, rejected, CommandResult(status="rejected"), CommandResult(status="postponed")]]
    calls = [server.sets(on=True), server.sets(hue=5), server.sets(mode="white"), server.sets(effect=None)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [
        type(None),
        CommandRejectedError,
        CommandRejectedError,
        UnexpectedResponseError,
    ]
    assert [result.problem for result in results if isinstance(result, CommandRejectedError)] == ["device-offline", ""]
    assert len(server.responses) == 1


async def test_a_response_that_cannot_be_shown_is_one_still(caplog: pytest.LogCaptureFixture) -> None:
    """The callers get their answer, and the log the error."""

    async def send(_run: str, _order: int, _commands: Sequence[Command]) -> CommandResponse:
        return CommandResponse(epoch="e", results=[APPLIED])

    def fail(_commands: object, _response: object) -> None:
        raise ValueError("not shown")

    await CommandQueue(send, fail).execute(Command.set(LAMP, on=True))
    assert "not shown" in caplog.text


@pytest.mark.parametrize(
    ("script", "ends"),
    [
        ([60.0], (10.0, "CommandTimeoutError")),
        ([CloudConnectionError()] * 20, (9.9, "CloudConnectionError")),
        ([ServerError()] * 20, (9.9, "ServerError")),
        ([CloudTimeoutError()] * 20, (9.9, "CommandTimeoutError")),
        ([CloudConnectionError(), ServerError()], (2.6, "applied")),
        ([RateLimitedError("", retry_after=5)], (6.3, "applied")),
        ([RateLimitedError("", retry_after=9.8)], (0.3, "RateLimitedError")),
        ([MaintenanceError("", retry_after=60)], (0.3, "MaintenanceError")),
        ([MaintenanceError("")], (1.8, "applied")),
        ([SessionEndedError()], (0.3, "SessionEndedError")),
        ([UnexpectedResponseError()], (0.3, "UnexpectedResponseError")),
    ],
)
async def test_a_caller_has_an_answer_within_ten_seconds(
    server: Server, script: list[Answer], ends: tuple[float, str]
) -> None:
    """Without a response the same request is repeated; whoever cannot wait for that is told at once why."""
    server.script = [*script]
    assert await outcome(server.sets(on=True)) == ends
    assert {(run, order) for _, run, order, _ in server.requests} == {(server.requests[0][1], 1)}
    await asyncio.sleep(100)
    assert max(at for at, _, _, _ in server.requests) < 10


async def test_a_command_after_a_long_wait_is_told_as_soon(server: Server) -> None:
    """Nobody waits for the server, so the next command asks it again."""
    server.script = [RateLimitedError("", retry_after=60), RateLimitedError("", retry_after=50)]
    for _ in range(2):
        assert await outcome(server.sets(on=True)) == (0.3, "RateLimitedError")
        await asyncio.sleep(5)


async def test_a_command_is_not_sent_after_its_callers_have_gone(server: Server) -> None:
    """The rest is another request then, so it has another order."""
    server.script = [9.8, *[CloudConnectionError()] * 20]
    first = server.sets(on=True)
    await asyncio.sleep(5)
    early, canceled = server.sets(PLUG, on=True), server.sets(PLUG, hue=1)
    await asyncio.sleep(3.2)
    late = server.sets(hue=5)
    canceled.cancel()
    assert [await outcome(call) for call in (first, early, late)] == [
        (1.6, "applied"),
        (5.1, "CloudConnectionError"),
        (3.2, "CloudConnectionError"),
    ]
    assert server.sent == [[{"on": True}], *[[{"on": True}, {"hue": 5}]] * 7, *[[{"hue": 5}]] * 4]
    assert server.orders == [1, *[3] * 7, *[4] * 4]  # rising, gaps or not


async def test_a_command_that_nobody_waits_for_is_not_sent(server: Server) -> None:
    """Its caller was canceled, or the answer came too late to send it."""
    server.script = [60.0]
    calls = [server.sets(on=True)]
    await asyncio.sleep(0.1)
    waiting = server.sets(hue=5)
    await asyncio.sleep(0.1)
    waiting.cancel()
    assert await outcome(calls[0]) == (9.8, "CommandTimeoutError")
    await asyncio.sleep(0.1)
    assert await outcome(server.sets(on=False)) == (1.0, "applied")
    assert server.sent == [[{"on": True}], [{"on": False}]]


# Runs


async def test_a_superseded_request_is_sent_once_more_in_a_new_run(server: Server) -> None:
    """The server knows newer requests of the session, such as those of a copy of this installation."""
    server.script = [APPLIED, SUPERSEDED]
    for _ in range(3):
        await server.queue.execute(Command.set(LAMP, on=True))
    assert server.orders == [1, 2, 1, 2]
    assert [run for _, run, _, _ in server.requests].count(server.requests[-1][1]) == 2


async def test_a_request_that_is_superseded_twice_fails(server: Server) -> None:
    """Two copies must not take turns for ever."""
    server.script = [SUPERSEDED, SUPERSEDED]
    with pytest.raises(CommandRejectedError) as caught:
        await server.queue.execute(Command.set(LAMP, on=True))
    assert caught.value.problem == "superseded"
    assert (len(server.requests), server.runs) == (2, 2)


# The end


@pytest.mark.parametrize("delay", [0, 0.1])
async def test_closing_gives_up_everything(server: Server, delay: float) -> None:
    """What is on its way, what waits, and what comes in the same moment or later."""
    calls = [server.sets(on=True)]
    await asyncio.sleep(delay)
    calls.append(server.sets(hue=5))
    await server.queue.close()
    calls.append(server.sets(on=False))
    for call in calls:
        assert await outcome(call) == (0.0, "ClientClosedError")
    assert len(server.requests) == (1 if delay else 0)
