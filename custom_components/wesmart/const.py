"""Names and numbers the integration's files share."""

import logging
from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "wesmart"
LOGGER: Final = logging.getLogger(__package__)

PLATFORMS: Final = [Platform.COVER, Platform.EVENT, Platform.LIGHT, Platform.SWITCH]

MANUFACTURER: Final = "WeSMART"

# Where the contract is published; shown by the config flow.
CONTRACT_URL: Final = "https://github.com/wesmart-community/home-assistant-wesmart/blob/main/docs/contract.md"

# In a config entry: the server as it was entered, the endpoints pinned at login, the tokens, and who logged in.
CONF_SERVER: Final = "server"
CONF_ENDPOINTS: Final = "endpoints"
CONF_TOKENS: Final = "tokens"
# And which homes are the entry's: no other shows them then.
CONF_HOMES: Final = "homes"

# In its options: the homes that its owner does not want, so that one that comes later is there by itself; the unique
# ids of covers that were mounted the wrong way round; and the seconds between polls.
CONF_EXCLUDED_HOMES: Final = "excluded_homes"
CONF_REVERSED_COVERS: Final = "reversed_covers"
CONF_POLL_INTERVAL: Final = "poll_interval"

# Polling while push is down; with push up the client asks once an hour.
POLL_INTERVAL_S: Final = 30
