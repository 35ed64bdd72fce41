"""The demo's dashboard, of registries written by hand."""

from script.demo_home.client import Json, State
from script.demo_home.dashboard import build_dashboard
from script.demo_home.registries import Area, Device, Entity, Floor, Registries
from script.demo_home.texts import TEXTS

HOUSE = Floor(floor_id="nha_ha_noi", name="Nhà Hà Nội")
FLAT = Floor(floor_id="can_ho", name="Căn hộ")
LIVING_ROOM = Area(area_id="khach", name="Phòng khách (Nhà Hà Nội)", floor_id="nha_ha_noi", icon="mdi:sofa")
HALLWAY = Area(area_id="hanh_lang", name="Hành lang", floor_id="nha_ha_noi")
BEDROOM = Area(area_id="ngu", name="Phòng ngủ", floor_id="can_ho")
PANEL = Device(id="panel", name="Công tắc", area_id="khach")
LAMP = Device(id="lamp", name="Đèn sàn", area_id="khach")
CURTAIN = Device(id="curtain", name="Rèm", area_id="ngu")

ALL_COVER_FEATURES = 0b1111_1111
OPEN_CLOSE_STOP = 0b1011


def entity(
    entity_id: str,
    device: Device | None = None,
    name: str | None = None,
    *,
    area_id: str | None = None,
    hidden_by: str | None = None,
    category: str | None = None,
) -> Entity:
    """Return an entity of ours."""
    return Entity(
        entity_id=entity_id,
        platform="wesmart",
        original_name=name,
        device_id=device.id if device else None,
        area_id=area_id,
        hidden_by=hidden_by,
        entity_category=category,
    )


def state(entity_id: str, **attributes: Json) -> State:
    """Return a state, of which the attributes matter."""
    return State(entity_id=entity_id, state="on", attributes=attributes)


def views(entities: list[Entity], *states: State) -> list[dict[str, list[tuple[str, list[dict[str, Json]]]]]]:
    """Return the views as {title: [(heading, tiles)]}."""
    registries = Registries(
        floors=[HOUSE, FLAT],
        areas=[HALLWAY, LIVING_ROOM, BEDROOM],
        devices=[PANEL, LAMP, CURTAIN],
        entities=entities,
    )
    config = build_dashboard(registries, {state.entity_id: state for state in states}, TEXTS["en"])
    assert isinstance(config["views"], list)
    return [_read_view(view) for view in config["views"]]


def _read_view(view: Json) -> dict[str, list[tuple[str, list[dict[str, Json]]]]]:
    assert isinstance(view, dict)
    assert isinstance(view["sections"], list)
    sections = []
    for section in view["sections"]:
        assert isinstance(section, dict)
        assert isinstance(section["cards"], list)
        heading, *tiles = [card for card in section["cards"] if isinstance(card, dict)]
        assert heading["type"] == "heading"
        sections.append((str(heading["heading"]), tiles))
    return {str(view["title"]): sections}


def shown_in(entities: list[Entity], *states: State) -> list[dict[str, list[tuple[str, list[Json]]]]]:
    """Return the views with the ids of their entities only."""
    return [
        {title: [(heading, [tile["entity"] for tile in tiles]) for heading, tiles in sections]}
        for view in views(entities, *states)
        for title, sections in view.items()
    ]


def features_of(entity_id: str, **attributes: Json) -> list[Json]:
    """Return the types of the features of an entity's tile."""
    [view] = views([entity(entity_id, LAMP)], state(entity_id, **attributes))
    [(_, [tile])] = view[HOUSE.name]
    features = tile.get("features", [])
    assert isinstance(features, list)
    return [feature["type"] for feature in features if isinstance(feature, dict)]


def test_each_home_is_a_view_and_each_room_a_section() -> None:
    """Nothing is named in advance: floors, areas and devices say where a tile goes."""
    assert shown_in([entity("switch.a", PANEL), entity("light.b", LAMP), entity("cover.c", CURTAIN)]) == [
        {"Nhà Hà Nội": [("Phòng khách", ["light.b", "switch.a"])]},
        {"Căn hộ": [("Phòng ngủ", ["cover.c"])]},
    ]


