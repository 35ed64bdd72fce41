"""Controls of the mock cloud: what people do at the wall and in the app. Mixed into `MockCloud`."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypedDict, Unpack

from pydantic import with_config

from tests.mock_cloud.behavior import Behavior
from tests.mock_cloud.core import Core
from tests.mock_cloud.endpoints import check_features, checked_set, checked_state
from tests.mock_cloud.fault_controls import FaultControls
from tests.mock_cloud.home_file import parse_device, parse_home, parse_scene
from tests.mock_cloud.model import Endpoint, Room
from tests.mock_cloud.operator_controls import OperatorControls
from tests.mock_cloud.support import Support
from tests.mock_cloud.wire import Json, JsonObject


@with_config(extra="forbid")  # over HTTP, where no type checker has seen the call
class DeviceMembers(TypedDict, total=False):
    """What can be changed of a device."""

    name: str | None
    room_id: str | None
    model: str
    firmware: str
    serial: str
    signal_dbm: int | None
    battery_percent: int | None
    identify: bool
    updatable: bool


class Controls(FaultControls, OperatorControls):
    """All synchronous: when a call returns, the cloud has changed and its events are on their way."""

    _core: Core
    _behavior: Behavior
    _support: Support

    # At the wall

    def touch(self, device_id: str, endpoint_id: str, **state: Json) -> None:
        """Change an endpoint by hand; without effect in the cloud while the device is offline."""
        device, endpoint = self._core.world.device(device_id), self._core.world.endpoint(device_id, endpoint_id)
        checked = checked_state(endpoint, state, "")
        if not device.online:
            return
        self._behavior.measure()
        if "position" in checked:
            checked.setdefault("motion", "stopped")
        if "motion" in checked:
            self._behavior.interrupt(device, endpoint)
        self._core.change_state(device, endpoint, checked)

    def run_curtain(self, device_id: str, endpoint_id: str, position: float) -> None:
        """Start a curtain's motor by the switch beside it; it travels to `position`, unless the device is offline."""
        device, endpoint = self._core.world.device(device_id), self._core.world.endpoint(device_id, endpoint_id)
        fields = checked_set(endpoint, {"position": position})
        if device.online:
            self._behavior.move(device, endpoint, fields)

    def stop_curtain(self, device_id: str, endpoint_id: str) -> None:
        """Stop a curtain's motor by the switch beside it."""
        device, endpoint = self._core.world.device(device_id), self._core.world.endpoint(device_id, endpoint_id)
        if device.online:
            self._behavior.halt(device, endpoint)

    def press(self, device_id: str, endpoint_id: str, press: str) -> None:
        """Press a button."""
        device, endpoint = self._core.world.device(device_id), self._core.world.endpoint(device_id, endpoint_id)
        presses = endpoint.features.get("presses")
        if not isinstance(presses, list) or press not in presses:
            raise ValueError(f"{endpoint_id} of {device_id} knows no press {press}")
        if device.online:
            members: JsonObject = {"device_id": device_id, "endpoint_id": endpoint_id, "press": press}
            self._core.publish_home(device.home_id, "button", members)

    def set_online(self, device_id: str, online: bool) -> None:
        """Connect or disconnect a device; offline it keeps its last state."""
        device = self._core.world.device(device_id)
        if device.online == online:
            return
        self._behavior.measure()
        self._behavior.interrupt(device, *device.endpoints)
        device.online = online
        self._core.publish_device(device)
        self._behavior.rest(device)

    # What the user changes in the app

    def add_device(self, home_id: str, document: JsonObject) -> None:
        """Add a device, written as in the home file."""
        home = self._core.world.home(home_id)
        device = parse_device(document, home)
        if any(device.id == other.id for other in self._core.world.devices()):
            raise ValueError(f"there is a device {device.id}")
        home.devices.append(device)
        self._core.publish_device(device)

    def update_device(self, device_id: str, **members: Unpack[DeviceMembers]) -> None:
        """Change name, room_id, model, firmware, serial, signal_dbm, battery_percent, identify or updatable of a device."""
        device = self._core.world.device(device_id)
        for name, value in members.items():
            setattr(device, name, value)
        self._core.publish_device(device)

    def set_controls(self, device_id: str, endpoint_id: str, controls: str | None) -> None:
        """Say what a switch controls: light, fan, outlet, heater or other; None for unknown."""
        endpoint = self._core.world.endpoint(device_id, endpoint_id)
        changed = replace(endpoint, features={**endpoint.features, "controls": controls})
        check_features(changed, "/features")
        endpoint.features = changed.features
        self._core.publish_device(self._core.world.device(device_id))

    def rename_endpoint(self, device_id: str, endpoint_id: str, name: str | None) -> None:
        """Give an endpoint a name of its own; None for none."""
        self._core.world.endpoint(device_id, endpoint_id).name = name
        self._core.publish_device(self._core.world.device(device_id))

    def set_endpoints(self, device_id: str, endpoints: Iterable[Endpoint]) -> None:
        """Replace the endpoints of a device, as a firmware update may."""
        device, replaced = self._core.world.device(device_id), list(endpoints)
        for endpoint in replaced:
            check_features(endpoint, "/features")
            endpoint.state = checked_state(endpoint, endpoint.state, "/state")
        device.endpoints = replaced
        self._core.publish_device(device)

    def move_endpoint(self, device_id: str, endpoint_id: str, room_id: str | None) -> None:
        """Give an endpoint a room of its own; None for the room of its device."""
        self._core.world.endpoint(device_id, endpoint_id).room_id = room_id
        self._core.publish_device(self._core.world.device(device_id))

    def remove_device(self, device_id: str) -> None:
        """Remove a device."""
        device = self._core.world.device(device_id)
        self._behavior.interrupt(device, *device.endpoints)
        self._core.world.home(device.home_id).devices.remove(device)
        self._core.publish_home(device.home_id, "device_removed", {"device_id": device_id})

    def add_home(self, account: str, document: JsonObject) -> None:
        """Add a home, written as in the home file, that `account` sees."""
        home = parse_home(document)
        self._core.world.homes.append(home)
        self.share_home(home.id, account)

    def share_home(self, home_id: str, account: str) -> None:
        """Share a home with an account."""
        home, viewer = self._core.world.home(home_id), self._account(account)
        viewer.homes.append(home_id)
        self._core.publish(viewer.id, "home", {"home": home.document(devices=False)})
        for device in home.devices:
            self._core.publish(viewer.id, "device", {"device": self._core.freedoms.device(device.document())})

    def unshare_home(self, home_id: str, account: str) -> None:
        """Stop sharing a home with an account."""
        viewer = self._account(account)
        viewer.homes.remove(home_id)
        self._core.publish(viewer.id, "home_removed", {"home_id": home_id})

    def rename_home(self, home_id: str, name: str) -> None:
        """Rename a home."""
        self._core.world.home(home_id).name = name
        self._publish_outline(home_id)

    def remove_home(self, home_id: str) -> None:
        """Remove a home with all in it."""
        home = self._core.world.home(home_id)
        for device in home.devices:
            self._behavior.interrupt(device, *device.endpoints)
        self._core.world.homes.remove(home)
        for account in self._core.world.watchers(home_id):
            self.unshare_home(home_id, account.id)

    def add_room(self, home_id: str, room_id: str, name: str) -> None:
        """Add a room to a home."""
        self._core.world.home(home_id).rooms.append(Room(id=room_id, name=name))
        self._publish_outline(home_id)

    def rename_room(self, home_id: str, room_id: str, name: str) -> None:
        """Rename a room."""
        for room in self._core.world.home(home_id).rooms:
            if room.id == room_id:
                room.name = name
        self._publish_outline(home_id)

    def remove_room(self, home_id: str, room_id: str) -> None:
        """Remove a room; its devices still name it, which means no room (C-32)."""
        home = self._core.world.home(home_id)
        home.rooms = [room for room in home.rooms if room.id != room_id]
        self._publish_outline(home_id)

    def add_scene(self, home_id: str, document: JsonObject) -> None:
        """Add a scene, written as in the home file."""
        home = self._core.world.home(home_id)
        home.scenes.append(parse_scene(document, home))
        self._publish_outline(home_id)

    def rename_scene(self, home_id: str, scene_id: str, name: str) -> None:
        """Rename a scene."""
        for scene in self._core.world.home(home_id).scenes:
            if scene.id == scene_id:
                scene.name = name
        self._publish_outline(home_id)

    def remove_scene(self, home_id: str, scene_id: str) -> None:
        """Remove a scene."""
        home = self._core.world.home(home_id)
        home.scenes = [scene for scene in home.scenes if scene.id != scene_id]
        self._publish_outline(home_id)

    def _publish_outline(self, home_id: str) -> None:
        self._core.publish_home(home_id, "home", {"home": self._core.world.home(home_id).document(devices=False)})
