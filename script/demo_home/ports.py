"""Ports of this machine: whether one is free, and finding one that is."""

import socket

from .errors import DemoError

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(port: int, whose: str, option: str) -> None:
    """Raise DemoError if something listens at `port`, which `option` can change."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still ending is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as err:
            raise DemoError(
                f"Port {port}, meant for {whose}, cannot be used ({err.strerror}): "
                f"end what uses it, or choose another with {option}."
            ) from None
