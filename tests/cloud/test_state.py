"""What a snapshot, an event and a command's result do to the state of the homes, in whatever order."""

from hypothesis import given, strategies as st
import msgspec
import pytest

from custom_components.wesmart.cloud.events import ButtonEvent, Frame
from custom_components.wesmart.cloud.models import EndpointKey, LightState, Patch
from custom_components.wesmart.cloud.state import Changes, HomeState
from tests.cloud.builders import (
    BUTTON,
    CURTAIN,
    GANGS,
    LAMP,
    Json,
    button,
    curtain,
    device,
    endpoint,
    event,
    events,
    heartbeat,
    hello,
    home,
    homes,
    lamp,
    light,
    press,
    snapshot,
    state,
)

# The two positions


def test_a_snapshot_moves_the_state_and_not_the_stream(home_state: HomeState) -> None:
    """So the next stream resumes where the last one was, and brings what it has not told."""
    home_state.load(snapshot(9, lamp()))
    assert (home_state.state_seq, home_state.stream_seq) == (9, 5)


def test_a_press_overtaken_by_a_snapshot_is_told_once(home_state: HomeState) -> None:
    """The snapshot says nothing about it."""
    home_state.load(snapshot(9, lamp(), button()))
    told = [home_state.apply(events(state(6, on=True), press(7)), 0).events for _ in range(2)]
    assert [len(events) for events in told] == [1, 0]
    assert not light(home_state).on


def test_events_that_a_snapshot_has_overtaken_change_nothing(home_state: HomeState) -> None:
    """No event that is not newer than the state does, of whatever kind."""
    home_state.load(snapshot(9, lamp(), curtain(), button()))
    overtaken = (
        state(6, on=True),
        event(7, "device_removed", device_id="lamp"),
        event(8, "home_removed", home_id="home"),
        event(9, "state", device_id="stranger", endpoint_id="1", state={}),
    )
    assert home_state.apply(events(*overtaken), 0) == Changes()
    assert not home_state.dirty


def test_an_older_snapshot_of_the_epoch_changes_nothing(home_state: HomeState) -> None:
    """Nor is the state right again through it."""
    home_state.apply(events(state(6, on=True), event(7, "home", home=1)), 0)
    assert home_state.load(snapshot(6, epoch="e")) == Changes()
    assert (home_state.state_seq, home_state.dirty, light(home_state).on) == (7, True, True)


def test_a_snapshot_of_another_epoch_replaces_all(home_state: HomeState) -> None:
    """Positions of different epochs do not compare."""
    home_state.apply_result("e", LAMP, 900, {"on": True})
    changes = home_state.load(snapshot(2, lamp(brightness=7), epoch="f"))
    assert (home_state.epoch, home_state.state_seq, home_state.stream_seq) == ("f", 2, 2)
    assert light(home_state) == LightState(on=False, brightness=7)
    assert changes == Changes(endpoints={LAMP, CURTAIN, BUTTON}, devices={"curtain", "button"}, missed_events=True)


@pytest.mark.parametrize(
    ("frame", "needed"),
    [
        (events(state(6)), None),
        (events(state(6), state(7)), None),
        (events(state(5)), None),
        (events(state(7)), 6),
        (events(state(6), state(9), state(12)), 11),
        (events(state(6), state(6), state(7)), None),
        (events(), None),
        (heartbeat(5), None),
        (heartbeat(6), 6),
        (hello(5), None),
        (hello(9), 9),
        (hello(9, resumed=True), None),
        (hello(3, epoch="f"), 3),
        (hello(3, epoch="f", resumed=True), 3),
    ],
)
def test_what_is_missing_before_a_frame(home_state: HomeState, frame: Frame, needed: int | None) -> None:
    """A snapshot must be at least as new."""
    assert home_state.needed_seq(frame) == needed


@pytest.mark.parametrize(
    ("frame", "is_missed"),
    [
        (events(state(6), state(6), state(7)), False),
        (events(state(7)), True),
        (events(state(6), state(8), state(9)), True),
        (heartbeat(5), False),
        (heartbeat(6), True),
        (hello(5, resumed=True), False),
        (hello(5), True),
    ],
)
def test_whether_the_stream_has_missed_something(home_state: HomeState, frame: Frame, is_missed: bool) -> None:
    """Also if a snapshot has what it changed: a hint may have been among it."""
    home_state.load(snapshot(9, lamp()))
    assert home_state.apply(frame, 0).missed_events is is_missed


