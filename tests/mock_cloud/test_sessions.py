"""Discovery, logging in, staying logged in and logging out (contract, "Discovery" and "Session")."""

import asyncio

from aiohttp import ServerDisconnectedError
import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, PASSWORD, QUOC_BAO, Client, new_id, refused


async def oauth_error(client: Client, **form: str) -> tuple[int, str]:
    """Return status and error of a refused grant."""
    answer = await client.token(**form)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status, (await answer.json())["error"]


def login_form(**changes: str) -> dict[str, str]:
    """Return a good login with some fields changed."""
    form = {"grant_type": "password", "username": MINH_ANH, "password": PASSWORD, "session_id": new_id()}
    return form | changes


async def works(client: Client, access_token: str) -> bool:
    """Return whether an access token is good."""
    answer = await client.request("GET", "/account", headers={"Authorization": f"Bearer {access_token}"})
    assert answer.status in {200, 401}
    return answer.status == 200


async def rotated(client: Client, refresh_token: str) -> str:
    """Refresh and return the successor."""
    answer = await client.refresh(refresh_token)
    assert answer.status == 200
    token: str = (await answer.json())["refresh_token"]
    return token


async def test_discovery_names_only_the_servers_own_host(stranger: Client) -> None:
    """C-13, C-15: by plain http."""
    answer = await stranger.http.get(f"{stranger.cloud.url}/.well-known/wesmart")
    document = await answer.json()
    authority = stranger.cloud.url.removeprefix("http://")
    for member in ("issuer", "token_endpoint", "revocation_endpoint", "api_url", "terms_url"):
        assert document[member].startswith(f"http://{authority}")
    assert document["events_url"].startswith(f"ws://{authority}/")
    assert "version 2026-03" in await (await stranger.http.get(document["terms_url"])).text()


@pytest.mark.parametrize(
    "username", [MINH_ANH, " MinhAnh@Example.com ", "0912 345 678", "+84912345678", "84 912.345.678", "0084912345678"]
)
async def test_a_user_logs_in_as_people_write_it(stranger: Client, username: str) -> None:
    """The server normalizes email and phone."""
    answer = await stranger.log_in(username)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert (await stranger.get("/account"))["id"] == "tk-minh-anh"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"password": "wrong"}, (400, "invalid_grant")),
        ({"username": "0900 000 000"}, (400, "invalid_grant")),
        ({"client_id": "somebody"}, (401, "invalid_client")),
        ({"grant_type": "client_credentials"}, (400, "unsupported_grant_type")),
        ({"grant_type": ""}, (400, "invalid_request")),
        ({"session_id": "not-a-uuid"}, (400, "invalid_request")),
    ],
)
async def test_a_bad_login_is_refused(stranger: Client, changes: dict[str, str], error: tuple[int, str]) -> None:
    """With the errors of RFC 6749 5.2."""
    assert await oauth_error(stranger, **login_form(**changes)) == error


async def test_logins_live_side_by_side_unless_they_name_the_same_session(client: Client) -> None:
    """C-17: another account's session cannot be taken over."""
    other = Client(client.cloud, client.http)
    await other.log_in()
    first = client.tokens
    assert await works(client, first["access_token"])
    async with client.stream(0) as stream:
        await stream.frame()
        assert (await client.log_in()).status == 200
        assert await stream.closed() == 4401
    assert not await works(client, first["access_token"])
    assert await works(client, client.tokens["access_token"])
    assert (await client.refresh(first["refresh_token"])).status == 400
    assert len(client.cloud.sessions(MINH_ANH)) == 2
    theirs = login_form(username=QUOC_BAO, password="song-han-2026", session_id=client.session_id)
    assert await oauth_error(client, **theirs) == (400, "invalid_request")
    assert await works(client, client.tokens["access_token"])


async def test_access_tokens_live_until_they_expire(client: Client) -> None:
    """C-19: a refresh does not end them."""
    first = client.tokens["access_token"]
    await asyncio.sleep(1800)
    second = (await (await client.refresh(client.tokens["refresh_token"])).json())["access_token"]
    assert await works(client, first)
    await asyncio.sleep(1801)
    assert not await works(client, first)
    assert await works(client, second)


async def test_a_refresh_token_is_good_until_its_successor_was_used(cloud: MockCloud, client: Client) -> None:
    """C-18: a lost response costs nothing, however often."""
    first = client.tokens["refresh_token"]
    cloud.lose_answers()
    with pytest.raises(ServerDisconnectedError):
        await client.refresh(first)
    second, again = await rotated(client, first), await rotated(client, first)
    third = await rotated(client, again)
    assert len({first, second, again, third, await rotated(client, again)}) == 5
    assert len(cloud.sessions(MINH_ANH)) == 1


@pytest.mark.parametrize("which", ["older", "voided"])
async def test_an_older_or_voided_refresh_token_revokes_the_session(client: Client, which: str) -> None:
    """C-18: somebody else may hold it."""
    first = client.tokens["refresh_token"]
    second = await rotated(client, first)
    newest = await rotated(client, second if which == "older" else first)
    answer = await client.refresh(first if which == "older" else second)
    assert (answer.status, (await answer.json())["error"]) == (400, "invalid_grant")
    assert (await client.refresh(newest)).status == 400
    assert not await works(client, client.tokens["access_token"])
    assert client.cloud.sessions(MINH_ANH) == []


async def test_an_unknown_refresh_token_revokes_nothing(client: Client) -> None:
    """Nor does one of another session."""
    other = Client(client.cloud, client.http)
    await other.log_in()
    assert (await client.refresh("invented")).status == 400
    assert (await client.refresh(other.tokens["refresh_token"])).status == 400
    assert len(client.cloud.sessions(MINH_ANH)) == 2


@pytest.mark.parametrize("name", ["refresh_token", "access_token"])
async def test_revoking_any_token_ends_the_session_with_its_stream(client: Client, name: str) -> None:
    """C-20: also when repeated, and for what was never a token."""
    form = {"client_id": "home-assistant", "token": client.tokens[name]}
    async with client.stream(0) as stream:
        await stream.frame()
        for token in (client.tokens[name], client.tokens[name], "invented"):
            answer = await client.http.post(f"{client.cloud.url}/oauth/revoke", data=form | {"token": token})
            assert answer.status == 200
        assert await stream.closed() == 4401
    assert not await works(client, client.tokens["access_token"])
    answer = await client.http.post(f"{client.cloud.url}/oauth/revoke", data={"client_id": "home-assistant"})
    assert (await answer.json())["error"] == "invalid_request"


async def test_a_bearer_comes_in_the_header(client: Client) -> None:
    """C-43: not in the query, and in no other scheme."""
    token = client.tokens["access_token"]
    answer = await client.request("GET", f"/snapshot?access_token={token}", bearer=False)
    assert await refused(answer) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    answer = await client.request("GET", "/snapshot", headers={"Authorization": f"Basic {token}"})
    assert answer.status == 401


async def test_signing_out_ends_every_session(client: Client) -> None:
    """C-30, C-49: with the event before the close."""
    async with client.stream(0) as stream:
        await stream.frame()
        client.cloud.sign_out(MINH_ANH)
        assert (await stream.events(1))[0]["kind"] == "account"
        assert await stream.closed() == 4401
    assert (await client.refresh(client.tokens["refresh_token"])).status == 400
