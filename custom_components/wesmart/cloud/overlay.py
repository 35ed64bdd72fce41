"""What a commanded endpoint shows until the cloud's own word has caught up (contract, promise 4). Pure: no I/O, no clock.

Between the acknowledgement of a command and the event that confirms it, older events may still be on their way. The
commanded value covers them, field by field, until the model has reached the result's `seq`; then the cloud's truth wins.
"""

from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from typing import NamedTuple

from msgspec.structs import replace

from .models import Endpoint, EndpointKey

# A confirmation that takes longer will not come (contract, promise 4).
LONGEST_S = 10.0


class _Cover(NamedTuple):
    value: object
    until_seq: int
    expires_at: float


class Overlay:
    """Commanded values, by endpoint and field; `now` is always the same monotonic clock, in seconds."""

    def __init__(self) -> None:
        # What is covered, to look at; nearly always nothing is.
        self.covers: dict[EndpointKey, dict[str, _Cover]] = {}
        # In the order in which they end by seq; those replaced meanwhile are passed over.
        self._by_seq: list[tuple[int, EndpointKey]] = []

    def acknowledge(self, endpoint: Endpoint, fields: Mapping[str, object], until_seq: int, now: float) -> None:
        """Show these state fields of the endpoint until the model has reached `until_seq`; what was shown is replaced."""
        if not fields:
            return
        covers = self.covers.setdefault(endpoint.key, {})
        covers.update((name, _Cover(value, until_seq, now + LONGEST_S)) for name, value in fields.items())
        heappush(self._by_seq, (until_seq, endpoint.key))

    def show(self, endpoint: Endpoint) -> Endpoint:
        """Return the endpoint as it is to be shown."""
        covers = self.covers.get(endpoint.key)
        if covers is None or endpoint.state is None:
            return endpoint
        state = replace(endpoint.state, **{name: cover.value for name, cover in covers.items()})
        return replace(endpoint, state=state)

    def reach(self, seq: int) -> set[EndpointKey]:
        """End what the model has caught up with; return the endpoints that show the cloud's word again."""
        ended = set()
        while self._by_seq and self._by_seq[0][0] <= seq:
            _, key = heappop(self._by_seq)
            if self._keep(key, lambda cover: cover.until_seq > seq):
                ended.add(key)
        return ended

    def expire(self, now: float) -> set[EndpointKey]:
        """End what has waited too long; return the endpoints that show the cloud's word again."""
        return {key for key in tuple(self.covers) if self._keep(key, lambda cover: cover.expires_at > now)}

    def clear(self) -> set[EndpointKey]:
        """End everything: positions of another epoch do not compare."""
        ended = set(self.covers)
        self.covers.clear()
        self._by_seq.clear()
        return ended

    @property
    def next_expiry(self) -> float | None:
        """When `expire` has something to do."""
        return min((cover.expires_at for covers in self.covers.values() for cover in covers.values()), default=None)

    def _keep(self, key: EndpointKey, lasts: Callable[[_Cover], bool]) -> bool:
        """Keep the covers of an endpoint that last; return whether there were others."""
        covers = self.covers.get(key, {})
        kept = {name: cover for name, cover in covers.items() if lasts(cover)}
        if kept:
            self.covers[key] = kept
        else:
            self.covers.pop(key, None)
            if not self.covers:
                self._by_seq.clear()
        return len(kept) < len(covers)
