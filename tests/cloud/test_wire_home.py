"""Snapshots, devices and states: what they mean, and that nonsense is left out while its neighbours stay."""

from contextlib import suppress
import json
import logging

from hypothesis import given, strategies as st
import pytest

from custom_components.wesmart.cloud.errors import DECODE_ERRORS, UnexpectedAnswerError
from custom_components.wesmart.cloud.models import (
    ButtonEndpoint,
    CurtainEndpoint,
    CurtainKind,
    CurtainState,
    Endpoint,
    EndpointKey,
    Home,
    LightEndpoint,
    LightMode,
    LightState,
    Motion,
    Position,
    Room,
    Scene,
    SwitchEndpoint,
    SwitchFeatures,
    SwitchState,
)
from custom_components.wesmart.cloud.wire_home import (
    Snapshot,
    decode_device,
    decode_home,
    decode_patch,
    decode_snapshot,
    patched,
)
from tests.accounts import OWNER
from tests.cloud.builders import Json, curtain, device, lamp, snapshot
from tests.cloud.nonsense import EXTREMES, anything, mutated
from tests.examples import examples
from tests.mock_cloud import Freedoms, MockCloud

WHOLE = MockCloud().snapshot(OWNER.username)


def endpoint(wire: Json) -> Endpoint:
    """Return the endpoint of a device with one, as it is decoded."""
    (only,) = decode_device(json.dumps(device("one", [wire])).encode()).endpoints
    return only


def light(wire: Json) -> LightEndpoint:
    """Return the only endpoint of a device, which is a light."""
    (only,) = decode_device(json.dumps(wire).encode()).endpoints
    assert isinstance(only, LightEndpoint)
    return only


def with_patch(before: Endpoint, patch: str) -> Endpoint | None:
    """Return an endpoint after a partial state."""
    return patched(before, decode_patch(patch.encode()))


def test_a_snapshot_says_what_the_contract_lets_it_say() -> None:
    """Everything of the family's home arrives, typed."""
    whole = decode_snapshot(json.dumps(WHOLE).encode())
    assert [home.name for home in whole.homes] == ["Nhà Hà Nội", "Căn hộ Mỹ Đình"]
    reports = {report.device.id: report for report in whole.devices}
    panel = reports["cong-tac-phong-khach"]
    assert panel.device.endpoint_ids == ("1", "2", "3", "4")
    assert (panel.device.name, panel.device.signal_dbm, panel.device.identify) == ("Công tắc phòng khách", -52, True)
    assert panel.endpoints[3] == SwitchEndpoint(
        key=EndpointKey("cong-tac-phong-khach", "4"),
        name="Đèn ban công",
        room_id="ban-cong",
        features=SwitchFeatures(),
        state=SwitchState(on=False),
    )
    (strip,) = reports["den-hat-tran"].endpoints
    assert isinstance(strip, LightEndpoint)
    assert strip.state == LightState(
        on=True, mode=LightMode.COLOR, brightness=45, color_temp_kelvin=2700, hue=28, saturation=70, effect=None
    )
    assert strip.features.effects == ("Hoàng hôn", "Lễ hội", "Nến")
    (rail,) = reports["rem-phong-khach"].endpoints
    assert isinstance(rail, CurtainEndpoint)
    assert (rail.features.kind, rail.state) == (CurtainKind.CURTAIN, CurtainState(position=80, motion=Motion.STOPPED))
    button = reports["nut-dau-giuong"].endpoints[2]
    assert isinstance(button, ButtonEndpoint)
    assert button.features.presses == ("single", "long")


@pytest.mark.parametrize("seed", range(20))
def test_every_spelling_of_a_snapshot_means_the_same(seed: int) -> None:
    """Integers as floats, members in any order, unknown members and endpoint types."""
    freedoms = Freedoms.seeded(seed)
    spelled = MockCloud(freedoms=freedoms).snapshot(OWNER.username)
    plain = decode_snapshot(json.dumps({**WHOLE, "epoch": "e"}).encode())
    assert decode_snapshot(freedoms.json({**spelled, "epoch": "e"}).encode()) == plain


