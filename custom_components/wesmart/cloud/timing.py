"""When the client does what it does by itself: pauses, spreads and intervals, in seconds.

Pure. `u` is a random number in [0, 1): what happens to all homes at once must not bring them all back in one second
(C-80). script/scale calls these functions for a million homes.
"""

# Every request ends within this time.
REQUEST_TIMEOUT_S = 10
# Entities become unavailable after this long without contact.
GRACE_S = 90
# The account is read this often while push is down.
ACCOUNT_INTERVAL_S = 3600
# An endpoint that may have moved is a reason to read the discovery document, at most this often (C-16).
DISCOVERY_RETRY_S = 600

# A token is renewed this long before it expires: longer than a request may take, so that none arrives with an expired one.
_EXPIRY_MARGIN_S = 60
# The longest pauses before the first, the second, and every later attempt to reconnect (C-66). The first is that of
# RFC 6455, 7.2.3: a connection that is cut is mostly that of one home. The others are for all homes at once.
_PAUSES_S = (5, 40, 150)
# Of a Retry-After, this share is added at random, and at least the second pause: all homes may be told the same end.
_SPREAD = 0.1
# Gaps that follow each other are repaired with growing pauses, and a repair that fails asks this often (C-68).
_MAX_GAP_PAUSE_S = 30
_MAX_REPAIR_PAUSE_S = 10
# The longest intervals between polls; the shortest are half of them. With push up, a poll proves that nothing was missed;
# two are at least an hour apart (C-62). The first one without push leaves the stream time to make it needless.
_SAFETY_POLL_S = 7200
_POLL_S = 40
_FAILED_POLL_S = 120
_EVENT_SPREAD_S = 2
_DISCOVERY_S = 24 * 3600


def reconnect_delay(failures: int, retry_after: float, u: float) -> float:
    """Return the pause before the next stream: capped backoff with full jitter, after any Retry-After (C-66).

    The end of a stream that was up is the first failure, and one that all homes see is the second.
    """
    longest = _PAUSES_S[min(int(failures), len(_PAUSES_S)) - 1]
    return retry_after + u * max(longest, _PAUSES_S[1] if retry_after else 0, retry_after * _SPREAD)


def repair_pause(failures: int, retry_after: float, u: float) -> float:
    """Return the pause before a failed repair is tried again."""
    return min(_MAX_REPAIR_PAUSE_S, retry_after + u * 2.0**failures)


def gap_pause(repairs: int, u: float) -> float:
    """Return the pause before the repair of a gap that follows so many others."""
    return u * min(_MAX_GAP_PAUSE_S, 2.0**repairs)


def safety_poll_interval(u: float) -> float:
    """Return the time between polls while push is up (C-62)."""
    return _between_half_and(_SAFETY_POLL_S, u)


def poll_interval(u: float) -> float:
    """Return the time between polls while push is down."""
    return _between_half_and(_POLL_S, u)


def lost_poll_delay(grace: float, u: float) -> float:
    """Return the time until the first poll after push was lost, which ends in what is left of the grace time."""
    return _between_half_and(max(0, grace - REQUEST_TIMEOUT_S), u)


def poll_can_wait(grace: float) -> bool:
    """Return whether the first poll can wait longer for a stream that is about to be up."""
    return grace > REQUEST_TIMEOUT_S + 5


def failed_poll_delay(u: float) -> float:
    """Return the time until the poll after one that failed (C-66)."""
    return _between_half_and(_FAILED_POLL_S, u)


def busy_poll_delay(retry_after: float, u: float) -> float:
    """Return the time until the poll after a Retry-After (C-66)."""
    # Home Assistant's coordinator cuts the fraction of a second off the present time.
    return 1 + reconnect_delay(1, retry_after, u)


def blocked_poll_delay(u: float) -> float:
    """Return the time until the next look at a blocked account (C-67)."""
    return 240 + u * 58


def event_poll_delay(u: float) -> float:
    """Return the time until the poll after an account event, which may be sent to all accounts."""
    return u * _EVENT_SPREAD_S


def renewal_time(now: float, expires_at: float, u: float) -> float:
    """Return when a token that is stored now is due for renewal: in the second half of what is left of its life."""
    return now + _between_half_and(max(0, expires_at - _EXPIRY_MARGIN_S - now), u)


def discovery_interval(u: float) -> float:
    """Return the time until the discovery document is read again (C-16)."""
    return _between_half_and(_DISCOVERY_S, u)


def _between_half_and(longest: float, u: float) -> float:
    return longest * (1 + u) / 2
