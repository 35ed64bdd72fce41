"""What the state says has changed, and what becomes of homes, devices and values from a newer server."""

from collections.abc import Callable, Sequence

import pytest

from custom_components.wesmart.cloud.events import EventsFrame
from custom_components.wesmart.cloud.models import (
    ButtonEndpoint,
    CurtainEndpoint,
    Endpoint,
    EndpointKey,
    LightEndpoint,
    LightMode,
    LightState,
    Motion,
    SwitchEndpoint,
)
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
    home,
    homes,
    lamp,
    light,
    panel,
    snapshot,
    state,
)

PANEL = EndpointKey("panel")


def test_a_snapshot_says_what_came_and_went(home_state: HomeState) -> None:
    """Endpoints, devices and homes, each by its ID."""
    newer = homes(6, home(lamp(brightness=10)), home(panel("2", "1"), id="other", scenes=[{"id": "s", "name": "Ngủ"}]))
    assert home_state.load(newer) == Changes(
        endpoints={CURTAIN, BUTTON, PANEL, *GANGS}, devices={"curtain", "button", "panel"}, homes={"other"}
    )
    assert home_state.keys_of("panel") == (GANGS[1], GANGS[0])
    assert home_state.devices["panel"].home_id == "other"  # where it is listed, whatever it says
    assert [scene.name for scene in home_state.homes["other"].scenes] == ["Ngủ"]
    assert home_state.load(newer) == Changes()


@pytest.mark.parametrize(
    ("wire", "changes"),
    [
        (panel("1", "2"), Changes()),
        (panel("1", "2") | {"online": False}, Changes(endpoints={PANEL, *GANGS})),
        # What is reported for the first time gets an entity.
        (panel("1", "2") | {"signal_dbm": -60}, Changes(endpoints={PANEL, *GANGS}, devices={"panel"})),
        (panel("1", "2") | {"battery_percent": 7}, Changes(endpoints={PANEL, *GANGS}, devices={"panel"})),
        (panel("1", "2") | {"update": {"version": "2"}}, Changes(endpoints={PANEL, *GANGS})),
        (panel("1", "2") | {"updatable": True}, Changes(endpoints={PANEL, *GANGS}, devices={"panel"})),
        (panel("1", "2") | {"name": "Bảng"}, Changes(endpoints={PANEL, *GANGS}, devices={"panel"})),
        (panel("1", "2") | {"room_id": "r"}, Changes(endpoints={PANEL, *GANGS}, devices={"panel"})),
        (panel("2", "1"), Changes(devices={"panel"})),
        (panel("1"), Changes(endpoints={GANGS[1]}, devices={"panel"})),
        (panel("1", "2", "3"), Changes(endpoints={EndpointKey("panel", "3")}, devices={"panel"})),
        (
            device("panel", endpoint("switch", "1", state={"on": False}), endpoint("switch", "2", state={"on": True})),
            Changes(endpoints={GANGS[0]}),
        ),
        (
            device(
                "panel",
                endpoint("switch", "1", name="Đèn", state={"on": True}),
                endpoint("switch", "2", state={"on": True}),
            ),
            Changes(endpoints={GANGS[0]}, devices={"panel"}),
        ),
        (
            device("panel", endpoint("light", "1", state={"on": True}), endpoint("switch", "2", state={"on": True})),
            Changes(endpoints={GANGS[0]}, devices={"panel"}),
        ),
    ],
)
def test_a_device_event_says_what_changed(wire: dict[str, list[dict[str, str]]], changes: Changes) -> None:
    """`devices` are those that the registries must hear of; a state or a signal is none of their business."""
    home_state = HomeState()
    home_state.load(snapshot(5, panel("1", "2")))
    assert home_state.apply(events(event(6, "device", device=wire)), 0) == changes
    assert home_state.apply(events(event(7, "device", device=wire)), 0) == Changes()
    assert [key.endpoint_id for key in home_state.keys_of("panel")] == [gang["id"] for gang in wire["endpoints"]]


