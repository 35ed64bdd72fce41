"""Text from the server as people see it: whatever it is, it can be shown, and it does nothing but being read."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
import re
import unicodedata

from homeassistant.util import dt as dt_util
from hypothesis import example, given, strategies as st
import pytest

from custom_components.wesmart.cloud import Endpoints
from custom_components.wesmart.cloud.account import Terms
from custom_components.wesmart.formatting import host, link, local_time, markdown, short, without_secrets
from custom_components.wesmart.terms import terms_placeholders
from tests.examples import examples

# What Home Assistant's frontend makes a link of without brackets.
ADDRESSES = re.compile(r"(https?|ftp)://|www\.|\w@\w", re.IGNORECASE)


@pytest.fixture
def custom_integrations() -> None:
    """Start no Home Assistant: these are functions."""


@contextmanager
def time_zone(name: str) -> Iterator[None]:
    """Let Home Assistant be in a time zone."""
    before, zone = dt_util.get_default_time_zone(), dt_util.get_time_zone(name)
    assert zone is not None
    dt_util.set_default_time_zone(zone)
    yield
    dt_util.set_default_time_zone(before)


def rendered(text: str) -> str:
    """Return what a person reads of Markdown that consists of escaped text."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


@pytest.mark.parametrize("text", [None, "", " \n", "\u202e\u200f"])
def test_no_text_is_empty(text: str | None) -> None:
    """So that a caller can choose a sentence without it."""
    assert (short(text), markdown(text), local_time(None, "en")) == ("", "", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (" Nợ \r\n\t phí ", "Nợ phí"),
        ("x" * 10_000, "x" * 200 + "…"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("a\u202eb\u2066c\u2069d\u200ee\u061cf\u2028g", "a b c d e f g"),
        ("a\ud800b\x00c", "a b c"),
        ("👨‍👩‍👧 Bống", "👨‍👩‍👧 Bống"),
    ],
)
def test_text_is_short_and_visible(text: str, shown: str) -> None:
    """One line, without control characters, marks of direction and lone surrogates; joined emoji stay."""
    assert short(text) == shown


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("0816 333 868", "0816 333 868"),
        ("+84 (24) 3333", r"\+84 \(24\) 3333"),
        ("[1900 666](https://evil.example)", r"\[1900 666\]\(https\://evil\.example\)"),
        ("www.evil.example", r"www\.evil\.example"),
        ("help@evil.example", r"help\@evil\.example"),
        ("<ha-alert>", r"\<ha-alert\>"),
        ("&lt;b&gt;", r"\&lt;b\&gt;"),
        (r"\[x\](y)", r"\\\[x\\\]\(y\)"),
    ],
)
def test_text_in_markdown_is_only_text(text: str, escaped: str) -> None:
    """No markup, no HTML and no link, with or without brackets."""
    assert markdown(text) == escaped


@examples(500)
@given(st.text() | st.text("\\`*_{}[]()<>#+!|~:.@& htpsw/") | st.from_regex(ADDRESSES))
def test_any_text_can_be_shown_and_not_be_clicked(text: str) -> None:
    """Rendered, it is the same as in plain text."""
    shown = markdown(text)
    assert rendered(shown) == short(text)
    assert not ADDRESSES.search(shown)
    assert not re.search(r"(?<!\\)(\\\\)*[`*_{}\[\]()<>#+!|~&]", shown)
    assert {unicodedata.category(character) for character in shown} & {"Cc", "Cs", "Zl", "Zp"} == set()
    shown.encode()


@examples(200)
@given(st.text(st.characters()))
def test_no_url_ends_the_link_that_it_is_in(url: str) -> None:
    """Nor adds Markdown after it."""
    assert not re.search(r"[\s()<>\\]", link(url))


