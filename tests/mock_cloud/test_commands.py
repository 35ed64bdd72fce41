"""Commands: requests, repeats, rejections, and what each command does (contract, "Commands")."""

import asyncio
from typing import Any

import pytest

from tests.mock_cloud import MockCloud
from tests.mock_cloud.conftest import MINH_ANH, Client, new_id, problem_of, refused
from tests.mock_cloud.wire import Document

PANEL = "cong-tac-phong-khach"
STRIP = "den-hat-tran"
LAMP = "den-san-sofa"
CURTAIN = "rem-phong-khach"
RUN = "0d6f8f0e-3a53-4a8a-9c58-7d1f0a3c2b11"


def command(**changes: Any) -> Document:
    """Return a good command with some members changed; None takes one out."""
    members = {"device_id": PANEL, "endpoint_id": "1", "set": {"on": False}, **changes}
    return {name: value for name, value in members.items() if value is not None}


ACTIVATE: Document = {"scene_id": "canh-ve-nha", "do": "activate"}


async def test_commands_take_effect_and_are_answered_in_their_order(cloud: MockCloud, client: Client) -> None:
    """C-51, C-53: each result has the state after its own command."""
    results = await client.results(*[command(set={"on": on}) for on in (False, True, False)])
    assert results == [
        {"status": "applied", "seq": seq, "state": {"on": on}} for seq, on in ((1, False), (2, True), (3, False))
    ]
    assert cloud.state(PANEL, "1") == {"on": False}


async def test_a_result_has_a_seq_also_when_nothing_changed(cloud: MockCloud, client: Client) -> None:
    """C-53: the endpoint's state holds at it."""
    cloud.touch(PANEL, "2", on=False)
    assert await client.set(PANEL, on=True) == {"status": "applied", "seq": 1, "state": {"on": True}}
    assert cloud.seq(MINH_ANH) == 1


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"run": None}, "/run"),
        ({"run": "first"}, "/run"),
        ({"order": None}, "/order"),
        ({"order": 0}, "/order"),
        ({"order": 1.5}, "/order"),
        ({"order": True}, "/order"),
        ({"commands": []}, "/commands"),
        ({"commands": [command()] * 201}, "/commands"),
        ({"commands": [command(), 5]}, "/commands/1"),
    ],
)
async def test_an_invalid_request_is_refused_whole(
    cloud: MockCloud, client: Client, changes: Document, pointer: str
) -> None:
    """C-50: nothing of it is applied, and it does not count as a request of the session."""
    await client.results(command(endpoint_id="2"), run=RUN, order=1)
    body = {"run": RUN, "order": 2, "commands": [command()], **changes}
    answer = await client.request("POST", "/commands", json=body)
    assert await refused(answer) == (422, "invalid-request")
    assert (await answer.json())["errors"][0]["pointer"] == pointer
    assert cloud.state(PANEL, "1") == {"on": True}
    assert (await client.results(command(), run=RUN, order=2))[0]["status"] == "applied"


