"""Exchanges as the specification shows them, for the tests of its checker."""

import copy
from dataclasses import dataclass, field, replace
import json
from urllib.parse import urlencode

from tests.specification import SpecificationChecker
from tests.specification_documents import OPENAPI, Json, specification

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
FORM = "application/x-www-form-urlencoded"
BEARER = {"Authorization": "Bearer a-91Kd0"}
RETRY = {"Retry-After": "30"}
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="wesmart"'}
ABSENT = object()


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request and its response; a body that is not bytes is sent as JSON."""

    method: str = "GET"
    path: str
    request_headers: dict[str, str] = field(default_factory=lambda: BEARER)
    request: Json | bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    type: str = JSON
    body: Json | bytes = b""

    def show(self, checker: SpecificationChecker) -> None:
        """Pass it to a checker."""
        checker.answered(
            self.method,
            self.path,
            self.request_headers,
            _encoded(self.request),
            self.status,
            self.headers | ({"Content-Type": self.type} if self.body != b"" else {}),
            _encoded(self.body),
        )


def _encoded(content: Json | bytes) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def example(name: str, document: str = OPENAPI) -> Json:
    """Return the first example of a schema."""
    return copy.deepcopy(specification().get(f"{document}#/components/schemas/{name}/examples/0"))


def changed(document: Json | bytes, pointer: str, value: object) -> Json:
    """Return a copy of a document with another value (or none: ABSENT) at a pointer."""
    assert not isinstance(document, bytes)
    result = copy.deepcopy(document)
    *steps, last = pointer.split("/")[1:]
    node: Json = result
    for step in steps:
        node = node[int(step)] if isinstance(node, list) else node[step]  # type: ignore[index]  # the pointer leads through objects
    assert isinstance(node, dict)
    if value is ABSENT:
        del node[last]
    else:
        node[last] = value  # type: ignore[assignment]  # also what is not JSON is tried
    return result


def problem(name: str, **members: Json) -> Json:
    """Return a problem."""
    return {"type": f"urn:wesmart:problem:{name}", **members}


DISCOVERY = Exchange(path="/.well-known/wesmart", request_headers={}, body=example("Discovery"))
TOKEN = Exchange(
    method="POST",
    path="/oauth/token",
    request_headers={"Content-Type": FORM},
    request=urlencode(example("PasswordGrant")).encode(),  # type: ignore[arg-type]  # an object of strings
    headers={"Cache-Control": "no-store"},
    body=example("Tokens"),
)
CODE_GRANT: dict[str, str] = example("CodeGrant")  # type: ignore[assignment]  # an object of strings
CODE_TOKEN = replace(TOKEN, request=urlencode(CODE_GRANT).encode())
PAGE_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "frame-ancestors 'none'"}
PAGE = Exchange(path="/oauth/authorize", request_headers={}, headers=PAGE_HEADERS, type="text/html", body=b"<p>Hi")
REDIRECT = replace(PAGE, status=303, headers={"Cache-Control": "no-store", "Location": "/oauth/login"}, body=b"")
REVOKE = Exchange(
    method="POST",
    path="/oauth/revoke",
    request_headers={"Content-Type": FORM},
    request=urlencode(example("RevocationRequest")).encode(),  # type: ignore[arg-type]  # an object of strings
)
ACCOUNT = Exchange(path="/v1/account", body=example("Account"))
TERMS = Exchange(
    method="PUT",
    path="/v1/account/terms",
    request_headers=BEARER | {"Content-Type": JSON},
    request=example("TermsAcceptance"),
    status=204,
)
SNAPSHOT = Exchange(path="/v1/snapshot", headers={"ETag": '"9f3c:1042"'}, body=example("Snapshot"))
UNCHANGED = replace(SNAPSHOT, status=304, body=b"")
EVENTS = Exchange(path="/v1/events", status=101)
COMMANDS = Exchange(
    method="POST",
    path="/v1/commands",
    request_headers=BEARER | {"Content-Type": JSON},
    request=example("CommandRequest"),
    body=example("CommandResponse"),
)
FEEDBACK = Exchange(
    method="POST",
    path="/v1/feedback",
    request_headers=BEARER | {"Content-Type": JSON, "Idempotency-Key": "k-1"},
    request=example("Feedback"),
    status=201,
    body=example("Ticket"),
)
MAINTENANCE = replace(SNAPSHOT, status=503, headers=RETRY, type=PROBLEM_JSON, body=problem("maintenance", status=503))
UNAUTHORIZED = replace(SNAPSHOT, status=401, headers=CHALLENGE, type=PROBLEM_JSON, body=problem("unauthorized"))
INVALID_GRANT = replace(TOKEN, status=400, headers={}, body=example("OAuthError"))
