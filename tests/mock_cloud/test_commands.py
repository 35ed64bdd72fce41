"""Commands: bodies, rejections, ids, order, and what each does (contract, "Commands" and "Model")."""

import asyncio
from typing import Any

import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, Client, new_id, problem_of, refused
from tests.mock_cloud.wire import Document

PANEL = "cong-tac-phong-khach"
STRIP = "den-hat-tran"
LAMP = "den-san-sofa"


def command(**changes: Any) -> Document:
    """Return a good command with some members changed; None takes one out."""
    members = {"id": new_id(), "device_id": PANEL, "endpoint_id": "1", "set": {"on": False}, **changes}
    return {name: value for name, value in members.items() if value is not None}


async def test_the_arrays_order_is_the_order_of_effect(cloud: MockCloud, client: Client) -> None:
    """One request, many commands, a result for each."""
    commands = [command(set={"on": on}) for on in (False, True, False)]
    answer = await client.commands(*commands)
    results = {result["id"]: result for result in (await answer.json())["results"]}
    assert [results[sent["id"]]["seq"] for sent in commands] == [1, 2, 3]
    assert cloud.state(PANEL, "1") == {"on": False}


async def test_an_event_names_the_command_that_caused_it(client: Client) -> None:
    """And the result the seq of its effect."""
    async with client.stream(0) as stream:
        await stream.frame()
        result = await client.set(PANEL, on=False)
        (event,) = await stream.events(1)
        assert (event["cause"], event["seq"]) == (result["id"], result["seq"])


async def test_a_result_has_a_seq_also_when_nothing_changed(cloud: MockCloud, client: Client) -> None:
    """It is the head."""
    cloud.touch(PANEL, "2", on=False)
    result = await client.set(PANEL, on=True)
    assert (result["status"], result["seq"]) == ("applied", 1)
    assert cloud.seq(MINH_ANH) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"commands": [command()]}, "/order"),
        ({"order": -1, "commands": [command()]}, "/order"),
        ({"order": 1.5, "commands": [command()]}, "/order"),
        ({"order": True, "commands": [command()]}, "/order"),
        ({"order": 1, "commands": []}, "/commands"),
        ({"order": 1, "commands": [command() for _ in range(201)]}, "/commands"),
        ({"order": 1, "commands": [command(), 5]}, "/commands/1"),
        ({"order": 1, "commands": [command(id="one")]}, "/commands/0/id"),
        ({"order": 1, "commands": [command(id=None)]}, "/commands/0/id"),
        ({"order": 1, "commands": [command(device_id=None)]}, "/commands/0/device_id"),
        ({"order": 1, "commands": [command(endpoint_id=None)]}, "/commands/0/endpoint_id"),
        ({"order": 1, "commands": [command(set=[])]}, "/commands/0/set"),
        ({"order": 1, "commands": [command(set=None)]}, "/commands/0"),
        ({"order": 1, "commands": [command(do="stop")]}, "/commands/0"),
        ({"order": 1, "commands": [command(set=None, do=3)]}, "/commands/0/do"),
        ({"order": 1, "commands": [{"id": new_id(), "do": "activate"}]}, "/commands/0/scene_id"),
        ({"order": 1, "commands": [command(id="5f0c7a52-6f0e-4b7b-9d4a-2f6a1c1b7e10")] * 2}, "/commands"),
    ],
)
async def test_a_bad_body_is_refused_for_all(cloud: MockCloud, client: Client, body: Document, pointer: str) -> None:
    """Nothing of it is applied, and the answer says where."""
    answer = await client.request("POST", "/commands", json=body)
    assert await refused(answer) == (422, "invalid-request")
    assert (await answer.json())["errors"][0]["pointer"] == pointer
    assert cloud.state(PANEL, "1") == {"on": True}