def test_a_doubled_event_is_not_the_end_of_its_frame(home_state: HomeState) -> None:
    """The others are applied."""
    home_state.apply(events(state(6, hue=1), state(5, on=False), state(6, on=False), state(7, on=True)), 0)
    assert light(home_state) == LightState(on=True, brightness=10, hue=1)


@pytest.mark.parametrize("frame", [events(state(7)), heartbeat(7), hello(7)])
def test_nothing_is_missing_once_a_snapshot_is_as_new(home_state: HomeState, frame: Frame) -> None:
    """Whether the stream or a poll has asked for it."""
    home_state.load(snapshot(7, lamp()))
    assert home_state.needed_seq(frame) is None


def test_the_stream_continues_where_hello_says(home_state: HomeState) -> None:
    """After the requested position if it is resumed, else after hello's own."""
    home_state.load(snapshot(9, lamp()))
    home_state.apply(hello(9, resumed=True), 0)
    assert home_state.stream_seq == 5
    home_state.apply(hello(8), 0)
    assert home_state.stream_seq == 8
    home_state.apply(heartbeat(7), 0)
    assert home_state.stream_seq == 8
    home_state.apply(heartbeat(9), 0)
    assert home_state.stream_seq == 9


# The seq of each endpoint


@pytest.mark.parametrize(
    ("seq", "epoch", "key", "applies"),
    [
        (6, "e", LAMP, True),
        (5, "e", LAMP, False),
        (6, "f", LAMP, False),
        (6, "e", BUTTON, False),
        (6, "e", GANGS[0], False),
    ],
)
def test_results_that_are_applied(home_state: HomeState, seq: int, epoch: str, key: EndpointKey, applies: bool) -> None:
    """Of the epoch, of a known endpoint with a state, and newer than that state."""
    changes = home_state.apply_result(epoch, key, seq, {"on": True})
    assert changes == (Changes(endpoints={LAMP}) if applies else Changes())
    assert light(home_state) == (LightState(on=True) if applies else LightState(on=False, brightness=10))
    assert home_state.state_seq == 5


def test_a_result_is_not_overtaken_by_what_is_older(home_state: HomeState) -> None:
    """Neither by an event, nor by a snapshot, nor by the description of the device."""
    home_state.apply_result("e", LAMP, 9, {"on": True, "brightness": 90})
    home_state.apply(events(state(6, on=False), event(7, "device", device=lamp(brightness=7))), 0)
    home_state.load(snapshot(8, lamp(brightness=8)))
    assert light(home_state) == LightState(on=True, brightness=90)
    home_state.apply(events(state(8), state(9, on=False), state(10, brightness=91)), 0)
    assert light(home_state) == LightState(on=True, brightness=91)


@given(st.data())
def test_in_whatever_order_they_arrive_the_newest_counts(data: st.DataObject) -> None:
    """Events in their order; snapshots and results whenever they like, doubled, or not at all."""
    on, brightness = st.booleans(), st.integers(1, 100)
    either = st.builds(Patch, on=on) | st.builds(Patch, brightness=brightness)
    patches = data.draw(st.lists(either | st.builds(Patch, on=on, brightness=brightness), min_size=1))
    truth: list[Patch] = [{"on": False, "brightness": 1}]
    for patch in patches:
        truth.append({**truth[-1], **patch})
    home_state = HomeState()
    home_state.load(snapshot(0, lamp(**truth[0])))
    shown, told = 0, 0
    seqs = st.integers(0, len(patches))
    for kind, seq in data.draw(st.lists(st.tuples(st.sampled_from(["event", "snapshot", "result"]), seqs))):
        match kind:
            case "event" if told < len(patches):
                told += 1
                home_state.apply(events(state(told, LAMP, **patches[told - 1])), 0)
                shown = max(shown, told)
            case "snapshot":
                home_state.load(snapshot(seq, lamp(**truth[seq])))
                shown = max(shown, seq) if seq >= home_state.state_seq else shown
            case "result":
                home_state.apply_result("e", LAMP, seq, truth[seq])
                shown = max(shown, seq)
        assert msgspec.structs.asdict(light(home_state)).items() >= truth[shown].items()
        assert home_state.state_seq <= shown


