"""What snapshots and frames decode to, and what becomes of invalid and of newer ones (contract, "Growth")."""

import json

from hypothesis import given, strategies as st
import pytest

from custom_components.wesmart.cloud.decode import MAX_DEVICES, MAX_ENDPOINTS, MAX_HOMES, decode_snapshot
from custom_components.wesmart.cloud.errors import UnexpectedResponseError
from custom_components.wesmart.cloud.events import (
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
    InvalidEvent,
    StateEvent,
    TicketEvent,
    UnknownEvent,
    decode_frame,
)
from custom_components.wesmart.cloud.models import CurtainKind, LightEndpoint, LightMode, LightState, Snapshot
from tests.cloud.builders import (
    AT,
    Json,
    curtain,
    device,
    endpoint,
    event,
    events,
    home,
    homes,
    lamp,
    press,
    snapshot,
    state,
)
from tests.cloud.invalid_data import EXTREMES, anything, mutated

TICKET = {"id": "t", "category": "security", "message": "m", "status": "open", "created_at": AT}
EVENTS: tuple[tuple[Json, type[Event]], ...] = (
    (state(1, on=True), StateEvent),
    (event(2, "device", device=lamp()), DeviceEvent),
    (event(3, "device_removed", device_id="lamp"), DeviceRemovedEvent),
    (event(4, "home", home={"id": "home", "name": None, "rooms": [], "scenes": []}), HomeEvent),
    (event(5, "home_removed", home_id="home"), HomeRemovedEvent),
    (press(6), ButtonEvent),
    (event(7, "account"), AccountEvent),
    (event(8, "feedback", ticket=TICKET), TicketEvent),
)
FRAME: Json = {"type": "events", "events": [wire for wire, _ in EVENTS]}
HELLO: Json = {"type": "hello", "epoch": "e", "seq": 5, "at": AT, "resumed": True, "heartbeat_s": 20}
# As many as a device may have.
ENDPOINTS = [endpoint("switch", id_=str(number)) for number in range(32)]
SNAPSHOT: Json = {"epoch": "e", "seq": 5, "homes": [home(lamp(), curtain())]}


# Frames


@pytest.mark.parametrize(("wire", "kind"), EVENTS)
def test_each_kind_of_event_is_decoded(wire: Json, kind: type[Event]) -> None:
    """Into a class of its own."""
    (decoded,) = events(wire).events
    assert type(decoded) is kind
    assert decoded.seq == wire["seq"]


def test_a_frame_holds_its_events_in_order() -> None:
    """All of them."""
    assert [type(decoded) for decoded in events(*(wire for wire, _ in EVENTS)).events] == [kind for _, kind in EVENTS]


@pytest.mark.parametrize("kind", ["state", "device", "device_removed", "home", "home_removed"])
def test_an_invalid_event_that_changes_the_state_is_kept_as_such(kind: str) -> None:
    """Only a snapshot tells what it has changed. The other events of the frame count as they are."""
    before, invalid, after = events(state(1, on=True), event(2, kind, state=7), state(3, on=False)).events
    assert invalid == InvalidEvent(seq=2)
    assert (type(before), type(after)) == (StateEvent, StateEvent)


@pytest.mark.parametrize("kind", ["button", "account", "feedback", "novelty", "invalid", "unknown"])
def test_an_event_that_no_snapshot_repeats_is_skipped_if_it_is_invalid(kind: str) -> None:
    """And so is one of an unknown kind; both count in `seq`. An account event has nothing that could be invalid."""
    (decoded,) = events(event(2, kind, at=7)).events
    assert decoded.seq == 2
    assert isinstance(decoded, AccountEvent if kind == "account" else UnknownEvent)


@pytest.mark.parametrize(
    "wire", [{}, {"seq": 2}, {"kind": "state"}, {"seq": -1, "kind": "state"}, {"seq": 0.5, "kind": "state"}, 7]
)
def test_an_event_without_seq_and_kind_makes_its_frame_invalid(wire: object) -> None:
    """Nobody knows what is missing then; the next frame shows the gap."""
    with pytest.raises(UnexpectedResponseError):
        events(state(1), wire)


@pytest.mark.parametrize(
    ("wire", "seq"),
    [
        (state(5.0, on=True), 5),
        (event(5.0, "device", device=lamp() | {"endpoints": [endpoint("stove")]}), 5),
        (state(2**53 - 1, on=True), 2**53 - 1),
        (event(5.0, "novelty"), 5),
    ],
)
def test_whole_numbers_may_be_spelled_as_floats(wire: Json, seq: int) -> None:
    """And are integers here."""
    (decoded,) = events(wire).events
    assert (decoded.seq, type(decoded.seq)) == (seq, int)
    assert not isinstance(decoded, InvalidEvent)


