"""Text from the server as people see it, plain or in Markdown."""

from collections.abc import Iterable
from datetime import datetime
import re
import unicodedata
from urllib.parse import quote

from homeassistant.util import dt as dt_util
from yarl import URL

_MAX_LENGTH = 200
_REMOVED = "…"
_LONG_SECRET = 64
# The last four would make a link of a bare address, or another character of its name.
_MARKUP = re.compile(r"[\\`*_{}\[\]()<>#+!|~:.@&]")
# Control characters, marks that change the direction of text, lone surrogates, private and unassigned characters. The
# joiner of emoji is one of the second, and harmless.
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_ZERO_WIDTH_JOINER = "\u200d"


def short(text: str | None) -> str:
    """Return text on one line, without invisible characters, and not too long."""
    text = _line(text) if text else ""
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"


def markdown(text: str | None) -> str:
    """Return text for Markdown: short, without markup or links."""
    return _MARKUP.sub(r"\\\g<0>", short(text))


def without_secrets(text: str | None, secrets: Iterable[str | None]) -> str | None:
    """Return text in which secrets are replaced, whatever their case and the white space in them."""
    if not text:
        return text
    text = _line(text)
    for secret in filter(None, secrets):
        characters = "".join(secret.split())
        pattern = r"\s*".join(map(re.escape, characters[:_LONG_SECRET]))
        # A pattern of every character of a token would take long to compile.
        rest = r"\S*" if len(characters) > _LONG_SECRET else ""
        if characters:
            text = re.sub(pattern + rest, _REMOVED, text, flags=re.IGNORECASE)
    return text


def host(url: str) -> str:
    """Return the host of a URL for Markdown, with its port, in the ASCII form that is registered.

    Of a long name the end is shown, which says whose it is.
    """
    name = URL(url).host_port_subcomponent or ""
    return markdown(name if len(name) <= _MAX_LENGTH else f"…{name[1 - _MAX_LENGTH :]}")


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


def _line(text: str) -> str:
    """Return text on one line, without invisible characters."""
    text = text[: 10 * _MAX_LENGTH]
    return " ".join((text if text.isprintable() else _visible(text)).split())


def _visible(text: str) -> str:
    return "".join(
        character if character == _ZERO_WIDTH_JOINER or unicodedata.category(character) not in _INVISIBLE else " "
        for character in text
    )


def _written(moment: datetime, language: str) -> str:
    if language == "vi":
        return f"{moment:%H:%M} ngày {moment:%d/%m}/{moment.year}"
    return f"{moment:%B} {moment.day}, {moment.year} at {moment.hour % 12 or 12}:{moment:%M} {moment:%p}"
