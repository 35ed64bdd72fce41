"""orjson, then dataclasses filled by hand: every field is looked up and its type checked in Python."""

from collections.abc import Callable
from typing import cast

import orjson

from .shapes import (
    ColorTemp,
    Curtain,
    CurtainFeatures,
    CurtainState,
    Device,
    Home,
    Light,
    LightFeatures,
    LightState,
    Named,
    Snapshot,
    Switch,
    SwitchFeatures,
    SwitchState,
    Unknown,
)

type Fields = dict[str, object]


def decode(data: bytes) -> Snapshot:
    """Return the snapshot that `data` holds; raises TypeError."""
    fields = _fields(orjson.loads(data))
    homes = tuple(_home(_fields(home)) for home in _items(fields, "homes"))
    return Snapshot(epoch=_text(fields, "epoch"), seq=_number(fields, "seq"), homes=homes)


def _home(fields: Fields) -> Home:
    return Home(
        id=_text(fields, "id"),
        name=_text(fields, "name"),
        rooms=tuple(_named(_fields(room)) for room in _items(fields, "rooms")),
        scenes=tuple(_named(_fields(scene)) for scene in _items(fields, "scenes")),
        devices=tuple(_device(_fields(device)) for device in _items(fields, "devices")),
    )


def _named(fields: Fields) -> Named:
    return Named(id=_text(fields, "id"), name=_text(fields, "name"))


def _device(fields: Fields) -> Device:
    return Device(
        id=_text(fields, "id"),
        home_id=_text(fields, "home_id"),
        room_id=_text_or_none(fields, "room_id"),
        name=_text_or_none(fields, "name"),
        model=_text(fields, "model"),
        firmware=_text(fields, "firmware"),
        serial=_text(fields, "serial"),
        online=_flag(fields, "online"),
        identify=_flag(fields, "identify"),
        signal_dbm=_number_or_none(fields, "signal_dbm"),
        battery_percent=_number_or_none(fields, "battery_percent"),
        endpoints=tuple(_endpoint(_fields(endpoint)) for endpoint in _items(fields, "endpoints")),
    )


def _endpoint(fields: Fields) -> Unknown:
    make = ENDPOINTS.get(_text(fields, "type"))
    return _unknown(fields) if make is None else make(fields)


def _unknown(fields: Fields) -> Unknown:
    return Unknown(
        id=_text(fields, "id"),
        type=_text(fields, "type"),
        name=_text_or_none(fields, "name"),
        room_id=_text_or_none(fields, "room_id"),
    )


def _switch(fields: Fields) -> Switch:
    features, state = _fields(fields["features"]), _fields(fields["state"])
    return Switch(
        id=_text(fields, "id"),
        type=_text(fields, "type"),
        name=_text_or_none(fields, "name"),
        room_id=_text_or_none(fields, "room_id"),
        features=SwitchFeatures(
            outlet=_flag_or_false(features, "outlet"), metering=_flag_or_false(features, "metering")
        ),
        state=SwitchState(
            on=_flag_or_none(state, "on"),
            power_w=_number_or_none(state, "power_w"),
            energy_kwh=_number_or_none(state, "energy_kwh"),
        ),
    )


def _light(fields: Fields) -> Light:
    features, state = _fields(fields["features"]), _fields(fields["state"])
    color_temp = features.get("color_temp")
    return Light(
        id=_text(fields, "id"),
        type=_text(fields, "type"),
        name=_text_or_none(fields, "name"),
        room_id=_text_or_none(fields, "room_id"),
        features=LightFeatures(
            brightness=_flag_or_false(features, "brightness"),
            color_temp=None if color_temp is None else _color_temp(_fields(color_temp)),
            color=_flag_or_false(features, "color"),
            effects=tuple(map(_as_text, _items(features, "effects"))),
            transition=_flag_or_false(features, "transition"),
        ),
        state=LightState(
            on=_flag_or_none(state, "on"),
            mode=_text_or_none(state, "mode"),
            brightness=_number_or_none(state, "brightness"),
            color_temp_kelvin=_number_or_none(state, "color_temp_kelvin"),
            hue=_number_or_none(state, "hue"),
            saturation=_number_or_none(state, "saturation"),
            effect=_text_or_none(state, "effect"),
        ),
    )


def _color_temp(fields: Fields) -> ColorTemp:
    return ColorTemp(min_kelvin=_number(fields, "min_kelvin"), max_kelvin=_number(fields, "max_kelvin"))


def _curtain(fields: Fields) -> Curtain:
    features, state = _fields(fields["features"]), _fields(fields["state"])
    return Curtain(
        id=_text(fields, "id"),
        type=_text(fields, "type"),
        name=_text_or_none(fields, "name"),
        room_id=_text_or_none(fields, "room_id"),
        features=CurtainFeatures(
            kind=_text(features, "kind"),
            position=_flag_or_false(features, "position"),
            tilt=_flag_or_false(features, "tilt"),
            stop=_flag_or_false(features, "stop"),
        ),
        state=CurtainState(
            position=_number_or_none(state, "position"),
            tilt=_number_or_none(state, "tilt"),
            motion=_text_or_none(state, "motion"),
        ),
    )


ENDPOINTS: dict[str, Callable[[Fields], Unknown]] = {"switch": _switch, "light": _light, "curtain": _curtain}


def _fields(value: object) -> Fields:
    if not isinstance(value, dict):
        raise TypeError(f"expected an object, got {value!r:.40}")
    return cast("Fields", value)  # JSON knows no other keys than strings


def _items(fields: Fields, name: str) -> list[object]:
    value = fields[name]
    if not isinstance(value, list):
        raise TypeError(f"{name}: expected an array, got {value!r:.40}")
    return value


def _as_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a string, got {value!r:.40}")
    return value


def _text(fields: Fields, name: str) -> str:
    return _as_text(fields[name])


def _text_or_none(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    return None if value is None else _as_text(value)


def _as_number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, got {value!r:.40}")
    return float(value)


def _number(fields: Fields, name: str) -> float:
    return _as_number(fields[name])


def _number_or_none(fields: Fields, name: str) -> float | None:
    value = fields.get(name)
    return None if value is None else _as_number(value)


def _as_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, got {value!r:.40}")
    return value


def _flag(fields: Fields, name: str) -> bool:
    return _as_flag(fields[name])


def _flag_or_none(fields: Fields, name: str) -> bool | None:
    value = fields.get(name)
    return None if value is None else _as_flag(value)


def _flag_or_false(fields: Fields, name: str) -> bool:
    return _as_flag(fields.get(name, False))
