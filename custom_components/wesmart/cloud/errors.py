"""Errors of the client: one exception for each thing a caller can do something about.

None of them holds an aiohttp error, a header, or a URL with a query, because errors are logged.
"""

import msgspec

# What decoding raises: msgspec's own errors, text that is not UTF-8, and nesting deeper than the interpreter's stack.
DECODE_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class WeSmartError(Exception):
    """Base class of everything the client raises."""


class CloudConnectionError(WeSmartError):
    """The server did not respond: the host was not found, refused, hung up, or TLS failed. Retrying may help."""


class CloudTimeoutError(CloudConnectionError):
    """The server did not respond in time."""


class CommandTimeoutError(CloudTimeoutError):
    """No response to a command in time; it may have been carried out."""


class ClientClosedError(CloudConnectionError):
    """The client was closed before the response arrived; the request may have been carried out."""


class StreamClosedError(CloudConnectionError):
    """The event stream was closed; `code` is the WebSocket close code, None for a lost connection."""

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class ServerError(CloudConnectionError):
    """The server failed (5xx); whether the request was carried out is unknown. Retrying may help."""


class UnexpectedResponseError(WeSmartError):
    """The response does not fit the contract. Redirects are never followed and count as such."""


class InvalidServerError(WeSmartError):
    """The text is not the address of a server."""


class PlainServerError(InvalidServerError):
    """The address uses plain http, which is for loopback and private addresses only (C-15)."""


class UnsupportedServerError(UnexpectedResponseError):
    """The server does not offer version 1 of the contract."""


class UnsafeServerError(UnexpectedResponseError):
    """The server's discovery document names URLs that it may not name (C-14, C-15)."""


class InvalidCredentialsError(WeSmartError):
    """The server does not accept the username and password."""


class InvalidCodeError(InvalidCredentialsError):
    """The server does not accept the code of its login page: it was used, or expired, or belongs to another login."""


class SessionEndedError(WeSmartError):
    """The session is over; only a new login helps."""


class UnauthorizedError(WeSmartError):
    """The access token was refused; the session may still be valid."""


class BusyError(WeSmartError):
    """Nothing was done; try again after `retry_after` seconds, None when the server did not say."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class MaintenanceError(BusyError):
    """The server is under maintenance."""


class RateLimitedError(BusyError):
    """The account sent too many requests."""


class UnavailableError(BusyError):
    """A 503 that is not the contract's maintenance, such as one of a proxy."""


class AccessError(WeSmartError):
    """The account may not see its homes; `GET /account` says why."""


class AccountBlockedError(AccessError):
    """The vendor has suspended or terminated the account (clauses 3.2 and 3.4 of the terms)."""

    def __init__(self, message: str, *, terminated: bool) -> None:
        super().__init__(message)
        self.terminated = terminated


class TermsNotAcceptedError(AccessError):
    """The account must accept the current terms first."""


class NotFoundError(WeSmartError):
    """The server does not know the path or the thing it names."""


class InvalidRequestError(WeSmartError):
    """The server refused the request as invalid."""


class CommandRejectedError(WeSmartError):
    """The server or the device refused a command; `problem` is the name of the contract's problem type.

    "superseded" means that another client of the same session sent newer commands.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(f"command rejected: {problem[:80]!a}")
        self.problem = problem
