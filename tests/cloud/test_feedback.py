"""What goes along with feedback fits, and says so where it had to be shortened."""

import json
from typing import TYPE_CHECKING

from hypothesis import given, strategies as st
import msgspec

from custom_components.wesmart.cloud.feedback import DIAGNOSTICS_LIMIT, Feedback, fit
from custom_components.wesmart.cloud.models import FeedbackCategory

if TYPE_CHECKING:
    from collections.abc import Sequence


def test_what_was_not_said_is_not_sent() -> None:
    """Not even as null."""
    said = Feedback(category=FeedbackCategory.SECURITY, message="Có người lạ đăng nhập.")
    assert msgspec.to_builtins(said) == {"category": "security", "message": "Có người lạ đăng nhập."}


def test_what_fits_stays_as_it_is() -> None:
    """To the last byte."""
    exact = {"text": "x" * (DIAGNOSTICS_LIMIT - len(json.dumps({"text": ""})))}
    assert fit(exact) == exact


@given(st.lists(st.text(max_size=40), max_size=60), st.integers(1, 3000), st.integers(0, 300))
def test_what_does_not_fit_is_shortened_at_the_end_of_its_longest_list(
    texts: Sequence[str], devices: int, homes: int
) -> None:
    """Whatever is in it; what is handed in stays as it was."""
    device = {"model": "Touch panel", "endpoints": [{"type": text, "state": {"on": True}} for text in texts]}
    whole: dict[str, object] = {"cloud": {"push": True}, "homes": [{"rooms": 3}] * homes, "devices": [device] * devices}
    fitted = fit(whole)
    assert len(json.dumps(fitted)) <= DIAGNOSTICS_LIMIT
    assert len(msgspec.json.encode(fitted)) <= DIAGNOSTICS_LIMIT
    kept = fitted["devices"]
    assert isinstance(kept, list)
    if "shortened" in fitted:
        assert len(json.dumps(whole)) > DIAGNOSTICS_LIMIT - len(json.dumps({"shortened": True}))
        assert kept == [device] * len(kept)
        assert len(kept) < devices
        assert fitted == {**whole, "shortened": True, "devices": kept}
    else:
        assert fitted == whole
    assert whole["devices"] == [device] * devices


def test_one_device_that_is_too_long_is_shortened_too() -> None:
    """A list of one has no end to cut off but itself."""
    effects = ["Cầu vồng"] * 10_000
    fitted = fit({"devices": [{"model": "Strip", "endpoints": [{"features": {"effects": effects}}]}]})
    assert fitted == {"shortened": True, "devices": []}