def test_an_empty_name_is_none() -> None:
    """An entity would be named by nothing."""
    report = decode_device(json.dumps(device("one", [], name="", model="", firmware="", serial="")).encode())
    whole = report.device
    assert (whole.name, whole.model, whole.firmware, whole.serial) == (None, None, None, None)
    assert endpoint({"id": "1", "type": "switch", "name": ""}).name is None


def test_a_device_may_have_no_endpoints_and_nothing_but_what_it_must_have() -> None:
    """The rest is unknown."""
    report = decode_device(b'{"id": "d", "home_id": "h", "online": false}')
    assert (report.endpoints, report.device.name, report.device.battery_percent) == ((), None, None)


def test_an_endpoint_of_an_unknown_type_is_ignored_with_one_debug_line(caplog: pytest.LogCaptureFixture) -> None:
    """Its neighbour stays."""
    caplog.set_level(logging.DEBUG)
    wire = device("one", [{"id": "x", "type": "aroma_diffuser"}, {"id": "1", "type": "switch"}])
    report = decode_device(json.dumps(wire).encode())
    assert report.device.endpoint_ids == ("1",)
    assert [record.levelname for record in caplog.records] == ["DEBUG"]
    assert "aroma_diffuser" in caplog.text


@pytest.mark.parametrize(
    ("broken", "unreadable"),
    [
        ({"id": "", "type": "switch"}, set()),
        ({"id": 7, "type": "switch"}, set()),
        ({"id": "x"}, {"x"}),
        ({"id": "x", "type": None}, {"x"}),
        (7, set()),
        (None, set()),
    ],
)
def test_an_endpoint_is_left_out_only_where_it_does_not_say_what_it_is(
    broken: object, unreadable: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Its neighbour stays; its id is kept, so that nobody takes it for removed; no poll fills the log with it."""
    caplog.set_level(logging.DEBUG)
    report = decode_device(
        json.dumps({**device("one", []), "endpoints": [broken, {"id": "1", "type": "light"}]}).encode()
    )
    assert [one.key.endpoint_id for one in report.endpoints] == ["1"]
    assert report.unreadable == unreadable
    assert "Left out an endpoint that makes no sense" in caplog.text
    assert {record.levelname for record in caplog.records} == {"DEBUG"}


@pytest.mark.parametrize(
    ("wire", "meant"),
    [
        ({"type": "switch", "name": 7, "room_id": []}, {"type": "switch"}),
        ({"type": "switch", "features": None, "state": 7}, {"type": "switch"}),
        (
            {"type": "switch", "features": {"outlet": True, "metering": "yes"}},
            {"type": "switch", "features": {"outlet": True}},
        ),
        ({"type": "switch", "state": {"on": True, "power_w": "3"}}, {"type": "switch", "state": {"on": True}}),
        ({"type": "light", "state": {"on": False, "brightness": 0}}, {"type": "light", "state": {"on": False}}),
        (
            {"type": "light", "features": {"color": True, "color_temp": {"min_kelvin": 2700}, "effects": [1]}},
            {"type": "light", "features": {"color": True}},
        ),
        (
            {"type": "curtain", "features": {"kind": 7, "tilt": True}, "state": {"position": 101, "tilt": 3}},
            {"type": "curtain", "features": {"tilt": True}, "state": {"tilt": 3}},
        ),
        ({"type": "button", "features": {"presses": "single"}}, {"type": "button"}),
    ],
)
def test_a_field_of_an_endpoint_that_makes_no_sense_is_left_out(wire: Json, meant: Json) -> None:
    """The endpoint stays, with all its other fields."""
    assert endpoint({"id": "1", **wire}) == endpoint({"id": "1", **meant})


def test_a_field_of_a_device_that_makes_no_sense_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """With one debug line that says which, and not what it was; a device that may be offline is."""
    caplog.set_level(logging.DEBUG)
    report = decode_device(
        json.dumps({**lamp(), "online": "maybe", "signal_dbm": "-50", "identify": 1, "name": ["Bí mật"]}).encode()
    )
    plain = decode_device(json.dumps({**lamp(), "online": False, "name": None}).encode())
    assert report == plain
    assert sorted(record.getMessage() for record in caplog.records) == [
        f"The {field} of a device makes no sense" for field in ("identify", "name", "online", "signal_dbm")
    ]
    assert {record.levelname for record in caplog.records} == {"DEBUG"}


def test_a_field_of_a_home_a_room_or_a_scene_that_makes_no_sense_is_left_out() -> None:
    """Only a room or a scene without an id is none."""
    rooms = [{"id": "a", "name": 5}, {"id": "b", "name": "Bếp"}, {"name": "Phòng"}, 7]
    scenes = [{"id": "s", "name": []}, {"id": 7}]
    home = decode_home(json.dumps({"id": "h", "name": {}, "rooms": rooms, "scenes": scenes}).encode())
    assert home == Home(id="h", rooms=(Room(id="a"), Room(id="b", name="Bếp")), scenes=(Scene(id="s"),))
    assert decode_home(b'{"id": "h", "name": "Nha", "rooms": {}, "scenes": 7}') == Home(id="h", name="Nha")


def test_of_endpoints_with_one_id_the_last_counts() -> None:
    """A key names one thing."""
    wire = device("one", [{"id": "1", "type": "switch"}, {"id": "1", "type": "light"}])
    report = decode_device(json.dumps(wire).encode())
    assert report.device.endpoint_ids == ("1",)
    assert [type(one) for one in report.endpoints] == [LightEndpoint]


@pytest.mark.parametrize(
    ("broken", "unreadable"),
    [
        ({"id": "broken", "home_id": 7}, {"broken"}),
        ({"id": "broken"}, {"broken"}),
        ({"id": "broken", "home_id": "home", "endpoints": {}}, {"broken"}),
        ({"id": 7, "home_id": "home"}, set()),
        ({}, set()),
    ],
)
def test_a_device_is_left_out_of_a_snapshot_only_where_it_does_not_say_what_it_is(
    broken: Json, unreadable: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The other devices of the home stay, and its id is kept, so that nobody takes it for removed."""
    caplog.set_level(logging.DEBUG)
    whole = snapshot(1, broken, lamp())
    assert [report.device.id for report in whole.devices] == ["lamp"]
    assert whole.unreadable == unreadable
    assert "Left out a device that makes no sense" in caplog.text
    assert {record.levelname for record in caplog.records} == {"DEBUG"}


def test_a_home_whose_devices_cannot_be_read_is_left_out_of_a_snapshot() -> None:
    """It does not look as if it were empty."""
    homes = [{"id": "a", "devices": None}, {"id": "b", "name": 7}]
    whole = decode_snapshot(json.dumps({"epoch": "e", "seq": 1, "homes": homes}).encode())
    assert whole.homes == (Home(id="b"),)
    assert whole.unreadable_homes == {"a"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"epoch": "e", "seq": -1, "homes": []}',
        b'{"epoch": "e", "seq": 1.5, "homes": []}',
        b'{"epoch": "e", "seq": 9007199254740992, "homes": []}',
        b'{"epoch": "e", "seq": null, "homes": []}',
        b'{"epoch": "e", "seq": 1, "homes": [{"id": "\xff"}]}',
        b'{"epoch": "e", "seq": 1, "homes": [{"id": "h"}, {"name": "it may be any"}]}',
    ],
)
def test_a_snapshot_that_makes_no_sense_is_an_unexpected_answer(body: bytes) -> None:
    """And the error says nothing of what was in it."""
    with pytest.raises(UnexpectedAnswerError, match=r"^the snapshot makes no sense \(\w+\)$") as caught:
        decode_snapshot(body)
    assert caught.value.__suppress_context__


