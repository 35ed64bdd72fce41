"""What the cloud writes for people to read: whatever it is, it can be shown, and does nothing but being read."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
import re

from homeassistant.util import dt as dt_util
from hypothesis import example, given, strategies as st
import pytest

from custom_components.wesmart.text import link, local_time, markdown, short, terms_link
from tests.examples import examples

# What Markdown, as Home Assistant's frontend reads it, makes a link of without brackets.
ADDRESSES = re.compile(r"(https?|ftp)://|www\.|\w@\w", re.IGNORECASE)


@pytest.fixture
def custom_integrations() -> None:
    """Start no Home Assistant: these are functions."""


@contextmanager
def living_in(zone: str) -> Iterator[None]:
    """Have Home Assistant in a time zone."""
    before, known = dt_util.get_default_time_zone(), dt_util.get_time_zone(zone)
    assert known is not None
    dt_util.set_default_time_zone(known)
    yield
    dt_util.set_default_time_zone(before)


def read(text: str) -> str:
    """Return what a person reads of Markdown that holds nothing but escaped characters."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_nothing_is_a_dash(text: str | None) -> None:
    """And not a hole in the sentence."""
    assert (short(text), markdown(text), local_time(None)) == ("–", "–", "–")


def test_plain_text_is_cut_and_on_one_line() -> None:
    """A page of it helps nobody."""
    assert short(" Nợ \r\n\t phí ") == "Nợ phí"
    assert short("x" * 10_000) == "x" * 200 + "…"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("0816 333 868", "0816 333 868"),
        ("+84 (24) 3333", r"\+84 \(24\) 3333"),
        ("[1900 666](https://evil.example)", r"\[1900 666\]\(https\://evil\.example\)"),
        ("https://evil.example", r"https\://evil\.example"),
        ("www.evil.example", r"www\.evil\.example"),
        ("help@evil.example", r"help\@evil\.example"),
        ("<ha-alert>", r"\<ha-alert\>"),
        ("&lt;b&gt;", r"\&lt;b\&gt;"),
        (r"\[x\](y)", r"\\\[x\\\]\(y\)"),
    ],
)
def test_text_in_markdown_is_only_text(text: str, escaped: str) -> None:
    """No markup, no HTML, and no link, with brackets or without."""
    assert markdown(text) == escaped


@examples(500)
@given(st.text() | st.text("\\`*_{}[]()<>#+!|~:.@& htpsw/") | st.from_regex(ADDRESSES))
def test_whatever_it_is_it_can_be_read_and_not_be_clicked(text: str) -> None:
    """What is read is what plain text would show."""
    shown = markdown(text)
    assert read(shown) == short(text)
    assert not ADDRESSES.search(shown)
    assert not re.search(r"(?<!\\)(\\\\)*[`*_{}\[\]()<>#+!|~&]", shown)


@examples(200)
@given(st.text())
def test_no_address_ends_the_link_it_is_in(url: str) -> None:
    """What it names is not ours to judge here."""
    assert not re.search(r"[\s()<>\\]", link(url))


def test_terms_are_read_where_the_cloud_says_if_that_is_safe() -> None:
    """Otherwise where they were pinned."""
    pinned = "https://cloud.example.com/terms"
    assert terms_link("https://example.com/t (1)", pinned) == "https://example.com/t%20%281%29"
    for url in (None, "", "http://example.com/t", "javascript:alert(1)", "data:text/html,x"):
        assert terms_link(url, pinned) == pinned


@examples(300)
@given(
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(["Asia/Ho_Chi_Minh", "America/Los_Angeles", "Pacific/Kiritimati", "UTC"]),
)
@example(datetime.max.replace(tzinfo=UTC), "Asia/Ho_Chi_Minh")
@example(datetime.min.replace(tzinfo=UTC), "America/Los_Angeles")
def test_every_moment_is_shown(moment: datetime, zone: str) -> None:
    """In Home Assistant's zone, or in UTC where that has no such time."""
    with living_in(zone):
        shown = local_time(moment)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d( UTC)?", shown)
    assert moment.year in (1, 9999) or not shown.endswith("UTC")


def test_a_moment_is_shown_in_the_zone_of_the_house() -> None:
    """To the minute."""
    with living_in("Asia/Ho_Chi_Minh"):
        assert local_time(datetime(2026, 11, 20, 18, 30, 59, tzinfo=UTC)) == "2026-11-21 01:30"
        assert local_time(datetime.max.replace(tzinfo=UTC)) == "9999-12-31 23:59 UTC"
