"""Faults that a test injects: lost, late, doubled and reordered events, refusals, lost responses."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.mock_cloud.history import Event


@dataclass(slots=True)
class MaintenanceFault:
    """The cloud refuses everything."""

    retry_after: float


@dataclass(slots=True)
class RateLimit:
    """Requests to refuse; `path` None means any."""

    retry_after: float
    count: int
    path: str | None


@dataclass(slots=True)
class Faults:
    """The faults at the moment."""

    maintenance: MaintenanceFault | None = None
    rate_limits: list[RateLimit] = field(default_factory=list)
    lost_answers: int = 0
    drop: int = 0
    delay: int = 0
    delay_s: float = 0
    double: int = 0
    apart_s: float = 0
    reorder: int = 0
    held: list[tuple[str, Event]] = field(default_factory=list)

    def limit(self, path: str) -> float | None:
        """Return the seconds to wait when a request to `path` is refused, which uses up one refusal."""
        for limit in self.rate_limits:
            if limit.count > 0 and limit.path in {None, path}:
                limit.count -= 1
                return limit.retry_after
        return None

    def loses_answer(self) -> bool:
        """Return whether this response is lost, which uses up one loss."""
        if self.lost_answers == 0:
            return False
        self.lost_answers -= 1
        return True

    def pass_on(self, account_id: str, event: Event) -> Iterator[tuple[float, str, Event]]:
        """Return what is pushed instead of an event, and in how many seconds."""
        if self.drop:
            self.drop -= 1
        elif self.delay:
            self.delay -= 1
            yield self.delay_s, account_id, event
        elif self.reorder:
            self.held.append((account_id, event))
            if len(self.held) == self.reorder:
                yield from ((0, *arriving) for arriving in self.held[::-1])
                self.held, self.reorder = [], 0
        else:
            yield 0, account_id, event
            if self.double:
                self.double -= 1
                yield self.apart_s, account_id, event
