"""What tests have the operator do to an account."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.conformance.target import Target


@asynccontextmanager
async def blocked(target: Target, control: str = "suspend", **arguments: float | str) -> AsyncIterator[None]:
    """Block the first account."""
    await target.operate(control, account=target.login.username, **arguments)
    try:
        yield
    finally:
        await target.operate("unblock", account=target.login.username)
