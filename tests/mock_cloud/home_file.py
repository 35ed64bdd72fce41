"""Reads the home file: accounts, homes and dealers of the mock cloud as YAML.

The reading is strict, since a home that no real cloud could send would make every test on it worthless.
"""

from pathlib import Path
import re

import yaml

from tests.mock_cloud.endpoints import RejectedError, check_features, checked_set, checked_state
from tests.mock_cloud.model import Account, Action, Dealer, Device, Endpoint, Home, Room, Scene, Update, World
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
    optional_text,
)

DEFAULT_HOME = Path(__file__).with_name("home.yaml")

_DEVICE_MEMBERS = {
    "id", "name", "room_id", "model", "firmware", "serial", "online", "identify", "updatable", "update",
    "signal_dbm", "battery_percent", "endpoints",
}  # fmt: skip


class _Loader(yaml.SafeLoader):
    """Reads `on` as a string, as YAML 1.2 does."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), ["t", "f"])


def load_home(path: Path = DEFAULT_HOME) -> World:
    """Return the world that a home file describes; raise InvalidDocumentError."""
    with path.open(encoding="utf-8") as file:
        document: Json = yaml.load(file, _Loader)  # noqa: S506  # a SafeLoader
    return parse_world(as_object(document, ""))


def parse_world(document: JsonObject) -> World:
    """Return the world that a document describes; raise InvalidDocumentError."""
    only_members(document, {"terms", "support", "accounts", "homes", "dealers"}, "")
    terms = as_object(document.get("terms"), "/terms")
    only_members(terms, {"version", "required"}, "/terms")
    world = World(
        terms_version=as_text(terms.get("version"), "/terms/version"),
        terms_required=as_flag(terms.get("required", False), "/terms/required"),
        support=as_object(document.get("support"), "/support"),
        accounts=[
            _account(as_object(value, f"/accounts/{index}"), f"/accounts/{index}")
            for index, value in enumerate(as_list(document.get("accounts"), "/accounts", least=1))
        ],
        homes=[
            parse_home(as_object(value, f"/homes/{index}"), f"/homes/{index}")
            for index, value in enumerate(as_list(document.get("homes"), "/homes"))
        ],
        dealers=[
            _dealer(as_object(value, f"/dealers/{index}"), f"/dealers/{index}")
            for index, value in enumerate(as_list(document.get("dealers", []), "/dealers"))
        ],
    )
    _unique("/accounts", [account.id for account in world.accounts])
    _unique("/homes", [home.id for home in world.homes])
    _unique("/homes/*/devices", [device.id for device in world.devices()])
    _unique("/homes/*/scenes", [scene.id for home in world.homes for scene in home.scenes])
    known = {home.id for home in world.homes}
    for account in world.accounts:
        if missing := set(account.homes) - known:
            raise InvalidDocumentError("/accounts", f"{account.id} names unknown homes {sorted(missing)}")
    return world


def parse_home(document: JsonObject, pointer: str = "") -> Home:
    """Return a home with its rooms, devices and scenes."""
    only_members(document, {"id", "name", "rooms", "devices", "scenes"}, pointer)
    home = Home(id=as_text(document.get("id"), f"{pointer}/id"), name=as_text(document.get("name"), f"{pointer}/name"))
    for index, value in enumerate(as_list(document.get("rooms", []), f"{pointer}/rooms")):
        place = f"{pointer}/rooms/{index}"
        room = as_object(value, place)
        only_members(room, {"id", "name"}, place)
        home.rooms.append(
            Room(id=as_text(room.get("id"), f"{place}/id"), name=as_text(room.get("name"), f"{place}/name"))
        )
    _unique(f"{pointer}/rooms", [room.id for room in home.rooms])
    for index, value in enumerate(as_list(document.get("devices", []), f"{pointer}/devices")):
        place = f"{pointer}/devices/{index}"
        home.devices.append(parse_device(as_object(value, place), home, place))
    for index, value in enumerate(as_list(document.get("scenes", []), f"{pointer}/scenes")):
        place = f"{pointer}/scenes/{index}"
        home.scenes.append(parse_scene(as_object(value, place), home, place))
    return home


def parse_device(document: JsonObject, home: Home, pointer: str = "") -> Device:
    """Return a device of `home`."""
    only_members(document, _DEVICE_MEMBERS, pointer)
    signal, battery = document.get("signal_dbm"), document.get("battery_percent")
    device = Device(
        id=as_text(document.get("id"), f"{pointer}/id"),
        home_id=home.id,
        room_id=_room_id(document, home, pointer),
        name=optional_text(document, "name", pointer),
        model=as_text(document.get("model"), f"{pointer}/model"),
        firmware=as_text(document.get("firmware"), f"{pointer}/firmware"),
        serial=as_text(document.get("serial"), f"{pointer}/serial"),
        online=as_flag(document.get("online", True), f"{pointer}/online"),
        identify=as_flag(document.get("identify", False), f"{pointer}/identify"),
        updatable=as_flag(document.get("updatable", False), f"{pointer}/updatable"),
        update=_update(document, pointer),
        signal_dbm=None if signal is None else as_integer(signal, f"{pointer}/signal_dbm", -120, 0),
        battery_percent=None if battery is None else as_integer(battery, f"{pointer}/battery_percent", 0, 100),
    )
    for index, value in enumerate(as_list(document.get("endpoints", []), f"{pointer}/endpoints")):
        place = f"{pointer}/endpoints/{index}"
        device.endpoints.append(_endpoint(as_object(value, place), home, place))
    _unique(f"{pointer}/endpoints", [endpoint.id for endpoint in device.endpoints])
    return device


def parse_scene(document: JsonObject, home: Home, pointer: str = "") -> Scene:
    """Return a scene of `home`, whose devices are known already."""
    only_members(document, {"id", "name", "actions"}, pointer)
    scene = Scene(
        id=as_text(document.get("id"), f"{pointer}/id"),
        home_id=home.id,
        name=as_text(document.get("name"), f"{pointer}/name"),
    )
    devices = {device.id: device for device in home.devices}
    for index, value in enumerate(as_list(document.get("actions", []), f"{pointer}/actions")):
        place = f"{pointer}/actions/{index}"
        member = as_object(value, place)
        only_members(member, {"device_id", "endpoint_id", "set"}, place)
        action = Action(
            device_id=as_text(member.get("device_id"), f"{place}/device_id"),
            endpoint_id=as_text(member.get("endpoint_id"), f"{place}/endpoint_id"),
            set=as_object(member.get("set"), f"{place}/set"),
        )
        device = devices.get(action.device_id)
        endpoint = device.endpoint(action.endpoint_id) if device else None
        if endpoint is None:
            raise InvalidDocumentError(place, "no such endpoint in this home")
        try:
            checked_set(endpoint, action.set)
        except RejectedError as err:
            raise InvalidDocumentError(f"{place}{err.pointer}", err.detail) from err
        scene.actions.append(action)
    return scene


def _endpoint(document: JsonObject, home: Home, pointer: str) -> Endpoint:
    only_members(document, {"id", "type", "name", "room_id", "features", "state", "load_w"}, pointer)
    endpoint = Endpoint(
        id=as_text(document.get("id"), f"{pointer}/id"),
        type=as_text(document.get("type"), f"{pointer}/type"),
        name=optional_text(document, "name", pointer),
        room_id=_room_id(document, home, pointer),
        features=dict(as_object(document.get("features", {}), f"{pointer}/features")),
        load_w=as_number(document.get("load_w", 0), f"{pointer}/load_w", 0, 10_000),
    )
    check_features(endpoint, f"{pointer}/features")
    state = as_object(document.get("state", {}), f"{pointer}/state")
    endpoint.state = checked_state(endpoint, state, f"{pointer}/state")
    return endpoint


def _update(document: JsonObject, pointer: str) -> Update | None:
    if document.get("update") is None:
        return None
    update = as_object(document["update"], f"{pointer}/update")
    only_members(update, {"version", "notes"}, f"{pointer}/update")
    return Update(
        version=as_text(update.get("version"), f"{pointer}/update/version"),
        notes=optional_text(update, "notes", f"{pointer}/update"),
    )


def _account(document: JsonObject, pointer: str) -> Account:
    only_members(document, {"id", "full_name", "email", "phone", "password", "terms_accepted", "homes"}, pointer)
    homes = as_list(document.get("homes"), f"{pointer}/homes")
    return Account(
        id=as_text(document.get("id"), f"{pointer}/id"),
        full_name=as_text(document.get("full_name"), f"{pointer}/full_name"),
        email=as_text(document.get("email"), f"{pointer}/email"),
        phone=as_text(document.get("phone"), f"{pointer}/phone"),
        password=as_text(document.get("password"), f"{pointer}/password"),
        terms_accepted=as_text(document.get("terms_accepted"), f"{pointer}/terms_accepted"),
        homes=[as_text(value, f"{pointer}/homes/{index}") for index, value in enumerate(homes)],
    )


def _dealer(document: JsonObject, pointer: str) -> Dealer:
    only_members(document, {"name", "address", "province", "phone"}, pointer)
    return Dealer(
        name=optional_text(document, "name", pointer),
        address=as_text(document.get("address"), f"{pointer}/address"),
        province=as_text(document.get("province"), f"{pointer}/province"),
        phone=as_text(document.get("phone"), f"{pointer}/phone"),
    )


def _room_id(document: JsonObject, home: Home, pointer: str) -> str | None:
    room_id = optional_text(document, "room_id", pointer)
    if room_id is not None and all(room.id != room_id for room in home.rooms):
        raise InvalidDocumentError(f"{pointer}/room_id", f"{home.id} has no room {room_id}")
    return room_id


def _unique(pointer: str, ids: list[str]) -> None:
    if len(ids) != len(set(ids)):
        raise InvalidDocumentError(
            pointer, f"ids appear twice: {sorted({name for name in ids if ids.count(name) > 1})}"
        )
