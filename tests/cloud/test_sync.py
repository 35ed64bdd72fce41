"""Whatever is lost, doubled, late or out of order, the replica ends where the cloud is."""

from collections.abc import Iterable, Iterator
from itertools import count
import random

from hypothesis import given, strategies as st
import pytest

from custom_components.wesmart.cloud.models import NOWHERE, LightEndpoint, Position
from custom_components.wesmart.cloud.sync import PRESS_AGE_S, EpochChangedError, Sync
from custom_components.wesmart.cloud.wire_events import Event
from tests.cloud.builders import LAMP, Json, device, event, events, heartbeat, hello, lamp, snapshot, state
from tests.examples import examples


def synced(seq: int = 10, brightness: int = 1) -> Sync:
    """Return one that holds a snapshot and has an open, resumed stream."""
    sync = Sync()
    sync.load(snapshot(seq, lamp(brightness=brightness)))
    sync.receive(hello(seq, resumed=True))
    return sync


def brightness(sync: Sync) -> float | None:
    """Return what the lamp shows."""
    endpoint = sync.replica.endpoints[LAMP]
    assert isinstance(endpoint, LightEndpoint)
    return endpoint.state.brightness


def test_an_event_changes_one_endpoint_and_moves_the_position() -> None:
    """What changed is named, so that only that entity wakes."""
    sync = synced()
    changes, applied = sync.receive(events(state(11, brightness=40)))
    assert changes.endpoints == {LAMP}
    assert not changes.structure
    assert [one.seq for one in applied] == [11]
    assert brightness(sync) == 40
    assert sync.held == Position("e", 11)
    assert sync.wanted is None


def test_a_doubled_or_late_event_changes_nothing() -> None:
    """Its number has been seen."""
    sync = synced()
    sync.receive(events(state(11, brightness=40), state(12, brightness=50)))
    changes, applied = sync.receive(events(state(12, brightness=50), state(11, brightness=40)))
    assert (changes.endpoints, applied) == (set(), [])
    assert brightness(sync) == 50


def test_swapped_events_are_applied_in_order_without_a_snapshot() -> None:
    """The one that came too early waits for the other."""
    sync = synced()
    sync.receive(events(state(12, brightness=50)))
    assert (brightness(sync), sync.wanted) == (1, 11)
    sync.receive(events(state(11, brightness=40)))
    assert brightness(sync) == 50
    assert sync.held == Position("e", 12)


def test_a_gap_is_filled_by_a_snapshot_and_what_was_held_back_follows() -> None:
    """Nothing that came meanwhile is lost."""
    sync = synced()
    sync.receive(events(state(12, brightness=50), state(14, brightness=70)))
    assert sync.wanted == 11
    sync.load(snapshot(13, lamp(brightness=60)))
    assert brightness(sync) == 70
    assert sync.held == Position("e", 14)
    assert sync.wanted is None


def test_a_heartbeat_ahead_of_us_shows_a_loss() -> None:
    """Also when no event follows."""
    sync = synced()
    sync.receive(heartbeat(12))
    assert sync.wanted == 12
    sync.load(snapshot(12, lamp(brightness=80)))
    assert brightness(sync) == 80
    assert sync.wanted is None


def test_a_heartbeat_says_how_far_the_cloud_is_and_what_claims_to_be_beyond_it_is_forgotten() -> None:
    """Otherwise it would be asked for as long as the stream lives."""
    sync = synced()
    sync.receive(heartbeat(2**53 - 1))
    sync.receive(events(state(12, brightness=80), state(2**53 - 1, brightness=99)))
    sync.receive(heartbeat(12))
    assert sync.wanted == 12
    sync.receive(events(state(11, on=True)))
    assert brightness(sync) == 80
    assert sync.wanted is None


