"""Waiting for what the mock cloud is told; Playwright waits for what is on a page."""

import asyncio
from collections.abc import Callable

PATIENCE_S = 20


async def until(condition: Callable[[], bool]) -> None:
    """Return when the condition holds; raise TimeoutError."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  # it changes in this loop, but nothing says when
            await asyncio.sleep(0.02)
