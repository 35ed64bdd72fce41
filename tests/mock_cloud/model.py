"""Homes, rooms, devices, endpoints and scenes, and their wire form (contract, "Homes")."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import hmac
from typing import Literal

from tests.mock_cloud.wire import Json, JsonObject

type BlockKind = Literal["suspended", "terminated"]


@dataclass(slots=True, kw_only=True)
class Endpoint:
    """One thing a device does."""

    id: str
    type: str
    name: str | None = None
    room_id: str | None = None
    features: JsonObject = field(default_factory=dict)
    state: JsonObject = field(default_factory=dict)
    load_w: float = 0
    """Power of the load of a metering switch when on; not on the wire."""

    def document(self) -> JsonObject:
        """Return the wire form."""
        document: JsonObject = {
            "id": self.id,
            "type": self.type,
            "features": dict(self.features),
            "state": dict(self.state),
        }
        if self.name is not None:
            document["name"] = self.name
        if self.room_id is not None:
            document["room_id"] = self.room_id
        return document


@dataclass(slots=True, kw_only=True)
class Update:
    """Newer firmware of a device (C-73)."""

    version: str
    notes: str | None = None
    progress: int | None = None

    def document(self) -> JsonObject:
        """Return the wire form."""
        return {"version": self.version, "notes": self.notes, "progress": self.progress}


@dataclass(slots=True, kw_only=True)
class Device:
    """One box on the wall."""

    id: str
    home_id: str
    room_id: str | None
    name: str | None
    model: str
    firmware: str
    serial: str
    online: bool = True
    identify: bool = False
    updatable: bool = False
    update: Update | None = None
    signal_dbm: int | None = None
    battery_percent: int | None = None
    endpoints: list[Endpoint] = field(default_factory=list)

    def document(self) -> JsonObject:
        """Return the wire form; an offline device leaves out its signal."""
        document: JsonObject = {
            "id": self.id,
            "home_id": self.home_id,
            "room_id": self.room_id,
            "name": self.name,
            "model": self.model,
            "firmware": self.firmware,
            "serial": self.serial,
            "online": self.online,
            "identify": self.identify,
            "updatable": self.updatable,
            "update": self.update.document() if self.update else None,
            "endpoints": [endpoint.document() for endpoint in self.endpoints],
        }
        if self.signal_dbm is not None and self.online:
            document["signal_dbm"] = self.signal_dbm
        if self.battery_percent is not None:
            document["battery_percent"] = self.battery_percent
        return document

    def endpoint(self, endpoint_id: str) -> Endpoint | None:
        """Return an endpoint by its id."""
        return next((endpoint for endpoint in self.endpoints if endpoint.id == endpoint_id), None)


@dataclass(slots=True, kw_only=True)
class Action:
    """The fields that a scene sets on an endpoint."""

    device_id: str
    endpoint_id: str
    set: JsonObject


@dataclass(slots=True, kw_only=True)
class Scene:
    """Settings of many endpoints under one name."""

    id: str
    home_id: str
    name: str
    actions: list[Action] = field(default_factory=list)

    def document(self) -> JsonObject:
        """Return the wire form."""
        return {"id": self.id, "home_id": self.home_id, "name": self.name}


@dataclass(slots=True, kw_only=True)
class Room:
    """A room of a home."""

    id: str
    name: str


@dataclass(slots=True, kw_only=True)
class Home:
    """A home, with all in it."""

    id: str
    name: str
    rooms: list[Room] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)

    def document(self, *, devices: bool = True) -> JsonObject:
        """Return the wire form, for a `home` event without the devices."""
        document: JsonObject = {
            "id": self.id,
            "name": self.name,
            "rooms": [{"id": room.id, "name": room.name} for room in self.rooms],
            "scenes": [scene.document() for scene in self.scenes],
        }
        if devices:
            document["devices"] = [device.document() for device in self.devices]
        return document


@dataclass(slots=True, kw_only=True)
class Maintenance:
    """Planned or present maintenance; times are Unix time."""

    starts_at: float
    ends_at: float | None


@dataclass(slots=True, kw_only=True)
class Block:
    """Access withdrawn for a time or for good (contract, "Account")."""

    kind: BlockKind
    reason: str | None = None
    until: float | None = None


@dataclass(slots=True, kw_only=True)
class Account:
    """An account and the homes it sees."""

    id: str
    full_name: str
    email: str
    phone: str
    password: str
    terms_accepted: str
    homes: list[str]
    block: Block | None = None


@dataclass(slots=True, kw_only=True)
class Dealer:
    """A dealer of the vendor's public list; some have no name there."""

    name: str | None
    address: str
    province: str
    phone: str

    def document(self) -> JsonObject:
        """Return the wire form."""
        return {"name": self.name, "address": self.address, "province": self.province, "phone": self.phone}


@dataclass(slots=True, kw_only=True)
class World:
    """Everything that a home file describes."""

    terms_version: str
    terms_required: bool
    """Whether to refuse accounts that have not accepted the current terms."""
    support: Mapping[str, Json]
    accounts: list[Account]
    homes: list[Home]
    dealers: list[Dealer]
    maintenance: Maintenance | None = None

    def account(self, key: str) -> Account:
        """Return an account by id, email or phone; KeyError when there is none."""
        wanted = normalized_username(key)
        for account in self.accounts:
            if key == account.id or wanted in {
                normalized_username(account.email),
                normalized_username(account.phone),
            }:
                return account
        raise KeyError(key)

    def account_with_password(self, username: str, password: str) -> Account | None:
        """Return the account that these log in to; None if they are wrong."""
        try:
            account = self.account(username)
        except KeyError:
            return None
        return account if hmac.compare_digest(account.password.encode(), password.encode()) else None

    def home(self, home_id: str) -> Home:
        """Return a home by id; KeyError when there is none."""
        for home in self.homes:
            if home.id == home_id:
                return home
        raise KeyError(home_id)

    def homes_of(self, account: Account) -> list[Home]:
        """Return the homes an account sees."""
        return [home for home in self.homes if home.id in account.homes]

    def watchers(self, home_id: str) -> list[Account]:
        """Return the accounts that see a home."""
        return [account for account in self.accounts if home_id in account.homes]

    def devices(self) -> Iterator[Device]:
        """Iterate over the devices of all homes."""
        for home in self.homes:
            yield from home.devices

    def device(self, device_id: str) -> Device:
        """Return a device by id; KeyError when there is none."""
        for device in self.devices():
            if device.id == device_id:
                return device
        raise KeyError(device_id)

    def endpoint(self, device_id: str, endpoint_id: str) -> Endpoint:
        """Return an endpoint of a device; KeyError when there is none."""
        endpoint = self.device(device_id).endpoint(endpoint_id)
        if endpoint is None:
            raise KeyError((device_id, endpoint_id))
        return endpoint


def normalized_username(username: str) -> str:
    """Return a username for comparison: an email in lower case, a phone number as +84816333868."""
    trimmed = username.strip()
    if "@" in trimmed:
        return trimmed.casefold()
    digits = "".join(character for character in trimmed if character not in " .-()\u00a0")
    if digits.startswith("00"):
        return "+" + digits[2:]
    if digits.startswith("0"):
        return "+84" + digits[1:]
    if digits.startswith("84"):
        return "+" + digits
    return digits
