"""The home that is measured: N devices of one endpoint each, half of them switches, half dimmable lights."""

from tests.mock_cloud.wire import Json, JsonObject

USERNAME = "owner@example.com"
PASSWORD = "a-password-of-nobody"  # noqa: S105  # the cloud of a benchmark
ENDPOINT = "1"
# The first device is a switch, and no pushed event but the last touches it: whoever sees it off has seen them all.
MARKER = 0
_ROOMS = 10


def document(devices: int) -> JsonObject:
    """Return a home file of the mock cloud; everything is on."""
    return {
        "terms": {"version": "1", "required": False},
        "support": {"phone": "0816 333 868"},
        "accounts": [
            {
                "id": "owner",
                "full_name": "Owner",
                "email": USERNAME,
                "phone": "+84 912 345 678",
                "password": PASSWORD,
                "terms_accepted": "1",
                "homes": ["home"],
            }
        ],
        "homes": [
            {
                "id": "home",
                "name": "Home",
                "rooms": [{"id": f"room-{room}", "name": f"Room {room}"} for room in range(_ROOMS)],
                "devices": [_device(number) for number in range(devices)],
            }
        ],
    }


def device_id(number: int) -> str:
    """Return the cloud's id of a device."""
    return f"device-{number:05}"


def device_name(number: int) -> str:
    """Return what a device is called, in the cloud and in Home Assistant."""
    return f"Device {number:05}"


def is_switch(number: int) -> bool:
    """Return whether a device is a switch rather than a light."""
    return number % 2 == 0


def touched(event: int, devices: int) -> tuple[int, JsonObject]:
    """Return the device that an event is about, and its new state: one other than before, for any number of events."""
    turn, place = divmod(event, devices - 1)
    number = place + 1  # the marker is left out
    return number, {"on": turn % 2 == 1} if is_switch(number) else {"brightness": turn % 99 + 1}


def _device(number: int) -> Json:
    features: JsonObject = {"outlet": False, "metering": False}
    state: JsonObject = {"on": True}
    if not is_switch(number):
        features = {"brightness": True, "color_temp": None, "color": False, "effects": [], "transition": False}
        state = {"on": True, "brightness": 100}
    return {
        "id": device_id(number),
        "name": device_name(number),
        "room_id": f"room-{number % _ROOMS}",
        "model": "Touch panel, 1 gang" if is_switch(number) else "Dimmer",
        "firmware": "2.4.1",
        "serial": f"SN-{number:05}",
        "identify": True,
        "signal_dbm": -55,
        "endpoints": [
            {
                "id": ENDPOINT,
                "type": "switch" if is_switch(number) else "light",
                "features": features,
                "state": state,
            }
        ],
    }
