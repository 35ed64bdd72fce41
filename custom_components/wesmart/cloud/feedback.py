"""What a user has to say to the vendor, within the contract's limits (section "Support"). Pure."""

from collections.abc import Iterator, Mapping
import json

import msgspec
from msgspec import Struct

from .models import FeedbackCategory

# In characters.
SUBJECT_LIMIT = 200
MESSAGE_LIMIT = 4000
# In bytes of JSON.
DIAGNOSTICS_LIMIT = 64 * 1024


class Feedback(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a user has to say; whoever makes one keeps the limits."""

    category: FeedbackCategory
    message: str
    subject: str | None = None
    rating: int | None = None  # 1-5
    device_id: str | None = None
    diagnostics: Mapping[str, object] | None = None


def fit(diagnostics: Mapping[str, object]) -> dict[str, object]:
    """Return diagnostics as they may be sent: those too long say that they are shortened, at the end of their longest list."""
    if _size(diagnostics) <= DIAGNOSTICS_LIMIT:
        return dict(diagnostics)
    fitted = msgspec.json.decode(msgspec.json.encode({"shortened": True, **diagnostics}), type=dict[str, object])
    while (size := _size(fitted)) > DIAGNOSTICS_LIMIT:
        longest = max(_lists(fitted), key=_size)
        del longest[len(longest) * DIAGNOSTICS_LIMIT // size :]
    return fitted


def _size(document: object) -> int:
    # The contract does not say how the JSON is spelled that is measured: this is the longest usual spelling.
    return len(json.dumps(document))


def _lists(document: object) -> Iterator[list[object]]:
    if isinstance(document, dict):
        for member in document.values():
            yield from _lists(member)
    elif isinstance(document, list):
        yield document
        for item in document:
            yield from _lists(item)
