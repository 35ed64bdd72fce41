"""Arranges the family's rooms: a floor and a dashboard view for each home, a section for each room."""

from collections.abc import Iterator
import math

from .home_assistant import Client, Json

# The URL path of a dashboard needs a hyphen.
DASHBOARD = "our-homes"
TITLES = {"en": "Our homes", "vi": "Nhà của chúng tôi"}
# What has a tile in its room, in this order.
_ORDER = ("light", "cover", "switch", "event", "sensor")
_HIDDEN_CLASSES = ("energy", "battery")
# The badges of the first home: scenes, and what is about the account and not about a room.
_BADGES = ("scene", "update")
_FEEDBACK_SCRIPT = "script.send_feedback"
FEEDBACK = {"en": "Send feedback", "vi": "Gửi phản hồi"}
# The last view: what is about the devices themselves and about the account, by domain.
_HEALTH = {"en": "Health", "vi": "Tình trạng"}
_HEALTH_SECTIONS = {
    "binary_sensor": ("mdi:lan-connect", {"en": "Connected", "vi": "Kết nối"}),
    "update": ("mdi:package-up", {"en": "Firmware", "vi": "Phần mềm"}),
    "sensor": ("mdi:gauge", {"en": "Meters and batteries", "vi": "Công tơ và pin"}),
    "button": ("mdi:bullhorn-outline", {"en": "Identify", "vi": "Nhận dạng"}),
}
_ACCOUNT = ("mdi:account-circle-outline", {"en": "Account", "vi": "Tài khoản"})
_ROOM_ICONS = {
    "khách": "sofa",
    "bếp": "stove",
    "ngủ": "bed",
    "tắm": "shower-head",
    "thờ": "candle",
    "ban công": "flower",
}
# Longer names do not fit into half the width.
_SHORT_NAME = 16


async def arrange(client: Client, entities: list[Json], serials: dict[str, set[str]], language: str) -> None:
    """Create floors and the dashboard; `serials` are those of the devices in each home."""
    devices = {device["id"]: device for device in await client.command("config/device_registry/list")}
    badges, tiles = await _badges_and_tiles(client, entities, devices)
    views = []
    for level, (home, in_home) in enumerate(serials.items()):
        floor = {"name": home, "icon": "mdi:home-variant", "level": level}
        floor_id = (await client.command("config/floor_registry/create", **floor))["floor_id"]
        sections = []
        for area in await client.command("config/area_registry/list"):
            inside = [device for device in devices.values() if device["area_id"] == area["area_id"]]
            # A child device has the serial number of its panel only there.
            if in_home & {devices.get(device["parent_device_id"], device)["serial_number"] for device in inside}:
                icon = next((icon for word, icon in _ROOM_ICONS.items() if word in area["name"].lower()), "door")
                room = {"floor_id": floor_id, "icon": f"mdi:{icon}"}
                await client.command("config/area_registry/update", area_id=area["area_id"], **room)
                heading = {"type": "heading", "heading": area["name"], "icon": room["icon"]}
                sections.append({"type": "grid", "cards": [heading, *tiles.get(area["area_id"], [])]})
        sections.sort(key=_height, reverse=True)  # rows of one height have no holes
        views.append({"type": "sections", "title": home, "path": floor_id, "sections": sections})
        views[-1]["dense_section_placement"] = True
    feedback = {"type": "entity", "entity": _FEEDBACK_SCRIPT, "name": FEEDBACK[language]}
    views[0]["badges"] = [*badges, {**feedback, "show_name": True, "show_state": False}]
    if None in tiles:  # what is in no room
        views[0]["sections"].append({"type": "grid", "cards": [{"type": "heading"}, *tiles[None]]})
    views.append(_health_view(entities, devices, language))
    options = {"mode": "storage", "require_admin": False, "show_in_sidebar": True, "icon": "mdi:home-heart"}
    await client.command("lovelace/dashboards/create", url_path=DASHBOARD, title=TITLES[language], **options)
    await client.command("lovelace/config/save", url_path=DASHBOARD, config={"views": views})


