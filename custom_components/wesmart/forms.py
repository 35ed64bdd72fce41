"""What the forms of an account's login and of its settings have in common."""

from collections.abc import Mapping

from homeassistant.const import UnitOfTime
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
)

# After a minute without a word the client asks anyway, before everything becomes unavailable: longer would be a lie.
POLL_INTERVAL_SELECTOR = NumberSelector(
    NumberSelectorConfig(min=10, max=60, step=1, unit_of_measurement=UnitOfTime.SECONDS, mode=NumberSelectorMode.BOX)
)


def any_of(labels: Mapping[str, str]) -> SelectSelector:
    """Return a selector of any number of values, shown by their labels."""
    options = [SelectOptionDict(value=value, label=label) for value, label in labels.items()]
    return SelectSelector(SelectSelectorConfig(options=options, multiple=True, sort=True))
