"""Checks every response, accepted request and frame against the specification in docs/."""

from collections.abc import Mapping
from email.message import Message
import json
from urllib.parse import parse_qsl, quote, urlsplit

from tests.specification_documents import ASYNCAPI, OPENAPI, Json, Specification, shorten, show, specification, token

DISCOVERY_PATH = "/.well-known/wesmart"
API_PATH = "/v1"

# Paths of the specification, and the member of the discovery document that has the real URL.
NAMED_BY = {
    "/oauth/authorize": "authorization_endpoint",
    "/oauth/token": "token_endpoint",
    "/oauth/revoke": "revocation_endpoint",
    "/v1/events": "events_url",
}

FORM = "application/x-www-form-urlencoded"
HTML = "text/html"
DISCOVERY_LIMIT = 64 * 1024
FRAME_LIMIT = 1024 * 1024


class SpecificationChecker:
    """An observer of a cloud: collects violations of the specification; `verify` raises them.

    It begins with the paths of the specification and follows the discovery document as soon as it has seen one.
    `closed` also finds what a later version might add to responses and frames; use it on a cloud that plays no such
    freedoms. Requests may have more in any case: the cloud has to ignore it (C-10).
    """

    def __init__(self, *, closed: bool = False) -> None:
        """Start without violations."""
        self.violations: list[str] = []
        self._specification = specification(closed=closed)
        self._paths = {DISCOVERY_PATH: DISCOVERY_PATH} | {path: path for path in NAMED_BY}
        self._api_path = API_PATH
        # Pages of the cloud for people. What they post is up to the cloud (C-78).
        self._pages = {"/oauth/authorize"}

    def verify(self) -> None:
        """Raise AssertionError with every violation since the last call."""
        violations, self.violations = self.violations, []
        if violations:
            raise AssertionError("the specification is broken:\n" + "\n".join(violations))

    def answered(
        self,
        method: str,
        path: str,
        request_headers: Mapping[str, str],
        request_body: bytes,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
    ) -> None:
        """Check an HTTP answer, and the request if it was accepted."""
        exchange = _Exchange(self._specification, f"{method} {path} → {status}", self.violations)
        operation = f"{OPENAPI}#/paths/{token(self._path(path))}/{method.lower()}"
        if not self._specification.members(operation):
            if status < 400 and path not in self._pages:
                exchange.violate("the specification has no such operation")
            return
        answer = exchange.check_answer(operation, status, _lower(headers), body)
        asked = _Exchange(specification(), f"{method} {path} → {status}", self.violations)
        request: Json = None
        if 100 <= status < 400:
            request = asked.check_request(operation, _lower(request_headers), request_body)
        if not isinstance(answer, dict):
            return
        if isinstance(answer.get("status"), int | float) and status >= 400 and answer["status"] != status:
            exchange.violate(f"the problem says status {answer['status']}")
        if operation.endswith("wesmart/get") and status == 200:
            self._follow(exchange, answer, len(body))
        if operation.endswith("snapshot/get") and status == 200:
            self._check_tag(exchange, _lower(headers).get("etag", ""), answer)
        if operation.endswith("commands/post") and isinstance(request, dict) and status == 200:
            _check_results(asked, request, answer)

    def pushed(self, frame: str) -> None:
        """Check a frame of the event stream."""
        exchange = _Exchange(self._specification, f"frame {shorten(frame)}", self.violations)
        if len(frame.encode()) > FRAME_LIMIT:
            exchange.violate(f"{len(frame.encode())} bytes are more than 1 MiB")
        try:
            content: Json = json.loads(frame)
        except ValueError as err:
            exchange.violate(f"not JSON: {err}")
            return
        exchange.check(f"{ASYNCAPI}#/components/schemas/Frame", content, "frame")

    def _path(self, path: str) -> str:
        """Return the path of the specification for a real path."""
        if path in self._paths:
            return self._paths[path]
        if path.startswith(f"{self._api_path}/"):
            candidate = API_PATH + path.removeprefix(self._api_path)
            if candidate not in NAMED_BY:
                return candidate
        return f"unknown: {path}"

    def _follow(self, exchange: _Exchange, document: Mapping[str, Json], size: int) -> None:
        if size > DISCOVERY_LIMIT:
            exchange.violate(f"{size} bytes are more than 64 KiB")
        named = {
            specified: urlsplit(str(document[member])).path
            for specified, member in NAMED_BY.items()
            if member in document  # the login page is optional
        }
        self._paths = {DISCOVERY_PATH: DISCOVERY_PATH} | {path: specified for specified, path in named.items()}
        self._api_path = urlsplit(str(document.get("api_url"))).path.removesuffix("/")
        support = document.get("support")
        pages = (
            document.get("authorization_endpoint"),
            document.get("terms_url"),
            support.get("url") if isinstance(support, dict) else None,
        )
        self._pages = {urlsplit(page).path for page in pages if isinstance(page, str)}

    @staticmethod
    def _check_tag(exchange: _Exchange, tag: str, snapshot: Mapping[str, Json]) -> None:
        """Check that the entity tag is the one that a client computes (C-42)."""
        epoch, seq = snapshot.get("epoch"), snapshot.get("seq")
        if isinstance(epoch, str) and isinstance(seq, int | float):
            expected = f'"{quote(epoch, safe="")}:{int(seq)}"'
            if tag != expected:
                exchange.violate(f"the entity tag of ({epoch}, {seq}) is {tag}, not {expected}")


