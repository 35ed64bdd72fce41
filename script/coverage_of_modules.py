"""Fails where a module is tested less than Home Assistant's quality scale asks for of each: `MINIMUM`, in percent.

Coverage itself only knows a minimum for the whole, which hides a module that nobody tests among fifty that are.
"""

from io import StringIO
from pathlib import Path
import sys

from coverage import Coverage

# "Full test coverage for the config flow" is a rule of its own.
_WHOLE = "config_flow.py"


def too_little(minimum: float) -> dict[str, float]:
    """Return the modules of the last run that are covered less than they have to be, with what they are."""
    coverage = Coverage()
    coverage.load()
    covered = {path: coverage.report(include=[path], file=StringIO()) for path in coverage.get_data().measured_files()}
    return {
        path: percent for path, percent in covered.items() if percent < (100 if Path(path).name == _WHOLE else minimum)
    }


if __name__ == "__main__":
    missed = too_little(float(sys.argv[1]))
    for path, percent in sorted(missed.items()):
        print(f"{percent:.1f} % of {path} is tested, which is too little", file=sys.stderr)
    sys.exit(bool(missed))
