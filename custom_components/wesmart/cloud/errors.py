"""What can go wrong with the cloud: one exception for each thing a caller can do something about.

None of them holds an aiohttp error, a header or a URL with a query: what they carry may be logged.
"""

from datetime import datetime
from typing import override

import msgspec

# What decoding raises: msgspec's own errors, text that is not UTF-8, and nesting deeper than the interpreter's stack.
DECODE_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class WeSmartError(Exception):
    """Anything the cloud, the way to it, or the account did not allow."""


class CloudConnectionError(WeSmartError):
    """No answer: the host was not found, refused, broke off, or TLS failed. Trying again may help."""


class CloudTimeoutError(CloudConnectionError):
    """No answer in time."""


class CommandTimeoutError(CloudTimeoutError):
    """No answer in time to a command, which may have been done all the same."""


class GivenUpError(CloudConnectionError):
    """The client was closed before there was an answer; what was asked may have been done all the same."""


class StreamClosedError(CloudConnectionError):
    """The event stream was closed; `code` is the WebSocket's close code, None where it only broke off."""

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class CloudFaultError(CloudConnectionError):
    """The cloud had a fault of its own: an answer that says nothing about what was done. Trying again may help."""


class UnexpectedAnswerError(WeSmartError):
    """An answer that is not of the contract, a redirect included."""


class InvalidServerError(WeSmartError):
    """What was entered is not the address of a server."""


class PlainServerError(InvalidServerError):
    """The server was entered with plain http, which is for loopback and private addresses only."""


class UnsupportedServerError(UnexpectedAnswerError):
    """The server answers, but does not offer version 1 of the contract."""


class UnsafeServerError(UnexpectedAnswerError):
    """The server's discovery document names hosts that it may not name (contract, Discovery)."""


class InvalidCredentialsError(WeSmartError):
    """The cloud does not accept this user name with this password."""


class SessionEndedError(WeSmartError):
    """The session is over: only a new login helps."""


class UnauthorizedError(WeSmartError):
    """The access token was not accepted; the session may still be good."""


class BusyError(WeSmartError):
    """Nothing was done; come again later.

    `retry_after` is in seconds, None where the cloud did not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class MaintenanceError(BusyError):
    """The cloud is being maintained; `ends_at` is for people, None when not known."""

    def __init__(self, message: str, *, retry_after: float | None = None, ends_at: datetime | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.ends_at = ends_at


class RateLimitedError(BusyError):
    """Too many requests."""


class AccountBlockedError(WeSmartError):
    """The vendor has suspended or terminated the account (clauses 3.2 and 3.4 of the terms)."""

    def __init__(
        self, message: str, *, terminated: bool, reason: str | None = None, until: datetime | None = None
    ) -> None:
        super().__init__(message)
        self.terminated = terminated
        self.reason = reason
        self.until = until


class TermsNotAcceptedError(WeSmartError):
    """The account has to accept the terms first; `version` and `url` where the cloud named them."""

    def __init__(self, message: str, *, version: str | None = None, url: str | None = None) -> None:
        super().__init__(message)
        self.version = version
        self.url = url


class NotFoundError(WeSmartError):
    """The cloud does not know what the request was about."""


class InvalidRequestError(WeSmartError):
    """The cloud found the request itself wrong; `details` says where, a sentence each."""

    def __init__(self, message: str, *, details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.details = details

    @override
    def __str__(self) -> str:
        return "; ".join((super().__str__(), *self.details))


class CommandRejectedError(WeSmartError):
    """The cloud or the device refused one command; `problem` is the name of the contract's problem type.

    `superseded` stands for no problem: the cloud holds that it was told something newer, whatever the order.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(f"command rejected: {problem}")
        self.problem = problem
