"""Small homes, frames and events, decoded from what comes over the wire."""

from collections.abc import Sequence
import json

from custom_components.wesmart.cloud.decode import decode_snapshot
from custom_components.wesmart.cloud.events import EventsFrame, Frame, HeartbeatFrame, HelloFrame, decode_frame
from custom_components.wesmart.cloud.models import EndpointKey, LightEndpoint, LightState, Snapshot
from custom_components.wesmart.cloud.state import HomeState

type Json = dict[str, object]

AT = "2026-11-20T05:00:00Z"

LAMP = EndpointKey("lamp", "1")
CURTAIN = EndpointKey("curtain", "1")
BUTTON = EndpointKey("button", "1")
GANGS = (EndpointKey("panel", "1"), EndpointKey("panel", "2"))


def lamp(**state: object) -> Json:
    """Return a device with one color light."""
    features = {"brightness": True, "color": True, "effects": ["Cầu vồng"], "transition": True}
    return device("lamp", endpoint("light", features=features, state={"on": False, **state}))


def curtain(**state: object) -> Json:
    """Return a device with one curtain."""
    whole = {"position": 0, "motion": "stopped", **state}
    return device("curtain", endpoint("curtain", features={"position": True, "stop": True}, state=whole))


def button() -> Json:
    """Return a device with one button."""
    return device("button", endpoint("button", features={"presses": ["press_end"]}))


def panel(*ids: str) -> Json:
    """Return a wall panel with gangs."""
    return device("panel", *(endpoint("switch", id_, state={"on": True}) for id_ in ids))


def endpoint(type_: str, id_: str = "1", **members: object) -> Json:
    """Return an endpoint."""
    return {"id": id_, "type": type_, "name": None, "room_id": None, **members}


def device(id_: str, *endpoints: Json, **members: object) -> Json:
    """Return a device of the home `home`."""
    return {"id": id_, "home_id": "home", "name": id_, "online": True, "endpoints": endpoints, **members}


def home(*devices: Json, **members: object) -> Json:
    """Return a home."""
    return {"id": "home", "name": "Nhà", "rooms": [], "scenes": [], "devices": devices, **members}


def homes(seq: float, *homes: object, epoch: str = "e") -> Snapshot:
    """Return a snapshot of some homes."""
    return decode_snapshot(json.dumps({"epoch": epoch, "seq": seq, "homes": homes}).encode())


def snapshot(seq: float, *devices: Json, epoch: str = "e") -> Snapshot:
    """Return a snapshot of one home."""
    return homes(seq, home(*devices), epoch=epoch)


def event(seq: float, kind: str, **members: object) -> Json:
    """Return an event."""
    return {"seq": seq, "at": AT, "kind": kind, **members}


def state(seq: float, key: EndpointKey = LAMP, **fields: object) -> Json:
    """Return a state event."""
    return event(seq, "state", device_id=key.device_id, endpoint_id=key.endpoint_id, state=fields)


def press(seq: float, at: str = AT) -> Json:
    """Return a press of the button."""
    return event(seq, "button", device_id="button", endpoint_id="1", press="press_end") | {"at": at}


def events(*wire: object) -> EventsFrame:
    """Return a frame with these events."""
    return frame(EventsFrame, type="events", events=wire)


def hello(seq: float, *, resumed: bool = False, epoch: str = "e") -> HelloFrame:
    """Return the first frame of a stream, sent at the same time as the events are."""
    return frame(HelloFrame, type="hello", epoch=epoch, seq=seq, at=AT, resumed=resumed, heartbeat_s=20)


def heartbeat(seq: float, epoch: str = "e") -> HeartbeatFrame:
    """Return a heartbeat."""
    return frame(HeartbeatFrame, type="heartbeat", epoch=epoch, seq=seq)


def frame[FrameT: Frame](kind: type[FrameT], **members: Sequence[object] | float | str) -> FrameT:
    """Return a frame."""
    decoded = decode_frame(json.dumps(members))
    assert isinstance(decoded, kind)
    return decoded


def light(home_state: HomeState) -> LightState:
    """Return the lamp's state."""
    lamp = home_state.endpoints[LAMP]
    assert isinstance(lamp, LightEndpoint)
    return lamp.state
