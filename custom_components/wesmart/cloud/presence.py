"""Whether there was any word from the cloud lately, by push or by polling (contract, promise 4)."""

import asyncio
from collections.abc import Callable

from .errors import CloudTimeoutError, WeSmartError

# Without any word for this long nobody knows what the home looks like.
SILENCE_S = 90
# A cloud that is there but speaks seldom is asked, before it is taken for lost.
_ASK_S = 60


class Presence:
    """Says when the cloud is lost and when it is back, once each."""

    def __init__(self, on_presence: Callable[[WeSmartError | None], None], *, on_quiet: Callable[[], None]) -> None:
        """`on_presence` is told why the cloud was lost, and with None that it is back; `on_quiet` has it asked."""
        self._on_presence = on_presence
        self._on_quiet = on_quiet
        self._loop = asyncio.get_running_loop()
        self._back = asyncio.Event()
        # What came of asking last; None for a word.
        self.trouble: WeSmartError | None = None
        # When there was a word last, on the loop's clock.
        self.heard_at = self._loop.time()
        self.present = True

    def hear(self) -> None:
        """There is a word. It does not bring back what was lost: what is shown may still be from before."""
        self.heard_at = self._loop.time()
        self.trouble = None

    def miss(self, trouble: WeSmartError) -> None:
        """Nothing came of asking: why is told should the cloud be lost."""
        self.trouble = trouble

    def regain(self) -> None:
        """What is shown is what the cloud says."""
        if not self.present:
            self.present = True
            self._back.set()
            self._on_presence(None)

    def lose(self, reason: WeSmartError | None = None) -> None:
        """Nobody knows any more what the home looks like."""
        if self.present:
            self.trouble = reason or self.trouble or CloudTimeoutError("silence")
            self.present = False
            self._back.clear()
            self._on_presence(self.trouble)

    async def watch(self) -> None:
        """Lose the cloud when there was no word for too long, until cancelled."""
        while True:
            if await self._quiet_for(_ASK_S):
                self._on_quiet()
                if await self._quiet_for(SILENCE_S):
                    self.lose()
                    await self._back.wait()

    async def _quiet_for(self, seconds: float) -> bool:
        """Wait until the last word could be so long ago; return whether it is."""
        await asyncio.sleep(self.heard_at + seconds - self._loop.time())
        return self.heard_at + seconds <= self._loop.time()
