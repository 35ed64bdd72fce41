"""Having the cloud do things, and showing what it has accepted until the home itself says so (contract, promise 4)."""

import asyncio
from collections.abc import Callable, Collection, Set as AbstractSet
import time

from .client import WeSmartClient
from .commands import Command, commanded_state
from .models import Endpoint, EndpointKey
from .overlay import Overlay
from .pump import CommandPump
from .replica import Replica


class Control:
    """The way out for commands, and the overlay that they leave on a replica."""

    def __init__(
        self,
        client: WeSmartClient,
        replica: Replica,
        *,
        on_accepted: Callable[[EndpointKey], None],
        on_unconfirmed: Callable[[AbstractSet[EndpointKey]], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Control what `replica` describes.

        `on_accepted` is told the endpoint of a command whose effect the replica does not show yet, and that may show it
        from now on; `on_unconfirmed` those that show the cloud's word again although nothing has confirmed the command.
        `clock` is Unix time.
        """
        self._replica = replica
        self._on_accepted = on_accepted
        self._on_unconfirmed = on_unconfirmed
        self._loop = asyncio.get_running_loop()
        self._pump = CommandPump(client.send_commands, on_applied=self._applied, clock=clock)
        self._overlay = Overlay()
        # What shows otherwise than the replica has it, to look at.
        self.covers: Collection[EndpointKey] = self._overlay.covers
        self._timer: asyncio.TimerHandle | None = None
        # What the positions in the overlay belong to.
        self._epoch = ""

    async def execute(self, command: Command) -> None:
        """Have the cloud do something; raises as `CommandPump.execute` does."""
        await self._pump.execute(command)

    def order_after(self, unix_time: float) -> None:
        """Have orders rise from the cloud's time; see `CommandPump.order_after`."""
        self._pump.order_after(unix_time)

    def endpoint(self, key: EndpointKey) -> Endpoint | None:
        """Return an endpoint as it is to be shown: commanded values cover what they have overtaken."""
        endpoint = self._replica.endpoints.get(key)
        # Nearly always nothing is covered.
        return self._overlay.show(endpoint) if endpoint is not None and self.covers else endpoint

    def catch_up(self) -> AbstractSet[EndpointKey]:
        """End what the replica has reached by now; return the endpoints that show the cloud's word again."""
        if self._replica.epoch != self._epoch:
            self._epoch = self._replica.epoch
            return self._overlay.clear()
        return self._overlay.reach(self._replica.seq)

    async def close(self) -> None:
        """Give up commands on their way."""
        if self._timer is not None:
            self._timer.cancel()
        await self._pump.close()

    def _applied(self, command: Command, seq: int) -> None:
        """Cover the model with what was commanded, until it has caught up."""
        endpoint = None if command.key is None else self._replica.endpoints.get(command.key)
        if endpoint is None or seq <= self._replica.seq:
            return
        if not self.covers:
            self._epoch = self._replica.epoch
        if fields := commanded_state(self._overlay.show(endpoint), command):
            self._overlay.acknowledge(endpoint, fields, seq, self._loop.time())
            self._arm()
        self._on_accepted(endpoint.key)

    def _arm(self) -> None:
        at = self._overlay.next_expiry
        if at is not None and self._timer is None:
            self._timer = self._loop.call_at(at, self._expire)

    def _expire(self) -> None:
        """End the covers that nothing confirmed: the model may have missed something."""
        self._timer = None
        if ended := self._overlay.expire(self._loop.time()):
            self._on_unconfirmed(ended)
        self._arm()
