"""The homes of the simulated account."""

from dataclasses import dataclass
from typing import NamedTuple

from msgspec.structs import replace

from custom_components.wesmart.cloud.models import (
    ButtonEndpoint,
    ButtonFeatures,
    CurtainEndpoint,
    CurtainFeatures,
    Device,
    Endpoint,
    EndpointKey,
    HomeOutline,
    LightEndpoint,
    LightFeatures,
    SwitchEndpoint,
    SwitchFeatures,
)

LAMP = EndpointKey("lamp", "1")
GANGS = (EndpointKey("panel", "1"), EndpointKey("panel", "2"))
CURTAIN = EndpointKey("curtain", "1")
PLUG = EndpointKey("plug", "1")  # in the other home
BUTTON = EndpointKey("button", "1")

HOMES = {"home": HomeOutline(id="home", name="home"), "other": HomeOutline(id="other", name="other")}
_LIGHT = LightFeatures(brightness=True, color=True)
_CURTAIN = CurtainFeatures(position=True, tilt=True, stop=True)
DEVICES = {
    "lamp": Device(id="lamp", home_id="home", online=True, endpoints=(LightEndpoint(id="1", features=_LIGHT),)),
    "panel": Device(
        id="panel",
        home_id="home",
        online=True,
        endpoints=tuple(SwitchEndpoint(id=key.endpoint_id, features=SwitchFeatures(metering=True)) for key in GANGS),
    ),
    "curtain": Device(
        id="curtain", home_id="home", online=True, endpoints=(CurtainEndpoint(id="1", features=_CURTAIN),)
    ),
    "plug": Device(id="plug", home_id="other", online=True, endpoints=(SwitchEndpoint(id="1"),)),
    "button": Device(
        id="button",
        home_id="home",
        online=True,
        endpoints=(ButtonEndpoint(id="1", features=ButtonFeatures(presses=("press",))),),
    ),
}


class Position(NamedTuple):
    """A position in the account's counter of changes."""

    epoch: str
    seq: int


class World(NamedTuple):
    """The homes at one position, in the client's own terms: devices without their endpoints."""

    homes: dict[str, HomeOutline]
    devices: dict[str, Device]
    endpoints: dict[EndpointKey, Endpoint]

    def copy(self) -> World:
        """Return a copy that does not change with this one."""
        return World(dict(self.homes), dict(self.devices), dict(self.endpoints))

    def device(self, device_id: str) -> Device:
        """Return a device with its endpoints."""
        endpoints = tuple(endpoint for key, endpoint in self.endpoints.items() if key.device_id == device_id)
        return replace(self.devices[device_id], endpoints=endpoints)


@dataclass(eq=False)
class Told:
    """A press or a ticket that was sent as an event; both are told once."""

    position: Position
    at: float
    is_press: bool
    is_told: bool = False
    # Its frame was lost or has been handled, or it is in no stream: it need not be told any more.
    is_lost: bool = False
