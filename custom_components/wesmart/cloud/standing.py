"""How the account stands with its cloud: what it is refused for, and which terms it has to read (contract, "Problems").

The stream only hints, and may repeat itself; REST answers.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
import logging
import random

from . import backoff
from .client import WeSmartClient
from .errors import (
    AccountBlockedError,
    BusyError,
    CloudConnectionError,
    MaintenanceError,
    SessionEndedError,
    TermsNotAcceptedError,
    WeSmartError,
)
from .observer import HomeObserver
from .wire_events import AccountEvent

_LOGGER = logging.getLogger(__name__)

# What every account was told at the same moment is not asked about by all of them at the same moment.
_SPREAD_S = 2
# Polling says nothing of new terms that can wait: while push is down they are looked for this often.
_AT_LEAST_EVERY_S = 3600


class Standing:
    """Knows whether the cloud lets the account see its homes, and reads the account where that may have changed.

    `doubted` is set where only a whole answer counts: nothing says that a server looks at the account before it
    answers 304.
    """

    def __init__(self, client: WeSmartClient, observer: HomeObserver, *, on_doubt: Callable[[], None]) -> None:
        """Tell `observer`, which may fail, of the account; `on_doubt` has the homes asked for now."""
        self._client = client
        self._observer = observer
        self._on_doubt = on_doubt
        self._loop = asyncio.get_running_loop()
        self._admission = asyncio.Event()
        self._admission.set()
        self._readmission = asyncio.Event()
        self._warned = False
        self._unread = asyncio.Event()
        self._unread.set()
        self._everybody = False
        # Whether hints may have been missed, and when the account was read last.
        self._outdated = False
        self._read_at = self._loop.time()
        self._terms_refused = False
        self.doubted = False

    @property
    def admitted(self) -> bool:
        """Whether the cloud shows the account its homes, as far as it has said."""
        return self._admission.is_set()

    async def until_admitted(self, seconds: float) -> None:
        """Wait so long, or until a refusal ends; and while one lasts: only polling asks meanwhile."""
        self._readmission.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._readmission.wait()
        await self._admission.wait()

    def heed(self, event: AccountEvent) -> None:
        """Take a hint of the stream; one that we do not know is ignored."""
        if event.change == "maintenance":
            _tell(self._observer.maintenance_planned, event.starts_at, event.ends_at)
        if event.change in ("terms", "maintenance"):
            self._everybody = True
            self._unread.set()
        elif event.change in ("access", "session"):
            self.doubt()

    def doubt(self) -> None:
        """Have the cloud asked now whether it still shows the homes."""
        self.doubted = True
        self._on_doubt()

    def outdate(self, *, read_now: bool) -> None:
        """Hints may have been missed: the account is read now, with `catch_up`, or when it was not for an hour."""
        self._outdated = True
        if read_now or self._loop.time() - self._read_at >= _AT_LEAST_EVERY_S:
            self.catch_up()

    def catch_up(self) -> None:
        """Read the account if something may have been said of it that a snapshot has covered."""
        if self._outdated:
            self._outdated = False
            self._unread.set()

    def warn(self, err: MaintenanceError) -> None:
        """Take the word of maintenance for what it is, while something else says how the homes are."""
        self._warned = True
        _tell(self._observer.refused, err)

    def refuse(self, err: WeSmartError) -> bool:
        """Take the cloud's answer to a request for the homes; return whether it is a word about the whole account."""
        if not isinstance(err, AccountBlockedError | TermsNotAcceptedError | MaintenanceError):
            return False
        self._admission.clear()
        self._terms_refused |= isinstance(err, TermsNotAcceptedError)
        _tell(self._observer.refused, err)
        return True

    def admit(self) -> None:
        """The cloud has shown the homes."""
        if not self.admitted or self._warned:
            self._warned = False
            self._admission.set()
            self._readmission.set()
            if self._terms_refused:
                # They were accepted elsewhere, and without push nobody would say so.
                self._terms_refused = False
                self._unread.set()
            _tell(self._observer.refused, None)

    async def run(self) -> None:
        """Read the account at the beginning and whenever it may have changed; raises SessionEndedError."""
        failures = 0
        while True:
            await self._unread.wait()
            self._unread.clear()
            self._read_at = self._loop.time()
            everybody, self._everybody = self._everybody, False
            if everybody:
                await asyncio.sleep(random.uniform(0, _SPREAD_S))  # noqa: S311 - spreads load, protects nothing
            pause: float | None = None
            try:
                account = await self._client.account()
            except SessionEndedError:
                raise
            except (BusyError, CloudConnectionError) as err:
                failures += 1
                pause = backoff.delay(err, failures)
            except WeSmartError as err:
                _LOGGER.debug("The account could not be read: %s", err)
            else:
                failures = 0
                _tell(self._observer.account_read, account)
            if everybody:
                self.doubt()
            if pause is not None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._unread.wait()
                self._unread.set()


def _tell[*Ts](observer: Callable[[*Ts], None], *said: *Ts) -> None:
    """Tell an observer what the cloud has said of the account; whatever it makes of that, the home is followed."""
    try:
        observer(*said)
    except Exception:
        _LOGGER.exception("What the cloud said of the account could not be told")
