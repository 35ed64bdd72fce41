"""The decoders compared. Each module has `decode(data)`, which returns a Snapshot or raises on a wrong type.

All of them ignore unknown fields, take integers for floats and the other way round (so every number is a float),
and keep an endpoint of an unknown type as its id and type.
"""

from collections.abc import Sequence
from typing import Protocol


class Endpoint(Protocol):
    """One thing that a device does."""

    @property
    def type(self) -> str:
        """Its type, as sent."""


class Device(Protocol):
    """One box on the wall."""

    @property
    def endpoints(self) -> Sequence[Endpoint]:
        """What it does."""


class Home(Protocol):
    """One home."""

    @property
    def devices(self) -> Sequence[Device]:
        """What is in it."""


class Snapshot(Protocol):
    """All that an account sees."""

    @property
    def homes(self) -> Sequence[Home]:
        """The homes of the account."""


class Candidate(Protocol):
    """A module of this package."""

    def decode(self, data: bytes) -> Snapshot:
        """Return the snapshot that `data` holds; raises ValueError, TypeError or a kind of them."""
