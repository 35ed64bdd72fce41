"""Discovery: which addresses are servers, and which endpoints a server may name."""

import contextlib
import json

from hypothesis import given, strategies as st
import pytest
from yarl import URL

from custom_components.wesmart.cloud import Endpoints, HttpClient, discover, server_origin
from custom_components.wesmart.cloud.discovery import _decode
from custom_components.wesmart.cloud.errors import (
    CloudConnectionError,
    CloudTimeoutError,
    InvalidServerError,
    MaintenanceError,
    PlainServerError,
    RateLimitedError,
    ServerError,
    UnavailableError,
    UnexpectedResponseError,
    UnsafeServerError,
    UnsupportedServerError,
    WeSmartError,
)
from tests.cloud.invalid_data import EXTREMES, anything, mutated
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


def decoded(origin: URL = ORIGIN, **members: object) -> Endpoints:
    """Return the endpoints of a document with these members."""
    return _decode(origin, json.dumps({**DOCUMENT, **members}).encode())


async def error_of(http: HttpClient, server: ScriptedServer, reply: Reply) -> WeSmartError:
    """Return the error of a discovery."""
    server.replies(reply)
    with pytest.raises(WeSmartError) as caught:
        await discover(http, server_origin(server.url))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value


# The address of a server


@pytest.mark.parametrize(
    ("entered", "origin"),
    [
        ("cloud.example.com", "https://cloud.example.com"),
        ("  https://cloud.example.com/ ", "https://cloud.example.com"),
        ("HTTPS://Cloud.Example.com:8443", "https://cloud.example.com:8443"),
        ("https://cloud.example.com:443", "https://cloud.example.com"),
        ("https://cloud.example.com/.well-known/wesmart", "https://cloud.example.com"),
        ("https://đám-mây.example", "https://xn--m-my-1na1nmc.example"),
        ("http://localhost:8124", "http://localhost:8124"),
        ("http://127.0.0.1:8124", "http://127.0.0.1:8124"),
        ("http://[::1]:8124", "http://[::1]:8124"),
        ("http://192.168.1.20", "http://192.168.1.20"),
        ("http://[fd00::1]", "http://[fd00::1]"),
    ],
)
def test_an_address_may_be_written_in_many_ways(entered: str, origin: str) -> None:
    """Without a scheme, with a slash, or with accents."""
    if "đ" in entered:
        assert server_origin(entered).host == "đám-mây.example"
    else:
        assert str(server_origin(entered)) == origin


@pytest.mark.parametrize(
    "entered",
    [
        "",
        "   ",
        "https://",
        "ftp://cloud.example.com",
        "https://user:secret@cloud.example.com",
        "https://cloud.example.com/app",
        "https://cloud.example.com/?a=b",
        "https://cloud.example.com:99999",
        "https://cloud.example.com:abc",
        "https://[::1",
        "minhanh@example.com",
        "xn--zz--.com",
        "https://xn--\u3002",
        "é[.]@",
    ],
)
def test_anything_but_a_server_is_refused(entered: str) -> None:
    """Also more than a server."""
    with pytest.raises(InvalidServerError):
        server_origin(entered)


@pytest.mark.parametrize(
    "entered",
    [
        "http://cloud.example.com",
        "http://homeassistant.local",
        "http://8.8.8.8",
        "http://172.32.0.1",
        "http://[2001:db8::1]",
        "http://[::ffff:192.168.1.20]",
        "http://169.254.1.1",
        "http://0.0.0.0",
    ],
)
def test_plain_http_is_for_private_addresses_only(entered: str) -> None:
    """Names, public and IPv4-mapped addresses require TLS."""
    with pytest.raises(PlainServerError):
        server_origin(entered)


# What has a meaning in an address or in an internationalized name, together more often than by chance.
_pieces = st.sampled_from(
    ["xn--", "zz", "-", ".", "\u3002", "đ", "\u200c", "[", "]", ":", "@", "/", "%", "1", "https://"]
)


