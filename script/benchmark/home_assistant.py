"""A Home Assistant with nothing but its core and the measured integration, booted as its bootstrap does."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
import tempfile

from aiohttp import ThreadedResolver
from homeassistant import loader
from homeassistant.config_entries import SOURCE_USER, ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import DOMAIN as HOME_ASSISTANT, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_test_home_assistant

from . import yardsticks
from .cloud import PASSWORD, USERNAME
from .figures import OURS
from .yardsticks import PLATFORMS


@asynccontextmanager
async def start_home_assistant(subject: str, integration: Path) -> AsyncIterator[HomeAssistant]:
    """Run Home Assistant with a subject; what both need is imported and set up."""
    with tempfile.TemporaryDirectory() as folder:
        (custom := Path(folder, "custom_components")).mkdir()  # nothing is measured yet
        # A package: a namespace would lose against one of that name later on the path.
        (custom / "__init__.py").touch()
        (custom / OURS).symlink_to(integration.resolve())  # noqa: ASYNC240
        async with async_test_home_assistant(config_dir=folder) as hass:
            # Home Assistant's own resolver brings multicast DNS; the cloud has an address, so nothing is resolved.
            hass.data[str(DATA_RESOLVER)] = ThreadedResolver()
            for domain in (HOME_ASSISTANT, *PLATFORMS):
                await async_setup_component(hass, domain, {})
            if subject == OURS:
                hass.data.pop(loader.DATA_CUSTOM_COMPONENTS, None)
                found = await loader.async_get_integration(hass, subject)
                await found.async_get_platforms(("config_flow", *PLATFORMS))
            else:
                yardsticks.install(hass, subject)
            await async_setup_component(hass, subject, {})
            await hass.async_block_till_done()
            yield hass
            await save_registries(hass)
            await hass.async_stop(force=True)


async def add_account(hass: HomeAssistant, subject: str, server: str) -> ConfigEntry:
    """Log in to the cloud, through the config flow if there is one."""
    if subject != OURS:
        return await yardsticks.add_account(hass, subject, server, USERNAME, PASSWORD)
    answers = {"server": server, "username": USERNAME, "password": PASSWORD}
    flow = await hass.config_entries.flow.async_init(subject, context={"source": SOURCE_USER})
    while flow["type"] is FlowResultType.FORM and not flow["errors"]:
        schema = flow["data_schema"]
        fields = {} if schema is None else {str(field): answers[str(field)] for field in schema.schema}
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"], fields)
    if flow["type"] is not FlowResultType.CREATE_ENTRY:
        raise RuntimeError(f"the config flow ended with {flow}")
    await hass.async_block_till_done()
    return flow["result"]


async def save_registries(hass: HomeAssistant) -> None:
    """Write to disk what Home Assistant would write seconds later, in the middle of a measurement."""
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()


def entity_ids(hass: HomeAssistant) -> Mapping[str, str]:
    """Return the entities by the names of their devices."""
    return {state.name: state.entity_id for state in hass.states.async_all(PLATFORMS)}


async def until(hass: HomeAssistant, entity_id: str, wanted: str) -> None:
    """Wait for a state, looking rarely: a listener would add to the cost of each event."""
    async with asyncio.timeout(120):
        while not hass.states.is_state(entity_id, wanted):  # noqa: ASYNC110  # see above
            await asyncio.sleep(0.02)