async def test_two_hundred_commands_are_not_too_many(client: Client) -> None:
    """And an integer may be spelled as a float."""
    body = {"order": 1.0, "commands": [command() for _ in range(200)]}
    answer = await client.request("POST", "/commands", json=body)
    assert len((await answer.json())["results"]) == 200


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (command(device_id="nowhere"), "not-found"),
        (command(device_id="cong-tac-da-nang"), "not-found"),
        (command(endpoint_id="9"), "not-found"),
        ({"id": new_id(), "scene_id": "canh-bien-dem", "do": "activate"}, "not-found"),
        (command(device_id="den-vuon-treo"), "device-offline"),
        (command(set={}), "invalid-request"),
        (command(set={"on": None}), "invalid-request"),
        (command(set={"on": 1}), "invalid-request"),
        (command(set={"on": True, "power_w": 5}), "unsupported"),
        (command(set={"brightness": 5}), "unsupported"),
        (command(set={"on": True, "transition_ms": 100}), "unsupported"),
        (command(device_id="nut-dau-giuong"), "unsupported"),
        (command(set=None, do="stop"), "unsupported"),
        ({"id": new_id(), "device_id": "o-cam-tivi", "do": "identify"}, "unsupported"),
        (command(device_id=LAMP, set={"hue": 5}), "unsupported"),
        (command(device_id=LAMP, set={"mode": "white"}), "unsupported"),
        (command(device_id=LAMP, set={"brightness": 0}), "invalid-request"),
        (command(device_id=LAMP, set={"brightness": 101}), "invalid-request"),
        (command(device_id=LAMP, set={"color_temp_kelvin": 2600}), "invalid-request"),
        (command(device_id=LAMP, set={"transition_ms": 100}), "invalid-request"),
        (command(device_id=LAMP, set={"on": True, "transition_ms": -1}), "invalid-request"),
        (command(device_id=STRIP, set={"hue": 361}), "invalid-request"),
        (command(device_id=STRIP, set={"saturation": "10"}), "invalid-request"),
        (command(device_id=STRIP, set={"effect": "Disco"}), "invalid-request"),
        (command(device_id=STRIP, set={"color_temp_kelvin": 3000, "hue": 5}), "invalid-request"),
        (command(device_id=STRIP, set={"effect": None, "hue": 5}), "invalid-request"),
        (command(device_id="rem-phong-khach", set={"tilt": 5}), "unsupported"),
        (command(device_id="rem-phong-khach", set={"motion": "opening"}), "unsupported"),
        (command(device_id="rem-can-ho", set={"position": 50}), "invalid-request"),
    ],
)
async def test_a_bad_command_is_rejected_whole(cloud: MockCloud, client: Client, sent: Document, problem: str) -> None:
    """The others of its request are applied, and it changes nothing."""
    good = command(endpoint_id="2")
    results = (await (await client.commands(sent, good)).json())["results"]
    found = {result["id"]: result for result in results}
    assert found[sent["id"]]["status"] == "rejected"
    assert problem_of(found[sent["id"]]["problem"]) == problem
    assert found[good["id"]]["status"] == "applied"
    assert cloud.seq(MINH_ANH) == 1


async def test_an_id_does_its_work_once(cloud: MockCloud, client: Client) -> None:
    """For ten minutes the same body answers as it did, whatever happened since; another body is refused."""
    once = command()
    first = (await (await client.commands(once)).json())["results"]
    cloud.touch(PANEL, "1", on=True)
    assert (await (await client.commands(once)).json())["results"] == first
    assert cloud.state(PANEL, "1") == {"on": True}
    answer = await client.commands(command(endpoint_id="3"), {**once, "set": {"on": True}})
    assert await refused(answer) == (422, "invalid-request")
    assert (await answer.json())["errors"][0]["pointer"] == "/commands/1/id"
    await asyncio.sleep(601)
    assert (await (await client.commands(once)).json())["results"] != first
    assert cloud.state(PANEL, "1") == {"on": False}


async def test_a_rejected_command_stays_rejected_under_its_id(cloud: MockCloud, client: Client) -> None:
    """Another id tries again."""
    sent = command(device_id="den-vuon-treo")
    first = (await (await client.commands(sent)).json())["results"]
    cloud.set_online("den-vuon-treo", True)
    assert (await (await client.commands(sent)).json())["results"] == first
    assert (await client.set("den-vuon-treo", on=False))["status"] == "applied"


async def test_an_older_order_is_superseded_field_by_field(cloud: MockCloud, client: Client) -> None:
    """Other fields, other endpoints and other sessions are not concerned; the same order is not older."""
    assert (await client.set(LAMP, order=10, brightness=30))["status"] == "applied"
    assert (await client.set(LAMP, order=9, brightness=90))["status"] == "superseded"
    assert (await client.set(LAMP, order=9, brightness=90, on=False))["status"] == "superseded"
    assert cloud.state(LAMP, "1")["brightness"] == 30
    assert cloud.state(LAMP, "1")["on"] is False
    assert (await client.set(STRIP, order=8, brightness=7))["status"] == "applied"
    assert (await client.set(LAMP, order=10, brightness=31))["status"] == "applied"
    other = Client(cloud, client.http)
    await other.log_in()
    assert (await other.set(LAMP, order=1, brightness=50))["status"] == "applied"
    assert cloud.state(LAMP, "1")["brightness"] == 50


