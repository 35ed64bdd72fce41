"""One language for what the cloud holds and what Home Assistant shows: fields of the contract, in Home Assistant's units."""

from collections.abc import Mapping

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import State

from tests.mock_cloud.wire import Document

# A device and one of its endpoints.
type Thing = tuple[str, str]
type Value = bool | float | str | None

# What is shown as the cloud said it, and so may never step back. A curtain's motion says the same again and again.
STEADY = {"on", "mode", "brightness", "color_temp_kelvin", "hue", "saturation", "effect", "position", "tilt"}


def as_shown(name: str, value: Value) -> Value:
    """Return a field's value as Home Assistant would show it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if name == "brightness":
        return max(1, round(value * 255 / 100))
    return value if name in {"hue", "saturation"} else round(value)


def held(endpoint: Document) -> dict[str, Value]:
    """Return the fields that Home Assistant has to show for an endpoint as a snapshot describes it."""
    state: Mapping[str, Value] = endpoint["state"]
    shown = dict.fromkeys(_FIELDS.get(endpoint["type"], ()))
    shown.update((name, as_shown(name, value)) for name, value in state.items() if name in shown)
    match endpoint["type"]:
        case "light" if not shown["on"]:
            return {"on": shown["on"]}
        case "light":
            return _held_light(shown, endpoint["features"])
        case "curtain" if not endpoint["features"]["position"] and shown["motion"] != "stopped":
            return {"motion": shown["motion"]}
        case "curtain" if not endpoint["features"]["tilt"]:
            del shown["tilt"]
    return shown


def shown(state: State) -> dict[str, Value] | None:
    """Return the fields that a state shows; None where it is unavailable."""
    if state.state == STATE_UNAVAILABLE:
        return None
    match state.domain:
        case "switch":
            return {"on": _on(state)}
        case "light":
            return _shown_light(state)
        case "cover":
            return _shown_cover(state)
    return {}


_FIELDS = {
    "switch": ("on",),
    "light": ("on", "mode", "brightness", "color_temp_kelvin", "hue", "saturation", "effect"),
    "curtain": ("motion", "position", "tilt"),
}


def _held_light(fields: dict[str, Value], features: Document) -> dict[str, Value]:
    """Return what a light that is on shows: its color only in the way it is shining."""
    seen = {"on": True, "brightness": fields["brightness"]}
    if features["effects"]:
        seen["effect"] = fields["effect"] if fields["mode"] == "effect" else None
    match fields["mode"]:
        case "white":
            seen.update(mode="white", color_temp_kelvin=fields["color_temp_kelvin"])
        case "color" | "effect":
            seen.update(mode=fields["mode"], hue=fields["hue"], saturation=fields["saturation"])
    return seen


def _shown_light(state: State) -> dict[str, Value]:
    fields: dict[str, Value] = {"on": _on(state)}
    if not fields["on"]:
        return fields
    attributes = state.attributes
    if attributes["supported_color_modes"] != ["onoff"]:
        fields["brightness"] = attributes.get("brightness")
    effect = attributes.get("effect")
    if attributes.get("effect_list"):
        fields["effect"] = None if effect == "off" else effect
    match attributes.get("color_mode"):
        case "hs":
            fields["hue"], fields["saturation"] = attributes["hs_color"]
            if effect is not None:  # whoever leaves an effect learns only from the cloud what comes instead
                fields["mode"] = "color" if effect == "off" else "effect"
        case "color_temp":
            fields["color_temp_kelvin"] = attributes["color_temp_kelvin"]
            fields["mode"] = "white"
    return fields


def _shown_cover(state: State) -> dict[str, Value]:
    moves = state.state in {"opening", "closing"}
    fields: dict[str, Value] = {"motion": state.state if moves else "stopped"}
    if "current_position" in state.attributes:
        fields["position"] = state.attributes["current_position"]
    elif not moves:
        fields["position"] = {"open": 100, "closed": 0}.get(state.state)
    if "current_tilt_position" in state.attributes:
        fields["tilt"] = state.attributes["current_tilt_position"]
    return fields


def _on(state: State) -> bool | None:
    return None if state.state == STATE_UNKNOWN else state.state == "on"
