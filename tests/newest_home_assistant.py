"""A pytest plugin that loads before all others, for a Home Assistant that is newer than the test plugin.

`script/test --newest` uses it. It goes once the test plugin supports that release.
"""

# isort: off
# Home Assistant replaces httpx by httpx2, which fails once another plugin has imported httpx.
import homeassistant  # noqa: F401  # see above

# The test plugin imports these before the rest of Home Assistant.
from pytest_homeassistant_custom_component import patch_json, patch_recorder, patch_time  # noqa: F401  # see above

from homeassistant.components import logger
from homeassistant.components.logger import helpers
# isort: on

# It has moved, and the test plugin imports it from its old place.
logger._clear_logger_overwrites = helpers._clear_logger_overwrites
