"""Constants of the integration."""

import logging
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform

DOMAIN: Final = "wesmart"
LOGGER: Final = logging.getLogger(__package__)

PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.COVER,
    Platform.EVENT,
    Platform.LIGHT,
    Platform.SCENE,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.UPDATE,
]

MANUFACTURER: Final = "WeSMART"

# Shown by the config flow.
CONTRACT_URL: Final = "https://github.com/wesmart-community/home-assistant-wesmart/blob/main/docs/contract.md"

# In a config entry: the server as it was entered, its endpoints, the tokens, and who logged in.
CONF_SERVER: Final = "server"
CONF_ENDPOINTS: Final = "endpoints"
CONF_TOKENS: Final = "tokens"
# Which homes the entry shows. No other entry shows them then.
CONF_HOMES: Final = "homes"

# In its options: the homes not to show (a new one is shown), and the unique IDs of covers that are mounted reversed.
CONF_EXCLUDED_HOMES: Final = "excluded_homes"
CONF_REVERSED_COVERS: Final = "reversed_covers"

# Of entries in use. A set-up that is retried is in progress for a part of the time.
ACTIVE_STATES: Final = (ConfigEntryState.LOADED, ConfigEntryState.SETUP_IN_PROGRESS, ConfigEntryState.SETUP_RETRY)
