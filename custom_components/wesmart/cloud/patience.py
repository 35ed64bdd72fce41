"""How long somebody waits for the cloud, and asking on their behalf for as long as that."""

import asyncio
from collections.abc import Awaitable, Callable

from .errors import BusyError, CloudConnectionError, CloudTimeoutError, WeSmartError

# Contract, promise 2: every action has its answer within this time, and is not tried again after it.
DEADLINE_S = 10
# What got no answer, or a refusal that does not say for how long, is asked again after this long.
_RETRY_S = 1


async def insist[T](request: Callable[[], Awaitable[T]]) -> T:
    """Return the answer to a request that may be repeated, and is until the deadline.

    Repeated is what got no answer, and what the cloud wants to be asked later, if that is in time. Raises the last
    error, and CloudTimeoutError where the deadline has passed in the middle of a request.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DEADLINE_S
    while True:
        failure: WeSmartError
        again_in: float = _RETRY_S
        try:
            async with asyncio.timeout_at(deadline):
                return await request()
        except TimeoutError:
            raise CloudTimeoutError("no answer in time") from None
        except CloudConnectionError as err:
            failure = err
        except BusyError as err:
            failure, again_in = err, err.retry_after or _RETRY_S
        # Asked of the clock each time: a timeout that fires together with the request's own may be lost in it.
        if loop.time() + again_in >= deadline:
            raise failure
        await asyncio.sleep(again_in)
