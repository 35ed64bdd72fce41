"""Whoever listens is called, and whatever one of them does, the others are."""

import pytest

from custom_components.wesmart.listeners import Listeners


@pytest.fixture
def custom_integrations() -> None:
    """Start no Home Assistant."""


def test_each_is_called_about_what_it_listens_to_until_it_is_removed() -> None:
    """Two may listen to the same."""
    heard: list[tuple[str, str]] = []
    listeners: Listeners[str, [str]] = Listeners()
    first = listeners.async_add("lamp", lambda said: heard.append(("first", said)))
    listeners.async_add("lamp", lambda said: heard.append(("second", said)))
    listeners.async_add("door", lambda said: heard.append(("third", said)))
    listeners.async_call(["lamp", "window"], "on")
    first()
    listeners.async_call(["lamp"], "off")
    assert heard == [("first", "on"), ("second", "on"), ("second", "off")]
    listeners.async_call_all("bye")
    assert set(heard[3:]) == {("second", "bye"), ("third", "bye")}
    assert len(listeners) == 2


def test_one_that_fails_keeps_no_other_from_being_called(caplog: pytest.LogCaptureFixture) -> None:
    """It is in the log."""
    heard: list[str] = []
    listeners: Listeners[str, []] = Listeners()

    def fail() -> None:
        raise ZeroDivisionError

    listeners.async_add("lamp", fail)
    listeners.async_add("lamp", lambda: heard.append("called"))
    listeners.async_call(["lamp"])
    assert heard == ["called"]
    assert [record.getMessage() for record in caplog.records] == ["A listener failed"]


def test_whoever_is_called_may_remove_itself_and_others() -> None:
    """Those that were there when the call began are called."""
    heard: list[str] = []
    listeners: Listeners[str, []] = Listeners()

    def leave() -> None:
        heard.append("one")
        first()
        second()

    first = listeners.async_add("lamp", leave)
    second = listeners.async_add("lamp", lambda: heard.append("two"))
    listeners.async_call_all()
    listeners.async_call_all()
    assert (heard, len(listeners)) == (["one", "two"], 0)
