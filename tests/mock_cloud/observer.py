"""Who watches the wire: tests give the mock cloud an observer that holds every answer against the specification."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Observer(Protocol):
    """Sees everything the cloud sends; raises nothing, but remembers for its test."""

    def answered(  # an exchange has so many parts
        self,
        method: str,
        path: str,
        request_headers: Mapping[str, str],
        request_body: bytes,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
    ) -> None:
        """Take note of an HTTP answer, a refused WebSocket handshake included; `path` comes without the query."""

    def pushed(self, frame: str) -> None:
        """Take note of a text frame of the event stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as the cloud received and answered it; `at` is Unix time, an accepted handshake has status 101."""

    method: str
    path: str
    status: int
    at: float
    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]
