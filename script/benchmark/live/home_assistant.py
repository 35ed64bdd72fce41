"""A Home Assistant with nothing but its core and what is measured: booted as its bootstrap does, without the rest."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
import tempfile

from aiohttp import ThreadedResolver
from homeassistant import bootstrap, loader
from homeassistant.config_entries import SOURCE_USER, ConfigEntries, ConfigEntry
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME, EVENT_HOMEASSISTANT_FINAL_WRITE, Platform
from homeassistant.core import DOMAIN as HOME_ASSISTANT, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.aiohttp_client import DATA_RESOLVER
from homeassistant.setup import async_setup_component

from . import household

_PLATFORMS = (Platform.LIGHT, Platform.SWITCH)


@asynccontextmanager
async def start_home_assistant(integration: Path) -> AsyncIterator[HomeAssistant]:
    """Run Home Assistant with an integration, everything that both need imported and set up."""
    with tempfile.TemporaryDirectory() as folder:
        _install(integration, Path(folder))
        hass = await _boot(folder)
        try:
            await _prepare(hass, integration.name)
            yield hass
        finally:
            await save_registries(hass)
            await hass.async_stop(force=True)


async def add_account(hass: HomeAssistant, domain: str, server: str) -> ConfigEntry:
    """Log in to the cloud through the integration's config flow."""
    answers = {"server": server, CONF_USERNAME: household.USERNAME, CONF_PASSWORD: household.PASSWORD}
    flow = await hass.config_entries.flow.async_init(domain, context={"source": SOURCE_USER})
    while flow["type"] is FlowResultType.FORM:
        if flow["errors"]:
            raise RuntimeError(f"the config flow of {domain} objects: {flow['errors']}")
        schema = flow["data_schema"]
        fields = {} if schema is None else {str(field): answers[str(field)] for field in schema.schema}
        flow = await hass.config_entries.flow.async_configure(flow["flow_id"], fields)
    if flow["type"] is not FlowResultType.CREATE_ENTRY:
        raise RuntimeError(f"the config flow of {domain} ended otherwise: {flow}")
    await hass.async_block_till_done()
    return flow["result"]


async def save_registries(hass: HomeAssistant) -> None:
    """Let Home Assistant write to its disk now what it would write seconds later, in the middle of a measurement."""
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()


def entity_ids(hass: HomeAssistant) -> Mapping[str, str]:
    """Return the entities by the names of their devices, which all subjects have in common."""
    return {state.name: state.entity_id for state in hass.states.async_all(_PLATFORMS)}


async def until(hass: HomeAssistant, entity_id: str, wanted: str, *, within_s: float = 120) -> None:
    """Wait until an entity shows a state, looking rarely: what waiting costs is counted, too."""
    async with asyncio.timeout(within_s):
        # Not an event that is waited for: a listener would add to the cost of each.
        while not hass.states.is_state(entity_id, wanted):  # noqa: ASYNC110  # see above
            await asyncio.sleep(0.02)


def _install(integration: Path, folder: Path) -> None:
    custom = folder / "custom_components"
    custom.mkdir()
    # A package rather than a namespace: one of that name further down the path would win.
    (custom / "__init__.py").touch()
    (custom / integration.name).symlink_to(integration.resolve())


async def _boot(folder: str) -> HomeAssistant:
    hass = HomeAssistant(folder)
    loader.async_setup(hass)
    hass.config.skip_pip = True
    # Home Assistant's own resolver brings multicast DNS; the cloud has an address, so nothing is resolved at all.
    hass.data[str(DATA_RESOLVER)] = ThreadedResolver()
    hass.config_entries = ConfigEntries(hass, {})
    await loader.async_get_custom_components(hass)
    if not await bootstrap.async_load_base_functionality(hass):
        raise RuntimeError("Home Assistant did not start")
    if not await async_setup_component(hass, HOME_ASSISTANT, {}):
        raise RuntimeError("Home Assistant's core integration did not start")
    await hass.async_start()
    return hass


async def _prepare(hass: HomeAssistant, domain: str) -> None:
    for platform in _PLATFORMS:
        await async_setup_component(hass, platform, {})
    integration = await loader.async_get_integration(hass, domain)
    await integration.async_get_component()
    await integration.async_get_platforms(("config_flow", *_PLATFORMS))
    await async_setup_component(hass, domain, {})
    await hass.async_block_till_done()