@given(st.text() | st.lists(_pieces, max_size=8).map("".join))
def test_any_text_is_an_origin_or_an_invalid_server(entered: str) -> None:
    """Also as an endpoint."""
    try:
        origin = server_origin(entered)
    except InvalidServerError:
        pass
    else:
        assert origin == origin.origin()
    with contextlib.suppress(UnexpectedResponseError):
        decoded(api_url=entered)


# The endpoints that a server names


async def test_the_mock_cloud_names_its_endpoints(cloud: MockCloud, http: HttpClient) -> None:
    """All at its own origin."""
    endpoints = await discover(http, server_origin(cloud.url))
    assert endpoints.token_endpoint == f"{cloud.url}/oauth/token"
    assert endpoints.api_url.rstrip("/") == f"{cloud.url}/v1"
    assert endpoints.support_phone == "0816 333 868"
    assert set(endpoints.origins) == {cloud.url, cloud.url.replace("http", "ws")}
    assert [(one.method, one.path) for one in cloud.requests] == [("GET", "/.well-known/wesmart")]


def test_endpoints_may_be_at_several_public_hosts() -> None:
    """The origins are of those that get a token, so not of the terms."""
    endpoints = decoded(terms_url="https://www.example.com/terms")
    assert set(endpoints.origins) == {
        "https://auth.example.com",
        "https://cloud.example.com:8443",
        "wss://events.example.com",
    }


def test_only_the_phone_of_the_support_is_required() -> None:
    """Email and page are optional."""
    assert decoded(support={"phone": "0816 333 868"}, new=[1]).support_phone == "0816 333 868"


@pytest.mark.parametrize("name", ["token_endpoint", "revocation_endpoint", "api_url", "events_url", "terms_url"])
def test_every_url_of_a_document_is_checked(name: str) -> None:
    """Also those that get no token, because people open them; only these may have a query and a fragment."""
    scheme = "wss" if name == "events_url" else "https"
    is_page = name == "terms_url"
    for path, is_safe in (("", False), ("?a=b", is_page), ("#c", is_page), ("%0A", False)):
        host = "127.0.0.1" if not path else "cloud.example.com"
        url = f"{scheme}://{host}/x{path}"
        with contextlib.nullcontext() if is_safe else pytest.raises(UnsafeServerError):
            decoded(ORIGIN, **{name: url})


@pytest.mark.parametrize(
    ("server", "endpoint"),
    [
        ("https://cloud.example.com", "https://auth.example.net/token"),
        ("https://cloud.example.com", "https://93.184.216.34/v1"),
        ("https://cloud.example.com", "https://[2606:4700::1111]/v1"),
        ("https://cloud.example.com", "https://[64:ff9b::5db8:d822]/v1"),  # NAT64 of 93.184.216.34
        ("https://cloud.example.com", "https://localhost.example.com/v1"),
        ("https://cloud.example.com", "https://my.acorp/v1"),
        ("http://127.0.0.1:8124", "http://127.0.0.1:9000/v1"),
        ("http://127.0.0.1:8124", "https://127.0.0.1/v1"),
        ("http://localhost:8124", "http://localhost:8124/v1"),
    ],
)
def test_a_server_may_name_public_hosts_or_without_tls_its_own(server: str, endpoint: str) -> None:
    """Other ports are fine."""
    origin = server_origin(server)
    own = dict.fromkeys(("token_endpoint", "revocation_endpoint", "terms_url"), f"{server}/x")
    own["events_url"] = f"{server.replace('http', 'ws')}/x"
    support = {"phone": "1"}
    assert decoded(origin, **own, support=support, api_url=endpoint).api_url == endpoint


