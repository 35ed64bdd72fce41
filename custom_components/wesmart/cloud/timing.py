"""When the client does what it does by itself: pauses, spreads and intervals, in seconds.

Pure. `u` is a random number in [0, 1), which keeps homes from doing the same in the same second. script/scale calls these
functions for a million homes.
"""

# A token is renewed this long before it expires: longer than a request may take, so that none arrives with an expired one.
EXPIRY_MARGIN_S = 60
# Entities become unavailable after this long without contact.
GRACE_S = 90
# The account is read this often while push is down.
ACCOUNT_INTERVAL_S = 3600
# An endpoint that may have moved is a reason to read the discovery document, at most this often (C-16).
DISCOVERY_RETRY_S = 600

# Reconnecting: 2 s, doubled with each failure up to 2 minutes, with full jitter (C-66).
_BACKOFF_S = 1
_MAX_BACKOFF_S = 120
# Of a Retry-After, this share is added at random.
_SPREAD = 0.1
# Gaps that follow each other are repaired with growing pauses, and a repair that fails asks this often (C-68).
_MAX_GAP_PAUSE_S = 30
_MAX_REPAIR_PAUSE_S = 10
# Polls while push is down, and the safety poll while it is up (C-62).
_POLL_INTERVAL_S = 30
_SAFETY_POLL_INTERVAL_S = 3600
# The restart of a server ends all streams, and an account event may be sent to all accounts.
_RESTART_SPREAD_S = 30
_EVENT_SPREAD_S = 2
_DISCOVERY_INTERVAL_S = 24 * 3600


def reconnect_delay(failures: int, retry_after: float, u: float) -> float:
    """Return the pause before the next stream after so many failures, never shorter than the server's Retry-After."""
    longest = max(min(_MAX_BACKOFF_S, _BACKOFF_S * 2.0 ** min(failures, 10)), retry_after * _SPREAD)
    return retry_after + u * longest


def repair_pause(failures: int, retry_after: float, u: float) -> float:
    """Return the pause before a failed repair is tried again."""
    return min(_MAX_REPAIR_PAUSE_S, reconnect_delay(failures, retry_after, u))


def gap_pause(repairs: int, u: float) -> float:
    """Return the pause before the repair of a gap that follows so many others."""
    return u * min(_MAX_GAP_PAUSE_S, 2.0**repairs)


def poll_interval(streaming: bool) -> float:
    """Return the interval between polls."""
    return _SAFETY_POLL_INTERVAL_S if streaming else _POLL_INTERVAL_S


def grace_poll_interval(remaining: float) -> float:
    """Return the time until the next poll after one that failed: at the latest when the grace time ends."""
    return min(_POLL_INTERVAL_S, remaining + 1)


def lost_poll_delay(restarting: bool, u: float) -> float:
    """Return the time until the poll after the end of a stream."""
    return u * _RESTART_SPREAD_S if restarting else 0


def event_poll_delay(u: float) -> float:
    """Return the time until the poll after an event to all accounts."""
    return u * _EVENT_SPREAD_S


def busy_poll_delay(retry_after: float, u: float) -> float:
    """Return the time until the poll after a Retry-After."""
    # Home Assistant's coordinator cuts the fraction of a second off the present time.
    return retry_after * (1 + u * _SPREAD) + 1


def blocked_poll_delay(u: float) -> float:
    """Return the time until the next look at a blocked account (C-67)."""
    return 225 + u * 75


def renewal_time(now: float, expires_at: float, u: float) -> float:
    """Return when to renew a token that was issued, or loaded, now."""
    return expires_at - EXPIRY_MARGIN_S


def discovery_interval() -> float:
    """Return the time until the discovery document is read again (C-16)."""
    return _DISCOVERY_INTERVAL_S


def first_discovery_delay(u: float) -> float:
    """Return the time until the discovery document is read after a start."""
    return u * _DISCOVERY_INTERVAL_S
