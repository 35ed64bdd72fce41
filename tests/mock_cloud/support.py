"""Feedback tickets and the dealers (contract, "Support")."""

from dataclasses import dataclass
import json
import unicodedata
import uuid

from tests.mock_cloud.core import Core
from tests.mock_cloud.model import Account, Dealer
from tests.mock_cloud.problems import invalid
from tests.mock_cloud.wire import InvalidDocumentError, JsonObject, as_integer, as_text, optional_text

CATEGORIES = ("application", "after_sales", "security")
MAX_SUBJECT = 200
MAX_MESSAGE = 4000
MAX_DIAGNOSTICS = 64 * 1024
IDEMPOTENCY_S = 24 * 3600
_SHORT_NAMES = {
    "hcm": "ho chi minh",
    "hcmc": "ho chi minh",
    "tphcm": "ho chi minh",
    "sai gon": "ho chi minh",
    "saigon": "ho chi minh",
    "hn": "ha noi",
    "hanoi": "ha noi",
}


@dataclass(slots=True, kw_only=True)
class Ticket:
    """Feedback and its reply; times are Unix time, `sent` is the request."""

    id: str
    account_id: str
    category: str
    subject: str | None
    message: str
    created_at: float
    sent: JsonObject
    status: str = "open"
    reply: str | None = None
    replied_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """The use of a key; `at` is Unix time."""

    body: str
    at: float
    ticket_id: str


class Support:
    """All tickets, and the list of dealers."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.tickets: list[Ticket] = []
        self.keys: dict[str, IdempotencyKey] = {}

    def send(self, account: Account, key: str | None, body: JsonObject) -> Ticket:
        """Return the ticket of a body, the same one for the same key; raise InvalidDocumentError or ProblemError."""
        if not key:
            raise invalid("", "the header Idempotency-Key is missing")
        now = self._core.clock()
        self.keys = {name: used for name, used in self.keys.items() if now - used.at < IDEMPOTENCY_S}
        name, text = f"{account.id} {key}", json.dumps(body, sort_keys=True)
        if used := self.keys.get(name):
            if used.body != text:
                raise invalid("", "this Idempotency-Key was used with another body")
            return self.ticket(used.ticket_id)
        ticket = self._parse(account, body, now)
        self.tickets.append(ticket)
        self.keys[name] = IdempotencyKey(body=text, at=now, ticket_id=ticket.id)
        self.publish(ticket)
        return ticket

    def answer(self, ticket_id: str, reply: str) -> None:
        """Reply to a ticket."""
        ticket = self.ticket(ticket_id)
        ticket.status, ticket.reply, ticket.replied_at = "answered", reply, self._core.clock()
        self.publish(ticket)

    def close(self, ticket_id: str) -> None:
        """Close a ticket, answered or not."""
        ticket = self.ticket(ticket_id)
        ticket.status = "closed"
        self.publish(ticket)

    def ticket(self, ticket_id: str) -> Ticket:
        """Return a ticket by id; KeyError when there is none."""
        for ticket in self.tickets:
            if ticket.id == ticket_id:
                return ticket
        raise KeyError(ticket_id)

    def of(self, account: Account) -> list[Ticket]:
        """Return the tickets of an account, newest first."""
        return [ticket for ticket in reversed(self.tickets) if ticket.account_id == account.id]

    def publish(self, ticket: Ticket) -> None:
        """Publish a new or changed ticket."""
        self._core.publish(ticket.account_id, "feedback", {"ticket": self.document(ticket)})

    def document(self, ticket: Ticket) -> JsonObject:
        """Return the wire form."""
        document: JsonObject = {
            "id": ticket.id,
            "category": ticket.category,
            "message": ticket.message,
            "status": ticket.status,
            "created_at": self._core.freedoms.timestamp(ticket.created_at),
        }
        if ticket.subject is not None:
            document["subject"] = ticket.subject
        if ticket.reply is not None and ticket.replied_at is not None:
            document["reply"] = ticket.reply
            document["replied_at"] = self._core.freedoms.timestamp(ticket.replied_at)
        return document

    def dealers(self, province: str | None) -> list[Dealer]:
        """Return the dealers of a province, or all (C-61)."""
        dealers = self._core.world.dealers
        if province is None:
            return dealers
        return [dealer for dealer in dealers if province_key(dealer.province) == province_key(province)]

    def _parse(self, account: Account, body: JsonObject, now: float) -> Ticket:
        category = as_text(body.get("category"), "/category")
        if category not in CATEGORIES:
            raise InvalidDocumentError("/category", f"must be one of {', '.join(CATEGORIES)}")
        if body.get("rating") is not None:
            as_integer(body["rating"], "/rating", 1, 5)
        device_id = optional_text(body, "device_id", "")
        homes = self._core.world.homes_of(account)
        if device_id is not None and all(device.id != device_id for home in homes for device in home.devices):
            raise InvalidDocumentError("/device_id", "there is no such device")
        diagnostics = body.get("diagnostics")
        if not isinstance(diagnostics, str | dict | None):
            raise InvalidDocumentError("/diagnostics", "must be an object or a text")
        if len(json.dumps(diagnostics, ensure_ascii=False).encode()) > MAX_DIAGNOSTICS:
            raise InvalidDocumentError("/diagnostics", f"must have at most {MAX_DIAGNOSTICS} bytes")
        return Ticket(
            id=f"phan-hoi-{uuid.uuid4().hex[:8]}",
            account_id=account.id,
            category=category,
            subject=optional_text(body, "subject", "", MAX_SUBJECT),
            message=as_text(body.get("message"), "/message", MAX_MESSAGE),
            created_at=now,
            sent=body,
        )


def province_key(name: str) -> str:
    """Return the comparison key of a province, without accents, case, prefix and short names."""
    # đ is a letter of its own, not a d with an accent.
    decomposed = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    words = plain.replace(".", " ").replace("-", " ").split()
    for prefix in (["thanh", "pho"], ["tinh"], ["tp"]):
        if words[: len(prefix)] == prefix and len(words) > len(prefix):
            words = words[len(prefix) :]
    key = " ".join(words)
    return _SHORT_NAMES.get(key, key)