async def _badges_and_tiles(
    client: Client, entities: list[Json], devices: dict[str, Json]
) -> tuple[list[Json], dict[str | None, list[Json]]]:
    """Return the badges, and the tiles of each area."""
    badges: list[Json] = []
    in_areas: dict[str | None, list[Json]] = {}
    for domain in (*_BADGES, *_ORDER):
        for entity in entities:
            hidden = entity["disabled_by"] or entity["entity_category"] == "diagnostic"
            if hidden or not entity["entity_id"].startswith(f"{domain}."):
                continue
            state, device = await client.state(entity["entity_id"]), devices.get(entity["device_id"])
            if domain == "scene":
                badges.append(_badge(entity["entity_id"], "entity", show_state=False, tap_action={"action": "toggle"}))
            elif device is None or device.get("entry_type") == "service":
                badges.append(_badge(entity["entity_id"], "entity"))
            elif domain in _BADGES:
                if state["state"] == "on":  # an update that is available
                    badges.append(_badge(entity["entity_id"], "device"))
            elif state["attributes"].get("device_class") not in _HIDDEN_CLASSES:
                in_areas.setdefault(device["area_id"], []).append(tile(entity, device, state["attributes"]))
    return badges, in_areas


def _health_view(entities: list[Json], devices: dict[str, Json], language: str) -> Json:
    """Return the view of what is about devices and the account, and in no room."""
    sections: dict[str, list[Json]] = {domain: [] for domain in (*_HEALTH_SECTIONS, "account")}
    for entity in entities:
        device, domain = devices.get(entity["device_id"]), entity["entity_id"].partition(".")[0]
        if entity["disabled_by"] or device is None:
            continue
        is_account = device.get("entry_type") == "service"
        row = {"entity": entity["entity_id"], "name": {"type": "entity" if is_account else "device"}}
        is_in_room = domain == "sensor" and not entity["unique_id"].endswith((":energy", ":battery"))
        if is_account:
            sections["account"].append(row)
        elif domain in _HEALTH_SECTIONS and not is_in_room:
            sections[domain].append(row)
    return {
        "type": "sections",
        "title": _HEALTH[language],
        "path": "health",
        "dense_section_placement": True,
        "sections": [
            {
                "type": "grid",
                "cards": [
                    {"type": "heading", "heading": texts[language], "icon": icon},
                    {"type": "entities", "entities": sections[section], "grid_options": {"columns": "full"}},
                ],
            }
            for section, (icon, texts) in {"account": _ACCOUNT, **_HEALTH_SECTIONS}.items()
        ],
    }


def _badge(entity_id: str, name: str, **options: Json | bool) -> Json:
    """Return a badge that is hidden while it has nothing to say, such as when maintenance begins."""
    visibility = {"condition": "state", "entity": entity_id, "state_not": ["unknown", "unavailable"]}
    badge = {"type": "entity", "entity": entity_id, "name": {"type": name}, "show_name": True}
    return {**badge, **options} if options else {**badge, "visibility": [visibility]}


def _height(section: Json) -> float:
    """Return about how high a section is, in tiles."""
    heights = [(1 + len(card["features"])) * card["grid_options"]["columns"] / 12 for card in section["cards"][1:]]
    return math.fsum(heights)


def tile(entity: Json, device: Json, attributes: Json) -> Json:
    """Return the tile of an entity, with the controls that its attributes ask for."""
    is_meter = entity["entity_id"].startswith("sensor.")  # all are called the same
    own_name = None if is_meter else entity["name"] or entity["original_name"]
    features = [{"type": feature} for feature in _features(entity["entity_id"], attributes)]
    short = not features and len(own_name or device["name"]) <= _SHORT_NAME
    return {
        "type": "tile",
        "entity": entity["entity_id"],
        "name": {"type": "entity" if own_name else "device"},
        "features": features,
        "grid_options": {"columns": 6 if short else 12},
        # Which press it was, and not when.
        **({"state_content": "event_type"} if entity["entity_id"].startswith("event.") else {}),
    }


def _features(entity_id: str, attributes: Json) -> Iterator[str]:
    modes = attributes.get("supported_color_modes", [])
    if modes and modes != ["onoff"]:
        yield "light-brightness"
    if "color_temp" in modes:
        yield "light-color-temp"
    elif "hs" in modes:
        yield "light-color-favorites"
    if entity_id.startswith("cover."):
        yield "cover-open-close"
    if "current_position" in attributes:
        yield "cover-position"
    if "current_tilt_position" in attributes:
        yield "cover-tilt-position"
