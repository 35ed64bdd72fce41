"""Which homes an account's entry shows: those its owner wants and that no other entry shows.

A home that several accounts see belongs to the entry that shows it first, so that its devices are there once. The entry
keeps that in its data, so the order of a start does not matter. The home is free again when the entry is removed or
disabled, or does not show it any more.

A server is known by the address it was first added under, also after it has moved: unique IDs of entries, devices and
entities are made of that.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .cloud.models import HomeOutline
from .cloud.state import HomeState
from .const import CONF_EXCLUDED_HOMES, CONF_HOMES, CONF_SERVER, DOMAIN, MANUFACTURER
from .formatting import markdown, short


class HomeChoice(NamedTuple):
    """The names of the homes that are free, by ID; and the others with who has them, for people."""

    names: dict[str, str]
    taken: str


def server_id(entry: ConfigEntry) -> str:
    """Return the ID of an entry's server."""
    return str(entry.unique_id).partition(" ")[0]


def server_address(entry: ConfigEntry) -> str:
    """Return the address of an entry's server; if it is not stored, the one that the entry was added under."""
    return str(entry.data.get(CONF_SERVER) or server_id(entry).partition("#")[0])


def stored_ids(stored: object) -> frozenset[str]:
    """Return a list of IDs from the data or options of an entry; none if something else is stored there."""
    return frozenset(id_ for id_ in stored if isinstance(id_, str)) if isinstance(stored, list | tuple) else frozenset()


def excluded_homes(entry: ConfigEntry) -> frozenset[str]:
    """Return the homes (IDs) that an entry must not show."""
    return stored_ids(entry.options.get(CONF_EXCLUDED_HOMES))


def account_unique_id(server: str, account_id: str) -> str:
    """Return the unique ID of an account's entry; `server` is the server's ID."""
    return f"{server} {account_id}"


def account_title(entries: Iterable[ConfigEntry], home: str) -> str:
    """Return a title that none of the entries has; never a person's name, because titles are shown and logged."""
    taken = {entry.title for entry in entries}
    name = short(f"{MANUFACTURER} {home}".strip())
    numbered = (f"{name} {number}" for number in range(2, len(taken) + 3))
    return next(title for title in (MANUFACTURER, name, *numbered) if title not in taken)


@callback
def async_server_id(hass: HomeAssistant, server: str) -> str:
    """Return the ID of the server at an address; a new server gets one."""
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    for entry in entries:
        if server_address(entry) == server:
            return server_id(entry)
    # Another server may have been at this address before it moved.
    taken = {server_id(entry) for entry in entries}
    return next(id_ for id_ in (server, *(f"{server}#{n}" for n in range(2, len(taken) + 2))) if id_ not in taken)


@callback
def async_claim(hass: HomeAssistant, entry: ConfigEntry, home_id: str) -> bool:
    """Let an entry show a home, which no other entry can from now on; return whether it may."""
    server = server_id(entry)
    if home_id in excluded_homes(entry) or async_holder(hass, server, home_id, exclude=entry):
        return False
    # A disabled entry does not get back what another shows now.
    for other in _async_entries_of(hass, server):
        if other is not entry:
            _async_store(hass, other, _homes(other) - {home_id})
    _async_store(hass, entry, _homes(entry) | {home_id})
    return True


@callback
def async_release_others(hass: HomeAssistant, entry: ConfigEntry, home_ids: Collection[str]) -> None:
    """Release the homes that an entry has claimed, except these."""
    _async_store(hass, entry, _homes(entry).intersection(home_ids))


@callback
def async_holder(
    hass: HomeAssistant, server: str, home_id: str, *, exclude: ConfigEntry | None = None
) -> ConfigEntry | None:
    """Return the entry of a server (ID) that shows a home; None if no entry does.

    `exclude` does not count. If both have it, because they did not know to be of one server, the older entry counts.
    """
    for entry in _async_entries_of(hass, server):
        # A disabled entry shows its homes until it is unloaded.
        is_gone = entry.disabled_by is not None and entry.state is ConfigEntryState.NOT_LOADED
        if entry is exclude or is_gone or home_id not in _homes(entry):
            continue
        if exclude is None or home_id not in _homes(exclude) or entry.created_at < exclude.created_at:
            return entry
    return None


@callback
def async_home_choice(
    hass: HomeAssistant, server: str, homes: Iterable[HomeOutline], *, exclude: ConfigEntry | None = None
) -> HomeChoice:
    """Return which of the homes that an account of a server (ID) sees are free."""
    names: dict[str, str] = {}
    taken: list[str] = []
    for home in homes:
        name = home.name or home.id
        if holder := async_holder(hass, server, home.id, exclude=exclude):
            taken.append(f"{markdown(name)} ({markdown(holder.title)})")
        else:
            names[home.id] = name
    return HomeChoice(names, ", ".join(taken))


@callback
def async_setup_homes(hass: HomeAssistant) -> None:
    """Reload entries when a home that they could show becomes free, or another entry got one that they show."""
    is_scheduled = False

    @callback
    def handle_change(_change: ConfigEntryChange, entry: ConfigEntry) -> None:
        nonlocal is_scheduled
        if entry.domain == DOMAIN and not is_scheduled:
            is_scheduled = True
            # Deferred, because the caller may be about to reload the entry.
            hass.loop.call_soon(reload_outdated)

    @callback
    def reload_outdated() -> None:
        nonlocal is_scheduled
        is_scheduled = False
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            if _async_is_outdated(hass, entry):
                hass.config_entries.async_schedule_reload(entry.entry_id)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, handle_change)


def _async_is_outdated(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    state: HomeState = entry.runtime_data.state
    free = state.excluded.keys() - excluded_homes(entry)
    return not _homes(entry).issuperset(state.homes) or not all(
        async_holder(hass, server_id(entry), home_id, exclude=entry) for home_id in free
    )


def _async_entries_of(hass: HomeAssistant, server: str) -> list[ConfigEntry]:
    """Return the entries of a server (ID), also those that were added before others knew of its new address."""
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    addresses = {server_address(entry) for entry in entries if server_id(entry) == server}
    return [entry for entry in entries if server_id(entry) == server or server_address(entry) in addresses]


def _homes(entry: ConfigEntry) -> frozenset[str]:
    return stored_ids(entry.data.get(CONF_HOMES))


def _async_store(hass: HomeAssistant, entry: ConfigEntry, home_ids: Collection[str]) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_HOMES: sorted(home_ids)})
