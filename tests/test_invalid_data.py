"""Whatever a cloud says that makes no sense: no entity wakes by it, the stream goes on, and what does make sense shows."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
import itertools
import json
import logging
import re

from aiohttp import WSMsgType
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED, STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, EventStateReportedData, HomeAssistant, State, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.setup import async_setup_component
from hypothesis import HealthCheck, given, strategies as st
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.accounts import OWNER
from tests.cloud.invalid_data import EXTREMES, Mutation, mutations
from tests.examples import examples
from tests.home import device_of, shows
from tests.mock_cloud import MockCloud
from tests.specification_documents import ASYNCAPI, specification

pytestmark = pytest.mark.slow

PANEL = "cong-tac-bep"
KITCHEN = "light.bep_den_tran"
EVENTS = "/v1/events"
SNAPSHOT = "/v1/snapshot"
MEBIBYTE = 2**20
# The last number of the contract, which no cloud will ever reach.
BEYOND = 2**53 - 1

# Nothing that could stand for something: in no place of any document does the contract allow these.
WRONG: tuple[object, ...] = (
    -1,
    0.5,
    -1e308,
    2**64,
    10**400,
    float("nan"),
    float("inf"),
    [],
    {},
    [[]],
    {"": {}},
    [None] * 1000,
    "\0",
    "\ud800",
)


class Watch:
    """What the integration's entities write, and what is asked and logged, since `reset`."""

    def __init__(self, hass: HomeAssistant, cloud: MockCloud, caplog: pytest.LogCaptureFixture) -> None:
        self._hass, self._cloud, self._caplog = hass, cloud, caplog
        self._requests = len(cloud.requests)
        self.written: list[State] = []
        hass.bus.async_listen(EVENT_STATE_CHANGED, self._changed)
        hass.bus.async_listen(EVENT_STATE_REPORTED, self._reported, event_filter=callback(lambda _data: True))

    def reset(self) -> None:
        """Begin anew."""
        self._requests = len(self._cloud.requests)
        self._caplog.clear()
        self.written.clear()

    def asked(self, path: str) -> int:
        """Return how often the cloud was asked for a path."""
        return sum(request.path == path for request in self._cloud.requests[self._requests :])

    def logged(self) -> list[str]:
        """Return what was said louder than for developers, by anybody."""
        return [record.getMessage() for record in self._caplog.records if record.levelno >= logging.INFO]

    def quiet(self) -> tuple[list[str], list[str]]:
        """Return what was written and logged; nothing, where nonsense was passed over."""
        return [state.entity_id for state in self.written], self.logged()

    async def goes_on(self, within_s: float = 0.5) -> None:
        """Fail unless the next touch is shown, within the longest time a push may take."""
        on = not self._cloud.state(PANEL, "1")["on"]
        self._cloud.touch(PANEL, "1", on=on)
        await shows(self._hass, KITCHEN, STATE_ON if on else STATE_OFF, within_s=within_s)

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        # How changes arrive may be news.
        if (state := event.data["new_state"]) is not None and not state.entity_id.startswith("sensor.wesmart_"):
            self.written.append(state)

    @callback
    def _reported(self, event: Event[EventStateReportedData]) -> None:
        if not event.data["entity_id"].startswith("sensor.wesmart_"):
            self.written.append(event.data["new_state"])


@pytest.fixture
async def watch(hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, caplog: pytest.LogCaptureFixture) -> Watch:
    """Return a watch over a home in which nothing happens by itself, with push up."""
    caplog.set_level(logging.DEBUG)
    cloud.meters_report = False
    await asyncio.sleep(60)
    assert cloud.streams == 1
    return Watch(hass, cloud, caplog)


def frame(type_: str, **members: object) -> str:
    """Return the text of a frame."""
    return json.dumps({"type": type_, **members})


