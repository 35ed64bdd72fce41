"""Frames and the events in them: what they mean, and that every event counts, whatever is in it."""

from contextlib import suppress
from datetime import UTC, datetime
import json
import logging

from hypothesis import given, strategies as st
import pytest

from custom_components.wesmart.cloud.errors import UnexpectedAnswerError
from custom_components.wesmart.cloud.models import EndpointKey, Home, Position
from custom_components.wesmart.cloud.wire_events import (
    AccountEvent,
    ButtonEvent,
    DeviceEvent,
    DeviceRemovedEvent,
    Event,
    EventsFrame,
    HeartbeatFrame,
    HelloFrame,
    HomeEvent,
    HomeRemovedEvent,
    StateEvent,
    UnapplicableEvent,
    decode_frame,
)
from tests.cloud.builders import LAMP, Json, device, event, events, lamp, state
from tests.cloud.nonsense import EXTREMES, anything, mutated
from tests.examples import examples
from tests.mock_cloud import Freedoms

AT = "2026-11-20T05:00:00Z"
MOMENT = datetime(2026, 11, 20, 5, tzinfo=UTC)
HELLO: Json = {"type": "hello", "epoch": "e", "seq": 7, "at": AT, "resumed": True, "heartbeat_s": 30}
HEARTBEAT: Json = {"type": "heartbeat", "epoch": "e", "seq": 7}
EVERY_KIND: Json = {
    "type": "events",
    "events": [
        state(1, brightness=40),
        event(2, "device", device=lamp()),
        event(3, "device_removed", device_id="lamp"),
        event(4, "home", home={"id": "home", "name": "Nhà", "rooms": [], "scenes": []}),
        event(5, "home_removed", home_id="home"),
        event(6, "button", device_id="keys", endpoint_id="1", press="single"),
        event(7, "account", change="terms"),
        event(8, "feedback", ticket={"id": "t"}),
    ],
}


def only(wire: Json) -> Event:
    """Return an event as it is decoded."""
    (one,) = events(wire).events
    return one


def test_hello_and_heartbeat_say_where_the_cloud_is() -> None:
    """With what a hello says besides."""
    assert decode_frame(json.dumps(HELLO)) == HelloFrame(Position("e", 7), MOMENT, True, 30)
    assert decode_frame(json.dumps(HEARTBEAT)) == HeartbeatFrame(Position("e", 7))


def test_a_hello_without_an_interval_means_the_default() -> None:
    """20 s; and not resumed where it does not say so."""
    frame = decode_frame('{"type": "hello", "epoch": "e", "seq": 7.0}')
    assert frame == HelloFrame(Position("e", 7), None, False, 20)


@pytest.mark.parametrize("interval", ["4", "301", "0", '"20"', "null", "1e300"])
def test_an_interval_that_no_cloud_may_have_means_the_default(interval: str) -> None:
    """A stream is of use all the same."""
    frame = decode_frame(f'{{"type": "hello", "epoch": "e", "seq": 7, "resumed": true, "heartbeat_s": {interval}}}')
    assert frame == HelloFrame(Position("e", 7), None, True, 20)


def test_a_hello_that_does_not_clearly_say_that_it_resumes_does_not() -> None:
    """A snapshot more than needed does no harm, one less would."""
    frame = decode_frame('{"type": "hello", "epoch": "e", "seq": 7, "resumed": "no", "at": 7}')
    assert frame == HelloFrame(Position("e", 7), None, False, 20)


@pytest.mark.parametrize("number", ["1043", "1043.0", "1.043e3"])
def test_a_state_means_the_same_however_its_number_is_spelled(number: str) -> None:
    """Read at once, or part by part."""
    wire = {**state(0, on=True), "cause": "c"}
    frame = decode_frame(json.dumps({"type": "events", "events": [wire]}).replace('"seq": 0', f'"seq": {number}'))
    assert isinstance(frame, EventsFrame)
    (one,) = frame.events
    assert isinstance(one, StateEvent)
    assert (one.seq, (one.device_id, one.endpoint_id), one.patch) == (1043, LAMP, {"on": True})


