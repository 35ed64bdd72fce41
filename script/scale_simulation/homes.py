"""Homes that poll and follow the event stream as `coordinator.py` and `cloud/connection.py` do, all at once.

How long a home waits is computed by the client's own `timing.py`, with a random number for each home. Responses take no
time, and nobody uses the homes.
"""

from collections.abc import Callable
import copy

import numpy as np
from numpy.typing import NDArray

from custom_components.wesmart.cloud import timing

type Floats = NDArray[np.float64]
type Indexes = NDArray[np.intp]

NEVER = np.inf
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
        self.next_poll = np.full(number, NEVER)
        self.failures = np.zeros(number)
        self.last_contact = start.copy()
        # The first contact after the streams were lost, and the last before.
        self.back_at = start.copy()
        self.lost_at = start.copy()
        self.renew_at = start.copy()
        self.discovery_due = start + self.waits(timing.discovery_interval, number)
        self.discovery_read_at = np.full(number, -NEVER)
        # Home Assistant cuts the fraction of its clock off, and adds one that it keeps.
        self._clock = self._uniform(number)
        self._fraction = 0.05 + 0.45 * self._uniform(number)
        # The cloud: since when it responds, and whether it has the events of before.
        self.up_since = -NEVER
        self.resumes = True

    def copy(self) -> Homes:
        """Return the same homes, to let something else happen to them."""
        return copy.deepcopy(self)

    def lose_streams(self, back_at: float, *, restarting: bool, resumes: bool) -> None:
        """End all streams at time 0; the cloud responds again at `back_at`, and knows what happened before, or not."""
        self.up_since = back_at
        self.resumes = resumes
        # Each has its own heartbeat; the close frame of a restart is one for all.
        streaming = np.flatnonzero(self.next_connect == NEVER)
        self.last_contact[streaming] = 0 if restarting else -20 * self._uniform(streaming.size)
        self.lost_at = self.last_contact.copy()
        self.back_at[:] = NEVER
        self.failures[streaming] = 2 if restarting else 1
        self.next_connect[streaming] = self._reconnect_delay(streaming)
        grace = self.last_contact[streaming] + timing.GRACE_S
        self.next_poll[streaming] = self.waits(timing.lost_poll_delay, streaming.size, grace)

    def age(self, seconds: float) -> None:
        """Let tokens and documents grow old while nothing else changes."""
        self.renew_at -= seconds
        self.discovery_due -= seconds
        self.discovery_read_at -= seconds

    def run(self, until: float, load: Load) -> None:
        """Let time pass."""
        while True:
            now = np.minimum(self.next_poll, self.next_connect)
            homes = np.flatnonzero(now < until)
            if not homes.size:
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
        self._contact(homes, at)
        self._schedule_poll(homes, at, self.waits(timing.safety_poll_interval, homes.size))
        self.failures[refused] += 1
        self.next_connect[refused] = refused_at + self._reconnect_delay(refused)

    def _poll(self, homes: Indexes, at: Floats, refused: Indexes, refused_at: Floats, load: Load) -> None:
        streaming = self.next_connect[homes] == NEVER
        renewals = self._renew(homes, at)
        discovers = at >= self.discovery_due[homes]
        # With push, in place of the poll.
        requests = 1 + renewals + (discovers & ~streaming)
        load.add(at, requests, renewals)
        self._discover(homes[discovers], at[discovers])
        self._contact(homes, at)
        for part, interval in ((streaming, timing.safety_poll_interval), (~streaming, timing.poll_interval)):
            self._schedule_poll(homes[part], at[part], self.waits(interval, homes[part].size))

        retries = refused_at >= self.discovery_read_at[refused] + timing.DISCOVERY_RETRY_S
        self._discover(refused[retries], refused_at[retries])
        self._schedule_poll(refused, refused_at, self.waits(timing.failed_poll_delay, refused.size))

    def _schedule_poll(self, homes: Indexes, at: Floats, interval: Floats) -> None:
        clock = self._clock[homes]
        self.next_poll[homes] = np.floor(at + clock) - clock + self._fraction[homes] + interval

    def _reconnect_delay(self, homes: Indexes) -> Floats:
        return self.waits(timing.reconnect_delay, homes.size, self.failures[homes], np.zeros(homes.size))

    def _renew(self, homes: Indexes, at: Floats) -> Floats:
        """Renew the tokens that are due; return 1 for each home that does."""
        due = at >= self.renew_at[homes]
        self.issue_tokens(homes[due], at[due])
        return due.astype(np.float64)

    def issue_tokens(self, homes: Indexes, at: Floats) -> None:
        """Give homes tokens of these times."""
        self.renew_at[homes] = self.waits(timing.renewal_time, homes.size, at, at + self.token_life_s)

    def _contact(self, homes: Indexes, at: Floats) -> None:
        self.last_contact[homes] = at
        self.back_at[homes] = np.minimum(self.back_at[homes], at)

    def _discover(self, homes: Indexes, at: Floats) -> None:
        self.discovery_read_at[homes] = at
        self.discovery_due[homes] = at + self.waits(timing.discovery_interval, homes.size)

    def _uniform(self, number: int) -> Floats:
        return self._random.random(number)
