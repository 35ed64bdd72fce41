"""The people of the mock cloud's home file, and logging one in as a user would: through the config flow."""

import asyncio
import os
from typing import NamedTuple, Protocol
from urllib.parse import parse_qs

from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.selector import SelectSelector

from custom_components.wesmart.const import CONF_SERVER, DOMAIN
from tests.mock_cloud import MockCloud

# Which freedoms the cloud takes; another number is another server, and the tests pass with any.
SERVER_SEED = int(os.environ.get("WESMART_SERVER_SEED", "1"))


class Person(NamedTuple):
    """Somebody with an account."""

    username: str
    password: str
    full_name: str


class Server(Protocol):
    """What an account is added with: a cloud, or what points at one."""

    @property
    def url(self) -> str:
        """What a user enters."""


OWNER = Person("minhanh@example.com", "hoa-sua-2026", "Nguyễn Minh Anh")
OTHER = Person("0987 654 321", "song-han-2026", "Trần Quốc Bảo")
# What the owner enters.
CREDENTIALS: dict[str, object] = {CONF_USERNAME: OWNER.username, CONF_PASSWORD: OWNER.password}


async def start_flow(hass: HomeAssistant, server: Server) -> ConfigFlowResult:
    """Return the flow at its second step, the account."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "user")
    return await submit(hass, flow, {CONF_SERVER: server.url})


async def submit(hass: HomeAssistant, flow: ConfigFlowResult, user_input: dict[str, object]) -> ConfigFlowResult:
    """Return what the flow says to a form that was filled in."""
    return await hass.config_entries.flow.async_configure(flow["flow_id"], user_input)


def suggested(flow: ConfigFlowResult) -> dict[str, object]:
    """Return what stands in the fields of a form already."""
    schema = flow["data_schema"]
    assert schema is not None
    return {str(field): (field.description or {}).get("suggested_value") for field in schema.schema}


def choices(flow: ConfigFlowResult, field: str) -> dict[str, str]:
    """Return what may be picked in a field of a form: the values, and what a user reads instead."""
    schema = flow["data_schema"]
    assert schema is not None
    selector = schema.schema[field]
    assert isinstance(selector, SelectSelector)
    options = selector.config["options"]
    return {option["value"]: option["label"] for option in options if not isinstance(option, str)}


async def configure(hass: HomeAssistant, entry: ConfigEntry, **changes: object) -> dict[str, object]:
    """Change settings of an account in its form, leaving the others as they stand there; return what is stored."""
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    user_input = {**suggested(flow), **changes}
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], user_input)
    assert flow["type"] is FlowResultType.CREATE_ENTRY, flow
    await hass.async_block_till_done()
    return {**entry.options}


async def keep_homes(hass: HomeAssistant, flow: ConfigFlowResult) -> ConfigFlowResult:
    """Return what the flow says to its choice of homes, if it shows one, left as it is."""
    if flow["type"] is FlowResultType.FORM and flow["step_id"] in ("homes", "homes_taken"):
        return await submit(hass, flow, suggested(flow))
    return flow


async def log_in(hass: HomeAssistant, server: Server, person: Person) -> ConfigEntry:
    """Return the entry of an account that was added now."""
    flow = await start_flow(hass, server)
    flow = await submit(hass, flow, {CONF_USERNAME: person.username, CONF_PASSWORD: person.password})
    flow = await keep_homes(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY, flow
    await hass.async_block_till_done()
    await asyncio.sleep(1)  # what is asked at the beginning has been answered
    return flow["result"]


async def settle(hass: HomeAssistant) -> None:
    """Wait until the sessions of closed dialogs are revoked."""
    await hass.async_block_till_done()
    await asyncio.sleep(6)


def renewals(cloud: MockCloud) -> int:
    """Return how often tokens were renewed, with or without a response."""
    forms = [parse_qs(request.body.decode()) for request in cloud.requests if request.path == "/oauth/token"]
    return sum(form["grant_type"] == ["refresh_token"] for form in forms)
