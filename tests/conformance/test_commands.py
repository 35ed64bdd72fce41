"""Command requests, their order, rejections and results (contract, "Commands")."""

from collections.abc import Iterable
import json
from typing import Any

import pytest

from tests.conformance.conftest import Sessions
from tests.conformance.house import Endpoint, devices, endpoints, find, known, restore
from tests.conformance.server import JSON, Session, new_id, problem_of
from tests.conformance.target import Document, Json, Login, Target

MAX_COMMANDS = 200
# What a scene may change.
COMMANDED = ("switch", "light", "curtain")
# Found nowhere, so that a command for it has no effect.
NOWHERE: Document = {"device_id": new_id(), "endpoint_id": "1", "set": {"on": True}}


async def is_on(session: Session, lamp: Endpoint) -> bool:
    """Return whether an endpoint is on now."""
    return bool(find(await session.get("/snapshot"), lamp.key).state["on"])


@pytest.mark.rule("C-50")
@pytest.mark.parametrize(
    "changes",
    [
        {"run": None},
        {"run": "first"},
        {"order": None},
        {"order": 0},
        {"order": True},
        {"commands": []},
        {"commands": [NOWHERE] * (MAX_COMMANDS + 1)},
        {"commands": {"0": NOWHERE}},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_a_body_that_is_no_request_is_refused_whole(session: Session, changes: Document) -> None:
    """With 422; 200 commands are a request."""
    body: dict[str, Json] = {"run": new_id(), "order": 1, "commands": [NOWHERE], **changes}
    body = {name: value for name, value in body.items() if value is not None}
    answer = await session.request("POST", "/commands", body=body, checked=False)
    assert answer.status == 422, answer


@pytest.mark.rule("C-50")
@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"nonsense",
        b"\xff",
        f'{{"run": "{new_id()}", "order": NaN, "commands": [{json.dumps(NOWHERE)}]}}'.encode(),
    ],
    ids=["array", "text", "bytes", "NaN"],
)
async def test_a_body_that_is_no_json_object_is_refused_whole(session: Session, body: bytes) -> None:
    """RFC 8259 has no NaN."""
    answer = await session.request("POST", "/commands", body=body, headers={"Content-Type": JSON}, checked=False)
    assert answer.status == 422, answer


@pytest.mark.rule("C-50")
async def test_two_hundred_commands_are_not_too_many(session: Session) -> None:
    """Each has its result."""
    assert len(await session.results(*[NOWHERE] * MAX_COMMANDS)) == MAX_COMMANDS


@pytest.mark.rule("C-50")
async def test_a_bad_command_is_rejected_by_itself(session: Session, lamp: Endpoint) -> None:
    """The others of its request are applied."""
    results = await session.results({}, lamp.flip(), NOWHERE)
    assert [result["status"] for result in results] == ["rejected", "applied", "rejected"]
    assert await is_on(session, lamp) is not lamp.state["on"]


@pytest.mark.rule("C-51")
async def test_commands_take_effect_in_their_order(session: Session, lamp: Endpoint) -> None:
    """The last one of an endpoint wins, and each result has the state after its own."""
    before = await session.get("/snapshot")
    wanted = [not lamp.state["on"], lamp.state["on"]]
    results = await session.results(*[lamp.flip(on=on) for on in wanted])
    assert [result["state"]["on"] for result in results] == wanted
    assert await is_on(session, lamp) is wanted[-1]
    async with session.stream(int(before["seq"]), before["epoch"]) as stream:
        await stream.hello()
        events = await stream.until(results[-1]["seq"])
    seqs = {result["seq"] for result in results}
    told = [event["state"]["on"] for event in events if event["seq"] in seqs and event["kind"] == "state"]
    assert told == wanted


