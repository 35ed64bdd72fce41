"""Reads docs/openapi.yaml and docs/asyncapi.yaml and validates instances of their schemas."""

from collections.abc import Iterator
import datetime as dt
from functools import cache
import json
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker, ValidationError  # type: ignore[import-untyped]  # no stubs
import yaml

type Json = dict[str, Json] | list[Json] | str | float | bool | None

DOCS = Path(__file__).parents[1] / "docs"
OPENAPI = "openapi.yaml"
ASYNCAPI = "asyncapi.yaml"

# How much of an invalid fragment to show.
FRAGMENT_LENGTH = 400

FORMATS = FormatChecker()


@FORMATS.checks("http-date", raises=ValueError)  # type: ignore[untyped-decorator]  # no stubs
def is_http_date(value: str) -> bool:
    """Return whether `value` is the date format RFC 9110 5.6.7 lets a server send; raises ValueError too."""
    if not value.endswith(" GMT"):
        return False
    dt.datetime.strptime(value.removesuffix("GMT") + "+0000", "%a, %d %b %Y %H:%M:%S %z")
    return True


def read(name: str) -> dict[str, Json]:
    """Return a document of docs/."""
    document = yaml.safe_load((DOCS / name).read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def token(name: str) -> str:
    """Return `name` as one step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


class Specification:
    """Both documents with every reference followed, and validators for the schemas in them.

    A place in a document is `openapi.yaml#/components/schemas/Device`. `closed` leaves out what a later version may
    add (branches marked `x-growth`, fields no schema names).
    """

    def __init__(self, *, closed: bool) -> None:
        """Read the documents."""
        self._raw = {name: read(name) for name in (OPENAPI, ASYNCAPI)}
        if closed:
            for document in self._raw.values():
                _close(document)
        self._linked: dict[str, Json] = {}
        self._documents = {name: self._link(document, name) for name, document in self._raw.items()}
        self._validators: dict[str, Draft202012Validator] = {}

    def _link(self, node: Json, name: str) -> Json:
        """Return a node with its references resolved: validating is twice as fast."""
        if isinstance(node, list):
            return [self._link(item, name) for item in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return {key: self._link(item, name) for key, item in node.items()}
        file, _, pointer = reference.partition("#")
        name = file.removeprefix("./") or name
        place = f"{name}#{pointer}"
        if place not in self._linked:
            self._linked[place] = self._link(_follow(self._raw[name], pointer), name)
        return self._linked[place]

    def get(self, place: str) -> Json:
        """Return the node at a place; raise LookupError if there is none."""
        name, _, pointer = place.partition("#")
        return _follow(self._documents[name], pointer)

    def members(self, place: str) -> dict[str, Json]:
        """Return the object at a place, empty if there is none."""
        try:
            node = self.get(place)
        except LookupError:
            return {}
        assert isinstance(node, dict), f"{place} is no object"
        return node

    def faults(self, place: str, instance: Json) -> list[str]:
        """Return the faults of an instance of the schema at a place."""
        validator = self._validators.get(place)
        if validator is None:
            validator = self._validators[place] = Draft202012Validator(self.get(place), format_checker=FORMATS)
        return [_describe(fault) for error in validator.iter_errors(instance) for fault in _likeliest(error)]


@cache
def specification(*, closed: bool = False) -> Specification:
    """Return the documents, which are read and compiled once."""
    return Specification(closed=closed)


def _follow(node: Json, pointer: str) -> Json:
    for step in pointer.split("/")[1:]:
        if isinstance(node, list):
            node = node[int(step)]
        elif isinstance(node, dict):
            node = node[step.replace("~1", "/").replace("~0", "~")]
        else:
            raise KeyError(pointer)
    return node


def _describe(error: ValidationError) -> str:
    pointer = "".join(f"/{token(str(step))}" for step in error.absolute_path)
    rule = "/".join(str(step) for step in error.absolute_schema_path)
    return f"at '{pointer}': {shorten(error.message)} (rule {rule}); the fragment is {show(error.instance)}"


def shorten(text: str) -> str:
    """Return the beginning of a text."""
    return text if len(text) <= FRAGMENT_LENGTH else f"{text[:FRAGMENT_LENGTH]}…"


def show(instance: Json) -> str:
    """Return an instance as short JSON."""
    return shorten(json.dumps(instance, ensure_ascii=False))


def _likeliest(error: ValidationError) -> Iterator[ValidationError]:
    """Descend into the branch of an `anyOf` that the discriminator selects."""
    if error.validator != "anyOf" or not error.context:
        yield error
        return
    branches: dict[int, list[ValidationError]] = {}
    for fault in error.context:
        branches.setdefault(fault.relative_schema_path[0], []).append(fault)
    meant = min(branches.values(), key=lambda faults: (any(map(_is_of_another_kind, faults)), len(faults)))
    if any(map(_is_of_another_kind, meant)):
        yield error
        return
    for fault in meant:
        yield from _likeliest(fault)


def _is_of_another_kind(error: ValidationError) -> bool:
    if error.validator in ("const", "not", "enum"):
        # A constant number (the status of a problem, the version of discovery) discriminates nothing.
        return len(error.relative_path) <= 1 and not isinstance(error.validator_value, int)
    return error.validator == "type" and not error.relative_path


def _close(document: dict[str, Json]) -> None:
    _cut_growth(document)
    components = document["components"]
    assert isinstance(components, dict)
    _forbid_unnamed_fields(components["schemas"])


def _grows(node: Json) -> bool:
    return isinstance(node, dict) and node.get("x-growth") is True


def _cut_growth(node: Json) -> None:
    if isinstance(node, list):
        node[:] = [item for item in node if not _grows(item)]
        for item in node:
            _cut_growth(item)
    elif isinstance(node, dict):
        # Responses under "4XX" and "5XX" are growth.
        for key in [key for key, item in node.items() if key in ("4XX", "5XX")]:
            del node[key]
        for item in node.values():
            _cut_growth(item)


def _forbid_unnamed_fields(node: Json) -> None:
    """Close every schema of type object; parts in `allOf` have no type."""
    if isinstance(node, list):
        for item in node:
            _forbid_unnamed_fields(item)
    elif isinstance(node, dict):
        kind = node.get("type")
        if isinstance(node.get("properties"), dict) and (
            kind == "object" or (isinstance(kind, list) and "object" in kind)
        ):
            node["unevaluatedProperties"] = False
        for item in node.values():
            _forbid_unnamed_fields(item)
