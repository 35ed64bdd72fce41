"""What a snapshot or an event does to the home as it is held, and what it says to look at again."""

import json

from hypothesis import given
import pytest

from custom_components.wesmart.cloud.errors import UnexpectedAnswerError
from custom_components.wesmart.cloud.models import (
    NOWHERE,
    CurtainEndpoint,
    EndpointKey,
    LightEndpoint,
    LightMode,
    Motion,
    Position,
)
from custom_components.wesmart.cloud.replica import CannotApplyError, Changes, Replica
from custom_components.wesmart.cloud.wire_events import Event
from custom_components.wesmart.cloud.wire_home import Snapshot, decode_snapshot
from tests.cloud.builders import CURTAIN, LAMP, Json, curtain, device, event, events, lamp, snapshot, state
from tests.cloud.nonsense import mutated
from tests.examples import examples

PANEL = EndpointKey("panel", "1")


def panel(*gangs: str, **fields: object) -> Json:
    """Return a wall panel with these gangs."""
    return device("panel", [{"id": gang, "type": "switch", "state": {"on": False}} for gang in gangs], **fields)


def loaded(*devices: Json) -> Replica:
    """Return a replica of a home with these devices, at 10."""
    replica = Replica()
    replica.load(snapshot(10, *devices))
    return replica


def apply(replica: Replica, wire: Json) -> Changes:
    """Apply one event."""
    (one,) = events(wire).events
    changes = Changes()
    replica.apply(one, changes)
    return changes


def home(*rooms: str) -> dict[str, object]:
    """Return the home `home` without its devices."""
    return {"id": "home", "name": "Nhà", "rooms": [{"id": room, "name": room} for room in rooms], "scenes": []}


def snapshot_of(*homes: Json) -> Snapshot:
    """Return a snapshot of these homes."""
    return decode_snapshot(json.dumps({"epoch": "e", "seq": 20, "homes": homes}).encode())


def test_a_replica_begins_nowhere_and_empty() -> None:
    """Before its first snapshot."""
    replica = Replica()
    assert (replica.position, replica.homes, replica.devices, replica.endpoints) == (NOWHERE, {}, {}, {})


def test_the_first_snapshot_is_all_new() -> None:
    """Everything is to be looked at."""
    replica = Replica()
    changes = replica.load(snapshot(10, lamp(), curtain()))
    assert changes == Changes({LAMP, CURTAIN}, {"lamp", "curtain"}, homes=True)
    assert replica.position == Position("e", 10)


def test_the_same_snapshot_again_changes_nothing() -> None:
    """No entity wakes for a poll that found nothing new."""
    assert loaded(lamp(), curtain()).load(snapshot(11, lamp(), curtain())) == Changes()


def test_a_snapshot_names_just_the_endpoints_that_differ() -> None:
    """Their neighbours sleep on."""
    changes = loaded(lamp(), curtain()).load(snapshot(11, lamp(on=True), curtain()))
    assert changes == Changes({LAMP})


def test_a_snapshot_without_a_device_removes_it_with_its_endpoints() -> None:
    """What is not in it is gone."""
    replica = loaded(lamp(), curtain())
    assert replica.load(snapshot(11, curtain())) == Changes({LAMP}, {"lamp"})
    assert set(replica.devices) == {"curtain"}
    assert set(replica.endpoints) == {CURTAIN}


def test_a_value_from_the_future_leaves_what_was_known_also_where_all_is_told() -> None:
    """A snapshot and a description of a device are no reason to forget in which way a lamp shines, or a curtain moves."""
    replica = loaded(lamp(mode="white"), curtain(motion="opening"))
    disco, wobbling = lamp(mode="disco", brightness=7), curtain(motion="wobbling", position=3)
    assert replica.load(snapshot(11, disco, wobbling)).endpoints == {LAMP, CURTAIN}
    assert not replica.load(snapshot(12, disco, wobbling)).endpoints
    apply(replica, event(13, "device", device=disco))
    light, rail = replica.endpoints[LAMP], replica.endpoints[CURTAIN]
    assert isinstance(light, LightEndpoint)
    assert isinstance(rail, CurtainEndpoint)
    assert (light.state.mode, light.state.brightness) == (LightMode.WHITE, 7)
    assert (rail.state.motion, rail.state.position) == (Motion.OPENING, 3)


def test_a_value_from_the_future_of_what_is_new_is_unknown() -> None:
    """Nothing was known before."""
    replica = loaded(lamp(mode="disco"), curtain(motion="wobbling"))
    light, rail = replica.endpoints[LAMP], replica.endpoints[CURTAIN]
    assert isinstance(light, LightEndpoint)
    assert isinstance(rail, CurtainEndpoint)
    assert (light.state.mode, rail.state.motion) == (None, None)


