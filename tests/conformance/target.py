"""The server under test, and what its tester allows."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import BaseConnector, ClientSession
import pytest

# An object of JSON, untyped: the checks of the specification come first.
type Document = dict[str, Any]
type Json = bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None

# What a test may do only if the tester allows it: it moves something, or cannot be undone.
PERMISSIONS = ("curtains", "scenes", "identify", "feedback")


class Operator(Protocol):
    """Does what only the operator of a cloud can do, such as blocking an account."""

    async def do(self, name: str, **arguments: Json) -> None:
        """Call a control by its name in tests/mock_cloud/controls.py; raise LookupError if there is no such control."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The credentials of an account."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server, accounts of it, and what tests may do there."""

    url: str
    login: Login
    other: Login | None = None
    operator: Operator | None = None
    permissions: frozenset[str] = frozenset()
    endpoint: tuple[str, str] | None = None
    """Device and endpoint to switch; None picks one."""
    patience_s: float = 60
    """The longest time that a test may wait."""
    log_in_on_page: Callable[[str], Awaitable[str]] | None = None
    """Logs in on the page at a URL, and returns the URL that the page leads to."""
    connect: Callable[[], BaseConnector] | None = None
    """Makes the connector of a server that is not reached as usual."""

    async def wait(self, seconds: float) -> None:
        """Wait; skip the test if it takes longer than the tester allows."""
        if seconds > self.patience_s:
            pytest.skip(f"waits {seconds:.0f} s: raise --patience")
        await asyncio.sleep(seconds)

    def require(self, permission: str) -> None:
        """Skip the test unless the tester permits it."""
        if permission not in self.permissions:
            pytest.skip(f"not allowed: --allow {permission}")

    async def operate(self, name: str, **arguments: Json) -> None:
        """Call a control of the operator; skip the test if there is none."""
        if self.operator is None:
            pytest.skip("only the operator of the server can do this: --control")
        try:
            await self.operator.do(name, **arguments)
        except LookupError:
            pytest.skip(f"the operator does not offer {name}")


class HttpOperator:
    """Controls at a URL: `POST /control/<name>` with the arguments as JSON."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    async def do(self, name: str, **arguments: Json) -> None:
        """Call a control; raise LookupError if there is no such control."""
        async with (
            ClientSession() as http,
            http.post(f"{self._url}/control/{name}", json=arguments) as answer,
        ):
            if answer.status == 404:
                raise LookupError(name)
            answer.raise_for_status()
