"""Reading the discovery document again: once a day, and when something is not where it said (contract, "Discovery")."""

import asyncio
from collections.abc import Callable
import logging
import random

from yarl import URL

from .discovery import Endpoints, discover
from .errors import WeSmartError
from .transport import Transport

_LOGGER = logging.getLogger(__name__)

_EVERY_S = 24 * 3600
# However often something is not found: a server that has lost its endpoints is not helped by more requests.
_AT_MOST_EVERY_S = 600


class Rediscovery:
    """Keeps up with where a server has its endpoints, as long as their origins are those a user has logged in to."""

    def __init__(
        self,
        transport: Transport,
        server: URL,
        endpoints: Endpoints,
        *,
        on_moved: Callable[[Endpoints], None],
        on_refused: Callable[[Endpoints], None],
    ) -> None:
        """Start from the pinned `endpoints`.

        `on_moved` gets those to use from now on. `on_refused` gets those at other origins, which must get nothing
        until the user has logged in anew; the pinned ones stay in use meanwhile.
        """
        self._transport = transport
        self._server = server
        self._endpoints = endpoints
        self._on_moved = on_moved
        self._on_refused = on_refused
        self._missed = asyncio.Event()
        # Anywhere in the first day: so one that is restarted every day reads it as well, and a thousand homes that
        # were restarted together do not read it together.
        self._due_at = _now() + random.uniform(0, _EVERY_S)  # noqa: S311 - spreads load, protects nothing

    def miss(self) -> None:
        """Have the document read, because something was not found."""
        self._missed.set()

    async def take_turn(self) -> bool:
        """Read the document if that is due today; return whether it was, which is enough for this hour."""
        if _now() < self._due_at:
            return False
        while self._due_at <= _now():
            self._due_at += _EVERY_S
        await self.read()
        return True

    async def run(self) -> None:
        """Read the document whenever something is not found, until cancelled."""
        while True:
            await self._missed.wait()
            self._missed.clear()
            await self.read()
            await asyncio.sleep(_AT_MOST_EVERY_S)

    async def read(self) -> bool:
        """Read the document now; return whether the endpoints are others than before.

        A document that cannot be read, or is none, says nothing about those that are known.
        """
        try:
            found = await discover(self._transport, self._server)
        except WeSmartError as err:
            _LOGGER.debug("The discovery document was not read again: %s", err)
            return False
        if found == self._endpoints:
            return False
        if found.origins != self._endpoints.origins:
            self._on_refused(found)
            return False
        self._endpoints = found
        self._on_moved(found)
        return True


def _now() -> float:
    return asyncio.get_running_loop().time()