def test_a_heartbeat_behind_what_is_held_may_have_been_overtaken_by_a_poll_once_but_not_twice() -> None:
    """Else what the cloud numbers next would be taken for known: the stream has to say anew where it is."""
    sync = synced()
    sync.load(snapshot(12, lamp(brightness=80)))
    sync.receive(heartbeat(10))
    sync.receive(heartbeat(12))
    sync.receive(events(event(13, "rain"), event(14, "rain")))
    sync.receive(heartbeat(12))
    with pytest.raises(EpochChangedError):
        sync.receive(heartbeat(13))
    sync.disconnected()
    sync.receive(hello(13, resumed=False))
    sync.load(snapshot(13, lamp(brightness=50)))
    assert (brightness(sync), sync.wanted) == (50, None)
    sync.receive(heartbeat(13))


def test_a_snapshot_overtaken_by_events_never_turns_the_clock_back() -> None:
    """It was on its way while they arrived."""
    sync = synced()
    sync.receive(events(state(11, brightness=40)))
    changes, _ = sync.load(snapshot(10, lamp(brightness=1)))
    assert not changes.endpoints
    assert (brightness(sync), sync.held) == (40, Position("e", 11))


def test_a_stream_that_was_not_resumed_waits_for_a_snapshot_of_its_position() -> None:
    """Events build on hello's position; an older snapshot does not help."""
    sync = synced()
    sync.disconnected()
    sync.receive(hello(20, resumed=False))
    sync.receive(events(state(21, brightness=90)))
    assert (brightness(sync), sync.wanted, sync.held) == (1, 20, None)
    sync.load(snapshot(19, lamp(brightness=2)))
    assert brightness(sync) == 1
    sync.load(snapshot(20, lamp(brightness=3)))
    assert (brightness(sync), sync.wanted, sync.held) == (90, None, Position("e", 21))


def test_another_epoch_starts_over_even_with_a_lower_number() -> None:
    """Positions of different epochs do not compare."""
    sync = synced(seq=500)
    sync.disconnected()
    sync.receive(hello(3, resumed=False, epoch="new"))
    sync.load(snapshot(3, lamp(brightness=9), epoch="new"))
    sync.receive(events(state(4, brightness=10)))
    assert (brightness(sync), sync.held) == (10, Position("new", 4))


def test_an_epoch_that_changes_within_a_stream_ends_it() -> None:
    """By heartbeat, or by a snapshot that is ahead of the stream."""
    with pytest.raises(EpochChangedError):
        synced().receive(heartbeat(10, epoch="new"))
    with pytest.raises(EpochChangedError):
        synced().load(snapshot(10, lamp(), epoch="new"))


def test_polling_without_a_stream_takes_any_epoch() -> None:
    """The server that was restored is the one that answers."""
    sync = synced(seq=500)
    sync.disconnected()
    sync.load(snapshot(3, lamp(brightness=9), epoch="new"))
    assert (brightness(sync), sync.held) == (9, Position("new", 3))


def test_an_event_that_cannot_be_applied_asks_for_a_snapshot_and_stops_nothing() -> None:
    """It counts, the next one is applied, and the model is doubted until a snapshot has come."""
    sync = synced()
    sync.receive(events(event(11, "state", device_id="unknown", endpoint_id="1", state={}), state(12, brightness=30)))
    assert (brightness(sync), sync.wanted, sync.held) == (30, 11, None)
    sync.load(snapshot(12, lamp(brightness=30)))
    assert (sync.wanted, sync.held) == (None, Position("e", 12))


def test_an_unknown_kind_counts() -> None:
    """The next event is not a gap."""
    sync = synced()
    sync.receive(events(event(11, "thermostat", anything=[1]), state(12, brightness=30)))
    assert brightness(sync) == 30
    assert sync.wanted is None


def test_nothing_is_claimed_to_be_held_before_the_first_snapshot() -> None:
    """A conditional request would prove nothing."""
    assert Sync().held is None
    assert Sync().replica.position == NOWHERE


def test_a_stream_that_ends_leaves_a_doubt() -> None:
    """Reconnecting behind an event that could not be applied does not bring it back."""
    sync = synced()
    sync.receive(events(event(11, "device_removed")))
    sync.disconnected()
    assert (sync.wanted, sync.held) == (11, None)
    sync.load(snapshot(11, lamp(brightness=5)))
    assert (sync.wanted, sync.held) == (None, Position("e", 11))


