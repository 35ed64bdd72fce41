"""Prints the mutants that no test has found in the last run of script/mutants, but for those that a file explains.

In that file, a comment says why the mutants below it survive. Each is a module, and the line that a mutant makes there.
"""

from collections.abc import Iterator
from pathlib import Path
import subprocess
import sys


def main() -> int:
    """Print what needs a test, and what needs no explanation any more; return the exit code."""
    lines = Path(sys.argv[1]).read_text().splitlines()
    accepted = {line for line in lines if line and not line.startswith("#")}
    surviving = dict(_surviving())
    for name in sorted(surviving.keys() - accepted):
        print(f"survives: {surviving[name]}\n    {name}")
    for name in sorted(accepted - surviving.keys()):
        print(f"does not survive any more, and is explained:\n    {name}")
    print(f"{len(surviving)} mutants survive, of which {len(surviving.keys() & accepted)} are explained")
    return 1 if surviving.keys() - accepted else 0


def _surviving() -> Iterator[tuple[str, str]]:
    """Yield the surviving mutants: module and line, and their names."""
    for line in _mutmut("results"):
        name, _, result = line.strip().partition(": ")
        if result in ("survived", "no tests"):
            changed = [line[1:].strip() for line in _mutmut("show", name) if line[:1] == "+" and line[:3] != "+++"]
            yield f"{name.split('.')[-2]}: {' '.join(changed)}", name


def _mutmut(*arguments: str) -> list[str]:
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