def test_the_largest_number_is_still_exact() -> None:
    """Also spelled as a float."""
    for spelling in ("9007199254740991", "9007199254740991.0", "9.007199254740991e15"):
        body = f'{{"epoch": "e", "seq": {spelling}, "homes": []}}'
        assert decode_snapshot(body.encode()).position == Position("e", 2**53 - 1)


def test_a_home_comes_without_its_devices() -> None:
    """Rooms and scenes belong to it."""
    home = decode_home(b'{"id": "h", "name": "Nha", "rooms": [{"id": "r"}], "scenes": [{"id": "s", "name": "Di ngu"}]}')
    assert ([room.id for room in home.rooms], [scene.name for scene in home.scenes]) == (["r"], ["Di ngu"])


def test_in_a_partial_state_absent_means_unchanged_and_null_unknown() -> None:
    """Two things that are easily confused."""
    before = light(lamp(on=True, brightness=40, hue=10))
    after = with_patch(before, '{"brightness": null, "saturation": 5}')
    assert isinstance(after, LightEndpoint)
    assert after.state == LightState(on=True, brightness=None, hue=10, saturation=5)
    assert (after.key, after.features) == (before.key, before.features)


def test_an_unknown_value_leaves_what_was_known() -> None:
    """A mode and a motion from the future; the other fields of the patch count."""
    after = with_patch(light(lamp(mode="white")), '{"mode": "disco", "brightness": 7}')
    assert isinstance(after, LightEndpoint)
    assert (after.state.mode, after.state.brightness) == (LightMode.WHITE, 7)
    (rail,) = decode_device(json.dumps(curtain(motion="opening")).encode()).endpoints
    after = with_patch(rail, '{"motion": "wobbling", "position": 3}')
    assert isinstance(after, CurtainEndpoint)
    assert (after.state.motion, after.state.position) == (Motion.OPENING, 3)
    # Of a whole state only the replica knows what was known.
    fresh = endpoint({"id": "1", "type": "light", "state": {"mode": "disco", "on": True}})
    assert isinstance(fresh, LightEndpoint)
    assert (fresh.state.mode, fresh.state.on) == (LightMode.UNKNOWN, True)


