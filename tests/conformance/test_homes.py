"""What a snapshot shows of homes, devices and endpoints, and how their states change (contract, "Homes")."""

import asyncio

import pytest

from tests.conformance.conftest import Sessions
from tests.conformance.house import Endpoint, devices, endpoints, find, known, restored
from tests.conformance.server import Session, problem_of
from tests.conformance.target import Document, Json, Target

# A time in which a meter counts something, and what it may have counted since it was reset.
METERED_S = 900
RESET_KWH = 1
# How long an update may take.
UPDATE_S = 900


async def of_kind(session: Session, kind: str, *features: str) -> Endpoint:
    """Return an endpoint that is online and has features; skip the test if there is none."""
    for endpoint in endpoints(await session.get("/snapshot"), kind):
        if all(endpoint.features.get(name) for name in features):
            return endpoint
    pytest.skip(f"the home has no {kind} that is online with {', '.join(features) or 'any features'}")


async def state(session: Session, endpoint: Endpoint) -> Document:
    """Return the present state of an endpoint."""
    return find(await session.get("/snapshot"), endpoint.key).state


@pytest.mark.rule("C-31")
async def test_a_home_has_rooms_scenes_and_devices_of_its_own(session: Session) -> None:
    """Whose `home_id` names it, and whose IDs are unique."""
    snapshot = await session.get("/snapshot")
    for home in snapshot["homes"]:
        for part in (*home["scenes"], *home["devices"]):
            assert part["home_id"] == home["id"]
        rooms = [room["id"] for room in home["rooms"]]
        assert len(set(rooms)) == len(rooms)
    for keys in (
        [home["id"] for home in snapshot["homes"]],
        [device["id"] for device in devices(snapshot)],
        [endpoint.key for endpoint in endpoints(snapshot, online=None)],
    ):
        assert len(set(keys)) == len(keys)


@pytest.mark.rule("C-33")
async def test_a_whole_state_says_whether_it_is_on(session: Session) -> None:
    """Of every switch and light; null if it is unknown."""
    for endpoint in endpoints(await session.get("/snapshot"), "switch", "light", online=None):
        assert "on" in endpoint.document["state"], endpoint


@pytest.mark.rule("C-33", "C-53")
async def test_a_result_has_the_whole_state(session: Session, lamp: Endpoint) -> None:
    """Not only the fields that were set."""
    result = await session.applied(lamp.flip())
    assert known(result["state"]) == lamp.state | {"on": not lamp.state["on"]}


@pytest.mark.rule("C-33")
async def test_events_make_of_the_old_state_the_new_one(session: Session, lamp: Endpoint) -> None:
    """What an event leaves out is unchanged."""
    before = await session.get("/snapshot")
    result = await session.applied(lamp.flip())
    async with session.stream(int(before["seq"]), before["epoch"]) as stream:
        await stream.hello()
        events = await stream.until(result["seq"])
    expected = find(before, lamp.key).state
    for event in events:
        if event["kind"] == "state" and (event["device_id"], event["endpoint_id"]) == lamp.key:
            expected = expected | event["state"]
    assert known(expected) == known(result["state"]) == await state(session, lamp)


@pytest.mark.rule("C-34")
async def test_an_offline_device_leaves_out_its_signal(session: Session) -> None:
    """Of those that are offline now."""
    offline = [device for device in devices(await session.get("/snapshot")) if not device["online"]]
    if not offline:
        pytest.skip("no device of the home is offline")
    assert [device["id"] for device in offline if device.get("signal_dbm") is not None] == []


@pytest.mark.rule("C-34")
async def test_a_device_that_goes_offline_keeps_its_last_state(
    session: Session, target: Target, lamp: Endpoint
) -> None:
    """And is in the snapshot as before, but for its signal."""
    before = find(await session.get("/snapshot"), lamp.key)
    await target.operate("set_online", device_id=lamp.key[0], online=False)
    try:
        after = find(await session.get("/snapshot"), lamp.key)
    finally:
        await target.operate("set_online", device_id=lamp.key[0], online=True)
    assert after.device["online"] is False
    assert after.device.get("signal_dbm") is None
    assert after.state == before.state