def test_every_kind_of_event_has_its_meaning() -> None:
    """In the order of the frame."""
    frame = decode_frame(json.dumps(EVERY_KIND))
    assert isinstance(frame, EventsFrame)
    first, second, *others = frame.events
    assert isinstance(first, StateEvent)
    assert ((first.device_id, first.endpoint_id), first.patch) == (LAMP, {"brightness": 40})
    assert isinstance(second, DeviceEvent)
    assert (second.report.device.id, len(second.report.endpoints)) == ("lamp", 1)
    assert others == [
        DeviceRemovedEvent(seq=3, device_id="lamp"),
        HomeEvent(seq=4, home=Home(id="home", name="Nhà")),
        HomeRemovedEvent(seq=5, home_id="home"),
        ButtonEvent(seq=6, at=MOMENT, key=EndpointKey("keys", "1"), press="single"),
        AccountEvent(seq=7, change="terms"),
        Event(seq=8),
    ]


@pytest.mark.parametrize("seed", range(20))
def test_every_spelling_of_a_frame_means_the_same(seed: int) -> None:
    """Numbers as floats, members in any order, unknown members."""
    freedoms = Freedoms.seeded(seed)
    for wire in (HELLO, HEARTBEAT):
        assert decode_frame(freedoms.json(json.loads(json.dumps(wire)))) == decode_frame(json.dumps(wire))
    frame = decode_frame(freedoms.json(json.loads(json.dumps(EVERY_KIND))))
    assert isinstance(frame, EventsFrame)
    assert frame.events[1:] == events(*json.loads(json.dumps(EVERY_KIND["events"]))).events[1:]
    assert [one.seq for one in frame.events] == list(range(1, 9))


def test_the_cause_of_a_state_is_nobody_s_business() -> None:
    """It is a command's id; the overlay of a command ends by a number."""
    assert only({**state(1, on=True), "cause": "c"}) == only(state(1, on=True))


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "advice", "text": "Chúc một ngày tốt lành"}',
        '{"type": "advice", "events": 7, "seq": "many", "heartbeat_s": 0}',
    ],
)
def test_a_frame_of_an_unknown_type_is_ignored_with_one_debug_line(text: str, caplog: pytest.LogCaptureFixture) -> None:
    """Even where its members have other types than those we know."""
    caplog.set_level(logging.DEBUG)
    assert decode_frame(text) is None
    assert [record.levelname for record in caplog.records] == ["DEBUG"]
    assert "advice" in caplog.text


def test_an_event_of_an_unknown_kind_counts_with_one_debug_line(caplog: pytest.LogCaptureFixture) -> None:
    """Even where its members have other types than those we know."""
    caplog.set_level(logging.DEBUG)
    assert only(event(5, "rain", millimetres=12.5)) == Event(seq=5)
    assert only(event(6, "rain", device_id=12)) == Event(seq=6)
    assert [record.levelname for record in caplog.records] == ["DEBUG", "DEBUG"]


@pytest.mark.parametrize(
    "wire",
    [
        event(5, "state"),
        event(5, "state", device_id="lamp", endpoint_id="1"),
        event(5, "state", device_id="lamp", state={}),
        event(5, "state", device_id=7, endpoint_id="1", state={}),
        event(5, "device"),
        event(5, "device", device={"id": "lamp"}),
        event(5, "device", device=None),
        event(5, "device", device={**lamp(), "online": "yes"}),
        event(5, "device", device=device("one", [{"id": "1", "type": "switch"}, {"id": 2, "type": "switch"}])),
        event(5, "device", device=device("one", [{"id": "1", "type": "switch", "features": []}])),
        event(5, "device", device=lamp(brightness=400)),
        event(5, "home", home={"id": "home", "name": 7}),
        event(5, "home", home={"id": "home", "name": "Nhà", "scenes": [{"id": None}]}),
        event(5, "device_removed"),
        event(5, "device_removed", device_id=""),
        event(5, "home", home={}),
        event(5, "home_removed"),
    ],
)
def test_a_known_event_that_makes_no_sense_counts_and_cannot_be_applied(wire: Json) -> None:
    """Its neighbours stay."""
    before, broken, after = events(state(4), wire, state(6)).events
    assert isinstance(broken, UnapplicableEvent)
    assert broken.seq == 5
    assert isinstance(before, StateEvent)
    assert isinstance(after, StateEvent)


