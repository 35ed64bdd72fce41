"""Puts the demo together: the cloud, Home Assistant, its owner, the integration, the rooms and the dashboard."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

import aiohttp
import msgspec

from .client import Client, State
from .cloud import ENTITY_DOMAINS, DemoCloud, run_cloud
from .config_flow import add_integration
from .dashboard import build_dashboard
from .errors import DemoError
from .folder import Folder, Settings, shown
from .frontend import DASHBOARD, set_up_frontend, until_running
from .home_assistant import HomeAssistant
from .login import log_in
from .registries import DOMAIN, read_registries
from .rooms import furnish, plan_homes, remove_all_areas
from .texts import TEXTS

# From a start to the last entity's state; a second is usual.
_ENTITIES_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a demo is started."""

    port: int
    cloud_port: int
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """All that runs, and how long it took (in seconds) to come up."""

    cloud: DemoCloud
    home_assistant: HomeAssistant
    client: Client
    times: dict[str, float]


class _ConfigEntry(msgspec.Struct):
    title: str
    state: str
    reason: str | None


class _Dashboard(msgspec.Struct):
    id: str
    url_path: str
    title: str


@asynccontextmanager
async def run_demo(folder: Folder, options: Options) -> AsyncIterator[Demo]:
    """Run everything until the end of the block, then stop Home Assistant first and the cloud after it."""
    folder.keep(Settings(cloud_port=options.cloud_port))
    try:
        async with _run(folder, options) as demo:
            yield demo
    except DemoError as err:
        raise DemoError(f"{err}\nHome Assistant's log: {shown(folder.log)}") from None


@asynccontextmanager
async def _run(folder: Folder, options: Options) -> AsyncIterator[Demo]:
    times: dict[str, float] = {}
    started = perf_counter()
    async with (
        run_cloud(options.cloud_port, folder.cloud_state) as cloud,
        HomeAssistant(folder, options.port, options.language) as home_assistant,
        aiohttp.ClientSession() as session,
    ):
        owner = cloud.account.full_name
        token, is_new = await log_in(session, home_assistant.url, options.language, owner)
        async with Client(home_assistant.url, session, token) as client:
            await until_running(client)
            await set_up_frontend(client, options.language)
            if is_new:
                await remove_all_areas(client)
            times["Home Assistant ready"] = perf_counter() - started
            started = perf_counter()
            await _add_account(client, cloud)
            times["account added"] = perf_counter() - started
            await _wait_for_entities(client, cloud)
            times["entities there"] = perf_counter() - started
            await _arrange(client, cloud, options.language)
            yield Demo(cloud=cloud, home_assistant=home_assistant, client=client, times=times)


async def _add_account(client: Client, cloud: DemoCloud) -> None:
    """Add the integration, unless an earlier start has."""
    if await client.ask(list[_ConfigEntry], "config_entries/get", domain=DOMAIN):
        return
    await add_integration(
        client,
        DOMAIN,
        {
            "server": cloud.cloud.url,
            "username": cloud.account.email,
            "password": cloud.account.password,
            "accept": True,
        },
    )


async def _wait_for_entities(client: Client, cloud: DemoCloud) -> None:
    """Wait until there are as many entities as the cloud has things; raise DemoError."""
    expected = sum(1 for _ in cloud.shown())
    try:
        await client.until(lambda states: _count(states) >= expected, _ENTITIES_TIMEOUT_S, "All entities there")
    except DemoError as err:
        entries = await client.ask(list[_ConfigEntry], "config_entries/get", domain=DOMAIN)
        state = "; ".join(f"{entry.title}: {entry.state} {entry.reason or ''}".rstrip() for entry in entries)
        raise DemoError(f"{err}, but {_count(client.states)} of {expected}. Accounts: {state or 'none'}.") from None


def _count(states: Mapping[str, State]) -> int:
    """Return how many entities there are that could be ours, and are not just remembered from the last start."""
    domains = set(ENTITY_DOMAINS.values())
    return sum(
        entity_id.partition(".")[0] in domains and not state.attributes.get("restored")
        for entity_id, state in states.items()
    )


async def _arrange(client: Client, cloud: DemoCloud, language: str) -> None:
    """Put the rooms into their homes, and make the dashboard of what is in them."""
    homes = cloud.homes()
    home_of_serial = {device.serial: home.name for home in homes for device in home.devices}
    registries = await read_registries(client)
    await furnish(client, registries, plan_homes(registries, home_of_serial, [home.name for home in homes]))
    texts = TEXTS[language]
    await _name_dashboard(client, texts.dashboard)
    config = build_dashboard(await read_registries(client), client.states, texts)
    await client.send("lovelace/config/save", url_path=DASHBOARD, config=config)


async def _name_dashboard(client: Client, title: str) -> None:
    """Make the dashboard, or call that of an earlier start by this title: it may have been in another language."""
    dashboards = await client.ask(list[_Dashboard], "lovelace/dashboards/list")
    known = next((dashboard for dashboard in dashboards if dashboard.url_path == DASHBOARD), None)
    if known is None:
        await client.send(
            "lovelace/dashboards/create",
            url_path=DASHBOARD,
            title=title,
            icon="mdi:home-heart",
            mode="storage",
            require_admin=False,
            show_in_sidebar=True,
        )
    elif known.title != title:
        await client.send("lovelace/dashboards/update", dashboard_id=known.id, title=title)