def test_a_partial_state_tells_null_from_absent() -> None:
    """Null is unknown, absent is unchanged; fields from a newer server are dropped."""
    (decoded,) = events(state(1, on=None, brightness=5, aura="red")).events
    assert isinstance(decoded, StateEvent)
    assert decoded.state == {"on": None, "brightness": 5}


def test_hello_and_heartbeats_are_decoded() -> None:
    """What hello leaves out has a default."""
    assert decode_frame('{"type": "hello", "epoch": "e", "seq": 5.0}') == HelloFrame(epoch="e", seq=5)
    assert decode_frame('{"seq": 5, "epoch": "e", "type": "heartbeat", "load": 1}') == HeartbeatFrame(epoch="e", seq=5)


@pytest.mark.parametrize(
    "change",
    [{"heartbeat_s": 4}, {"heartbeat_s": 46}, {"epoch": None}, {"seq": "5"}, {"at": 7}, {"at": "2026-11-20T05:00:60Z"}],
)
def test_an_invalid_hello_is_refused(change: Json) -> None:
    """Nothing that follows could be trusted."""
    with pytest.raises(UnexpectedResponseError):
        decode_frame(json.dumps(HELLO | change))


def test_a_frame_of_an_unknown_type_is_none() -> None:
    """It is a sign of life."""
    assert decode_frame('{"type": "weather", "seq": []}') is None


# Snapshots


def test_a_snapshot_is_decoded() -> None:
    """With the defaults of what is left out."""
    decoded = snapshot(5.0, lamp(brightness=7.5))
    assert (decoded.epoch, decoded.seq, type(decoded.seq)) == ("e", 5, int)
    (light,) = decoded.homes[0].devices[0].endpoints
    assert isinstance(light, LightEndpoint)
    assert light.state == LightState(on=False, brightness=7.5)
    assert not decoded.homes[0].devices[0].identify


def test_an_endpoint_of_an_unknown_type_is_skipped() -> None:
    """The others of its device are shown."""
    decoded = snapshot(5, device("panel", endpoint("switch"), endpoint("stove", "2", state=7)))
    assert [endpoint.id for endpoint in decoded.homes[0].devices[0].endpoints] == ["1"]
    assert not decoded.invalid_devices


def test_unknown_values_of_an_enumeration_are_unknown() -> None:
    """What can be kept is kept by the state."""
    blind = endpoint("curtain", features={"kind": "pleated"})
    decoded = snapshot(5, lamp(mode="rainbow"), device("blind", blind))
    light, covering = (device.endpoints[0] for device in decoded.homes[0].devices)
    assert isinstance(light, LightEndpoint)
    assert light.state.mode is LightMode.UNKNOWN
    assert getattr(covering.features, "kind", None) is CurtainKind.UNKNOWN


@pytest.mark.parametrize(
    "invalid",
    [
        device("bad", endpoint("switch", state={"on": "maybe"})),
        device("bad", endpoint("light", state={"brightness": 0})),
        device("bad", endpoint("curtain", features=[])),
        device("bad", endpoint("switch", id_="")),
        device("bad", {"id": "1"}),
        device("bad", online=1),
        {"id": "bad"},
        {"id": "bad", "home_id": "home", "endpoints": [7]},
    ],
)
def test_a_value_of_a_wrong_type_invalidates_its_device_and_nothing_else(invalid: Json) -> None:
    """It exists, but is not shown anew."""
    decoded = snapshot(5, lamp(), invalid, curtain())
    assert [device.id for device in decoded.homes[0].devices] == ["lamp", "curtain"]
    assert decoded.invalid_devices == {"bad"}
    assert not decoded.invalid_homes


@pytest.mark.parametrize(
    "change",
    [
        {"rooms": [{}]},
        {"scenes": 0},
        {"name": 7},
        {"devices": 7},
        {"devices": [7]},
        # Any device of the home could be meant.
        {"devices": [{"online": 1}]},
        {"devices": [device("")]},
    ],
)
def test_an_invalid_home_leaves_the_others(change: Json) -> None:
    """It exists as well."""
    decoded = homes(5, home(lamp(), id="first", **change), home(curtain(), id="second"))
    assert [home.id for home in decoded.homes] == ["second"]
    assert decoded.invalid_homes == {"first"}


