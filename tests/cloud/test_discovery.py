"""Finding out where a server keeps what, and whether it is one at all."""

import json

from hypothesis import given, strategies as st
import pytest
from yarl import URL

from custom_components.wesmart.cloud import Endpoints, Transport, discover, server_origin
from custom_components.wesmart.cloud.discovery import _decode
from custom_components.wesmart.cloud.errors import (
    CloudConnectionError,
    CloudFaultError,
    CloudTimeoutError,
    MaintenanceError,
    RateLimitedError,
    UnexpectedAnswerError,
    UnsafeServerError,
    UnsupportedServerError,
    WeSmartError,
)
from tests.cloud.nonsense import EXTREMES, anything, mutated
from tests.cloud.scripted import Reply, ScriptedServer, answer, late, redirect, reset
from tests.examples import examples
from tests.mock_cloud import MockCloud

ORIGIN = URL("https://cloud.example.com")
DOCUMENT: dict[str, object] = {
    "version": 1,
    "issuer": "https://cloud.example.com",
    "token_endpoint": "https://auth.example.com/token",
    "revocation_endpoint": "https://auth.example.com/revoke",
    "grant_types_supported": ["refresh_token", "password", "device_code"],
    "api_url": "https://cloud.example.com:8443/v1",
    "events_url": "wss://events.example.com/v1/events",
    "terms_url": "https://cloud.example.com/terms",
    "support": {"phone": "0816 333 868", "email": "help@example.com", "url": "https://cloud.example.com/help"},
}


async def refused(transport: Transport, server: ScriptedServer, reply: Reply) -> WeSmartError:
    """Return what discovery raised."""
    server.replies(reply)
    with pytest.raises(WeSmartError) as caught:
        await discover(transport, server_origin(server.url))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value


def origins(found: Endpoints) -> set[str]:
    """Return the origins that get a token."""
    urls = (found.token_endpoint, found.revocation_endpoint, found.api_url, found.events_url)
    return {str(URL(url).origin()) for url in urls}


def decoded(**members: object) -> Endpoints:
    """Return what a document with these members means to an https server."""
    return _decode(ORIGIN, json.dumps({**DOCUMENT, **members}).encode())


async def test_the_mock_cloud_says_where_it_keeps_what(cloud: MockCloud, transport: Transport) -> None:
    """All at its own origin."""
    found = await discover(transport, server_origin(cloud.url))
    assert found.token_endpoint == f"{cloud.url}/oauth/token"
    assert found.api_url.rstrip("/") == f"{cloud.url}/v1"
    assert found.support_phone == "0816 333 868"
    assert origins(found) == {cloud.url, cloud.url.replace("http", "ws")}
    assert [(one.method, one.path) for one in cloud.requests] == [("GET", "/.well-known/wesmart")]


def test_a_document_may_spread_over_public_hosts() -> None:
    """Each of their origins gets a token; that of the terms does not."""
    found = decoded(terms_url="https://www.example.com/terms")
    assert origins(found) == {"https://auth.example.com", "https://cloud.example.com:8443", "wss://events.example.com"}
    assert (found.support_email, found.support_url) == ("help@example.com", "https://cloud.example.com/help")


def test_a_hotline_is_all_the_support_there_must_be() -> None:
    """An email and a page are extras."""
    found = decoded(support={"phone": "0816 333 868"})
    assert (found.support_phone, found.support_email, found.support_url) == ("0816 333 868", None, None)


@pytest.mark.parametrize(
    "name", ["token_endpoint", "revocation_endpoint", "api_url", "events_url", "terms_url", "support"]
)
def test_no_member_may_point_where_the_contract_forbids(name: str) -> None:
    """Not one of them is forgotten."""
    inside = {"phone": "1", "url": "https://127.0.0.1/help"} if name == "support" else "https://127.0.0.1/x"
    with pytest.raises(UnsafeServerError):
        decoded(**{name: inside})


@pytest.mark.parametrize("version", [2, 0, 1.5, -1])
def test_another_version_is_not_supported_whatever_else_it_says(version: float) -> None:
    """The document may look different in everything else."""
    with pytest.raises(UnsupportedServerError, match="another version of the contract"):
        _decode(ORIGIN, json.dumps({"version": version, "endpoints": {}}).encode())


def test_a_version_may_be_spelled_as_a_float() -> None:
    """Like any number."""
    assert decoded(version=1.0) == decoded()