# Presses


@pytest.mark.parametrize(
    ("at", "now", "is_told"),
    [
        ("2026-11-20T05:00:00Z", 110, True),
        ("2026-11-20T05:00:00Z", 110.1, False),
        ("2026-11-20T04:59:50Z", 100, True),
        ("2026-11-20T04:59:49Z", 100, False),
        ("2026-11-20T11:59:55+07:00", 105, True),
        ("2026-11-20T06:00:00Z", 3700, True),
        (None, 9999, True),
    ],
)
def test_presses_are_told_for_ten_seconds(home_state: HomeState, at: str | None, now: float, is_told: bool) -> None:
    """By the server's clock, which hello gave, and by the time since: ours may be wrong."""
    home_state.apply(hello(5), 100)
    wire = event(6, "button", device_id="button", endpoint_id="1", press="press_end") | {"at": at}
    changes = home_state.apply(events(wire), now)
    assert [(told.key, told.seq) for told in changes.events if isinstance(told, ButtonEvent)] == [(BUTTON, 6)] * is_told
    assert home_state.state_seq == 6


def test_tickets_and_hints_do_not_age(home_state: HomeState) -> None:
    """They are told whenever they come, once."""
    ticket = {"id": "t", "category": "security", "message": "m", "status": "open", "created_at": "2026-11-20T05:00:00Z"}
    frame = events(event(6, "feedback", ticket=ticket), event(7, "account"))
    home_state.apply(hello(5), 0)
    assert [type(told).__name__ for told in home_state.apply(frame, 9999).events] == ["TicketEvent", "AccountEvent"]
    assert home_state.apply(frame, 9999) == Changes()


# What cannot be applied


@pytest.mark.parametrize(
    ("wire", "is_dirty"),
    [
        (event(6, "state", device_id="stranger", endpoint_id="1", state={"on": True}), True),
        (event(6, "device", device=device("stranger", home_id="nowhere")), True),
        (event(6, "state", device_id="lamp", endpoint_id="1", state={"on": "maybe"}), True),
        (event(6, "home", home={"id": 7}), True),
        (event(6, "state", device_id="lamp", endpoint_id="99", state={"on": True}), False),
        (event(6, "state", device_id="broken", endpoint_id="1", state={"on": True}), False),
        (event(6, "state", device_id="away", endpoint_id="1", state={"on": True}), False),
        (event(6, "state", device_id="button", endpoint_id="1", state={"on": True}), False),
        (event(6, "button", device_id="stranger", endpoint_id="1", press=7), False),
        (event(6, "novelty", anything={}), False),
    ],
)
def test_which_events_only_a_snapshot_can_make_right(wire: Json, is_dirty: bool) -> None:
    """Not those of an endpoint of an unknown type, of an invalid device or of an excluded home."""
    home_state = HomeState(lambda home_id: home_id == "home")
    away = home(device("away", endpoint("switch")), id="away")
    home_state.load(homes(5, home(lamp(), button(), device("broken", online="perhaps")), away))
    home_state.apply(events(wire), 0)
    assert (home_state.dirty, home_state.state_seq) == (is_dirty, 6)
    home_state.load(snapshot(6, lamp()))
    assert not home_state.dirty


def test_what_is_invalid_in_a_snapshot_stays_as_it_was(home_state: HomeState) -> None:
    """It exists; only nobody knows how it is."""
    home_state.load(homes(6, home(device("lamp", online=0), button())))
    assert home_state.devices.keys() == {"lamp", "button"}
    home_state.apply(events(state(7, on=True)), 0)
    assert light(home_state).on
    home_state.load(homes(8, home(rooms=0)))
    assert home_state.devices.keys() == {"lamp", "button"}
    home_state.load(homes(9))
    assert not home_state.devices
    assert not home_state.endpoints
    assert not home_state.homes
