"""Runs the cloud and Home Assistant; on the first start, adds the account and arranges its rooms."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
import shutil
from urllib.parse import quote

import aiohttp
from homeassistant.const import __version__ as home_assistant_version

from tests.mock_cloud import MockCloud, load_home
from tests.mock_cloud.model import Account

from .dashboard import DASHBOARD, arrange
from .home_assistant import LOOPBACK, Client, DemoError, HomeAssistant, Json, connect, run_home_assistant

DOMAIN = "wesmart"
# The entity domain of each type of endpoint that a family uses; a switch that controls a lamp is a light.
DOMAINS = {"switch": "switch", "light": "light", "curtain": "cover"}
LOG = "home-assistant.log"
# Written when the first start is complete; contains the cloud's port, which is part of the config entry.
COMPLETE = "cloud-port"

_HANOI: Json = {"country": "VN", "currency": "VND", "time_zone": "Asia/Ho_Chi_Minh"}
_HANOI |= {"location_name": "WeSMART demo", "latitude": 21.0285, "longitude": 105.8542}


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A running demo."""

    cloud: MockCloud
    account: Account
    others: list[Account]
    """Accounts to add by hand."""
    home_assistant: HomeAssistant
    client: Client

    def homes(self) -> list[Json]:
        """Return the homes in the account's snapshot."""
        homes: list[Json] = self.cloud.snapshot(self.account.id)["homes"]
        return homes

    def endpoints(self) -> Iterator[tuple[Json, Json]]:
        """Yield device and endpoint of everything in the account that becomes an entity of `DOMAINS`."""
        for home in self.homes():
            for device in home["devices"]:
                yield from ((device, endpoint) for endpoint in device["endpoints"] if endpoint["type"] in DOMAINS)


@asynccontextmanager
async def run_demo(folder: Path, port: int, cloud_port: int, language: str) -> AsyncIterator[Demo]:
    """Run everything until the end of the block, then stop Home Assistant first and the cloud last; raise DemoError."""
    complete = (folder / COMPLETE).exists()
    if not complete:
        # Also after a first start that was interrupted.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()  # noqa: ASYNC240  # nothing else runs yet
    world = load_home()
    account, *others = world.accounts
    cloud = MockCloud(home=world, state_file=folder / "cloud.json")
    await cloud.start(LOOPBACK, cloud_port)
    try:
        async with (
            run_home_assistant(folder / "config", folder / LOG, port) as home_assistant,
            connect(home_assistant.url, account.full_name, language) as client,
        ):
            # Home Assistant answers before all of its integrations are set up.
            while (await client.command("get_config"))["state"] != "RUNNING":  # noqa: ASYNC110  # it has no event for us
                await asyncio.sleep(0.1)
            demo = Demo(cloud=cloud, account=account, others=others, home_assistant=home_assistant, client=client)
            if not complete:
                await _set_up(demo, language)
                (folder / COMPLETE).write_text(str(cloud_port), encoding="ascii")
            # Accounts that are added by hand may also log in on the cloud's page, which has no phone to send codes to.
            cloud.login = "both"
            cloud.show_one_time_codes()
            yield demo
    except (DemoError, aiohttp.ClientError, aiohttp.WSMessageTypeError, TimeoutError) as err:
        raise DemoError(f"{err or 'Home Assistant does not respond.'}\nIts log: {folder / LOG}") from None
    finally:
        await cloud.stop()


def entity_of(device: Json, endpoint: Json, entities: list[Json]) -> str | None:
    """Return the ID of an endpoint's entity."""
    unique_id = f":{quote(device['id'], safe='')}:{quote(endpoint['id'], safe='')}"
    domain = "light" if endpoint["features"].get("controls") == "light" else DOMAINS[endpoint["type"]]
    found = (entity["entity_id"] for entity in entities if entity["unique_id"].endswith(unique_id))
    return next((entity_id for entity_id in found if entity_id.startswith(f"{domain}.")), None)


async def _set_up(demo: Demo, language: str) -> None:
    """Configure Home Assistant, which is the owner's from then on."""
    client = demo.client
    await client.command("config/core/update", language=language, **_HANOI)
    await client.command("frontend/set_user_data", key="language", value={"language": language})
    core = {"onboarded_version": home_assistant_version, "default_panel": DASHBOARD}
    await client.command("frontend/set_system_data", key="core", value=core)
    # Home Assistant gives every new home the same rooms.
    for area in await client.command("config/area_registry/list"):
        await client.command("config/area_registry/delete", area_id=area["area_id"])
    login = {"username": demo.account.email, "password": demo.account.password}
    await client.add_integration(DOMAIN, {"server": demo.cloud.url, "accept": True, **login})
    meters = [
        entity["entity_id"] for entity in await client.entities(DOMAIN) if entity["unique_id"].endswith(":energy")
    ]
    await client.command("energy/save_prefs", device_consumption=[{"stat_consumption": meter} for meter in meters])
    serials = {home["name"]: {device["serial"] for device in home["devices"]} for home in demo.homes()}
    await arrange(client, await client.entities(DOMAIN), serials, language)