def test_a_snapshot_with_another_name_of_the_home_changes_names_only() -> None:
    """No device is described differently."""
    renamed = snapshot_of({"id": "home", "name": "Mới", "devices": [lamp()]})
    assert loaded(lamp()).load(renamed) == Changes(homes=True)


def test_a_snapshot_without_a_home_removes_it_with_its_devices() -> None:
    """Except for those that have moved."""
    replica = loaded(lamp(), curtain())
    moved = {"id": "second", "devices": [{**curtain(), "home_id": "second"}]}
    assert replica.load(snapshot_of(moved)) == Changes({LAMP, CURTAIN}, {"lamp", "curtain"}, homes=True)
    assert (set(replica.homes), set(replica.devices)) == ({"second"}, {"curtain"})


def test_a_device_that_cannot_be_read_keeps_its_last_version() -> None:
    """It is there, whatever it is now; what is not there is gone."""
    replica = loaded(lamp(on=True), curtain(), panel("1"))
    before = (replica.devices["lamp"], replica.endpoints[LAMP])
    changes = replica.load(snapshot(11, {"id": "lamp", "home_id": "home", "endpoints": 7}, curtain(), {"id": "new"}))
    assert changes == Changes({PANEL}, {"panel"})
    assert (replica.devices["lamp"], replica.endpoints[LAMP]) == before
    assert set(replica.devices) == {"lamp", "curtain"}


def test_an_endpoint_that_cannot_be_read_keeps_its_last_version() -> None:
    """Its device, its place among the others and its state."""
    replica = loaded(panel("1", "2", "3"))
    gangs: list[Json] = [
        {"id": "1", "type": 7},
        {"id": "3", "type": "switch", "state": {"on": True}},
        {"id": "new", "type": None},
    ]
    before = replica.endpoints[PANEL]
    changes = replica.load(snapshot(11, device("panel", gangs)))
    assert replica.devices["panel"].endpoint_ids == ("1", "3")
    assert (replica.endpoints[PANEL], len(replica.endpoints)) == (before, 2)
    assert EndpointKey("panel", "2") in changes.endpoints
    assert replica.load(snapshot(12, device("panel", gangs))) == Changes()
    assert replica.load(snapshot(13, device("panel", gangs[1:]))).endpoints >= {PANEL}
    assert set(replica.endpoints) == {EndpointKey("panel", "3")}


def test_a_home_that_cannot_be_read_keeps_its_last_version_with_all_in_it() -> None:
    """The other one goes on."""
    replica = Replica()
    second = {"id": "second", "name": "Hai", "devices": [{**curtain(), "home_id": "second"}]}
    replica.load(snapshot_of({"id": "home", "name": "Nhà", "devices": [lamp()]}, second))
    broken: Json = {"id": "second", "name": "Hai", "devices": "many"}
    assert replica.load(snapshot_of({"id": "home", "name": "Nhà", "devices": []}, broken)) == Changes({LAMP}, {"lamp"})
    assert (set(replica.homes), set(replica.devices), set(replica.endpoints)) == (
        {"home", "second"},
        {"curtain"},
        {CURTAIN},
    )


def test_a_state_event_changes_its_fields_and_wakes_its_endpoint_alone() -> None:
    """The counter moves on."""
    replica = loaded(lamp(), curtain())
    assert apply(replica, state(11, CURTAIN, position=30)) == Changes({CURTAIN})
    rail = replica.endpoints[CURTAIN]
    assert isinstance(rail, CurtainEndpoint)
    assert (rail.state.position, rail.state.motion) == (30, "stopped")
    assert replica.position == Position("e", 11)


@pytest.mark.parametrize(
    "wire",
    [
        state(11, EndpointKey("unknown", "1"), on=True),
        {**state(11), "state": 7},
        event(11, "device", device=lamp() | {"home_id": "elsewhere"}),  # type: ignore[operator]  # it is a dict
        event(11, "device", device={"id": "lamp"}),
        event(11, "device", device=lamp(brightness=400)),
        event(11, "home", home={"id": "home", "name": "Nhà", "rooms": [{"name": "Bếp"}]}),
        event(11, "device_removed"),
    ],
)
def test_an_event_that_does_not_fit_asks_for_a_snapshot_and_counts(wire: Json) -> None:
    """Nothing else of it is believed."""
    replica = loaded(lamp(), curtain())
    before = (dict(replica.devices), dict(replica.endpoints))
    with pytest.raises(CannotApplyError):
        apply(replica, wire)
    assert (replica.devices, replica.endpoints) == before
    assert replica.position == Position("e", 11)


