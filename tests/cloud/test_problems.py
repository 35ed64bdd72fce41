"""What an answer that is not a success means to a caller."""

from datetime import UTC, datetime
import json
import logging

from hypothesis import given, strategies as st
import pytest

from custom_components.wesmart.cloud.errors import (
    AccountBlockedError,
    CloudFaultError,
    InvalidRequestError,
    MaintenanceError,
    NotFoundError,
    RateLimitedError,
    TermsNotAcceptedError,
    UnauthorizedError,
    UnexpectedAnswerError,
    WeSmartError,
)
from custom_components.wesmart.cloud.problems import Answer, problem_name, raise_for_problem
from tests.cloud.nonsense import EXTREMES, anything
from tests.examples import examples

PREFIX = "urn:wesmart:problem:"


def error(
    status: int, body: object = None, *, retry_after: float | None = None, kind: str = "problem+"
) -> WeSmartError:
    """Return what an answer with this body is raised as."""
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Answer(status=status, content_type=f"application/{kind}json", body=encoded, retry_after=retry_after)
    with pytest.raises(WeSmartError) as caught:
        raise_for_problem(answer, "GET /v1/account")
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 204, 206, 299, 304])
def test_a_success_is_not_a_problem(status: int) -> None:
    """Neither is the answer that nothing has changed."""
    raise_for_problem(Answer(status=status, content_type="", body=b""), "GET /v1/account")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, UnauthorizedError),
        (404, NotFoundError),
        (422, InvalidRequestError),
        (429, RateLimitedError),
        (503, MaintenanceError),
    ],
)
@pytest.mark.parametrize("body", [{"type": f"{PREFIX}out-of-luck"}, {}, None, 7, b"", b"<html>", b"\xff", b"[" * 10**5])
def test_the_status_says_what_happened_where_the_body_does_not(
    status: int, kind: type[WeSmartError], body: object
) -> None:
    """An unknown type of problem, or a body of something between us and the cloud."""
    raised = error(status, body)
    assert type(raised) is kind
    assert str(raised) == f"GET /v1/account: {status}"
    assert raised.__context__ is None


@pytest.mark.parametrize("status", [100, 101, 300, 301, 302, 303, 307, 308, 400, 403, 405, 418, 600])
def test_anything_else_is_an_unexpected_answer(status: int) -> None:
    """Redirects above all."""
    raised = error(status, {"type": f"{PREFIX}maintenance"})
    assert type(raised) is UnexpectedAnswerError
    assert str(raised).startswith(f"GET /v1/account: {status}")


@pytest.mark.parametrize("status", [500, 501, 502, 504, 507, 599])
def test_a_fault_of_the_cloud_is_like_no_answer(status: int) -> None:
    """Nobody knows what was done; what the body says is not believed, since it may be that of a proxy."""
    raised = error(status, {"type": f"{PREFIX}maintenance"}, retry_after=30)
    assert type(raised) is CloudFaultError
    assert str(raised) == f"GET /v1/account: {status}"


def test_maintenance_says_when_to_come_again() -> None:
    """`ends_at` is only for people."""
    raised = error(503, {"type": f"{PREFIX}maintenance", "ends_at": "2026-11-20T06:00:00Z"}, retry_after=30)
    assert isinstance(raised, MaintenanceError)
    assert (raised.retry_after, raised.ends_at) == (30, datetime(2026, 11, 20, 6, tzinfo=UTC))


@pytest.mark.parametrize("status", [429, 503])
def test_nobody_waits_longer_than_an_hour(status: int) -> None:
    """A date in another century is a mistake of the server."""
    raised = error(status, {}, retry_after=1e12)
    assert isinstance(raised, RateLimitedError | MaintenanceError)
    assert raised.retry_after == 3600


@pytest.mark.parametrize(("name", "terminated"), [("account-suspended", False), ("account-terminated", True)])
def test_a_blocked_account_says_why_and_until_when(name: str, terminated: bool) -> None:
    """Where the cloud says it."""
    raised = error(403, {"type": PREFIX + name, "reason": "Nợ phí", "until": "2026-12-01T00:00:00Z"})
    assert isinstance(raised, AccountBlockedError)
    assert (raised.terminated, raised.reason, raised.until) == (terminated, "Nợ phí", datetime(2026, 12, 1, tzinfo=UTC))
    raised = error(403, {"type": PREFIX + name, "reason": None, "until": None})
    assert isinstance(raised, AccountBlockedError)
    assert (raised.reason, raised.until) == (None, None)


