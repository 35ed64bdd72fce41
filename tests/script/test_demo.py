"""The parts of the demo that need no Home Assistant. `script/demo --check` proves the rest."""

import socket

import pytest

from script.demo_home.check import complaints
from script.demo_home.command import free_port, require_free
from script.demo_home.dashboard import tile
from script.demo_home.home_assistant import LOOPBACK, DemoError, Json, fill_in

INFO = "2026-11-22 21:00:00.000 INFO (MainThread) [custom_components.wesmart] The cloud is back"
OURS = "2026-11-22 21:00:01.000+00:00 WARNING (MainThread) [custom_components.wesmart] The cloud is lost"
THEIRS = "2026-11-22 21:00:02.000 WARNING (MainThread) [homeassistant.bootstrap] Skipping pip installation"
UNTESTED = (
    "2026-11-22 21:00:03.000 WARNING (SyncWorker_0) [homeassistant.loader] "
    "We found a custom integration wesmart which has not been tested by Home Assistant."
)
ERROR = "2026-11-22 21:00:04.000+07:00 ERROR (MainThread) [homeassistant.setup] Setup failed for http"
TRACEBACK = ["Traceback (most recent call last):", '  File "x.py", line 1, in <module>', "KeyError: 'ssl_profile'"]


@pytest.mark.parametrize(
    ("log", "bad"),
    [
        ([], []),
        ([INFO, THEIRS, UNTESTED], []),
        ([THEIRS, OURS], [OURS]),
        ([INFO, ERROR, *TRACEBACK, THEIRS], [ERROR, TRACEBACK[0]]),
        ([*TRACEBACK, INFO], TRACEBACK[:1]),
    ],
    ids=["empty", "quiet", "warning of ours", "error with traceback", "printed before the log"],
)
def test_a_log_has_complaints(log: list[str], bad: list[str]) -> None:
    """Errors count whoever logs them; warnings if they are ours."""
    assert complaints("".join(f"{line}\n" for line in log)) == bad


def form(*fields: Json) -> Json:
    """Return a form of a config flow."""
    return {"step_id": "account", "data_schema": list(fields)}


def test_a_form_is_filled_with_answers_then_suggestions() -> None:
    """An optional field may stay empty."""
    fields = form(
        {"name": "server", "required": True, "default": "elsewhere"},
        {"name": "homes", "description": {"suggested_value": ["a"]}},
        {"name": "nickname"},
    )
    assert fill_in(fields, {"server": "here", "password": "secret"}) == {"server": "here", "homes": ["a"]}


def test_an_occupied_port_is_refused_with_advice() -> None:
    """The free one is accepted."""
    require_free(free_port(), "wait")
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        with pytest.raises(DemoError, match="in use\\.\nEnd what uses it, or wait"):
            require_free(server.getsockname()[1], "wait")


def test_an_invalid_port_is_refused() -> None:
    """Sockets raise another error for it."""
    with pytest.raises(DemoError, match="0-65535"):
        require_free(80000, "wait")


@pytest.mark.parametrize(
    ("entity_id", "attributes", "features"),
    [
        ("switch.a", {}, []),
        ("light.a", {"supported_color_modes": ["onoff"]}, []),
        ("light.a", {"supported_color_modes": ["color_temp", "hs"]}, ["light-brightness", "light-color-temp"]),
        ("light.a", {"supported_color_modes": ["hs"]}, ["light-brightness", "light-color-favorites"]),
        ("cover.a", {}, ["cover-open-close"]),
        ("cover.a", {"current_position": 5}, ["cover-open-close", "cover-position"]),
    ],
)
def test_a_tile_has_the_controls_of_its_entity(entity_id: str, attributes: Json, features: list[str]) -> None:
    """A motor without a position has no slider."""
    entity = {"entity_id": entity_id, "name": None, "original_name": None}
    shown = tile(entity, {"name": "Đèn sàn"}, attributes)
    assert [feature["type"] for feature in shown["features"]] == features
    assert shown["name"] == {"type": "device"}
    assert shown["grid_options"] == {"columns": 12 if features else 6}
