"""Servers that must not get a password: each is refused with an error, and none sees a credential."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.ssl import SSL_ALPN_HTTP11, client_context
import msgspec
import pytest

from custom_components.wesmart.cloud import timing
from custom_components.wesmart.const import CONF_SERVER, DOMAIN
from tests.accounts import CREDENTIALS, OWNER, log_in, start_flow, submit
from tests.certificate import self_signed
from tests.cloud.scripted import redirect
from tests.discovery_server import DISCOVERY, DiscoveryServer
from tests.home import shows
from tests.mock_cloud import MockCloud

KITCHEN = "light.bep_den_tran"


@pytest.fixture
async def discovery_server() -> AsyncIterator[DiscoveryServer]:
    """Run the server that is entered."""
    async with DiscoveryServer() as discovery_server:
        yield discovery_server


@pytest.fixture
async def stranger() -> AsyncIterator[DiscoveryServer]:
    """Run another server, which would take any password."""
    async with DiscoveryServer() as stranger:
        stranger.point_at(stranger.url)
        yield stranger


@pytest.fixture
async def tls_server(tmp_path: Path) -> AsyncIterator[DiscoveryServer]:
    """Run a server with https that Home Assistant trusts."""
    certificate = tmp_path / "certificate.pem"
    tls = self_signed(x509.IPAddress(ip_address("127.0.0.1")), certificate)
    client_context(alpn_protocols=SSL_ALPN_HTTP11).load_verify_locations(certificate)
    async with DiscoveryServer(tls) as discovery_server:
        yield discovery_server


async def enter(hass: HomeAssistant, server: str) -> ConfigFlowResult:
    """Enter a server; return what the flow shows next."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await submit(hass, flow, {CONF_SERVER: server})


def refused(flow: ConfigFlowResult, error: str) -> None:
    """Check that the server is refused before a password is asked for."""
    assert (flow["type"], flow["step_id"], flow["errors"]) == (FlowResultType.FORM, "user", {"base": error})


def check_visits(server: DiscoveryServer) -> None:
    """Check that a server was asked for the discovery document only, without credentials."""
    for visit in server.requests:
        assert (visit.method, visit.path, visit.body) == ("GET", DISCOVERY, b"")
        assert "authorization" not in {name.lower() for name in visit.headers}


async def test_a_redirected_document_is_refused(
    hass: HomeAssistant, discovery_server: DiscoveryServer, stranger: DiscoveryServer
) -> None:
    """The other server would have a valid one."""
    discovery_server.replies(redirect(stranger.url + DISCOVERY, 307))
    refused(await enter(hass, discovery_server.url), "unsupported_server")
    assert stranger.requests == []
    check_visits(discovery_server)


@pytest.mark.parametrize("member", ["token_endpoint", "revocation_endpoint", "api_url", "events_url"])
async def test_an_https_document_that_names_a_private_host_is_refused(
    hass: HomeAssistant, tls_server: DiscoveryServer, stranger: DiscoveryServer, member: str
) -> None:
    """A public server must not reach into the home network."""
    scheme = "ws" if member == "events_url" else "http"
    inside = (f"{scheme}s://127.0.0.1", f"{scheme}s://192.168.1.1", f"{scheme}s://router.lan", f"{scheme}s://nas")
    for url in (*inside, stranger.url.replace("http", scheme)):
        tls_server.point_at("https://cloud.example.com", **{member: f"{url}/x"})
        refused(await enter(hass, tls_server.url), "unsafe_server")
    assert stranger.requests == []
    check_visits(tls_server)


async def test_an_https_document_may_name_public_hosts(hass: HomeAssistant, tls_server: DiscoveryServer) -> None:
    """This is the same document as above otherwise."""
    tls_server.point_at("https://cloud.example.com")
    flow = await enter(hass, tls_server.url)
    assert (flow["step_id"], flow["errors"]) == ("account", {})
    check_visits(tls_server)


async def test_a_login_does_not_follow_a_redirect(
    hass: HomeAssistant, discovery_server: DiscoveryServer, stranger: DiscoveryServer
) -> None:
    """It would send the password again."""
    discovery_server.point_at(discovery_server.url)
    flow = await start_flow(hass, discovery_server)
    discovery_server.elsewhere = redirect(stranger.url, 307)
    flow = await submit(hass, flow, CREDENTIALS)
    assert (flow["step_id"], flow["errors"]) == ("account", {"base": "unexpected_response"})
    assert [visit.path for visit in discovery_server.requests] == [DISCOVERY, "/oauth/token"]
    assert stranger.requests == []


async def test_a_request_does_not_follow_a_redirect(
    hass: HomeAssistant, cloud: MockCloud, discovery_server: DiscoveryServer, stranger: DiscoveryServer
) -> None:
    """Which would get its token."""
    discovery_server.point_at(cloud.url, api_url=f"{discovery_server.url}/v1")
    discovery_server.elsewhere = redirect(stranger.url, 307)
    flow = await submit(hass, await start_flow(hass, discovery_server), CREDENTIALS)
    assert (flow["step_id"], flow["errors"]) == ("account", {"base": "unexpected_response"})
    assert any(visit.path.startswith("/v1/") for visit in discovery_server.requests)
    assert stranger.requests == []


async def test_a_redirect_that_home_assistant_cannot_parse_is_an_error_of_the_request(
    hass: HomeAssistant, cloud: MockCloud, discovery_server: DiscoveryServer
) -> None:
    """Home Assistant's own middleware raises ValueError for `http://[`: at a login, in a running home, and at set-up."""
    discovery_server.point_at(cloud.url)
    entry = await log_in(hass, discovery_server, OWNER)
    await asyncio.sleep(60)
    discovery_server.point_at(discovery_server.url)
    for status in (302, 307):
        discovery_server.elsewhere = redirect("http://[", status)
        flow = await submit(hass, await start_flow(hass, discovery_server), CREDENTIALS)
        assert (flow["step_id"], flow["errors"]) == ("account", {"base": "unexpected_response"})
    session = entry.runtime_data.client.session
    right = session.endpoints
    session.endpoints = msgspec.structs.replace(right, api_url=f"{discovery_server.url}/v1")
    calls = [
        hass.services.async_call("light", action, {"entity_id": KITCHEN}, blocking=True)
        for action in ("turn_on", "turn_off")
    ]
    failed = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(error) for error in failed] == [HomeAssistantError, HomeAssistantError]
    await asyncio.sleep(3600)
    assert cloud.streams == 1
    assert not await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    session.endpoints = right
    await shows(hass, KITCHEN, STATE_OFF, within_s=120)
    await hass.services.async_call("light", "turn_on", {"entity_id": KITCHEN}, blocking=True)
    await shows(hass, KITCHEN, STATE_ON)


async def test_a_stream_does_not_follow_a_redirect(
    hass: HomeAssistant, cloud: MockCloud, discovery_server: DiscoveryServer, stranger: DiscoveryServer
) -> None:
    """Polling goes on without it."""
    discovery_server.point_at(cloud.url, events_url=f"{discovery_server.url.replace('http', 'ws', 1)}/v1/events")
    discovery_server.elsewhere = redirect(stranger.url, 307)
    await log_in(hass, discovery_server, OWNER)
    assert "/v1/events" in [visit.path for visit in discovery_server.requests]
    for on, state in ((True, STATE_ON), (False, STATE_OFF)):
        cloud.touch("cong-tac-bep", "1", on=on)
        await asyncio.sleep(timing.poll_interval(1))
        assert hass.states.is_state("light.bep_den_tran", state)
    assert stranger.requests == []
