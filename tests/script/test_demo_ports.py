"""Ports that are taken, and what the demo proposes instead."""

from collections.abc import Iterator
import re
import socket

import pytest

from script.demo_home.errors import DemoError
from script.demo_home.ports import LOOPBACK, Wanted, free_port, require_free


@pytest.fixture
def taken() -> Iterator[int]:
    """Listen at a port."""
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        yield server.getsockname()[1]


def proposed(*wanted: Wanted) -> dict[str, int]:
    """Return the options that the refusal proposes, with their ports."""
    with pytest.raises(DemoError) as refused:
        require_free(*wanted)
    return {option: int(port) for option, port in re.findall(r"(--[a-z -]+) (\d+)", str(refused.value))}


def test_free_ports_are_taken_as_they_are() -> None:
    """Nothing is said where nothing is wrong."""
    require_free(Wanted(free_port(), "Home Assistant", "--port"))


def test_a_port_that_is_taken_is_refused_with_an_option_that_works(taken: int) -> None:
    """Whoever copies the proposal is not refused again."""
    port = proposed(Wanted(taken, "Home Assistant", "--port"))["--port"]
    require_free(Wanted(port, "Home Assistant", "--port"))


def test_all_that_is_taken_is_refused_at_once_with_different_ports(taken: int) -> None:
    """A second demo finds both ports taken."""
    wanted = [Wanted(taken, "Home Assistant", "--port"), Wanted(taken, "the mock cloud", "--fresh --cloud-port")]
    ports = proposed(*wanted)
    assert list(ports) == ["--port", "--fresh --cloud-port"]
    assert len({taken, *ports.values()}) == 3


def test_a_proposal_is_not_a_port_that_another_wants(taken: int) -> None:
    """The next port up may be the one for the cloud."""
    beside = Wanted(taken + 1, "the mock cloud", "--cloud-port")
    assert proposed(Wanted(taken, "Home Assistant", "--port"), beside)["--port"] != taken + 1
