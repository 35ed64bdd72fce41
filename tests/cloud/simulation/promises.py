"""What the contract promises to be shown of a command: read from its text, and not from the client."""

from custom_components.wesmart.cloud.commands import Command
from custom_components.wesmart.cloud.models import CurtainEndpoint, Endpoint, LightEndpoint


class BrokenPromiseError(AssertionError):
    """What a schedule has found."""


def promised(shown: Endpoint, command: Command) -> dict[str, object]:
    """Return the fields that show what was commanded once it is accepted, and what they show (promise 4, "Model").

    The commanded value shows; a curtain's position is never pretended, only its motion. Setting kelvin means white,
    hue and saturation color, an effect effect, and no effect leaves it.
    """
    fields = command.fields or {}
    match shown:
        case LightEndpoint():
            mode: dict[str, object] = {}
            if "color_temp_kelvin" in fields:
                mode["mode"] = "white"
            elif "hue" in fields or "saturation" in fields:
                mode["mode"] = "color"
            elif fields.get("effect") is not None:
                mode["mode"] = "effect"
            return {**fields, **mode}
        case CurtainEndpoint():
            return _motion(shown, command)
    return dict(fields)


def _motion(curtain: CurtainEndpoint, command: Command) -> dict[str, object]:
    if command.do == "stop":
        return {"motion": "stopped"}
    target, position = (command.fields or {}).get("position"), curtain.state.position
    assert isinstance(target, float)
    assert position is not None
    if target != position:
        return {"motion": "opening" if target > position else "closing"}
    # Where it was when it was heard of last: it has left meanwhile, and has to come back.
    turned = {"opening": "closing", "closing": "opening"}
    return {"motion": turned[curtain.state.motion]} if curtain.state.motion in turned else {}
