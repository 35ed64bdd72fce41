"""The specification checker on the event stream, and what it lets a later version of the contract add."""

from dataclasses import replace
import json

import pytest

from tests.specification import SpecificationChecker
from tests.specification_documents import ASYNCAPI, Json
from tests.specification_examples import (
    ABSENT,
    ACCOUNT,
    COMMANDS,
    DISCOVERY,
    FEEDBACK,
    INVALID_GRANT,
    MAINTENANCE,
    PROBLEM_JSON,
    RETRY,
    SNAPSHOT,
    TERMS,
    TOKEN,
    UNAUTHORIZED,
    Exchange,
    changed,
    example,
    problem,
)

KINDS = ["State", "Device", "DeviceRemoved", "Home", "HomeRemoved", "Button", "Account", "Feedback"]
DEVICE = "/homes/0/devices/0"
ENDPOINT = f"{DEVICE}/endpoints/0"
IDENTIFIER = "0d6f8f0e-3a53-4a8a-9c58-7d1f0a3c2b11"


def event(kind: str) -> Json:
    """Return an event as the specification shows it."""
    return example(f"{kind}Event", ASYNCAPI)


def events(*listed: Json) -> Json:
    """Return a frame with events."""
    return {"type": "events", "events": list(listed)}


def violations(frame: Json | str, *, closed: bool = False) -> list[str]:
    """Return what the checker finds in a frame."""
    checker = SpecificationChecker(closed=closed)
    checker.pushed(frame if isinstance(frame, str) else json.dumps(frame))
    return checker.violations


CALLED_OFF: Json = {
    "seq": 9,
    "at": "2026-11-20T05:00:00Z",
    "kind": "account",
    "change": "maintenance",
    "starts_at": None,
    "ends_at": None,
}
HELLO = example("HelloFrame", ASYNCAPI)
HEARTBEAT = example("HeartbeatFrame", ASYNCAPI)

BROKEN_FRAMES: dict[str, tuple[Json, str]] = {
    "no type": ({}, "frame at ''"),
    "no object": ([], "frame at ''"),
    "no event": (events(), "at '/events'"),
    "hello without its seq": (changed(HELLO, "/seq", ABSENT), "'seq' is a required property"),
    "empty epoch": (changed(HELLO, "/epoch", ""), "at '/epoch'"),
    "resumed as text": (changed(HELLO, "/resumed", "true"), "at '/resumed'"),
    "heartbeats too often": (changed(HELLO, "/heartbeat_s", 4), "at '/heartbeat_s'"),
    "heartbeats too rare": (changed(HELLO, "/heartbeat_s", 301), "at '/heartbeat_s'"),
    "heartbeat without an epoch": (changed(HEARTBEAT, "/epoch", ABSENT), "'epoch' is a required property"),
    "negative seq": (events(event("Home"), changed(event("Home"), "/seq", -1)), "at '/events/1/seq': -1"),
    "later event without a seq": (events({"kind": "doorbell", "at": "2026-11-20T05:00:00Z"}), "'seq' is a required"),
    "brightness above 100": (events(changed(event("State"), "/state/brightness", 101)), "at '/events/0/state/bright"),
    "unknown position as text": (events(changed(event("State"), "/state/position", "?")), "at '/events/0/state/pos"),
    "device that lacks its serial": (
        events(changed(event("Device"), "/device/serial", ABSENT)),
        "at '/events/0/device': 'serial' is a required property",
    ),
    "device without an id": (events(changed(event("DeviceRemoved"), "/device_id", ABSENT)), "'device_id' is a req"),
    "home without rooms": (events(changed(event("Home"), "/home/rooms", ABSENT)), "'rooms' is a required property"),
    "empty home id": (events(changed(event("HomeRemoved"), "/home_id", "")), "at '/events/0/home_id'"),
    "press as number": (events(changed(event("Button"), "/press", 2)), "at '/events/0/press'"),
    "maintenance without an end": (
        events(changed(changed(event("Account"), "/change", "maintenance"), "/starts_at", None)),
        "'ends_at' is a required property",
    ),
    "ticket without a status": (events(changed(event("Feedback"), "/ticket/status", ABSENT)), "'status' is a req"),
}

