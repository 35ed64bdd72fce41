"""What an entry holds of a login is replaced by what belongs to it only."""

from homeassistant.core import HomeAssistant
import msgspec
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wesmart.cloud import Endpoints, Tokens
from custom_components.wesmart.const import DOMAIN
from custom_components.wesmart.stored import (
    async_store_endpoints,
    async_store_tokens,
    endpoints_of,
    login_data,
    tokens_of,
)

ENDPOINTS = Endpoints(
    token_endpoint="https://cloud.example.com/token",
    revocation_endpoint="https://cloud.example.com/revoke",
    api_url="https://cloud.example.com/v1",
    events_url="wss://cloud.example.com/v1/events",
    terms_url="https://cloud.example.com/terms",
    support_phone="0816 333 868",
)
TOKENS = Tokens(session_id="s", access_token="a", refresh_token="r", expires_at=1)


def entry(hass: HomeAssistant) -> MockConfigEntry:
    """Return the entry of an account, with more in it than a login."""
    entry = MockConfigEntry(domain=DOMAIN, data={"homes": ["h"], **login_data(ENDPOINTS, TOKENS)})
    entry.add_to_hass(hass)
    return entry


async def test_endpoints_and_tokens_are_replaced_each_by_itself(hass: HomeAssistant) -> None:
    """And nothing else."""
    known = entry(hass)
    renewed = msgspec.structs.replace(TOKENS, refresh_token="r2")
    moved = msgspec.structs.replace(ENDPOINTS, api_url="https://cloud.example.com/v2")
    async_store_tokens(hass, known, renewed)
    assert (endpoints_of(known), tokens_of(known)) == (ENDPOINTS, renewed)
    async_store_endpoints(hass, known, moved)
    assert (endpoints_of(known), tokens_of(known), known.data["homes"]) == (moved, renewed, ["h"])


async def test_tokens_of_a_session_that_was_replaced_are_not_kept(hass: HomeAssistant) -> None:
    """A new login must not be undone by a late answer to an old one."""
    known = entry(hass)
    async_store_tokens(hass, known, msgspec.structs.replace(TOKENS, session_id="before", refresh_token="r2"))
    assert tokens_of(known) == TOKENS


async def test_tokens_of_an_entry_that_is_gone_are_nobodys(hass: HomeAssistant) -> None:
    """Their session is being ended."""
    known = entry(hass)
    await hass.config_entries.async_remove(known.entry_id)
    async_store_tokens(hass, known, msgspec.structs.replace(TOKENS, refresh_token="r2"))
    assert not hass.config_entries.async_entries(DOMAIN)
