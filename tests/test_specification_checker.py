"""The specification checker finds what breaks the contract and lets pass what the contract leaves free."""

from dataclasses import replace
import re

import pytest

from tests.specification import SpecificationChecker
from tests.specification_examples import (
    ABSENT,
    ACCOUNT,
    BEARER,
    COMMANDS,
    DEALERS,
    DISCOVERY,
    EVENTS,
    FEEDBACK,
    INVALID_GRANT,
    JSON,
    MAINTENANCE,
    PROBLEM_JSON,
    REVOKE,
    SNAPSHOT,
    TERMS,
    TICKETS,
    TOKEN,
    UNAUTHORIZED,
    UNCHANGED,
    Exchange,
    changed,
    problem,
)

SOUND = {
    "discovery": DISCOVERY,
    "login": TOKEN,
    "wrong password": INVALID_GRANT,
    "revocation": REVOKE,
    "account": ACCOUNT,
    "terms": TERMS,
    "snapshot": SNAPSHOT,
    "snapshot unchanged": UNCHANGED,
    "handshake": EVENTS,
    "handshake refused": replace(MAINTENANCE, path="/v1/events"),
    "commands": COMMANDS,
    "feedback": FEEDBACK,
    "tickets": TICKETS,
    "dealers": DEALERS,
    "maintenance": MAINTENANCE,
    "unauthorized": UNAUTHORIZED,
}

DEVICE = "/homes/0/devices/0"
STATE = f"{DEVICE}/endpoints/0/state"

