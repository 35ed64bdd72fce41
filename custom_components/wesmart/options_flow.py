"""The options of an account: the homes to show, and curtains that are mounted the wrong way round."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers import area_registry as ar, entity_registry as er
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig
import voluptuous as vol

from .cloud.models import HomeOutline
from .const import CONF_EXCLUDED_HOMES, CONF_HOMES, CONF_REVERSED_COVERS
from .coordinator import WeSmartConfigEntry
from .formatting import short
from .homes import async_home_choice, excluded_homes, server_id, stored_ids


def select_any(labels: Mapping[str, str]) -> SelectSelector:
    """Return a selector of any number of values, shown by their labels."""
    options = [SelectOptionDict(value=value, label=short(label) or value) for value, label in labels.items()]
    return SelectSelector(SelectSelectorConfig(options=options, multiple=True, sort=True))


class WeSmartOptionsFlow(OptionsFlowWithReload):
    """Changes the options of an account."""

    # The names of what the form offers, by ID. Homes added while the form is open are not excluded.
    _homes: dict[str, str]
    _covers: dict[str, str]

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the options, and store them."""
        if user_input is None:
            return self._show()
        # What the form did not offer stays as it was, because it may come back.
        excluded = excluded_homes(self.config_entry) - self._homes.keys()
        excluded |= self._homes.keys() - set(user_input.get(CONF_HOMES, ()))
        absent = stored_ids(self.config_entry.options.get(CONF_REVERSED_COVERS)) - self._covers.keys()
        return self.async_create_entry(
            data={
                CONF_EXCLUDED_HOMES: sorted(excluded),
                CONF_REVERSED_COVERS: sorted(absent.union(user_input.get(CONF_REVERSED_COVERS, ()))),
            }
        )

    def _show(self) -> ConfigFlowResult:
        entry = self.config_entry
        excluded, reversed_ = excluded_homes(entry), stored_ids(entry.options.get(CONF_REVERSED_COVERS))
        self._homes, taken = async_home_choice(self.hass, server_id(entry), _homes_of(entry), exclude=entry)
        self._covers = self._names_of_covers()
        fields: dict[vol.Marker, object] = {}
        if self._homes:
            fields[vol.Optional(CONF_HOMES)] = select_any(self._homes)
        if self._covers:
            fields[vol.Optional(CONF_REVERSED_COVERS)] = select_any(self._covers)
        # Suggested values and not defaults, which would come back when they are cleared.
        suggested = {
            CONF_HOMES: [home for home in self._homes if home not in excluded],
            CONF_REVERSED_COVERS: [cover for cover in self._covers if cover in reversed_],
        }
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), suggested),
            description_placeholders={"taken": taken},
        )

    @callback
    def _names_of_covers(self) -> dict[str, str]:
        """Return the names of the account's covers with their areas, by unique ID, whether it is loaded or not."""
        areas, registry = ar.async_get(self.hass), er.async_get(self.hass)
        covers: dict[str, str] = {}
        for entity in er.async_entries_for_config_entry(registry, self.config_entry.entry_id):
            if entity.domain == Platform.COVER:
                area_id = er.async_get_effective_area_id(self.hass, entity)
                area = areas.async_get_area(area_id) if area_id else None
                name = er.async_get_full_entity_name(self.hass, entity)
                covers[entity.unique_id] = f"{name} · {area.name}" if area else name
        return covers


def _homes_of(entry: WeSmartConfigEntry) -> list[HomeOutline]:
    """Return the homes that an account sees; none while it is not loaded."""
    if entry.state is not ConfigEntryState.LOADED:
        return []
    state = entry.runtime_data.state
    return [*state.homes.values(), *state.excluded.values()]
