"""The home file is a plausible home, and no wrong one is read."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.mock_cloud import DEFAULT_HOME, load_home
from tests.mock_cloud.wire import Document, InvalidDocumentError


def test_the_home_has_one_of_everything() -> None:
    """What a dashboard and the tests of the client want to meet."""
    world = load_home()
    devices = [device for home in world.homes_of(world.account("minhanh@example.com")) for device in home.devices]
    endpoints = [endpoint for device in devices for endpoint in device.endpoints]
    assert 24 <= len(devices) <= 27
    assert {len(device.endpoints) for device in devices if "Touch panel" in device.model} == {1, 2, 3, 4}
    assert sum(endpoint.room_id is not None for endpoint in endpoints) >= 2
    assert [device.id for device in devices if not device.online] == ["den-vuon-treo"]
    assert [device.id for device in devices if device.room_id is None] == ["o-cam-di-dong"]
    kinds = {endpoint.features["kind"] for endpoint in endpoints if endpoint.type == "curtain"}
    assert kinds == {"curtain", "roller", "blind", "awning"}
    assert sum(endpoint.type == "curtain" and not endpoint.features["position"] for endpoint in endpoints) == 1
    assert {endpoint.type for endpoint in endpoints} == {"switch", "light", "curtain", "button"}
    assert len({device.serial for device in devices}) == len(devices)


def home(**changes: Any) -> Document:
    """Return a small good home file with one part changed."""
    document: Document = yaml.safe_load(
        """
        terms: {version: a}
        support: {phone: "1"}
        accounts: [{id: a, full_name: A, email: a@x.example, phone: "1", password: p, terms_accepted: a, homes: [h]}]
        homes:
          - id: h
            name: H
            rooms: [{id: r, name: R}]
            devices:
              - {id: d, name: D, room_id: r, model: M, firmware: F, serial: S, endpoints: []}
        """
    )
    document["homes"][0]["devices"][0].update(changes)
    return document


def switch(**changes: Any) -> Document:
    """Return a good endpoint with some members changed."""
    return {"id": "1", "type": "switch", "features": {"outlet": True, "metering": False}, "state": {}, **changes}


LIGHT = {"brightness": True, "color": False, "effects": [], "transition": False}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"room_id": "nowhere"}, "/room_id"),
        ({"colour": "red"}, ""),
        ({"model": None}, "/model"),
        ({"signal_dbm": 5}, "/signal_dbm"),
        ({"battery_percent": 101}, "/battery_percent"),
        ({"online": "yes"}, "/online"),
        ({"endpoints": [switch(), switch()]}, "/endpoints"),
        ({"endpoints": [switch(state={"brightness": 5})]}, "/endpoints/0/state/brightness"),
        ({"endpoints": [switch(features={"outlet": True})]}, "/endpoints/0/features/metering"),
        ({"endpoints": [switch(type="light", features=LIGHT, state={"mode": "white"})]}, "/endpoints/0/state/mode"),
        (
            {"endpoints": [switch(type="light", features=LIGHT | {"color_temp": {}})]},
            "/endpoints/0/features/color_temp/min_kelvin",
        ),
        ({"endpoints": [switch(type="curtain", features={"kind": "gate"})]}, "/endpoints/0/features"),
        ({"endpoints": [switch(type="button", features={"presses": []})]}, "/endpoints/0/features/presses"),
    ],
)
def test_a_device_no_cloud_could_send_is_not_read(tmp_path: Path, changes: Document, pointer: str) -> None:
    """The error says where it stands."""
    file = tmp_path / "home.yaml"
    file.write_text(yaml.safe_dump(home(**changes)))
    with pytest.raises(InvalidDocumentError) as raised:
        load_home(file)
    assert raised.value.pointer.startswith(f"/homes/0/devices/0{pointer}")


def test_a_good_file_is_read(tmp_path: Path) -> None:
    """Types from the future included."""
    file = tmp_path / "home.yaml"
    file.write_text(yaml.safe_dump(home(endpoints=[switch(), switch(id="2", type="thermostat", state={"x": 1})])))
    assert load_home(file).device("d").endpoints[1].state == {"x": 1}


def test_ids_are_unique_and_homes_known(tmp_path: Path) -> None:
    """Over all homes, since commands name devices without their home."""
    file = tmp_path / "home.yaml"
    text = DEFAULT_HOME.read_text(encoding="utf-8")
    for old, new in (("id: rem-can-ho", "id: rem-phong-khach"), ("homes: [nha-da-nang]", "homes: [nowhere]")):
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(InvalidDocumentError):
            load_home(file)
