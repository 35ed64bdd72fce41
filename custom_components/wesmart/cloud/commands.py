"""Commands and their results (contract, section "Commands"), and what one makes of an endpoint. Pure."""

import uuid

from msgspec import Struct, field
from msgspec.structs import replace

from .models import (
    CurtainEndpoint,
    CurtainState,
    Endpoint,
    EndpointKey,
    LightEndpoint,
    LightMode,
    Motion,
    SwitchEndpoint,
)

type FieldValue = bool | float | str | None

# What setting one of these makes the mode of a light (contract, section "Model").
_MODES = {
    "color_temp_kelvin": LightMode.WHITE,
    "hue": LightMode.COLOR,
    "saturation": LightMode.COLOR,
    "effect": LightMode.EFFECT,
}


class Command(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing to do; the same id is never done twice."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    device_id: str | None = None
    endpoint_id: str | None = None
    scene_id: str | None = None
    fields: dict[str, FieldValue] | None = field(default=None, name="set")
    do: str | None = None

    @classmethod
    def set(cls, key: EndpointKey, **fields: FieldValue) -> Command:
        """Set fields of an endpoint's state, and `transition_ms` where a light can."""
        return cls(device_id=key.device_id, endpoint_id=key.endpoint_id, fields=fields)

    @classmethod
    def stop(cls, key: EndpointKey) -> Command:
        """Stop a curtain, its tilt included."""
        return cls(device_id=key.device_id, endpoint_id=key.endpoint_id, do="stop")

    def again(self) -> Command:
        """Return the same under a new id, for what was not done under the old one."""
        return replace(self, id=str(uuid.uuid4()))

    @property
    def key(self) -> EndpointKey | None:
        """Return the endpoint it is about; None for a whole device or a scene."""
        if self.device_id is None or self.endpoint_id is None:
            return None
        return EndpointKey(self.device_id, self.endpoint_id)


class Problem(Struct, frozen=True):
    """A problem inside a result."""

    type: str = ""


class CommandResult(Struct, frozen=True):
    """What became of a command; `problem` is, or has, a problem type where it was rejected."""

    id: str
    status: str
    seq: float | None = None
    problem: str | Problem | None = None


def commanded_state(endpoint: Endpoint, command: Command) -> dict[str, object]:
    """Return what an endpoint, as it is shown, shows of its state from now on, when the cloud has accepted the command.

    A light that fades, and a curtain that travels, are not where they are going: of those it is only shown that they do.
    """
    fields = command.fields or {}
    match endpoint:
        case SwitchEndpoint():
            return {name: value for name, value in fields.items() if name == "on"}
        case LightEndpoint():
            return _light(fields)
        case CurtainEndpoint():
            if command.do == "stop":
                return {"motion": Motion.STOPPED}
            return _curtain(endpoint.state, fields.get("position"))
    return {}


def _light(fields: dict[str, FieldValue]) -> dict[str, object]:
    if fields.get("transition_ms"):
        return {name: value for name, value in fields.items() if name == "on"}
    shown: dict[str, object] = {name: value for name, value in fields.items() if name != "transition_ms"}
    for name, mode in _MODES.items():
        # An effect that is left, by null, gives way to a mode that only the cloud knows.
        if shown.get(name) is not None:
            shown["mode"] = mode
    return shown


def _curtain(state: CurtainState, target: FieldValue) -> dict[str, object]:
    if not isinstance(target, int | float):
        return {}
    if target == state.position:
        # There it was when it was heard of last: one that moves has left, and turns round.
        return {"motion": state.motion.opposite} if state.motion and state.motion.moves else {}
    # Without a position there are only the two ends (contract, section "Model").
    position = 100 - target if state.position is None else state.position
    return {"motion": Motion.OPENING if target > position else Motion.CLOSING}