def test_a_member_of_an_event_that_makes_no_sense_is_left_out() -> None:
    """What changed is said by the others, so no snapshot is needed."""
    one = only({**state(5, on=True), "cause": 7, "at": [], "press": {}})
    assert isinstance(one, StateEvent)
    assert ((one.device_id, one.endpoint_id), one.patch) == (LAMP, {"on": True})
    assert only(event(6, "device_removed", device_id="lamp", home_id=7)) == DeviceRemovedEvent(seq=6, device_id="lamp")


def test_a_press_that_does_not_say_of_what_only_counts() -> None:
    """No snapshot could tell more about it."""
    assert only(event(5, "button", device_id="keys")) == Event(seq=5)
    assert only(event(5, "button", endpoint_id="1", press="single")) == Event(seq=5)


def test_a_change_of_the_account_that_is_not_named_is_still_a_hint() -> None:
    """To ask REST."""
    assert only(event(5, "account")) == AccountEvent(seq=5, change="")


def test_planned_maintenance_says_when_and_a_moment_that_makes_no_sense_is_unknown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With one debug line for each such moment."""
    caplog.set_level(logging.DEBUG)
    planned = event(5, "account", change="maintenance", starts_at="2026-11-21T18:00:00Z", ends_at=None)
    assert only(planned) == AccountEvent(seq=5, change="maintenance", starts_at=datetime(2026, 11, 21, 18, tzinfo=UTC))
    assert caplog.records == []
    nonsense = event(6, "account", change="maintenance", starts_at="soon", ends_at=7)
    assert only(nonsense) == AccountEvent(seq=6, change="maintenance")
    assert [record.levelname for record in caplog.records] == ["DEBUG", "DEBUG"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"type": 7}',
        '{"type": "hello"}',
        '{"type": "hello", "epoch": "e"}',
        '{"type": "hello", "epoch": null, "seq": 1}',
        '{"type": "heartbeat", "epoch": "e", "seq": 1.5}',
        '{"type": "heartbeat", "epoch": "e", "seq": -1}',
        '{"type": "heartbeat", "epoch": "e", "seq": 9007199254740992}',
        '{"type": "events", "events": {}}',
        '{"type": "events", "events": [7]}',
        '{"type": "events", "events": [{"seq": 1}]}',
        '{"type": "events", "events": [{"kind": "state"}]}',
    ],
)
def test_a_frame_that_makes_no_sense_is_an_unexpected_answer(text: str) -> None:
    """An event without a number, too: nothing can be said about it."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        decode_frame(text)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@examples(200)
@given(st.sampled_from([HELLO, HEARTBEAT, EVERY_KIND]).flatmap(mutated))
def test_a_frame_with_anything_in_it_is_read_or_refused(text: str) -> None:
    """Every number that is read is a place in the counter."""
    try:
        frame = decode_frame(text)
    except UnexpectedAnswerError:
        return
    match frame:
        case HelloFrame():
            assert 5 <= frame.heartbeat_s <= 300
            assert 0 <= frame.position.seq < 2**53
        case HeartbeatFrame():
            assert 0 <= frame.position.seq < 2**53
        case EventsFrame():
            assert all(0 <= one.seq < 2**53 for one in frame.events)


@examples(100)
@given(st.text() | anything.map(json.dumps))
def test_any_text_is_refused_or_ignored(text: str) -> None:
    """Nothing by chance is a frame."""
    with suppress(UnexpectedAnswerError):
        assert decode_frame(text) is None


@pytest.mark.parametrize("text", EXTREMES, ids=lambda text: repr(text[:12]))
def test_extremes_are_refused_like_any_nonsense(text: str) -> None:
    """Alone, as a number, and as an event."""
    for frame in (
        text,
        f'{{"type": "heartbeat", "epoch": "e", "seq": {text}}}',
        f'{{"type": "events", "events": [{{"seq": {text}, "kind": "state"}}]}}',
    ):
        with pytest.raises(UnexpectedAnswerError):
            decode_frame(frame)
