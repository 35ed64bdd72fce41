"""What is printed of the results: two tables of Markdown, or the same as JSON."""

from collections.abc import Sequence
from typing import Any

from script.benchmark.printing import print_table

from .figures import SUBJECTS, Figure, Results, Target


def print_tables(results: Results) -> None:
    """Print medians with the least and the most that was seen, and the targets."""
    titles = ["", *("WeSMART" if subject == "wesmart" else f"the {subject}" for subject in SUBJECTS)]
    print_table(titles, [[_title(figure), *_cells(figure)] for figure in results.figures()])
    print()
    rows = [
        [
            f"{target.title} (`{target.key}`)",
            _number(target.limit, 2),
            _spread(target.value, target.values, 2),
            _verdict(target),
        ]
        for target in results.targets()
    ]
    print_table(["target", "at most", "measured", ""], rows)


def as_json(results: Results) -> dict[str, Any]:
    """Return the targets by their keys, whether each was met, and the medians."""
    targets = results.targets()
    figures: dict[str, Any] = {}
    for figure in results.figures():
        medians = {subject: figure.median(subject) for subject in SUBJECTS}
        if figure.devices is None:
            figures[figure.name] = medians
        else:
            figures.setdefault(figure.name, {})[str(figure.devices)] = medians
    return {
        **{target.key: target.value for target in targets},
        "limits": {target.key: target.limit for target in targets},
        "met": {target.key: target.met for target in targets},
        "figures": figures,
    }


def _title(figure: Figure) -> str:
    title = figure.title if figure.devices is None else f"{figure.title}, {figure.devices:,} devices"
    return f"{title}, {figure.unit}" if figure.unit else title


def _cells(figure: Figure) -> list[str]:
    return [_spread(figure.median(subject), figure.values[subject], figure.digits) for subject in SUBJECTS]


def _spread(value: float, values: Sequence[float], digits: int) -> str:
    least, most = _number(min(values), digits), _number(max(values), digits)
    return _number(value, digits) if least == most else f"{_number(value, digits)} ({least}–{most})"


def _number(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _verdict(target: Target) -> str:
    return "met" if target.met else "**missed**"