@pytest.mark.rule("C-35")
async def test_energy_never_falls(session: Session, target: Target) -> None:
    """But for a meter that was reset; in two snapshots, some time apart if there is time."""
    before = await session.get("/snapshot")
    if target.patience_s >= METERED_S:
        await target.wait(METERED_S)
    after = {endpoint.key: endpoint for endpoint in endpoints(await session.get("/snapshot"), online=None)}
    meters = [meter for meter in endpoints(before, "switch", online=None) if "energy_kwh" in meter.state]
    if not meters:
        pytest.skip("the home has no meter")
    for meter in meters:
        now = after.get(meter.key)
        if now is not None and (energy := now.state.get("energy_kwh")) is not None:
            assert energy >= meter.state["energy_kwh"] or energy < RESET_KWH, f"{meter} counted back to {energy}"


@pytest.mark.rule("C-36")
async def test_only_on_switches_a_light(session: Session) -> None:
    """Its brightness is kept while it is off, and can be set then."""
    async with restored(session, await of_kind(session, "light", "brightness")) as light:
        await session.applied(light.flip(on=False))
        brightness = 40 if light.state.get("brightness") != 40 else 60
        result = await session.applied(light.set(brightness=brightness))
        assert result["state"]["on"] is False, "setting the brightness switched the light on"
        assert result["state"]["brightness"] == pytest.approx(brightness, abs=3)
        kept = (await session.applied(light.flip(on=True)))["state"]
        assert kept["brightness"] == result["state"]["brightness"]


@pytest.mark.rule("C-36")
@pytest.mark.parametrize(
    ("field", "feature", "mode"),
    [
        ("color_temp_kelvin", "color_temp", "white"),
        ("hue", "color", "color"),
        ("saturation", "color", "color"),
        ("effect", "effects", "effect"),
    ],
)
async def test_the_mode_of_a_light_follows_from_what_is_set(
    session: Session, field: str, feature: str, mode: str
) -> None:
    """White, color or effect, while it is off."""
    async with restored(session, await of_kind(session, "light", feature)) as light:
        values: dict[str, Json] = {"hue": 120, "saturation": 80}
        if field == "color_temp_kelvin":
            values[field] = light.features[feature]["min_kelvin"]
        elif field == "effect":
            values[field] = light.features[feature][0]
        await session.applied(light.flip(on=False))
        after = (await session.applied(light.set(**{field: values[field]})))["state"]
        assert (after["mode"], after["on"]) == (mode, False)


@pytest.mark.rule("C-36")
async def test_a_plain_light_has_no_mode(session: Session) -> None:
    """One without white, color and effects."""
    lights = endpoints(await session.get("/snapshot"), "light", online=None)
    plain = [one for one in lights if not any(one.features.get(name) for name in ("color_temp", "color", "effects"))]
    if not plain:
        pytest.skip("the home has no plain light")
    assert [str(light) for light in plain if "mode" in light.state] == []


@pytest.mark.rule("C-54")
async def test_an_effect_ends_with_null(session: Session) -> None:
    """The cloud chooses white or color."""
    async with restored(session, await of_kind(session, "light", "effects", "color")) as light:
        await session.applied(light.set(effect=light.features["effects"][0]))
        after = (await session.applied(light.set(effect=None)))["state"]
        assert after.get("effect") is None
        assert after["mode"] in {"white", "color"}


@pytest.mark.rule("C-52", "C-54")
async def test_a_transition_has_at_most_an_hour(session: Session) -> None:
    """In whole milliseconds, and never alone."""
    async with restored(session, await of_kind(session, "light", "transition")) as light:
        same = light.state["on"]
        for transition in (-1, 3_600_001, 0.5, "1", None):
            result = await session.result(light.set(on=same, transition_ms=transition))
            assert problem_of(result) == "invalid-request", f"transition_ms {transition}"
        assert problem_of(await session.result(light.set(transition_ms=100))) == "invalid-request"
        for transition in (0, 3_600_000):
            await session.applied(light.set(on=same, transition_ms=transition))


@pytest.mark.rule("C-38")
async def test_a_result_tells_the_rounded_truth(session: Session) -> None:
    """The same as the event and the snapshot, whatever was commanded."""
    async with restored(session, await of_kind(session, "light", "brightness")) as light:
        before = await session.get("/snapshot")
        result = await session.applied(light.set(brightness=33.4567))
        async with session.stream(int(before["seq"]), before["epoch"]) as stream:
            await stream.hello()
            events = await stream.until(result["seq"])
        told = [event["state"] for event in events if event["seq"] == result["seq"] and event["kind"] == "state"]
        assert known(result["state"]) == await state(session, light)
        assert [one["brightness"] for one in told] == [result["state"]["brightness"]]


