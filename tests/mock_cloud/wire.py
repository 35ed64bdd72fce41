"""JSON values, strict readers for them, and timestamps."""

from collections.abc import Mapping, Sequence
import datetime as dt
import json
import math
from typing import Any

type Json = bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None
type JsonObject = dict[str, Json]
# An object as a test reads it, untyped.
type Document = dict[str, Any]

MAX_INTEGER = 2**53 - 1


class InvalidDocumentError(Exception):
    """A document breaks the contract at `pointer` (RFC 6901)."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(f"{pointer or '/'}: {detail}")
        self.pointer = pointer
        self.detail = detail


def parse_json(text: str | bytes) -> Json:
    """Return the value of a JSON text (RFC 8259: no NaN, no doubled member); raise InvalidDocumentError."""

    def constant(name: str) -> Json:
        raise InvalidDocumentError("", f"{name} is not JSON")

    def members(pairs: list[tuple[str, Json]]) -> JsonObject:
        document = dict(pairs)
        if len(document) != len(pairs):
            raise InvalidDocumentError("", "a member appears twice")
        return document

    try:
        value: Json = json.loads(text, parse_constant=constant, object_pairs_hook=members)
    except (ValueError, RecursionError) as err:
        raise InvalidDocumentError("", "not JSON") from err
    return value


def as_object(value: Json, pointer: str) -> JsonObject:
    """Return `value` as an object."""
    if not isinstance(value, dict):
        raise InvalidDocumentError(pointer, "must be an object")
    return value


def as_list(value: Json, pointer: str, least: int = 0, most: int | None = None) -> list[Json]:
    """Return `value` as an array of `least` to `most` members."""
    if not isinstance(value, list):
        raise InvalidDocumentError(pointer, "must be an array")
    if len(value) < least or (most is not None and len(value) > most):
        raise InvalidDocumentError(pointer, f"must have {least} to {most} members")
    return value


def as_text(value: Json, pointer: str, most: int | None = None) -> str:
    """Return `value` as a string of 1 to `most` characters."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidDocumentError(pointer, "must be a string that is not empty")
    if most is not None and len(value) > most:
        raise InvalidDocumentError(pointer, f"must have at most {most} characters")
    return value


def as_flag(value: Json, pointer: str) -> bool:
    """Return `value` as a boolean."""
    if not isinstance(value, bool):
        raise InvalidDocumentError(pointer, "must be true or false")
    return value


def as_number(value: Json, pointer: str, least: float, most: float) -> float:
    """Return `value` as a finite number in a range, limits included."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidDocumentError(pointer, "must be a number")
    if not least <= value <= most:
        raise InvalidDocumentError(pointer, f"must be {least:g} to {most:g}")
    return value


def as_integer(value: Json, pointer: str, least: int, most: int = MAX_INTEGER) -> int:
    """Return `value` as an integer; `5` and `5.0` are equal (C-5)."""
    number = as_number(value, pointer, least, most)
    if number != int(number):
        raise InvalidDocumentError(pointer, "must be an integer")
    return int(number)


def optional_text(document: Mapping[str, Json], key: str, pointer: str, most: int | None = None) -> str | None:
    """Return a string member that may be absent or null."""
    value = document.get(key)
    return None if value is None else as_text(value, f"{pointer}/{key}", most)


def only_members(document: Mapping[str, Json], allowed: set[str], pointer: str) -> None:
    """Refuse unknown members, which are typing errors in a file that people write."""
    if unknown := set(document) - allowed:
        raise InvalidDocumentError(pointer, f"unknown members {sorted(unknown)}")


def rfc3339(moment: float) -> str:
    """Return a Unix time as RFC 3339 in UTC, to the millisecond."""
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