def test_homes_come_change_and_go(home_state: HomeState) -> None:
    """A home's removal removes its devices; a device may move on before."""
    steps: Sequence[tuple[Json, Changes]] = (
        (event(6, "home", home={"id": "other", "name": "Quê"}), Changes(homes={"other"})),
        (
            event(7, "device", device=button() | {"home_id": "other"}),
            Changes(endpoints={BUTTON, EndpointKey("button")}, devices={"button"}),
        ),
        (event(8, "home", home={"id": "other", "name": "Quê"}), Changes()),
        (event(9, "device_removed", device_id="curtain"), Changes(endpoints={CURTAIN}, devices={"curtain"})),
        (event(10, "device_removed", device_id="curtain"), Changes()),
        (event(11, "home_removed", home_id="home"), Changes(endpoints={LAMP}, devices={"lamp"}, homes={"home"})),
        (event(12, "home_removed", home_id="home"), Changes()),
    )
    for wire, changes in steps:
        assert home_state.apply(events(wire), 0) == changes
    assert home_state.homes.keys() == {"other"}
    assert home_state.devices.keys() == {"button"}
    assert not home_state.dirty


def test_an_excluded_home_is_known_by_name_only() -> None:
    """Its devices are not shown, wherever they come from; a device that moves out of it is."""
    asked: list[str] = []

    def is_included(home_id: str) -> bool:
        asked.append(home_id)
        return home_id == "home"

    home_state = HomeState(is_included)
    home_state.load(homes(5, home(lamp()), home(curtain(), id="away", name="Quê")))
    assert [(home.id, home.name) for home in home_state.excluded.values()] == [("away", "Quê")]
    assert home_state.devices.keys() == {"lamp"}
    moved = home_state.apply(events(event(6, "device", device=lamp() | {"home_id": "away"}), state(7, on=True)), 0)
    assert moved == Changes(endpoints={LAMP}, devices={"lamp"})
    home_state.apply(events(event(8, "device", device=curtain()), state(9, CURTAIN, position=5)), 0)
    assert home_state.devices.keys() == {"curtain"}
    assert home_state.apply(events(event(10, "home_removed", home_id="away")), 0) == Changes(homes={"away"})
    assert not home_state.excluded
    assert not home_state.dirty
    assert asked == ["home", "away"]


def test_an_endpoint_is_in_its_own_room_or_in_its_devices(home_state: HomeState) -> None:
    """An unknown room is none."""
    rooms = [{"id": "r", "name": "Khách"}, {"id": "s"}]
    gangs = [endpoint("switch", room_id="s"), endpoint("switch", "2"), endpoint("switch", "3", room_id="?")]
    home_state.load(homes(6, home(device("panel", *gangs, room_id="r"), device("lost", room_id="?"), rooms=rooms)))
    panel = home_state.devices["panel"]
    found = [home_state.room(panel, home_state.endpoints[key]) for key in home_state.keys_of("panel")]
    assert [room and room.id for room in found] == ["s", "r", "r"]
    assert home_state.room(home_state.devices["lost"]) is None


# A newer server


def test_values_from_a_newer_server_leave_the_last_known(home_state: HomeState) -> None:
    """In events, results and snapshots; null is no such value."""
    home_state.apply(events(state(6, mode="white"), state(7, CURTAIN, motion="opening")), 0)
    ways: Sequence[Callable[[], object]] = (
        lambda: home_state.apply(events(state(8, mode="rainbow"), state(9, CURTAIN, motion="swinging")), 0),
        lambda: home_state.apply_result("e", LAMP, 10, {"mode": LightMode("rainbow")}),
        lambda: home_state.load(snapshot(11, lamp(mode="rainbow"), curtain(motion="swinging"))),
        lambda: home_state.load(snapshot(11, lamp(mode="rainbow"), curtain(motion="swinging"), epoch="f")),
    )
    for way in ways:
        way()
        covering = home_state.endpoints[CURTAIN]
        assert isinstance(covering, CurtainEndpoint)
        assert (light(home_state).mode, covering.state.motion) == (LightMode.WHITE, Motion.OPENING)
    home_state.apply(events(state(12, mode=None)), 0)
    assert light(home_state).mode is None
    home_state.load(homes(13, home(lamp(mode="rainbow") | {"id": "new"}, curtain(motion="swinging") | {"id": "blind"})))
    new, blind = (home_state.endpoints[EndpointKey(name, "1")] for name in ("new", "blind"))
    assert isinstance(new, LightEndpoint)
    assert isinstance(blind, CurtainEndpoint)
    assert (new.state.mode, blind.state.motion) == (None, None)


