"""What becomes of a running account when its server says that the endpoints are elsewhere."""

import asyncio
from collections.abc import AsyncIterator
import json

from aiohttp import ClientSession
from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers.issue_registry import async_get as async_get_issues
import pytest

from custom_components.wesmart.const import CONF_ENDPOINTS, DOMAIN
from custom_components.wesmart.formatting import markdown
from tests.accounts import CREDENTIALS, OWNER, log_in, submit
from tests.cloud.scripted import answer, redirect
from tests.discovery_server import DISCOVERY, DiscoveryServer
from tests.home import shows
from tests.mock_cloud import MockCloud

pytestmark = pytest.mark.slow

KITCHEN = "light.bep_den_tran"


@pytest.fixture
async def discovery_server(cloud: MockCloud) -> AsyncIterator[DiscoveryServer]:
    """Return the server that the account was added with; it points at the cloud, where little happens by itself."""
    cloud.heartbeat_s = 45
    cloud.meters_report = False
    async with DiscoveryServer() as discovery_server:
        discovery_server.point_at(cloud.url)
        yield discovery_server


@pytest.fixture
async def stranger() -> AsyncIterator[DiscoveryServer]:
    """Return a server that nobody has logged in to."""
    async with DiscoveryServer() as stranger:
        yield stranger


@pytest.fixture
async def entry(hass: HomeAssistant, discovery_server: DiscoveryServer) -> AsyncIterator[ConfigEntry]:
    """Return the loaded entry of the account."""
    entry = await log_in(hass, discovery_server, OWNER)
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        assert await hass.config_entries.async_unload(entry.entry_id)


def login_flows(hass: HomeAssistant) -> list[ConfigFlowResult]:
    """Return the dialogs that ask for a login."""
    return list(hass.config_entries.flow.async_progress_by_handler(DOMAIN))


async def follows(hass: HomeAssistant, cloud: MockCloud) -> None:
    """Make sure that the home is followed."""
    for on, state in ((True, STATE_ON), (False, STATE_OFF)):
        cloud.touch("cong-tac-bep", "1", on=on)
        await shows(hass, KITCHEN, state)


async def move(cloud: MockCloud, prefix: str) -> None:
    """Have the cloud's endpoints elsewhere; whoever holds it against the specification reads that in its document."""
    cloud.move(prefix)
    async with ClientSession() as http:
        await http.get(cloud.url + DISCOVERY)


async def miss(cloud: MockCloud) -> None:
    """Have some requests find nothing: the document is read again then."""
    await move(cloud, "/nowhere-else")
    cloud.cut()
    await asyncio.sleep(7)  # not when a refresh is due
    await move(cloud, "")
    await asyncio.sleep(120)


async def test_the_document_is_read_once_a_day_beside_the_two_requests_of_an_idle_hour(
    hass: HomeAssistant, cloud: MockCloud, discovery_server: DiscoveryServer, entry: ConfigEntry
) -> None:
    """What it says otherwise is kept, such as the hotline."""
    discovery_server.point_at(cloud.url, support={"phone": "1900 1234"})
    await asyncio.sleep(1)
    visits, requests = len(discovery_server.requests), len(cloud.requests)
    # It is read with the first poll after it is due, and those are up to two hours apart.
    hours = 26
    await asyncio.sleep(hours * 3600)
    assert {visit.path for visit in discovery_server.requests[visits:]} == {DISCOVERY}
    assert len(discovery_server.requests) - visits <= 2
    assert len(cloud.requests) - requests <= 2 * hours
    assert entry.data[CONF_ENDPOINTS]["support_phone"] == "1900 1234"
    assert login_flows(hass) == []


