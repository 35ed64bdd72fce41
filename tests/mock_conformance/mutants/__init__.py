"""Mutants of the mock cloud, each of which breaks one rule of the contract, and the rules without one.

A new rule gets a function in one of these files: it changes a class or a function of the mock cloud, and is decorated
with the rule that it breaks.
"""

from tests.mock_conformance.mutants import access, commands, discovery, homes, login_page, sessions, stream, support
from tests.mock_conformance.mutants.mutant import MUTANTS, Mutant

__all__ = [
    "MUTANTS",
    "NOT_TESTABLE",
    "Mutant",
    "access",
    "commands",
    "discovery",
    "homes",
    "login_page",
    "sessions",
    "stream",
    "support",
]

_CLIENT = "binds the client only"

# Rules that no server can break, or none in a way that shows from outside.
NOT_TESTABLE = {
    "C-9": "permits a later version to grow",
    "C-16": _CLIENT,
    "C-25": "says how a client reads a 503 that is not the server's",
    "C-32": "says how a client reads a `room_id`; every value of it is allowed",
    **{f"C-{number}": _CLIENT for number in (*range(62, 72), 80, 81, 82)},
}
