"""The client's modules that are proven, with or without a line of their source replaced."""

from collections.abc import Sequence
import importlib
from importlib.util import find_spec
from pathlib import Path
import sys
from types import ModuleType
from typing import NamedTuple
from unittest.mock import patch

from custom_components.wesmart.cloud import commands, connection, state

_PACKAGE = "custom_components.wesmart.cloud"
# In the order in which they import each other.
_NAMES = ("state", "commands", "connection")


class Mutation(NamedTuple):
    """A replacement in a module's source, at the first place where the text stands."""

    module: str
    old: str
    new: str


class ClientModules(NamedTuple):
    """The classes that a schedule needs."""

    home_state: type[state.HomeState]
    command: type[commands.Command]
    command_response: type[commands.CommandResponse]
    connection: type[connection.Connection]


REAL = ClientModules(state.HomeState, commands.Command, commands.CommandResponse, connection.Connection)


def mutated(*mutations: Mutation) -> ClientModules:
    """Return the classes of fresh modules whose source is changed; raises ValueError if a text is not found."""
    fresh: dict[str, ModuleType] = {}
    with patch.dict(sys.modules):
        for name in _NAMES:
            fresh[name] = _load(f"{_PACKAGE}.{name}", [one for one in mutations if one.module == name])
    return ClientModules(
        fresh["state"].HomeState,
        fresh["commands"].Command,
        fresh["commands"].CommandResponse,
        fresh["connection"].Connection,
    )


def _load(name: str, mutations: Sequence[Mutation]) -> ModuleType:
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).read_text()
    for mutation in mutations:
        if mutation.old not in source:
            raise ValueError(f"{name} does not contain {mutation.old!r}")
        source = source.replace(mutation.old, mutation.new, 1)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    exec(compile(source, spec.origin, "exec"), module.__dict__)  # noqa: S102 - our own source
    return module