async def test_two_hundred_commands_are_not_too_many(client: Client) -> None:
    """An integer may be spelled as a float (C-5)."""
    answer = await client.request("POST", "/commands", json={"run": RUN, "order": 1.0, "commands": [command()] * 200})
    assert len((await answer.json())["results"]) == 200


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (command(set=None), "invalid-request"),
        (command(do="stop"), "invalid-request"),
        (command(device_id=5), "invalid-request"),
        (command(endpoint_id=None), "invalid-request"),
        (command(set=[]), "invalid-request"),
        (command(set=None, do=3), "invalid-request"),
        (command(set=None, do=""), "unsupported"),
        (command(set=None, do="set"), "unsupported"),
        (command(set=None, do="calibrate"), "unsupported"),
        (command(device_id="nowhere", set={"brightness": 5}), "not-found"),
        (command(device_id="cong-tac-da-nang"), "not-found"),
        (command(endpoint_id="9"), "not-found"),
        ({"scene_id": "canh-bien-dem", "do": "activate"}, "not-found"),
        (command(set={"on": 1, "power_w": 5}), "unsupported"),
        (command(set={"on": True, "transition_ms": 100}), "unsupported"),
        (command(device_id="nut-dau-giuong"), "unsupported"),
        (command(set=None, do="stop"), "unsupported"),
        ({"device_id": "o-cam-tivi", "do": "identify"}, "unsupported"),
        (command(device_id=LAMP, set={"mode": "white"}), "unsupported"),
        (command(device_id=CURTAIN, set={"motion": "opening"}), "unsupported"),
        (command(set={}), "invalid-request"),
        (command(set={"on": None}), "invalid-request"),
        (command(device_id=LAMP, set={"brightness": 0}), "invalid-request"),
        (command(device_id=LAMP, set={"color_temp_kelvin": 2600}), "invalid-request"),
        (command(device_id=LAMP, set={"transition_ms": 100}), "invalid-request"),
        (command(device_id=LAMP, set={"on": True, "transition_ms": 3_600_001}), "invalid-request"),
        (command(device_id=STRIP, set={"saturation": "10"}), "invalid-request"),
        (command(device_id=STRIP, set={"effect": "Disco"}), "invalid-request"),
        (command(device_id=STRIP, set={"color_temp_kelvin": 3000, "hue": 5}), "invalid-request"),
        (command(device_id=STRIP, set={"effect": None, "hue": 5}), "invalid-request"),
        (command(device_id="rem-can-ho", set={"position": 50}), "invalid-request"),
        (command(device_id="rem-can-ho", set={"position": 99.9}), "invalid-request"),
        (command(device_id="den-vuon-treo", set={"hue": 5}), "unsupported"),
        (command(device_id="den-vuon-treo", set={"brightness": 500}), "invalid-request"),
        (command(device_id="den-vuon-treo"), "device-offline"),
    ],
)
async def test_an_invalid_command_is_rejected_by_itself(
    cloud: MockCloud, client: Client, sent: Document, problem: str
) -> None:
    """C-52: for the first reason that applies; the others of its request are applied."""
    rejected, applied = await client.results(sent, command(endpoint_id="2"))
    assert rejected["status"] == "rejected"
    assert problem_of(rejected["problem"]) == problem
    assert applied["status"] == "applied"
    assert cloud.seq(MINH_ANH) == 1


@pytest.mark.parametrize("sent", [command(), command(device_id="den-vuon-treo"), ACTIVATE])
async def test_a_repeated_request_is_answered_as_before_and_done_once(
    cloud: MockCloud, client: Client, sent: Document
) -> None:
    """C-56, C-57: rejections included; JSON values are compared, not their spelling."""
    body = {"run": RUN, "order": 7, "commands": [sent, command(device_id=LAMP, set={"brightness": 30})]}
    first = await (await client.request("POST", "/commands", json=body)).json()
    cloud.touch(LAMP, "1", brightness=80)
    cloud.touch(PANEL, "1", on=True)
    cloud.set_online("den-vuon-treo", True)
    cloud.forget_history()
    head = cloud.seq(MINH_ANH)
    again = {"commands": [dict(reversed(sent.items())), command(device_id=LAMP, set={"brightness": 30.0})]}
    answer = await client.request("POST", "/commands", json=again | {"order": 7, "run": RUN.upper()})
    assert await answer.json() == first
    assert cloud.seq(MINH_ANH) == head


