"""What the forms of an account's login and of its settings have in common."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig

from .cloud.models import Home
from .errors import markdown
from .homes import async_holder


class HomeChoice(NamedTuple):
    """What a user can choose from, and what not."""

    names: dict[str, str]  # of the homes that are free, by id
    taken: str  # the others, and who has them; a dash for none


@callback
def async_home_choice(
    hass: HomeAssistant, identity: str, homes: Iterable[Home], *, besides: ConfigEntry | None = None
) -> HomeChoice:
    """Return which of the homes that an account of a server sees are free."""
    names: dict[str, str] = {}
    taken: list[str] = []
    for home in homes:
        name = home.name or home.id
        if holder := async_holder(hass, identity, home.id, besides=besides):
            taken.append(f"{markdown(name)} ({markdown(holder.title)})")
        else:
            names[home.id] = name
    return HomeChoice(names, ", ".join(taken) or markdown(None))


def any_of(labels: Mapping[str, str]) -> SelectSelector:
    """Return a selector of any number of values, shown by their labels."""
    options = [SelectOptionDict(value=value, label=label) for value, label in labels.items()]
    return SelectSelector(SelectSelectorConfig(options=options, multiple=True, sort=True))
