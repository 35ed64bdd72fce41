"""Text of the cloud as a person may see it, plain or in Markdown; no platform, though Home Assistant has one so called."""

from datetime import datetime
import re
from urllib.parse import quote

from homeassistant.util import dt as dt_util

# Text of the cloud that a person may see is cut to this many characters.
_LONGEST_TEXT = 200
_NOTHING = "–"
# The last four make a link of a bare address, and another character of its name, without any brackets.
_MARKUP = re.compile(r"[\\`*_{}\[\]()<>#+!|~:.@&]")


def short(text: str | None) -> str:
    """Return text of the cloud as a person may see it: on one line, not too long, and a dash for none."""
    text = " ".join(text.split()) if text else ""
    if not text:
        return _NOTHING
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def local_time(moment: datetime | None) -> str:
    """Return a moment as a person reads it, in Home Assistant's time zone; a dash for none."""
    if moment is None:
        return _NOTHING
    try:
        return _minutes(dt_util.as_local(moment))
    except OverflowError:
        # Some clouds write the end of all time for "for ever", and here that may be over already.
        return f"{_minutes(moment)} {moment.tzname()}"


def markdown(text: str | None) -> str:
    """Return text of the cloud as it may stand in Markdown: short, without any markup, and no link anywhere in it."""
    return _MARKUP.sub(r"\\\g<0>", short(text))


def link(url: str) -> str:
    """Return a URL as the target of a link in Markdown: nothing in it ends the link."""
    return quote(url, safe="%/:=&?~#+!$,;'@*[]")


def terms_link(url: str | None, pinned: str) -> str:
    """Return where the terms are read, as the target of a link: the cloud's own word if that is safe, else `pinned`."""
    return link(url if url and url.startswith("https://") else pinned)


def _minutes(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(" ", "minutes")
