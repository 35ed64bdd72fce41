"""A house of its own for each example: a loop with virtual time, a Home Assistant, a cloud, and an account logged in."""

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import frame
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_test_home_assistant, mock_storage

# Imported here so that the integration is found in this checkout, and not where Home Assistant's plugin would look.
import custom_components.wesmart  # noqa: F401  # see above
from tests.accounts import OWNER, log_in
from tests.mock_cloud import Freedoms, MockCloud, Observer, load_home
from tests.virtual_time import VirtualTimeLoop, follow_loop

HOME_FILE = Path(__file__).with_name("home.yaml")

# Virtual seconds after which a step of an example hangs; longer than any step waits.
_LONGEST_STEP_S = 100_000


class House:
    """Opened by `open`, which leaves nothing behind when it fails; used up by `close`."""

    hass: HomeAssistant
    cloud: MockCloud
    entry: ConfigEntry

    def __init__(self) -> None:
        self.loop = VirtualTimeLoop()
        self._patches = ExitStack()
        self._lives = AsyncExitStack()

    @property
    def now(self) -> float:
        """The seconds since the house was opened."""
        return self.loop.virtual_now

    @property
    def loaded(self) -> bool:
        """Whether the account is set up in Home Assistant."""
        return self.entry.state is ConfigEntryState.LOADED

    def run[T](self, step: Awaitable[T]) -> T:
        """Do a step to its end."""

        async def guarded() -> T:
            async with asyncio.timeout(_LONGEST_STEP_S):
                return await step

        return self.loop.run_until_complete(guarded())

    def open(self, *, seed: int | None, observer: Observer) -> None:
        """Start everything; `seed` is which of the contract's freedoms the cloud takes, None for none."""
        try:
            patches = self._patches.enter_context(pytest.MonkeyPatch.context())
            follow_loop(self.loop, patches)
            self._patches.enter_context(mock_storage())
            self.run(self._open(Freedoms.off() if seed is None else Freedoms.seeded(seed), observer))
        except BaseException:
            self._patches.close()
            raise

    async def _open(self, freedoms: Freedoms, observer: Observer) -> None:
        self.hass = await self._lives.enter_async_context(async_test_home_assistant())
        del self.hass.data[DATA_CUSTOM_COMPONENTS]
        frame.async_setup(self.hass)
        self.cloud = MockCloud(
            home=load_home(HOME_FILE),
            clock=lambda: self.loop.utcnow().timestamp(),
            freedoms=freedoms,
            observer=observer,
        )
        await self.cloud.start()
        assert await async_setup_component(self.hass, "homeassistant", {})

    async def log_in(self) -> None:
        """Add the account as its owner would."""
        self.entry = await log_in(self.hass, self.cloud, OWNER)
        assert self.loaded

    def close(self) -> None:
        """End everything; raise AssertionError when something goes on."""
        try:
            self.run(self._close())
            left = asyncio.all_tasks(self.loop)
            for task in left:
                task.cancel()
            if left:
                self.loop.run_until_complete(asyncio.wait(left))
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
        finally:
            self._patches.close()
            self.loop.close()
        assert not left, f"still running at the end: {[task.get_name() for task in left]}"

    async def _close(self) -> None:
        if self.loaded:
            assert await self.hass.config_entries.async_unload(self.entry.entry_id)
        await self.hass.async_stop(force=True)
        await self.cloud.stop()
        await self._lives.aclose()
