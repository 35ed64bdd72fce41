"""The config flow of both yardsticks: one form."""

from typing import Any

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import voluptuous as vol

from .contract import log_in

_SCHEMA = vol.Schema({vol.Required("server"): str, vol.Required(CONF_USERNAME): str, vol.Required(CONF_PASSWORD): str})


class YardstickConfigFlow(ConfigFlow):
    """Logs in."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for server and login."""
        if user_input is None:
            return self.async_show_form(step_id="user", data_schema=_SCHEMA)
        data = await log_in(async_get_clientsession(self.hass), **user_input)
        return self.async_create_entry(title="Yardstick", data=data)
