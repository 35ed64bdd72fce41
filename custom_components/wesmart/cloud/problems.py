"""What an answer that is not a success means (contract, section "Problems (REST)"). Pure."""

import logging
from typing import Never

import msgspec
from msgspec import Raw, Struct

from .errors import (
    DECODE_ERRORS,
    AccountBlockedError,
    CloudFaultError,
    InvalidRequestError,
    MaintenanceError,
    NotFoundError,
    RateLimitedError,
    TermsNotAcceptedError,
    UnauthorizedError,
    UnexpectedAnswerError,
)
from .lenient import LenientDecoder
from .models import Terms
from .timestamps import parse_timestamp

_LOGGER = logging.getLogger(__name__)

_PREFIX = "urn:wesmart:problem:"
# Nobody waits longer, whatever `Retry-After` says: a slip of the server (milliseconds, another year) must not cost an
# owner the home for days, and one request an hour costs no server anything.
MAX_RETRY_AFTER_S = 3600


class Answer(Struct, frozen=True, kw_only=True):
    """An answer over HTTP, read whole; `retry_after` is in seconds."""

    status: int
    content_type: str
    body: bytes
    retry_after: float | None = None


class _Detail(Struct):
    pointer: str = ""
    detail: str = ""


class _Problem(Struct):
    type: str = ""
    ends_at: str | None = None
    reason: str | None = None
    until: str | None = None
    terms: Raw = Raw(b"{}")
    errors: list[Raw] = []


_problem_decoder = LenientDecoder(msgspec.json.Decoder(_Problem), "problem")
_terms_decoder = LenientDecoder(msgspec.json.Decoder(Terms), "problem's terms")
_detail_decoder = LenientDecoder(msgspec.json.Decoder(_Detail), "problem's detail")
# What a status means where the body does not say it in words we know.
_BY_STATUS = {
    401: "unauthorized",
    404: "not-found",
    422: "invalid-request",
    429: "rate-limited",
    503: "maintenance",
}


def problem_name(type_: str) -> str:
    """Return the name of a problem type of the contract, without its prefix."""
    return type_.removeprefix(_PREFIX)


def raise_for_problem(answer: Answer, where: str) -> None:
    """Raise what an answer outside 2xx and 304 stands for; `where` is the method and path, for the message."""
    if 200 <= answer.status < 300 or answer.status == 304:
        return
    if 300 <= answer.status < 400:
        raise UnexpectedAnswerError(f"{where}: {answer.status}, a redirect, which is never followed")
    _raise(answer, where, _problem(answer))


def is_maintenance(answer: Answer) -> bool:
    """Return whether an answer says in the contract's words that the cloud is in maintenance, and not only a proxy."""
    return answer.status == 503 and problem_name(_problem(answer).type) == "maintenance"


def _problem(answer: Answer) -> _Problem:
    if answer.content_type.endswith("json"):
        return _sensible(_problem_decoder, answer.body) or _Problem()
    return _Problem()


def _sensible[T](decoder: LenientDecoder[T], raw: bytes | Raw) -> T | None:
    """Return what of an object makes sense; None where it is no object."""
    try:
        return decoder.decode(raw)
    except DECODE_ERRORS:
        _LOGGER.debug("A %s makes no sense", decoder.name)
        return None


def _raise(answer: Answer, where: str, problem: _Problem) -> Never:
    message = f"{where}: {answer.status}"
    retry_after = None if answer.retry_after is None else min(answer.retry_after, MAX_RETRY_AFTER_S)
    name = problem_name(problem.type)
    # The status decides what happened; the type says which of the things that share a status it was.
    match answer.status, name:
        case 403, "account-suspended" | "account-terminated":
            raise AccountBlockedError(
                f"{message} {name}",
                terminated=name == "account-terminated",
                reason=problem.reason,
                until=parse_timestamp(problem.until),
            )
        case 403, "terms-not-accepted":
            terms = _sensible(_terms_decoder, problem.terms) or Terms()
            raise TermsNotAcceptedError(f"{message} {name}", version=terms.current, url=terms.url)
    match _BY_STATUS.get(answer.status):
        case "maintenance":
            raise MaintenanceError(message, retry_after=retry_after, ends_at=parse_timestamp(problem.ends_at))
        case "rate-limited":
            raise RateLimitedError(message, retry_after=retry_after)
        case "unauthorized":
            raise UnauthorizedError(message)
        case "not-found":
            raise NotFoundError(message)
        case "invalid-request":
            errors = [error for raw in problem.errors if (error := _sensible(_detail_decoder, raw))]
            raise InvalidRequestError(message, details=tuple(f"{error.pointer}: {error.detail}" for error in errors))
    if 500 <= answer.status < 600:
        raise CloudFaultError(message)
    raise UnexpectedAnswerError(message)
