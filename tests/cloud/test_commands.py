"""What an endpoint shows when the cloud has accepted a command."""

import pytest

from custom_components.wesmart.cloud.commands import Command, FieldValue, commanded_state
from custom_components.wesmart.cloud.models import (
    ButtonEndpoint,
    ButtonFeatures,
    CurtainEndpoint,
    CurtainFeatures,
    CurtainState,
    EndpointKey,
    LightEndpoint,
    LightFeatures,
    LightMode,
    LightState,
    Motion,
    SwitchEndpoint,
    SwitchFeatures,
    SwitchState,
)

KEY = EndpointKey("device", "1")
SWITCH = SwitchEndpoint(key=KEY, name=None, room_id=None, features=SwitchFeatures(), state=SwitchState(on=False))
LIGHT = LightEndpoint(key=KEY, name=None, room_id=None, features=LightFeatures(), state=LightState(on=False))


def curtain(position: float | None, motion: Motion | None = Motion.STOPPED) -> CurtainEndpoint:
    """Return a curtain that is there."""
    state = CurtainState(position=position, motion=motion)
    return CurtainEndpoint(key=KEY, name=None, room_id=None, features=CurtainFeatures(), state=state)


def test_a_switch_shows_what_it_was_told() -> None:
    """On or off."""
    assert commanded_state(SWITCH, Command.set(KEY, on=True)) == {"on": True}


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"on": True, "brightness": 40}, {"on": True, "brightness": 40}),
        ({"color_temp_kelvin": 3000}, {"color_temp_kelvin": 3000, "mode": LightMode.WHITE}),
        ({"hue": 1, "saturation": 2}, {"hue": 1, "saturation": 2, "mode": LightMode.COLOR}),
        ({"effect": "Nến"}, {"effect": "Nến", "mode": LightMode.EFFECT}),
        ({"effect": None}, {"effect": None}),
        ({"on": True, "brightness": 40, "transition_ms": 4000}, {"on": True}),
        ({"on": True, "brightness": 40, "transition_ms": 0}, {"on": True, "brightness": 40}),
    ],
)
def test_a_light_shows_what_it_was_told_unless_it_fades(
    fields: dict[str, FieldValue], shown: dict[str, object]
) -> None:
    """On the way it reports where it is."""
    assert commanded_state(LIGHT, Command.set(KEY, **fields)) == shown


@pytest.mark.parametrize(
    ("position", "target", "shown"),
    [
        (20, 80, {"motion": Motion.OPENING}),
        (80, 20, {"motion": Motion.CLOSING}),
        (20, 20, {}),
        (None, 100, {"motion": Motion.OPENING}),
        (None, 0, {"motion": Motion.CLOSING}),
    ],
)
def test_a_curtain_shows_that_it_moves_and_never_a_position_it_is_not_at(
    position: float | None, target: float, shown: dict[str, object]
) -> None:
    """At once."""
    assert commanded_state(curtain(position), Command.set(KEY, position=target)) == shown


@pytest.mark.parametrize(
    ("motion", "shown"),
    [
        (Motion.OPENING, {"motion": Motion.CLOSING}),
        (Motion.CLOSING, {"motion": Motion.OPENING}),
        (Motion.STOPPED, {}),
        (None, {}),
    ],
)
def test_a_moving_curtain_that_is_called_back_to_where_it_was_heard_of_last_turns_round(
    motion: Motion | None, shown: dict[str, object]
) -> None:
    """It has left, though nobody has said how far."""
    assert commanded_state(curtain(0, motion), Command.set(KEY, position=0)) == shown


def test_a_curtain_that_is_stopped_or_tilted_shows_no_more_than_that() -> None:
    """The angle is reported when it is there."""
    assert commanded_state(curtain(50), Command.stop(KEY)) == {"motion": Motion.STOPPED}
    assert commanded_state(curtain(50), Command.set(KEY, tilt=30)) == {}


def test_a_button_shows_nothing() -> None:
    """It has no state."""
    button = ButtonEndpoint(key=KEY, name=None, room_id=None, features=ButtonFeatures())
    assert commanded_state(button, Command(device_id="device", endpoint_id="1", do="press")) == {}


def test_a_command_again_is_the_same_under_another_id() -> None:
    """And about the same endpoint, or none."""
    command = Command.set(KEY, on=True)
    again = command.again()
    assert (again.fields, again.key) == (command.fields, KEY)
    assert again.id != command.id
    assert Command(device_id="device", do="identify").key is None
    assert Command(scene_id="night", do="activate").key is None