def test_a_state_is_applied_without_the_fields_that_make_no_sense() -> None:
    """No snapshot would know them better."""
    replica = loaded(lamp(brightness=40))
    assert apply(replica, state(11, on=True, brightness=400)) == Changes({LAMP})
    light = replica.endpoints[LAMP]
    assert isinstance(light, LightEndpoint)
    assert (light.state.on, light.state.brightness) == (True, 40)


def test_a_state_of_an_endpoint_that_was_left_out_has_nowhere_to_show() -> None:
    """It was of a type from the future, or made no sense: no snapshot would help."""
    assert apply(loaded(lamp()), state(11, EndpointKey("lamp", "tinh-dau"), scent="quế")) == Changes()


def test_a_device_event_replaces_what_was_known() -> None:
    """Also what it does not name any more."""
    replica = loaded(panel("1", "2", name="Bếp"))
    changes = apply(replica, event(11, "device", device=panel("1", "3", name="Bếp")))
    assert changes == Changes({EndpointKey("panel", gang) for gang in "123"}, {"panel"})
    assert set(replica.endpoints) == {PANEL, EndpointKey("panel", "3")}


def test_a_device_that_goes_offline_wakes_all_its_endpoints_and_no_registry() -> None:
    """They become unavailable; neither a registry nor another device has to know."""
    replica = loaded(panel("1", "2"), lamp())
    changes = apply(replica, event(11, "device", device=panel("1", "2", online=False)))
    assert changes == Changes({PANEL, EndpointKey("panel", "2")})


def test_a_renamed_device_is_described_differently_and_no_other_is() -> None:
    """The device registry shows its name, and its entities may be named after it."""
    replica = loaded(panel("1"), lamp())
    assert apply(replica, event(11, "device", device=panel("1", name="Khác"))) == Changes({PANEL}, {"panel"})


def test_a_device_with_an_endpoint_that_becomes_another_thing_is_described_differently() -> None:
    """A switch that is a light now, or is called something else."""
    changed = device("panel", [{"id": "1", "type": "light", "state": {"on": False}}])
    assert apply(loaded(panel("1")), event(11, "device", device=changed)) == Changes({PANEL}, {"panel"})
    named = device("panel", [{"id": "1", "type": "switch", "name": "Quạt", "state": {"on": False}}])
    assert apply(loaded(panel("1")), event(11, "device", device=named)) == Changes({PANEL}, {"panel"})


def test_a_device_event_with_another_state_is_a_change_of_that_state_only() -> None:
    """Its other endpoints sleep on."""
    replica = loaded(panel("1", "2"))
    other = device("panel", [{"id": "1", "type": "switch", "state": {"on": True}}, panel("2")["endpoints"][0]])  # type: ignore[index]  # a list
    assert apply(replica, event(11, "device", device=other)) == Changes({PANEL})


def test_a_removed_device_takes_its_endpoints_along() -> None:
    """Once: a second time there is nothing to do."""
    replica = loaded(lamp(), panel("1", "2"))
    gone = {PANEL, EndpointKey("panel", "2")}
    assert apply(replica, event(11, "device_removed", device_id="panel")) == Changes(gone, {"panel"})
    assert set(replica.endpoints) == {LAMP}
    assert apply(replica, event(12, "device_removed", device_id="panel")) == Changes()


def test_a_home_event_brings_rooms_and_leaves_the_devices() -> None:
    """A home comes before its devices, too."""
    replica = loaded(lamp())
    assert apply(replica, event(11, "home", home=home("bep"))) == Changes({LAMP}, {"lamp"}, homes=True)
    assert [room.id for room in replica.homes["home"].rooms] == ["bep"]
    assert set(replica.devices) == {"lamp"}
    apply(replica, event(12, "home", home=home("bep") | {"id": "second"}))
    apply(replica, event(13, "device", device=device("d", [], home_id="second")))
    assert replica.devices["d"].home_id == "second"


def test_a_home_event_that_says_what_is_known_changes_nothing() -> None:
    """Nor do scenes touch a device or the name of an area."""
    replica = loaded(lamp())
    assert apply(replica, event(11, "home", home=home())) == Changes()
    assert apply(replica, event(12, "home", home=home() | {"scenes": [{"id": "s", "name": "Đi ngủ"}]})) == Changes()
    assert [scene.id for scene in replica.homes["home"].scenes] == ["s"]


