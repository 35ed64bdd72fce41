"""The fuzzer of script/stress: it is the same each time, and finds what escapes."""

import pytest

from custom_components.wesmart.cloud.state import HomeState
from script.stress_test import fuzz


@pytest.mark.parametrize(("kind", "count"), [("frames", 1000), ("snapshots", 100)])
def test_nothing_escapes(kind: str, count: int) -> None:
    """Of documents that are accepted and others that are not."""
    accepted, longest_s, escapes = fuzz(kind, count, 1)
    assert escapes == []
    assert 0 < accepted < count
    assert longest_s < 1
    assert fuzz(kind, count, 1)[0] == accepted


def test_an_error_that_is_not_ours_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as one of the state."""

    def fail(*_arguments: object) -> None:
        raise KeyError

    monkeypatch.setattr(HomeState, "apply", fail)
    _, _, escapes = fuzz("frames", 100, 1)
    assert escapes
    assert escapes[0].startswith("KeyError")
