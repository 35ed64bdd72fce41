"""Which issues an account and its server have: the pure functions behind Repairs."""

from datetime import UTC, datetime, timedelta

from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.wesmart.cloud.account import Access, Account, Maintenance, Terms
from custom_components.wesmart.repairs import Issue, account_issues, maintenance_issues

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
SERVER = "https://cloud.example"
# The last second of all time, which some servers write for "for ever".
FOR_EVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
OPEN = Terms(accepted="1", current="2", url="https://cloud.example/terms")
REQUIRED = Terms(accepted="1", current="2", required=True)


@pytest.fixture
def custom_integrations() -> None:
    """Start no Home Assistant: these are functions."""


def of_account(access: Access | None = None, terms: Terms | None = None) -> dict[str, Issue]:
    """Return the issues of an account."""
    account = Account(id="1", access=access or Access(), terms=terms or Terms(accepted="1", current="1"))
    return account_issues(account, title="Minh\nAnh", phone="1900 *666*", language="en")


def of_server(
    starts: float | None = None, ends: float | None = None, *, in_maintenance: bool | None
) -> dict[str, Issue]:
    """Return the issues of a server whose maintenance starts and ends in so many hours."""
    maintenance = None
    if starts is not None:
        end = None if ends is None else NOW + timedelta(hours=ends)
        maintenance = Maintenance(starts_at=NOW + timedelta(hours=starts), ends_at=end)
    return maintenance_issues(maintenance, in_maintenance=in_maintenance, server=SERVER, now=NOW, language="vi")


@pytest.mark.parametrize(
    ("access", "terms", "wanted"),
    [
        (Access(), Terms(), {}),
        (Access(), Terms(accepted="2", current="2", required=True), {}),
        (Access(status="watched"), Terms(), {}),  # of a newer server
        (Access(), OPEN, {"terms_2_False": ir.IssueSeverity.WARNING}),
        (Access(), REQUIRED, {"terms_2_True": ir.IssueSeverity.ERROR}),
        (Access(status="suspended"), Terms(), {"account_suspended": ir.IssueSeverity.ERROR}),
        (Access(status="terminated"), REQUIRED, {"account_terminated": ir.IssueSeverity.ERROR}),
    ],
)
def test_issues_of_an_account(access: Access, terms: Terms, wanted: dict[str, ir.IssueSeverity]) -> None:
    """A blocked account need not read terms."""
    found = of_account(access, terms)
    assert {key: issue.severity for key, issue in found.items()} == wanted
    assert [issue.is_fixable for issue in found.values()] == [key.startswith("terms") for key in wanted]


def test_a_block_says_why_and_until_when() -> None:
    """On one line, not too long, and without Markdown from the server."""
    (issue,) = of_account(Access(status="suspended", reason="Nợ **phí**\n" + "x" * 500, until=FOR_EVER)).values()
    reason = issue.placeholders["reason"]
    assert reason.startswith(r"Nợ \*\*phí\*\* xxx")
    assert len(reason) < 220
    assert issue.placeholders == {
        "account": "Minh Anh",
        "reason": reason,
        "until": "December 31, 9999 at 11:59 PM",
        "phone": r"1900 \*666\*",
    }
    assert issue.translation_key == "account_suspended"


@pytest.mark.parametrize(
    ("access", "text"),
    [
        (Access(status="suspended", reason="Nợ phí"), "account_suspended_indefinite"),
        (Access(status="suspended", until=FOR_EVER), "account_suspended_unexplained"),
        (Access(status="suspended", reason=" \u202e"), "account_suspended_unexplained_indefinite"),
        (Access(status="terminated", reason="Nợ phí"), "account_terminated"),
        (Access(status="terminated", until=FOR_EVER), "account_terminated_unexplained"),
    ],
)
def test_a_block_has_another_text_for_what_the_server_does_not_say(access: Access, text: str) -> None:
    """And not a hole in it."""
    (issue,) = of_account(access).values()
    assert issue.translation_key == text


def test_a_reason_that_repeats_a_secret_is_shown_without_it() -> None:
    """Such as the token, or the phone number of the account."""
    account = Account(id="1", access=Access(status="suspended", reason="token abc-123 of +84912345678"))
    secrets = ("abc-123", None, "+84 912 345 678")
    (issue,) = account_issues(account, title="A", phone="1", language="en", secrets=secrets).values()
    assert issue.placeholders["reason"] == "token … of …"


def test_terms_carry_what_the_flow_shows() -> None:
    """It may be opened while the entry is not set up."""
    (issue,) = of_account(terms=OPEN).values()
    assert issue.data == {"version": "2", "url": "https://cloud.example/terms", "required": False}


@pytest.mark.parametrize(
    ("starts", "ends", "in_maintenance", "wanted"),
    [
        (None, None, None, {}),
        (None, None, False, {}),
        (None, None, True, {"maintenance": ""}),
        (1, 2, False, {"planned": "07:00"}),
        (1, None, None, {"planned": ""}),
        # Other maintenance comes before it.
        (1, 2, True, {"maintenance": "", "planned": "07:00"}),
        # It has begun: the server's responses say whether it goes on.
        (-1, 2, True, {"maintenance": "07:00"}),
        (-1, None, True, {"maintenance": ""}),
        (0, 2, False, {"planned": "07:00"}),
        (0, 2, None, {"planned": "07:00"}),
        (0, None, False, {}),
        (-2, -1, False, {}),
        (-2, 0, None, {}),
    ],
)
def test_issues_of_a_server(
    starts: float | None, ends: float | None, in_maintenance: bool | None, wanted: dict[str, str]
) -> None:
    """Their text names the server and no account."""
    found = of_server(starts, ends, in_maintenance=in_maintenance)
    assert {key: issue.placeholders["until"].removesuffix(" ngày 20/11/2026") for key, issue in found.items()} == wanted
    for issue in found.values():
        assert issue.translation_key.endswith("_indefinite") is not bool(issue.placeholders["until"])
        assert issue.placeholders["server"] == SERVER
        assert issue.placeholders.keys() <= {"server", "begin", "until"}
        assert not issue.is_fixable