def test_a_kind_of_curtain_from_the_future_is_a_curtain_of_unknown_kind() -> None:
    """It still opens and closes."""
    one = endpoint({"id": "1", "type": "curtain", "features": {"kind": "venetian", "position": True}})
    assert isinstance(one, CurtainEndpoint)
    assert (one.features.kind, one.features.position) == (CurtainKind.UNKNOWN, True)


@pytest.mark.parametrize(
    "field",
    [
        '"on": 1',
        '"brightness": 0',
        '"brightness": 100.5',
        '"brightness": 1e400',
        '"hue": -1',
        '"saturation": 101',
        '"color_temp_kelvin": 0',
        '"mode": 3',
        '"effect": [[]]',
    ],
)
def test_a_field_of_a_state_that_makes_no_sense_is_unchanged(field: str, caplog: pytest.LogCaptureFixture) -> None:
    """The other fields count."""
    caplog.set_level(logging.DEBUG)
    known = {"on": True, "mode": "white", "brightness": 40, "hue": 3, "color_temp_kelvin": 3000, "effect": "Nến"}
    before = light(lamp(**known, saturation=5))
    others = {"saturation": 6} if "saturation" not in field else {"brightness": 6}
    after = with_patch(before, f"{{{field}, {json.dumps(others)[1:]}")
    assert after == with_patch(before, json.dumps(others)) != before
    (line,) = caplog.messages
    assert line == f"The {field.split('"')[1]} of a state makes no sense"


@pytest.mark.parametrize("patch", ["", "null", "[]", "7", '{"on": true', '{"brightness": NaN}'])
def test_what_is_no_state_is_refused(patch: str) -> None:
    """Nothing says what changed."""
    with pytest.raises(DECODE_ERRORS):
        decode_patch(patch.encode())


