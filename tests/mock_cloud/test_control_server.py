"""The controls over HTTP, and the page of the virtual home. What each control does, test_controls.py tests."""

import asyncio
import inspect

from aiohttp import ClientResponse, ClientSession
import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import Client, refused, wall_time
from tests.mock_cloud.control_server import PAGE, is_loopback
from tests.mock_cloud.controls import Controls

HOME = "nha-ha-noi"
PANEL = "cong-tac-phong-khach"
LAMP = "den-san-sofa"
CURTAIN = "rem-phong-khach"
MINH_ANHS = "tk-minh-anh"


async def error(answer: ClientResponse, status: int) -> str:
    """Return why a request was refused."""
    assert answer.status == status, await answer.text()
    return str((await answer.json())["error"])


async def test_every_control_can_be_called(cloud: MockCloud, stranger: Client) -> None:
    """Those too that are yet to be written; only functions cannot be sent as JSON."""
    listed = (await stranger.read_control(""))["controls"]
    names = {control["name"] for control in listed}
    written = {name for name, _ in inspect.getmembers(Controls, inspect.isfunction) if not name.startswith("_")}
    assert written - names == {"spoil_frames", "spoil_snapshots"}
    assert names - written == {"cut", "latency", "heartbeat_s", "login", "meters_report"}
    assert all(control["doc"] for control in listed)
    (touch,) = (control for control in listed if control["name"] == "touch")
    assert touch["signature"] == "(device_id: str, endpoint_id: str, **state: Json) -> None"
    assert touch["arguments"]["required"] == ["device_id", "endpoint_id"]


async def test_a_control_does_what_its_method_does(cloud: MockCloud, client: Client) -> None:
    """At the wall, and to the connection."""
    await client.control("touch", device_id=PANEL, endpoint_id="3", on=True)
    assert cloud.state(PANEL, "3") == {"on": True}
    await client.control("run_curtain", device_id=CURTAIN, endpoint_id="1", position=50)
    await asyncio.sleep(2.5)
    assert cloud.state(CURTAIN, "1") == {"position": 70, "motion": "closing"}
    await client.control("stop_curtain", device_id=CURTAIN, endpoint_id="1")
    assert cloud.state(CURTAIN, "1") == {"position": 70, "motion": "stopped"}
    await client.control("latency", seconds=2)
    assert cloud.latency == 2


@pytest.mark.parametrize("until", ["2027-01-01T00:00:00+07:00", "2026-12-31T17:00:00Z", 1_798_736_400, 1_798_736_400.0])
async def test_a_moment_is_unix_time_or_a_date_with_its_zone(client: Client, until: str | float) -> None:
    """As documented."""
    await client.control("suspend", account=MINH_ANHS, until=until)
    block = (await client.read_control("/status"))["accounts"][0]["block"]
    assert block["until"] == 1_798_736_400


async def test_endpoints_are_sent_as_json(cloud: MockCloud, client: Client) -> None:
    """They become the objects that a Python caller makes."""
    await client.control("set_endpoints", device_id=PANEL, endpoints=[{"id": "1", "type": "scent"}])
    assert [endpoint["type"] for endpoint in cloud.device(PANEL)["endpoints"]] == ["scent"]


async def test_expired_access_tokens_are_refreshed(client: Client) -> None:
    """The session goes on."""
    await client.control("expire_tokens", account=MINH_ANHS)
    assert await refused(await client.request("GET", "/snapshot")) == (401, "unauthorized")
    client.tokens = await (await client.refresh(client.tokens["refresh_token"])).json()
    assert (await client.request("GET", "/snapshot")).status == 200


async def test_a_backup_comes_and_goes_as_json(cloud: MockCloud, client: Client) -> None:
    """A result of one control, and an argument of another."""
    before = cloud.snapshot(MINH_ANHS)["homes"]
    backup = await client.control("back_up")
    cloud.remove_home(HOME)
    await client.control("restore", backup=backup)
    assert cloud.snapshot(MINH_ANHS)["homes"] == before