@pytest.mark.parametrize(
    ("server", "url", "is_shown"),
    [
        ("https://cloud.example.com", "https://cloud.example.com/t", True),
        ("https://cloud.example.com", "https://www.example.net/t (1)?v=2#a", True),
        ("https://cloud.example.com", None, False),
        ("https://cloud.example.com", "", False),
        ("https://cloud.example.com", "http://cloud.example.com/t", False),
        ("https://cloud.example.com", "https://192.168.1.1/t", False),
        ("https://cloud.example.com", "https://user@cloud.example.com/t", False),
        ("https://cloud.example.com", "https://cloud.example.com/%0A", False),
        ("https://cloud.example.com", "https://[", False),
        ("https://cloud.example.com", "javascript:alert(1)", False),
        ("https://cloud.example.com", "data:text/html,x", False),
        ("http://192.168.1.20:8765", "http://192.168.1.20:8765/t", True),
        ("http://192.168.1.20:8765", "https://192.168.1.20/t", True),
        ("http://192.168.1.20:8765", "https://cloud.example.com/t", False),
        ("not an address", "https://cloud.example.com/t", False),
    ],
)
def test_terms_are_linked_where_the_account_says_if_the_server_may_name_that(
    server: str, url: str | None, is_shown: bool
) -> None:
    """As its discovery document may (C-81); otherwise where the document says."""
    own = "https://cloud.example.com/own"
    endpoints = Endpoints(
        token_endpoint=own, revocation_endpoint=own, api_url=own, events_url=own, terms_url=own, support_phone="1"
    )
    shown = terms_placeholders(Terms(current="2", url=url), endpoints, server)["terms_url"]
    assert shown == (link(url or "") if is_shown else own)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://cloud.example.com/token", r"cloud\.example\.com"),
        ("https://cloud.example.com:8443/token", r"cloud\.example\.com\:8443"),
        ("http://127.0.0.1:8765", r"127\.0\.0\.1\:8765"),
        ("https://[2606:4700::1111]/v1", r"\[2606\:4700\:\:1111\]"),
        # Cyrillic letters, which look like `apple`.
        ("https://\u0430\u0440\u0440\u04cf\u0435.com/", r"xn\-\-80ak6aa92e\.com".replace(r"\-", "-")),
        ("https://" + "wesmart." * 30 + "evil.example:444", r"evil\.example\:444"),
    ],
)
def test_a_host_is_shown_with_its_registered_end(url: str, shown: str) -> None:
    """In ASCII and with its port: it says who gets the password."""
    assert host(url).endswith(shown)
    assert len(short(host(url))) == len(host(url)) or len(url) > 200


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (None, None),
        ("", ""),
        ("Nợ phí", "Nợ phí"),
        ("minhanh@example.com owes", "… owes"),
        ("MinhAnh@Example.com", "…"),
        ("call 0912345678 or 0912 345 678, or 09\u200b12 345 678", "call … or …, or …"),
        ("token " + "aB3" * 50, "token …"),
        ("a token " + "aB3" * 50 + "x b", "a token … b"),
        ("x" * 5000 + "minhanh@example.com", "x" * 2000),
    ],
)
def test_secrets_that_a_server_repeats_are_taken_out(text: str | None, shown: str | None) -> None:
    """Whatever their case, and the white space in them."""
    assert without_secrets(text, ("minhanh@example.com", None, "", " ", "0912 345 678", "aB3" * 50)) == shown


@examples(300)
@given(
    st.datetimes(timezones=st.sampled_from([UTC, *(timezone(timedelta(hours=h)) for h in (-14, 7, 14))])),
    st.sampled_from(["Asia/Ho_Chi_Minh", "America/Los_Angeles", "Pacific/Kiritimati", "UTC"]),
)
@example(datetime.max.replace(tzinfo=UTC), "Asia/Ho_Chi_Minh")
@example(datetime.min.replace(tzinfo=UTC), "America/Los_Angeles")
def test_any_time_can_be_shown(moment: datetime, zone: str) -> None:
    """In Home Assistant's time zone, or in its own if the former has no such time."""
    with time_zone(zone):
        english, vietnamese = local_time(moment, "en"), local_time(moment, "vi")
    assert re.fullmatch(r"[A-Z][a-z]+ \d{1,2}, \d{1,4} at \d{1,2}:\d\d [AP]M( UTC([+-]\d\d:\d\d)?)?", english)
    assert re.fullmatch(r"\d\d:\d\d ngày \d\d/\d\d/\d{1,4}( UTC([+-]\d\d:\d\d)?)?", vietnamese)
    assert moment.year in (1, 9999) or "UTC" not in english + vietnamese


def test_a_time_is_shown_in_the_time_zone_of_home_assistant_as_people_write_it() -> None:
    """To the minute. Texts in other languages than Vietnamese are English."""
    moment = datetime(2026, 11, 20, 18, 30, 59, tzinfo=UTC)
    with time_zone("Asia/Ho_Chi_Minh"):
        assert local_time(moment, "vi") == "01:30 ngày 21/11/2026"
        assert {local_time(moment, other) for other in ("en", "en-GB", "de")} == {"November 21, 2026 at 1:30 AM"}
        assert local_time(datetime.max.replace(tzinfo=UTC), "vi") == "23:59 ngày 31/12/9999 UTC"
    with time_zone("UTC"):
        assert local_time(datetime(2026, 1, 2, 12, 5, tzinfo=UTC), "en") == "January 2, 2026 at 12:05 PM"
        assert local_time(datetime(2026, 1, 2, 0, 5, tzinfo=UTC), "vi") == "00:05 ngày 02/01/2026"
