"""Fields of an endpoint that are reported or may be set (contract, "Homes" and "Commands").

All pure: a `set` goes in, the fields it changes come out, or RejectedError says why not.
"""

from collections.abc import Callable, Mapping

from tests.mock_cloud.model import Endpoint
from tests.mock_cloud.wire import (
    InvalidDocumentError,
    Json,
    JsonObject,
    as_flag,
    as_integer,
    as_list,
    as_number,
    as_object,
    as_text,
    only_members,
)

type Check = Callable[[Json, str], Json]

KNOWN_TYPES = {"switch", "light", "curtain", "button"}
CONTROLS = {"light", "fan", "outlet", "heater", "other"}
CURTAIN_KINDS = {"curtain", "roller", "blind", "shutter", "awning"}
_FLAGS = {
    "switch": {"metering"},
    "light": {"brightness", "color", "transition"},
    "curtain": {"position", "tilt", "stop"},
    "button": set[str](),
}
_OTHER_FEATURES = {
    "switch": {"controls"},
    "light": {"color_temp", "effects"},
    "curtain": {"kind"},
    "button": {"presses"},
}
PRESSES = {"single", "double", "long"}
MOTIONS = {"opening", "closing", "stopped"}
MODES_OF_FIELDS = {"color_temp_kelvin": "white", "hue": "color", "saturation": "color", "effect": "effect"}

# C-54.
MAX_TRANSITION_MS = 3_600_000


