"""Moments on the wire: every spelling of UTC, and what is none."""

from datetime import UTC, datetime, timedelta
import logging

from hypothesis import given, strategies as st
import pytest

from custom_components.wesmart.cloud.timestamps import parse_timestamp
from tests.examples import examples
from tests.mock_cloud import Freedoms


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T05:00:00Z",
        "2026-11-20t05:00:00z",
        "2026-11-20T05:00:00.000Z",
        "2026-11-20T05:00:00+00:00",
        "2026-11-20T05:00:00-00:00",
        "2026-11-20T12:00:00+07:00",
        "2026-11-20T05:00:00",
    ],
)
def test_every_spelling_of_a_moment_is_the_same_one_in_utc(text: str) -> None:
    """Also of another zone, and of none, which a careless cloud may mean by UTC."""
    moment = parse_timestamp(text)
    assert moment == datetime(2026, 11, 20, 5, tzinfo=UTC)
    assert moment.tzinfo is UTC


@examples(200)
@given(st.integers(0, 99), st.datetimes(timezones=st.just(UTC)))
def test_what_a_cloud_may_write_is_understood(seed: int, moment: datetime) -> None:
    """From the first second of all time to the last."""
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    assert parse_timestamp(Freedoms.seeded(seed).timestamp(seconds)) == moment.replace(microsecond=0)


def test_no_moment_is_none_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody knows it, as the contract allows."""
    caplog.set_level(logging.DEBUG)
    assert parse_timestamp(None) is None
    assert caplog.records == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-11-20",
        "2026-13-20T05:00:00Z",
        "2026-11-20T05:00:60Z",
        "9999-12-31T23:59:59.9999999Z",
        "9999-12-31T23:59:59-07:00",
        "0001-01-01T00:00:00+07:00",
        "10000-01-01T00:00:00Z",
        "2026-11-20T05:00:00Z" * 1000,
        "\0",
        "\ud800",
    ],
    ids=lambda text: repr(text[:30]),
)
def test_what_is_no_moment_is_unknown_with_one_debug_line(text: str, caplog: pytest.LogCaptureFixture) -> None:
    """Which does not repeat it: it may say something about a person."""
    caplog.set_level(logging.DEBUG)
    assert parse_timestamp(text) is None
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("DEBUG", "A timestamp makes no sense")
    ]


@examples(200)
@given(st.text())
def test_any_text_is_a_moment_or_none(text: str) -> None:
    """And never an error."""
    assert parse_timestamp(text) is None or text
