"""Small homes and events, as they come over the wire."""

from collections.abc import Mapping, Sequence
import json

from custom_components.wesmart.cloud.models import EndpointKey, Position
from custom_components.wesmart.cloud.wire_events import (
    Event,
    EventsFrame,
    Frame,
    HeartbeatFrame,
    HelloFrame,
    decode_frame,
)
from custom_components.wesmart.cloud.wire_home import Snapshot, decode_snapshot

type Json = Mapping[str, object]

LAMP = EndpointKey("lamp", "1")
CURTAIN = EndpointKey("curtain", "1")


def lamp(**state: object) -> Json:
    """Return a device with one colour light."""
    features = {
        "brightness": True,
        "color_temp": {"min_kelvin": 2700, "max_kelvin": 6500},
        "color": True,
        "effects": ["Cầu vồng"],
        "transition": True,
    }
    return device("lamp", [{"id": "1", "type": "light", "features": features, "state": {"on": False, **state}}])


def curtain(**state: object) -> Json:
    """Return a device with one curtain."""
    features = {"kind": "curtain", "position": True, "tilt": False, "stop": True}
    whole = {"position": 0, "motion": "stopped", **state}
    return device("curtain", [{"id": "1", "type": "curtain", "features": features, "state": whole}])


def device(device_id: str, endpoints: Sequence[Json], **fields: object) -> Json:
    """Return a device of the home `home`."""
    whole = {"id": device_id, "home_id": "home", "online": True, "identify": False, "endpoints": endpoints}
    return {**whole, "name": device_id, "room_id": None, **fields}


def snapshot(seq: int, *devices: Json, epoch: str = "e") -> Snapshot:
    """Return a snapshot of one home."""
    home = {"id": "home", "name": "Nhà", "rooms": [], "scenes": [], "devices": devices}
    return decode_snapshot(json.dumps({"epoch": epoch, "seq": seq, "homes": [home]}).encode())


def state(seq: int, key: EndpointKey = LAMP, **fields: object) -> Json:
    """Return a state event."""
    return event(seq, "state", device_id=key.device_id, endpoint_id=key.endpoint_id, state=fields)


def event(seq: int, kind: str, **members: object) -> Json:
    """Return an event."""
    return {"seq": seq, "at": "2026-11-20T05:00:00Z", "kind": kind, **members}


def events(*wire: Json) -> EventsFrame[Event]:
    """Return a frame with these events."""
    return _frame({"type": "events", "events": wire}, EventsFrame)


def hello(seq: int, *, resumed: bool, epoch: str = "e") -> HelloFrame:
    """Return the first frame of a stream."""
    wire = {"type": "hello", "epoch": epoch, "seq": seq, "at": "2026-11-20T05:00:00Z", "resumed": resumed}
    return _frame({**wire, "heartbeat_s": 20}, HelloFrame)


def heartbeat(seq: int, epoch: str = "e") -> HeartbeatFrame:
    """Return a heartbeat."""
    return HeartbeatFrame(Position(epoch, seq))


def _frame[FrameT: Frame](wire: Json, type_: type[FrameT]) -> FrameT:
    frame = decode_frame(json.dumps(wire))
    assert isinstance(frame, type_)
    return frame
