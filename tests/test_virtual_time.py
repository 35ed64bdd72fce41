"""A loop without sockets reports what would never end."""

import asyncio

import pytest

from tests.virtual_time import SocketlessLoop


def test_without_sockets_a_deadlock_is_found() -> None:
    """Waiting for something that cannot happen raises instead of hanging."""
    loop = SocketlessLoop()
    with pytest.raises(RuntimeError, match="deadlock"):
        loop.run_until_complete(loop.create_future())
    loop.close()


def test_without_sockets_a_livelock_is_found() -> None:
    """A task that never lets time pass raises instead of running for ever."""

    async def spin() -> None:
        while True:
            await asyncio.gather(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="livelock"):
        asyncio.run(spin(), loop_factory=SocketlessLoop)
