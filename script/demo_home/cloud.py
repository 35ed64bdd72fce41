"""The demo's cloud: whose account is shown, and what Home Assistant should make of it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.mock_cloud import MockCloud, load_home
from tests.mock_cloud.model import Account

from .ports import LOOPBACK

# Which entity Home Assistant shows for an endpoint of a type.
ENTITY_DOMAINS = {"switch": "switch", "light": "light", "curtain": "cover"}


class Endpoint(msgspec.Struct):
    """An endpoint, as a snapshot has it."""

    id: str
    type: str
    features: dict[str, object]
    state: dict[str, object] = {}


class Device(msgspec.Struct):
    """A device, as a snapshot has it."""

    id: str
    serial: str
    online: bool
    endpoints: list[Endpoint]


class Home(msgspec.Struct):
    """A home, as a snapshot has it."""

    name: str
    devices: list[Device]


class _Snapshot(msgspec.Struct):
    homes: list[Home]


@dataclass(frozen=True, slots=True)
class DemoCloud:
    """The mock cloud, and the one of its accounts that Home Assistant is logged in to."""

    cloud: MockCloud
    account: Account
    others: list[Account]
    """Accounts that are not shown: somebody may want to add one by hand."""

    def homes(self) -> list[Home]:
        """Return what the account sees now."""
        return msgspec.convert(self.cloud.snapshot(self.account.id), _Snapshot).homes

    def shown(self) -> Iterator[tuple[Device, Endpoint]]:
        """Yield every endpoint that Home Assistant has to have an entity for."""
        for home in self.homes():
            for device in home.devices:
                for endpoint in device.endpoints:
                    if endpoint.type in ENTITY_DOMAINS:
                        yield device, endpoint


@asynccontextmanager
async def run_cloud(port: int, state_file: Path) -> AsyncIterator[DemoCloud]:
    """Run the cloud; it goes on where its state file ends."""
    world = load_home()
    cloud = MockCloud(home=world, state_file=state_file)
    await cloud.start(LOOPBACK, port)
    try:
        account, *others = world.accounts
        yield DemoCloud(cloud, account, others)
    finally:
        await cloud.stop()
