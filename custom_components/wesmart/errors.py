"""One table from the client's errors to what a person reads: the flow, set-up and actions all use it.

The keys stand in the translations under `config.error` and under `exceptions`.
"""

from collections.abc import Mapping
import re
from urllib.parse import quote

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .cloud import errors as cloud
from .cloud.wire_events import parse_timestamp
from .const import DOMAIN

# The rejections of the contract, section "Commands"; others read as `command_rejected`.
_REJECTIONS = {
    "device-offline": "device_offline",
    "unsupported": "command_unsupported",
    "not-found": "command_not_found",
    "invalid-request": "command_invalid",
}

# From the particular to the general: the first class that fits.
_KEYS: tuple[tuple[type[cloud.WeSmartError], str], ...] = (
    (cloud.PlainServerError, "plain_server"),
    (cloud.InvalidServerError, "invalid_server"),
    (cloud.UnsafeServerError, "unsafe_server"),
    (cloud.UnsupportedServerError, "unsupported_server"),
    (cloud.UnexpectedAnswerError, "unexpected_answer"),
    (cloud.CloudTimeoutError, "timeout_connect"),
    (cloud.CloudFaultError, "cloud_fault"),
    (cloud.CloudConnectionError, "cannot_connect"),
    (cloud.InvalidCredentialsError, "invalid_auth"),
    (cloud.SessionEndedError, "session_ended"),
    (cloud.UnauthorizedError, "session_ended"),
    (cloud.MaintenanceError, "maintenance"),
    (cloud.RateLimitedError, "rate_limited"),
    (cloud.TermsNotAcceptedError, "terms_not_accepted"),
    (cloud.NotFoundError, "not_found"),
    (cloud.InvalidRequestError, "invalid_request"),
)

# Text of the cloud that a person may see is cut to this many characters.
_LONGEST_TEXT = 200
_NOTHING = "–"
_MARKUP = re.compile(r"[\\`*_{}\[\]()<>#+!|~]")


def translation_key(err: cloud.WeSmartError) -> str:
    """Return the key of the sentence that tells a person what went wrong and what to do."""
    if isinstance(err, cloud.AccountBlockedError):
        return "account_terminated" if err.terminated else "account_suspended"
    if isinstance(err, cloud.CommandRejectedError):
        return _REJECTIONS.get(err.problem, "command_rejected")
    return next((key for type_, key in _KEYS if isinstance(err, type_)), "unexpected_answer")


def placeholders(err: cloud.WeSmartError) -> dict[str, str]:
    """Return what the sentence needs to know of the error."""
    match err:
        case cloud.AccountBlockedError():
            return {"reason": short(err.reason), "until": local_time(err.until)}
        case cloud.BusyError():
            return {"seconds": _NOTHING if err.retry_after is None else f"{err.retry_after:.0f}"}
        case cloud.InvalidRequestError():
            return {"details": short("; ".join(err.details))}
    return {}


def translated[ErrorT: HomeAssistantError](
    kind: type[ErrorT], err: cloud.WeSmartError, more: Mapping[str, str] | None = None
) -> ErrorT:
    """Return Home Assistant's exception of that kind with our sentence; `more` are placeholders of the caller."""
    return kind(
        translation_domain=DOMAIN,
        translation_key=translation_key(err),
        translation_placeholders={**placeholders(err), **(more or {})},
    )


def short(text: str | None) -> str:
    """Return text of the cloud as a person may see it: on one line, not too long, and a dash for none."""
    if not text:
        return _NOTHING
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def local_time(moment: str | None) -> str:
    """Return a moment of the cloud (RFC 3339) as a person reads it, in Home Assistant's time zone; a dash for none."""
    at = parse_timestamp(moment)
    return short(moment) if at is None else dt_util.as_local(at).strftime("%Y-%m-%d %H:%M")


def markdown(text: str | None) -> str:
    """Return text of the cloud as it may stand in Markdown: short, and without any markup of its own."""
    return _MARKUP.sub(r"\\\g<0>", short(text))


def link(url: str) -> str:
    """Return a URL as the target of a link in Markdown: nothing in it ends the link."""
    return quote(url, safe="%/:=&?~#+!$,;'@*[]")


def terms_link(url: str | None, pinned: str) -> str:
    """Return where the terms are read, as the target of a link: the cloud's own word if that is safe, else `pinned`."""
    return link(url if url and url.startswith("https://") else pinned)