def bad_commands(lamp: Endpoint) -> list[tuple[Any, str]]:
    """Return commands that must be rejected, and why; none of them may have an effect."""
    device_id, endpoint_id = lamp.key
    place = {"device_id": device_id, "endpoint_id": endpoint_id}
    flip = {"on": not lamp.state["on"]}
    return [
        (place, "invalid-request"),
        ({**place, "set": flip, "do": "stop"}, "invalid-request"),
        ({"endpoint_id": endpoint_id, "set": flip}, "invalid-request"),
        ({"device_id": device_id, "set": flip}, "invalid-request"),
        ({**place, "do": 5}, "invalid-request"),
        ({**NOWHERE, "set": {"nonsense": 1}}, "not-found"),
        ({**place, "endpoint_id": new_id(), "set": {"nonsense": 1}}, "not-found"),
        ({"scene_id": new_id(), "do": "activate"}, "not-found"),
        ({**place, "do": ""}, "unsupported"),
        ({**place, "do": "calibrate"}, "unsupported"),
        ({**place, "do": "set"}, "unsupported"),
        ({**place, "do": "stop"}, "unsupported"),
        ({**place, "set": {**flip, "nonsense": 1}}, "unsupported"),
        ({**place, "set": {"on": "no", "nonsense": 1}}, "unsupported"),
        ({**place, "set": {"motion": "opening"}}, "unsupported"),
        ({**place, "set": {"mode": "white"}}, "unsupported"),
        ({**place, "set": {}}, "invalid-request"),
        ({**place, "set": []}, "invalid-request"),
        ({**place, "set": {"on": 1}}, "invalid-request"),
        ({**place, "set": {"on": None}}, "invalid-request"),
    ]


@pytest.mark.rule("C-52")
async def test_a_command_is_rejected_for_the_first_reason(session: Session, lamp: Endpoint) -> None:
    """And no part of it is applied."""
    bad = bad_commands(lamp)
    results = await session.results(*[command for command, _ in bad])
    found = [(command, problem_of(result)) for (command, _), result in zip(bad, results, strict=True)]
    assert found == bad
    assert await is_on(session, lamp) is lamp.state["on"]


@pytest.mark.rule("C-52")
async def test_fields_of_a_light_that_exclude_each_other_are_rejected(session: Session) -> None:
    """Of white, color and effect, at most one; and no value out of its range."""
    lights = endpoints(await session.get("/snapshot"), "light")
    colored = [light for light in lights if light.features["color"] and light.features.get("color_temp")]
    dimmed = [light for light in lights if light.features["brightness"]]
    if not colored or not dimmed:
        pytest.skip("the home has no light with brightness, white and color that is online")
    kelvin = colored[0].features["color_temp"]["min_kelvin"]
    commands = [
        colored[0].set(color_temp_kelvin=kelvin, hue=5),
        colored[0].set(color_temp_kelvin=kelvin - 1),
        colored[0].set(hue=361),
        colored[0].set(saturation="10"),
        dimmed[0].set(brightness=0),
        dimmed[0].set(brightness=100.5),
    ]
    if colored[0].features["effects"]:
        commands += [colored[0].set(effect=None, hue=5), colored[0].set(effect=new_id())]
    for command in commands:
        assert problem_of(await session.result(command)) == "invalid-request", command


@pytest.mark.rule("C-52")
@pytest.mark.parametrize("kind", ["devices", "scenes"])
async def test_what_another_account_has_is_not_found(
    sessions: Sessions, target: Target, other_login: Login, kind: str
) -> None:
    """Nobody commands the homes of others."""
    first, second = await sessions.open(), await sessions.open(other_login)
    seen = {home["id"] for home in (await first.get("/snapshot"))["homes"]}
    homes = [home for home in (await second.get("/snapshot"))["homes"] if home["id"] not in seen]
    ids = [item["id"] for home in homes for item in home[kind]]
    if not ids:
        pytest.skip(f"the second account has no {kind} of its own")
    command: Document = {"device_id": ids[0], "endpoint_id": "1", "set": {"nonsense": 1}}
    if kind == "scenes":
        target.require("scenes")
        command = {"scene_id": ids[0], "do": "activate"}
    assert problem_of(await first.result(command)) == "not-found"