@pytest.mark.parametrize(
    ("order", "sent"), [(7, command(set={"on": True})), (7, command(set={"on": 0})), (6, command()), (1, command())]
)
async def test_a_request_that_is_not_newer_is_superseded(
    cloud: MockCloud, client: Client, order: int, sent: Document
) -> None:
    """C-58: the same order with other commands, or a lower one; all of it, and the last request stays the last."""
    first = await client.results(command(), run=RUN, order=7)
    cloud.touch(PANEL, "1", on=True)
    assert await client.results(sent, command(endpoint_id="2"), run=RUN, order=order) == [{"status": "superseded"}] * 2
    assert cloud.seq(MINH_ANH) == 2
    assert await client.results(command(), run=RUN, order=7) == first
    assert (await client.results(command(), run=RUN, order=20))[0]["status"] == "applied"


async def test_a_run_that_another_has_followed_is_superseded(cloud: MockCloud, client: Client) -> None:
    """C-58: for an hour at least; a new run may begin with any order."""
    first, second = new_id(), new_id()
    await client.results(command(), run=first, order=50)
    assert (await client.results(command(set={"on": True}), run=second, order=3))[0]["status"] == "applied"
    await asyncio.sleep(3500)
    assert await client.results(command(), run=first, order=51) == [{"status": "superseded"}]
    assert cloud.state(PANEL, "1") == {"on": True}
    await client.log_in_again()
    assert (await client.results(command(), run=first, order=51))[0]["status"] == "applied"


async def test_sessions_are_compared_with_nothing_of_each_other(cloud: MockCloud, client: Client) -> None:
    """C-59: the last request to arrive wins."""
    other = Client(cloud, client.http)
    await other.log_in()
    await client.results(command(), run=RUN, order=10)
    assert (await other.results(command(set={"on": True}), run=RUN, order=1))[0]["status"] == "applied"
    assert cloud.state(PANEL, "1") == {"on": True}


async def test_a_refused_request_may_simply_be_repeated(cloud: MockCloud, client: Client) -> None:
    """C-23: nothing was applied, and it does not count."""
    cloud.rate_limit(5)
    assert (await client.commands(command(), run=RUN, order=1)).status == 429
    assert cloud.state(PANEL, "1") == {"on": True}
    assert (await client.results(command(), run=RUN, order=1))[0]["status"] == "applied"


async def test_setting_a_color_sets_the_mode_and_never_switches(cloud: MockCloud, client: Client) -> None:
    """C-36, C-54: the cloud chooses white or color when an effect ends."""
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
        result = await client.set(STRIP, **fields)
        assert result["state"]["mode"] == mode
        assert result["state"] == cloud.state(STRIP, "1")
    state = cloud.state(STRIP, "1")
    assert (state["on"], state["effect"], state["hue"], state["brightness"]) == (False, None, 20, 45)


async def test_a_scene_is_applied_without_its_offline_devices(cloud: MockCloud, client: Client) -> None:
    """C-55: which keep their state."""
    cloud.touch(PANEL, "1", on=False)
    cloud.set_online(PANEL, False)
    began = cloud.seq(MINH_ANH)
    async with client.stream(began) as stream:
        await stream.frame()
        assert await client.result(**ACTIVATE) == {"status": "applied", "seq": began + 2}
        assert {event["device_id"] for event in await stream.events(2)} == {STRIP, CURTAIN}
    assert (cloud.state(STRIP, "1")["mode"], cloud.state(PANEL, "1")["on"]) == ("white", False)


async def test_identify_is_applied_and_changes_nothing(cloud: MockCloud, client: Client) -> None:
    """Only a person in front of the device sees it."""
    assert await client.result(device_id=PANEL, do="identify") == {"status": "applied", "seq": 0}
    cloud.set_online(PANEL, False)
    result = await client.result(device_id=PANEL, do="identify")
    assert problem_of(result["problem"]) == "device-offline"


async def test_an_event_may_overtake_its_result(cloud: MockCloud, client: Client) -> None:
    """A late response describes what was done before."""
    cloud.latency = 3
    async with client.stream(0) as stream:
        await stream.frame()
        asking = asyncio.create_task(client.set(PANEL, on=False))
        await stream.events(1)
        assert not asking.done()
        assert (await asking)["seq"] == 1