@pytest.mark.parametrize(
    ("grants", "missing"),
    [
        (["password"], "refresh_token"),
        (["refresh_token"], "password"),
        ([], "password, refresh_token"),
    ],
)
def test_a_server_must_offer_the_grants_there_are(grants: list[str], missing: str) -> None:
    """The message says which are missing."""
    with pytest.raises(UnsupportedServerError, match=f"^the server does not offer {missing}$"):
        decoded(grant_types_supported=grants)


@pytest.mark.parametrize(
    "reply",
    [
        answer(200, b"<!doctype html>", Content_Type="text/html"),
        answer(200, {"version": 1}),
        answer(200, b"{"),
        answer(200, b""),
        answer(200, b"\xff"),
        answer(200, []),
        answer(200, {**DOCUMENT, "padding": "x" * 2**16}),
        answer(200, DOCUMENT, Content_Type="text/plain"),
        answer(200, DOCUMENT, Content_Type="nonsense"),
        answer(204),
        answer(304),
        answer(400),
        answer(401, b"", WWW_Authenticate="Basic"),
        answer(401, {"type": "urn:wesmart:problem:unauthorized"}, Content_Type="application/problem+json"),
        answer(403),
        answer(403, {"type": "urn:wesmart:problem:account-suspended"}, Content_Type="application/problem+json"),
        answer(403, {"type": "urn:wesmart:problem:terms-not-accepted"}, Content_Type="application/problem+json"),
        answer(404),
        answer(422),
    ],
)
async def test_a_server_without_a_document_does_not_offer_the_contract(
    transport: Transport, scripted: ScriptedServer, reply: Reply
) -> None:
    """A page, a router's login, an empty answer: it is another server, and no account has to do with it."""
    assert type(await refused(transport, scripted, reply)) is UnsupportedServerError


async def test_a_server_in_maintenance_may_well_offer_it(transport: Transport, scripted: ScriptedServer) -> None:
    """As may one that has too much to do, or a fault of its own."""
    assert (
        type(await refused(transport, scripted, answer(503, b"<html>", Content_Type="text/html"))) is MaintenanceError
    )
    assert type(await refused(transport, scripted, answer(429, {}))) is RateLimitedError
    assert type(await refused(transport, scripted, answer(500))) is CloudFaultError


async def test_no_redirect_is_followed(transport: Transport, scripted: ScriptedServer) -> None:
    """Not even to where the document is."""
    async with ScriptedServer() as other:
        other.replies(answer(200, other.document()))
        reply = redirect(f"{other.url}/.well-known/wesmart", 301)
        assert type(await refused(transport, scripted, reply)) is UnsupportedServerError
        assert other.requests == []


async def test_a_server_that_cannot_be_reached_is_no_statement_about_what_it_offers(
    transport: Transport, scripted: ScriptedServer
) -> None:
    """Trying again may help."""
    assert type(await refused(transport, scripted, reset)) is CloudConnectionError
    assert type(await refused(transport, scripted, late(60, answer(200)))) is CloudTimeoutError


async def test_a_document_that_has_changed_is_read_as_it_is_now(transport: Transport, scripted: ScriptedServer) -> None:
    """What was pinned is the caller's."""
    scripted.replies(
        answer(200, scripted.document(x_new=[1], support={"phone": "1900 1234"})),
        answer(200, scripted.document(api_url="http://127.0.0.1:1/v2"), Content_Type="application/json; charset=utf-8"),
        answer(200, scripted.document(api_url="http://127.0.0.2/v1")),
    )
    origin = server_origin(scripted.url)
    before, after = await discover(transport, origin), await discover(transport, origin)
    assert origins(before) == origins(scripted.endpoints())
    assert origins(after) - origins(before) == {"http://127.0.0.1:1"}
    with pytest.raises(UnsafeServerError):
        await discover(transport, origin)


@examples(200)
@given(mutated(DOCUMENT) | anything.map(json.dumps) | st.sampled_from(EXTREMES))
def test_any_document_is_read_or_refused(text: str) -> None:
    """And whatever is read gets a token only over TLS."""
    try:
        found = _decode(ORIGIN, text.encode())
    except UnexpectedAnswerError:
        return
    assert {URL(origin).scheme for origin in origins(found)} <= {"https", "wss"}
