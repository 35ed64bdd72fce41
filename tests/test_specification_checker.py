"""The specification checker finds violations, and lets pass what the contract leaves free."""

from dataclasses import replace
import json
import re
from urllib.parse import urlencode

import pytest

from tests.specification import SpecificationChecker
from tests.specification_documents import ASYNCAPI, Json
from tests.specification_examples import (
    ABSENT,
    ACCOUNT,
    BEARER,
    CODE_GRANT,
    CODE_TOKEN,
    COMMANDS,
    DISCOVERY,
    EVENTS,
    FEEDBACK,
    INVALID_GRANT,
    JSON,
    MAINTENANCE,
    PAGE,
    PROBLEM_JSON,
    REDIRECT,
    REVOKE,
    SNAPSHOT,
    TERMS,
    TOKEN,
    UNAUTHORIZED,
    UNCHANGED,
    Exchange,
    changed,
    example,
    problem,
)

DEVICE = "/homes/0/devices/0"
STATE = f"{DEVICE}/endpoints/0/state"
RUN = "0d6f8f0e-3a53-4a8a-9c58-7d1f0a3c2b11"
KINDS = ["State", "Device", "DeviceRemoved", "Home", "HomeRemoved", "Button", "Account", "Feedback"]


def answer(exchange: Exchange, pointer: str, value: object = ABSENT) -> Exchange:
    """Return an exchange with a part of its answer changed."""
    return replace(exchange, body=changed(exchange.body, pointer, value))


def commands(command: Json, *results: Json) -> Exchange:
    """Return a request of one command, and its results."""
    request: Json = {"run": RUN, "order": 1, "commands": [command]}
    return replace(COMMANDS, request=request, body={"epoch": "9f3c", "results": list(results)})


def events(*listed: Json) -> Json:
    """Return a frame with events."""
    return {"type": "events", "events": list(listed)}


def event(kind: str) -> Json:
    """Return an event as the specification shows it."""
    return example(f"{kind}Event", ASYNCAPI)


def violations(shown: Exchange | Json, *, closed: bool = False) -> list[str]:
    """Return what the checker finds in an exchange or a frame."""
    checker = SpecificationChecker(closed=closed)
    if isinstance(shown, Exchange):
        shown.show(checker)
    else:
        checker.pushed(shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False))
    return checker.violations


SET: Json = {"device_id": "a", "endpoint_id": "1", "set": {"on": True}}
APPLIED: Json = {"status": "applied", "seq": 1, "state": {"on": True}}
IDENTIFY: Json = {"device_id": "a", "do": "identify"}
CODE_GRANTS: Json = ["authorization_code", "refresh_token"]
HELLO = example("HelloFrame", ASYNCAPI)
HEARTBEAT = example("HeartbeatFrame", ASYNCAPI)