def passed_over(epoch: str, seq: int) -> list[str | bytes]:
    """Return frames that say nothing, to a client that is at a position."""
    event = {"seq": seq, "at": "2026-11-20T05:00:00Z", "kind": "state", "device_id": PANEL, "endpoint_id": "1"}
    whole = frame("events", events=[{**event, "state": {"on": True}}])
    texts = [
        *(text for text in EXTREMES if len(text.encode()) <= MEBIBYTE),
        '"' + "x" * (MEBIBYTE - 2) + '"',
        "[" * 10_000 + "]" * 10_000,
        *(whole[:end] for end in range(1, len(whole), 7)),
        whole + "}",
        whole.replace('"events"', '"\\ud800"'),
        frame("advice", text="\0"),
        *(json.dumps({"type": value, "epoch": epoch, "seq": seq}) for value in (*WRONG[:-1], None, True, "")),
        *(frame("events", events=value) for value in (*WRONG[:7], None, "x", [[]], [None] * 1000, [{}], ["x"])),
        frame("events", events=[]),
        frame("events", events=[{"seq": seq}, {"kind": "state"}, {"seq": str(seq + 1), "kind": "state"}]),
        frame("events", events=json.loads("[" * 400 + "]" * 400)),
        frame("heartbeat"),
        frame("heartbeat", epoch=epoch),
        frame("heartbeat", seq=seq),
        *(frame("heartbeat", epoch=epoch, seq=value) for value in (*WRONG[:-1], None, "7", 2**53)),
        *(frame("heartbeat", epoch=value, seq=seq) for value in (*WRONG[:-2], None, 7)),
        # A second greeting, whatever it says.
        *(
            frame("hello", epoch=which, seq=where, at="2026-11-20T05:00:00Z", resumed=resumed, heartbeat_s=20)
            for which in (epoch, "other")
            for where in (0, seq, BEYOND)
            for resumed in (True, False)
        ),
        # What is known already, and what nobody has told.
        *(frame("events", events=[{**event, "seq": late}]) for late in (0, seq)),
    ]
    return [*texts, b"", b"\0", b"\xff" * 1000, whole.encode()]


async def test_a_frame_that_makes_no_sense_is_passed_over(cloud: MockCloud, watch: Watch) -> None:
    """Nobody is woken, asked or told, the stream stays, and the next touch is shown at once."""
    for said in passed_over(cloud.epoch, cloud.seq(OWNER.username)):
        watch.reset()
        cloud.say(said)
        await asyncio.sleep(0.5)
        assert watch.quiet() == ([], []), said[:200]
        await watch.goes_on()
        assert (watch.asked(EVENTS), watch.asked(SNAPSHOT)) == (0, 0), said[:200]


@pytest.mark.parametrize(
    ("opcode", "content"),
    [
        (WSMsgType.TEXT, b"\xff\xfe{}"),
        (WSMsgType.TEXT, b'{"type": "heartbeat", "epoch": "\xed\xa0\x80", "seq": 1}'),
        (WSMsgType.TEXT, b"x" * (MEBIBYTE + 1)),
        (WSMsgType.TEXT, b'{"type": "advice", "text": "' + b"x" * 10 * MEBIBYTE + b'"}'),
        (WSMsgType.BINARY, b"\0" * 10 * MEBIBYTE),
        (WSMsgType.PING, b"x" * 126),
        (WSMsgType.CLOSE, b"\x03"),
        (WSMsgType.CLOSE, b"\x00\x07"),
        (WSMsgType.CLOSE, b"\x03\xe8\xff"),
    ],
    ids=lambda value: repr(value[:9]) if isinstance(value, bytes) else value.name,
)
async def test_a_frame_that_no_socket_survives_costs_a_reconnect(
    cloud: MockCloud, watch: Watch, opcode: WSMsgType, content: bytes
) -> None:
    """The contract allows a frame a mebibyte, and RFC 6455 only text in text; the rest is as if the line was cut."""
    watch.reset()
    cloud.say(content, opcode)
    await asyncio.sleep(5)
    assert watch.quiet() == ([], [])
    assert (cloud.streams, watch.asked(EVENTS)) == (1, 1)
    assert watch.asked(SNAPSHOT) <= 1
    await watch.goes_on()


async def test_another_epoch_costs_a_reconnect(cloud: MockCloud, watch: Watch) -> None:
    """Also one that is none: the cloud is asked which it is."""
    for epoch in ("other", "\0", "x" * 1000):
        watch.reset()
        cloud.say(frame("heartbeat", epoch=epoch, seq=1))
        await asyncio.sleep(5)
        assert watch.quiet() == ([], [])
        assert (cloud.streams, watch.asked(EVENTS)) == (1, 1)
        await watch.goes_on()