async def test_a_set_up_that_is_retried_reads_the_document_once_in_ten_minutes(
    hass: HomeAssistant, cloud: MockCloud, discovery_server: DiscoveryServer, entry: ConfigEntry
) -> None:
    """Although each retry begins anew."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    await move(cloud, "/nowhere-else")
    visits = len(discovery_server.requests)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    await asyncio.sleep(300)
    assert len(discovery_server.requests) == visits + 1
    await move(cloud, "")
    await asyncio.sleep(120)
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("while_off", [False, True])
async def test_endpoints_that_move_at_their_origin_are_found_without_a_restart(
    hass: HomeAssistant, cloud: MockCloud, discovery_server: DiscoveryServer, entry: ConfigEntry, while_off: bool
) -> None:
    """After the first 404; they are kept for the next start."""
    if while_off:
        assert await hass.config_entries.async_unload(entry.entry_id)
    await move(cloud, "/2027")
    discovery_server.point_at(f"{cloud.url}/2027")
    if while_off:
        assert await hass.config_entries.async_setup(entry.entry_id)
    else:
        cloud.cut()
    await asyncio.sleep(90)
    await follows(hass, cloud)
    assert entry.data[CONF_ENDPOINTS]["api_url"] == f"{cloud.url}/2027/v1"
    await asyncio.sleep(2 * 3600)
    assert cloud.streams == 1
    assert [request.path for request in cloud.requests if request.path.startswith("/2027/oauth/token")]
    visits = len(discovery_server.requests)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await follows(hass, cloud)
    assert len(discovery_server.requests) == visits
    assert login_flows(hass) == []


async def test_a_server_that_lost_its_endpoints_is_not_asked_again_and_again(
    hass: HomeAssistant, cloud: MockCloud, discovery_server: DiscoveryServer, entry: ConfigEntry
) -> None:
    """Six times an hour; when they are back, everything goes on."""
    await asyncio.sleep(1)
    await move(cloud, "/2027")
    cloud.cut()
    visits = len(discovery_server.requests)
    await asyncio.sleep(3600)
    assert 5 <= len(discovery_server.requests) - visits <= 7
    await move(cloud, "")
    await asyncio.sleep(180)
    await follows(hass, cloud)


MEMBERS = {"token_endpoint": "/token", "revocation_endpoint": "/revoke", "api_url": "/v1", "events_url": "/v1/events"}


@pytest.mark.parametrize("member", MEMBERS)
async def test_another_origin_gets_nothing_and_a_login_is_asked_for(
    hass: HomeAssistant,
    cloud: MockCloud,
    discovery_server: DiscoveryServer,
    stranger: DiscoveryServer,
    entry: ConfigEntry,
    member: str,
) -> None:
    """Once, however long that takes; the home is followed meanwhile where it was."""
    pinned = {**entry.data[CONF_ENDPOINTS]}
    url = stranger.url.replace("http", "ws") if member == "events_url" else stranger.url
    number = "[1900 666](https://evil.example)"
    discovery_server.point_at(cloud.url, **{member: url + MEMBERS[member]}, support={"phone": number})
    for _ in range(3):
        await miss(cloud)
        await asyncio.sleep(600)
    (flow,) = login_flows(hass)
    assert (flow["context"]["source"], flow["step_id"]) == ("reauth", "reauth_moved")
    (issue,) = async_get_issues(hass).issues.values()
    assert (issue.domain, issue.translation_key) == ("homeassistant", "config_entry_reauth")
    await asyncio.sleep(2 * 3600)
    await follows(hass, cloud)
    assert entry.data[CONF_ENDPOINTS] == pinned
    shown = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert shown["description_placeholders"] is not None
    assert markdown(url.partition("//")[2]) in shown["description_placeholders"]["hosts"]
    # The hotline is the one that was trusted before.
    assert shown["description_placeholders"]["hotline"] == "0816 333 868"
    assert "evil" not in json.dumps(shown["description_placeholders"])
    assert stranger.requests == []
    # A mistake that was corrected: the dialog is the usual one, and the login goes where it always went.
    discovery_server.point_at(cloud.url)
    shown = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert shown["step_id"] == "reauth_confirm"
    shown = await submit(hass, shown, CREDENTIALS)
    assert shown["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert stranger.requests == []


async def test_an_owner_who_knows_why_logs_in_at_the_new_hosts(
    hass: HomeAssistant, cloud: MockCloud, discovery_server: DiscoveryServer, entry: ConfigEntry
) -> None:
    """The old hosts end the old session; the new ones never see its tokens."""
    async with MockCloud() as new:
        discovery_server.point_at(new.url, support={"phone": "1900 666"})
        await miss(cloud)
        (flow,) = login_flows(hass)
        assert new.requests == []
        refused = await submit(hass, flow, {**CREDENTIALS, CONF_PASSWORD: "wrong"})
        assert (refused["step_id"], refused["errors"]) == ("reauth_moved", {"base": "invalid_auth"})
        new.suspend(OWNER.username)
        blocked = await submit(hass, flow, CREDENTIALS)
        assert (blocked["step_id"], blocked["errors"]) == (
            "reauth_moved",
            {"base": "account_suspended_unexplained_indefinite"},
        )
        assert blocked["description_placeholders"] is not None
        assert blocked["description_placeholders"]["phone"] == "0816 333 868"
        new.unblock(OWNER.username)
        flow = await submit(hass, flow, CREDENTIALS)
        assert flow["reason"] == "reauth_successful"
        await hass.async_block_till_done()
        await follows(hass, new)
        assert cloud.sessions(OWNER.username) == []
        assert len(new.sessions(OWNER.username)) == 1
        assert {request.path for request in new.requests if request.status in (400, 401)} == {"/oauth/token"}
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_endpoints_that_moved_elsewhere_while_home_assistant_was_off_are_found_as_well(
    hass: HomeAssistant,
    cloud: MockCloud,
    discovery_server: DiscoveryServer,
    stranger: DiscoveryServer,
    entry: ConfigEntry,
) -> None:
    """Although nothing answers where they were."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    await cloud.stop()
    discovery_server.point_at(stranger.url)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert [flow["step_id"] for flow in login_flows(hass)] == ["reauth_moved"]
    assert stranger.requests == []


