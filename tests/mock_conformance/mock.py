"""Opens the mock cloud as a target of the conformance suite: in this process, on virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tests.conformance.target import PERMISSIONS, Json, Login, Target
from tests.mock_cloud import Freedoms, MockCloud
from tests.virtual_time import EPOCH, VirtualTimeLoop

FIRST = Login(username="minhanh@example.com", password="hoa-sua-2026")
OTHER = Login(username="quocbao@example.com", password="song-han-2026")

# Changes a cloud before it starts, so that it breaks a rule.
type Mutation = Callable[[MockCloud], None]


class VirtualTime:
    """A plugin of pytest: runs the suite on virtual time."""

    def pytest_asyncio_loop_factories(
        self, config: pytest.Config, item: pytest.Item
    ) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
        """Return the factory of the loop."""
        return {"virtual": VirtualTimeLoop}


class MockOperator:
    """Calls the controls of a mock cloud by name, and restarts it."""

    def __init__(self, make: Callable[[], MockCloud]) -> None:
        """Make a cloud; a restart makes another one from its state file."""
        self._make = make
        self.cloud = make()

    async def do(self, name: str, **arguments: Json) -> None:
        """Call a control."""
        if name == "restart":
            await self.restart()
        else:
            getattr(self.cloud, name)(**arguments)

    async def restart(self) -> None:
        """Stop the cloud, and start another one at its port."""
        port = self.cloud.port
        await self.cloud.stop()
        self.cloud = self._make()
        await self.cloud.start(port=port)


def mock_cloud(
    *, seed: int | None = None, mutation: Mutation | None = None, state_file: Path | None = None
) -> Callable[[], AbstractAsyncContextManager[Target]]:
    """Return what opens a mock cloud, with seeded freedoms or a mutation."""

    def make() -> MockCloud:
        loop = asyncio.get_running_loop()
        cloud = MockCloud(
            clock=lambda: EPOCH.timestamp() + loop.time(),
            freedoms=Freedoms.off() if seed is None else Freedoms.seeded(seed),
            state_file=state_file,
        )
        if mutation is not None:
            mutation(cloud)
        return cloud

    @asynccontextmanager
    async def opening() -> AsyncIterator[Target]:
        operator = MockOperator(make)
        await operator.cloud.start()
        yield Target(
            url=operator.cloud.url,
            login=FIRST,
            other=OTHER,
            operator=operator,
            permissions=frozenset(PERMISSIONS),
            patience_s=7 * 24 * 3600,
        )
        await operator.cloud.stop()

    return opening
