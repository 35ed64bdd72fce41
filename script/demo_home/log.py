"""Reading Home Assistant's log: what in it is a complaint about our integration."""

import re

# 2026-11-22 21:07:18.018 ERROR (MainThread) [homeassistant.setup] …
_RECORD = re.compile(r"\d{4}-\d\d-\d\d [\d:.]+ (?P<level>[A-Z]+) \([^)]*\) \[(?P<logger>[^\]]+)\]")
_OURS = ("custom_components.wesmart", "custom_components/wesmart")
# Home Assistant says of every custom integration that it has not tested it.
_ALWAYS = "custom integration wesmart which has not been tested"


def complaints(log: str) -> list[str]:
    """Return the warnings, errors and tracebacks of ours; a line that begins no record belongs to the one before."""
    records: list[list[str]] = []
    for line in log.splitlines():
        if _RECORD.match(line) or not records:
            records.append([line])
        else:
            records[-1].append(line)
    return [line for record in records if _is_complaint(record) for line in record]


def _is_complaint(record: list[str]) -> bool:
    text = "\n".join(record)
    head = _RECORD.match(record[0])
    # What is printed before there is a log, or past it, is a crash.
    if head is not None and head["level"] in {"DEBUG", "INFO"}:
        return False
    if _ALWAYS in text:
        return False
    return any(ours in text for ours in _OURS) or bool(head and " wesmart" in text)