FREE_FRAMES: dict[str, Json] = {
    "float for integer": changed(HELLO, "/seq", 1042.0),
    "integer for float": changed(HELLO, "/heartbeat_s", 5),
    "lower-case time": changed(HELLO, "/at", "2026-11-20t05:00:00.123456z"),
    "time with an offset of zero": changed(HELLO, "/at", "2026-11-20T05:00:00-00:00"),
    "unknown values of a state": events(changed(event("State"), "/state", {"on": None, "brightness": None})),
    "nothing changed": events(changed(event("State"), "/state", {})),
    "cause nobody knows": events(changed(event("State"), "/cause", "wall")),
    "maintenance called off": events(CALLED_OFF),
}

LATER_FRAMES: dict[str, Json] = {
    "frame": {"type": "weather", "sky": "mưa"},
    "field of a frame": changed(HEARTBEAT, "/load", 0.3),
    "event": events({"seq": 9, "at": "2026-11-20T05:00:00Z", "kind": "doorbell", "device_id": 7}),
    "field of an event": events(changed(event("Button"), "/force", 0.5)),
    "field of a state": events(changed(event("State"), "/state/loudness", 11)),
    "press": events(changed(event("Button"), "/press", "triple")),
    "change of the account": events(changed(event("Account"), "/change", "household")),
    "motion": events(changed(event("State"), "/state/motion", "calibrating")),
}

RESULTS: list[Json] = [{"id": IDENTIFIER, "status": "deferred"}]
ONE_COMMAND: Json = {"order": 1, "commands": [{"id": IDENTIFIER, "device_id": "tb-9", "do": "identify"}]}

FREE_EXCHANGES: dict[str, Exchange] = {
    "content type with a parameter": replace(ACCOUNT, type="Application/JSON; charset=utf-8"),
    "Retry-After as date": replace(MAINTENANCE, headers={"retry-after": "Fri, 20 Nov 2026 05:30:00 GMT"}),
    "token type in any case": replace(TOKEN, body=changed(TOKEN.body, "/token_type", "bEARER")),
    "seq as float": replace(SNAPSHOT, body=changed(SNAPSHOT.body, "/seq", 1042.0)),
    "offline device": replace(
        SNAPSHOT,
        body=changed(changed(SNAPSHOT.body, f"{DEVICE}/online", False), f"{DEVICE}/signal_dbm", ABSENT),
    ),
    "device without endpoints": replace(SNAPSHOT, body=changed(SNAPSHOT.body, f"{DEVICE}/endpoints", [])),
    "room nobody knows": replace(SNAPSHOT, body=changed(SNAPSHOT.body, f"{DEVICE}/room_id", "gone")),
    "bad set that was rejected": replace(
        COMMANDS,
        request=changed(
            ONE_COMMAND, "/commands", [{"id": IDENTIFIER, "device_id": "a", "endpoint_id": "1", "set": {}}]
        ),
        body=changed(
            COMMANDS.body,
            "/results",
            [{"id": IDENTIFIER, "status": "rejected", "problem": problem("invalid-request", errors=[])}],
        ),
    ),
    "superseded": replace(
        COMMANDS,
        request=ONE_COMMAND,
        body=changed(COMMANDS.body, "/results", [{"id": IDENTIFIER, "status": "superseded"}]),
    ),
    "path nobody knows, asked without a bearer": replace(UNAUTHORIZED, path="/v1/devices"),
    "path nobody knows": replace(ACCOUNT, path="/favicon.ico", status=404, type="text/plain", body=b"404"),
    "refused request that made no sense": replace(
        TERMS,
        request={"version": 7},
        status=422,
        type=PROBLEM_JSON,
        body=problem("invalid-request", errors=[{"pointer": "/version", "detail": "not a text"}]),
    ),
}

