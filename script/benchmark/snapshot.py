"""Makes a large, realistic snapshot as the cloud contract describes it ("Snapshot and events", "Model")."""

import json
import random
import uuid

type Json = dict[str, Json] | list[Json] | str | float | bool | None

ROOMS = ("Phòng khách", "Phòng ngủ", "Bếp", "Hành lang", "Sân thượng", "Phòng làm việc", "Ban công", "Gara")
UNKNOWN_TYPE = "fan"


def make(devices: int, seed: int = 1) -> bytes:
    """Return a snapshot of one home: about half switch panels, half lights, a curtain in twenty.

    It has what a decoder must survive: integers written as floats, unknown fields, and in one device of fifty an
    endpoint of a type that no client knows yet.
    """
    generator = random.Random(seed)  # noqa: S311  # repeatable, which is the point
    home = _identifier(generator)
    rooms = [_identifier(generator) for _ in ROOMS]
    body: Json = {
        "epoch": _identifier(generator),
        "seq": 4_812_663,
        "homes": [
            {
                "id": home,
                "name": "Nhà Hà Nội",
                "rooms": [{"id": room, "name": name} for room, name in zip(rooms, ROOMS, strict=True)],
                "devices": [_device(generator, number, home, rooms) for number in range(devices)],
                "scenes": [{"id": _identifier(generator), "home_id": home, "name": f"Cảnh {n}"} for n in range(12)],
            }
        ],
    }
    return json.dumps(body, ensure_ascii=False).encode()


def _device(generator: random.Random, number: int, home: str, rooms: list[str]) -> Json:
    endpoints: list[Json]
    if number % 20 == 0:
        endpoints = [_curtain(generator)]
    elif number % 2:
        endpoints = [_light(generator)]
    else:
        endpoints = [_switch(generator, gang) for gang in range(generator.randint(1, 4))]
    if number % 50 == 0:
        endpoints.append({"id": "new", "type": UNKNOWN_TYPE, "features": {"speeds": 3}, "state": {"speed": 2}})
    device: dict[str, Json] = {
        "id": _identifier(generator),
        "home_id": home,
        "room_id": generator.choice([*rooms, None]),
        "name": generator.choice([f"Thiết bị {number}", None]),
        "model": f"WS-{number % 7}",
        "firmware": "2.4.1",
        "serial": f"{number:012d}",
        "online": generator.random() < 0.95,
        "identify": True,
        "signal_dbm": _number(generator, -90, -40),
        "endpoints": endpoints,
    }
    if number % 10 == 0:
        device["installed_by"] = {"dealer": "unknown to this version", "year": 2026}
    return device


def _switch(generator: random.Random, gang: int) -> Json:
    metering = generator.random() < 0.3
    state: dict[str, Json] = {"on": generator.random() < 0.4}
    if metering:
        state |= {"power_w": round(generator.uniform(0, 900), 1), "energy_kwh": round(generator.uniform(0, 5000), 3)}
    return {
        "id": f"gang-{gang}",
        "type": "switch",
        "name": f"Công tắc {gang + 1}",
        "features": {"outlet": metering, "metering": metering},
        "state": state,
    }


def _light(generator: random.Random) -> Json:
    return {
        "id": "light",
        "type": "light",
        "name": None,
        "features": {
            "brightness": True,
            "color_temp": {"min_kelvin": 2700, "max_kelvin": 6500},
            "color": True,
            "effects": ["party", "reading"],
            "transition": True,
        },
        "state": {
            "on": generator.random() < 0.4,
            "mode": generator.choice(["white", "color"]),
            "brightness": _number(generator, 1, 100),
            "color_temp_kelvin": _number(generator, 2700, 6500),
            "hue": round(generator.uniform(0, 360), 1),
            "saturation": _number(generator, 0, 100),
            "effect": None,
        },
    }


def _curtain(generator: random.Random) -> Json:
    return {
        "id": "curtain",
        "type": "curtain",
        "features": {"kind": "curtain", "position": True, "tilt": False, "stop": True},
        "state": {"position": _number(generator, 0, 100), "motion": "stopped"},
    }


def _identifier(generator: random.Random) -> str:
    return str(uuid.UUID(int=generator.getrandbits(128), version=4))


def _number(generator: random.Random, low: int, high: int) -> float:
    value = generator.randint(low, high)
    return float(value) if generator.random() < 0.1 else value
