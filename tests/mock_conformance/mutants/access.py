"""Mutants of problems, conventions and the account."""

from collections.abc import Callable
from dataclasses import replace

from aiohttp import web
import pytest

from tests.mock_cloud import access, commands, problems
from tests.mock_cloud.access import Access
from tests.mock_cloud.commands import Commands
from tests.mock_cloud.core import Core
from tests.mock_cloud.freedoms import Freedoms
from tests.mock_cloud.model import Account, Block, Device
from tests.mock_cloud.problems import ProblemError
from tests.mock_cloud.server import Response, Server
from tests.mock_cloud.sessions import Session
from tests.mock_cloud.wire import InvalidDocumentError, Json, JsonObject, as_integer, rfc3339
from tests.mock_conformance.mutants.mutant import around, breaks

type Respond = Callable[[Server, web.Request, bytes, bool], Response]
type Run = Callable[[Commands, Session, Account, JsonObject], JsonObject]

KNOWN_PATHS = ("/account", "/account/terms", "/snapshot", "/events", "/commands", "/feedback", "/dealers")


def _without_header(patch: pytest.MonkeyPatch, name: str) -> None:
    """Leave a header out of problems."""

    def problem(original: Callable[[Server, ProblemError], Response], self: Server, error: ProblemError) -> Response:
        answer = original(self, error)
        return replace(answer, headers={key: value for key, value in answer.headers.items() if key != name})

    around(patch, Server, "_problem", problem)


@breaks("C-3")
def _a_401_has_no_challenge(patch: pytest.MonkeyPatch) -> None:
    _without_header(patch, "WWW-Authenticate")


@breaks("C-4")
def _ids_are_compared_without_case(patch: pytest.MonkeyPatch) -> None:
    def device(
        original: Callable[[Commands, Account, str], Device], self: Commands, account: Account, device_id: str
    ) -> Device:
        return original(self, account, device_id.casefold())

    around(patch, Commands, "_device", device)


@breaks("C-5")
def _an_order_must_not_be_a_float(patch: pytest.MonkeyPatch) -> None:
    def strict(value: Json, pointer: str, least: int) -> int:
        if isinstance(value, float):
            raise InvalidDocumentError(pointer, "must be an integer")
        return as_integer(value, pointer, least)

    patch.setattr(commands, "as_integer", strict)


@breaks("C-6")
def _timestamps_are_of_vietnam(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Freedoms, "timestamp", lambda self, moment: rfc3339(moment + 7 * 3600).replace("Z", "+07:00"))


@breaks("C-7")
def _a_content_type_has_no_parameters(patch: pytest.MonkeyPatch) -> None:
    def respond(original: Respond, self: Server, request: web.Request, body: bytes, too_large: bool) -> Response:
        if ";" in request.headers.get("Content-Type", ""):
            raise ProblemError("unsupported-media-type", "the body must be application/json")
        return original(self, request, body, too_large)

    around(patch, Server, "_respond", respond)


@breaks("C-10")
def _unknown_members_are_refused(patch: pytest.MonkeyPatch) -> None:
    def run(original: Run, self: Commands, session: Session, account: Account, body: JsonObject) -> JsonObject:
        if unknown := set(body) - {"run", "order", "commands"}:
            raise InvalidDocumentError("", f"unknown members {sorted(unknown)}")
        return original(self, session, account, body)

    around(patch, Commands, "run", run)


@breaks("C-11")
def _a_model_is_a_number(patch: pytest.MonkeyPatch) -> None:
    def document(original: Callable[[Device], JsonObject], self: Device) -> JsonObject:
        return {**original(self), "model": 5}

    around(patch, Device, "document", document)


@breaks("C-22")
def _an_unknown_path_is_said_to_strangers(patch: pytest.MonkeyPatch) -> None:
    def respond(original: Respond, self: Server, request: web.Request, body: bytes, too_large: bool) -> Response:
        if request.path.startswith("/v1/") and request.path.removeprefix("/v1") not in KNOWN_PATHS:
            raise ProblemError("not-found", "there is nothing at this path")
        return original(self, request, body, too_large)

    around(patch, Server, "_respond", respond)


@breaks("C-22")
def _open_terms_come_before_a_block(patch: pytest.MonkeyPatch) -> None:
    def refuse(original: Callable[[Access, Account], None], self: Access, account: Account) -> None:
        world = self._core.world
        if world.terms_required and account.terms_accepted != world.terms_version:
            raise ProblemError("terms-not-accepted", "GET /account says which terms")
        original(self, account)

    around(patch, Access, "_refuse_blocked", refuse)


@breaks("C-22")
def _a_405_has_a_type_of_its_own(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(problems, "_PLAIN", set())


@breaks("C-23")
def _nobody_says_when_to_come_again(patch: pytest.MonkeyPatch) -> None:
    _without_header(patch, "Retry-After")


@breaks("C-23")
def _the_good_half_of_a_bad_request_is_done(patch: pytest.MonkeyPatch) -> None:
    def run(original: Run, self: Commands, session: Session, account: Account, body: JsonObject) -> JsonObject:
        try:
            return original(self, session, account, body)
        except InvalidDocumentError:
            sent = body.get("commands")
            for command in sent if isinstance(sent, list) else []:
                if isinstance(command, dict):
                    self._apply(account, command)
            raise

    around(patch, Commands, "run", run)


def _access(patch: pytest.MonkeyPatch, **members: Json) -> None:
    """Change members of `access`."""

    def document(original: Callable[[Access, Account], JsonObject], self: Access, account: Account) -> JsonObject:
        found = original(self, account)
        shown = found["access"]
        assert isinstance(shown, dict)
        return {**found, "access": {**shown, **members}}

    around(patch, Access, "document", document)


@breaks("C-24")
def _the_account_does_not_say_why(patch: pytest.MonkeyPatch) -> None:
    _access(patch, reason=None)


@breaks("C-26")
def _a_blocked_account_cannot_be_read(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(access, "ALWAYS_OPEN", set())


@breaks("C-27")
def _a_suspension_does_not_end(patch: pytest.MonkeyPatch) -> None:
    def block(self: Access, account: Account) -> Block | None:
        return account.block

    patch.setattr(Access, "_block", block)


@breaks("C-27")
def _a_suspension_has_no_end(patch: pytest.MonkeyPatch) -> None:
    _access(patch, until=None)


@breaks("C-28")
def _all_new_terms_block(patch: pytest.MonkeyPatch) -> None:
    def refuse(original: Callable[[Access, Account], None], self: Access, account: Account) -> None:
        original(self, account)
        if account.terms_accepted != self._core.world.terms_version:
            raise ProblemError("terms-not-accepted", "GET /account says which terms")

    around(patch, Access, "_refuse_blocked", refuse)


@breaks("C-28")
def _no_new_terms_block(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Access, "_refuse_blocked", lambda self, account: None)


@breaks("C-29")
def _maintenance_that_is_over_is_told(patch: pytest.MonkeyPatch) -> None:
    def maintenance(self: Access) -> Json:
        told = self._core.world.maintenance
        if told is None:
            return None
        return {"starts_at": self._timestamp(told.starts_at), "ends_at": self._timestamp(told.ends_at)}

    patch.setattr(Access, "_maintenance", maintenance)


@breaks("C-30")
def _nothing_tells_that_the_account_changed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Core, "publish_account", lambda self, account_id: None)
