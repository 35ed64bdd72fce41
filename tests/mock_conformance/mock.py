"""Opens the mock cloud as a target of the conformance suite: in this process, on virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import ClientSession
import pytest

from tests.conformance.plugin import Opening
from tests.conformance.target import PERMISSIONS, Json, Login, Target
from tests.form_browser import Browser
from tests.mock_cloud import Freedoms, MockCloud, Observer, load_home
from tests.mock_cloud.model import World
from tests.mock_conformance.https import Https
from tests.virtual_time import EPOCH, VirtualTimeLoop

FIRST = Login(username="minhanh@example.com", password="hoa-sua-2026")
OTHER = Login(username="quocbao@example.com", password="song-han-2026")

# Time costs nothing here.
PATIENCE_S = 7 * 24 * 3600


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

    async def log_in_on_page(self, url: str) -> str:
        """Log the first account in, with the one-time code that the cloud sends."""
        async with ClientSession() as http:
            browser = Browser(http)
            await browser.open(url)
            await browser.log_in(FIRST.username, FIRST.password)
            await browser.submit(one_time_code=self.cloud.one_time_code(FIRST.username))
        return browser.location

    async def restart(self) -> None:
        """Stop the cloud, and start another one at its port."""
        port = self.cloud.port
        await self.cloud.stop()
        self.cloud = self._make()
        await self.cloud.start(port=port)


def mock_cloud(
    *,
    seed: int | None = None,
    https: Https | None = None,
    observer: Observer | None = None,
    at_end: Callable[[World], None] | None = None,
) -> Opening:
    """Return what opens a mock cloud: with seeded freedoms, or by https; `at_end` gets its world."""

    @asynccontextmanager
    async def opening() -> AsyncIterator[Target]:
        with TemporaryDirectory() as folder:
            operator = MockOperator(partial(_make, seed, observer, Path(folder) / "state.json"))
            await operator.cloud.start()
            if https is not None:
                await https.serve(operator.cloud)
            yield Target(
                url=operator.cloud.url,
                login=FIRST,
                other=OTHER,
                operator=operator,
                permissions=frozenset(PERMISSIONS),
                patience_s=PATIENCE_S,
                log_in_on_page=operator.log_in_on_page,
                connect=https.connect if https is not None else None,
            )
            if at_end is not None:
                at_end(operator.cloud.back_up())
            await operator.cloud.stop()

    return opening


@cache
def _home() -> World:
    return load_home()


def _make(seed: int | None, observer: Observer | None, state_file: Path) -> MockCloud:
    loop = asyncio.get_running_loop()
    cloud = MockCloud(
        home=deepcopy(_home()),
        clock=lambda: EPOCH.timestamp() + loop.time(),
        freedoms=Freedoms.off() if seed is None else Freedoms.seeded(seed),
        observer=observer,
        state_file=state_file,
    )
    cloud.login = "both"
    return cloud
