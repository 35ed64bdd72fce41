"""What nobody should send: any JSON there is, and valid documents of which one part is something else."""

from collections.abc import Mapping, Sequence
import json
from random import Random
from typing import NamedTuple

from hypothesis import strategies as st

# As far as a parser may be pushed: a level of nesting costs a frame of the stack, and a number has no end.
EXTREMES = (
    "[" * 100_000,
    "[" * 100_000 + "]" * 100_000,
    '{"a":' * 100_000 + "1" + "}" * 100_000,
    "9" * 400,
    "-1e400",
    "NaN",
    "-Infinity",
    '"' + "x" * 2**20 + '"',
    '"\\ud800"',
    "",
    "null",
    "\ufeff{}",
)

# Whatever the standard library can spell, NaN and infinities included, which are no JSON.
anything: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=10,
)
_replacements: st.SearchStrategy[object] = anything | st.sampled_from(
    [-1, 0, 2**53, 1e308, "", [], {}, None, "switch", "hello", 0.5]
)


class Mutation(NamedTuple):
    """What to do to a document: replace one value after the other, or leave them out."""

    seed: int
    values: Sequence[object]
    leave_out: bool

    def of(self, document: object) -> str:
        """Return the text of the document with it done."""
        rng = Random(self.seed)
        copy = json.loads(json.dumps(document))
        for value in self.values:
            parent, key = rng.choice(list(_places(copy)) or [({}, "")])
            if isinstance(parent, dict) and self.leave_out:
                parent.pop(key, None)
            elif isinstance(parent, dict | list):
                parent[key] = value  # type: ignore[index]  # a key of a mapping, an index of a list
        return json.dumps(copy)


def mutations(*, most: int = 3) -> st.SearchStrategy[Mutation]:
    """Return mutations of up to so many values."""
    values = st.lists(_replacements, min_size=1, max_size=most)
    return st.builds(Mutation, st.integers(0, 2**32), values, st.booleans())


def mutated(document: object) -> st.SearchStrategy[str]:
    """Return texts of a document in which one to three values were replaced or left out."""
    return mutations().map(lambda mutation: mutation.of(document))


def _places(value: object) -> Sequence[tuple[object, str | int]]:
    """Return every place in a document: what holds it, and its key or index there."""
    members: list[tuple[str | int, object]] = []
    match value:
        case Mapping():
            members = list(value.items())
        case list():
            members = list(enumerate(value))
    return [(value, key) for key, _ in members] + [place for _, member in members for place in _places(member)]
