"""Reading Home Assistant's log: what in it should not be there."""

import re

# 2026-11-22 21:07:18.018 ERROR (MainThread) [homeassistant.setup] …
_RECORD = re.compile(r"\d{4}-\d\d-\d\d [\d:.]+ (?P<level>[A-Z]+) \([^)]*\) \[(?P<logger>[^\]]+)\]")
_OURS = ("custom_components.wesmart", "custom_components/wesmart", " wesmart")
# Home Assistant says of every custom integration that it has not tested it.
_ALWAYS = "custom integration wesmart which has not been tested"


def complaints(log: str) -> list[str]:
    """Return the lines of all errors, and of what of ours is said more loudly than as information.

    A line that begins no record, as in a traceback, belongs to the record before it.
    """
    records: list[list[str]] = []
    for line in log.splitlines():
        if _RECORD.match(line) or not records:
            records.append([line])
        else:
            records[-1].append(line)
    return [line for record in records if _is_complaint(record) for line in record]


def _is_complaint(record: list[str]) -> bool:
    head = _RECORD.match(record[0])
    if head is None:
        # Printed before there was a log, or past it.
        return True
    if head["level"] == "WARNING":
        text = "\n".join(record)
        return _ALWAYS not in text and any(name in text for name in _OURS)
    return head["level"] in {"ERROR", "CRITICAL"} or len(record) > 1