def test_the_rooms_of_a_home_touch_its_devices_and_no_others() -> None:
    """Its name touches none: it is only a part of the names of areas."""
    replica = Replica()
    second = {"id": "second", "devices": [{**curtain(), "home_id": "second"}]}
    replica.load(snapshot_of({**home(), "devices": [lamp()]}, second))
    assert apply(replica, event(21, "home", home=home("bep"))) == Changes({LAMP}, {"lamp"}, homes=True)
    assert apply(replica, event(22, "home", home=home("bep") | {"name": "Mới"})) == Changes(homes=True)
    assert apply(replica, event(23, "home", home=home() | {"id": "third"})) == Changes(homes=True)


def test_a_removed_home_takes_all_in_it_along() -> None:
    """And leaves the other one."""
    replica = loaded(lamp(), panel("1"))
    apply(replica, event(11, "home", home=home() | {"id": "second"}))
    apply(replica, event(12, "device", device=device("d", [], home_id="second")))
    gone = apply(replica, event(13, "home_removed", home_id="home"))
    assert gone == Changes({LAMP, PANEL}, {"lamp", "panel"}, homes=True)
    assert (set(replica.homes), set(replica.devices), replica.endpoints) == ({"second"}, {"d"}, {})
    assert apply(replica, event(14, "home_removed", home_id="home")) == Changes()


@pytest.mark.parametrize(
    "wire",
    [
        event(11, "button", device_id="keys", endpoint_id="1", press="single"),
        event(11, "account", change="terms"),
        event(11, "feedback", ticket={}),
        event(11, "rain"),
    ],
)
def test_an_event_that_changes_nothing_held_still_counts(wire: Json) -> None:
    """It is for whoever listens to events."""
    replica = loaded(lamp())
    assert apply(replica, wire) == Changes()
    assert replica.position == Position("e", 11)


def test_rooms_are_found_for_devices_and_for_endpoints_with_one_of_their_own() -> None:
    """A gang may switch another room's lamp; an unknown room is none."""
    gangs = [{"id": "1", "type": "switch"}, {"id": "2", "type": "switch", "room_id": "bep"}]
    replica = Replica()
    replica.load(
        snapshot_of(
            {
                **home("bep"),
                "devices": [
                    device("panel", gangs, room_id="bep"),
                    device("lost", [], room_id="attic"),
                    device("nowhere", []),
                    device("astray", [], home_id="elsewhere", room_id="bep"),
                ],
            }
        )
    )
    found = replica.room(replica.devices["panel"])
    assert found is not None
    assert found.name == "bep"
    assert replica.room(replica.devices["panel"], replica.endpoints[PANEL]) is None
    assert replica.room(replica.devices["panel"], replica.endpoints[EndpointKey("panel", "2")]) == found
    assert [replica.room(replica.devices[name]) for name in ("lost", "nowhere", "astray")] == [None] * 3


def test_changes_add_up() -> None:
    """Of several events in a frame."""
    replica, changes = loaded(lamp(), curtain()), Changes()
    for one in events(state(11, brightness=40), event(12, "device_removed", device_id="curtain")).events:
        replica.apply(one, changes)
    assert changes == Changes({LAMP, CURTAIN}, {"curtain"})


def test_structure_is_more_than_what_endpoints_show() -> None:
    """Devices or homes."""
    every = (Changes(), Changes({LAMP}), Changes(devices={"lamp"}), Changes(homes=True))
    assert [changes.structure for changes in every] == [False, False, True, True]


@examples(150)
@given(
    mutated(
        {"events": [state(11, brightness=40), event(11, "device", device=panel("1")), event(11, "home", home=home())]}
    )
)
def test_any_event_is_applied_or_asks_for_a_snapshot(text: str) -> None:
    """And what is held stays consistent: each endpoint has its device, and each device knows its endpoints."""
    replica = loaded(lamp(), panel("1", "2"))
    wire = json.loads(text).get("events")
    for one in wire if isinstance(wire, list) else []:
        try:
            (decoded,) = events({**one, "seq": 11, "kind": str(one["kind"])}).events
            assert isinstance(decoded, Event)
            replica.apply(decoded, Changes())
        except CannotApplyError, UnexpectedAnswerError, KeyError, TypeError:
            continue
        finally:
            named = {EndpointKey(of.id, one) for of in replica.devices.values() for one in of.endpoint_ids}
            assert set(replica.endpoints) == named
    assert isinstance(replica.endpoints.get(LAMP), LightEndpoint | None)


# Homes that are not wanted


