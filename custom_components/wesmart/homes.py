"""Which homes an account's entry shows: those that its owner wants and that no other entry shows.

A home that several accounts see belongs to the entry that showed it first, so that each device is there once. That is
written down in the entries, so that the order in which they start does not matter. The home is free again when its
entry goes, is disabled, or does not show it any more.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .cloud.models import Home
from .const import CONF_EXCLUDED_HOMES, CONF_HOMES
from .identity import async_entries_of, server_identity
from .text import markdown


class HomeChoice(NamedTuple):
    """What a user can choose from, and what not."""

    names: dict[str, str]  # of the homes that are free, by id
    taken: str  # the others, and who has them; a dash for none


@callback
def async_wants(hass: HomeAssistant, entry: ConfigEntry, home_id: str) -> bool:
    """Return whether an entry is to show a home."""
    if home_id in entry.options.get(CONF_EXCLUDED_HOMES, ()):
        return False
    return async_holder(hass, server_identity(entry), home_id, besides=entry) is None


@callback
def async_holder(
    hass: HomeAssistant, identity: str, home_id: str, *, besides: ConfigEntry | None = None
) -> ConfigEntry | None:
    """Return which entry of a server shows a home; None where none does.

    `besides` does not count; but where both have shown it before they knew of each other, it is the elder one's.
    """
    since = besides.created_at if besides is not None and home_id in besides.data.get(CONF_HOMES, ()) else None
    for entry in async_entries_of(hass, identity, besides=besides):
        # A disabled entry shows its homes until it is unloaded.
        gone = entry.disabled_by is not None and entry.state is ConfigEntryState.NOT_LOADED
        younger = since is not None and entry.created_at > since
        if not gone and not younger and home_id in entry.data.get(CONF_HOMES, ()):
            return entry
    return None


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


@callback
def async_claim(hass: HomeAssistant, entry: ConfigEntry, home_ids: Collection[str]) -> None:
    """Write down which homes an entry shows; it has made sure of each that it may (`async_wants`)."""
    for other in async_entries_of(hass, server_identity(entry), besides=entry):
        # One that is disabled does not get back what somebody else shows now.
        _write(hass, other, set(other.data.get(CONF_HOMES, ())).difference(home_ids))
    _write(hass, entry, home_ids)


def _write(hass: HomeAssistant, entry: ConfigEntry, home_ids: Collection[str]) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_HOMES: sorted(home_ids)})