@pytest.mark.parametrize(
    "members",
    [
        {"seq": -1},
        {"seq": 2**53},
        {"seq": 0.5},
        {"epoch": 7},
        {"homes": {}},
        {"homes": [7]},
        {"homes": [{"name": "Nhà"}]},
    ],
)
def test_a_snapshot_of_which_nobody_knows_what_it_is_about_is_refused(members: Json) -> None:
    """Without a position, or with homes that have no ID: those known could seem to be gone."""
    with pytest.raises(UnexpectedResponseError):
        decode_snapshot(json.dumps(SNAPSHOT | members).encode())


@pytest.mark.parametrize(
    "too_large",
    [
        [home(*[device(str(number)) for number in range(MAX_DEVICES + 1)])],
        [home(*[device(str(number), online=1) for number in range(MAX_DEVICES + 1)])],
        [home(*[device(f"{part}{number}") for number in range(MAX_DEVICES // 2 + 1)], id=part) for part in "ab"],
        [home(*[device(str(number), *ENDPOINTS) for number in range(MAX_ENDPOINTS // 32 + 1)])],
        [home(id=str(number)) for number in range(MAX_HOMES + 1)],
    ],
    ids=["devices", "invalid devices", "devices of two homes", "endpoints", "homes"],
)
def test_a_snapshot_of_more_than_an_account_may_have_is_refused(too_large: list[Json]) -> None:
    """It would stop Home Assistant for too long (C-82)."""
    assert homes(5, *[home(id=str(number)) for number in range(MAX_HOMES)]).homes
    assert len(homes(5, home(*[device(str(number)) for number in range(MAX_DEVICES)])).homes[0].devices) == MAX_DEVICES
    with pytest.raises(UnexpectedResponseError):
        homes(5, *too_large)


@pytest.mark.parametrize(
    "too_large",
    [
        device("bad", *ENDPOINTS, endpoint("switch", id_="33")),
        device("bad", endpoint("light", features={"effects": ["x"] * 101})),
        device("bad", endpoint("button", features={"presses": ["single"] * 101})),
    ],
)
def test_a_device_of_more_than_it_may_have_is_invalid(too_large: Json) -> None:
    """It is not shown anew."""
    assert snapshot(5, lamp(), too_large).invalid_devices == {"bad"}
    assert not snapshot(5, device("good", *ENDPOINTS)).invalid_devices


@pytest.mark.parametrize("member", ["rooms", "scenes"])
def test_a_home_of_more_than_it_may_have_is_invalid(member: str) -> None:
    """The others are not."""
    named = [{"id": str(number)} for number in range(1001)]
    assert homes(5, home(lamp()), home(id="bad", **{member: named})).invalid_homes == {"bad"}


# Anything at all


@pytest.mark.parametrize("text", EXTREMES)
def test_extremes_are_refused(text: str) -> None:
    """With the client's own error, and without a word of what they held."""
    for decode in (decode_frame, lambda text: decode_snapshot(text.encode(errors="surrogatepass"))):
        with pytest.raises(UnexpectedResponseError) as caught:
            decode(text)
        assert len(str(caught.value)) < 100


def test_bytes_that_are_no_text_are_refused() -> None:
    """As the rest."""
    with pytest.raises(UnexpectedResponseError):
        decode_snapshot(b'{"epoch": "\xff", "seq": 1, "homes": []}')


@given(anything.map(json.dumps) | mutated(FRAME) | mutated(HELLO))
def test_any_text_is_a_frame_or_refused(text: str) -> None:
    """And an event that is no more what it was is invalid, unknown or of its kind: none is lost from between others."""
    try:
        frame = decode_frame(text)
    except UnexpectedResponseError:
        return
    if isinstance(frame, EventsFrame):
        wire = json.loads(text)["events"]
        assert [decoded.seq for decoded in frame.events] == [one["seq"] for one in wire]


@given(anything.map(json.dumps) | mutated(SNAPSHOT))
def test_any_text_is_a_snapshot_or_refused(text: str) -> None:
    """And what has an ID in it is decoded or said to be invalid."""
    try:
        decoded = decode_snapshot(text.encode(errors="surrogatepass"))
    except UnexpectedResponseError:
        return
    assert isinstance(decoded, Snapshot)
    shown = {device.id for home in decoded.homes for device in home.devices} | decoded.invalid_devices
    for wire in json.loads(text)["homes"]:
        if wire["id"] not in decoded.invalid_homes:
            assert {device["id"] for device in wire["devices"]} <= shown


@given(st.lists(st.sampled_from([wire for wire, _ in EVENTS]) | st.builds(event, st.integers(0, 9), st.text())))
def test_events_that_are_valid_decode_alike_beside_invalid_ones(wire: list[Json]) -> None:
    """All at once or one by one is only a matter of speed."""
    alone = events(*wire).events
    beside = events(*wire, event(9, "state")).events
    assert beside == (*alone, InvalidEvent(seq=9))
