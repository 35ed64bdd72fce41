"""One table from the client's errors to what a person reads: the flow, set-up and actions all use it.

The keys stand in the translations under `config.error` and under `exceptions`.
"""

import math

from homeassistant.exceptions import HomeAssistantError

from .cloud import errors as cloud
from .const import DOMAIN
from .text import local_time, short

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
    (cloud.CommandTimeoutError, "timeout_command"),
    (cloud.CloudTimeoutError, "timeout_connect"),
    (cloud.CloudFaultError, "cloud_fault"),
    (cloud.GivenUpError, "given_up"),
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

# What is said instead where the cloud has not said for how long.
_INDEFINITE = {"maintenance": "maintenance_indefinite", "rate_limited": "rate_limited_indefinite"}


def translation_key(err: cloud.WeSmartError) -> str:
    """Return the key of the sentence that tells a person what went wrong and what to do."""
    if isinstance(err, cloud.AccountBlockedError):
        return "account_terminated" if err.terminated else "account_suspended"
    if isinstance(err, cloud.CommandRejectedError):
        return _REJECTIONS.get(err.problem, "command_rejected")
    key = next((key for type_, key in _KEYS if isinstance(err, type_)), "unexpected_answer")
    return _INDEFINITE.get(key, key) if isinstance(err, cloud.BusyError) and not err.retry_after else key


def placeholders(err: cloud.WeSmartError) -> dict[str, str]:
    """Return what the sentence needs to know of the error."""
    match err:
        case cloud.AccountBlockedError():
            return {"reason": short(err.reason), "until": local_time(err.until)}
        case cloud.BusyError() if err.retry_after:
            return {"seconds": str(math.ceil(err.retry_after))}
        case cloud.InvalidRequestError():
            return {"details": short("; ".join(err.details))}
    return {}


def translated[ErrorT: HomeAssistantError](
    kind: type[ErrorT], err: cloud.WeSmartError, *, name: str, phone: str
) -> ErrorT:
    """Return Home Assistant's exception of that kind with our sentence.

    `name` is what the user calls the thing or the account that it is about, `phone` the hotline of that account.
    """
    return kind(
        translation_domain=DOMAIN,
        translation_key=translation_key(err),
        translation_placeholders={**placeholders(err), "name": name, "phone": phone},
    )
