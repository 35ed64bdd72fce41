"""Which servers have asked to be left alone, and until when: one memory for all accounts and tasks that use them.

Home Assistant tries a set-up again sooner than a `Retry-After` of an hour, and two accounts know nothing of each other;
whoever comes too early gets the answer that the server would give, without asking it.
"""

import asyncio

import msgspec
from yarl import URL

from .problems import MAX_RETRY_AFTER_S, Answer, is_maintenance

type _Server = tuple[str | None, int | None]
# Of a server, and of what there: everything, a path, or a path for one account.
type _Scope = tuple[_Server, str | None, str | None]


class HoldOffs:
    """Refusals that still stand; times are on the loop's clock, which no change of the wall clock moves."""

    def __init__(self) -> None:
        self._standing: dict[_Scope, tuple[float, Answer]] = {}

    def refusal(self, url: URL, account: str | None = None) -> Answer | None:
        """Return the answer that a request of an account to `url` must take for its own, with the seconds left of it."""
        now = asyncio.get_running_loop().time()
        longest: tuple[float, Answer] | None = None
        server = _server(url)
        for key in ((server, None, None), (server, url.path, None), (server, url.path, account)):
            if (standing := self._standing.get(key)) is None:
                continue
            if standing[0] <= now:
                del self._standing[key]
            elif longest is None or standing[0] > longest[0]:
                longest = standing
        return longest and msgspec.structs.replace(longest[1], retry_after=longest[0] - now)

    def note(self, url: URL, answer: Answer, account: str | None = None, *, handshake: bool = False) -> None:
        """Remember an answer that asks to come later.

        Maintenance is of the whole server, unless a handshake was refused: what pushes may be down by itself. Any other
        503 is about the path, for all accounts: what one is refused the other need not try. A limit that an account has
        reached is its own: whoever is in the same house must not have to wait for it.
        """
        if answer.status not in (429, 503) or not answer.retry_after:
            return
        until = asyncio.get_running_loop().time() + min(answer.retry_after, MAX_RETRY_AFTER_S)
        path = None if is_maintenance(answer) and not handshake else url.path
        self._standing[_server(url), path, account if answer.status == 429 else None] = (until, answer)


def _server(url: URL) -> _Server:
    # http and ws have one default port, and so have https and wss: a stream belongs to the server of its requests.
    return url.host, url.port
