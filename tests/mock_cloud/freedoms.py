"""Freedoms that the contract leaves to a server: the plain choice, or a reproducible random one."""

from collections.abc import Mapping
import datetime as dt
from email.utils import format_datetime
import json
import math
from random import Random
from typing import override

from tests.mock_cloud.wire import Json, JsonObject, rfc3339

_UNKNOWN_ENDPOINT: JsonObject = {
    "id": "tinh-dau",
    "type": "aroma_diffuser",
    "features": {"scents": ["sả", "quế"]},
    "state": {"scent": "sả", "on": None},
}
_UNKNOWN_EVENTS: list[tuple[str, JsonObject]] = [
    ("rain", {"millimetres": 12.5, "device_id": "tram-mua"}),
    ("doorbell", {"chime": "Chuông cửa"}),
]
_UNKNOWN_FRAME: JsonObject = {"type": "advice", "text": "Chúc một ngày tốt lành"}


class Freedoms:
    """The plain choices; `seeded` makes random ones."""

    @classmethod
    def off(cls) -> Freedoms:
        """Return the plain choices."""
        return Freedoms()

    @classmethod
    def seeded(cls, seed: int) -> Freedoms:
        """Return random choices, the same ones for the same seed and requests."""
        return _SeededFreedoms(seed)

    def json(self, document: Mapping[str, Json]) -> str:
        """Return the text of a document."""
        return json.dumps(document, ensure_ascii=False)

    def discovery(self, document: JsonObject) -> JsonObject:
        """Return the discovery document with another spelling of its URLs."""
        return document

    def device(self, document: JsonObject) -> JsonObject:
        """Return a device, perhaps without a null `room_id`, or with an endpoint of an unknown type; always the same."""
        return document

    def timestamp(self, moment: float) -> str:
        """Return a Unix time as RFC 3339."""
        return rfc3339(moment)

    def retry_after(self, seconds: float, now: float) -> str:
        """Return a `Retry-After`: seconds, or a date relative to `now` (Unix time)."""
        return str(math.ceil(seconds))

    def token_type(self) -> str:
        """Return the token type, in any case."""
        return "Bearer"

    def push_delay(self) -> float:
        """Return the seconds that events wait, so that responses overtake them."""
        return 0

    def batch(self, pending: int) -> int:
        """Return how many of the pending events go into the next frame."""
        return pending

    def unknown_event(self) -> tuple[str, JsonObject] | None:
        """Return an event of an unknown kind (kind and members) to come before the next one, or None."""
        return None

    def unknown_frame(self) -> JsonObject | None:
        """Return a frame of an unknown type to come before the next one, or None."""
        return None

    def problem_type(self, type_: str) -> str:
        """Return the type of a problem of which only the status matters, perhaps an unknown one."""
        return type_

    def tells_before_closing(self) -> bool:
        """Return whether a stream gets the event that ends it before it is closed."""
        return True


class _SeededFreedoms(Freedoms):
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = Random(seed)

    @override
    def json(self, document: Mapping[str, Json]) -> str:
        indent = self._random.choice([None, None, None, 1, "\t"])
        separators = self._random.choice([(",", ":"), (", ", ": "), (" , ", " : ")])
        text = json.dumps(
            self._grown(document), ensure_ascii=self._random.random() < 0.5, indent=indent, separators=separators
        )
        return self._random.choice(["", " ", "\r\n"]) + text + self._random.choice(["", "\n"])

    @override
    def discovery(self, document: JsonObject) -> JsonObject:
        return {**document, "api_url": f"{document['api_url']}{self._random.choice(['', '/'])}"}

    @override
    def device(self, document: JsonObject) -> JsonObject:
        endpoints = document["endpoints"]
        choice = Random(f"{self._seed}:{document['id']}").random()
        if choice < 0.5 and document.get("room_id") is None:
            document = {name: value for name, value in document.items() if name != "room_id"}
        if choice < 0.8 or not isinstance(endpoints, list):
            return document
        return {**document, "endpoints": [*endpoints, _UNKNOWN_ENDPOINT]}

    @override
    def timestamp(self, moment: float) -> str:
        when = dt.datetime.fromtimestamp(moment, dt.UTC)
        precision = self._random.choice(["milliseconds", "microseconds"])
        text = when.isoformat(timespec=precision).removesuffix("+00:00")
        text += "0" * self._random.choice([0, 0, 1, 3])
        zone = self._random.choice(["Z", "z", "+00:00", "-00:00"])
        return (text.replace("T", "t") if self._random.random() < 0.2 else text) + zone

    @override
    def retry_after(self, seconds: float, now: float) -> str:
        if self._random.random() < 0.5:
            return super().retry_after(seconds, now)
        return format_datetime(dt.datetime.fromtimestamp(math.ceil(now + seconds), dt.UTC), usegmt=True)

    @override
    def token_type(self) -> str:
        return self._random.choice(["Bearer", "bearer", "BEARER", "bEARER"])

    @override
    def push_delay(self) -> float:
        return self._random.choice([0, 0, 0.01, 0.2])

    @override
    def batch(self, pending: int) -> int:
        return self._random.randint(1, pending)

    @override
    def unknown_event(self) -> tuple[str, JsonObject] | None:
        return self._random.choice([*[None] * 12, *_UNKNOWN_EVENTS])

    @override
    def unknown_frame(self) -> JsonObject | None:
        return _UNKNOWN_FRAME if self._random.random() < 0.1 else None

    @override
    def problem_type(self, type_: str) -> str:
        return self._random.choice([type_, type_, "urn:wesmart:problem:out-of-luck"])

    @override
    def tells_before_closing(self) -> bool:
        return self._random.random() < 0.5

    def _grown(self, value: Json) -> Json:
        """Return a value with its members in another order, more of them, and integers spelled as floats."""
        match value:
            case Mapping():
                members = [(name, self._grown(member)) for name, member in value.items()]
                if self._random.random() < 0.2:
                    members.append(
                        (f"x_{self._random.randint(0, 99)}", self._random.choice([None, [], {"on": 1}, "?"]))
                    )
                return dict(self._random.sample(members, len(members)))
            case list():
                return [self._grown(member) for member in value]
            case int() if not isinstance(value, bool) and self._random.random() < 0.3:
                return float(value)
        return value
