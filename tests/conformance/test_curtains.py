"""Curtains, which move only if the tester allows it (contract, "Homes" and "Commands")."""

import asyncio

import pytest

from tests.conformance.house import TRAVEL_S, Endpoint, endpoints, restored
from tests.conformance.server import Session, problem_of
from tests.conformance.stream import Stream
from tests.conformance.target import Document, Target
from tests.conformance.test_homes import of_kind


async def moved(stream: Stream, curtain: Endpoint, since: float) -> list[Document]:
    """Return the states that a curtain reported from a seq on, when it has stopped."""
    async with asyncio.timeout(TRAVEL_S):
        while True:
            states = [
                event["state"]
                for event in stream.events
                if event["seq"] >= since
                and event["kind"] == "state"
                and (event["device_id"], event["endpoint_id"]) == curtain.key
            ]
            if any(state.get("motion") == "stopped" for state in states):
                return states
            assert await stream.frame() is not None


@pytest.mark.rule("C-37", "C-53")
async def test_100_is_open(session: Session, target: Target) -> None:
    """A curtain that opens counts up, and reports its motion first."""
    target.require("curtains")
    async with restored(session, await of_kind(session, "curtain", "position")) as curtain, session.stream() as stream:
        await stream.hello()
        result = await session.applied(curtain.set(position=90))
        await moved(stream, curtain, result["seq"])
        result = await session.applied(curtain.set(position=100))
        assert result["state"]["motion"] == "opening"
        states = await moved(stream, curtain, result["seq"])
        assert states[0]["motion"] == "opening"
        positions = [state["position"] for state in states if state.get("position") is not None]
        assert positions == sorted(positions)
        assert positions[-1] == 100
        result = await session.applied(curtain.set(position=90))
        assert result["state"]["motion"] == "closing"
        await moved(stream, curtain, result["seq"])


@pytest.mark.rule("C-37")
async def test_a_tilt_waits_for_the_end_of_the_move(session: Session, target: Target) -> None:
    """The slats turn when the curtain is where it should be."""
    target.require("curtains")
    async with (
        restored(session, await of_kind(session, "curtain", "position", "tilt")) as curtain,
        session.stream() as stream,
    ):
        await stream.hello()
        await moved(stream, curtain, (await session.applied(curtain.set(position=50)))["seq"])
        tilt = 20 if curtain.state.get("tilt") != 20 else 80
        result = await session.applied(curtain.set(position=60, tilt=tilt))
        assert result["state"].get("tilt") != tilt
        states = await moved(stream, curtain, result["seq"])
        assert not any(state.get("tilt") == tilt for state in states[:-1])
        while not any(event.get("state", {}).get("tilt") == tilt for event in stream.events):
            assert await stream.frame() is not None


@pytest.mark.rule("C-37", "C-54")
async def test_a_stop_ends_a_move_and_its_waiting_tilt(session: Session, target: Target) -> None:
    """The curtain stays where it is, also when it is stopped again."""
    target.require("curtains")
    async with (
        restored(session, await of_kind(session, "curtain", "position", "tilt", "stop")) as curtain,
        session.stream() as stream,
    ):
        await stream.hello()
        await moved(stream, curtain, (await session.applied(curtain.set(position=90)))["seq"])
        tilt = 20 if curtain.state.get("tilt") != 20 else 80
        await session.applied(curtain.set(position=0, tilt=tilt))
        await asyncio.sleep(2)
        result = await session.applied(curtain.do("stop"))
        assert result["state"]["motion"] == "stopped"
        assert result["state"].get("position") != 0
        assert (await session.applied(curtain.do("stop")))["state"]["motion"] == "stopped"
        await stream.heartbeat()
        assert not any(event.get("state", {}).get("tilt") == tilt for event in stream.events)


@pytest.mark.rule("C-37")
async def test_a_curtain_that_cannot_stop_in_between_takes_0_and_100(session: Session, target: Target) -> None:
    """Another position is invalid, and its motion cannot be set."""
    target.require("curtains")
    curtains = endpoints(await session.get("/snapshot"), "curtain")
    curtain = next((one for one in curtains if not one.features["position"]), None)
    if curtain is None:
        pytest.skip("the home has no curtain without positions")
    for position in (1, 50, 99.5):
        assert problem_of(await session.result(curtain.set(position=position))) == "invalid-request"
    assert problem_of(await session.result(curtain.set(motion="opening"))) == "unsupported"