def test_a_gap_before_very_many_events_is_filled_by_the_snapshot_alone() -> None:
    """Memory is not for waiting."""
    sync = synced()
    sync.receive(events(*(state(seq, brightness=9) for seq in range(12, 10_014))))
    assert sync.wanted == 10_013
    sync.load(snapshot(10_012, lamp(brightness=7)))
    assert brightness(sync) == 7
    assert sync.wanted == 10_013
    sync.receive(events(state(10_013, brightness=8)))
    assert brightness(sync) == 8
    assert sync.wanted is None


class Wire:
    """A cloud's own truth, and a link that loses, doubles, delays and swaps."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.seq = 10
        self.value = 1
        self.values: Iterator[int] = (1 + number % 100 for number in count())

    def change(self) -> dict[str, object]:
        """Change the lamp; return the event."""
        self.seq += 1
        self.value = next(self.values)
        return dict(state(self.seq, brightness=self.value))

    def link(self, sent: list[dict[str, object]]) -> list[dict[str, object]]:
        """Return what arrives of what was sent."""
        arrived = [one for one in sent if self.rng.random() > 0.2]
        arrived += [one for one in arrived if self.rng.random() < 0.2]
        if self.rng.random() < 0.5:
            self.rng.shuffle(arrived)
        return arrived


@examples(300)
@given(st.integers(min_value=0, max_value=2**32))
def test_after_quiet_the_replica_equals_the_cloud_and_never_stepped_back(seed: int) -> None:
    """Over any schedule of losses, doubles, swaps and snapshots that are old when they arrive."""
    rng = random.Random(seed)
    wire, sync = Wire(rng), synced()
    overtaken = snapshot(wire.seq, lamp(brightness=wire.value))
    position = sync.replica.position.seq
    for _ in range(rng.randrange(1, 30)):
        match rng.randrange(4):
            case 0 | 1:
                sync.receive(events(*wire.link([wire.change() for _ in range(rng.randrange(1, 5))])))
            case 2:
                overtaken = snapshot(wire.seq, lamp(brightness=wire.value))
            case 3:
                sync.load(overtaken)
        assert sync.replica.position.seq >= position
        position = sync.replica.position.seq
    sync.receive(heartbeat(wire.seq))
    if sync.wanted is not None:
        sync.load(snapshot(wire.seq, lamp(brightness=wire.value)))
    assert (sync.wanted, sync.held, brightness(sync)) == (None, Position("e", wire.seq), wire.value)


def test_when_other_homes_are_wanted_the_next_snapshot_is_asked_for_whole() -> None:
    """Although what is held is right."""
    refused = {"home"}
    sync = Sync(lambda home_id: home_id not in refused)
    sync.load(snapshot(10, lamp()))
    assert (sync.held, sync.replica.devices) == (Position("e", 10), {})
    refused.clear()
    sync.want_whole()
    assert (sync.held, sync.wanted) == (None, None)
    changes, _ = sync.load(snapshot(10, lamp()))
    assert (changes.devices, sync.held) == ({"lamp"}, Position("e", 10))


PANEL = device("keys", [{"id": "1", "type": "button", "features": {"presses": ["single"]}}])


def press(seq: int) -> Json:
    """Return the event of a press."""
    return event(seq, "button", device_id="keys", endpoint_id="1", press="single")


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


def told(applied: Iterable[Event]) -> list[int]:
    """Return the numbers of events."""
    return [one.seq for one in applied]


@pytest.mark.parametrize("order", [[11, 12], [12, 11]])
def test_a_press_that_a_snapshot_has_overtaken_is_told_once(order: list[int]) -> None:
    """A snapshot shows no presses."""
    sync = synced(10)
    sync.load(snapshot(12, lamp(), PANEL))
    assert [told(sync.receive(events(press(seq)))[1]) for seq in order] == [[order[0]], [order[1]]]
    assert told(sync.receive(events(press(11), press(12)))[1]) == []
    assert sync.replica.seq == 12


def test_a_press_behind_a_gap_is_told_once_wherever_it_was_when_the_snapshot_came() -> None:
    """Held back, or still on its way."""
    sync = synced(10)
    sync.receive(events(press(12)))
    _, applied = sync.load(snapshot(13, lamp(), PANEL))
    assert told(applied) == [12]
    assert told(sync.receive(events(press(12), press(13)))[1]) == [13]
    assert told(sync.receive(events(press(11), state(12)))[1]) == [11]


@pytest.mark.parametrize(("after_s", "expected"), [(PRESS_AGE_S - 1, [11, 12]), (PRESS_AGE_S + 1, [11])])
@pytest.mark.parametrize("by", ["event", "snapshot"])
def test_a_press_that_was_held_back_for_long_is_history(by: str, after_s: float, expected: list[int]) -> None:
    """What it was meant to start would be a surprise by now; a gap may be filled late."""
    clock = Clock()
    sync = Sync(clock=clock)
    sync.load(snapshot(10, lamp(), PANEL))
    sync.receive(hello(10, resumed=True))
    sync.receive(events(press(12)))
    clock.now = after_s
    if by == "event":
        _, applied = sync.receive(events(press(11)))
        assert told(applied) == expected
    else:
        _, applied = sync.load(snapshot(12, lamp(), PANEL))
        assert told(applied) == expected[1:]
    assert sync.replica.seq == 12


def test_a_stream_that_was_down_for_a_moment_begins_behind_what_it_has_told() -> None:
    """Polling has covered what was pressed meanwhile; after a long outage it would be history."""
    sync = synced(10)
    sync.disconnected()
    sync.load(snapshot(13, lamp(), PANEL))
    assert sync.resume(recent=True) == Position("e", 10)
    sync.receive(hello(14, resumed=True))
    _, applied = sync.receive(events(state(11), press(12), state(13), state(14, brightness=9)))
    assert told(applied) == [12, 14]
    assert sync.resume(recent=True) == Position("e", 14)
    sync.disconnected()
    sync.load(snapshot(20, lamp(), PANEL))
    assert sync.resume(recent=False) == Position("e", 20)
    assert sync.resume(recent=True) == Position("e", 20)


def test_what_was_not_told_is_forgotten_when_it_is_too_much_or_of_another_epoch() -> None:
    """Nobody asks for it any more."""
    sync = synced(10)
    sync.load(snapshot(10_011, lamp(), PANEL))
    assert sync.resume(recent=True) == Position("e", 10_011)
    sync.load(snapshot(10_013, lamp(), PANEL))
    sync.disconnected()
    sync.load(snapshot(10_014, lamp(), PANEL, epoch="new"))
    assert sync.resume(recent=True) == Position("new", 10_014)


def test_a_stream_that_was_not_resumed_needs_no_snapshot_where_polling_was_faster() -> None:
    """What it sends follows on what is held already; an older snapshot must not turn the clock back."""
    sync = Sync()
    sync.load(snapshot(9, lamp(brightness=9)))
    sync.receive(hello(7, resumed=False))
    assert (sync.wanted, sync.current) == (None, True)
    sync.load(snapshot(8, lamp(brightness=8)))
    assert (brightness(sync), sync.replica.seq) == (9, 9)
    sync.receive(events(state(8, brightness=8), state(9, brightness=9), state(10, brightness=10)))
    assert (brightness(sync), sync.replica.seq) == (10, 10)


def test_it_is_current_when_it_holds_all_that_the_stream_has_told_of() -> None:
    """And not behind a gap, before the snapshot of a stream that was not resumed, or behind a heartbeat."""
    sync = synced(10)
    current = [sync.current]
    for frame in (heartbeat(11), events(state(11)), events(state(13))):
        sync.receive(frame)
        current.append(sync.current)
    sync.load(snapshot(13, lamp()))
    current.append(sync.current)
    sync.disconnected()
    sync.receive(hello(15, resumed=False))
    current.append(sync.current)
    sync.load(snapshot(15, lamp()))
    assert [*current, sync.current] == [True, False, True, False, True, False, True]


def test_a_state_of_which_nothing_makes_sense_touches_nothing() -> None:
    """It counts."""
    sync = synced(10)
    changes, applied = sync.receive(events(state(11, on="banana")))
    assert (changes.endpoints, told(applied), sync.wanted) == (set(), [11], None)