@pytest.mark.parametrize("kind", ["state", "rain", "device_removed"])
async def test_what_claims_to_be_beyond_everything_is_asked_about_and_forgotten(
    cloud: MockCloud, watch: Watch, kind: str
) -> None:
    """A snapshot that new never comes, and the stream that is opened again says where the server really is."""
    event = {"seq": BEYOND, "kind": kind, "device_id": PANEL, "endpoint_id": "1", "state": {"on": True}}
    for said in (frame("events", events=[event]), frame("heartbeat", epoch=cloud.epoch, seq=BEYOND)):
        watch.reset()
        cloud.say(said)
        await asyncio.sleep(2)
        assert watch.quiet() == ([], [])
        # Until the stream is opened again, snapshots tell what happens.
        await watch.goes_on(within_s=15)
        await asyncio.sleep(120)
        assert 1 <= watch.asked(SNAPSHOT) <= 20
        assert 1 <= watch.asked(EVENTS) <= 3
        await watch.goes_on()
        watch.reset()
        await asyncio.sleep(1800)
        assert watch.asked(SNAPSHOT) <= 1
        assert (watch.quiet(), watch.asked(EVENTS)) == (([], []), 0)


# Things that happen, by what tells of them; each changes something, however often it is done, and nothing that the next
# touch changes, too.
_times = itertools.count()
DEEDS: dict[str, Callable[[MockCloud], None]] = {
    "switch": lambda cloud: cloud.touch(PANEL, "2", on=not cloud.state(PANEL, "2")["on"]),
    "light": lambda cloud: cloud.touch("den-san-sofa", "1", brightness=next(_times) % 100 + 1),
    "curtain": lambda cloud: cloud.touch("rem-phong-khach", "1", position=next(_times) % 101),
    "online": lambda cloud: cloud.set_online("o-cam-tivi", not cloud.device("o-cam-tivi")["online"]),
    "device": lambda cloud: cloud.update_device(PANEL, firmware=f"1.{next(_times)}"),
    "home": lambda cloud: cloud.rename_home("nha-ha-noi", f"Nhà {next(_times)}"),
    "button": lambda cloud: cloud.press("nut-dau-giuong", "3", "long"),
    "account": lambda cloud: cloud.announce_maintenance(None, None),
}


def is_nonsense(text: str) -> bool:
    """Return whether the specification forbids a frame."""
    try:
        return bool(specification().faults(f"{ASYNCAPI}#/components/schemas/Frame", json.loads(text)))
    except ValueError, OverflowError, RecursionError:
        return True


def facts(hass: HomeAssistant) -> dict[str, set[tuple[str, str]]]:
    """Return all that each entity shows."""
    return {state.entity_id: _facts(state) for state in hass.states.async_all()}


def _facts(state: State) -> set[tuple[str, str]]:
    return {("state", state.state), *((str(name), repr(value)) for name, value in state.attributes.items())}


_EXAMPLES = examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.timeout(5 * _EXAMPLES.max_examples)
@_EXAMPLES
# Only replaced: what is left out is unknown to the cloud itself, and shown so.
@given(
    deed=st.sampled_from(sorted(DEEDS)),
    mutation=mutations(most=1).map(lambda mutation: mutation._replace(leave_out=False)),
)
async def test_an_event_with_anything_in_it_shows_what_is_true_or_nothing(
    hass: HomeAssistant, cloud: MockCloud, watch: Watch, deed: str, mutation: Mutation
) -> None:
    """What it should have said is found out by asking, once a minute at most, and the next touch is shown at once."""
    before = facts(hass)
    watch.reset()
    spoiled: list[str] = []

    def spoil(text: str) -> str:
        document = json.loads(text)
        if document["type"] != "events":
            return text
        # What happens to be sense is believed, as it has to be.
        tries = (mutation._replace(seed=mutation.seed + again).of(document) for again in range(50))
        spoiled.append(next(filter(is_nonsense, tries), text))
        return spoiled[-1]

    cloud.spoil_frames(spoil)
    DEEDS[deed](cloud)
    await asyncio.sleep(0.5)
    cloud.spoil_frames(None)
    await asyncio.sleep(0.5)
    await watch.goes_on()
    await asyncio.sleep(70)
    after = facts(hass)
    for state in watch.written:
        assert _facts(state) <= before[state.entity_id] | after[state.entity_id], spoiled
    assert watch.logged() == [], spoiled
    assert watch.asked(EVENTS) == 0, spoiled
    assert watch.asked(SNAPSHOT) <= 2, spoiled


