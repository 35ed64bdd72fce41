"""Which tickets are news, and that each is told once."""

from collections.abc import Sequence
import datetime as dt

import pytest

from custom_components.wesmart.cloud.errors import MaintenanceError, SessionEndedError, WeSmartError
from custom_components.wesmart.cloud.models import Ticket
from custom_components.wesmart.cloud.tickets import TicketNews

NOON = dt.datetime(2026, 11, 20, 5, 0, tzinfo=dt.UTC)


def ticket(id_: str, status: str = "answered", reply: str | None = "Vâng.", minutes: float | None = 1) -> Ticket:
    """Return a ticket of an hour before noon that was answered some minutes after it, or was not."""
    at = None if minutes is None else NOON + dt.timedelta(minutes=minutes)
    created_at = NOON - dt.timedelta(hours=1)
    return Ticket(
        id=id_, category="security", message="", status=status, created_at=created_at, reply=reply, replied_at=at
    )


class Desk:
    """The list in the cloud, and what was told of it."""

    def __init__(self) -> None:
        self.listed: Sequence[Ticket] = ()
        self.error: WeSmartError | None = None
        self.asked = 0
        self.told: list[tuple[str, str]] = []
        self.news = TicketNews(self._fetch, lambda ticket: self.told.append((ticket.id, ticket.status)))

    async def _fetch(self) -> Sequence[Ticket]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.listed


@pytest.fixture
def desk() -> Desk:
    """Return one that began at noon."""
    desk = Desk()
    desk.news.begin(NOON)
    return desk


async def test_what_the_stream_says_is_told_whenever_it_happened(desk: Desk) -> None:
    """A letter is no press of a button."""
    desk.news.take(ticket("1", minutes=-30))
    assert desk.told == [("1", "answered")]


async def test_each_is_told_once(desk: Desk) -> None:
    """However often, and however, it is heard of."""
    for _ in range(2):
        desk.news.take(ticket("1"))
    desk.listed = [ticket("1")]
    desk.news.miss()
    await desk.news.catch_up()
    desk.news.take(ticket("1", "closed"))
    assert desk.told == [("1", "answered"), ("1", "closed")]


async def test_nobody_asks_where_nothing_was_missed(desk: Desk) -> None:
    """And not twice for the same."""
    await desk.news.catch_up()
    assert desk.asked == 0
    desk.news.miss()
    await desk.news.catch_up()
    await desk.news.catch_up()
    assert desk.asked == 1


async def test_what_was_missed_is_told_in_order_and_what_is_history_is_not(desk: Desk) -> None:
    """The list has the newest first, and everything of years."""
    desk.listed = [
        ticket("new", "open", None, None),
        ticket("later", minutes=2),
        ticket("earlier", minutes=1),
        ticket("history", minutes=-1),
    ]
    desk.news.miss()
    await desk.news.catch_up()
    assert desk.told == [("earlier", "answered"), ("later", "answered")]


async def test_a_ticket_that_was_told_of_is_told_of_again_when_it_is_closed_unseen(desk: Desk) -> None:
    """Closing has no time of its own."""
    desk.news.take(ticket("1", "open", None, None))
    desk.listed = [ticket("1", "closed", None, None)]
    desk.news.miss()
    await desk.news.catch_up()
    assert desk.told == [("1", "open"), ("1", "closed")]


async def test_only_the_first_stream_says_where_news_begins(desk: Desk) -> None:
    """A later one comes back after what was missed."""
    desk.news.begin(NOON + dt.timedelta(hours=1))
    desk.listed = [ticket("1")]
    desk.news.miss()
    await desk.news.catch_up()
    assert desk.told == [("1", "answered")]


async def test_without_the_clouds_time_a_list_says_nothing_new() -> None:
    """Rather none than all of years."""
    desk = Desk()
    desk.news.begin(None)
    desk.listed = [ticket("1")]
    desk.news.miss()
    await desk.news.catch_up()
    assert desk.told == []


async def test_a_list_that_cannot_be_read_is_read_later(desk: Desk) -> None:
    """It disturbs nobody meanwhile."""
    desk.listed = [ticket("1")]
    desk.error = MaintenanceError("503")
    desk.news.miss()
    await desk.news.catch_up()
    assert desk.told == []
    desk.error = None
    await desk.news.catch_up()
    assert desk.told == [("1", "answered")]


async def test_a_session_that_has_ended_is_said_so(desk: Desk) -> None:
    """Only a new login helps then."""
    desk.error = SessionEndedError("over")
    desk.news.miss()
    with pytest.raises(SessionEndedError):
        await desk.news.catch_up()


async def test_what_was_told_in_another_life_is_gone_on_from(desk: Desk) -> None:
    """The list says what has become of it meanwhile; what is closed is not awaited any more."""
    kept: list[dict[str, str]] = []
    before = TicketNews(desk._fetch, lambda _ticket: None, kept.append)
    for one in (ticket("1", "open", None, None), ticket("2", "answered"), ticket("3", "closed")):
        before.take(one)
    assert kept[-1].keys() == {"1", "2"}
    desk.news.recall(kept[-1])
    assert desk.news.pending
    desk.listed = [ticket("1", minutes=-5), ticket("2"), ticket("3", "closed", minutes=-5)]
    await desk.news.catch_up()
    assert desk.told == [("1", "answered")]


async def test_nobody_asks_where_nothing_is_awaited_from_another_life(desk: Desk) -> None:
    """An account that gives no feedback costs nothing more."""
    desk.news.recall({})
    await desk.news.catch_up()
    assert (desk.asked, desk.news.pending) == (0, False)


async def test_only_the_latest_tickets_are_remembered(desk: Desk) -> None:
    """Those without an end would be remembered for ever."""
    kept: list[dict[str, str]] = []
    news = TicketNews(desk._fetch, lambda _ticket: None, kept.append)
    for number in range(300):
        news.take(ticket(str(number)))
    assert len(kept[-1]) == 200
    assert "299" in kept[-1]