def test_the_fullest_room_comes_first() -> None:
    """Sections stand in rows, so those of about one height stand together."""
    entities = [entity("switch.hall", PANEL, area_id="hanh_lang"), entity("switch.a", PANEL), entity("switch.b", PANEL)]
    assert shown_in(entities) == [
        {"Nhà Hà Nội": [("Phòng khách", ["switch.a", "switch.b"]), ("Hành lang", ["switch.hall"])]}
    ]


def test_what_is_in_no_room_and_the_scenes_close_the_first_view() -> None:
    """Nothing that can be used is left out for being nowhere."""
    assert shown_in([entity("scene.home"), entity("switch.travel"), entity("switch.a", PANEL)]) == [
        {
            "Nhà Hà Nội": [
                ("Phòng khách", ["switch.a"]),
                ("Not in a room", ["switch.travel"]),
                ("Scenes", ["scene.home"]),
            ]
        }
    ]


def test_hidden_and_auxiliary_entities_have_no_tile() -> None:
    """A dashboard is for what a family uses."""
    entities = [
        entity("switch.a", PANEL),
        entity("switch.hidden", PANEL, hidden_by="user"),
        entity("switch.auxiliary", PANEL, category="config"),
        entity("sensor.power", PANEL),
    ]
    assert shown_in(entities) == [{"Nhà Hà Nội": [("Phòng khách", ["switch.a"])]}]


def test_nothing_in_any_room_makes_no_view() -> None:
    """Without a room there is no home to show."""
    assert shown_in([entity("switch.travel")]) == []


def test_a_light_has_the_controls_of_what_it_can() -> None:
    """Color temperature goes before color, which everyday life has less use for."""
    assert features_of("light.a", supported_color_modes=["onoff"]) == []
    assert features_of("light.a", supported_color_modes=["brightness"]) == ["light-brightness"]
    assert features_of("light.a", supported_color_modes=["color_temp"]) == ["light-brightness", "light-color-temp"]
    assert features_of("light.a", supported_color_modes=["hs"]) == ["light-brightness", "light-color-favorites"]
    assert features_of("light.a", supported_color_modes=["hs", "color_temp"]) == [
        "light-brightness",
        "light-color-temp",
    ]


def test_a_cover_has_the_controls_of_what_it_can() -> None:
    """A motor that knows no position has no slider."""
    assert features_of("cover.a", supported_features=OPEN_CLOSE_STOP) == ["cover-open-close"]
    assert features_of("cover.a", supported_features=ALL_COVER_FEATURES) == [
        "cover-open-close",
        "cover-position",
        "cover-tilt-position",
    ]


def test_a_tile_is_called_by_its_entity_or_else_by_its_device() -> None:
    """An entity without a name is what its device is."""
    [view] = views([entity("switch.gang", PANEL, "Đèn trần"), entity("switch.whole", PANEL)])
    [(_, [gang, whole])] = view[HOUSE.name]
    assert gang["name"] == {"type": "entity"}
    assert whole["name"] == {"type": "device"}


def test_a_switch_has_the_icon_of_what_it_switches() -> None:
    """What no word is known for keeps the icon that Home Assistant gives it."""
    names = ["Quạt trần", "Đèn tranh", "Cổng"]
    [view] = views([entity(f"switch.{number}", PANEL, name) for number, name in enumerate(names)])
    [(_, tiles)] = view[HOUSE.name]
    assert [tile.get("icon") for tile in tiles] == ["mdi:fan", "mdi:lightbulb", None]


def test_two_tiles_share_a_row_unless_a_name_is_too_long_for_it() -> None:
    """A name that ends in dots says nothing."""
    names = ["Đèn trần", "Công tắc phòng ngủ của bé"]
    [view] = views([entity(f"switch.{number}", PANEL, name) for number, name in enumerate(names)])
    [(_, tiles)] = view[HOUSE.name]
    assert [tile["grid_options"] for tile in tiles] == [{"columns": 6}, {"columns": 12}]
