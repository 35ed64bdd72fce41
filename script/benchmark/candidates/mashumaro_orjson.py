"""mashumaro with orjson: code generated for the dataclasses; it converts numbers, and trusts strings and flags."""

from collections.abc import Callable, Mapping
from typing import Any

from mashumaro.codecs import BasicDecoder
from mashumaro.codecs.orjson import ORJSONDecoder
from mashumaro.dialect import Dialect
from mashumaro.types import SerializationStrategy

from .shapes import Curtain, Light, Snapshot, Switch, Unknown

# As mashumaro declares it.
type Strategies = Mapping[Any, SerializationStrategy | dict[str, str | Callable[..., Any]]]


ENDPOINTS: dict[str, Callable[[object], Unknown]] = {
    "switch": BasicDecoder(Switch).decode,
    "light": BasicDecoder(Light).decode,
    "curtain": BasicDecoder(Curtain).decode,
}
UNKNOWN: Callable[[object], Unknown] = BasicDecoder(Unknown).decode


def _endpoint(fields: dict[str, object]) -> Unknown:
    return ENDPOINTS.get(str(fields["type"]), UNKNOWN)(fields)


BY_TYPE: Strategies = {Unknown: {"deserialize": _endpoint}}


class _ByType(Dialect):
    serialization_strategy: Strategies = BY_TYPE


SNAPSHOT = ORJSONDecoder(Snapshot, default_dialect=_ByType)


def decode(data: bytes) -> Snapshot:
    """Return the snapshot that `data` holds; raises mashumaro's errors, which are ValueError or LookupError."""
    return SNAPSHOT.decode(data)