def test_features_from_a_newer_server_leave_the_last_known(home_state: HomeState) -> None:
    """A lamp must not become a switch. Of a device that is new, nothing is known."""

    def gang(controls: str, name: str) -> Json:
        return endpoint("switch", name=name, features={"controls": controls, "metering": False})

    def awning(kind: str) -> Json:
        return endpoint("curtain", "2", features={"kind": kind})

    def described(seq: int, id_: str, *endpoints: Json) -> tuple[object, ...]:
        home_state.apply(events(event(seq, "device", device=device(id_, *endpoints))), 0)
        one, two = (home_state.endpoints[EndpointKey(id_, number)] for number in ("1", "2"))
        assert isinstance(one, SwitchEndpoint)
        assert isinstance(two, CurtainEndpoint)
        return one.name, one.features.controls, two.features.kind

    assert described(6, "panel", gang("light", "Đèn"), awning("awning")) == ("Đèn", "light", "awning")
    assert described(7, "panel", gang("pump", "Bơm"), awning("sail")) == ("Bơm", "light", "awning")
    assert described(8, "other", gang("pump", "Bơm"), awning("sail")) == ("Bơm", None, "")


def test_a_field_of_another_type_of_endpoint_is_ignored(home_state: HomeState) -> None:
    """A newer server may give a light a position; the rest of the event counts."""
    home_state.apply(events(state(6, on=True, position=5)), 0)
    assert light(home_state) == LightState(on=True, brightness=10)
    home_state.apply_result("e", LAMP, 7, {"on": False, "power_w": 5})
    assert light(home_state) == LightState(on=False)


def test_an_endpoint_may_change_its_type(home_state: HomeState) -> None:
    """With its state, however new the state of the other type was."""
    home_state.apply_result("e", LAMP, 90, {"on": True})
    kinds: Sequence[tuple[Json, type[Endpoint]]] = (
        (endpoint("switch", state={"on": True}), SwitchEndpoint),
        (endpoint("button"), ButtonEndpoint),
        (endpoint("light", state={"brightness": 3}), LightEndpoint),
    )
    for seq, (wire, kind) in enumerate(kinds, 6):
        changes = home_state.apply(events(event(seq, "device", device=device("lamp", wire))), 0)
        assert changes == Changes(endpoints={LAMP}, devices={"lamp"})
        assert isinstance(home_state.endpoints[LAMP], kind)
    assert light(home_state) == LightState(brightness=3)


def test_of_a_device_that_is_listed_twice_the_first_counts(home_state: HomeState) -> None:
    """A server should not, but it must not make the two take turns."""
    home_state.load(homes(6, home(lamp(brightness=1)), home(lamp(brightness=2), id="other")))
    assert (home_state.devices["lamp"].home_id, light(home_state).brightness) == ("home", 1)


def test_an_empty_frame_changes_nothing(home_state: HomeState) -> None:
    """Nor does one that was seen before."""
    assert home_state.apply(EventsFrame(()), 0) == Changes()
    frame = events(state(6, on=True))
    assert home_state.apply(frame, 0).endpoints == {LAMP}
    assert home_state.apply(frame, 0) == Changes()