# name: (exchange, what the violation says)
BROKEN_EXCHANGES: dict[str, tuple[Exchange, str]] = {
    "unknown operation": (replace(ACCOUNT, path="/v1/devices"), "no such operation"),
    "unknown method": (replace(ACCOUNT, method="DELETE"), "no such operation"),
    "unknown status": (replace(SNAPSHOT, status=206), "the status is none of 200, 304"),
    "redirect": (replace(SNAPSHOT, status=302, body=b""), "the status is none of"),
    "crash": (replace(SNAPSHOT, status=500, type="text/plain", body=b"Internal Server Error"), "is text/plain, not"),
    "web page": (replace(DISCOVERY, type="text/html", body=b"<html>"), "is text/html, not application/json"),
    "discovery too large": (
        replace(DISCOVERY, body=changed(DISCOVERY.body, "/later", "x" * 65536)),
        "more than 64 KiB",
    ),
    "other version": (replace(DISCOVERY, body=changed(DISCOVERY.body, "/version", 2)), "at '/version'"),
    "grant missing": (
        replace(DISCOVERY, body=changed(DISCOVERY.body, "/grant_types_supported", ["password"])),
        "at '/grant_types_supported'",
    ),
    "stream by https": (
        replace(DISCOVERY, body=changed(DISCOVERY.body, "/events_url", "https://cloud.example/v1/events")),
        "at '/events_url'",
    ),
    "not JSON": (replace(ACCOUNT, body=b"{"), "the answer is not application/json"),
    "body of a 204": (replace(TERMS, body={}), "the body has to be empty"),
    "body of a 304": (replace(UNCHANGED, body={}), "the body has to be empty"),
    "tokens that may be stored": (replace(TOKEN, headers={}), "the header Cache-Control is missing"),
    "short token": (replace(TOKEN, body=changed(TOKEN.body, "/expires_in", 3599)), "at '/expires_in'"),
    "OAuth error as problem": (replace(INVALID_GRANT, type=PROBLEM_JSON), "is application/problem+json, not"),
    "accepted form without a session": (replace(TOKEN, request=b"grant_type=password"), "'session_id' is a required"),
    "accepted form with a doubled field": (replace(REVOKE, request=b"token=a&token=b"), "a field comes twice"),
    "accepted without a bearer": (replace(ACCOUNT, request_headers={}), "a request without a bearer was accepted"),
    "handshake without a bearer": (replace(EVENTS, request_headers={}), "a request without a bearer was accepted"),
    "accepted without an idempotency key": (
        replace(FEEDBACK, request_headers=BEARER | {"Content-Type": JSON}),
        "the header Idempotency-Key is missing",
    ),
    "accepted rating": (replace(FEEDBACK, request=changed(FEEDBACK.request, "/rating", 6)), "at '/rating'"),
    "accepted empty list": (replace(COMMANDS, request={"order": 1, "commands": []}), "at '/commands'"),
    "no entity tag": (replace(SNAPSHOT, headers={}), "the header ETag is missing"),
    "bare entity tag": (replace(SNAPSHOT, headers={"ETag": "9f3c:1042"}), "header ETag at ''"),
    "weak entity tag": (replace(SNAPSHOT, headers={"ETag": 'W/"9f3c:1042"'}), "header ETag at ''"),
    "no Retry-After": (replace(MAINTENANCE, headers={}), "the header Retry-After is missing"),
    "Retry-After in words": (replace(MAINTENANCE, headers={"Retry-After": "soon"}), "header Retry-After at ''"),
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
        replace(MAINTENANCE, body=problem("maintenance", ends_at=None, status=500)),
        "at '/status'",
    ),
    "later problem that says another status": (
        replace(MAINTENANCE, status=418, body=problem("teapot", status=503)),
        "the problem says status 503",
    ),
    "blocked where complaints are heard": (
        replace(ACCOUNT, status=403, type=PROBLEM_JSON, body=problem("account-suspended", reason=None, until=None)),
        "at '/type'",
    ),
    "block without a reason, not even null": (
        replace(SNAPSHOT, status=403, type=PROBLEM_JSON, body=problem("account-suspended", until=None)),
        "'reason' is a required property",
    ),
    "negative seq": (replace(SNAPSHOT, body=changed(SNAPSHOT.body, "/seq", -1)), "at '/seq': -1"),
    "seq beyond what a float holds": (replace(SNAPSHOT, body=changed(SNAPSHOT.body, "/seq", 2**53)), "at '/seq'"),
    "seq and a half": (replace(SNAPSHOT, body=changed(SNAPSHOT.body, "/seq", 1.5)), "at '/seq'"),
    "id as number": (replace(SNAPSHOT, body=changed(SNAPSHOT.body, f"{DEVICE}/id", 7)), f"at '{DEVICE}/id'"),
    "signal of an offline device": (
        replace(SNAPSHOT, body=changed(SNAPSHOT.body, f"{DEVICE}/online", False)),
        f"at '{DEVICE}/signal_dbm'",
    ),
    "switch without a state": (replace(SNAPSHOT, body=changed(SNAPSHOT.body, STATE, {})), "'on' is a required"),
    "switch turned to 1": (replace(SNAPSHOT, body=changed(SNAPSHOT.body, f"{STATE}/on", 1)), f"at '{STATE}/on'"),
    "negative energy": (
        replace(SNAPSHOT, body=changed(SNAPSHOT.body, f"{STATE}/energy_kwh", -0.001)),
        f"at '{STATE}/energy_kwh'",
    ),
    "brightness 0": (
        replace(SNAPSHOT, body=changed(SNAPSHOT.body, f"{DEVICE}/endpoints/1/state/brightness", 0)),
        f"at '{DEVICE}/endpoints/1/state/brightness'",
    ),
    "result that is missing": (
        replace(COMMANDS, body=changed(COMMANDS.body, "/results", [{"id": "0d6f8f0e-3a53-4a8a-9c58-7d1f0a3c2b11"}])),
        "have the results",
    ),
    "applied without seq": (replace(COMMANDS, body=changed(COMMANDS.body, "/results/0/seq", ABSENT)), "'seq' is a"),
    "rejected without a problem": (
        replace(COMMANDS, body=changed(COMMANDS.body, "/results/1/problem", ABSENT)),
        "'problem' is a required property",
    ),
    "applied though out of range": (
        replace(COMMANDS, request=changed(COMMANDS.request, "/commands/0/set", {"brightness": 101})),
        "applied set at '/brightness'",
    ),
    "applied two colours at once": (
        replace(COMMANDS, request=changed(COMMANDS.request, "/commands/0/set", {"hue": 1, "color_temp_kelvin": 3000})),
        "applied set at ''",
    ),
    "ticket at local time": (
        replace(FEEDBACK, body=changed(FEEDBACK.body, "/created_at", "2026-11-18T08:12:00+07:00")),
        "at '/created_at'",
    ),
    "ticket of no calendar": (
        replace(FEEDBACK, body=changed(FEEDBACK.body, "/created_at", "2026-02-30T08:12:00Z")),
        "at '/created_at'",
    ),
    "dealer without a phone": (
        replace(DEALERS, body=changed(DEALERS.body, "/dealers/0/phone", ABSENT)),
        "'phone' is a required property",
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_exchange_passes(name: str) -> None:
    """Also without what later versions may add."""
    for closed in (False, True):
        checker = SpecificationChecker(closed=closed)
        SOUND[name].show(checker)
        checker.verify()


@pytest.mark.parametrize("name", BROKEN_EXCHANGES)
def test_a_broken_exchange_is_found(name: str) -> None:
    """Each for the reason it is broken for."""
    exchange, said = BROKEN_EXCHANGES[name]
    checker = SpecificationChecker()
    exchange.show(checker)
    with pytest.raises(AssertionError, match=re.escape(said)):
        checker.verify()


def test_verify_fails_with_every_violation_once() -> None:
    """The operation, the place and the fragment are named."""
    checker = SpecificationChecker()
    replace(SNAPSHOT, body=changed(SNAPSHOT.body, "/seq", "many"), headers={}).show(checker)
    with pytest.raises(AssertionError) as error:
        checker.verify()
    for said in ("GET /v1/snapshot → 200", "ETag is missing", "at '/seq'", "'integer'", 'the fragment is "many"'):
        assert said in str(error.value)
    checker.verify()


@pytest.mark.parametrize("tag", ['"9f3c:1043"', '"9F3C:1042"', '"9f3c:01042"'])
def test_an_entity_tag_is_the_one_a_client_computes(tag: str) -> None:
    """Only then a 304 proves that what is held, events included, is what the cloud holds."""
    checker = SpecificationChecker()
    SNAPSHOT.show(checker)
    checker.verify()
    replace(SNAPSHOT, headers={"ETag": tag}).show(checker)
    with pytest.raises(AssertionError, match='not "9f3c:1042"'):
        checker.verify()


def test_the_paths_are_those_of_the_discovery_document() -> None:
    """The specification's are those of an example."""
    document = changed(DISCOVERY.body, "/token_endpoint", "https://cloud.example/dang-nhap")
    document = changed(document, "/events_url", "wss://cloud.example/nha/su-kien")
    document = changed(document, "/api_url", "https://cloud.example/nha")
    checker = SpecificationChecker()
    replace(DISCOVERY, body=document).show(checker)
    replace(TOKEN, path="/dang-nhap").show(checker)
    replace(EVENTS, path="/nha/su-kien").show(checker)
    replace(SNAPSHOT, path="/nha/snapshot").show(checker)
    checker.verify()
    SNAPSHOT.show(checker)
    with pytest.raises(AssertionError, match="no such operation"):
        checker.verify()


def test_the_pages_the_discovery_document_names_for_people_are_none_of_the_contract() -> None:
    """The terms of use may be served by the cloud itself."""
    page = replace(ACCOUNT, path="/dieu-khoan", type="text/html", body=b"<html>")
    checker = SpecificationChecker()
    page.show(checker)
    with pytest.raises(AssertionError, match="no such operation"):
        checker.verify()
    DISCOVERY.show(checker)
    page.show(checker)
    checker.verify()