class RejectedError(Exception):
    """A command cannot be done; `problem` is the name of the problem type."""

    def __init__(self, problem: str, detail: str, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail
        self.pointer = pointer


def _number(least: float, most: float, decimals: int = 0) -> Check:
    def check(value: Json, pointer: str) -> Json:
        number = round(as_number(value, pointer, least, most), decimals)
        return int(number) if number == int(number) else number

    return check


def _transition(value: Json, pointer: str) -> Json:
    return as_integer(value, pointer, 0, MAX_TRANSITION_MS)


def _one_of(*allowed: str) -> Check:
    def check(value: Json, pointer: str) -> Json:
        if value not in allowed:
            raise InvalidDocumentError(pointer, f"must be one of {', '.join(allowed)}")
        return value

    return check


def _or_null(inner: Check) -> Check:
    def check(value: Json, pointer: str) -> Json:
        return None if value is None else inner(value, pointer)

    return check


def effects(endpoint: Endpoint) -> list[str]:
    """Return the names of a light's effects."""
    listed = endpoint.features.get("effects")
    return [str(name) for name in listed] if isinstance(listed, list) else []


def modes(endpoint: Endpoint) -> list[str]:
    """Return the modes of a light, the one it falls back to first; a plain light has none."""
    found = []
    if endpoint.features.get("color_temp"):
        found.append("white")
    if endpoint.features.get("color"):
        found.append("color")
    if effects(endpoint):
        found = [*(found or ["white"]), "effect"]
    return found


def settable(endpoint: Endpoint) -> dict[str, Check]:
    """Return the fields that a command may set."""
    features = endpoint.features
    if endpoint.type == "switch":
        return {"on": as_flag}
    if endpoint.type == "curtain":
        fields: dict[str, Check] = {"position": _number(0, 100)}
        if features.get("tilt"):
            fields["tilt"] = _number(0, 100)
        return fields
    if endpoint.type != "light":
        return {}
    fields = {"on": as_flag}
    if features.get("brightness"):
        fields["brightness"] = _number(1, 100)
    if isinstance(span := features.get("color_temp"), Mapping):
        least, most = span["min_kelvin"], span["max_kelvin"]
        assert isinstance(least, int)
        assert isinstance(most, int)
        fields["color_temp_kelvin"] = _number(least, most)
    if features.get("color"):
        fields["hue"] = _number(0, 360, 1)
        fields["saturation"] = _number(0, 100, 1)
    if names := effects(endpoint):
        fields["effect"] = _or_null(_one_of(*names))
    return fields


def reported(endpoint: Endpoint) -> dict[str, Check]:
    """Return the fields that the state may hold; null is "unknown" in each."""
    fields = settable(endpoint)
    if endpoint.type == "switch" and endpoint.features.get("metering"):
        fields["power_w"] = _number(0, 100_000, 1)
        fields["energy_kwh"] = _number(0, 10_000_000, 3)
    if endpoint.type == "light" and (known := modes(endpoint)):
        fields["mode"] = _one_of(*known)
    if endpoint.type == "curtain":
        fields["motion"] = _one_of(*MOTIONS)
    return {name: _or_null(check) for name, check in fields.items()}


def checked_state(endpoint: Endpoint, state: Mapping[str, Json], pointer: str) -> JsonObject:
    """Return a state (whole or partial) as the cloud would report it; raise InvalidDocumentError."""
    if endpoint.type not in KNOWN_TYPES:
        return dict(state)
    checks = reported(endpoint)
    checked: JsonObject = {}
    for name, value in state.items():
        if name not in checks:
            raise InvalidDocumentError(f"{pointer}/{name}", f"a {endpoint.type} with these features has no such field")
        checked[name] = checks[name](value, f"{pointer}/{name}")
    return checked


def check_features(endpoint: Endpoint, pointer: str) -> None:
    """Raise InvalidDocumentError unless the features are whole and of the endpoint's type."""
    if endpoint.type not in KNOWN_TYPES:
        return
    features, flags, others = endpoint.features, _FLAGS[endpoint.type], _OTHER_FEATURES[endpoint.type]
    only_members(features, flags | others, pointer)
    for name in flags:
        as_flag(features.get(name), f"{pointer}/{name}")
    match endpoint.type:
        case "switch":
            if features.get("controls") is not None:
                _one_of(*CONTROLS)(features["controls"], f"{pointer}/controls")
        case "curtain":
            _one_of(*CURTAIN_KINDS)(features.get("kind"), f"{pointer}/kind")
        case "button":
            for press in as_list(features.get("presses"), f"{pointer}/presses", least=1):
                _one_of(*PRESSES)(press, f"{pointer}/presses")
        case "light":
            _check_light_features(features, pointer)


def _check_light_features(features: JsonObject, pointer: str) -> None:
    for effect in as_list(features.get("effects"), f"{pointer}/effects"):
        as_text(effect, f"{pointer}/effects")
    if features.get("color_temp") is not None:
        span = as_object(features["color_temp"], f"{pointer}/color_temp")
        least = as_integer(span.get("min_kelvin"), f"{pointer}/color_temp/min_kelvin", 1000, 20000)
        as_integer(span.get("max_kelvin"), f"{pointer}/color_temp/max_kelvin", least, 20000)


def checked_set(endpoint: Endpoint, wanted: Json) -> JsonObject:
    """Return the fields that a `set` writes; raise RejectedError for all of it (C-52)."""
    if not isinstance(wanted, Mapping):
        raise RejectedError("invalid-request", "must be an object", "/set")
    checks = settable(endpoint)
    if endpoint.features.get("transition"):
        checks["transition_ms"] = _transition
    for name in wanted:
        if name not in checks:
            raise RejectedError("unsupported", f"this endpoint takes no {name}", f"/set/{name}")
    try:
        fields = {name: checks[name](value, f"/set/{name}") for name, value in wanted.items()}
    except InvalidDocumentError as err:
        raise RejectedError("invalid-request", err.detail, err.pointer) from err
    # A light reports the targets of a fade at once (C-53), so its duration changes nothing here.
    fields.pop("transition_ms", None)
    if not fields:
        raise RejectedError("invalid-request", "nothing to set", "/set")
    if len({MODES_OF_FIELDS[name] for name in fields if name in MODES_OF_FIELDS}) > 1:
        raise RejectedError("invalid-request", "white, color and effect exclude each other", "/set")
    # A curtain that cannot stop in between reports no position in between either.
    if (
        endpoint.type == "curtain"
        and not endpoint.features.get("position")
        and wanted.get("position", 0) not in (0, 100)
    ):
        raise RejectedError("invalid-request", "takes 0 and 100 only", "/set/position")
    return fields


def implied_mode(endpoint: Endpoint, fields: Mapping[str, Json]) -> JsonObject:
    """Return the mode and effect that setting `fields` of a light implies (C-36)."""
    if endpoint.type != "light" or "mode" in fields:
        return {}
    for name in fields:
        match MODES_OF_FIELDS.get(name):
            case None:
                continue
            case "effect":
                if fields["effect"] is not None:
                    return {"mode": "effect"}
                return {"mode": modes(endpoint)[0]} if endpoint.state.get("mode") == "effect" else {}
            case mode:
                return {"mode": mode, "effect": None} if effects(endpoint) else {"mode": mode}
    return {}
