"""Commanded values cover older ones, and never the cloud's last word."""

from custom_components.wesmart.cloud.models import EndpointKey, SwitchEndpoint, SwitchFeatures, SwitchState
from custom_components.wesmart.cloud.overlay import LONGEST_S, Overlay

KEY = EndpointKey("panel", "1")
OTHER = EndpointKey("panel", "2")


def switch(key: EndpointKey = KEY, *, on: bool = False, power_w: float | None = None) -> SwitchEndpoint:
    """Return a switch as the model has it."""
    state = SwitchState(on=on, power_w=power_w)
    return SwitchEndpoint(key=key, name=None, room_id=None, features=SwitchFeatures(), state=state)


def test_a_commanded_value_is_shown_until_the_model_has_reached_its_place() -> None:
    """And what is not commanded is shown as it is."""
    overlay = Overlay()
    overlay.acknowledge(switch(), {"on": True}, 12, now=0)
    assert overlay.show(switch(power_w=5)) == switch(on=True, power_w=5)
    assert overlay.reach(11) == set()
    assert overlay.show(switch()) == switch(on=True)
    assert overlay.reach(12) == {KEY}
    assert overlay.show(switch()) == switch()
    assert overlay.next_expiry is None


def test_it_ends_by_itself_when_nothing_confirms_it() -> None:
    """After ten seconds."""
    overlay = Overlay()
    overlay.acknowledge(switch(), {"on": True}, 12, now=5)
    assert overlay.next_expiry == 5 + LONGEST_S
    assert overlay.expire(14.9) == set()
    assert overlay.expire(15) == {KEY}
    assert overlay.show(switch()) == switch()
    assert overlay.reach(12) == set()


def test_a_later_command_takes_over() -> None:
    """The confirmation of the earlier one does not show it again."""
    overlay = Overlay()
    overlay.acknowledge(switch(), {"on": True}, 12, now=0)
    overlay.acknowledge(switch(), {"on": False}, 15, now=1)
    assert overlay.reach(12) == set()
    assert overlay.show(switch(on=True)) == switch(on=False)
    assert overlay.reach(15) == {KEY}


def test_fields_end_each_at_its_own_place() -> None:
    """One may wait for longer than the other."""
    overlay = Overlay()
    overlay.acknowledge(switch(), {"on": True}, 12, now=0)
    overlay.acknowledge(switch(), {"power_w": 7.0}, 14, now=0)
    assert overlay.reach(13) == {KEY}
    assert overlay.show(switch()) == switch(power_w=7.0)


def test_endpoints_do_not_disturb_each_other() -> None:
    """Reaching one leaves the other."""
    overlay = Overlay()
    overlay.acknowledge(switch(), {"on": True}, 12, now=0)
    overlay.acknowledge(switch(OTHER), {"on": True}, 13, now=0)
    assert overlay.reach(12) == {KEY}
    assert overlay.show(switch(OTHER)) == switch(OTHER, on=True)
    assert overlay.show(switch()) == switch()


def test_another_epoch_ends_everything() -> None:
    """Its numbers mean something else."""
    overlay = Overlay()
    overlay.acknowledge(switch(), {"on": True}, 12, now=0)
    assert overlay.clear() == {KEY}
    assert overlay.show(switch()) == switch()
    assert overlay.clear() == set()


def test_nothing_commanded_is_nothing_shown() -> None:
    """Such as a curtain that is where it should go."""
    overlay = Overlay()
    overlay.acknowledge(switch(), {}, 12, now=0)
    assert overlay.next_expiry is None
