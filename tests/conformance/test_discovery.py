"""The discovery document, and what a cloud must offer (contract, "What a cloud offers" and "Discovery")."""

import pytest
from yarl import URL

from tests.conformance.conftest import Sessions
from tests.conformance.hosts import is_of_a_home, is_public
from tests.conformance.server import JSON, Answer, Server, Session, new_id, problem_of
from tests.conformance.target import Json

URLS = ("issuer", "token_endpoint", "revocation_endpoint", "api_url", "events_url", "terms_url")
ENDPOINTS = (*URLS[1:5], "authorization_endpoint")
MAX_DOCUMENT = 64 * 1024


@pytest.mark.rule("C-12", "C-8")
async def test_the_discovery_document_is_small_json_of_version_1(stranger: Server) -> None:
    """At the well-known path, without a redirect."""
    answer = await stranger.discover()
    assert answer.status == 200, answer
    assert answer.content_type == JSON
    assert len(answer.body) <= MAX_DOCUMENT
    assert answer.document["version"] == 1


@pytest.mark.rule("C-13")
@pytest.mark.parametrize("member", ENDPOINTS)
async def test_the_url_of_an_endpoint_has_neither_query_nor_fragment(server: Server, member: str) -> None:
    """Paths are appended to `api_url`, and a position to `events_url`; the login page is optional."""
    assert "?" not in server.discovery.get(member, "")
    assert "#" not in server.discovery.get(member, "")


@pytest.mark.rule("C-13")
async def test_paths_are_appended_to_the_api_url(session: Session) -> None:
    """Whether it ends with a slash or not."""
    assert (await session.request("GET", "/account")).status == 200


def present(server: Server) -> list[str]:
    """Return the members of the discovery document that are URLs."""
    return [member for member in {*URLS, *ENDPOINTS} if member in server.discovery]


@pytest.mark.rule("C-14")
async def test_a_document_read_by_https_names_public_hosts(server: Server) -> None:
    """And only https and wss."""
    if URL(server.target.url).scheme != "https":
        pytest.skip("the discovery document is not read by https")
    for member in present(server):
        url = URL(server.discovery[member])
        assert url.scheme == ("wss" if member == "events_url" else "https"), f"{member} is {url}"
        assert is_public(url.host or ""), f"{member} is on {url.host}, which is no public host"


@pytest.mark.rule("C-15")
async def test_a_document_read_by_http_names_its_own_host(server: Server) -> None:
    """Which is one of a home."""
    source = URL(server.target.url)
    if source.scheme != "http":
        pytest.skip("the discovery document is not read by http")
    assert is_of_a_home(source.host or ""), f"{source.host} is not within a home"
    for member in present(server):
        assert URL(server.discovery[member]).host == source.host, f"{member} is {server.discovery[member]}"


@pytest.mark.rule("C-1")
async def test_sessions_begin_and_end(sessions: Sessions) -> None:
    """The token and revocation endpoints."""
    session = await sessions.open()
    assert (await session.revoke()).status == 200


@pytest.mark.rule("C-1")
@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/account", 200), ("PUT", "/account/terms", 422), ("GET", "/snapshot", 200)]
)
async def test_a_required_endpoint_is_there(session: Session, method: str, path: str, status: int) -> None:
    """No version of the terms is empty, so nothing is accepted."""
    answer = await session.request(method, path, body={"version": ""} if method == "PUT" else None)
    assert answer.status == status, answer


@pytest.mark.rule("C-1")
@pytest.mark.parametrize("verb", [{"set": {"on": True}}, {"do": "stop"}])
async def test_a_required_command_is_there(session: Session, verb: dict[str, Json]) -> None:
    """A verb that is unknown would be `unsupported`."""
    result = await session.result({"device_id": new_id(), "endpoint_id": "1", **verb})
    assert problem_of(result) == "not-found"


@pytest.mark.rule("C-1")
async def test_the_event_stream_is_there(sessions: Sessions) -> None:
    """With the handshake of RFC 6455."""
    async with (await sessions.open()).stream() as stream:
        await stream.hello()


@pytest.mark.rule("C-2")
@pytest.mark.parametrize("path", ["/feedback", "/dealers"])
async def test_an_optional_endpoint_is_there_or_answers_404(session: Session, path: str) -> None:
    """That is how a client notices."""
    assert (await session.request("GET", path)).status in {200, 404}


@pytest.mark.rule("C-8")
async def test_no_endpoint_redirects(server: Server, session: Session) -> None:
    """A 3xx other than 304 is an error, for the handshake as well."""
    answers: list[Answer] = [await session.request("GET", path) for path in ("/account", "/snapshot", "/dealers")]
    answers += [await server.form("token_endpoint", {"grant_type": "refresh_token"}, checked=False)]
    answers += [await server.request("GET", _http(server.discovery["events_url"]), checked=False)]
    assert [answer.status for answer in answers if 300 <= answer.status < 400] == []


def _http(url: str) -> str:
    return "http" + url.removeprefix("ws")
