"""The arithmetic of the benchmark: medians, targets as ratios to the floor, and their tables. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
import statistics
from typing import Any

OURS = "wesmart"
FLOOR = "floor"
TEXTBOOK = "textbook"
SUBJECTS = (OURS, FLOOR, TEXTBOOK)

# The sizes of the homes in which events and set-up are measured.
SIZES = (100, 1000, 5000)
# What does not grow with the home is not in the difference of these.
MEMORY_SIZES = (100, 1000)

# Name → title, unit, and decimals of every figure.
_FIGURES = {
    "event_us": ("CPU per pushed event", "µs", 0),
    "setup_cpu_ms": ("Set-up, CPU", "ms", 0),
    "setup_requests": ("Set-up, requests", "", 0),
    "memory_kb": ("Memory per device", "kB", 2),
    "switch_100_requests": ("100 entities on, requests", "", 0),
    "switch_100_ms": ("100 entities on, all states on after", "ms", 0),
    "drag_requests": ("Drag, requests", "", 0),
    "drag_ack_ms": ("Drag, last call acknowledged after", "ms", 0),
    "idle_requests_per_hour": ("Requests per idle hour", "", 1),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A promise, and what each round measured."""

    key: str
    title: str
    limit: float
    values: Sequence[float]
    worst: bool = False  # once is too often

    @property
    def value(self) -> float:
        """What counts: the median, or the worst."""
        return max(self.values) if self.worst else statistics.median(self.values)

    @property
    def met(self) -> bool:
        """Whether the promise was kept."""
        return self.value <= self.limit


@dataclass(slots=True)
class Results:
    """Values by name, devices (None for a measurement of one size), and subject, in the order of the rounds."""

    values: dict[tuple[str, int | None, str], list[float]] = field(default_factory=dict)

    def add(self, devices: int | None, subject: str, seen: Mapping[str, float]) -> None:
        """Add what one process measured."""
        for name, value in seen.items():
            self.values.setdefault((name, devices, subject), []).append(value)

    def of(self, name: str, devices: int | None, subject: str) -> list[float]:
        """Return the values of a figure, none if it is not measured of this subject."""
        if name != "memory_kb":
            return self.values.get((name, devices, subject), [])
        small, large = MEMORY_SIZES
        pairs = zip(self.of("account_kb", small, subject), self.of("account_kb", large, subject), strict=True)
        return [(full - base) / (large - small) for base, full in pairs]

    def figures(self) -> Iterator[tuple[str, int | None, dict[str, list[float]]]]:
        """Yield the name, the devices, and the values of each subject, in the order of the table."""
        for name in _FIGURES:
            for devices in SIZES if self.of(name, SIZES[0], OURS) and name != "memory_kb" else (None,):
                yield name, devices, {subject: self.of(name, devices, subject) for subject in SUBJECTS}

    def targets(self) -> list[Target]:
        """Return every promise."""
        events = {devices: self._to_floor("event_us", devices) for devices in SIZES}
        requests = [value for devices in SIZES for value in self.of("setup_requests", devices, OURS)]
        return [
            Target("event_vs_floor", "CPU per event at 1,000, ÷ floor", 1.15, events[1000]),
            Target(
                "event_growth_5000_vs_100",
                "The same at 5,000, ÷ itself at 100",
                1.1,
                _ratios(events[5000], events[100]),
            ),
            Target("setup_1000_vs_floor", "Set-up CPU of 1,000, ÷ floor", 1.25, self._to_floor("setup_cpu_ms", 1000)),
            Target("setup_requests", "Requests of set-up, any size", 4, requests, worst=True),
            Target("memory_vs_floor", "Memory per device, ÷ floor", 1.25, self._to_floor("memory_kb", None)),
            self._target("switch_100_requests", "Requests for 100 entities", 1),
            self._target("switch_100_round_trips", "All 100 on, round trips", 2),
            self._target("drag_requests_over", "Requests of a drag beyond 1 + duration ÷ round trip", 0, worst=True),
            self._target("drag_wrong_levels", "Drags that ended wrong", 0, worst=True),
            self._target("idle_requests_per_hour", "Requests per idle hour", 2),
        ]

    def _target(self, name: str, title: str, limit: float, *, worst: bool = False) -> Target:
        return Target(name, title, limit, self.of(name, None, OURS), worst)

    def _to_floor(self, name: str, devices: int | None) -> list[float]:
        return _ratios(self.of(name, devices, OURS), self.of(name, devices, FLOOR))


def _ratios(ours: Iterable[float], theirs: Iterable[float]) -> list[float]:
    """Return round by round: what is slow in one round is slow for both."""
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def as_json(results: Results) -> dict[str, Any]:
    """Return the targets by their keys, their limits, whether they were met, and the medians of all figures."""
    targets = results.targets()
    figures: dict[str, Any] = {}
    for name, devices, values in results.figures():
        medians = {subject: statistics.median(values[subject]) for subject in SUBJECTS if values[subject]}
        if devices is None:
            figures[name] = medians
        else:
            figures.setdefault(name, {})[str(devices)] = medians
    return {
        **{target.key: target.value for target in targets},
        "limits": {target.key: target.limit for target in targets},
        "met": {target.key: target.met for target in targets},
        "figures": figures,
    }


def tables(results: Results) -> str:
    """Return Markdown tables of the medians, with the least and the most, and of the targets."""
    rows = [["", "WeSMART", "the floor", "the textbook"]]
    for name, devices, values in results.figures():
        title, unit, digits = _FIGURES[name]
        heading = ", ".join(part for part in (title, f"{devices:,} devices" if devices else "", unit) if part)
        rows.append([heading, *(_spread(values[subject], digits) for subject in SUBJECTS)])
    figures = _table(rows)
    rows = [["target", "at most", "measured", ""]]
    for target in results.targets():
        verdict = "met" if target.met else "**missed**"
        limit, measured = _number(target.limit, 2), _spread(target.values, 2, target.value)
        rows.append([f"{target.title} (`{target.key}`)", limit, measured, verdict])
    return f"{figures}\n\n{_table(rows)}"


def _table(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    lines = (" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(f"| {line} |" for line in lines)


def _spread(values: Sequence[float], digits: int, value: float | None = None) -> str:
    """Return the median or another value, with the least and the most."""
    if not values:
        return "–"
    shown = _number(statistics.median(values) if value is None else value, digits)
    least, most = _number(min(values), digits), _number(max(values), digits)
    return shown if least == most else f"{shown} ({least}–{most})"


def _number(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
