"""What whoever called an action is told when the cloud did not do it: by an entity, or by the support desk."""

from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .cloud.errors import CommandRejectedError, SessionEndedError, WeSmartError
from .errors import translated
from .stored import endpoints_of

# Rejections (contract, section "Commands") of what should not have been asked for. In the others the caller has no part,
# and Home Assistant would say so: it calls these "Validation error".
_WRONG_CALLS = ("unsupported", "invalid-request")


@contextmanager
def explained(hass: HomeAssistant, entry: ConfigEntry, name: str | None = None) -> Iterator[None]:
    """Raise what goes wrong with the cloud as a HomeAssistantError that a person reads; ask for a login if that is it.

    `name` is what the user calls the thing that it is about; without, it is about the account.
    """
    try:
        yield
    except WeSmartError as err:
        if isinstance(err, SessionEndedError):
            entry.async_start_reauth(hass)
        wrong = isinstance(err, CommandRejectedError) and err.problem in _WRONG_CALLS
        raise translated(
            ServiceValidationError if wrong else HomeAssistantError,
            err,
            name=name or entry.title,
            phone=endpoints_of(entry).support_phone,
        ) from err
