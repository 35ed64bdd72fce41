"""The client's errors as Home Assistant's: one table for set-up, flows and actions.

The keys are in the translations under `config.error` and `exceptions`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import math
import random

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .cloud import errors as cloud, timing
from .cloud.account import Access
from .const import DOMAIN
from .formatting import short
from .session import endpoints_of

# Why a command was rejected (C-52); others read as `command_rejected`.
_REJECTIONS = {
    "device-offline": "device_offline",
    "unsupported": "command_unsupported",
    "not-found": "command_not_found",
    "invalid-request": "command_invalid",
}
# These are mistakes of the caller. Home Assistant calls them validation errors.
_CALLER_MISTAKES = ("unsupported", "invalid-request")

# Most specific first; the first match counts.
_KEYS: tuple[tuple[type[cloud.WeSmartError], str], ...] = (
    (cloud.PlainServerError, "plain_server"),
    (cloud.InvalidServerError, "invalid_server"),
    (cloud.UnsafeServerError, "unsafe_server"),
    (cloud.UnsupportedServerError, "unsupported_server"),
    (cloud.UnexpectedResponseError, "unexpected_response"),
    (cloud.CommandTimeoutError, "timeout_command"),
    (cloud.CloudTimeoutError, "timeout_connect"),
    (cloud.ServerError, "server_error"),
    (cloud.ClientClosedError, "client_closed"),
    (cloud.CloudConnectionError, "cannot_connect"),
    (cloud.InvalidCodeError, "invalid_code"),
    (cloud.InvalidCredentialsError, "invalid_auth"),
    (cloud.SessionEndedError, "session_ended"),
    (cloud.UnauthorizedError, "session_ended"),
    (cloud.MaintenanceError, "maintenance"),
    (cloud.RateLimitedError, "rate_limited"),
    (cloud.UnavailableError, "unavailable"),
    (cloud.TermsNotAcceptedError, "terms_not_accepted"),
    (cloud.NotFoundError, "not_found"),
    (cloud.InvalidRequestError, "invalid_request"),
)
# The keys if the server did not say how long to wait.
_INDEFINITE = {
    "maintenance": "maintenance_indefinite",
    "rate_limited": "rate_limited_indefinite",
    "unavailable": "unavailable_indefinite",
}


def translation_key(err: cloud.WeSmartError) -> str:
    """Return the key of the text that says what went wrong and what to do."""
    if isinstance(err, cloud.AccountBlockedError):
        return "account_terminated" if err.terminated else "account_suspended"
    if isinstance(err, cloud.CommandRejectedError):
        return _REJECTIONS.get(err.problem, "command_rejected")
    key = next((key for type_, key in _KEYS if isinstance(err, type_)), "unexpected_response")
    return _INDEFINITE.get(key, key) if isinstance(err, cloud.BusyError) and not err.retry_after else key


def blocked_key(access: Access, *, terminated: bool) -> str:
    """Return the key of the text about a blocked account; the server need not say why, or until when."""
    key = "account_terminated" if terminated else "account_suspended"
    if not short(access.reason):
        key += "_unexplained"
    if not terminated and access.until is None:
        key += "_indefinite"
    return key


def placeholders(err: cloud.WeSmartError) -> dict[str, str]:
    """Return the placeholders of the text that depend on the error. Nothing the server wrote is among them."""
    if isinstance(err, cloud.BusyError) and err.retry_after:
        return {"seconds": str(math.ceil(err.retry_after))}
    return {}


def translated[ErrorT: HomeAssistantError](
    kind: type[ErrorT], err: cloud.WeSmartError, *, name: str, phone: str
) -> ErrorT:
    """Return an error of Home Assistant with our text; `name` is the entity or account, `phone` the hotline."""
    return kind(
        translation_domain=DOMAIN,
        translation_key=translation_key(err),
        translation_placeholders={**placeholders(err), "name": name, "phone": phone},
    )


def poll_delay(err: cloud.WeSmartError) -> float:
    """Return the seconds before the next poll after an error."""
    if isinstance(err, cloud.AccessError):
        return timing.blocked_poll_delay(random.random())
    if isinstance(err, cloud.BusyError) and err.retry_after:
        return timing.busy_poll_delay(err.retry_after, random.random())
    return timing.failed_poll_delay(random.random())


def form_errors(error: cloud.WeSmartError | str | None) -> tuple[dict[str, str], dict[str, str]]:
    """Return the errors of a form and their placeholders; `error` may be the key of a text."""
    if error is None:
        return {}, {}
    if isinstance(error, str):
        return {"base": error}, {}
    return {"base": translation_key(error)}, placeholders(error)


@contextmanager
def translate_errors(hass: HomeAssistant, entry: ConfigEntry, name: str | None = None) -> Iterator[None]:
    """Raise the client's errors as HomeAssistantError, and ask for a login if the session ended.

    `name` is the entity's name; None if the error concerns the account.
    """
    try:
        yield
    except cloud.WeSmartError as err:
        if isinstance(err, cloud.SessionEndedError):
            entry.async_start_reauth(hass)
        is_mistake = isinstance(err, cloud.CommandRejectedError) and err.problem in _CALLER_MISTAKES
        kind = ServiceValidationError if is_mistake else HomeAssistantError
        raise translated(kind, err, name=name or entry.title, phone=endpoints_of(entry).support_phone) from err
