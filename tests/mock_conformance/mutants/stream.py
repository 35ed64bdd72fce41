"""Mutants of the event stream."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, override

from aiohttp import web
import pytest

from tests.mock_cloud import history, server
from tests.mock_cloud.controls import Controls
from tests.mock_cloud.history import Event, Ledger
from tests.mock_cloud.server import Response, Server
from tests.mock_cloud.stream import REPLACED, SESSION_ENDED, Stream
from tests.mock_cloud.wire import JsonObject
from tests.mock_conformance.mutants.mutant import around, breaks

type Position = tuple[int, str] | None
type Send = Callable[[Stream, JsonObject], Coroutine[Any, Any, None]]


class _AnyEpoch(str):
    """Equals every epoch."""

    __slots__ = ()

    @override
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


def _frames(patch: pytest.MonkeyPatch, kind: str, change: Callable[[JsonObject], JsonObject | None]) -> None:
    """Change the frames of a type; None leaves one out."""

    async def send(original: Send, self: Stream, frame: JsonObject) -> None:
        sent = change(frame) if frame["type"] == kind else frame
        if sent is not None:
            await original(self, sent)

    around(patch, Stream, "_send", send)


@breaks("C-43")
def _a_bearer_in_the_query_is_taken(patch: pytest.MonkeyPatch) -> None:
    def respond(
        original: Callable[[Server, web.Request, bytes, bool], Response],
        self: Server,
        request: web.Request,
        body: bytes,
        too_large: bool,
    ) -> Response:
        if token := request.query.get("access_token"):
            request = request.clone(headers={**request.headers, "Authorization": f"Bearer {token}"})
        return original(self, request, body, too_large)

    around(patch, Server, "_respond", respond)


@breaks("C-43")
def _since_alone_is_a_position(patch: pytest.MonkeyPatch) -> None:
    def position(original: Callable[[web.Request], Position], request: web.Request) -> Position:
        since = request.query.get("since", "")
        return (int(since), _AnyEpoch()) if since.isdecimal() and "epoch" not in request.query else original(request)

    around(patch, server, "_position", position)


@breaks("C-44")
def _hello_comes_twice(patch: pytest.MonkeyPatch) -> None:
    async def send(original: Send, self: Stream, frame: JsonObject) -> None:
        await original(self, frame)
        if frame["type"] == "hello":
            await original(self, frame)

    around(patch, Stream, "_send", send)


@breaks("C-44")
def _events_come_in_reverse(patch: pytest.MonkeyPatch) -> None:
    around(patch, Stream, "_next_batch", lambda original, self: original(self)[::-1])


@breaks("C-45")
def _a_resumed_stream_loses_an_event(patch: pytest.MonkeyPatch) -> None:
    def after(original: Callable[[Ledger, int], list[Event] | None], self: Ledger, since: int) -> list[Event] | None:
        missed = original(self, since)
        return missed[1:] if missed else missed

    around(patch, Ledger, "after", after)


@breaks("C-45")
def _a_position_beyond_the_head_is_resumed(patch: pytest.MonkeyPatch) -> None:
    def after(original: Callable[[Ledger, int], list[Event] | None], self: Ledger, since: int) -> list[Event] | None:
        return [] if since > self.seq else original(self, since)

    around(patch, Ledger, "after", after)


@breaks("C-45")
def _another_epoch_is_resumed(patch: pytest.MonkeyPatch) -> None:
    def position(original: Callable[[web.Request], Position], request: web.Request) -> Position:
        found = original(request)
        return (found[0], _AnyEpoch()) if found else None

    around(patch, server, "_position", position)


@breaks("C-45")
def _history_is_short(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(history, "KEPT_EVENTS", 500)


@breaks("C-46")
def _a_heartbeat_is_one_behind(patch: pytest.MonkeyPatch) -> None:
    _frames(patch, "heartbeat", lambda frame: {**frame, "seq": int(str(frame["seq"])) - 1})


@breaks("C-46")
def _no_heartbeat_comes(patch: pytest.MonkeyPatch) -> None:
    _frames(patch, "heartbeat", lambda _: None)


@breaks("C-47")
def _the_devices_come_before_their_home(patch: pytest.MonkeyPatch) -> None:
    def share(self: Controls, home_id: str, account: str) -> None:
        home, viewer = self._core.world.home(home_id), self._account(account)
        viewer.homes.append(home_id)
        for device in home.devices:
            self._core.publish(viewer.id, "device", {"device": device.document()})
        self._core.publish(viewer.id, "home", {"home": home.document(devices=False)})

    patch.setattr(Controls, "share_home", share)


@breaks("C-48")
def _the_older_stream_goes_on(patch: pytest.MonkeyPatch) -> None:
    def close(original: Callable[..., None], self: Stream, code: int, *, quiet: bool = False) -> None:
        if code != REPLACED:
            original(self, code, quiet=quiet)

    around(patch, Stream, "close", close)


@breaks("C-48")
def _the_older_stream_is_closed_with_another_code(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(server, "REPLACED", 1001)


@breaks("C-49")
def _new_terms_leave_the_stream(patch: pytest.MonkeyPatch) -> None:
    def change(self: Controls, version: str, *, required: bool = True) -> None:
        self._core.world.terms_version, self._core.world.terms_required = version, required

    patch.setattr(Controls, "change_terms", change)


@breaks("C-49")
def _a_stream_ends_with_its_access_token(patch: pytest.MonkeyPatch) -> None:
    async def send(original: Send, self: Stream, frame: JsonObject) -> None:
        tokens: Mapping[str, float] = self.session.access
        if all(expires < self._core.clock() for expires in tokens.values()):
            self.close(SESSION_ENDED)
        await original(self, frame)

    around(patch, Stream, "_send", send)