@pytest.mark.parametrize(
    ("server", "endpoint"),
    [
        *(
            ("https://cloud.example.com", endpoint)
            for endpoint in (
                "http://cloud.example.com/v1",
                "wss://cloud.example.com/v1",
                "/v1",
                "",
                "https://[",
                "https://xn--zz--.com/v1",
                "https://é[.]@",
                "https://u:p@cloud.example.com/v1",
                "https://cloud.example.com/v1?",
                "https://cloud.example.com/v1?tenant=7",
                "https://cloud.example.com/v1#",
                "https://cloud.example.com/v1#a",
                "https://cloud.example.com/a%0Ab",
                "https://cloud.example.com/a%1Bb",
                "https://cloud.example.com/a\nb",
                "https://cloud.example.com/\u202e",
            )
        ),
        *(
            ("https://cloud.example.com", f"https://{host}/v1")
            for host in (
                "localhost",
                "router.local",
                "router.local.",
                "router.localdomain",
                "files.corp",
                "nas.home.arpa",
                "intranet",
                "127.1",
                "1.0x7f",
                "127.0.0.1",
                "10.0.0.8",
                "169.254.169.254",
                "100.64.0.1",
                "224.0.1.1",
                "240.0.0.1",
                "255.255.255.255",
                "[::]",
                "[::1]",
                "[::8.8.8.8]",  # IPv4-compatible
                "[::ffff:10.0.0.8]",  # IPv4-mapped
                "[::ffff:8.8.8.8]",
                "[64:ff9b::a00:8]",  # NAT64 of 10.0.0.8
                "[64:ff9b:1::808:808]",  # NAT64 for local use
                "[2002:a00:8::1]",  # 6to4 of 10.0.0.8
                "[2001:0:a00:8::1]",  # Teredo
                "[fe80::1]",
                "[fec0::1]",
                "[fd00::1]",
                "[ff0e::1]",
                "[2001:db8::1]",
            )
        ),
        ("http://192.168.1.20", "http://192.168.1.21/v1"),
        ("http://192.168.1.20", "https://cloud.example.com/v1"),
        ("http://localhost:8124", "http://127.0.0.1:8124/v1"),
    ],
)
def test_a_server_may_not_name_anything_else(server: str, endpoint: str) -> None:
    """Neither without TLS nor inside a network."""
    own = dict.fromkeys(("token_endpoint", "revocation_endpoint", "terms_url"), f"{server}/x")
    own["events_url"] = f"{server.replace('http', 'ws')}/x"
    with pytest.raises(UnsafeServerError):
        decoded(server_origin(server), **own, support={"phone": "1"}, api_url=endpoint)


@pytest.mark.parametrize("version", [2, 0, 1.5, -1])
def test_another_version_is_not_supported(version: float) -> None:
    """It may differ in everything else. 1.0 is no other version."""
    with pytest.raises(UnsupportedServerError, match="another version of the contract"):
        _decode(ORIGIN, json.dumps({"version": version, "endpoints": {}}).encode())
    assert decoded(version=1.0) == decoded()


PAGE = "https://login.example.com/authorize"


@pytest.mark.parametrize(
    ("grants", "page", "message"),
    [
        (["password"], None, "does not offer refresh_token"),
        ([], None, "does not offer refresh_token"),
        (["authorization_code"], PAGE, "does not offer refresh_token"),
        (["refresh_token"], None, "offers neither password nor a login page"),
        (["refresh_token"], PAGE, "offers neither"),
        (["refresh_token", "authorization_code"], None, "offers neither"),
        (["refresh_token", "authorization_code"], 7, "invalid discovery document"),
    ],
)
def test_a_server_must_offer_a_login_of_the_contract(grants: list[str], page: object, message: str) -> None:
    """The message says what is missing."""
    with pytest.raises(UnsupportedServerError, match=message):
        decoded(grant_types_supported=grants, authorization_endpoint=page)


@pytest.mark.parametrize(
    ("grants", "endpoint", "page", "password"),
    [
        (["password", "refresh_token"], None, None, True),
        (["password", "refresh_token"], PAGE, None, True),
        (["password", "refresh_token", "authorization_code"], None, None, True),
        (["password", "refresh_token", "authorization_code"], PAGE, PAGE, True),
        (["refresh_token", "authorization_code"], PAGE, PAGE, False),
    ],
)
def test_a_server_says_which_logins_it_offers(
    grants: list[str], endpoint: str | None, page: str | None, password: bool
) -> None:
    """C-75: a page that is not for us, or is not there, is none."""
    endpoints = decoded(grant_types_supported=grants, authorization_endpoint=endpoint)
    assert (endpoints.authorization_endpoint, endpoints.offers_password) == (page, password)