# name: (exchange or frame, what the violation says)
BROKEN: dict[str, tuple[Exchange | Json, str]] = {
    "unknown operation": (replace(ACCOUNT, path="/v1/devices"), "no such operation"),
    "redirect": (replace(SNAPSHOT, status=302, body=b""), "the status is none of 200, 304"),
    "crash": (replace(SNAPSHOT, status=500, type="text/plain", body=b"Internal Server Error"), "is text/plain, not"),
    "discovery too large": (answer(DISCOVERY, "/later", "x" * 65536), "more than 64 KiB"),
    "URL with a query": (answer(DISCOVERY, "/events_url", "wss://cloud.example/v1?a=1"), "at '/events_url'"),
    "not JSON": (replace(ACCOUNT, body=b"{"), "the answer is not application/json"),
    "body of a 304": (replace(UNCHANGED, body={}), "the body has to be empty"),
    "tokens that may be stored": (replace(TOKEN, headers={}), "the header Cache-Control is missing"),
    "code login without a page": (answer(DISCOVERY, "/grant_types_supported", CODE_GRANTS), "'authorization_endpoint'"),
    "no way to log in": (answer(DISCOVERY, "/grant_types_supported", ["refresh_token"]), "at '/grant_types_supported'"),
    "page in a frame": (replace(PAGE, headers={"Cache-Control": "no-store"}), "Content-Security-Policy is missing"),
    "page that may be stored": (replace(REDIRECT, headers={"Location": "/"}), "Cache-Control is missing"),
    "redirect that posts the password on": (replace(REDIRECT, status=307), "the status is none of"),
    "accepted short verifier": (
        replace(CODE_TOKEN, request=urlencode({**CODE_GRANT, "code_verifier": "dBjftJeZ4CVP"}).encode()),
        "at '/code_verifier'",
    ),
    "token outside ASCII": (answer(TOKEN, "/access_token", "mật"), "at '/access_token'"),
    "accepted form with a doubled field": (replace(REVOKE, request=b"token=a&token=b"), "a field comes twice"),
    "accepted without a bearer": (replace(ACCOUNT, request_headers={}), "a request without a bearer was accepted"),
    "accepted without an idempotency key": (
        replace(FEEDBACK, request_headers=BEARER | {"Content-Type": JSON}),
        "the header Idempotency-Key is missing",
    ),
    "accepted rating": (replace(FEEDBACK, request=changed(FEEDBACK.request, "/rating", 6)), "at '/rating'"),
    "accepted blank message": (replace(FEEDBACK, request=changed(FEEDBACK.request, "/message", " ")), "at '/message'"),
    "no entity tag": (replace(SNAPSHOT, headers={}), "the header ETag is missing"),
    "entity tag of another seq": (replace(SNAPSHOT, headers={"ETag": '"9f3c:1043"'}), 'not "9f3c:1042"'),
    "entity tag of another epoch": (replace(SNAPSHOT, headers={"ETag": '"9F3C:1042"'}), 'not "9f3c:1042"'),
    "weak entity tag": (replace(SNAPSHOT, headers={"ETag": 'W/"9f3c:1042"'}), "header ETag at ''"),
    "no Retry-After": (replace(MAINTENANCE, headers={}), "the header Retry-After is missing"),
    "Retry-After of no calendar": (
        replace(MAINTENANCE, headers={"Retry-After": "Fri, 31 Nov 2026 05:30:00 GMT"}),
        "header Retry-After at ''",
    ),
    "no challenge": (replace(UNAUTHORIZED, headers={}), "the header WWW-Authenticate is missing"),
    "problem under a wrong status": (
        replace(MAINTENANCE, body=problem("rate-limited")),
        "is not valid under any of the given schemas",
    ),
    "problem that says another status": (
        replace(MAINTENANCE, status=418, body=problem("teapot", status=503)),
        "the problem says status 503",
    ),
    "blocked account that cannot be read": (
        replace(ACCOUNT, status=403, type=PROBLEM_JSON, body=problem("account-suspended")),
        "at '/type'",
    ),
    "seq beyond what a float holds": (answer(SNAPSHOT, "/seq", 2**53), "at '/seq'"),
    "signal of an offline device": (answer(SNAPSHOT, f"{DEVICE}/online", False), f"at '{DEVICE}/signal_dbm'"),
    "switch without a state": (answer(SNAPSHOT, STATE, {}), "'on' is a required"),
    "leap second": (answer(FEEDBACK, "/created_at", "2026-12-31T23:59:60Z"), "at '/created_at'"),
    "local time": (answer(FEEDBACK, "/created_at", "2026-11-18T08:12:00+07:00"), "at '/created_at'"),
    "command without a result": (commands(SET), "1 commands have 0 results"),
    "applied without a state": (commands(SET, {"status": "applied", "seq": 1}), "the result of"),
    "state of a device": (commands(IDENTIFY, APPLIED), "the result of"),
    "superseded in part": (
        replace(COMMANDS, body=changed(COMMANDS.body, "/results", [APPLIED, {"status": "superseded"}])),
        "some commands are superseded and some are not",
    ),
    "applied though out of range": (
        commands({"device_id": "a", "endpoint_id": "1", "set": {"brightness": 101}}, APPLIED),
        "applied command at '/set/brightness'",
    ),
    "applied two colors at once": (
        commands({"device_id": "a", "endpoint_id": "1", "set": {"hue": 1, "color_temp_kelvin": 3000}}, APPLIED),
        "applied command at",
    ),
    "frame that is not JSON": ("{", "not JSON"),
    "frame too large": ({"type": "weather", "sky": "ư" * 600_000}, "more than 1 MiB"),
    "no event": (events(), "at '/events'"),
    "heartbeats too often": (changed(HELLO, "/heartbeat_s", 4), "at '/heartbeat_s'"),
    "heartbeats too rare": (changed(HELLO, "/heartbeat_s", 46), "at '/heartbeat_s'"),
    "second event with a negative seq": (
        events(event("Home"), changed(event("Home"), "/seq", -1)),
        "at '/events/1/seq'",
    ),
    "brightness above 100": (events(changed(event("State"), "/state/brightness", 101)), "at '/events/0/state/bright"),
}