class _Exchange:
    """A response with its request, or a frame, named in each violation."""

    def __init__(self, documents: Specification, name: str, violations: list[str]) -> None:
        self._specification = documents
        self._name = name
        self._violations = violations

    def violate(self, text: str) -> None:
        self._violations.append(f"{self._name}: {text}")

    def check(self, place: str, instance: Json, what: str) -> bool:
        """Check an instance of a schema; return whether it has no fault."""
        faults = self._specification.faults(place, instance)
        for fault in faults:
            self.violate(f"{what} {fault}")
        return not faults

    def check_answer(self, operation: str, status: int, headers: Mapping[str, str], body: bytes) -> Json:
        """Check status, headers and body; return the body's content, None where there is none."""
        known = self._specification.members(f"{operation}/responses")
        key = next((key for key in (str(status), f"{status // 100}XX") if key in known), None)
        if key is None:
            self.violate(f"the status is none of {', '.join(known)}")
            return None
        response = f"{operation}/responses/{key}"
        for name in self._specification.members(f"{response}/headers"):
            self._check_header(f"{response}/headers/{name}", name, headers)
        if "content" in self._specification.members(response):
            return self._check_content(f"{response}/content", "answer", headers, body)
        if body and status != 200:
            self.violate(f"the body has to be empty and is {shorten(repr(body))}")
        return None

    def check_request(self, operation: str, headers: Mapping[str, str], body: bytes) -> Json:
        """Check a request that was accepted: its bearer, headers and body; return the body's content."""
        security = self._specification.members(operation).get("security")
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if security != [] and not (scheme.lower() == "bearer" and credentials):
            self.violate("a request without a bearer was accepted")
        parameters = self._specification.members(operation).get("parameters", [])
        for index in range(len(parameters) if isinstance(parameters, list) else 0):
            place = f"{operation}/parameters/{index}"
            parameter = self._specification.members(place)
            if parameter["in"] == "header":
                self._check_header(place, str(parameter["name"]), headers)
        if "requestBody" not in self._specification.members(operation):
            return None
        return self._check_content(f"{operation}/requestBody/content", "accepted request", headers, body)

    def _check_header(self, place: str, name: str, headers: Mapping[str, str]) -> None:
        value = headers.get(name.lower())
        if value is not None:
            self.check(f"{place}/schema", value, f"header {name}")
        elif self._specification.members(place).get("required"):
            self.violate(f"the header {name} is missing")

    def _check_content(self, place: str, what: str, headers: Mapping[str, str], body: bytes) -> Json:
        header = Message()
        header["Content-Type"] = headers.get("content-type", "")
        content_type = header.get_content_type()
        known = self._specification.members(place)
        if content_type not in known:
            self.violate(f"the {what} is {headers.get('content-type')}, not {', '.join(known)}: {shorten(repr(body))}")
            return None
        try:
            content = _content(content_type, body)
        except ValueError as err:
            self.violate(f"the {what} is not {content_type}: {err}: {shorten(repr(body))}")
            return None
        self.check(f"{place}/{token(content_type)}/schema", content, what)
        return content


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _form(body: bytes) -> dict[str, Json]:
    """Read a form; no field comes twice (RFC 6749 3.2)."""
    fields = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    if len(dict(fields)) != len(fields):
        raise ValueError("a field comes twice")
    return dict(fields)


def _content(content_type: str, body: bytes) -> Json:
    if content_type == FORM:
        return _form(body)
    if content_type == HTML:
        return body.decode()
    content: Json = json.loads(body)
    return content


def _check_results(exchange: _Exchange, request: Mapping[str, Json], answer: Mapping[str, Json]) -> None:
    """Check that each command has its result, and that applied commands are valid (C-51, C-53)."""
    commands, results = _objects(request.get("commands")), _objects(answer.get("results"))
    if len(commands) != len(results):
        exchange.violate(f"{len(commands)} commands have {len(results)} results")
    superseded = [result.get("status") == "superseded" for result in results]
    if any(superseded) and not all(superseded):
        exchange.violate("some commands are superseded and some are not")
    for command, result in zip(commands, results, strict=False):
        if result.get("status") != "applied":
            continue
        exchange.check(f"{OPENAPI}#/components/schemas/Command", command, "applied command")
        is_of_endpoint = "endpoint_id" in command
        if is_of_endpoint != ("state" in result):
            exchange.violate(f"the result of {show(command)} is {show(result)}")


def _objects(items: Json) -> list[dict[str, Json]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