@pytest.mark.parametrize("trouble", ["maintenance", "page", "nothing", "redirect", "next version", "unsafe", "closed"])
async def test_a_document_that_cannot_be_read_changes_nothing(
    hass: HomeAssistant,
    cloud: MockCloud,
    discovery_server: DiscoveryServer,
    stranger: DiscoveryServer,
    entry: ConfigEntry,
    trouble: str,
) -> None:
    """Neither where requests go, nor who is asked for a login."""
    pinned = {**entry.data[CONF_ENDPOINTS]}
    match trouble:
        case "maintenance":
            discovery_server.replies(answer(503, Retry_After="600"))
        case "page":
            discovery_server.replies(answer(200, b"<html>Welcome", Content_Type="text/html"))
        case "nothing":
            discovery_server.replies(answer(404))
        case "redirect":
            stranger.point_at(stranger.url)
            discovery_server.replies(redirect(stranger.url + DISCOVERY))
        case "next version":
            discovery_server.point_at(cloud.url, version=2)
        case "unsafe":
            discovery_server.point_at(cloud.url, api_url="https://cloud.example.com/v1")
        case "closed":
            await discovery_server.__aexit__(None, None, None)
    await miss(cloud)
    await follows(hass, cloud)
    assert entry.data[CONF_ENDPOINTS] == pinned
    assert login_flows(hass) == []
    assert stranger.requests == []
    cloud.sign_out(OWNER.username)
    await asyncio.sleep(60)
    (flow,) = login_flows(hass)
    assert flow["step_id"] == "reauth_confirm"
    flow = await submit(hass, flow, CREDENTIALS)
    assert flow["reason"] == "reauth_successful"
    await hass.async_block_till_done()


async def test_an_endpoint_of_the_stream_that_moved_alone_is_found(
    hass: HomeAssistant, cloud: MockCloud, discovery_server: DiscoveryServer
) -> None:
    """Polls succeed, so only the stream's 404 says it."""
    events = cloud.url.replace("http", "ws")
    discovery_server.point_at(cloud.url, events_url=f"{events}/old/events")
    entry = await log_in(hass, discovery_server, OWNER)
    await asyncio.sleep(5)
    assert cloud.streams == 0
    discovery_server.point_at(cloud.url)
    await asyncio.sleep(1200)
    assert cloud.streams == 1
    assert await hass.config_entries.async_unload(entry.entry_id)