FREE: dict[str, Exchange | Json] = {
    "login page": PAGE,
    "redirect to the next page": REDIRECT,
    "post of the login page": replace(PAGE, method="POST", request=b"username=an"),
    "exchange of a code": CODE_TOKEN,
    "revocation": REVOKE,
    "terms": TERMS,
    "handshake": EVENTS,
    "content type with a parameter": replace(ACCOUNT, type="Application/JSON; charset=utf-8"),
    "Retry-After as date": replace(MAINTENANCE, headers={"retry-after": "Fri, 20 Nov 2026 05:30:00 GMT"}),
    "seq as float": answer(SNAPSHOT, "/seq", 1042.0),
    "device without a room": answer(SNAPSHOT, f"{DEVICE}/room_id"),
    "later field of a request": replace(FEEDBACK, request=changed(FEEDBACK.request, "/mood", "vui")),
    "later field of an applied command": commands(changed(SET, "/mood", "vui"), APPLIED),
    "invalid command that was rejected": commands(
        {"set": []}, {"status": "rejected", "problem": problem("invalid-request", errors=[])}
    ),
    "superseded": commands(SET, {"status": "superseded"}),
    "path nobody knows": replace(ACCOUNT, path="/favicon.ico", status=404, type="text/plain", body=b"404"),
    "lower-case time": changed(HELLO, "/at", "2026-11-20t05:00:00.123456z"),
    "time with an offset of zero": changed(HELLO, "/at", "2026-11-20T05:00:00-00:00"),
    "unknown values of a state": events(changed(event("State"), "/state", {"on": None, "brightness": None})),
    **{f"{kind} event": events(event(kind)) for kind in KINDS},
}

LATER: dict[str, Exchange | Json] = {
    "field of the discovery document": answer(DISCOVERY, "/jwks_uri", "x"),
    "endpoint type": answer(SNAPSHOT, f"{DEVICE}/endpoints/0/type", "thermostat"),
    "access status": answer(ACCOUNT, "/access/status", "on_probation"),
    "problem under a new status": replace(UNAUTHORIZED, status=451, body=problem("censored")),
    "OAuth error": replace(INVALID_GRANT, body={"error": "captcha_required"}),
    "result": commands({"device_id": "tb-9", "do": "calibrate"}, {"status": "deferred"}),
    "frame": {"type": "weather", "sky": "mưa"},
    "field of a frame": changed(HEARTBEAT, "/load", 0.3),
    "event": events({"seq": 9, "at": "2026-11-20T05:00:00Z", "kind": "doorbell", "device_id": 7}),
    "payload of an account event": events(changed(event("Account"), "/change", "terms")),
    "field of a state": events(changed(event("State"), "/state/loudness", 11)),
    "motion": events(changed(event("State"), "/state/motion", "calibrating")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_violation_is_found(name: str) -> None:
    """Each for its own reason."""
    shown, said = BROKEN[name]
    found = violations(shown)
    assert any(said in violation for violation in found), found


@pytest.mark.parametrize("name", FREE)
def test_an_example_and_a_freedom_of_this_version_pass(name: str) -> None:
    """Also when growth is not allowed."""
    assert violations(FREE[name]) == violations(FREE[name], closed=True) == []


@pytest.mark.parametrize("name", LATER)
def test_growth_passes_unless_the_checker_is_closed(name: str) -> None:
    """C-9: a cloud without freedoms sends it only by mistake."""
    assert violations(LATER[name]) == []
    assert violations(LATER[name], closed=True)


def test_verify_fails_with_every_violation_once() -> None:
    """It names the operation, the place and the fragment."""
    checker = SpecificationChecker()
    replace(answer(SNAPSHOT, "/seq", "many"), headers={}).show(checker)
    said = ("GET /v1/snapshot → 200", "ETag is missing", "at '/seq'", "'integer'", 'the fragment is "many"')
    with pytest.raises(AssertionError, match=".*".join(map(re.escape, said[:2]))) as error:
        checker.verify()
    assert all(part in str(error.value) for part in said)
    checker.verify()


def test_the_paths_are_those_of_the_discovery_document() -> None:
    """Its pages for people are no part of the contract."""
    document = changed(DISCOVERY.body, "/token_endpoint", "https://cloud.example/dang-nhap")
    document = changed(document, "/authorization_endpoint", "https://cloud.example/nha/dang-nhap")
    document = changed(document, "/events_url", "wss://cloud.example/nha/su-kien")
    document = changed(document, "/api_url", "https://cloud.example/nha")
    checker = SpecificationChecker()
    replace(DISCOVERY, body=document).show(checker)
    replace(TOKEN, path="/dang-nhap").show(checker)
    replace(PAGE, path="/nha/dang-nhap").show(checker)
    replace(PAGE, path="/nha/dang-nhap", method="POST").show(checker)
    replace(EVENTS, path="/nha/su-kien").show(checker)
    replace(SNAPSHOT, path="/nha/snapshot").show(checker)
    replace(ACCOUNT, path="/dieu-khoan", type="text/html", body=b"<html>").show(checker)
    checker.verify()
    SNAPSHOT.show(checker)
    with pytest.raises(AssertionError, match="no such operation"):
        checker.verify()
