"""Discovery, logging in, staying logged in and logging out (contract, "Discovery" and "Session")."""

import asyncio

from aiohttp import ServerDisconnectedError
import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, PASSWORD, Client, new_id, refused


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


async def test_discovery_names_only_the_servers_own_host(stranger: Client) -> None:
    """A plain-http document names nothing else."""
    answer = await stranger.http.get(f"{stranger.cloud.url}/.well-known/wesmart")
    document = await answer.json()
    assert document["version"] == 1
    assert document["support"] == {"phone": "0816 333 868"}
    authority = stranger.cloud.url.removeprefix("http://")
    for member in ("issuer", "token_endpoint", "revocation_endpoint", "api_url", "terms_url"):
        assert document[member].startswith(f"http://{authority}")
    assert document["events_url"].startswith(f"ws://{authority}/")
    assert "version 2026-03" in await (await stranger.http.get(document["terms_url"])).text()


@pytest.mark.parametrize(
    "username", [MINH_ANH, " MinhAnh@Example.com ", "0912 345 678", "+84912345678", "84 912.345.678", "0084912345678"]
)
async def test_a_user_logs_in_as_people_write_it(stranger: Client, username: str) -> None:
    """The server normalises email and phone."""
    answer = await stranger.log_in(username)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert stranger.tokens["expires_in"] >= 3600
    assert (await stranger.get("/account"))["id"] == "tk-minh-anh"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"password": "wrong"}, (400, "invalid_grant")),
        ({"username": "0900 000 000"}, (400, "invalid_grant")),
        ({"client_id": "somebody"}, (401, "invalid_client")),
        ({"grant_type": "client_credentials"}, (400, "unsupported_grant_type")),
        ({"grant_type": ""}, (400, "invalid_request")),
        ({"session_id": ""}, (400, "invalid_request")),
        ({"session_id": "not-a-uuid"}, (400, "invalid_request")),
    ],
)
async def test_a_bad_login_is_refused(stranger: Client, changes: dict[str, str], error: tuple[int, str]) -> None:
    """With the errors of RFC 6749 5.2."""
    assert await oauth_error(stranger, **login_form(**changes)) == error


async def test_a_grant_must_be_a_form(stranger: Client) -> None:
    """JSON is not, and no field comes twice."""
    url = f"{stranger.cloud.url}/oauth/token"
    assert (await stranger.http.post(url, json=login_form())).status == 400
    twice = [*login_form(client_id="home-assistant").items(), ("username", MINH_ANH)]
    assert (await stranger.http.post(url, data=twice)).status == 400


async def test_a_login_replaces_no_other_session(client: Client) -> None:
    """Two logins live side by side, and a session id serves once."""
    other = Client(client.cloud, client.http)
    await other.log_in()
    assert await works(client, client.tokens["access_token"])
    assert await works(other, other.tokens["access_token"])
    assert len(client.cloud.sessions(MINH_ANH)) == 2
    assert await oauth_error(client, **login_form(session_id=client.session_id)) == (400, "invalid_request")


async def test_access_tokens_expire_and_old_ones_live_until_then(client: Client) -> None:
    """A refresh ends nothing but the old refresh token's future."""
    first = client.tokens["access_token"]
    await asyncio.sleep(1800)
    second = (await (await client.refresh(client.tokens["refresh_token"])).json())["access_token"]
    assert await works(client, first)
    await asyncio.sleep(1801)
    assert not await works(client, first)
    assert await works(client, second)


async def test_a_refresh_token_is_good_until_its_successor_was_used(client: Client) -> None:
    """A lost answer costs nothing, however often; only an older token revokes."""
    first = client.tokens["refresh_token"]
    second = (await (await client.refresh(first)).json())["refresh_token"]
    again = (await (await client.refresh(first)).json())["refresh_token"]
    assert len({first, second, again}) == 3
    third = (await (await client.refresh(again)).json())["refresh_token"]
    assert (await client.refresh(again)).status == 200
    assert third not in {first, second, again}
    assert len(client.cloud.sessions(MINH_ANH)) == 1


async def test_an_older_refresh_token_revokes_the_session(client: Client) -> None:
    """Its successor has been used, so somebody else may hold it."""
    first = client.tokens["refresh_token"]
    second = (await (await client.refresh(first)).json())["refresh_token"]
    third = (await (await client.refresh(second)).json())["refresh_token"]
    answer = await client.refresh(first)
    assert (answer.status, (await answer.json())["error"]) == (400, "invalid_grant")
    assert (await client.refresh(third)).status == 400
    assert not await works(client, client.tokens["access_token"])
    assert client.cloud.sessions(MINH_ANH) == []


async def test_a_voided_refresh_token_revokes_the_session(client: Client) -> None:
    """It was replaced by asking again, and never used."""
    first = client.tokens["refresh_token"]
    voided = (await (await client.refresh(first)).json())["refresh_token"]
    assert (await client.refresh(first)).status == 200
    assert (await client.refresh(voided)).status == 400
    assert client.cloud.sessions(MINH_ANH) == []


async def test_a_token_that_was_never_given_revokes_nothing(client: Client) -> None:
    """Nor does one of another session."""
    other = Client(client.cloud, client.http)
    await other.log_in()
    assert (await client.refresh("invented")).status == 400
    assert (await client.refresh(other.tokens["refresh_token"])).status == 400
    assert len(client.cloud.sessions(MINH_ANH)) == 2


@pytest.mark.parametrize("name", ["refresh_token", "access_token"])
async def test_revoking_ends_the_session_with_its_stream(client: Client, name: str) -> None:
    """RFC 7009: also when repeated, and for what was never a token."""
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
    """In the query it is none, and neither is another scheme."""
    token = client.tokens["access_token"]
    answer = await client.request("GET", f"/snapshot?access_token={token}", bearer=False)
    assert await refused(answer) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    answer = await client.request("GET", "/snapshot", headers={"Authorization": f"Basic {token}"})
    assert answer.status == 401
    assert await works(client, token)


async def test_signing_out_ends_every_session(client: Client) -> None:
    """With the hint before the close."""
    async with client.stream(0) as stream:
        await stream.frame()
        client.cloud.sign_out(MINH_ANH)
        assert (await stream.events(1))[0]["change"] == "session"
        assert await stream.closed() == 4401
    assert (await client.refresh(client.tokens["refresh_token"])).status == 400


async def test_a_lost_answer_to_a_refresh_costs_nothing(cloud: MockCloud, client: Client) -> None:
    """The rotation happened, the client did not hear of it and asks again."""
    cloud.lose_answers()
    with pytest.raises(ServerDisconnectedError):
        await client.refresh(client.tokens["refresh_token"])
    assert (await client.refresh(client.tokens["refresh_token"])).status == 200
