"""Feedback on its way: filed once, also where its user sends it again because there was no answer."""

import asyncio
from dataclasses import dataclass, field
import uuid

from msgspec.structs import replace

from .client import WeSmartClient
from .errors import CloudConnectionError, InvalidRequestError, UnexpectedAnswerError, WeSmartError
from .feedback import Feedback
from .models import Ticket
from .patience import DEADLINE_S, insist

# Contract, section "Support": for so long the cloud knows an Idempotency-Key. It has to arrive within it.
_KEY_S = 24 * 3600 - DEADLINE_S
# Each may have diagnostics with it; nobody has more to say at a time.
_MOST_LETTERS = 20

# What its user has said, and whether diagnostics go along: those are other ones in every minute.
type _Said = tuple[Feedback, bool]


@dataclass(slots=True, eq=False)
class _Letter:
    """Feedback as it leaves, however often."""

    feedback: Feedback
    written_at: float
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    # Whether it left and nobody knows whether it arrived.
    in_doubt: bool = False


class SupportDesk:
    """Sends an account's feedback, and remembers for a day what got no answer.

    Whoever sends the same again sends that letter again, as it was, under the key that it had: another body under the
    key would be refused, and another key would file it twice.
    """

    def __init__(self) -> None:
        self._letters: dict[_Said, _Letter] = {}

    def as_sent(self, feedback: Feedback) -> Feedback:
        """Return what leaves when this is sent."""
        return self._letter(feedback).feedback

    async def send(self, client: WeSmartClient, feedback: Feedback) -> Ticket:
        """File feedback and return its ticket; asks as `insist` does, and raises what that raises."""
        letter = self._letter(feedback)
        # Also for whoever is impatient and sends it again meanwhile.
        self._remember(letter)

        async def post() -> Ticket:
            try:
                return await client.send_feedback(letter.feedback, idempotency_key=letter.key)
            except CloudConnectionError, UnexpectedAnswerError, asyncio.CancelledError:
                letter.in_doubt = True
                self._remember(letter)
                raise

        try:
            ticket = await insist(post)
        except WeSmartError as err:
            # Any other refusal of a letter that may have arrived before says nothing of that.
            if isinstance(err, InvalidRequestError) or not letter.in_doubt:
                self._forget(letter)
            raise
        self._forget(letter)
        return ticket

    def _letter(self, feedback: Feedback) -> _Letter:
        now = asyncio.get_running_loop().time()
        self._letters = {said: letter for said, letter in self._letters.items() if now < letter.written_at + _KEY_S}
        return self._letters.get(_said(feedback)) or _Letter(feedback, now)

    def _remember(self, letter: _Letter) -> None:
        self._letters[_said(letter.feedback)] = letter
        if len(self._letters) > _MOST_LETTERS:
            del self._letters[next(iter(self._letters))]

    def _forget(self, letter: _Letter) -> None:
        self._letters.pop(_said(letter.feedback), None)


def _said(feedback: Feedback) -> _Said:
    return replace(feedback, diagnostics=None), feedback.diagnostics is not None