async def test_nonsense_all_the_time_costs_a_snapshot_a_minute(
    hass: HomeAssistant, cloud: MockCloud, watch: Watch
) -> None:
    """However often something happens; what is shown is a minute old at most."""
    cloud.spoil_frames(lambda text: text.replace('"online"', '"online?"').replace('"firmware"', '"firmware": 7, "was"'))
    watch.reset()
    for second in range(300):
        cloud.update_device(PANEL, firmware=f"2.{second}")
        await asyncio.sleep(1)
    assert 4 <= watch.asked(SNAPSHOT) <= 6
    assert (watch.logged(), watch.asked(EVENTS)) == ([], 0)
    cloud.spoil_frames(None)
    await watch.goes_on()


async def test_ten_megabytes_of_events_are_taken(cloud: MockCloud, watch: Watch) -> None:
    """In frames of a mebibyte: of kinds from the future, of the past, and behind a gap that is never filled."""
    seq = cloud.seq(OWNER.username)
    past = {"seq": seq, "kind": "state", "device_id": PANEL, "endpoint_id": "1", "state": {"on": True}, "x": "y" * 900}
    watch.reset()
    for _ in range(10):
        cloud.say(frame("events", events=[past] * 1000))
    await asyncio.sleep(0.5)
    await watch.goes_on()
    assert (watch.asked(EVENTS), watch.asked(SNAPSHOT), watch.logged()) == (0, 0, [])
    for part in range(1, 11):
        cloud.say(frame("events", events=[{**past, "seq": seq + part * 1000 + one} for one in range(1000)]))
    await asyncio.sleep(0.5)
    await watch.goes_on(within_s=15)
    await asyncio.sleep(120)
    assert (watch.asked(EVENTS) <= 2, watch.logged()) == (True, [])
    assert {state.entity_id for state in watch.written} == {KITCHEN}
    await watch.goes_on()


@pytest.mark.parametrize(
    "greeting",
    [
        {"at": "0001-01-01T00:00:00Z"},
        {"at": "9999-12-31T23:59:59.999Z"},
        {"at": None},
        {"heartbeat_s": 45.0},
    ],
)
async def test_a_greeting_may_say_what_time_it_likes(
    cloud: MockCloud, watch: Watch, greeting: Mapping[str, object]
) -> None:
    """The stream that it begins is as good as any."""
    _greet(cloud, greeting)
    await asyncio.sleep(30)
    assert cloud.streams == 1
    await watch.goes_on()
    assert watch.logged() == []


@pytest.mark.parametrize(
    "greeting",
    [
        {"type": "events"},
        {"seq": -1},
        {"seq": 2**64},
        {"epoch": None},
        {"resumed": "yes"},
        {"at": "never"},
        {"heartbeat_s": 46},
        {"heartbeat_s": 1e308},
    ],
)
async def test_a_stream_whose_greeting_makes_no_sense_is_none(
    hass: HomeAssistant, cloud: MockCloud, watch: Watch, greeting: Mapping[str, object]
) -> None:
    """Polling tells instead, nothing is unavailable, and the stream is tried less and less often."""
    _greet(cloud, greeting)
    watch.reset()
    await asyncio.sleep(600)
    assert watch.asked(EVENTS) <= 40
    assert watch.asked(SNAPSHOT) <= 25
    await watch.goes_on(within_s=45)
    assert (watch.logged(), STATE_UNAVAILABLE in {state.state for state in watch.written}) == ([], False)
    cloud.spoil_frames(None)
    await asyncio.sleep(300)
    await watch.goes_on()


