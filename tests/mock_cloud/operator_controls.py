"""Controls of the mock cloud: what those who run it do. Mixed into `MockCloud`."""

from copy import deepcopy
import datetime as dt

from tests.mock_cloud.behavior import Behavior
from tests.mock_cloud.core import Core
from tests.mock_cloud.faults import MaintenanceFault, RateLimit
from tests.mock_cloud.model import Account, Block, BlockKind, Maintenance, Update, World
from tests.mock_cloud.server import Server
from tests.mock_cloud.stream import BLOCKED, BUSY, RESTARTING, SESSION_ENDED
from tests.mock_cloud.support import Support

# Unix time, or a date with its zone.
type Moment = float | dt.datetime


class OperatorControls:
    """Updates, accounts, terms, maintenance, tickets, restarts and backups."""

    _core: Core
    _behavior: Behavior
    _support: Support
    _server: Server

    def offer_update(self, device_id: str, version: str, notes: str | None = None) -> None:
        """Offer newer firmware for a device."""
        device = self._core.world.device(device_id)
        device.updatable, device.update = True, Update(version=version, notes=notes)
        self._core.publish_device(device)

    def fail_update(self, device_id: str) -> None:
        """Let the update of a device fail while it is being installed."""
        self._behavior.fail_update(self._core.world.device(device_id))

    def suspend(self, account: str, reason: str | None = None, until: Moment | None = None) -> None:
        """Block an account for a time."""
        self._block(account, "suspended", reason, until)

    def terminate(self, account: str, reason: str | None = None) -> None:
        """Block an account for good."""
        self._block(account, "terminated", reason, None)

    def unblock(self, account: str) -> None:
        """Restore the access of an account."""
        blocked = self._account(account)
        blocked.block = None
        self._core.publish_account(blocked.id)

    def change_terms(self, version: str, *, required: bool = True) -> None:
        """Publish new terms; `required` refuses accounts that have not accepted them."""
        self._core.world.terms_version, self._core.world.terms_required = version, required
        for account in self._core.world.accounts:
            self._core.publish_account(account.id)
            if required and account.terms_accepted != version:
                self._close_streams(BLOCKED, account.id)

    def sign_out(self, account: str) -> None:
        """End all sessions of an account."""
        signed_out = self._account(account)
        for session in self._core.sessions.live(signed_out.id):
            self._core.sessions.revoke(session)
        self._core.publish_account(signed_out.id)
        self._close_streams(SESSION_ENDED, signed_out.id)

    def expire_tokens(self, account: str) -> None:
        """Let the access tokens of an account expire now; its refresh tokens and streams go on."""
        for session in self._core.sessions.live(self._account(account).id):
            session.access = dict.fromkeys(session.access, self._core.clock())
        self._core.on_change()

    def announce_maintenance(self, starts_at: Moment | None, ends_at: Moment | None) -> None:
        """Tell every account of planned maintenance, instead of an earlier plan; None twice calls it off."""
        self._core.world.maintenance = None
        if starts_at is not None or ends_at is not None:
            self._core.world.maintenance = Maintenance(
                starts_at=self._core.clock() if starts_at is None else _unix_time(starts_at),
                ends_at=None if ends_at is None else _unix_time(ends_at),
            )
        for account in self._core.world.accounts:
            self._core.publish_account(account.id)

    def call_off_maintenance(self) -> None:
        """Tell every account that no maintenance is planned."""
        self.announce_maintenance(None, None)

    def maintenance(
        self, ends_at: Moment | None = None, retry_after: float = 30, *, push_survives: bool = False
    ) -> None:
        """Refuse everything with 503, until `end_maintenance`, and end the streams unless `push_survives`.

        Accounts are told of it beforehand if `ends_at` is given or `push_survives`.
        """
        if ends_at is not None or push_survives:
            self.announce_maintenance(self._core.clock(), ends_at)
        self._server.faults.maintenance = MaintenanceFault(retry_after=retry_after)
        if not push_survives:
            self._close_streams(BUSY)

    def end_maintenance(self) -> None:
        """End the maintenance, with the plan that accounts were told of unless it is still to come."""
        self._server.faults.maintenance = None
        told = self._core.world.maintenance
        if told is not None and told.starts_at <= self._core.clock():
            self.call_off_maintenance()

    def rate_limit(self, seconds: float, count: int = 1, path: str | None = None) -> None:
        """Refuse the next `count` requests (to `path`, such as /v1/commands) with 429 and a wait of `seconds`."""
        self._server.faults.rate_limits.append(RateLimit(retry_after=seconds, count=count, path=path))

    def forgive(self) -> None:
        """End every `rate_limit`."""
        self._server.faults.rate_limits.clear()

    def answer_ticket(self, ticket_id: str, reply: str) -> None:
        """Answer a ticket."""
        self._support.answer(ticket_id, reply)

    def close_ticket(self, ticket_id: str) -> None:
        """Close a ticket."""
        self._support.close(ticket_id)

    def move(self, prefix: str) -> None:
        """Move all endpoints under a prefix such as /2027; streams stay open."""
        self._server.prefix = prefix

    # Restarts and backups

    def forget_history(self) -> None:
        """Forget the events so far but keep the numbering: a stream that missed one is not resumed."""
        for ledger in self._core.ledgers.values():
            ledger.forget()

    def new_epoch(self) -> None:
        """Start a new epoch, as after a crash, and close the streams."""
        self._core.new_epoch()
        self._server.faults.held.clear()
        self._close_streams(RESTARTING, quiet=True)

    def back_up(self) -> World:
        """Return a copy of the world as it is now."""
        return deepcopy(self._core.world)

    def restore(self, backup: World) -> None:
        """Restart with the world of a backup; sessions and tickets are not part of it."""
        for device in self._core.world.devices():
            self._behavior.interrupt(device, *device.endpoints)
        self._core.world = deepcopy(backup)
        self.new_epoch()
        for device in self._core.world.devices():
            self._behavior.rest(device)

    def _account(self, key: str) -> Account:
        return self._core.world.account(key)

    def _block(self, account: str, kind: BlockKind, reason: str | None, until: Moment | None) -> None:
        blocked = self._account(account)
        blocked.block = Block(kind=kind, reason=reason, until=None if until is None else _unix_time(until))
        self._core.publish_account(blocked.id)
        self._close_streams(BLOCKED, blocked.id)

    def _close_streams(self, code: int, account_id: str | None = None, *, quiet: bool = False) -> None:
        for stream in self._server.streams:
            if account_id in {None, stream.session.account_id}:
                stream.close(code, quiet=quiet or not self._core.freedoms.tells_before_closing())


def _unix_time(moment: Moment) -> float:
    if not isinstance(moment, dt.datetime):
        return moment
    if moment.tzinfo is None:
        raise ValueError("a date needs a zone")
    return moment.timestamp()
