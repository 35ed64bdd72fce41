"""What the forms of an account's login and of its settings have in common."""

from collections.abc import Mapping

from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig


def any_of(labels: Mapping[str, str]) -> SelectSelector:
    """Return a selector of any number of values, shown by their labels."""
    options = [SelectOptionDict(value=value, label=label) for value, label in labels.items()]
    return SelectSelector(SelectSelectorConfig(options=options, multiple=True, sort=True))