@pytest.mark.rule("C-2")
async def test_what_is_not_listed_is_not_there(session: Session) -> None:
    """A device that cannot identify itself, and fields that an endpoint's features leave out."""
    snapshot = await session.get("/snapshot")
    for device in devices(snapshot):
        if device["online"] and not device["identify"]:
            result = await session.result({"device_id": device["id"], "do": "identify"})
            assert problem_of(result) == "unsupported", device["id"]
            break
    for endpoint in endpoints(snapshot, "switch", online=None):
        assert endpoint.features["metering"] or not {"power_w", "energy_kwh"} & set(endpoint.state), endpoint
    for endpoint in endpoints(snapshot, "light"):
        if not endpoint.features["color"]:
            assert problem_of(await session.result(endpoint.set(hue=5))) == "unsupported", endpoint
            break
    for endpoint in endpoints(snapshot, "switch", "light"):
        if not endpoint.features.get("transition") and isinstance(on := endpoint.state.get("on"), bool):
            assert problem_of(await session.result(endpoint.set(on=on, transition_ms=0))) == "unsupported", endpoint
            break
    for endpoint in endpoints(snapshot, "button")[:1]:
        assert problem_of(await session.result(endpoint.set(on=True))) == "unsupported", endpoint


@pytest.mark.rule("C-72")
async def test_what_a_switch_controls_is_told_by_its_device(
    session: Session, sessions: Sessions, target: Target
) -> None:
    """When the owner changes it in the app."""
    switch = await of_kind(session, "switch")
    before = switch.features.get("controls")
    place = {"device_id": switch.key[0], "endpoint_id": switch.key[1]}
    reader = await sessions.open()
    for controls in ("fan", None, before):
        head = await reader.get("/snapshot")
        if find(head, switch.key).features.get("controls") == controls:
            continue
        await target.operate("set_controls", **place, controls=controls)
        now = await reader.get("/snapshot")
        assert find(now, switch.key).features.get("controls") == controls
        async with reader.stream(int(head["seq"]), head["epoch"]) as stream:
            await stream.hello()
            await stream.until(now["seq"])
        assert switch.key[0] in [event["device"]["id"] for event in stream.events if event["kind"] == "device"]


@pytest.mark.rule("C-73", "C-74")
async def test_an_update_tells_its_progress_and_ends_with_the_new_firmware(
    session: Session, sessions: Sessions, target: Target, lamp: Endpoint
) -> None:
    """On a server with an operator, who offers one; offline it does not start, and starting it twice means nothing."""
    device_id, firmware = lamp.key[0], lamp.device["firmware"]
    command: Json = {"device_id": device_id, "do": "update"}
    reader = await sessions.open()
    head = await reader.get("/snapshot")
    await target.operate("offer_update", device_id=device_id, version=f"{firmware}.1")
    offered = find(await reader.get("/snapshot"), lamp.key).device
    assert offered["updatable"] is True
    assert (offered["update"]["version"], offered["update"].get("progress")) == (f"{firmware}.1", None)
    await target.operate("set_online", device_id=device_id, online=False)
    try:
        assert problem_of(await session.result(command)) == "device-offline"
    finally:
        await target.operate("set_online", device_id=device_id, online=True)
    for _ in range(2):
        assert "state" not in await session.applied(command)
    shown: list[Document] = []
    async with reader.stream(int(head["seq"]), head["epoch"]) as stream, asyncio.timeout(UPDATE_S):
        await stream.hello()
        while not shown or shown[-1]["firmware"] == firmware:
            assert await stream.frame() is not None
            devices_told = [event["device"] for event in stream.events if event["kind"] == "device"]
            shown = [device for device in devices_told if device["id"] == device_id]
    told = [device["update"].get("progress") for device in shown[:-1]]
    progress = [percent for percent in told if percent is not None]
    assert progress, "the update told no progress"
    assert progress == sorted(progress)
    assert told[told.index(progress[0]) :] == progress, "the update began again"
    assert (shown[-1]["firmware"], shown[-1].get("update")) == (f"{firmware}.1", None)
    assert problem_of(await session.result(command)) == "unsupported"
    await target.operate("update_device", device_id=device_id, firmware=firmware)


@pytest.mark.rule("C-74")
async def test_an_update_that_is_not_there_cannot_be_started(session: Session) -> None:
    """Neither of the newest firmware, nor of a device that cannot be updated."""
    online = [device for device in devices(await session.get("/snapshot")) if device["online"]]
    found = {bool(device["updatable"]): device for device in online if device.get("update") is None}
    if not found:
        pytest.skip("all devices of the home have an update")
    for device in found.values():
        result = await session.result({"device_id": device["id"], "do": "update"})
        assert problem_of(result) == "unsupported", device["id"]
