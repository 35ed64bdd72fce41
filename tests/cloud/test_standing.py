"""What the stream hints of the account is asked about: at once, but not by everybody at the same moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
import logging
from typing import override

import pytest

from custom_components.wesmart.cloud import Session, Tokens, Transport, WeSmartClient
from custom_components.wesmart.cloud.errors import (
    AccountBlockedError,
    CloudTimeoutError,
    MaintenanceError,
    RateLimitedError,
    SessionEndedError,
    TermsNotAcceptedError,
    WeSmartError,
)
from custom_components.wesmart.cloud.models import Account
from custom_components.wesmart.cloud.observer import HomeObserver
from custom_components.wesmart.cloud.standing import Standing
from custom_components.wesmart.cloud.wire_events import AccountEvent
from tests.cloud.conftest import wall_clock
from tests.cloud.scripted import Reply, ScriptedServer, answer, reset

ACCOUNT = {"id": "a", "terms": {"accepted": "1", "current": "2", "url": "https://example.com/terms"}}


class Told(HomeObserver):
    """A standing that is kept, and what it has told."""

    def __init__(self, client: WeSmartClient, *, fails: bool = False) -> None:
        """Whoever is told may fail, once it was told."""
        self._fails = fails
        self.refusals: list[WeSmartError | None] = []
        self.accounts: list[tuple[float, Account]] = []
        self.plans: list[tuple[datetime | None, datetime | None]] = []
        self.doubts: list[float] = []
        loop = asyncio.get_running_loop()
        self.standing = Standing(client, self, on_doubt=lambda: self.doubts.append(loop.time()))

    @override
    def refused(self, err: WeSmartError | None) -> None:
        self.refusals.append(err)
        self._fail()

    @override
    def account_read(self, account: Account) -> None:
        self.accounts.append((asyncio.get_running_loop().time(), account))
        self._fail()

    @override
    def maintenance_planned(self, starts_at: datetime | None, ends_at: datetime | None) -> None:
        self.plans.append((starts_at, ends_at))
        self._fail()

    def hint(self, change: str, starts_at: datetime | None = None, ends_at: datetime | None = None) -> None:
        """Let the stream say something."""
        self.standing.heed(AccountEvent(seq=1, change=change, starts_at=starts_at, ends_at=ends_at))

    def _fail(self) -> None:
        if self._fails:
            raise OverflowError("date value out of range")


@pytest.fixture
async def told(transport: Transport, scripted: ScriptedServer) -> AsyncIterator[Told]:
    """Return a standing whose account was read once."""
    scripted.replies(answer(200, ACCOUNT))
    tokens = Tokens(session_id="s", access_token="a", refresh_token="r", expires_at=wall_clock() + 10**6)
    told = Told(WeSmartClient(Session(transport, scripted.endpoints(), tokens, clock=wall_clock)))
    running = asyncio.create_task(told.standing.run())
    await asyncio.sleep(1)
    yield told
    running.cancel()
    with suppress(asyncio.CancelledError, SessionEndedError):
        await running


async def test_the_account_is_read_at_the_beginning(told: Told, scripted: ScriptedServer) -> None:
    """Once, for its terms."""
    await asyncio.sleep(10_000)
    assert [request.path for request in scripted.requests] == ["/v1/account"]
    ((_, account),) = told.accounts
    assert (account.terms.accepted, account.terms.current) == ("1", "2")


@pytest.mark.parametrize("change", ["access", "session"])
async def test_what_one_account_was_told_is_asked_about_at_once(told: Told, change: str) -> None:
    """By asking for the homes: the account itself can be read in any state."""
    told.hint(change)
    assert told.doubts == [1]
    assert told.standing.doubted
    await asyncio.sleep(60)
    assert len(told.accounts) == 1


@pytest.mark.parametrize("change", ["terms", "maintenance"])
async def test_what_every_account_was_told_is_asked_about_within_two_seconds(told: Told, change: str) -> None:
    """Not by all in the same moment; and then for the homes."""
    told.hint(change)
    told.hint(change)
    assert told.doubts == []
    await asyncio.sleep(10)
    _, (at, _) = told.accounts
    assert 1 < at <= 3
    assert told.doubts == [pytest.approx(at, abs=0.1)]


@pytest.mark.parametrize("change", ["loyalty_points", ""])
async def test_a_hint_from_the_future_is_ignored(told: Told, scripted: ScriptedServer, change: str) -> None:
    """It costs no request."""
    told.hint(change)
    await asyncio.sleep(60)
    assert (told.doubts, len(scripted.requests)) == ([], 1)


async def test_planned_maintenance_is_told_with_its_moments(told: Told) -> None:
    """And with none when it was called off."""
    starts_at, ends_at = datetime(2026, 11, 21, 18, tzinfo=UTC), datetime(2026, 11, 21, 20, tzinfo=UTC)
    told.hint("maintenance", starts_at=starts_at, ends_at=ends_at)
    told.hint("maintenance")
    assert told.plans == [(starts_at, ends_at), (None, None)]


@pytest.mark.parametrize(
    ("reply", "within_s"),
    [(reset, 5), (answer(500), 5), (answer(429, {}, Retry_After="60"), 70), (answer(503, {}, Retry_After="60"), 70)],
)
async def test_an_account_that_could_not_be_read_is_read_later(
    told: Told, scripted: ScriptedServer, reply: Reply, within_s: float
) -> None:
    """When the cloud is back, and not before it wants to be asked; what was hinted at is asked meanwhile."""
    scripted.replies(reply, reply, answer(200, ACCOUNT))
    told.hint("terms")
    await asyncio.sleep(3)
    assert len(told.doubts) == 1
    await asyncio.sleep(2 * within_s)
    assert len(told.accounts) == 2


async def test_an_account_that_makes_no_sense_is_not_asked_for_again(told: Told, scripted: ScriptedServer) -> None:
    """Until there is a reason."""
    scripted.replies(answer(200, b"<html>"), answer(200, ACCOUNT))
    told.standing.outdate(read_now=True)
    told.standing.catch_up()
    await asyncio.sleep(3600)
    assert (len(scripted.requests), len(told.accounts)) == (2, 1)
    told.standing.outdate(read_now=True)
    told.standing.catch_up()
    await asyncio.sleep(1)
    assert len(told.accounts) == 2


async def test_a_session_that_is_over_ends_it(transport: Transport, scripted: ScriptedServer) -> None:
    """Only a new login helps."""
    scripted.replies(answer(401, {}), answer(400, {"error": "invalid_grant"}))
    tokens = Tokens(session_id="s", access_token="a", refresh_token="r", expires_at=wall_clock() + 10**6)
    told = Told(WeSmartClient(Session(transport, scripted.endpoints(), tokens, clock=wall_clock)))
    with pytest.raises(SessionEndedError):
        await told.standing.run()


@pytest.mark.parametrize(
    "refusal", [AccountBlockedError("", terminated=False), TermsNotAcceptedError(""), MaintenanceError("")]
)
async def test_a_refusal_stands_until_the_homes_are_shown_again(told: Told, refusal: WeSmartError) -> None:
    """Each word of it is told, since it may say something new; its end is told once."""
    waiting = asyncio.create_task(told.standing.until_admitted(0))
    await waiting
    assert told.standing.refuse(refusal)
    assert told.standing.refuse(refusal)
    waiting = asyncio.create_task(told.standing.until_admitted(0))
    await asyncio.sleep(1000)
    assert not told.standing.admitted
    assert not waiting.done()
    told.standing.admit()
    told.standing.admit()
    await waiting
    assert told.refusals == [refusal, refusal, None]


async def test_who_waits_goes_on_in_the_moment_in_which_a_refusal_ends(told: Told) -> None:
    """And otherwise as long as was said; an end from before does not count."""
    loop = asyncio.get_running_loop()
    told.standing.refuse(TermsNotAcceptedError(""))
    told.standing.admit()
    began = loop.time()
    await told.standing.until_admitted(300)
    assert loop.time() - began == 300
    waiting = asyncio.create_task(told.standing.until_admitted(300))
    await asyncio.sleep(100)
    told.standing.refuse(TermsNotAcceptedError(""))
    await asyncio.sleep(50)
    told.standing.admit()
    await asyncio.sleep(0.1)
    assert waiting.done()


async def test_a_warning_is_told_and_taken_back_but_refuses_nothing(told: Told) -> None:
    """Maintenance of REST alone, while push says how the homes are."""
    warning = MaintenanceError("")
    told.standing.warn(warning)
    assert told.standing.admitted
    told.standing.admit()
    told.standing.admit()
    assert told.refusals == [warning, None]


async def test_hints_that_may_have_been_missed_are_looked_for_once_an_hour(told: Told) -> None:
    """Or when somebody has push to tell of them."""
    for _ in range(120):
        told.standing.outdate(read_now=False)
        await asyncio.sleep(60)
    assert len(told.accounts) == 2
    told.standing.outdate(read_now=False)
    told.standing.catch_up()
    await asyncio.sleep(1)
    assert len(told.accounts) == 3


async def test_terms_that_were_refused_for_are_read_of_once_the_homes_are_shown(told: Told) -> None:
    """They were accepted elsewhere, and without push no hint would say so; of other reasons nothing stands there."""
    told.standing.refuse(MaintenanceError(""))
    told.standing.admit()
    await asyncio.sleep(60)
    assert len(told.accounts) == 1
    told.standing.refuse(TermsNotAcceptedError(""))
    told.standing.refuse(MaintenanceError(""))
    told.standing.admit()
    await asyncio.sleep(60)
    assert len(told.accounts) == 2
    told.standing.refuse(MaintenanceError(""))
    told.standing.admit()
    await asyncio.sleep(60)
    assert len(told.accounts) == 2


async def test_whoever_is_told_may_fail(
    transport: Transport, scripted: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the cloud has written for people to read, the home is followed; the log says what was wrong."""
    scripted.replies(answer(200, ACCOUNT), answer(200, ACCOUNT))
    tokens = Tokens(session_id="s", access_token="a", refresh_token="r", expires_at=wall_clock() + 10**6)
    client = WeSmartClient(Session(transport, scripted.endpoints(), tokens, clock=wall_clock))
    told = Told(client, fails=True)
    running = asyncio.create_task(told.standing.run())
    await asyncio.sleep(1)
    told.hint("maintenance")
    assert told.standing.refuse(MaintenanceError(""))
    told.standing.admit()
    await asyncio.sleep(10)
    assert (len(told.accounts), len(told.plans), len(told.refusals)) == (2, 1, 2)
    assert told.standing.admitted
    assert [record.levelno for record in caplog.records if record.levelno > logging.INFO] == [logging.ERROR] * 5
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("failure", [CloudTimeoutError(""), RateLimitedError(""), SessionEndedError("")])
async def test_other_failures_say_nothing_of_the_account(told: Told, failure: WeSmartError) -> None:
    """Whether it may see its homes is as unknown as before."""
    assert not told.standing.refuse(failure)
    assert told.standing.admitted
    assert told.refusals == []
