"""What waits is merged so that it does at once what it would have done one after the other."""

from hypothesis import given, strategies as st
import pytest

from custom_components.wesmart.cloud.commands import Command, FieldValue
from custom_components.wesmart.cloud.models import EndpointKey
from custom_components.wesmart.cloud.outbox import Outbox, merged

LAMP = EndpointKey("lamp", "1")
CURTAIN = EndpointKey("curtain", "1")


def packed(*commands: Command, most: int = 200) -> list[dict[str, FieldValue] | str | None]:
    """Return what leaves when all of these wait."""
    outbox: Outbox[int] = Outbox()
    for call, command in enumerate(commands):
        outbox.put(command, call)
    return [parcel.command.fields or parcel.command.do for parcel in outbox.take(most)]


def test_the_latest_value_of_a_field_wins_and_other_fields_stay() -> None:
    """A slider that was dragged, and a lamp that was switched on meanwhile."""
    assert packed(
        Command.set(LAMP, brightness=10),
        Command.set(CURTAIN, position=30),
        Command.set(LAMP, brightness=20),
        Command.set(LAMP, on=True),
        Command.set(CURTAIN, position=40),
    ) == [{"brightness": 20, "on": True}, {"position": 40}]


@pytest.mark.parametrize(
    ("earlier", "later", "both"),
    [
        ({"color_temp_kelvin": 3000}, {"hue": 10, "saturation": 20}, {"hue": 10, "saturation": 20}),
        ({"hue": 10, "saturation": 20}, {"effect": "Nến"}, {"effect": "Nến"}),
        ({"effect": "Nến", "brightness": 5}, {"color_temp_kelvin": 3000}, {"brightness": 5, "color_temp_kelvin": 3000}),
        ({"hue": 10, "saturation": 20}, {"hue": 30}, {"hue": 30, "saturation": 20}),
        ({"on": True, "transition_ms": 900}, {"brightness": 5}, {"on": True, "brightness": 5}),
        ({"on": True}, {"on": False, "transition_ms": 900}, {"on": False, "transition_ms": 900}),
        ({"effect": "Nến"}, {"effect": None}, {"effect": None}),
    ],
)
def test_what_excludes_each_other_is_never_sent_together(
    earlier: dict[str, FieldValue], later: dict[str, FieldValue], both: dict[str, FieldValue]
) -> None:
    """And a transition is the manner of its own call."""
    assert merged(earlier, later) == both


def test_what_is_done_keeps_its_place_between_what_is_set() -> None:
    """A stop must not stop what came after it."""
    assert packed(Command.set(CURTAIN, position=100), Command.stop(CURTAIN), Command.set(CURTAIN, position=0)) == [
        {"position": 100},
        "stop",
        {"position": 0},
    ]


def test_a_scene_keeps_its_place_for_everything() -> None:
    """Nobody but the cloud knows what it touches."""
    assert packed(
        Command.set(LAMP, on=True), Command(scene_id="night", do="activate"), Command.set(LAMP, on=False)
    ) == [{"on": True}, "activate", {"on": False}]


def test_what_left_takes_nothing_in_any_more() -> None:
    """The same id may not get another body."""
    outbox: Outbox[str] = Outbox()
    outbox.put(Command.set(LAMP, on=True), "first")
    (left,) = outbox.take(200)
    outbox.put(Command.set(LAMP, on=False), "second")
    assert left.command.fields == {"on": True}
    assert [parcel.command.fields for parcel in outbox.take(200)] == [{"on": False}]


def test_a_call_by_itself_leaves_as_it_was_given() -> None:
    """Under its own id."""
    command = Command.set(LAMP, on=True)
    outbox: Outbox[str] = Outbox()
    outbox.put(command, "call")
    assert outbox.take(1)[0].command is command


def test_what_is_put_back_leaves_first_each_by_itself_and_under_new_ids() -> None:
    """Before what was given later, so that the last call still wins."""
    outbox: Outbox[str] = Outbox()
    first, second = Command.set(LAMP, on=True), Command.set(LAMP, brightness=500)
    outbox.put(first, "first")
    outbox.put(second, "second")
    (parcel,) = outbox.take(200)
    outbox.put(Command.set(LAMP, on=False), "third")
    outbox.put_back(parcel.apart())
    left = outbox.take(200)
    assert [parcel.command.fields for parcel in left] == [{"on": True}, {"brightness": 500}, {"on": False}]
    assert {parcel.command.id for parcel in left}.isdisjoint({first.id, second.id})
    assert [call for parcel in left for _, call in parcel.calls] == ["first", "second", "third"]


FIELDS = st.sampled_from(["on", "brightness", "color_temp_kelvin", "hue", "saturation", "effect"])
KEYS = st.sampled_from([LAMP, CURTAIN, EndpointKey("other", "1")])


@given(
    st.lists(st.tuples(KEYS, st.dictionaries(FIELDS, st.integers(0, 100), min_size=1, max_size=2))), st.integers(1, 5)
)
def test_every_call_leaves_once_and_the_last_value_of_each_field_is_sent(
    calls: list[tuple[EndpointKey, dict[str, int]]], most: int
) -> None:
    """Unless something that excludes it came later."""
    outbox: Outbox[int] = Outbox()
    for number, (key, fields) in enumerate(calls):
        outbox.put(Command.set(key, **fields), number)
    left = []
    while outbox:
        left += outbox.take(most)
    assert sorted(call for parcel in left for _, call in parcel.calls) == list(range(len(calls)))
    assert len({parcel.command.key for parcel in left}) == len(left)
    for parcel in left:
        sent = parcel.command.fields or {}
        mine = [fields for key, fields in calls if key == parcel.command.key]
        for name, value in sent.items():
            assert value == [fields[name] for fields in mine if name in fields][-1]
        assert mine[-1].items() <= sent.items()
