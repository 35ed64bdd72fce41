"""What a snapshot or an event does to the home as it is held, and what it says to look at again."""

import json

from hypothesis import given, settings
import pytest

from custom_components.wesmart.cloud.models import NOWHERE, CurtainEndpoint, EndpointKey, LightEndpoint, Position
from custom_components.wesmart.cloud.replica import CannotApplyError, Changes, Replica
from custom_components.wesmart.cloud.wire_events import Event
from custom_components.wesmart.cloud.wire_home import Snapshot, decode_snapshot
from tests.cloud.builders import CURTAIN, LAMP, Json, curtain, device, event, events, lamp, snapshot, state
from tests.cloud.nonsense import mutated

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
    return replica.apply(one)


def home(*rooms: str) -> dict[str, object]:
    """Return the home `home` without its devices."""
    return {"id": "home", "name": "Nhà", "rooms": [{"id": room, "name": room} for room in rooms], "scenes": []}


def rooms_snapshot(*devices: Json) -> Snapshot:
    """Return a snapshot of a home with a kitchen."""
    return decode_snapshot(
        json.dumps({"epoch": "e", "seq": 10, "homes": [{**home("bep"), "devices": devices}]}).encode()
    )


def test_a_replica_begins_nowhere_and_empty() -> None:
    """Before its first snapshot."""
    replica = Replica()
    assert (replica.position, replica.homes, replica.devices, replica.endpoints) == (NOWHERE, {}, {}, {})


def test_the_first_snapshot_is_all_new() -> None:
    """Everything is to be looked at."""
    replica = Replica()
    changes = replica.load(snapshot(10, lamp(), curtain()))
    assert changes == Changes({LAMP, CURTAIN}, structure=True)
    assert replica.position == Position("e", 10)


def test_the_same_snapshot_again_changes_nothing() -> None:
    """No entity wakes for a poll that found nothing new."""
    assert loaded(lamp(), curtain()).load(snapshot(11, lamp(), curtain())) == Changes()


def test_a_snapshot_names_just_the_endpoints_that_differ() -> None:
    """Their neighbours sleep on."""
    changes = loaded(lamp(), curtain()).load(snapshot(11, lamp(on=True), curtain()))
    assert changes == Changes({LAMP}, structure=False)


def test_a_snapshot_without_a_device_removes_it_with_its_endpoints() -> None:
    """What is not in it is gone."""
    replica = loaded(lamp(), curtain())
    assert replica.load(snapshot(11, curtain())) == Changes(structure=True)
    assert set(replica.devices) == {"curtain"}
    assert set(replica.endpoints) == {CURTAIN}


def test_a_snapshot_with_another_name_of_the_home_is_a_change_of_structure() -> None:
    """Though no endpoint differs."""
    renamed = decode_snapshot(b'{"epoch": "e", "seq": 11, "homes": [{"id": "home", "name": "Moi"}]}')
    assert loaded().load(renamed) == Changes(structure=True)


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
        state(11, brightness=400),
        event(11, "device", device=lamp() | {"home_id": "elsewhere"}),  # type: ignore[operator]  # it is a dict
        event(11, "device", device={"id": "lamp"}),
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


def test_a_state_of_an_endpoint_that_was_left_out_has_nowhere_to_show() -> None:
    """It was of a type from the future, or made no sense: no snapshot would help."""
    assert apply(loaded(lamp()), state(11, EndpointKey("lamp", "tinh-dau"), scent="quế")) == Changes()


def test_a_device_event_replaces_what_was_known() -> None:
    """Also what it does not name any more."""
    replica = loaded(panel("1", "2", name="Bếp"))
    changes = apply(replica, event(11, "device", device=panel("1", "3", name="Bếp")))
    assert changes.structure
    assert EndpointKey("panel", "3") in changes.endpoints
    assert set(replica.endpoints) == {PANEL, EndpointKey("panel", "3")}


def test_a_device_that_goes_offline_wakes_all_its_endpoints_without_a_change_of_structure() -> None:
    """They become unavailable; no registry has to know."""
    replica = loaded(panel("1", "2"), lamp())
    changes = apply(replica, event(11, "device", device=panel("1", "2", online=False)))
    assert changes == Changes({PANEL, EndpointKey("panel", "2")}, structure=False)


def test_a_renamed_device_is_a_change_of_structure() -> None:
    """The device registry shows its name."""
    assert apply(loaded(panel("1")), event(11, "device", device=panel("1", name="Khác"))).structure


def test_an_endpoint_that_becomes_another_thing_is_a_change_of_structure() -> None:
    """A switch that is a light now, or is called something else."""
    changed = device("panel", [{"id": "1", "type": "light", "state": {"on": False}}])
    assert apply(loaded(panel("1")), event(11, "device", device=changed)) == Changes({PANEL}, structure=True)
    named = device("panel", [{"id": "1", "type": "switch", "name": "Quạt", "state": {"on": False}}])
    assert apply(loaded(panel("1")), event(11, "device", device=named)) == Changes({PANEL}, structure=True)


def test_a_device_event_with_another_state_is_a_change_of_that_state_only() -> None:
    """Its other endpoints sleep on."""
    replica = loaded(panel("1", "2"))
    other = device("panel", [{"id": "1", "type": "switch", "state": {"on": True}}, panel("2")["endpoints"][0]])  # type: ignore[index]  # a list
    assert apply(replica, event(11, "device", device=other)) == Changes({PANEL}, structure=False)


def test_a_removed_device_takes_its_endpoints_along() -> None:
    """Once: a second time there is nothing to do."""
    replica = loaded(lamp(), panel("1", "2"))
    assert apply(replica, event(11, "device_removed", device_id="panel")) == Changes(structure=True)
    assert set(replica.endpoints) == {LAMP}
    assert apply(replica, event(12, "device_removed", device_id="panel")) == Changes()


def test_a_home_event_brings_rooms_and_leaves_the_devices() -> None:
    """A home comes before its devices, too."""
    replica = loaded(lamp())
    assert apply(replica, event(11, "home", home=home("bep"))) == Changes(structure=True)
    assert [room.id for room in replica.homes["home"].rooms] == ["bep"]
    assert set(replica.devices) == {"lamp"}
    apply(replica, event(12, "home", home=home("bep") | {"id": "second"}))
    apply(replica, event(13, "device", device=device("d", [], home_id="second")))
    assert replica.devices["d"].home_id == "second"


def test_a_removed_home_takes_all_in_it_along() -> None:
    """And leaves the other one."""
    replica = loaded(lamp(), panel("1"))
    apply(replica, event(11, "home", home=home() | {"id": "second"}))
    apply(replica, event(12, "device", device=device("d", [], home_id="second")))
    assert apply(replica, event(13, "home_removed", home_id="home")) == Changes(structure=True)
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
        rooms_snapshot(
            device("panel", gangs, room_id="bep"),
            device("lost", [], room_id="attic"),
            device("nowhere", []),
            device("astray", [], home_id="elsewhere", room_id="bep"),
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
    both = Changes({LAMP})
    both.merge(Changes({CURTAIN}, structure=True))
    assert both == Changes({LAMP, CURTAIN}, structure=True)


@settings(max_examples=150, deadline=None)
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
            replica.apply(decoded)
        except CannotApplyError, KeyError, TypeError:
            continue
        finally:
            named = {EndpointKey(of.id, one) for of in replica.devices.values() for one in of.endpoint_ids}
            assert set(replica.endpoints) == named
    assert isinstance(replica.endpoints.get(LAMP), LightEndpoint | None)
