"""Makes Home Assistant's frontend greet with our dashboard, in the right language, and with nothing for new users."""

import asyncio

from homeassistant.const import __version__ as home_assistant_version
import msgspec

from .client import Client

# A dashboard's address needs a hyphen.
DASHBOARD = "our-homes"


class _CoreConfig(msgspec.Struct):
    state: str


async def until_running(client: Client) -> None:
    """Wait for the end of Home Assistant's start: it answers before all of its integrations are set up."""
    while (await client.ask(_CoreConfig, "get_config")).state != "RUNNING":  # noqa: ASYNC110  # it has no event for us
        await asyncio.sleep(0.1)


async def set_up_frontend(client: Client, language: str) -> None:
    """Set the dashboard and the language."""
    await client.send(
        "frontend/set_system_data",
        key="core",
        value={"onboarded_version": home_assistant_version, "default_panel": DASHBOARD},
    )
    await client.send("frontend/set_user_data", key="language", value={"language": language})
