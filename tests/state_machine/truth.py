"""What the cloud held and since when: the measure of everything that Home Assistant shows."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
import json
from typing import Any, NamedTuple

from tests.accounts import OWNER
from tests.mock_cloud import MockCloud
from tests.mock_cloud.endpoints import KNOWN_TYPES
from tests.mock_cloud.history import Event
from tests.mock_cloud.wire import Document
from tests.state_machine.fields import Thing, Value, as_shown

# A field of a thing; `online` is a field of a device, whose thing has no endpoint.
type Field = tuple[Thing, str]


class Held(NamedTuple):
    """A value, since when, and whether somebody at the wall, or a restored backup, made it so."""

    value: Value
    at: float
    by_hand: bool


class Press(NamedTuple):
    """A press of a button."""

    thing: Thing
    press: str
    at: float


class Truth:
    """Watches a cloud from its start; observes its wire. `now` is the seconds on the clock of everybody."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._timelines: defaultdict[Field, list[Held]] = defaultdict(list)
        self.presses: list[Press] = []
        # Whether what changes now is not of Home Assistant's doing.
        self.by_hand = False
        # When a stream greeted last; when the cloud said anything at all; when it surely was heard, or said to go.
        self.hello_at = self.said_at = self.heard_at = self.refused_at = 0.0
        # Whether a client can know that the cloud counts anew.
        self.epoch_told = ""

    def watch(self, cloud: MockCloud) -> None:
        """Begin with what the cloud holds now."""
        self._cloud = cloud
        self.look()
        cloud.watch(self._changed)

    def of(self, field: Field) -> list[Held]:
        """Return the values of a field, the oldest first."""
        return self._timelines[field]

    def things(self) -> Iterator[tuple[Document, Document]]:
        """Iterate over the devices and endpoints that the account sees now."""
        for home in self._cloud.snapshot(OWNER.username)["homes"]:
            for device in home["devices"]:
                for endpoint in device["endpoints"]:
                    if endpoint["type"] in KNOWN_TYPES:
                        yield device, endpoint

    def look(self) -> None:
        """Take note of what there is now: after a restart, or when things came."""
        for device, endpoint in self.things():
            self._hold((device["id"], ""), {"online": device["online"]})
            self._hold((device["id"], endpoint["id"]), endpoint.get("state", {}))

    # The cloud's watcher, and its observer

    def _changed(self, account_id: str, event: Event) -> None:
        members: Mapping[str, Any] = event.members
        match event.kind:
            case "state":
                self._hold((members["device_id"], members["endpoint_id"]), members["state"])
            case "device" | "home":
                self.look()
            case "button":
                self.presses.append(
                    Press((members["device_id"], members["endpoint_id"]), members["press"], self._now())
                )

    def answered(
        self,
        method: str,
        path: str,
        request_headers: Mapping[str, str],
        request_body: bytes,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
    ) -> None:
        """Take note of a snapshot on its way, and of a cloud that wants to be left alone."""
        if status == 503:
            self.refused_at = self._now()
        if path.endswith("/snapshot") and status in {200, 304}:
            self.said_at = self._now()
            if self._cloud.latency < 5:
                self.heard_at = self._now()
            if status == 200:
                self.epoch_told = json.loads(body)["epoch"]

    def pushed(self, frame: str) -> None:
        """Take note of a frame on its way."""
        self.said_at = self._now()
        if json.loads(frame)["type"] == "hello":
            self.hello_at = self._now()

    def _hold(self, thing: Thing, state: Mapping[str, Value]) -> None:
        for name, raw in state.items():
            value = as_shown(name, raw)
            timeline = self._timelines[thing, name]
            if not timeline or timeline[-1].value != value:
                timeline.append(Held(value, self._now(), self.by_hand))
