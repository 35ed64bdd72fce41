"""Ports of this machine: whether one is free, and finding one that is."""

from dataclasses import dataclass
import os
import socket

from .errors import DemoError

LOOPBACK = "127.0.0.1"
HIGHEST = 65535


@dataclass(frozen=True, slots=True)
class Wanted:
    """A port that the demo wants to listen at."""

    port: int
    whose: str
    """Who would listen, for a message to a person."""
    option: str
    """What of the command line chooses another."""


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(*wanted: Wanted) -> None:
    """Raise DemoError if one of the ports cannot be used, with the options that choose others."""
    reasons = {one: reason for one in wanted if (reason := _reason_against(one.port))}
    if not reasons:
        return
    which = "; ".join(f"port {one.port}, meant for {one.whose}: {reason}" for one, reason in reasons.items())
    others = {one.port for one in wanted if one not in reasons}
    options = []
    for one in reasons:
        port = _free_port_after(one.port, others)
        others.add(port)
        options.append(f"{one.option} {port}")
    raise DemoError(f"{which[0].upper()}{which[1:]}.\nEnd what uses it, or start with {' '.join(options)}.")


def _free_port_after(port: int, others: set[int]) -> int:
    """Return the next port up that nobody has and that is not to be one of `others`."""
    for candidate in range(port + 1, HIGHEST + 1):
        if candidate not in others and _reason_against(candidate) is None:
            return candidate
    return free_port()


def _reason_against(port: int) -> str | None:
    """Return why nobody can listen at a port now; None if one can."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still ending is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as err:
            return os.strerror(err.errno).lower() if err.errno else str(err)
    return None