HIDDEN: Json = {"id": "hidden", "name": "Nhà khác", "rooms": [], "scenes": []}
HIDDEN_CURTAIN: Json = {**curtain(), "home_id": "hidden"}


def choosing(*unwanted: str) -> tuple[Replica, set[str]]:
    """Return a replica without these homes, at 20, and the set of them, to be changed."""
    refused = set(unwanted)
    replica = Replica(lambda home_id: home_id not in refused)
    replica.load(snapshot_of({**home(), "devices": [lamp()]}, {**HIDDEN, "devices": [HIDDEN_CURTAIN]}))
    return replica, refused


def test_a_home_that_is_not_wanted_is_known_by_name_only() -> None:
    """And its devices by whose they are, so that their events can be told from those of a gap."""
    replica, _ = choosing("hidden")
    assert (set(replica.homes), set(replica.devices), set(replica.endpoints)) == ({"home"}, {"lamp"}, {LAMP})
    assert {home_id: left_out.name for home_id, left_out in replica.left_out.items()} == {"hidden": "Nhà khác"}
    assert replica.left_out_devices == {"curtain": "hidden"}


@pytest.mark.parametrize(
    "wire",
    [
        state(21, CURTAIN, position=5),
        event(21, "device", device={**HIDDEN_CURTAIN, "name": "Rèm mới"}),
        event(21, "device", device={**device("new", []), "home_id": "hidden"}),
        event(21, "device_removed", device_id="curtain"),
        event(21, "button", device_id="curtain", endpoint_id="1", press="single"),
    ],
)
def test_an_event_of_a_home_that_is_not_wanted_changes_nothing(wire: Json) -> None:
    """Nor does it make the replica doubt itself."""
    replica, _ = choosing("hidden")
    assert apply(replica, wire) == Changes()
    assert (set(replica.devices), replica.position) == ({"lamp"}, Position("e", 21))


def test_a_device_may_move_out_of_sight_and_back() -> None:
    """Into the home that is not wanted, and out of it."""
    replica, _ = choosing("hidden")
    assert apply(replica, event(21, "device", device={**lamp(), "home_id": "hidden"})) == Changes({LAMP}, {"lamp"})
    assert apply(replica, state(22, LAMP, on=True)) == Changes()
    assert apply(replica, event(23, "device", device=lamp())) == Changes({LAMP}, {"lamp"})
    assert replica.left_out_devices == {"curtain": "hidden"}


def test_a_home_that_is_not_wanted_may_be_renamed_and_go() -> None:
    """Whoever lists the homes has to know."""
    replica, _ = choosing("hidden")
    assert apply(replica, event(21, "home", home={**HIDDEN, "name": "Nhà mới"})) == Changes(homes=True)
    assert replica.left_out["hidden"].name == "Nhà mới"
    assert apply(replica, event(22, "home_removed", home_id="hidden")) == Changes(homes=True)
    assert (replica.left_out, replica.left_out_devices) == ({}, {})


def test_a_home_that_comes_is_asked_about() -> None:
    """As in a snapshot."""
    replica, _ = choosing("hidden", "third")
    assert apply(replica, event(21, "home", home={**HIDDEN, "id": "third"})) == Changes(homes=True)
    assert apply(replica, event(22, "home", home={**HIDDEN, "id": "fourth"})) == Changes(homes=True)
    assert (set(replica.left_out), set(replica.homes)) == ({"hidden", "third"}, {"home", "fourth"})


def test_a_snapshot_asks_about_each_home_again() -> None:
    """What is wanted now comes, and what is not goes."""
    replica, refused = choosing("hidden")
    refused.clear()
    refused.add("home")
    both = snapshot_of({**home(), "devices": [lamp()]}, {**HIDDEN, "devices": [HIDDEN_CURTAIN]})
    assert replica.load(both) == Changes({LAMP, CURTAIN}, {"lamp", "curtain"}, homes=True)
    assert (set(replica.homes), set(replica.devices)) == ({"hidden"}, {"curtain"})
    assert (set(replica.left_out), replica.left_out_devices) == ({"home"}, {"lamp": "home"})


def test_what_of_an_unwanted_home_cannot_be_decoded_is_not_gone() -> None:
    """Its events still change nothing."""
    replica, _ = choosing("hidden")
    broken = {"id": "hidden", "name": "Nhà khác", "rooms": 5, "devices": [HIDDEN_CURTAIN]}
    replica.load(snapshot_of({**home(), "devices": [lamp()]}, broken))
    assert (set(replica.left_out), replica.left_out_devices) == ({"hidden"}, {"curtain": "hidden"})
    assert apply(replica, state(21, CURTAIN, position=5)) == Changes()
