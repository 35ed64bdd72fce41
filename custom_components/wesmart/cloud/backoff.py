"""How long to wait before asking again: growing, random, and never shorter than the cloud has asked for."""

import random

from .errors import AccountBlockedError, BusyError, TermsNotAcceptedError, WeSmartError

# From a second, doubled each time, to two minutes; the whole of it random, so that a thousand homes do not come back
# in the same second.
_FIRST_S = 1
_LAST_S = 120
# A blocked account, or one with open terms, is looked at again this often, at most; a quarter of it is random.
_REFUSED_S = 300
# Whoever was sent away together does not come back together: this share of `Retry-After` is added at random.
_SPREAD = 0.1


def delay(error: WeSmartError | None, failures: int, ceiling: float = _LAST_S) -> float:
    """Return the seconds to wait before the next attempt, after so many failed ones in a row."""
    if isinstance(error, AccountBlockedError | TermsNotAcceptedError):
        return random.uniform(0.75, 1) * _REFUSED_S  # noqa: S311 - spreads load, protects nothing
    asked = error.retry_after or 0 if isinstance(error, BusyError) else 0
    longest = max(min(ceiling, _FIRST_S * 2 ** min(failures, 10)), asked * _SPREAD)
    return asked + random.uniform(0, longest)  # noqa: S311 - spreads load, protects nothing
