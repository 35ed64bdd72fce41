"""Text from the server as people see it, plain or in Markdown."""

from datetime import datetime
import re
import unicodedata
from urllib.parse import quote

from homeassistant.util import dt as dt_util

_MAX_LENGTH = 200
# The last four would make a link of a bare address, or another character of its name.
_MARKUP = re.compile(r"[\\`*_{}\[\]()<>#+!|~:.@&]")
# Control characters, marks that change the direction of text, lone surrogates, private and unassigned characters. The
# joiner of emoji is one of the second, and harmless.
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_ZERO_WIDTH_JOINER = "\u200d"


def short(text: str | None) -> str:
    """Return text on one line, without invisible characters, and not too long."""
    text = " ".join(_visible(text[: 10 * _MAX_LENGTH]).split()) if text else ""
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"


def markdown(text: str | None) -> str:
    """Return text for Markdown: short, without markup or links."""
    return _MARKUP.sub(r"\\\g<0>", short(text))


def link(url: str) -> str:
    """Return a URL escaped for the target of a Markdown link."""
    return quote(url, safe="%/:=&?~#+!$,;'@*[]", errors="replace")


def local_time(moment: datetime | None, language: str) -> str:
    """Return a moment in Home Assistant's time zone, as people write it in a language of the translations."""
    if moment is None:
        return ""
    try:
        return _written(dt_util.as_local(moment), language)
    except OverflowError:
        # Some servers write the end of all time for "for ever", which may be over already in this time zone.
        return f"{_written(moment, language)} {moment.tzname()}"


def _visible(text: str) -> str:
    return "".join(
        character if character == _ZERO_WIDTH_JOINER or unicodedata.category(character) not in _INVISIBLE else " "
        for character in text
    )


def _written(moment: datetime, language: str) -> str:
    if language == "vi":
        return f"{moment:%H:%M} ngày {moment:%d/%m}/{moment.year}"
    return f"{moment:%B} {moment.day}, {moment.year} at {moment.hour % 12 or 12}:{moment:%M} {moment:%p}"
