"""What the server describes of an account: its access, terms and maintenance, its feedback, and the dealers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import override

from msgspec import Struct

from .models import Id, Timestamp


class Access(Struct, frozen=True, kw_only=True):
    """Whether the vendor lets the account see its homes (clauses 3.2 and 3.4 of the terms)."""

    status: str = "active"  # active, suspended or terminated; a newer server may add to these
    reason: str | None = None
    until: Timestamp | None = None


class Terms(Struct, frozen=True, kw_only=True):
    """The terms that the account accepted, and the current ones (clause 3.1)."""

    accepted: str | None = None
    current: str | None = None
    url: str | None = None
    required: bool = False  # the server shows no homes until the current ones are accepted

    @property
    def open(self) -> bool:
        """Whether the current terms are not accepted yet."""
        return self.current is not None and self.accepted != self.current


class Maintenance(Struct, frozen=True, kw_only=True):
    """The next or present maintenance (clause 9)."""

    starts_at: Timestamp
    ends_at: Timestamp | None = None


class Account(Struct, frozen=True, kw_only=True):
    """Everything about an account except its homes (C-26)."""

    id: Id
    full_name: str | None = None
    email: str | None = None
    phone: str | None = None
    access: Access = Access()
    terms: Terms = Terms()
    maintenance: Maintenance | None = None

    @property
    def blocked(self) -> bool:
        """Whether the vendor has suspended or terminated the account."""
        return self.access.status in ("suspended", "terminated")

    @property
    def has_access(self) -> bool:
        """Whether the account may see its homes."""
        return not self.blocked and not (self.terms.open and self.terms.required)

    @override
    def __repr__(self) -> str:
        # Personal data must not reach a log.
        return f"Account(id={self.id!r})"


class FeedbackCategory(StrEnum):
    """What feedback is about (clauses 2 and 3.3 of the terms)."""

    APPLICATION = "application"
    AFTER_SALES = "after_sales"
    SECURITY = "security"


class Feedback(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Feedback to send. The limits are `SUBJECT_LIMIT`, `MESSAGE_LIMIT` and `DIAGNOSTICS_LIMIT`."""

    category: FeedbackCategory
    message: str
    subject: str | None = None
    rating: int | None = None  # 1-5
    device_id: str | None = None
    diagnostics: Mapping[str, object] | None = None


# In characters, and the last in bytes of JSON (C-60).
SUBJECT_LIMIT = 200
MESSAGE_LIMIT = 4000
DIAGNOSTICS_LIMIT = 64 * 1024


class Ticket(Struct, frozen=True, kw_only=True):
    """Feedback as the server keeps it. A newer server may add to `category` and `status`."""

    id: Id
    category: str
    message: str
    status: str  # open, answered or closed
    created_at: Timestamp
    subject: str | None = None
    reply: str | None = None
    replied_at: Timestamp | None = None


class Dealer(Struct, frozen=True, kw_only=True):
    """A dealer of the vendor."""

    name: str | None
    address: str
    province: str
    phone: str
