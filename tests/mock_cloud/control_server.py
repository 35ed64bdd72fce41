"""Serves the virtual home (a page for people) and the cloud's controls over HTTP, beside the contract.

Whoever can send requests here commands the cloud without logging in. So it exists only on a loopback address, and it
refuses requests that a page of another site has sent: by their Host (DNS rebinding), Origin, and Content-Type.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
import inspect
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web
from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import to_jsonable_python
from yarl import URL

from tests.mock_cloud.controls import Controls
from tests.mock_cloud.endpoints import RejectedError
from tests.mock_cloud.relay import Relay, request_document
from tests.mock_cloud.wire import Document, InvalidDocumentError

if TYPE_CHECKING:
    from tests.mock_cloud.cloud import MockCloud

PAGE = Path(__file__).with_name("page")
CONTROL = "/control"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class RefusedError(Exception):
    """A request that is not carried out; the text says why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Control:
    """One control: a method of the cloud, called with the members of a JSON object as arguments."""

    def __init__(self, method: Callable[..., object]) -> None:
        self._adapter = TypeAdapter[object](method)
        # Raises PydanticInvalidForJsonSchema if JSON cannot express an argument.
        self.arguments = self._adapter.json_schema()
        self.signature = str(inspect.signature(method))
        self.summary = inspect.getdoc(method)

    def call(self, body: bytes) -> object:
        """Return the method's result; raise RefusedError."""
        try:
            return self._adapter.validate_json(body, strict=True)
        except ValidationError as err:
            faults = [f"{'.'.join(map(str, fault['loc'])) or 'the body'}: {fault['msg']}" for fault in err.errors()]
            raise RefusedError(400, "; ".join(faults)) from None
        except KeyError as err:
            raise RefusedError(400, f"there is no {err.args[0]}") from None
        except (InvalidDocumentError, RejectedError, ValueError) as err:
            raise RefusedError(400, str(err)) from None

    def document(self, name: str) -> Document:
        """Return how to call it; `arguments` is a JSON Schema."""
        return {"name": name, "doc": self.summary, "signature": self.signature, "arguments": self.arguments}


class ControlServer:
    """Routes of the page and of the controls; `transports` are the connections that it is using now."""

    def __init__(self, cloud: MockCloud) -> None:
        self._cloud = cloud
        self._relays: set[Relay] = set()
        self.transports: set[object] = set()

    def add_routes(self, app: web.Application) -> None:
        """Serve the page and the controls with an application."""
        for path in ("/", "/page/{file}", CONTROL, f"{CONTROL}/{{name:.*}}"):
            app.router.add_route("*", path, self._handle)
        app.on_shutdown.append(self._shut_down)

    @cached_property
    def _controls(self) -> dict[str, Control]:
        controls = {}
        for name, method in _methods(self._cloud).items():
            with suppress(PydanticInvalidForJsonSchema):
                controls[name] = Control(method)
        return controls

    async def _shut_down(self, _app: web.Application) -> None:
        for relay in self._relays:
            relay.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.transports.add(request.transport)
        try:
            _refuse_strangers(request)
            return await self._respond(request)
        except RefusedError as err:
            return web.json_response({"error": str(err)}, status=err.status, headers=_HEADERS)
        finally:
            self.transports.discard(request.transport)

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        if (name := request.match_info.get("name")) and request.method == "POST":
            return await self._call(name, request)
        if request.method != "GET":
            raise RefusedError(405, f"{request.method} is not allowed here; controls are called by POST {CONTROL}/NAME")
        match request.path:
            case "/":
                return web.FileResponse(PAGE / "index.html", headers=_HEADERS)
            case "/control":
                return _json({"controls": [control.document(name) for name, control in self._controls.items()]})
            case "/control/status":
                return _json(self._cloud.status())
            case "/control/requests":
                return _json({"requests": [request_document(seen) for seen in self._cloud.requests]})
            case "/control/snapshot":
                return _json(self._cloud.snapshot(self._account_id(request)))
            case "/control/stream":
                return await self._relay(request)
        file = request.match_info.get("file")
        if file in {path.name for path in PAGE.iterdir()}:
            return web.FileResponse(PAGE / str(file), headers=_HEADERS)
        raise RefusedError(404, f"there is nothing to read at {request.path}; GET {CONTROL} lists the controls")

    async def _call(self, name: str, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            raise RefusedError(415, "the Content-Type must be application/json")
        if name not in self._controls:
            raise RefusedError(404, f"there is no control {name}, only {', '.join(self._controls)}")
        return _json({"result": to_jsonable_python(self._controls[name].call(await request.read()))})

    async def _relay(self, request: web.Request) -> web.StreamResponse:
        relay = Relay(self._cloud, self._account_id(request))
        self._relays.add(relay)
        try:
            return await relay.run(request, _HEADERS)
        finally:
            self._relays.discard(relay)

    def _account_id(self, request: web.Request) -> str:
        """Return the account ID of the query, by default that of the first account."""
        known = [account.id for account in self._cloud.accounts]
        wanted = request.query.get("account", known[0])
        if wanted not in known:
            raise RefusedError(404, f"there is no account {wanted}, only {', '.join(known)}")
        return wanted


def is_loopback(host: str | None) -> bool:
    """Return whether a host name is that of this machine's loopback interface."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def _refuse_strangers(request: web.Request) -> None:
    """Raise RefusedError for what a page of another site may have sent."""
    try:
        host = URL(f"http://{request.host}").host
    except ValueError:
        host = None
    if not is_loopback(host):
        raise RefusedError(403, f"the Host {request.host} is not this machine: use localhost or 127.0.0.1")
    if request.headers.get("Origin") not in {None, f"http://{request.host}"}:
        raise RefusedError(403, "pages of other sites may not use the controls")


def _methods(cloud: MockCloud) -> dict[str, Callable[..., object]]:
    """Return the public methods of `Controls`, `cut`, and the setters of the cloud's settings, by name."""
    methods: dict[str, Callable[..., object]] = {"cut": cloud.cut}
    for name, member in inspect.getmembers(type(cloud)):
        if isinstance(member, property) and member.fset is not None:
            methods[name] = member.fset.__get__(cloud)
        elif inspect.isfunction(member) and not name.startswith("_") and hasattr(Controls, name):
            methods[name] = getattr(cloud, name)
    return dict(sorted(methods.items()))


def _json(document: Any) -> web.Response:
    return web.json_response(document, headers=_HEADERS)
