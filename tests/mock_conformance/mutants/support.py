"""Mutants of tickets and dealers."""

from collections.abc import Callable
import uuid

import pytest

from tests.mock_cloud import support
from tests.mock_cloud.model import Account
from tests.mock_cloud.support import Support, Ticket
from tests.mock_cloud.wire import Json, JsonObject
from tests.mock_conformance.mutants.mutant import around, breaks


def _file_as(patch: pytest.MonkeyPatch, change: Callable[[Support, Account, str], tuple[Account, str]]) -> None:
    """File feedback as another account, or under another key."""

    def send(
        original: Callable[[Support, Account, str, JsonObject], Ticket],
        self: Support,
        account: Account,
        key: str,
        body: JsonObject,
    ) -> Ticket:
        return original(self, *change(self, account, key), body)

    around(patch, Support, "send", send)


@breaks("C-60")
def _a_key_is_ignored(patch: pytest.MonkeyPatch) -> None:
    _file_as(patch, lambda _support, account, _key: (account, str(uuid.uuid4())))


@breaks("C-60")
def _a_key_is_good_for_an_hour(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(support, "IDEMPOTENCY_S", 3600)


@breaks("C-60")
def _all_accounts_share_their_keys(patch: pytest.MonkeyPatch) -> None:
    _file_as(patch, lambda support, _account, key: (support._core.world.accounts[0], key))


@breaks("C-60")
def _white_space_is_a_message(patch: pytest.MonkeyPatch) -> None:
    def as_text(original: Callable[..., str], value: Json, pointer: str, most: int | None = None) -> str:
        return value if isinstance(value, str) and not value.strip() else original(value, pointer, most)

    around(patch, support, "as_text", as_text)


@breaks("C-60")
def _diagnostics_have_any_size(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(support, "MAX_DIAGNOSTICS", 1024 * 1024)


@breaks("C-61")
def _provinces_are_compared_letter_by_letter(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(support, "province_key", lambda name: name)


@breaks("C-61")
def _an_unknown_province_has_all_dealers(patch: pytest.MonkeyPatch) -> None:
    around(patch, Support, "dealers", lambda original, self, province: original(self, province) or original(self, None))
