"""Moments on the wire: RFC 3339, in any spelling of UTC. Pure."""

from datetime import UTC, datetime
import logging

import msgspec

_LOGGER = logging.getLogger(__name__)


def parse_timestamp(text: str | None) -> datetime | None:
    """Return the moment that a timestamp of the contract names, in UTC; None where there is none or it makes no sense."""
    if text is None:
        return None
    try:
        moment = msgspec.convert(text, datetime)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError, OverflowError:
        # Besides no date at all: text that nobody can encode, and another zone's first and last hours of all time.
        _LOGGER.debug("A timestamp makes no sense")
        return None
