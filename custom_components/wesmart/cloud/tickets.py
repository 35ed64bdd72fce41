"""Which tickets are news: what the stream says of them, and what it did not say from their list."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
import logging

from .errors import SessionEndedError, WeSmartError
from .models import Ticket

_LOGGER = logging.getLogger(__name__)


# Nobody has more open at a time, and what was told of older ones is told at most once more.
_MOST_TOLD = 200


class TicketNews:
    """Tells of each ticket that is new, answered or closed, once for each of these.

    An answer is a letter and no press of a button: it is news however late it comes. The stream brings it, unless a
    snapshot has covered it, as polling does while push is down; then it is found in the list of tickets. What in that
    list is news, and what is history from before this client began, is told apart by the cloud's own time.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Sequence[Ticket]]],
        tell: Callable[[Ticket], None],
        keep: Callable[[dict[str, str]], None] = lambda _told: None,
    ) -> None:
        """`fetch` returns the list, `tell` gets the news, `keep` what is to be recalled in another life."""
        self._fetch = fetch
        self._tell = tell
        self._keep = keep
        self._since: datetime | None = None
        # Of each ticket that was told of and is not closed, what was told.
        self._told: dict[str, str] = {}
        self.missed = False

    @property
    def pending(self) -> bool:
        """Whether something may still become of what was told."""
        return bool(self._told)

    def recall(self, told: dict[str, str]) -> None:
        """Go on from another life: what has become of those tickets meanwhile is news."""
        self._told = told
        self.missed = self.pending

    def begin(self, at: datetime | None) -> None:
        """Take what happens from now on for news; `at` is the cloud's time. Only the first call counts."""
        if self._since is None:
            self._since = at

    def miss(self) -> None:
        """Something happened that the stream did not say: the list has to be read."""
        self.missed = True

    def take(self, ticket: Ticket) -> None:
        """Tell of a ticket as it is now, unless that was told already."""
        news = f"{ticket.status} {_changed_at(ticket).isoformat()}"
        if self._told.get(ticket.id) == news:
            return
        self._told[ticket.id] = news
        # Of tickets without an end only the latest are remembered.
        self._told = dict([*self._told.items()][-_MOST_TOLD:])
        self._keep({id_: told for id_, told in self._told.items() if not told.startswith("closed ")})
        self._tell(ticket)

    async def catch_up(self) -> None:
        """Tell of what was missed, if anything was, the oldest first.

        What stays unread stays missed. Raises SessionEndedError: nothing else may disturb who follows the home.
        """
        if not self.missed:
            return
        try:
            tickets = await self._fetch()
        except SessionEndedError:
            raise
        except WeSmartError as err:
            _LOGGER.debug("The tickets could not be read: %s", err)
            return
        self.missed = False
        news = [ticket for ticket in tickets if self._is_news(ticket)]
        for ticket in sorted(news, key=_changed_at):
            self.take(ticket)

    def _is_news(self, ticket: Ticket) -> bool:
        return ticket.id in self._told or (self._since is not None and _changed_at(ticket) > self._since)


def _changed_at(ticket: Ticket) -> datetime:
    return ticket.replied_at or ticket.created_at
