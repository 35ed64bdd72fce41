"""The contract's problems: RFC 9457 bodies with their status, and the token endpoint's RFC 6749 errors."""

from tests.mock_cloud.wire import Json, JsonObject

PREFIX = "urn:wesmart:problem:"
_PLAIN = {"method-not-allowed", "content-too-large", "unsupported-media-type"}

_STATUS = {
    "maintenance": (503, "In maintenance"),
    "rate-limited": (429, "Too many requests"),
    "unauthorized": (401, "No valid access token"),
    "account-suspended": (403, "The account is suspended"),
    "account-terminated": (403, "The account is terminated"),
    "terms-not-accepted": (403, "The current terms are not accepted"),
    "not-found": (404, "There is no such thing"),
    "invalid-request": (422, "The request breaks the contract"),
    # Plain HTTP errors, whose type is about:blank (RFC 9457 4.2.1).
    "method-not-allowed": (405, "Method Not Allowed"),
    "content-too-large": (413, "Content Too Large"),
    "unsupported-media-type": (415, "Unsupported Media Type"),
    # Rejections of commands, which have no status on the wire.
    "device-offline": (409, "The device is offline"),
    "unsupported": (422, "The device cannot do this"),
}


class ProblemError(Exception):
    """A refusal; `retry_after` in seconds, `allow` names the methods of a path."""

    def __init__(
        self, name: str, detail: str, retry_after: float | None = None, allow: str | None = None, **members: Json
    ) -> None:
        super().__init__(detail)
        self.allow = allow
        self.name = name
        self.status, title = _STATUS[name]
        self.retry_after = retry_after
        self.document: JsonObject = {
            "type": "about:blank" if name in _PLAIN else PREFIX + name,
            "title": title,
            "status": self.status,
            "detail": detail,
            **members,
        }


class OAuthError(Exception):
    """A refusal of the token endpoint (RFC 6749 5.2)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.status = 401 if error == "invalid_client" else 400
        self.document: JsonObject = {"error": error, "error_description": description}


def invalid(pointer: str, detail: str) -> ProblemError:
    """Return the problem of a body that breaks the contract at one place."""
    return ProblemError("invalid-request", detail, errors=[{"pointer": pointer, "detail": detail}])


def rejection(name: str, detail: str, pointer: str | None = None) -> JsonObject:
    """Return the problem of one rejected command."""
    document: JsonObject = {"type": PREFIX + name, "title": _STATUS[name][1], "detail": detail}
    if pointer is not None:
        document["errors"] = [{"pointer": pointer, "detail": detail}]
    return document