@pytest.mark.parametrize(
    "page",
    ["http://login.example.com/", "https://192.168.1.20/", "https://login.local/", f"{PAGE}?a=b", f"{PAGE}#a", "", "x"],
)
def test_a_login_page_must_be_safe_as_well(page: str) -> None:
    """C-75: although no token goes there, a password does."""
    grants = ["refresh_token", "authorization_code", "password"]
    with pytest.raises(UnsafeServerError):
        decoded(grant_types_supported=grants, authorization_endpoint=page)
    assert decoded(authorization_endpoint=page).authorization_endpoint is None


@pytest.mark.parametrize(
    ("known", "page", "moves"),
    [
        (None, None, False),
        (None, PAGE, True),
        (None, "https://auth.example.com/authorize", False),
        (PAGE, None, False),
        (PAGE, "https://login.example.com/2027", False),
        (PAGE, "https://login.example.com:8443/authorize", True),
    ],
)
def test_a_login_page_moves_if_its_origin_is_new(known: str | None, page: str | None, moves: bool) -> None:
    """An origin that gets tokens is known already."""
    grants = ["refresh_token", "authorization_code", "password"]
    before = decoded(grant_types_supported=grants, authorization_endpoint=known)
    after = decoded(grant_types_supported=grants, authorization_endpoint=page)
    assert after.moves_login_page(before) is moves


@pytest.mark.parametrize(
    "reply",
    [
        answer(200, b"<!doctype html>", Content_Type="text/html"),
        answer(200, {"version": 1}),
        answer(200, b""),
        answer(200, b"\xff"),
        answer(200, {**DOCUMENT, "padding": "x" * 2**16}),
        answer(200, DOCUMENT, Content_Type="text/plain"),
        answer(204),
        answer(304),
        answer(401, b"", WWW_Authenticate="Basic"),
        answer(403, {"type": "urn:wesmart:problem:account-suspended"}, Content_Type="application/problem+json"),
        answer(404),
        answer(422),
    ],
)
async def test_a_server_without_a_document_is_not_supported(
    http: HttpClient, scripted: ScriptedServer, reply: Reply
) -> None:
    """For example a router's login page, whose refusal says nothing about an account."""
    assert type(await error_of(http, scripted, reply)) is UnsupportedServerError


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(503, b"<html>", Content_Type="text/html"), UnavailableError),
        (answer(503, {"type": "urn:wesmart:problem:maintenance"}), MaintenanceError),
        (answer(429, {}), RateLimitedError),
        (answer(500), ServerError),
        (reset, CloudConnectionError),
        (late(60, answer(200)), CloudTimeoutError),
    ],
)
async def test_a_server_that_is_busy_or_cannot_be_reached_may_be_supported(
    http: HttpClient, scripted: ScriptedServer, reply: Reply, kind: type[WeSmartError]
) -> None:
    """Retrying may help."""
    assert type(await error_of(http, scripted, reply)) is kind


async def test_no_redirect_is_followed(http: HttpClient, scripted: ScriptedServer) -> None:
    """Not even to a document."""
    async with ScriptedServer() as other:
        other.replies(answer(200, other.document()))
        reply = redirect(f"{other.url}/.well-known/wesmart", 301)
        assert type(await error_of(http, scripted, reply)) is UnsupportedServerError
        assert other.requests == []


@examples(200)
@given(mutated(DOCUMENT) | anything.map(json.dumps) | st.sampled_from(EXTREMES))
def test_any_document_is_decoded_or_refused(text: str) -> None:
    """Tokens are only sent over TLS."""
    try:
        endpoints = _decode(ORIGIN, text.encode())
    except UnexpectedResponseError:
        return
    assert {URL(origin).scheme for origin in endpoints.origins} <= {"https", "wss"}
