"""Time as a heap of what happens when, and processes that wait: what asyncio is to the client, without it."""

from collections import deque
from collections.abc import Callable, Generator
from heapq import heappop, heappush
from itertools import count
import math
from typing import NamedTuple


class Mailbox[T]:
    """Where one process waits for what others put."""

    def __init__(self) -> None:
        self.items: deque[T] = deque()
        self.wake: Callable[[], None] = _nobody

    def put(self, item: T) -> None:
        """Add an item; who waits gets it at this moment of the agenda."""
        self.items.append(item)
        self.wake()


class Wait(NamedTuple):
    """What a process yields: it goes on when there is something in the box, or at that time."""

    box: Mailbox[object] | None
    until: float = math.inf


type Process = Generator[Wait, bool]  # sent: whether there is something in the box


class Agenda:
    """What happens when, one thing after the other; `now` is in seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self._numbers = count()
        self._heap: list[tuple[float, int, Callable[[], None]]] = []

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Do something at a time, after what is already to be done then."""
        heappush(self._heap, (when, next(self._numbers), action))

    def run_until(self, when: float) -> None:
        """Let time pass."""
        while self._heap and self._heap[0][0] <= when:
            self.now, _, action = heappop(self._heap)
            action()
        self.now = when

    def spawn(self, process: Process) -> None:
        """Run a process until it waits for the first time, and onwards from there."""
        _Runner(self, process).go_on(0)


class _Runner:
    def __init__(self, agenda: Agenda, process: Process) -> None:
        self._agenda = agenda
        self._process = process
        self._turn = 0
        self._box: Mailbox[object] | None = None

    def go_on(self, turn: int) -> None:
        """Run to the next wait, unless something else has already ended the one of that turn."""
        if turn != self._turn:
            return
        self._turn = turn = turn + 1
        filled = self._box is not None and bool(self._box.items)
        if self._box is not None:
            self._box.wake = _nobody
        try:
            self._box, until = next(self._process) if turn == 1 else self._process.send(filled)
        except StopIteration:
            return
        agenda = self._agenda
        if self._box is not None:
            self._box.wake = lambda: agenda.at(agenda.now, lambda: self.go_on(turn))
            if self._box.items:
                self._box.wake()
        if until < math.inf:
            agenda.at(max(until, agenda.now), lambda: self.go_on(turn))


def _nobody() -> None:
    pass