@pytest.mark.parametrize(
    ("name", "body", "text"),
    [
        ("touch", {"device_id": PANEL}, "endpoint_id: Missing required argument"),
        ("touch", {"device_id": PANEL, "endpoint_id": 1}, "endpoint_id: Input should be a valid string"),
        ("touch", {"device_id": "x", "endpoint_id": "1"}, "there is no x"),
        ("touch", {"device_id": PANEL, "endpoint_id": "1", "hue": 5}, "a switch with these features has no such field"),
        ("press", {"device_id": PANEL, "endpoint_id": "1", "press": "single"}, "knows no press"),
        ("run_curtain", {"device_id": CURTAIN, "endpoint_id": "1", "position": 101}, "must be 0 to 100"),
        ("update_device", {"device_id": LAMP, "name": 5}, "name: Input should be a valid string"),
        ("update_device", {"device_id": LAMP, "color": "red"}, "color: "),
        ("set_endpoints", {"device_id": LAMP, "endpoints": [{"id": "1", "type": "light"}]}, "/features/"),
        ("mute", {"muted": "yes"}, "muted: Input should be a valid boolean"),
        ("mute", {"muted": True, "loud": 1}, "loud: Unexpected keyword argument"),
        ("suspend", {"account": MINH_ANHS, "until": "tomorrow"}, "until"),
        ("suspend", {"account": MINH_ANHS, "until": "2027-01-01T00:00:00"}, "needs a zone"),
        ("heartbeat_s", {"seconds": 4.9}, "the contract allows 5 to 45 s"),
        ("heartbeat_s", {"seconds": 45.1}, "the contract allows 5 to 45 s"),
        ("answer_ticket", {"ticket_id": "x", "reply": "?"}, "there is no x"),
        ("heal", 5, "the body: Arguments must be an array or an object"),
    ],
)
async def test_wrong_arguments_are_refused(stranger: Client, name: str, body: object, text: str) -> None:
    """With a text that says which one, and nothing is done."""
    before = await stranger.read_control("/status")
    assert text in await error(await stranger.post_control(name, body), 400)
    assert await stranger.read_control("/status") == before


async def test_what_is_no_json_is_refused(stranger: Client) -> None:
    """So is every other type, which a form of another site could send."""
    url = f"{stranger.cloud.url}/control/mute"
    as_json = {"Content-Type": "application/json"}
    assert "Invalid JSON" in await error(await stranger.http.post(url, data=b"{", headers=as_json), 400)
    plain = {"Content-Type": "text/plain"}
    assert "application/json" in await error(await stranger.http.post(url, data=b"{}", headers=plain), 415)


async def test_unknown_controls_and_methods_are_refused(stranger: Client) -> None:
    """With what there is."""
    assert "touch" in await error(await stranger.post_control("tuoch", {}), 404)
    assert "touch" in await error(await stranger.post_control("spoil_frames", {"spoiler": None}), 404)
    assert "GET /control" in await error(await stranger.http.get(f"{stranger.cloud.url}/control/touch"), 404)
    assert "POST" in await error(await stranger.http.put(f"{stranger.cloud.url}/control/touch"), 405)
    assert "tk-minh-anh" in await error(
        await stranger.http.get(f"{stranger.cloud.url}/control/snapshot?account=x"), 404
    )


@pytest.mark.parametrize("path", ["/", "/page/page.js", "/control", "/control/status", "/control/stream"])
async def test_requests_of_other_sites_are_refused(stranger: Client, path: str) -> None:
    """A name that an attacker's DNS points at this machine is in the Host; a page of another site says its Origin."""
    url = stranger.cloud.url + path
    for host in ("wesmart.example", "127.0.0.1.example:8765", "192.168.1.20", "[", ""):
        assert "is not this machine" in await error(await stranger.http.get(url, headers={"Host": host}), 403)
    for origin in ("https://wesmart.example", "null", "http://127.0.0.1:1"):
        assert "other sites" in await error(await stranger.http.get(url, headers={"Origin": origin}), 403)


async def test_this_machine_has_several_names(stranger: Client) -> None:
    """The page posts with its own Origin."""
    for host in ("localhost:1", "127.0.0.1", "[::1]:8765"):
        headers = {"Host": host, "Origin": f"http://{host}"}
        answer = await stranger.http.post(f"{stranger.cloud.url}/control/heal", json={}, headers=headers)
        assert answer.status == 200
        assert not [name for name in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104  # nothing listens there
        ("::", False),
        ("192.168.1.20", False),
        ("localhost.example", False),
        (None, False),
    ],
)
def test_only_loopback_addresses_have_controls(host: str | None, *, loopback: bool) -> None:
    """A cloud that other machines reach obeys nobody."""
    assert is_loopback(host) is loopback


async def test_controls_can_be_switched_off() -> None:
    """Then there is only the contract."""
    async with MockCloud(clock=wall_time, control=False) as cloud, ClientSession() as http:
        for path in ("/", "/page/page.js", "/control", "/control/touch"):
            assert await refused(await http.post(cloud.url + path, json={})) == (404, "not-found")
        cloud.cut()


async def test_the_page_and_its_files_are_served(stranger: Client) -> None:
    """With a policy that lets a browser load nothing else."""
    for path in ("/", *(f"/page/{file.name}" for file in PAGE.iterdir())):
        answer = await stranger.http.get(stranger.cloud.url + path)
        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.content_type in {"text/html", "text/css", "text/javascript", "image/svg+xml"}
    assert await error(await stranger.http.get(f"{stranger.cloud.url}/page/..%2Fhome.yaml"), 404)
