"""Servers that must not get a password: each is refused in so many words, and nobody sees a credential."""

import asyncio
from collections.abc import AsyncIterator, Iterable
import datetime as dt
from ipaddress import ip_address
from pathlib import Path
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util.ssl import SSL_ALPN_HTTP11, client_context
import pytest

from custom_components.wesmart.const import CONF_SERVER, DOMAIN, POLL_INTERVAL_S
from tests.accounts import OWNER, log_in, start_flow, submit
from tests.guide import DISCOVERY, Guide
from tests.mock_cloud import MockCloud

CREDENTIALS: dict[str, object] = {CONF_USERNAME: OWNER.username, CONF_PASSWORD: OWNER.password}


@pytest.fixture
async def guide() -> AsyncIterator[Guide]:
    """Return the server that is entered."""
    async with Guide() as guide:
        yield guide


@pytest.fixture
async def stranger() -> AsyncIterator[Guide]:
    """Return the server that it sends people to, which would be glad to have their passwords."""
    async with Guide() as stranger:
        stranger.point_at(stranger.url)
        yield stranger


@pytest.fixture
async def tls_guide(tmp_path: Path) -> AsyncIterator[Guide]:
    """Return a server with https that Home Assistant trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain = tmp_path / "chain.pem"
    chain.write_bytes(private + certificate)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(chain)
    client_context(alpn_protocols=SSL_ALPN_HTTP11).load_verify_locations(cadata=certificate.decode())
    async with Guide(tls) as guide:
        yield guide


async def enter(hass: HomeAssistant, server: str) -> ConfigFlowResult:
    """Return what the flow says to a server."""
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await submit(hass, flow, {CONF_SERVER: server})


def refused(flow: ConfigFlowResult, error: str) -> None:
    """Make sure that the server is refused, before anybody is asked for a password."""
    assert (flow["type"], flow["step_id"], flow["errors"]) == (FlowResultType.FORM, "user", {"base": error})


def nobody_saw_a_credential(servers: Iterable[Guide]) -> None:
    """Make sure that all that was asked for is the document."""
    for visit in (visit for server in servers for visit in server.visits):
        assert (visit.method, visit.path, visit.body) == ("GET", DISCOVERY, b"")
        assert "authorization" not in {name.lower() for name in visit.headers}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirected_document_is_refused(
    hass: HomeAssistant, guide: Guide, stranger: Guide, status: int
) -> None:
    """Although there is a good one where it points."""
    guide.answer(status, Location=stranger.url + DISCOVERY)
    refused(await enter(hass, guide.url), "unsupported_server")
    assert stranger.visits == []
    nobody_saw_a_credential([guide])


@pytest.mark.parametrize("member", ["token_endpoint", "revocation_endpoint", "api_url", "events_url"])
@pytest.mark.parametrize("host", ["127.0.0.2:9", "192.168.1.20", "localhost:9", "cloud.example.com"])
async def test_a_plain_document_that_names_another_host_is_refused(
    hass: HomeAssistant, guide: Guide, member: str, host: str
) -> None:
    """Also one in the same house."""
    guide.point_at(guide.url, **{member: f"{'ws' if member == 'events_url' else 'http'}://{host}/x"})
    refused(await enter(hass, guide.url), "unsafe_server")
    nobody_saw_a_credential([guide])


@pytest.mark.parametrize("member", ["token_endpoint", "revocation_endpoint", "api_url", "events_url"])
async def test_an_https_document_that_points_inside_is_refused(
    hass: HomeAssistant, tls_guide: Guide, stranger: Guide, member: str
) -> None:
    """All else being well: a public server must not reach into the house."""
    scheme = "ws" if member == "events_url" else "http"
    inside = (f"{scheme}s://127.0.0.1", f"{scheme}s://192.168.1.1", f"{scheme}s://router.lan", f"{scheme}s://nas")
    for url in (*inside, stranger.url.replace("http", scheme)):
        tls_guide.point_at("https://cloud.example.com", **{member: f"{url}/x"})
        refused(await enter(hass, tls_guide.url), "unsafe_server")
    assert stranger.visits == []
    nobody_saw_a_credential([tls_guide])


async def test_an_https_document_may_name_public_hosts(hass: HomeAssistant, tls_guide: Guide) -> None:
    """That is what the refusals above are compared with."""
    tls_guide.point_at("https://cloud.example.com")
    flow = await enter(hass, tls_guide.url)
    assert (flow["step_id"], flow["errors"]) == ("account", {})
    nobody_saw_a_credential([tls_guide])


@pytest.mark.parametrize(
    "entered",
    [
        "http://8.8.8.8",
        "http://cloud.example.com",
        "http://router.lan",
        "http://169.254.1.1",
        "http://[::ffff:192.168.1.1]",
        "http://[2001:4860:4860::8888]",
    ],
)
async def test_plain_http_to_anywhere_but_the_own_network_is_refused_unasked(hass: HomeAssistant, entered: str) -> None:
    """No request at all: these tests could not even send one there."""
    refused(await enter(hass, entered), "plain_server")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_login_does_not_follow_a_redirect(
    hass: HomeAssistant, guide: Guide, stranger: Guide, status: int
) -> None:
    """With 307 and 308 the password would go along."""
    guide.point_at(guide.url)
    flow = await start_flow(hass, guide)
    guide.redirect(status, stranger.url)
    flow = await submit(hass, flow, CREDENTIALS)
    assert (flow["step_id"], flow["errors"]) == ("account", {"base": "unexpected_answer"})
    assert [visit.path for visit in guide.visits] == [DISCOVERY, "/oauth/token"]
    assert stranger.visits == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_request_does_not_take_its_token_to_where_a_redirect_points(
    hass: HomeAssistant, cloud: MockCloud, guide: Guide, stranger: Guide, status: int
) -> None:
    """The login was good, and yet nothing comes of it."""
    guide.point_at(cloud.url, api_url=f"{guide.url}/v1")
    guide.redirect(status, stranger.url)
    flow = await submit(hass, await start_flow(hass, guide), CREDENTIALS)
    assert (flow["step_id"], flow["errors"]) == ("account", {"base": "unexpected_answer"})
    assert any(visit.path.startswith("/v1/") for visit in guide.visits)
    assert stranger.visits == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_stream_does_not_take_its_token_to_where_a_redirect_points(
    hass: HomeAssistant, cloud: MockCloud, guide: Guide, stranger: Guide, status: int
) -> None:
    """The home is followed without it."""
    guide.point_at(cloud.url, events_url=f"{guide.url.replace('http', 'ws', 1)}/v1/events")
    guide.redirect(status, stranger.url)
    await log_in(hass, guide, OWNER)
    assert "/v1/events" in [visit.path for visit in guide.visits]
    for on, state in ((True, STATE_ON), (False, STATE_OFF)):
        cloud.touch("cong-tac-bep", "1", on=on)
        await asyncio.sleep(POLL_INTERVAL_S)
        assert hass.states.is_state("switch.bep_cong_tac_bep_den_tran", state)
    assert stranger.visits == []