@pytest.mark.rule("C-52")
async def test_nothing_is_queued_for_an_offline_device(session: Session, target: Target, lamp: Endpoint) -> None:
    """`device-offline` is the last reason: an invalid command is invalid there, too."""
    await target.operate("set_online", device_id=lamp.key[0], online=False)
    try:
        assert problem_of(await session.result(lamp.flip())) == "device-offline"
        if lamp.device["identify"]:
            identify: Json = {"device_id": lamp.key[0], "do": "identify"}
            assert problem_of(await session.result(identify)) == "device-offline"
        assert problem_of(await session.result(lamp.set(on="no"))) == "invalid-request"
        assert problem_of(await session.result(lamp.set(nonsense=1))) == "unsupported"
    finally:
        await target.operate("set_online", device_id=lamp.key[0], online=True)
    assert await is_on(session, lamp) is lamp.state["on"]


@pytest.mark.rule("C-53")
async def test_a_result_tells_where_its_effect_is(session: Session, lamp: Endpoint) -> None:
    """At the seq of the event, under the epoch of the snapshot."""
    before = await session.get("/snapshot")
    answer = await session.send(lamp.flip())
    response = answer.document
    (result,) = response["results"]
    assert result["status"] == "applied"
    assert response["epoch"] == before["epoch"]
    async with session.stream(int(before["seq"]), before["epoch"]) as stream:
        await stream.hello()
        events = await stream.until(result["seq"])
    at = [event for event in events if event["seq"] == result["seq"]]
    assert [(event["device_id"], event["endpoint_id"]) for event in at] == [lamp.key]
    assert known(result["state"]) == find(await session.get("/snapshot"), lamp.key).state


@pytest.mark.rule("C-53")
async def test_a_result_has_seq_and_state_also_when_nothing_changed(session: Session, lamp: Endpoint) -> None:
    """It is applied, and the state holds at that seq."""
    before = await session.get("/snapshot")
    result = await session.applied(lamp.flip(on=lamp.state["on"]))
    after = await session.get("/snapshot")
    assert before["seq"] <= result["seq"] <= after["seq"]
    assert known(result["state"]) == find(after, lamp.key).state


@pytest.mark.rule("C-55")
async def test_a_scene_is_applied_without_its_offline_devices(session: Session, target: Target) -> None:
    """They keep their states; its result has none. The first scene is activated, and its home restored."""
    target.require("scenes")
    snapshot = await session.get("/snapshot")
    scenes = [scene for home in snapshot["homes"] for scene in home["scenes"]]
    if not scenes:
        pytest.skip("the home has no scene")
    command: Json = {"scene_id": scenes[0]["id"], "do": "activate"}
    parts = [one for one in endpoints(snapshot, *COMMANDED) if one.device["home_id"] == scenes[0]["home_id"]]
    try:
        assert "state" not in await session.applied(command)
        await restore_all(session, parts)
        for device_id in {part.key[0] for part in parts}:
            await target.operate("set_online", device_id=device_id, online=False)
        before = await session.get("/snapshot")
        assert "state" not in await session.applied(command)
        after = await session.get("/snapshot")
        for part in parts:
            assert find(after, part.key).state == find(before, part.key).state, part
    finally:
        if target.operator is not None:
            for device_id in {part.key[0] for part in parts}:
                await target.operate("set_online", device_id=device_id, online=True)
        await restore_all(session, parts)


async def restore_all(session: Session, parts: Iterable[Endpoint]) -> None:
    """Set endpoints back to the states that they had."""
    now = await session.get("/snapshot")
    for part in parts:
        if find(now, part.key).state != part.state:
            await restore(session, part)


@pytest.mark.rule("C-55")
async def test_identify_has_no_state_in_its_result(session: Session, target: Target) -> None:
    """A person in front of the device sees it."""
    target.require("identify")
    found = [device for device in devices(await session.get("/snapshot")) if device["identify"] and device["online"]]
    if not found:
        pytest.skip("no device of the home can identify itself")
    assert "state" not in await session.applied({"device_id": found[0]["id"], "do": "identify"})