LATER_EXCHANGES: dict[str, Exchange] = {
    "field of the discovery document": replace(DISCOVERY, body=changed(DISCOVERY.body, "/jwks_uri", "x")),
    "field of a device": replace(SNAPSHOT, body=changed(SNAPSHOT.body, f"{DEVICE}/colour", "trắng")),
    "field of a request": replace(FEEDBACK, request=changed(FEEDBACK.request, "/mood", "vui")),
    "endpoint type": replace(SNAPSHOT, body=changed(SNAPSHOT.body, f"{ENDPOINT}/type", "thermostat")),
    "ticket status": replace(FEEDBACK, body=changed(FEEDBACK.body, "/status", "merged")),
    "problem": replace(MAINTENANCE, body=problem("meteor-shower")),
    "problem under a new status": replace(UNAUTHORIZED, status=451, body=problem("censored")),
    "handshake problem": replace(MAINTENANCE, path="/v1/events", status=500, headers=RETRY, body=problem("overload")),
    "OAuth error": replace(INVALID_GRANT, body={"error": "captcha_required"}),
    "command and result": replace(
        COMMANDS,
        request=changed(ONE_COMMAND, "/commands", [{"id": IDENTIFIER, "device_id": "tb-9", "do": "calibrate"}]),
        body=changed(COMMANDS.body, "/results", RESULTS),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_event_passes(kind: str) -> None:
    """Of every kind, also without what later versions may add."""
    assert violations(events(event(kind))) == []
    assert violations(events(event(kind)), closed=True) == []


@pytest.mark.parametrize("name", BROKEN_FRAMES)
def test_a_broken_frame_is_found(name: str) -> None:
    """Each for the reason it is broken for."""
    frame, said = BROKEN_FRAMES[name]
    assert any(said in violation for violation in violations(frame)), violations(frame)


def test_a_frame_that_is_not_json_is_found() -> None:
    """A text frame may hold anything."""
    assert "not JSON" in violations("{")[0]


def test_a_frame_that_is_too_large_is_found() -> None:
    """By its bytes: Vietnamese takes more of them than characters."""
    frame = json.dumps({"type": "weather", "sky": "ư" * 600_000}, ensure_ascii=False)
    assert "more than 1 MiB" in violations(frame)[0]


@pytest.mark.parametrize("name", FREE_FRAMES)
def test_a_frame_as_the_contract_leaves_it_free_passes(name: str) -> None:
    """Freedoms of this very version."""
    assert violations(FREE_FRAMES[name], closed=True) == []
    assert violations(FREE_FRAMES[name]) == []


@pytest.mark.parametrize("name", LATER_FRAMES)
def test_a_frame_of_a_later_version_passes_unless_closed(name: str) -> None:
    """A cloud that plays no freedoms must not send it, be it by a typing mistake."""
    assert violations(LATER_FRAMES[name]) == []
    assert violations(LATER_FRAMES[name], closed=True)


@pytest.mark.parametrize("name", FREE_EXCHANGES)
def test_an_exchange_as_the_contract_leaves_it_free_passes(name: str) -> None:
    """Freedoms of this very version."""
    for closed in (False, True):
        checker = SpecificationChecker(closed=closed)
        FREE_EXCHANGES[name].show(checker)
        checker.verify()


@pytest.mark.parametrize("name", LATER_EXCHANGES)
def test_an_exchange_of_a_later_version_passes_unless_closed(name: str) -> None:
    """A cloud that plays no freedoms must not answer so, be it by a typing mistake."""
    checker = SpecificationChecker()
    LATER_EXCHANGES[name].show(checker)
    checker.verify()
    closed = SpecificationChecker(closed=True)
    LATER_EXCHANGES[name].show(closed)
    assert closed.violations
