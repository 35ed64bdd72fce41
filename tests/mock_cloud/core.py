"""The cloud without any I/O: its world and sessions, and how a change becomes an event.

A change is counted for every account that sees it in the same step (C-39).
"""

from collections.abc import Callable, Mapping
import secrets
from typing import Literal
from urllib.parse import quote

from tests.mock_cloud.codes import Codes
from tests.mock_cloud.endpoints import implied_mode
from tests.mock_cloud.freedoms import Freedoms
from tests.mock_cloud.history import Event, Ledger
from tests.mock_cloud.model import Account, Device, Endpoint, World
from tests.mock_cloud.sessions import Sessions
from tests.mock_cloud.wire import Json, JsonObject

# How people log in: by password, on the login page, or as they like.
type Login = Literal["password", "code", "both"]


def _ignore_event(_account_id: str, _event: Event) -> None:
    """Do nothing."""


def _ignore_change() -> None:
    """Do nothing."""


class Core:
    """World, sessions, numbering and history; `clock` returns the Unix time."""

    def __init__(self, world: World, clock: Callable[[], float], freedoms: Freedoms) -> None:
        self.world = world
        self.clock = clock
        self.freedoms = freedoms
        self.sessions = Sessions()
        self.codes = Codes()
        self.login: Login = "password"
        self.epoch = secrets.token_hex(6)
        self.ledgers = {account.id: Ledger() for account in world.accounts}
        self.on_event: Callable[[str, Event], None] = _ignore_event
        self.on_change: Callable[[], None] = _ignore_change
        self.on_tokens: Callable[[], None] = _ignore_change

    @property
    def grants(self) -> list[str]:
        """The grants that the token endpoint offers (C-75)."""
        logins = {"password": ["password"], "code": ["authorization_code"], "both": ["authorization_code", "password"]}
        return [*logins[self.login], "refresh_token"]

    # Positions

    def seq(self, account_id: str) -> int:
        """Return the head of an account's history."""
        return self.ledgers[account_id].seq

    def entity_tag(self, account_id: str) -> str:
        """Return the `ETag` of the snapshot, which names its position (C-42)."""
        return f'"{quote(self.epoch, safe="")}:{self.seq(account_id)}"'

    def new_epoch(self) -> None:
        """Restart the numbering, as a restored server does (C-40)."""
        self.epoch = secrets.token_hex(6)
        for ledger in self.ledgers.values():
            ledger.forget()
            ledger.seq = 0
        self.on_change()

    def snapshot(self, account: Account) -> JsonObject:
        """Return the snapshot of an account."""
        homes: list[Json] = []
        for home in self.world.homes_of(account):
            devices = [self.freedoms.device(device.document()) for device in home.devices]
            homes.append({**home.document(devices=False), "devices": devices})
        return {"epoch": self.epoch, "seq": self.seq(account.id), "homes": homes}

    # Changes

    def publish(self, account_id: str, kind: str, members: Mapping[str, Json]) -> None:
        """Count a change for one account, and push its event."""
        ledger = self.ledgers[account_id]
        events = [ledger.append(self.clock(), *unknown)] if (unknown := self.freedoms.unknown_event()) else []
        events.append(ledger.append(self.clock(), kind, members))
        self.on_change()
        for event in events:
            self.on_event(account_id, event)

    def publish_home(self, home_id: str, kind: str, members: Mapping[str, Json]) -> None:
        """Count a change for every account that sees a home."""
        for account in self.world.watchers(home_id):
            self.publish(account.id, kind, members)

    def publish_device(self, device: Device) -> None:
        """Publish a new or changed device."""
        self.publish_home(device.home_id, "device", {"device": self.freedoms.device(device.document())})

    def publish_account(self, account_id: str) -> None:
        """Tell an account to read `GET /account` again; the event has no payload."""
        self.publish(account_id, "account", {})

    def change_state(self, device: Device, endpoint: Endpoint, fields: Mapping[str, Json]) -> bool:
        """Change fields of a state and the fields they imply; return whether anything changed."""
        wanted = {**fields, **implied_mode(endpoint, fields)}
        if endpoint.features.get("metering") and "on" in wanted and "power_w" not in wanted:
            wanted["power_w"] = endpoint.load_w if wanted["on"] else 0
        state = endpoint.state
        changed = {name: value for name, value in wanted.items() if name not in state or state[name] != value}
        if not changed:
            return False
        state.update(changed)
        self.publish_home(
            device.home_id, "state", {"device_id": device.id, "endpoint_id": endpoint.id, "state": changed}
        )
        return True
