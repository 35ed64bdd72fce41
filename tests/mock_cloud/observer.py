"""The observer of a mock cloud: tests use one that checks every response against the specification."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Observer(Protocol):
    """Gets everything the cloud sends; raises nothing."""

    def answered(
        self,
        method: str,
        path: str,
        request_headers: Mapping[str, str],
        request_body: bytes,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
    ) -> None:
        """Record an HTTP response, a refused WebSocket handshake included; `path` has no query."""

    def pushed(self, frame: str) -> None:
        """Record a text frame of the event stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request and its status; `at` is Unix time, an accepted handshake has status 101."""

    method: str
    path: str
    status: int
    at: float
    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]
