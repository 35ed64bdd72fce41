"""An account's settings: its homes, curtains that are mounted the wrong way round, and how often the cloud is polled."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers import area_registry as ar, entity_registry as er
import voluptuous as vol

from .cloud.models import Home
from .const import CONF_EXCLUDED_HOMES, CONF_HOMES, CONF_POLL_INTERVAL, CONF_REVERSED_COVERS, POLL_INTERVAL_S
from .coordinator import WeSmartConfigEntry
from .forms import POLL_INTERVAL_SELECTOR, any_of
from .homes import async_home_choice
from .identity import server_identity


class WeSmartOptionsFlow(OptionsFlowWithReload):
    """Changes the options of an account; each has a sensible value as long as nobody chose one."""

    # What the form offers, by id: what comes while it is being read was not refused by whoever fills it in.
    _homes: dict[str, str]
    _covers: dict[str, str]

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the settings, and store them."""
        if user_input is None:
            return self._show()
        # What the form did not offer stays as it was: it may come back.
        options = self.config_entry.options
        excluded = set(options.get(CONF_EXCLUDED_HOMES, ())) - self._homes.keys()
        excluded |= self._homes.keys() - set(user_input.get(CONF_HOMES, ()))
        absent = set(options.get(CONF_REVERSED_COVERS, ())) - self._covers.keys()
        return self.async_create_entry(
            data={
                CONF_EXCLUDED_HOMES: sorted(excluded),
                CONF_REVERSED_COVERS: sorted(absent.union(user_input.get(CONF_REVERSED_COVERS, ()))),
                CONF_POLL_INTERVAL: int(user_input[CONF_POLL_INTERVAL]),
            }
        )

    def _show(self) -> ConfigFlowResult:
        entry, options = self.config_entry, self.config_entry.options
        self._homes, taken = async_home_choice(self.hass, server_identity(entry), _homes_of(entry), besides=entry)
        self._covers = self._names_of_covers()
        fields: dict[vol.Marker, object] = {}
        if self._homes:
            fields[vol.Optional(CONF_HOMES)] = any_of(self._homes)
        if self._covers:
            fields[vol.Optional(CONF_REVERSED_COVERS)] = any_of(self._covers)
        fields[vol.Required(CONF_POLL_INTERVAL)] = POLL_INTERVAL_SELECTOR
        # Suggested and not default values: what a user clears must not come back.
        suggested = {
            CONF_HOMES: [home for home in self._homes if home not in options.get(CONF_EXCLUDED_HOMES, ())],
            CONF_REVERSED_COVERS: [cover for cover in self._covers if cover in options.get(CONF_REVERSED_COVERS, ())],
            CONF_POLL_INTERVAL: options.get(CONF_POLL_INTERVAL, POLL_INTERVAL_S),
        }
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), suggested),
            description_placeholders={"taken": taken},
        )

    @callback
    def _names_of_covers(self) -> dict[str, str]:
        """Return what the account's covers are called and where they are, by unique id; a lost cloud does not matter."""
        areas, registry = ar.async_get(self.hass), er.async_get(self.hass)
        covers: dict[str, str] = {}
        for entity in er.async_entries_for_config_entry(registry, self.config_entry.entry_id):
            if entity.domain == Platform.COVER:
                area_id = er.async_get_effective_area_id(self.hass, entity)
                area = areas.async_get_area(area_id) if area_id else None
                name = er.async_get_full_entity_name(self.hass, entity)
                covers[entity.unique_id] = f"{name} · {area.name}" if area else name
        return covers


def _homes_of(entry: WeSmartConfigEntry) -> list[Home]:
    """Return the homes that an account sees; none while it is not set up, when nobody knows."""
    if entry.state is not ConfigEntryState.LOADED:
        return []
    replica = entry.runtime_data.replica
    return [*replica.homes.values(), *replica.left_out.values()]
