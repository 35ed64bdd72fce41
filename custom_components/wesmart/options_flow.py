"""An account's settings: which curtains are mounted the wrong way round, and how often the cloud is polled."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import Platform, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers import area_registry as ar, entity_registry as er
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
)
import voluptuous as vol

from .const import CONF_POLL_INTERVAL, CONF_REVERSED_COVERS, POLL_INTERVAL_S

# After a minute without a word the client asks anyway, before everything becomes unavailable: longer would be a lie.
_POLL_INTERVAL_SELECTOR = NumberSelector(
    NumberSelectorConfig(min=10, max=60, step=1, unit_of_measurement=UnitOfTime.SECONDS, mode=NumberSelectorMode.BOX)
)


class WeSmartOptionsFlow(OptionsFlowWithReload):
    """Changes the options of an account; each has a sensible value as long as nobody chose one."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the settings, and store them."""
        options = self.config_entry.options
        covers = self._covers()
        if user_input is not None:
            # A reversed curtain that is not there now may come back.
            absent = set(options.get(CONF_REVERSED_COVERS, ())) - covers.keys()
            return self.async_create_entry(
                data={
                    CONF_POLL_INTERVAL: int(user_input[CONF_POLL_INTERVAL]),
                    CONF_REVERSED_COVERS: sorted(absent.union(user_input.get(CONF_REVERSED_COVERS, ()))),
                }
            )
        fields: dict[vol.Marker, object] = {}
        if covers:
            fields[vol.Optional(CONF_REVERSED_COVERS)] = _choice(covers)
        fields[vol.Required(CONF_POLL_INTERVAL)] = _POLL_INTERVAL_SELECTOR
        # Suggested and not default values: what a user clears must not come back.
        suggested = {
            CONF_POLL_INTERVAL: options.get(CONF_POLL_INTERVAL, POLL_INTERVAL_S),
            CONF_REVERSED_COVERS: [cover for cover in options.get(CONF_REVERSED_COVERS, ()) if cover in covers],
        }
        return self.async_show_form(
            step_id="init", data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), suggested)
        )

    @callback
    def _covers(self) -> dict[str, str]:
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


def _choice(labels: dict[str, str]) -> SelectSelector:
    """Return a selector of any number of values, shown by their labels."""
    options = [SelectOptionDict(value=value, label=label) for value, label in labels.items()]
    return SelectSelector(SelectSelectorConfig(options=options, multiple=True, sort=True))
