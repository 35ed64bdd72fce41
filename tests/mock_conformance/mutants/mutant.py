"""What a mutant is, and how one is made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

type Mutation = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A change of the mock cloud that breaks a rule."""

    rule: str
    name: str
    mutate: Mutation
    https: bool

    def __str__(self) -> str:
        """Return the name in a test's ID."""
        return f"{self.rule}-{self.name}"


MUTANTS: list[Mutant] = []


def breaks(rule: str, *, https: bool = False) -> Callable[[Mutation], Mutation]:
    """Make a mutant of a function; `https` serves the cloud by https."""

    def decorate(mutate: Mutation) -> Mutation:
        name = mutate.__name__.strip("_")
        MUTANTS.append(Mutant(rule=rule, name=name, mutate=mutate, https=https))
        return mutate

    return decorate


def around(patch: pytest.MonkeyPatch, owner: object, name: str, wrapper: Callable[..., Any]) -> None:
    """Replace a method or function by `wrapper`, which gets the original before the arguments."""
    original = getattr(owner, name)

    def replaced(*arguments: Any, **options: Any) -> Any:
        return wrapper(original, *arguments, **options)

    patch.setattr(owner, name, replaced)
