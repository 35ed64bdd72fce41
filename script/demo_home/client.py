"""A client of Home Assistant's own API, over HTTP and WebSocket, as its frontend uses it."""

import asyncio
from collections.abc import Callable
from itertools import count
from types import TracebackType
from typing import Any, Self, cast

import aiohttp
import msgspec

from .errors import DemoError

# Home Assistant answers in milliseconds, and a command that goes to the cloud within 10 s.
ANSWER_TIMEOUT_S = 30

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None


class State(msgspec.Struct, kw_only=True, frozen=True):
    """What an entity is like."""

    entity_id: str
    state: str
    attributes: dict[str, Any]


class _StateChange(msgspec.Struct):
    """An event of the type state_changed; without a new state the entity is gone."""

    entity_id: str
    new_state: State | None


class Client:
    """A logged-in user; knows the states of all entities, and hears of changes as they come."""

    def __init__(self, url: str, session: aiohttp.ClientSession, access_token: str) -> None:
        self._url = url
        self._session = session
        self._token = access_token
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ids = count(1)
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._changed = asyncio.Condition()
        self.states: dict[str, State] = {}

    async def __aenter__(self) -> Self:
        """Connect and learn all states."""
        try:
            await self._connect()
        except BaseException:
            await self._disconnect()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self._disconnect()

    async def post(self, path: str, body: Json = None) -> tuple[int, Json]:
        """Return the status and the JSON that Home Assistant answers to a POST."""
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._session.post(f"{self._url}{path}", json=body, headers=headers) as response:
            return response.status, await response.json()

    async def send(self, command: str, **members: Json) -> Json:
        """Return the result of a WebSocket command; raise DemoError if Home Assistant refuses it."""
        if self._socket is None:
            raise RuntimeError("not connected")
        number = next(self._ids)
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        await self._socket.send_json({"id": number, "type": command, **members})
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await answer
        except TimeoutError:
            raise DemoError(f"Home Assistant did not answer to {command} within {ANSWER_TIMEOUT_S} s.") from None
        finally:
            del self._waiting[number]

    async def ask[T](self, result: type[T], command: str, **members: Json) -> T:
        """Return the result of a WebSocket command, read as `result`; raise DemoError."""
        return msgspec.convert(await self.send(command, **members), result)

    async def call(self, action: str, data: dict[str, Json] | None = None, *, entity_id: str | None = None) -> None:
        """Perform an action such as light.turn_on; raise DemoError with what Home Assistant says against it."""
        domain, _, service = action.partition(".")
        target: Json = {"entity_id": entity_id} if entity_id else {}
        await self.send("call_service", domain=domain, service=service, service_data=data or {}, target=target)

    async def call_for_response(self, action: str, data: dict[str, Json]) -> Json:
        """Perform an action and return its response; raise DemoError."""
        domain, _, service = action.partition(".")
        result = await self.send(
            "call_service", domain=domain, service=service, service_data=data, return_response=True
        )
        return cast("dict[str, Json]", result)["response"]

    async def until(self, fulfilled: Callable[[dict[str, State]], bool], timeout_s: float, what: str) -> None:
        """Wait for the states to be such that `fulfilled`; raise DemoError, which names `what` was waited for."""
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: fulfilled(self.states))
        except TimeoutError:
            raise DemoError(f"{what}: not within {timeout_s:g} s") from None

    async def _connect(self) -> None:
        self._socket = await self._session.ws_connect(f"{self._url}/api/websocket", max_msg_size=0)
        await self._socket.receive_json()
        await self._socket.send_json({"type": "auth", "access_token": self._token})
        answer = await self._socket.receive_json()
        if answer["type"] != "auth_ok":
            raise DemoError(f"Home Assistant refused the access token it gave: {answer}")
        self._reader = asyncio.create_task(self._read(self._socket))
        await self.send("subscribe_events", event_type="state_changed")
        for state in await self.ask(list[State], "get_states"):
            self.states.setdefault(state.entity_id, state)

    async def _disconnect(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait({self._reader})

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            message = frame.json()
            if message["type"] == "event":
                await self._apply(msgspec.convert(message["event"]["data"], _StateChange))
            elif message["type"] == "result" and (waiting := self._waiting.get(message["id"])) and not waiting.done():
                if message["success"]:
                    waiting.set_result(message["result"])
                else:
                    waiting.set_exception(DemoError(f"Home Assistant: {message['error']['message']}"))
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(DemoError("Home Assistant closed the connection."))

    async def _apply(self, change: _StateChange) -> None:
        async with self._changed:
            if change.new_state is None:
                self.states.pop(change.entity_id, None)
            else:
                self.states[change.entity_id] = change.new_state
            self._changed.notify_all()
