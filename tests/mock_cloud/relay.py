"""The virtual home's view of the cloud: what there is, and what happens, as server-sent events.

A browser cannot open the contract's stream, whose bearer stands in a header (C-43). The relay sends the same frames,
of one account. Faults do not touch it: it shows the home as it is, also while clients do not get to know.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
import json
from typing import TYPE_CHECKING

from aiohttp import web

from tests.mock_cloud.history import Event
from tests.mock_cloud.observer import Request
from tests.mock_cloud.wire import Document, JsonObject, rfc3339

if TYPE_CHECKING:
    from tests.mock_cloud.cloud import MockCloud

# How often the status is compared, and a closed connection noticed.
TICK_S = 1.0
# When a browser connects again after a lost connection.
RETRY_MS = 500


def request_document(request: Request) -> Document:
    """Return a request without what is secret in it: headers, and the bodies of logins."""
    document: Document = {
        "at": request.at,
        "method": request.method,
        "path": request.path,
        "status": request.status,
    }
    if request.path.endswith("/commands") and request.status == 200:
        document["commands"] = json.loads(request.body)["commands"]
    return document


class Relay:
    """Sends frames, requests, and the status to one page."""

    def __init__(self, cloud: MockCloud, account_id: str) -> None:
        self._cloud = cloud
        self._account_id = account_id
        self._pending: deque[tuple[str, Mapping[str, object]]] = deque()
        self._wake = asyncio.Event()
        self._is_closed = False

    def close(self) -> None:
        """End the response soon."""
        self._is_closed = True
        self._wake.set()

    async def run(self, request: web.Request, headers: Mapping[str, str]) -> web.StreamResponse:
        """Respond until either side closes, or a new epoch begins: a page that connects again gets hello."""
        response = web.StreamResponse(headers={**headers, "Content-Type": "text/event-stream"})
        epoch = self._cloud.epoch
        ends = [self._cloud.watch(self._note_event), self._cloud.watch_requests(self._note_request)]
        try:
            await response.prepare(request)
            await response.write(f"retry: {RETRY_MS}\n\n".encode())
            await self._send(response, "frame", self._hello())
            status: Document = {}
            while not self._is_closed and self._cloud.epoch == epoch and request.transport is not None:
                self._wake.clear()
                while self._pending:
                    await self._send(response, *self._pending.popleft())
                if (now := self._cloud.status()) != status:
                    status = now
                    await self._send(response, "status", {**status, "now": self._cloud.now()})
                with suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S):
                        await self._wake.wait()
        except ConnectionError:  # the page is gone
            pass
        finally:
            for end in ends:
                end()
        return response

    def _note_event(self, account_id: str, event: Event) -> None:
        if account_id == self._account_id:
            self._add("frame", {"type": "events", "events": [event.document(rfc3339(event.at))]})

    def _note_request(self, request: Request) -> None:
        self._add("request", request_document(request))

    def _add(self, kind: str, document: Mapping[str, object]) -> None:
        self._pending.append((kind, document))
        self._wake.set()

    def _hello(self) -> JsonObject:
        return {
            "type": "hello",
            "epoch": self._cloud.epoch,
            "seq": self._cloud.seq(self._account_id),
            "at": rfc3339(self._cloud.now()),
            "resumed": False,
            "heartbeat_s": self._cloud.heartbeat_s,
        }

    @staticmethod
    async def _send(response: web.StreamResponse, kind: str, document: Mapping[str, object]) -> None:
        await response.write(f"event: {kind}\ndata: {json.dumps(document, ensure_ascii=False)}\n\n".encode())
