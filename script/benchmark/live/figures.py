"""From what the runs saw to what is said of it: medians, and the targets as ratios to the floor. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import statistics

OURS = "wesmart"
FLOOR = "floor"
TEXTBOOK = "textbook"
SUBJECTS = (OURS, FLOOR, TEXTBOOK)

SIZES = (100, 1000, 5000)
# Small enough to be quick, large enough for a hundred entities at once.
COMMANDS_SIZE = 200
IDLE_SIZE = 100
# What does not grow with the home falls out of the difference.
MEMORY_SIZES = (100, 1000)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of all subjects; `values` are in the order of the rounds, and round by round comparable."""

    name: str
    title: str
    unit: str
    devices: int | None
    values: Mapping[str, Sequence[float]]
    digits: int = 0

    def median(self, subject: str) -> float:
        """Return the number to quote."""
        return statistics.median(self.values[subject])


@dataclass(frozen=True, slots=True)
class Target:
    """A promise, and what came of it in each round."""

    key: str
    title: str
    limit: float
    values: Sequence[float]
    worst: bool = False  # once is too often

    @property
    def value(self) -> float:
        """What counts."""
        return max(self.values) if self.worst else statistics.median(self.values)

    @property
    def met(self) -> bool:
        """Whether the promise was kept."""
        return self.value <= self.limit


@dataclass(slots=True)
class Results:
    """What all runs of a benchmark saw."""

    runs: dict[tuple[str, int, str], list[Mapping[str, float]]] = field(default_factory=dict)

    def add(self, job: str, devices: int, subject: str, seen: Mapping[str, float]) -> None:
        """Take what one run saw."""
        self.runs.setdefault((job, devices, subject), []).append(seen)

    def figures(self) -> list[Figure]:
        """Return everything that was measured."""
        figures = [
            self._figure("steady", devices, name, title, unit, digits)
            for name, title, unit, digits in (
                ("event_us", "CPU per pushed event", "µs", 0),
                ("lone_event_us", "The same, one event at a time", "µs", 0),
                ("setup_cpu_ms", "Set-up, CPU", "ms", 0),
                ("setup_wall_ms", "Set-up, wall", "ms", 0),
                ("setup_requests", "Set-up, requests", "", 0),
            )
            for devices in SIZES
        ]
        figures.append(Figure("memory_kb", "Memory per device", "kB", None, self._memory(), 2))
        figures += [
            self._figure("commands", COMMANDS_SIZE, name, title, unit, digits)
            for name, title, unit, digits in (
                ("switch_100_requests", "100 entities on, requests", "", 0),
                ("switch_100_ms", "100 entities on, all states on after", "ms", 0),
                ("drag_requests", "Drag, requests", "", 0),
                ("drag_ack_ms", "Drag, last call acknowledged after", "ms", 0),
                ("drag_level", "Drag, final level (51 is right)", "%", 0),
            )
        ]
        return [*figures, self._figure("idle", IDLE_SIZE, "idle_requests_per_hour", "Requests per idle hour", "", 1)]

    def targets(self) -> list[Target]:
        """Return the promises."""
        steady, commands = self._ours("steady", 1000), self._ours("commands", COMMANDS_SIZE)
        memory = self._memory()
        requests = [run["setup_requests"] for devices in SIZES for run in self._ours("steady", devices)]
        idle = [run["idle_requests_per_hour"] for run in self._ours("idle", IDLE_SIZE)]
        growth = [large / small for small, large in zip(self._event_ratios(100), self._event_ratios(5000), strict=True)]
        setup = _ratios(steady, self.runs["steady", 1000, FLOOR], "setup_cpu_ms")
        return [
            Target("event_vs_floor", "CPU per event at 1,000, ÷ floor", 1.2, self._event_ratios(1000)),
            Target("event_growth_5000_vs_100", "The same at 5,000, ÷ itself at 100", 1.1, growth),
            Target("setup_1000_vs_floor", "Set-up CPU of 1,000, ÷ floor", 1.3, setup),
            Target("setup_requests", "Requests of set-up, any size", 4, requests, worst=True),
            Target(
                "memory_vs_floor",
                "Memory per device, ÷ floor",
                1.25,
                [ours / floor for ours, floor in zip(memory[OURS], memory[FLOOR], strict=True)],
            ),
            Target("switch_100_requests", "Requests for 100 entities", 1, _all(commands, "switch_100_requests")),
            Target("switch_100_round_trips", "All 100 on, round trips", 2, _all(commands, "switch_100_round_trips")),
            Target(
                "drag_requests_over",
                "Requests of a drag beyond 1 + duration ÷ round trip",
                0,
                _all(commands, "drag_requests_over"),
                worst=True,
            ),
            Target("drag_wrong_levels", "Drags that ended wrong", 0, _all(commands, "drag_wrong_levels"), worst=True),
            Target("idle_requests_per_hour", "Requests per idle hour", 2, idle),
        ]

    def _ours(self, job: str, devices: int) -> Sequence[Mapping[str, float]]:
        return self.runs[job, devices, OURS]

    def _event_ratios(self, devices: int) -> list[float]:
        return _ratios(self._ours("steady", devices), self.runs["steady", devices, FLOOR], "event_us")

    def _figure(self, job: str, devices: int, name: str, title: str, unit: str, digits: int) -> Figure:
        values = {subject: _all(self.runs[job, devices, subject], name) for subject in SUBJECTS}
        return Figure(name, title, unit, devices if job == "steady" else None, values, digits)

    def _memory(self) -> dict[str, list[float]]:
        small, large = MEMORY_SIZES
        return {
            subject: [
                (full["account_kb"] - base["account_kb"]) / (large - small)
                for base, full in zip(
                    self.runs["memory", small, subject], self.runs["memory", large, subject], strict=True
                )
            ]
            for subject in SUBJECTS
        }


def _all(runs: Sequence[Mapping[str, float]], name: str) -> list[float]:
    return [run[name] for run in runs]


def _ratios(ours: Sequence[Mapping[str, float]], floor: Sequence[Mapping[str, float]], name: str) -> list[float]:
    """Return round by round: what is slow in one round is slow for both."""
    return [mine[name] / least[name] for mine, least in zip(ours, floor, strict=True)]
