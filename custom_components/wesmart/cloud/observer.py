"""What a live home tells whoever runs it, and what it asks them."""

from datetime import datetime

from .errors import WeSmartError
from .models import Account, EndpointKey, Ticket
from .replica import Changes


class HomeObserver:
    """Everything may be left as it is: then nobody is told, and the home does as it sees fit."""

    def changed(self, changes: Changes) -> None:
        """Show this anew."""

    def presence_changed(self, lost: WeSmartError | None) -> None:
        """Hear why the cloud was lost, and with None that it is back, and all it has said since is shown."""

    def pressed(self, key: EndpointKey, press: str) -> None:
        """Hear of a press of a button, once."""

    def ticket_changed(self, ticket: Ticket) -> None:
        """Hear that a ticket is new, answered or closed, once for each of these."""

    def tickets_told(self, told: dict[str, str]) -> None:
        """Keep this, to be handed to `LiveHome.recall` at the next start."""

    def refused(self, err: WeSmartError | None) -> None:
        """Hear that the cloud does not show the homes, at each such answer, and with None that it does again.

        It is an AccountBlockedError, a TermsNotAcceptedError or a MaintenanceError.
        """

    def account_read(self, account: Account) -> None:
        """Take the account, which may have changed; it may be told again."""

    def maintenance_planned(self, starts_at: datetime | None, ends_at: datetime | None) -> None:
        """Hear when maintenance is planned, with two times None that it was called off; it may be told again."""

    def wants_home(self, home_id: str) -> bool:
        """Return whether a home is to be held; others cost nothing but their part of a snapshot."""
        return True

    async def take_turn(self) -> bool:
        """Ask for something else when it is time for a poll; return whether that was done."""
        return False