def _greet(cloud: MockCloud, greeting: Mapping[str, object]) -> None:
    """Have the next streams greet so."""

    def spoil(text: str) -> str:
        document = json.loads(text)
        return json.dumps({**document, **greeting}) if document["type"] == "hello" else text

    cloud.spoil_frames(spoil)
    cloud.cut()


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        "",
        '{"epoch": "e", "seq": -1, "homes": []}',
        '{"epoch": "e", "seq": 18446744073709551616, "homes": []}',
        '{"epoch": "e", "seq": 1, "homes": [7]}',
    ],
    ids=lambda body: body[:40],
)
async def test_a_snapshot_that_makes_no_sense_leaves_the_home_as_it_was(
    hass: HomeAssistant, cloud: MockCloud, watch: Watch, body: str
) -> None:
    """A stream that resumes tells what was lost; without one, the homes are unavailable after the promised time."""
    cloud.spoil_snapshots(lambda _text: body)
    cloud.touch(PANEL, "2", on=not cloud.state(PANEL, "2")["on"])
    await asyncio.sleep(1)
    watch.reset()
    cloud.drop_next()
    cloud.touch(PANEL, "2", on=not cloud.state(PANEL, "2")["on"])
    await asyncio.sleep(200)
    assert watch.quiet() == (["light.bep_den_ban_an"], [])
    watch.reset()
    cloud.rate_limit(5, count=10**6, path=EVENTS)
    cloud.cut()
    cloud.touch(PANEL, "2", on=not cloud.state(PANEL, "2")["on"])
    await asyncio.sleep(200)
    assert {state.state for state in watch.written} == {STATE_UNAVAILABLE}
    assert len(watch.logged()) == 1
    cloud.spoil_snapshots(None)
    cloud.forgive()
    await asyncio.sleep(300)
    assert len(watch.logged()) == 2
    await watch.goes_on()


async def test_names_may_be_anything(hass: HomeAssistant, cloud: MockCloud, watch: Watch) -> None:
    """What the cloud really calls things is shown, however strange, but on one line, visible, and not too long."""
    for name in ("\0", "Đèn\0trần", "\u202e\u200f", "😀" * 1000, "x" * 200_000, "{{ 1 / 0 }}", "", None):
        cloud.update_device(PANEL, name=name, model=name or "", firmware=name or "", serial=name or "s")
        await asyncio.sleep(1)
        await watch.goes_on()
        assert watch.logged() == []
        registered = device_of(hass, KITCHEN)
        parent = registered.parent_device_id if isinstance(registered, dr.ChildDeviceEntry) else registered.id
        panel = dr.async_get(hass).async_get(parent)
        assert isinstance(panel, dr.DeviceEntry)
        for shown in (panel.name, panel.model, panel.sw_version, panel.serial_number):
            assert shown is None or (shown.isprintable() and 0 < len(shown) <= 201), shown
        assert panel.name in ("Đèn trần", "😀" * 200 + "…", "x" * 200 + "…", "{{ 1 / 0 }}", "WeSMART")
    cloud.rename_room("nha-ha-noi", "bep", "Bếp\x1b[31m\n\u202e")
    cloud.add_room("nha-ha-noi", "x" * 100_000, "y" * 100_000)
    cloud.add_device(
        "nha-ha-noi",
        {
            "id": "z" * 100_000,
            "name": "\0" + "n" * 100_000,
            "room_id": "x" * 100_000,
            "model": "m",
            "firmware": "f",
            "serial": "s",
            "endpoints": [
                {"id": "1", "type": "switch", "features": {"controls": None, "metering": False}, "state": {"on": True}}
            ],
        },
    )
    await asyncio.sleep(2)
    await watch.goes_on()
    assert all(area.name.isprintable() and len(area.name) <= 201 for area in ar.async_get(hass).areas.values())
    assert {"Bếp [31m", "y" * 200 + "…"} <= {area.name for area in ar.async_get(hass).areas.values()}


NUMBERS = (
    *("min_kelvin", "max_kelvin", "color_temp_kelvin", "brightness", "hue", "saturation", "position", "tilt"),
    *("power_w", "energy_kwh", "signal_dbm", "battery_percent", "progress"),
)


@pytest.mark.parametrize("name", NUMBERS)
async def test_no_number_stops_home_assistant_from_listing_its_states(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, cloud: MockCloud, entry: ConfigEntry, name: str
) -> None:
    """A kelvin of 2e19 had made it impossible. What Home Assistant cannot spell is not shown."""
    assert await async_setup_component(hass, "api", {})
    client = await hass_client()
    for value in ("2e19", "-2e19", "9223372036854775808", "1e308", "-1e308", "1e400", "1e-320", "null"):
        cloud.spoil_snapshots(partial(re.sub, rf'"{name}"\s*:\s*[-+.0-9eE]+', f'"{name}": {value}'))
        assert await hass.config_entries.async_reload(entry.entry_id)
        answer = await client.get("/api/states")
        assert answer.status == 200, value
        assert len(await answer.json()) > 30
        cloud.spoil_snapshots(None)
