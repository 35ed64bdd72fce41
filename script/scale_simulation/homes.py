"""Homes that poll and follow the event stream as `coordinator.py` and `cloud/connection.py` do, all at once.

How long a home waits is computed by the client's own `timing.py`, with a random number for each home. Responses take no
time, and nobody uses the homes. The discovery document is left out: with push it takes the place of a poll.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from custom_components.wesmart.cloud import timing

type Floats = NDArray[np.float64]
type Indexes = NDArray[np.intp]

NEVER = np.inf
# The cloud's choice. A stream is up when something has followed hello: nothing but a heartbeat, as nobody uses the homes.
HEARTBEAT_S = 20
DAY_S = 86400


class Load:
    """What the cloud gets in each second from time 0 on: homes, their requests with handshakes, and token renewals."""

    def __init__(self, seconds: int) -> None:
        """Count for so many seconds."""
        self.homes, self.requests, self.renewals = self._counts = np.zeros((3, seconds))

    def add(self, at: Floats, requests: Floats, renewals: Floats) -> None:
        """Count what homes send at these times."""
        seconds = self.homes.size
        inside = (at >= 0) & (at < seconds)
        for row, weights in enumerate((np.ones(at.size), requests, renewals)):
            self._counts[row] += np.bincount(at[inside].astype(np.intp), weights[inside], seconds)


class Homes:
    """The state of all homes, an array for each part of it."""

    def __init__(self, number: int, seed: int, token_life_s: float) -> None:
        """Start at a random moment of the day before time 0."""
        self.number = number
        self.token_life_s = token_life_s
        self._random = np.random.default_rng(seed)
        start = -DAY_S * self._uniform(number)
        self.next_connect = start.copy()
        self.next_up = np.full(number, NEVER)
        self.is_up = np.zeros(number, bool)
        # Whether the next poll is the first without push.
        self.is_first = np.zeros(number, bool)
        self.next_poll = np.full(number, NEVER)
        self.failures = np.zeros(number)
        self.last_contact = start.copy()
        # The first contact after the streams were lost.
        self.back_at = start.copy()
        self.renew_at = start.copy()
        # Home Assistant cuts the fraction of its clock off, and adds one that it keeps.
        self._clock = self._uniform(number)
        self._fraction = 0.05 + 0.45 * self._uniform(number)
        # The cloud: since when it responds, and whether it has the events of before.
        self.up_since = -NEVER
        self.resumes = True

    def lose_streams(self, back_at: float, *, restarting: bool, resumes: bool) -> None:
        """End all streams at time 0; the cloud responds again at `back_at`, and knows what happened before, or not."""
        self.up_since = back_at
        self.resumes = resumes
        # Each has its own heartbeat; the close frame of a restart is one for all.
        streaming = np.flatnonzero(self.is_up)
        self.is_up[:] = False
        self.last_contact[streaming] = 0 if restarting else -HEARTBEAT_S * self._uniform(streaming.size)
        self.back_at[:] = NEVER
        self.failures[streaming] = 2 if restarting else 1
        self.next_connect[streaming] = self._reconnect_delay(streaming)
        grace = self.last_contact[streaming] + timing.GRACE_S
        self.next_poll[streaming] = self.waits(timing.lost_poll_delay, streaming.size, grace)
        self.is_first[streaming] = True

    def run(self, until: float, load: Load) -> None:
        """Let time pass."""
        while True:
            self._wait_for_streams(until)
            up = np.flatnonzero(self.next_up < np.minimum(until, self.next_poll))
            self._come_up(up, self.next_up[up])
            now = np.minimum(self.next_poll, self.next_connect)
            homes = np.flatnonzero(now < until)
            if not homes.size and not up.size:
                return
            polls = self.next_poll[homes] <= self.next_connect[homes]
            for part, act in ((homes[polls], self._poll), (homes[~polls], self._connect)):
                is_up = now[part] >= self.up_since
                act(part[is_up], now[part[is_up]], part[~is_up], now[part[~is_up]], load)

    def waits(self, timing_function: Callable[..., float], number: int, *arguments: Floats) -> Floats:
        """Return what the client's function says for each home."""
        each = np.vectorize(timing_function, otypes=[np.float64])
        waits: Floats = each(*arguments, self._uniform(number))
        return waits

    def _connect(self, homes: Indexes, at: Floats, refused: Indexes, refused_at: Floats, load: Load) -> None:
        renewals = self._renew(homes, at)
        load.add(at, 1 + renewals + (not self.resumes), renewals)
        self.next_connect[homes] = NEVER
        self.next_up[homes] = at + HEARTBEAT_S
        self.back_at[homes] = np.minimum(self.back_at[homes], at)
        self.failures[refused] += 1
        self.next_connect[refused] = refused_at + self._reconnect_delay(refused)

    def _wait_for_streams(self, until: float) -> None:
        """Put off first polls for streams that are about to be up."""
        coming = self.is_first & (self.next_up < NEVER)
        while True:
            homes = np.flatnonzero(coming & (self.next_poll < np.minimum(until, self.next_up)))
            grace = self.last_contact[homes] + timing.GRACE_S - self.next_poll[homes]
            homes, grace = (part[timing.poll_can_wait(grace)] for part in (homes, grace))
            if not homes.size:
                return
            self.next_poll[homes] += self.waits(timing.lost_poll_delay, homes.size, grace)

    def _come_up(self, homes: Indexes, at: Floats) -> None:
        self.next_up[homes] = NEVER
        self.is_up[homes] = True
        self._schedule_poll(homes, at, self.waits(timing.safety_poll_interval, homes.size))

    def _poll(self, homes: Indexes, at: Floats, refused: Indexes, refused_at: Floats, load: Load) -> None:
        streaming = self.is_up[homes]
        self.is_first[homes] = self.is_first[refused] = False
        renewals = self._renew(homes, at)
        load.add(at, 1 + renewals, renewals)
        self.last_contact[homes] = at
        self.back_at[homes] = np.minimum(self.back_at[homes], at)
        for part, interval in ((streaming, timing.safety_poll_interval), (~streaming, timing.poll_interval)):
            self._schedule_poll(homes[part], at[part], self.waits(interval, homes[part].size))

        self._schedule_poll(refused, refused_at, self.waits(timing.failed_poll_delay, refused.size))

    def _schedule_poll(self, homes: Indexes, at: Floats, interval: Floats) -> None:
        clock = self._clock[homes]
        self.next_poll[homes] = np.floor(at + clock) - clock + self._fraction[homes] + interval

    def _reconnect_delay(self, homes: Indexes) -> Floats:
        return self.waits(timing.reconnect_delay, homes.size, self.failures[homes], np.zeros(homes.size))

    def _renew(self, homes: Indexes, at: Floats) -> Floats:
        """Renew the tokens that are due; return 1 for each home that does."""
        due = at >= self.renew_at[homes]
        issued = at[due]
        self.renew_at[homes[due]] = self.waits(timing.renewal_time, issued.size, issued, issued + self.token_life_s)
        return due.astype(np.float64)

    def _uniform(self, number: int) -> Floats:
        return self._random.random(number)
