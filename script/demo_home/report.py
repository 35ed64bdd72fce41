"""What a check saw, as a table for a terminal."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One step."""

    passed: bool
    what: str
    seen: str
    seconds: float


@dataclass(slots=True)
class Report:
    """The steps in their order, and lines to be read after them."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def passed(self, what: str, seen: str, seconds: float) -> None:
        """Note a step that went as it should."""
        self.rows.append(Row(passed=True, what=what, seen=seen, seconds=seconds))

    def failed(self, what: str, seen: str, seconds: float) -> None:
        """Note a step that did not."""
        self.rows.append(Row(passed=False, what=what, seen=seen, seconds=seconds))

    @property
    def good(self) -> bool:
        """Whether everything went as it should."""
        return all(row.passed for row in self.rows)

    def __str__(self) -> str:
        """Return the table, aligned, with times in milliseconds."""
        width = max((len(row.what) for row in self.rows), default=0)
        lines = [
            f"{'ok    ' if row.passed else 'FAILED'}  {row.what:<{width}}  {_milliseconds(row):>9}  {row.seen}".rstrip()
            for row in self.rows
        ]
        return "\n".join([*lines, *self.notes])


def _milliseconds(row: Row) -> str:
    return f"{row.seconds * 1000:,.0f} ms" if row.seconds else ""
