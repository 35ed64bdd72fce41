"""Decoding field by field: what is kept, what is left out, and what is no object at all."""

from collections.abc import Mapping
import json
import logging
from typing import Annotated

from hypothesis import given, strategies as st
import msgspec
from msgspec import Meta, Raw, Struct
import pytest

from custom_components.wesmart.cloud.errors import DECODE_ERRORS
from custom_components.wesmart.cloud.lenient import LenientDecoder
from tests.cloud.nonsense import EXTREMES, anything
from tests.examples import examples


class Thing(Struct):
    """An object with one of each: what it must have, what it may have, and what decides about all of it."""

    id: str
    level: Annotated[float, Meta(ge=0, le=100)] | None = None
    note: str = ""
    raw: Raw = Raw(b"{}")
    parts: list[Raw] = []


decoder = LenientDecoder(msgspec.json.Decoder(Thing), "thing", essential=("parts",))
VALUES: Mapping[str, object] = {"id": "a", "level": 5, "note": "n", "raw": [1], "parts": [{}, 7]}


def test_what_makes_sense_is_decoded_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """Without a word."""
    caplog.set_level(logging.DEBUG)
    whole = decoder.decode(json.dumps({**VALUES, "unknown": 1}).encode())
    assert (whole.id, whole.level, whole.note, bytes(whole.raw), len(whole.parts)) == ("a", 5, "n", b"[1]", 2)
    assert caplog.records == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("level", b"101"), ("level", b'"5"'), ("note", b"null"), ("note", b'"\xff"'), ("note", b"[[]]")],
)
def test_a_field_that_makes_no_sense_gets_its_default(
    field: str, value: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Its neighbours stay, members from the future do not matter, and the log does not tell the value."""
    caplog.set_level(logging.DEBUG)
    others = {name: known for name, known in VALUES.items() if name != field}
    text = json.dumps({**others, "unknown": {"x": "y"}}).encode()
    assert decoder.decode(b'{"%s": %s, %s' % (field.encode(), value, text[1:])) == decoder.decode(text)
    assert caplog.messages == [f"The {field} of a thing makes no sense"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"7",
        b"[]",
        b"{",
        b"{}",
        b'{"id": 7}',
        b'{"level": 5}',
        b'{"id": "a", "parts": {}}',
        b'{"id": "a", "parts": null}',
    ],
)
def test_what_lacks_what_it_must_have_is_not_decoded(raw: bytes) -> None:
    """Nor is what is no object, and one whose essential field makes no sense."""
    with pytest.raises(DECODE_ERRORS):
        decoder.decode(raw)


@examples(200)
@given(st.fixed_dictionaries({"id": st.just("a")}, optional={"level": anything, "note": anything, "raw": anything}))
def test_an_object_with_an_id_is_always_decoded(members: Mapping[str, object]) -> None:
    """Unless it is no JSON, as NaN is none; and what it holds is in range."""
    text = json.dumps(members)
    if "NaN" in text or "Infinity" in text:
        return
    thing = decoder.decode(text.encode())
    assert thing.id == "a"
    assert thing.level is None or 0 <= thing.level <= 100


@pytest.mark.parametrize("text", EXTREMES, ids=lambda text: repr(text[:12]))
def test_extremes_raise_nothing_but_the_documented_errors(text: str) -> None:
    """Alone, and as a field, where the id is kept if the rest is JSON at all."""
    with pytest.raises(DECODE_ERRORS):
        decoder.decode(text.encode())
    for field in ("level", "note", "raw", "unknown"):
        try:
            thing = decoder.decode(f'{{"id": "a", "{field}": {text}}}'.encode())
        except DECODE_ERRORS:
            continue
        assert thing.id == "a"
