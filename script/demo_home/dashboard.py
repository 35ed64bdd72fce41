"""The dashboard: a view for each home, a section for each room, a tile for each thing. Pure: registries and states in.

https://www.home-assistant.io/dashboards/sections, /tile and /features describe what is built here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from homeassistant.components.cover import CoverEntityFeature
from homeassistant.components.light import ColorMode, brightness_supported, color_supported, color_temp_supported

from .client import Json, State
from .registries import Area, Device, Entity, Floor, Registries
from .texts import Texts

# What has a tile, in the order of the tiles of a room: what one sees by, what one looks out through, the rest.
_DOMAINS = ("light", "cover", "switch")

_FULL_WIDTH = 12
_HALF_WIDTH = 6
# More letters do not fit into half the width.
_SHORT_NAME = 16
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tile:
    config: Json
    size: float
    """In rows of the full width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    config: Json
    height: float


def build_dashboard(registries: Registries, states: Mapping[str, State], texts: Texts) -> dict[str, Json]:
    """Return the configuration of a dashboard of everything that can be switched, dimmed, moved or activated."""
    devices = {device.id: device for device in registries.devices}
    shown = [entity for entity in registries.entities if entity.hidden_by is None and entity.disabled_by is None]
    rooms: dict[str | None, list[Entity]] = {}
    for entity in shown:
        if entity.domain in _DOMAINS and entity.entity_category is None:
            rooms.setdefault(_area_id(entity, devices), []).append(entity)
    scenes = [entity for entity in shown if entity.domain == "scene"]

    homes: list[tuple[Floor, list[_Section]]] = []
    for floor in registries.floors:
        sections = [
            _room(area, floor, rooms.pop(area.area_id), devices, states)
            for area in registries.areas
            if area.floor_id == floor.floor_id and area.area_id in rooms
        ]
        if sections:
            # Sections stand in rows: neighbours of about one height leave no holes.
            homes.append((floor, sorted(sections, key=_height, reverse=True)))
    # What is nowhere is in no home either; the first one has to do.
    if homes:
        _, first = homes[0]
        if elsewhere := [entity for entities in rooms.values() for entity in entities]:
            first.append(_section(texts.elsewhere, "mdi:bag-suitcase", _tiles(elsewhere, devices, states)))
        if scenes:
            first.append(_section(texts.scenes, "mdi:palette", [_scene(scene) for scene in scenes]))
    return {"title": texts.dashboard, "views": [_view(floor, sections) for floor, sections in homes]}


def _area_id(entity: Entity, devices: Mapping[str, Device]) -> str | None:
    """Return where an entity is: where the user put it, else where its device is."""
    device = devices.get(entity.device_id or "")
    return entity.area_id or (device.area_id if device else None)


def _view(floor: Floor, sections: list[_Section]) -> Json:
    return {
        "type": "sections",
        "title": floor.name,
        "path": floor.floor_id.replace("_", "-"),
        "max_columns": _MOST_COLUMNS,
        "dense_section_placement": True,
        "sections": [section.config for section in sections],
    }


def _room(
    area: Area, floor: Floor, entities: list[Entity], devices: Mapping[str, Device], states: Mapping[str, State]
) -> _Section:
    # Where two homes have a room of the same name, its area is called by its home, too; the view says that already.
    title = area.name.removesuffix(f" ({floor.name})")
    return _section(title, area.icon, _tiles(entities, devices, states))


def _section(title: str, icon: str | None, tiles: list[_Tile]) -> _Section:
    heading: dict[str, Json] = {"type": "heading", "heading": title, "heading_style": "title"}
    if icon is not None:
        heading["icon"] = icon
    return _Section(
        config={"type": "grid", "cards": [heading, *(tile.config for tile in tiles)]},
        height=sum(tile.size for tile in tiles),
    )


def _height(section: _Section) -> float:
    return section.height


def _tiles(entities: Iterable[Entity], devices: Mapping[str, Device], states: Mapping[str, State]) -> list[_Tile]:
    in_order = sorted(entities, key=lambda entity: _DOMAINS.index(entity.domain))
    return [_tile(entity, devices, states.get(entity.entity_id)) for entity in in_order]


def _tile(entity: Entity, devices: Mapping[str, Device], state: State | None) -> _Tile:
    own_name = entity.name or entity.original_name
    device = devices.get(entity.device_id or "")
    name = own_name or (device.name if device else None) or ""
    features = _features(entity.domain, state)
    tile: dict[str, Json] = {
        "type": "tile",
        "entity": entity.entity_id,
        # Short, and following what the user renames: the room stands above it already.
        "name": {"type": "entity"} if own_name else {"type": "device"},
    }
    if entity.domain == "switch" and (icon := _switch_icon(name)):
        tile["icon"] = icon
    if features:
        tile["features"] = features
        tile["features_position"] = "bottom"
    width = _HALF_WIDTH if not features and len(name) <= _SHORT_NAME else _FULL_WIDTH
    tile["grid_options"] = {"columns": width}
    return _Tile(config=tile, size=(1 + len(features)) * width / _FULL_WIDTH)


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


def _scene(scene: Entity) -> _Tile:
    activate: Json = {
        "action": "perform-action",
        "perform_action": "scene.turn_on",
        "target": {"entity_id": scene.entity_id},
    }
    config: dict[str, Json] = {
        "type": "tile",
        "entity": scene.entity_id,
        "name": {"type": "entity"},
        "hide_state": True,
        "tap_action": activate,
        "icon_tap_action": activate,
        "grid_options": {"columns": _HALF_WIDTH},
    }
    return _Tile(config=config, size=_HALF_WIDTH / _FULL_WIDTH)


def _switch_icon(name: str) -> str | None:
    return next((icon for word, icon in _SWITCH_ICONS.items() if word in name.casefold()), None)