async def test_an_older_colour_does_not_take_the_mode_back(cloud: MockCloud, client: Client) -> None:
    """The mode is a field that a colour writes along."""
    await client.set(STRIP, order=10, hue=200, saturation=80)
    assert (await client.set(STRIP, order=9, color_temp_kelvin=4000))["status"] == "superseded"
    state = cloud.state(STRIP, "1")
    assert (state["mode"], state["hue"], state["color_temp_kelvin"]) == ("color", 200, 4000)


async def test_an_older_scene_is_superseded_where_it_does_not_do_all_it_holds(cloud: MockCloud, client: Client) -> None:
    """It does the rest."""
    await client.set(PANEL, order=10, on=True)
    scene = {"scene_id": "canh-di-ngu", "do": "activate"}
    assert (await client.result(order=9, **scene))["status"] == "superseded"
    assert (cloud.state(PANEL, "1")["on"], cloud.state(PANEL, "2")["on"]) == (True, False)
    assert (await client.result(order=11, **scene))["status"] == "applied"
    assert cloud.state(PANEL, "1")["on"] is False


async def test_an_older_move_does_not_undo_a_stop(client: Client) -> None:
    """Stopping writes position and tilt."""
    await client.set("rem-phong-khach", order=1, position=0)
    stop = {"device_id": "rem-phong-khach", "endpoint_id": "1", "do": "stop"}
    assert (await client.result(order=3, **stop))["status"] == "applied"
    assert (await client.set("rem-phong-khach", order=2, position=100))["status"] == "superseded"
    assert (await client.result(order=2, **stop))["status"] == "superseded"


async def test_an_older_stop_does_not_end_a_newer_move(cloud: MockCloud, client: Client) -> None:
    """There is no half of a stop."""
    await client.set("rem-phong-khach", order=2, position=0)
    stop = {"device_id": "rem-phong-khach", "endpoint_id": "1", "do": "stop"}
    assert (await client.result(order=1, **stop))["status"] == "superseded"
    assert cloud.state("rem-phong-khach", "1")["motion"] == "closing"


async def test_setting_a_colour_sets_the_mode_and_never_switches(cloud: MockCloud, client: Client) -> None:
    """Kelvin is white, hue and saturation color, effect effect; null leaves the effect."""
    await client.set(STRIP, on=False)
    steps: list[tuple[Document, str]] = [
        ({"color_temp_kelvin": 4000}, "white"),
        ({"saturation": 10}, "color"),
        ({"hue": 10}, "color"),
        ({"effect": "Nến"}, "effect"),
        ({"effect": None}, "white"),
        ({"hue": 20, "saturation": 20}, "color"),
        ({"effect": None}, "color"),
        ({"effect": "Lễ hội"}, "effect"),
        ({"color_temp_kelvin": 5000}, "white"),
    ]
    for fields, mode in steps:
        assert (await client.set(STRIP, **fields))["status"] == "applied"
        assert cloud.state(STRIP, "1")["mode"] == mode
    state = cloud.state(STRIP, "1")
    assert (state["on"], state["effect"], state["hue"], state["brightness"]) == (False, None, 20, 45)


async def test_a_scene_sets_what_it_holds_in_one_go(cloud: MockCloud, client: Client) -> None:
    """Events come with its command as the cause; what is offline is left out."""
    cloud.set_online("cong-tac-phong-khach", False)
    began = cloud.seq(MINH_ANH)
    async with client.stream(began) as stream:
        await stream.frame()
        result = await client.result(scene_id="canh-ve-nha", do="activate")
        events = await stream.events(2)
        assert {event["device_id"] for event in events} == {STRIP, "rem-phong-khach"}
        assert {event["cause"] for event in events} == {result["id"]}
    assert result["seq"] == began + 2
    assert cloud.state(STRIP, "1")["mode"] == "white"


async def test_identify_is_applied_and_changes_nothing(cloud: MockCloud, client: Client) -> None:
    """Only somebody in front of the device sees it."""
    assert (await client.result(device_id=PANEL, do="identify"))["status"] == "applied"
    assert cloud.seq(MINH_ANH) == 0
    cloud.set_online(PANEL, False)
    result = await client.result(device_id=PANEL, do="identify")
    assert problem_of(result["problem"]) == "device-offline"


async def test_answers_come_late_but_what_they_tell_is_done(cloud: MockCloud, client: Client) -> None:
    """The event overtakes the answer."""
    cloud.latency = 3
    async with client.stream(0) as stream:
        await stream.frame()
        asking = asyncio.create_task(client.set(PANEL, on=False))
        await stream.events(1)
        assert not asking.done()
        assert (await asking)["seq"] == 1
