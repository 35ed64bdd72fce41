"""Measures one decoder in a process of its own, and prints what it saw as JSON: `worker MODULE LARGE SMALL`."""

import ctypes
from dataclasses import asdict, dataclass
import gc
from importlib import import_module
import json
from pathlib import Path
import statistics
import sys
import time
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    # Not at run time: the process shall hold the one library that is measured.
    from .candidates import Candidate

DECODES = 15
MEGABYTE = 1_000_000
EMPTY_BYTES = sys.getsizeof(b"")
# A flag, a number and an identifier; each becomes a string or a number, and the JSON stays well formed.
WRONG = (
    (b'"online": ', b'"online": "yes", "was": '),
    (b'"saturation": ', b'"saturation": "high", "was": '),
    (b'"home_id": ', b'"home_id": 7, "was": '),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one process saw."""

    import_ms: float  # CPU time
    decode_ms: float  # CPU time, median
    peak_mb: float  # resident memory while decoding, above what it was before
    retained_mb: float  # resident memory that the decoded snapshot keeps
    endpoints: int | None  # None: the result has no types
    unknown_endpoints: int | None
    wrong_types_found: int  # of len(WRONG)


def measure(module: str, data: bytes, small: bytes) -> Measurement:
    """Import the module and decode `data`, first for the memory, then for the time; `small` warms it up."""
    started = time.process_time()
    candidate = cast("Candidate", import_module(f"script.benchmark.candidates.{module}"))
    import_ms = (time.process_time() - started) * 1000
    candidate.decode(small)

    ballast = _ballast()
    _return_memory()
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    snapshot = candidate.decode(data)
    peak = _memory("VmHWM")
    _return_memory()
    retained = _memory("VmRSS")
    del ballast

    endpoints = unknown = None
    if not isinstance(snapshot, dict):
        kinds = [e.type for home in snapshot.homes for device in home.devices for e in device.endpoints]
        endpoints, unknown = len(kinds), sum(kind not in ("switch", "light", "curtain") for kind in kinds)
    del snapshot

    times = []
    for _ in range(DECODES):
        gc.collect()
        started_ns = time.process_time_ns()
        candidate.decode(data)
        times.append((time.process_time_ns() - started_ns) / 1e6)
    return Measurement(
        import_ms=import_ms,
        decode_ms=statistics.median(times),
        peak_mb=(peak - before) * 1024 / MEGABYTE,
        retained_mb=(retained - before) * 1024 / MEGABYTE,
        endpoints=endpoints,
        unknown_endpoints=unknown,
        wrong_types_found=sum(_rejects(candidate, data.replace(good, bad, 1)) for good, bad in WRONG),
    )


def _rejects(candidate: Candidate, data: bytes) -> bool:
    try:
        candidate.decode(data)
    except ValueError, TypeError, LookupError:
        return True
    return False


def _ballast() -> list[object]:
    """Return objects of every size that CPython's allocator has pools for.

    They fill what importing has left free there; otherwise the library with the largest import looks the smallest.
    """
    filling: list[object] = [object() for _ in range(50_000)]
    filling += [float(number) for number in range(50_000)]
    for size in range(48, 513, 16):
        filling += [bytes(size - EMPTY_BYTES) for _ in range(MEGABYTE // size)]
    return filling


def _return_memory() -> None:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # glibc's own free memory; CPython returns its arenas by itself


def _memory(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise LookupError(name)


if __name__ == "__main__":
    large, little = (Path(argument).read_bytes() for argument in sys.argv[2:])
    print(json.dumps(asdict(measure(sys.argv[1], large, little))))
