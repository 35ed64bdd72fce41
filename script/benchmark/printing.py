"""What the benchmarks print: tables, and what the numbers were taken on."""

from collections.abc import Iterable, Sequence
import os
from pathlib import Path
import platform


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table with its columns aligned."""
    table = [headings, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(headings))]
    table.insert(1, ["-" * width for width in widths])
    for row in table:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")


def machine() -> str:
    """Return what the numbers were taken on."""
    cpu = platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    return f"Python {platform.python_version()}, {platform.system()} on {cpu}, {os.cpu_count()} cores"
