"""Endpoints of a home that tests may use, and how to leave them as they were."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import warnings

from tests.conformance.server import Session
from tests.conformance.target import Document, Json

# How long a curtain may take for a full travel, and how often to look.
TRAVEL_S = 180
POLL_S = 2
# The fields that put a light into a mode.
_MODES = {"white": ("color_temp_kelvin",), "color": ("hue", "saturation"), "effect": ("effect",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint as a snapshot shows it."""

    device: Document
    document: Document

    @property
    def key(self) -> tuple[str, str]:
        """The IDs of its device and of itself."""
        return self.device["id"], self.document["id"]

    @property
    def type(self) -> str:
        """Its type, such as light."""
        return str(self.document["type"])

    @property
    def features(self) -> Document:
        """Its features."""
        features: Document = self.document["features"]
        return features

    @property
    def state(self) -> Document:
        """Its whole state; unknown fields are left out, as they may be null or absent."""
        return known(self.document.get("state") or {})

    def set(self, **fields: Json) -> Document:
        """Return the command that sets fields."""
        return {"device_id": self.key[0], "endpoint_id": self.key[1], "set": fields}

    def do(self, verb: str) -> Document:
        """Return the command of a verb."""
        return {"device_id": self.key[0], "endpoint_id": self.key[1], "do": verb}

    def flip(self, *, on: bool | None = None) -> Document:
        """Return the command that switches it, by default to the other state."""
        return self.set(on=not self.state["on"] if on is None else on)

    def __str__(self) -> str:
        """Return the type and the IDs."""
        return f"{self.type} {'/'.join(self.key)}"


def known(state: Document) -> Document:
    """Return a state without what is unknown (C-33)."""
    return {name: value for name, value in state.items() if value is not None}


def devices(snapshot: Document) -> Iterator[Document]:
    """Iterate over the devices of a snapshot."""
    for home in snapshot["homes"]:
        yield from home["devices"]


def endpoints(snapshot: Document, *types: str, online: bool | None = True) -> list[Endpoint]:
    """Return the endpoints of a snapshot, of some types, by default those of devices that are online."""
    return [
        Endpoint(device=device, document=endpoint)
        for device in devices(snapshot)
        for endpoint in device["endpoints"]
        if (not types or endpoint["type"] in types) and online in {None, device["online"]}
    ]


def find(snapshot: Document, key: tuple[str, str]) -> Endpoint:
    """Return an endpoint by its key; raise AssertionError if it is not there."""
    for endpoint in endpoints(snapshot, online=None):
        if endpoint.key == key:
            return endpoint
    raise AssertionError(f"the snapshot has no endpoint {'/'.join(key)}")


def harmless(snapshot: Document) -> Endpoint | None:
    """Return an endpoint that may be switched in a home where people live: a light, or a switch that controls one.

    Another switch may feed a refrigerator or a heater.
    """
    switches = [one for one in endpoints(snapshot, "switch") if one.features.get("controls") == "light"]
    usable = [one for one in [*endpoints(snapshot, "light"), *switches] if isinstance(one.state.get("on"), bool)]
    return usable[0] if usable else None


@asynccontextmanager
async def restored(session: Session, endpoint: Endpoint) -> AsyncIterator[Endpoint]:
    """Set the endpoint back to the state that it has now, as far as commands can."""
    start = find(await session.get("/snapshot"), endpoint.key)
    try:
        yield start
    finally:
        await restore(session, start)


async def restore(session: Session, start: Endpoint) -> None:
    """Set an endpoint back to a state that it had; warn if that fails."""
    for fields in _steps(start):
        await session.result(start.set(**fields))
    end = await at_rest(session, start)
    settable = {name for fields in _steps(start) for name in fields}
    changed = {name: (start.state.get(name), end.state.get(name)) for name in settable}
    if changed := {name: pair for name, pair in changed.items() if pair[0] != pair[1]}:
        warnings.warn(f"{start} was not restored: {changed}", stacklevel=2)


async def at_rest(session: Session, endpoint: Endpoint) -> Endpoint:
    """Wait until a curtain has stopped, and return the endpoint as it is then."""
    deadline = asyncio.get_running_loop().time() + TRAVEL_S
    while True:
        now = find(await session.get("/snapshot"), endpoint.key)
        moving = now.state.get("motion") in {"opening", "closing"}
        if not moving or asyncio.get_running_loop().time() > deadline:
            return now
        await asyncio.sleep(POLL_S)


def _steps(start: Endpoint) -> Iterator[Document]:
    """Return what to set, one command after the other: the mode that a light is in comes last (C-36)."""
    state = start.state
    if start.type == "curtain":
        yield {name: state[name] for name in ("position", "tilt") if name in state and start.features.get(name)}
        return
    modes = sorted(_MODES, key=lambda mode: mode == state.get("mode"))
    for mode in modes:
        if fields := {name: state[name] for name in _MODES[mode] if name in state}:
            yield fields
    yield {name: state[name] for name in ("on", "brightness") if name in state}