def test_open_terms_say_which_ones_and_where_they_are() -> None:
    """Where the cloud says it."""
    terms = {"accepted": "2026-03", "current": "2026-09", "url": "https://cloud.example.com/terms"}
    raised = error(403, {"type": f"{PREFIX}terms-not-accepted", "terms": terms})
    assert isinstance(raised, TermsNotAcceptedError)
    assert (raised.version, raised.url) == ("2026-09", "https://cloud.example.com/terms")
    raised = error(403, {"type": f"{PREFIX}terms-not-accepted"})
    assert isinstance(raised, TermsNotAcceptedError)
    assert (raised.version, raised.url) == (None, None)


def test_an_invalid_request_says_where_it_is_wrong() -> None:
    """A sentence for each place."""
    errors = [{"pointer": "/commands/0/id", "detail": "must be a UUID"}, {"pointer": "/order"}]
    raised = error(422, {"type": f"{PREFIX}invalid-request", "errors": errors})
    assert isinstance(raised, InvalidRequestError)
    assert raised.details == ("/commands/0/id: must be a UUID", "/order: ")
    assert str(raised) == "GET /v1/account: 422; /commands/0/id: must be a UUID; /order: "


def test_a_problem_is_read_from_plain_json_but_not_from_anything_else() -> None:
    """What is between us and the cloud speaks HTML."""
    assert isinstance(error(403, {"type": f"{PREFIX}account-suspended"}, kind=""), AccountBlockedError)
    answer = Answer(status=403, content_type="text/html", body=b'{"type": "urn:wesmart:problem:account-suspended"}')
    with pytest.raises(UnexpectedAnswerError):
        raise_for_problem(answer, "GET /v1/account")


def test_the_name_of_a_problem_is_its_type_without_the_prefix() -> None:
    """A type of somebody else stays as it is."""
    assert problem_name("urn:wesmart:problem:device-offline") == "device-offline"
    assert problem_name("about:blank") == "about:blank"


@pytest.mark.parametrize("nonsense", [7, [], {}, ["x"], {"current": 7}])
def test_a_member_that_makes_no_sense_costs_itself_only(nonsense: object) -> None:
    """A person is told what can be read."""
    raised = error(403, {"type": f"{PREFIX}account-terminated", "reason": nonsense, "until": "2026-12-01T00:00:00Z"})
    assert isinstance(raised, AccountBlockedError)
    assert (raised.terminated, raised.reason, raised.until) == (True, None, datetime(2026, 12, 1, tzinfo=UTC))
    raised = error(403, {"type": f"{PREFIX}terms-not-accepted", "terms": nonsense, "errors": nonsense})
    assert isinstance(raised, TermsNotAcceptedError)
    assert (raised.version, raised.url) == (None, None)
    raised = error(403, {"type": f"{PREFIX}terms-not-accepted", "terms": {"accepted": nonsense, "current": "2026-09"}})
    assert isinstance(raised, TermsNotAcceptedError)
    assert raised.version == "2026-09"
    raised = error(422, {"type": nonsense, "errors": [nonsense, {"pointer": "/id", "detail": "?"}, {"pointer": 1}]})
    assert isinstance(raised, InvalidRequestError)
    assert "/id: ?" in raised.details
    assert type(error(503, {"type": nonsense, "ends_at": nonsense})) is MaintenanceError


@pytest.mark.parametrize("nonsense", ["soon", "2026-13-01T00:00:00Z", 7, "0001-01-01T00:00:00+07:00"])
def test_a_moment_that_makes_no_sense_is_unknown_with_one_debug_line(
    nonsense: object, caplog: pytest.LogCaptureFixture
) -> None:
    """What else the problem says is told."""
    caplog.set_level(logging.DEBUG)
    raised = error(403, {"type": f"{PREFIX}account-suspended", "reason": "Nợ phí", "until": nonsense})
    assert isinstance(raised, AccountBlockedError)
    assert (raised.reason, raised.until) == ("Nợ phí", None)
    raised = error(503, {"type": f"{PREFIX}maintenance", "ends_at": nonsense}, retry_after=30)
    assert isinstance(raised, MaintenanceError)
    assert (raised.retry_after, raised.ends_at) == (30, None)
    assert [record.levelname for record in caplog.records] == ["DEBUG", "DEBUG"]


@examples(100)
@given(
    st.integers(min_value=100, max_value=599).filter(lambda status: not (200 <= status < 300 or status == 304)),
    anything | st.dictionaries(st.sampled_from(["type", "ends_at", "reason", "until", "terms", "errors"]), anything),
)
def test_any_body_is_one_of_our_errors(status: int, body: object) -> None:
    """And nothing of the decoder shows."""
    assert error(status, body).__context__ is None


@pytest.mark.parametrize("text", EXTREMES, ids=lambda text: repr(text[:12]))
def test_an_extreme_body_is_still_its_status(text: str) -> None:
    """Depth and length that a parser may choke on."""
    assert isinstance(error(503, text.encode()), MaintenanceError)
    assert isinstance(error(503, f'{{"errors": {text}}}'.encode()), MaintenanceError)
