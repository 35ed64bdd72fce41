"""What in Home Assistant's log should not be there."""

from script.demo_home.log import complaints

INFO = "2026-11-22 21:00:00.000 INFO (MainThread) [custom_components.wesmart] The cloud is back"
OURS = "2026-11-22 21:00:01.000 WARNING (MainThread) [custom_components.wesmart] The cloud is lost"
THEIRS = "2026-11-22 21:00:02.000 WARNING (MainThread) [homeassistant.bootstrap] Skipping pip installation"
UNTESTED = (
    "2026-11-22 21:00:03.000 WARNING (SyncWorker_0) [homeassistant.loader] "
    "We found a custom integration wesmart which has not been tested by Home Assistant."
)
ERROR = "2026-11-22 21:00:04.000 ERROR (MainThread) [homeassistant.setup] Setup failed for http"
TRACEBACK = ["Traceback (most recent call last):", '  File "x.py", line 1, in <module>', "KeyError: 'ssl_profile'"]


def log(*lines: str) -> str:
    """Return the text of a log."""
    return "".join(f"{line}\n" for line in lines)


def test_a_quiet_log_has_nothing_to_complain_about() -> None:
    """Home Assistant warns of every custom integration, and of how the demo starts it."""
    assert complaints(log(INFO, THEIRS, UNTESTED)) == []
    assert complaints("") == []


def test_a_warning_counts_if_it_is_ours() -> None:
    """The warnings of others are not ours to judge."""
    assert complaints(log(THEIRS, OURS)) == [OURS]


def test_an_error_counts_whoever_makes_it_with_its_traceback() -> None:
    """An error of Home Assistant's own may well be our doing."""
    assert complaints(log(INFO, ERROR, *TRACEBACK, THEIRS)) == [ERROR, *TRACEBACK]


def test_what_was_printed_before_the_log_began_counts() -> None:
    """A crash at the start never reaches the log."""
    assert complaints(log(*TRACEBACK, INFO)) == TRACEBACK
