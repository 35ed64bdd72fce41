"""Leaves out what a later version of the contract may add (C-9, C-10)."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.specification_documents import ASYNCAPI, OPENAPI, read


def without_growth(value: Any) -> Any:
    """Return a JSON value without the members that no schema names."""
    if isinstance(value, dict):
        return {name: without_growth(member) for name, member in value.items() if name in _named()}
    if isinstance(value, list):
        return [without_growth(item) for item in value]
    return value


@cache
def _named() -> frozenset[str]:
    return frozenset(name for document in (OPENAPI, ASYNCAPI) for name in _names(read(document)))


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        properties = node.get("properties")
        yield from properties if isinstance(properties, dict) else ()
        for item in node.values():
            yield from _names(item)
    elif isinstance(node, list):
        for item in node:
            yield from _names(item)
