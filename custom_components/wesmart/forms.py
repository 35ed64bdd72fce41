"""What the forms of an account's login, of its settings and of its repairs have in common."""

from collections.abc import Mapping
from typing import NamedTuple

from homeassistant.const import UnitOfTime
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
)

from .cloud.errors import WeSmartError
from .errors import placeholders, translation_key

# After a minute without a word the client asks anyway, before everything becomes unavailable: longer would be a lie.
POLL_INTERVAL_SELECTOR = NumberSelector(
    NumberSelectorConfig(min=10, max=60, step=1, unit_of_measurement=UnitOfTime.SECONDS, mode=NumberSelectorMode.BOX)
)


class Complaint(NamedTuple):
    """What is wrong, as a form takes it."""

    errors: dict[str, str]
    placeholders: dict[str, str]


def complaint(error: WeSmartError | str | None) -> Complaint:
    """Return what a form says of what went wrong in the cloud, or by the key of a text of our own; None is all well."""
    if error is None:
        return Complaint({}, {})
    if isinstance(error, str):
        return Complaint({"base": error}, {})
    return Complaint({"base": translation_key(error)}, placeholders(error))


def any_of(labels: Mapping[str, str]) -> SelectSelector:
    """Return a selector of any number of values, shown by their labels."""
    options = [SelectOptionDict(value=value, label=label) for value, label in labels.items()]
    return SelectSelector(SelectSelectorConfig(options=options, multiple=True, sort=True))
