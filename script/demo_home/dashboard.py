"""The dashboard: a view for each home, a section for each room, a tile for each thing. Pure: registries and states in.

https://www.home-assistant.io/dashboards/sections, /tile and /features describe what is built here.
"""

from collections.abc import Iterable, Mapping

from homeassistant.components.cover import CoverEntityFeature
from homeassistant.components.light import ColorMode, brightness_supported, color_supported, color_temp_supported

from .client import Json, State
from .registries import Area, Device, Entity, Floor, Registries
from .texts import Texts

# What has a tile, in the order of the tiles of a room: what one sees by, what one looks out through, the rest.
_DOMAINS = ("light", "cover", "switch")

_TILE_COLUMNS = 6
_FULL_WIDTH = 12
_MOST_COLUMNS = 4

# A switch knows that it switches, not what. By the first word of its name that we know.
_SWITCH_ICONS = {
    "đèn": "mdi:lightbulb",
    "quạt": "mdi:fan",
    "bình nóng lạnh": "mdi:water-boiler",
    "tivi": "mdi:television",
    "tủ lạnh": "mdi:fridge",
    "ấm nước": "mdi:kettle",
    "điều hòa": "mdi:air-conditioner",
}


def build_dashboard(registries: Registries, states: Mapping[str, State], texts: Texts) -> dict[str, Json]:
    """Return the configuration of a dashboard of everything that can be switched, dimmed, moved or activated."""
    devices = {device.id: device for device in registries.devices}
    shown = [entity for entity in registries.entities if entity.hidden_by is None and entity.disabled_by is None]
    rooms: dict[str | None, list[Entity]] = {}
    for entity in shown:
        if entity.domain in _DOMAINS and entity.entity_category is None:
            rooms.setdefault(_area_id(entity, devices), []).append(entity)
    scenes = [entity for entity in shown if entity.domain == "scene"]

    views: list[Json] = []
    for floor in registries.floors:
        areas = [area for area in registries.areas if area.floor_id == floor.floor_id and area.area_id in rooms]
        sections = [_room(area, floor, rooms.pop(area.area_id), devices, states) for area in areas]
        if sections:
            views.append(_view(floor, sections))
    elsewhere = [entity for entities in rooms.values() for entity in entities]
    if views:
        extra: list[Json] = []
        if elsewhere:
            extra.append(_section(texts.elsewhere, "mdi:help-box-outline", _tiles(elsewhere, devices, states)))
        if scenes:
            extra.append(_section(texts.scenes, "mdi:palette", [_scene(scene) for scene in scenes]))
        first = views[0]
        assert isinstance(first, dict) and isinstance(first["sections"], list)  # noqa: S101, PT018  # for the type checker
        first["sections"].extend(extra)
    return {"title": texts.dashboard, "views": views}


def _area_id(entity: Entity, devices: Mapping[str, Device]) -> str | None:
    """Return where an entity is: where the user put it, else where its device is."""
    device = devices.get(entity.device_id or "")
    return entity.area_id or (device.area_id if device else None)


def _view(floor: Floor, sections: list[Json]) -> Json:
    return {
        "type": "sections",
        "title": floor.name,
        "path": floor.floor_id.replace("_", "-"),
        "icon": "mdi:home-variant",
        "max_columns": _MOST_COLUMNS,
        "dense_section_placement": True,
        "sections": sections,
    }


def _room(
    area: Area, floor: Floor, entities: list[Entity], devices: Mapping[str, Device], states: Mapping[str, State]
) -> Json:
    # Where two homes have a room of the same name, its area is called by its home, too; the view says that already.
    title = area.name.removesuffix(f" ({floor.name})")
    return _section(title, area.icon, _tiles(entities, devices, states))


def _section(title: str, icon: str | None, cards: Iterable[Json]) -> Json:
    heading: dict[str, Json] = {"type": "heading", "heading": title, "heading_style": "title"}
    if icon is not None:
        heading["icon"] = icon
    return {"type": "grid", "cards": [heading, *cards]}


def _tiles(entities: Iterable[Entity], devices: Mapping[str, Device], states: Mapping[str, State]) -> list[Json]:
    in_order = sorted(entities, key=lambda entity: _DOMAINS.index(entity.domain))
    return [_tile(entity, devices, states.get(entity.entity_id)) for entity in in_order]


def _tile(entity: Entity, devices: Mapping[str, Device], state: State | None) -> Json:
    name = entity.name or entity.original_name
    features = _features(entity.domain, state)
    tile: dict[str, Json] = {
        "type": "tile",
        "entity": entity.entity_id,
        # Short, and following what the user renames: the room stands above it already.
        "name": {"type": "entity"} if name else {"type": "device"},
    }
    if entity.domain == "switch":
        device = devices.get(entity.device_id or "")
        if icon := _switch_icon(name or (device.name if device else None) or ""):
            tile["icon"] = icon
    if features:
        tile["features"] = features
        tile["features_position"] = "bottom"
    tile["grid_options"] = {"columns": _FULL_WIDTH if features else _TILE_COLUMNS}
    return tile


def _features(domain: str, state: State | None) -> list[Json]:
    """Return the controls that an entity can be used with."""
    if state is None:
        return []
    if domain == "light":
        modes = {ColorMode(mode) for mode in state.attributes.get("supported_color_modes") or ()}
        features: list[Json] = []
        if brightness_supported(modes):
            features.append({"type": "light-brightness"})
        if color_temp_supported(modes):
            features.append({"type": "light-color-temp"})
        elif color_supported(modes):
            features.append({"type": "light-color-favorites"})
        return features
    if domain == "cover":
        supported = CoverEntityFeature(state.attributes.get("supported_features", 0))
        controls = {
            CoverEntityFeature.OPEN: "cover-open-close",
            CoverEntityFeature.SET_POSITION: "cover-position",
            CoverEntityFeature.SET_TILT_POSITION: "cover-tilt-position",
        }
        return [{"type": control} for feature, control in controls.items() if feature in supported]
    return []


def _scene(scene: Entity) -> Json:
    activate: Json = {
        "action": "perform-action",
        "perform_action": "scene.turn_on",
        "target": {"entity_id": scene.entity_id},
    }
    return {
        "type": "tile",
        "entity": scene.entity_id,
        "name": {"type": "entity"},
        "hide_state": True,
        "tap_action": activate,
        "icon_tap_action": activate,
        "grid_options": {"columns": _TILE_COLUMNS},
    }


def _switch_icon(name: str) -> str | None:
    return next((icon for word, icon in _SWITCH_ICONS.items() if word in name.casefold()), None)