def test_fields_of_other_types_of_endpoint_are_ignored() -> None:
    """A newer cloud may have given them to this one, too."""
    after = with_patch(light(lamp(brightness=40)), '{"position": 3, "brightness": 7, "power_w": 2}')
    assert after == light(lamp(brightness=7))
    fresh = endpoint({"id": "1", "type": "switch", "state": {"on": True, "brightness": 7}})
    assert isinstance(fresh, SwitchEndpoint)
    assert fresh.state == SwitchState(on=True)


def test_a_meter_never_counts_below_zero() -> None:
    """While power may flow back."""
    meter = endpoint({"id": "1", "type": "switch", "state": {"energy_kwh": 284.613}})
    after = with_patch(meter, '{"energy_kwh": -1, "power_w": -12}')
    assert isinstance(after, SwitchEndpoint)
    assert after.state == SwitchState(power_w=-12, energy_kwh=284.613)


def test_a_button_has_no_state() -> None:
    """Only presses."""
    assert with_patch(endpoint({"id": "1", "type": "button"}), '{"on": true}') is None


def assert_in_range(whole: Snapshot) -> None:
    """Fail where a value is not what its type promises."""
    assert 0 <= whole.position.seq < 2**53
    for report in whole.devices:
        assert report.device.id
        assert report.device.endpoint_ids == tuple(one.key.endpoint_id for one in report.endpoints)
        for one in report.endpoints:
            match one:
                case LightEndpoint(state=LightState(brightness=float(brightness))):
                    assert 1 <= brightness <= 100
                case CurtainEndpoint(state=CurtainState(position=float(position))):
                    assert 0 <= position <= 100


SMALL: Json = {
    "epoch": "e",
    "seq": 4,
    "homes": [
        {
            "id": "home",
            "name": "Nhà",
            "rooms": [{"id": "r", "name": "Bếp"}],
            "scenes": [{"id": "s", "name": "Đi ngủ"}],
            "devices": [
                lamp(brightness=40, mode="white"),
                curtain(),
                device("panel", [{"id": "1", "type": "switch", "features": {"metering": True}, "state": {"on": True}}]),
                device("keys", [{"id": "1", "type": "button", "features": {"presses": ["single"]}}]),
            ],
        }
    ],
}


@examples(200)
@given(mutated(SMALL))
def test_a_snapshot_with_anything_in_it_is_read_or_refused(text: str) -> None:
    """What is read is in range, whatever stood beside it."""
    try:
        whole = decode_snapshot(text.encode())
    except UnexpectedAnswerError:
        return
    assert_in_range(whole)


@examples(100)
@given(st.binary() | anything.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_raise_nothing_but_the_documented_errors(body: bytes) -> None:
    """As a snapshot, a home, a device or a partial state."""
    with pytest.raises(UnexpectedAnswerError):
        decode_snapshot(body)
    for decode in (decode_home, decode_device):
        with pytest.raises(DECODE_ERRORS):
            decode(body)
    try:
        patch = decode_patch(body)
    except DECODE_ERRORS:
        return
    for before in (light(lamp()), endpoint({"id": "1", "type": "switch"}), endpoint({"id": "1", "type": "curtain"})):
        after = patched(before, patch)
        assert after is not None
        assert after.key == before.key


@pytest.mark.parametrize("text", EXTREMES, ids=lambda text: repr(text[:12]))
def test_extremes_are_refused_like_any_nonsense(text: str) -> None:
    """Depth and length that a parser may choke on, alone and inside of what is otherwise valid."""
    for body in (text, f'{{"epoch": "e", "seq": {text}, "homes": []}}', f'{{"epoch": "e", "seq": 1, "homes": {text}}}'):
        with pytest.raises(UnexpectedAnswerError):
            decode_snapshot(body.encode())
    with suppress(*DECODE_ERRORS):  # what as a whole is no JSON
        assert with_patch(light(lamp()), f'{{"brightness": {text}}}') == light(lamp())
