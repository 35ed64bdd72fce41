"""The home file is a plausible home, and an invalid one is not read."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.mock_cloud import load_home
from tests.mock_cloud.wire import Document, InvalidDocumentError


def test_the_home_has_one_of_everything() -> None:
    """Tests and the demo count on it."""
    world = load_home()
    devices = [device for home in world.homes_of(world.account("minhanh@example.com")) for device in home.devices]
    endpoints = [endpoint for device in devices for endpoint in device.endpoints]
    assert {len(device.endpoints) for device in devices if "Touch panel" in device.model} == {1, 2, 3, 4}
    assert [device.id for device in devices if not device.online] == ["den-vuon-treo"]
    assert [device.id for device in devices if device.room_id is None] == ["o-cam-di-dong"]
    kinds = {endpoint.features["kind"] for endpoint in endpoints if endpoint.type == "curtain"}
    assert kinds == {"curtain", "roller", "blind", "awning"}
    assert sum(endpoint.type == "curtain" and not endpoint.features["position"] for endpoint in endpoints) == 1
    assert {endpoint.type for endpoint in endpoints} == {"switch", "light", "curtain", "button"}


def home(**changes: Any) -> Document:
    """Return a small good home file with its device changed."""
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
    return {"id": "1", "type": "switch", "features": {"controls": "outlet", "metering": False}, "state": {}, **changes}


LIGHT = {"brightness": True, "color": False, "effects": [], "transition": False}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"room_id": "nowhere"}, "/room_id"),
        ({"colour": "red"}, ""),
        ({"signal_dbm": 5}, "/signal_dbm"),
        ({"endpoints": [switch(state={"brightness": 5})]}, "/endpoints/0/state/brightness"),
        ({"endpoints": [switch(features={"controls": "outlet"})]}, "/endpoints/0/features/metering"),
        ({"endpoints": [switch(type="light", features=LIGHT, state={"mode": "white"})]}, "/endpoints/0/state/mode"),
        (
            {"endpoints": [switch(type="light", features=LIGHT | {"color_temp": {}})]},
            "/endpoints/0/features/color_temp",
        ),
        ({"endpoints": [switch(type="curtain", features={"kind": "gate"})]}, "/endpoints/0/features"),
    ],
)
def test_an_invalid_device_is_not_read(tmp_path: Path, changes: Document, pointer: str) -> None:
    """The error says where it stands; an unknown type is valid."""
    file = tmp_path / "home.yaml"
    file.write_text(yaml.safe_dump(home(endpoints=[switch(type="thermostat", state={"x": 1})])))
    assert load_home(file).device("d").endpoints[0].state == {"x": 1}
    file.write_text(yaml.safe_dump(home(**changes)))
    with pytest.raises(InvalidDocumentError) as raised:
        load_home(file)
    assert raised.value.pointer.startswith(f"/homes/0/devices/0{pointer}")
