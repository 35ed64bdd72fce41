"""Mutants of discovery and of what a cloud offers."""

from collections.abc import Callable
from dataclasses import replace

from aiohttp import web
import pytest

from tests.mock_cloud.freedoms import Freedoms
from tests.mock_cloud.problems import ProblemError
from tests.mock_cloud.server import Response, Server
from tests.mock_cloud.wire import Json, JsonObject
from tests.mock_conformance.mutants.mutant import around, breaks

type Respond = Callable[[Server, web.Request, bytes, bool], Response]


def change_discovery(patch: pytest.MonkeyPatch, **members: Callable[[str], Json]) -> None:
    """Change members of the discovery document."""

    def changed(self: Freedoms, document: JsonObject) -> JsonObject:
        return {**document, **{name: change(str(document[name])) for name, change in members.items()}}

    patch.setattr(Freedoms, "discovery", changed)


@breaks("C-1")
def _terms_cannot_be_accepted(patch: pytest.MonkeyPatch) -> None:
    def respond(original: Respond, self: Server, request: web.Request, body: bytes, too_large: bool) -> Response:
        if request.path == "/v1/account/terms":
            raise ProblemError("not-found", "there is nothing at this path")
        return original(self, request, body, too_large)

    around(patch, Server, "_respond", respond)


@breaks("C-8")
def _the_account_is_elsewhere(patch: pytest.MonkeyPatch) -> None:
    def respond(original: Respond, self: Server, request: web.Request, body: bytes, too_large: bool) -> Response:
        if request.path == "/v1/account":
            return Response(status=307, content_type=None, headers={"Location": "/v1/dealers"})
        return original(self, request, body, too_large)

    around(patch, Server, "_respond", respond)


@breaks("C-12")
def _discovery_is_text(patch: pytest.MonkeyPatch) -> None:
    def discovery(original: Callable[[Server, web.Request, bytes], Response], *arguments: object) -> Response:
        return replace(original(*arguments), content_type="text/plain")  # type: ignore[arg-type]  # passed on

    around(patch, Server, "_discovery", discovery)


@breaks("C-12")
def _discovery_is_large(patch: pytest.MonkeyPatch) -> None:
    change_discovery(patch, terms_url=lambda url: url + "?" + "x" * 65536)


@breaks("C-12")
def _another_version(patch: pytest.MonkeyPatch) -> None:
    change_discovery(patch, version=lambda _: 2)


@breaks("C-13")
def _an_endpoint_has_a_query(patch: pytest.MonkeyPatch) -> None:
    change_discovery(patch, events_url=lambda url: f"{url}?tenant=1")


@breaks("C-14", https=True)
def _the_stream_is_not_encrypted(patch: pytest.MonkeyPatch) -> None:
    change_discovery(patch, events_url=lambda url: url.replace("wss:", "ws:"))


@breaks("C-14", https=True)
def _the_terms_are_within_a_network(patch: pytest.MonkeyPatch) -> None:
    change_discovery(patch, terms_url=lambda _: "https://wiki.corp/terms")


@breaks("C-15")
def _another_host_is_named(patch: pytest.MonkeyPatch) -> None:
    change_discovery(patch, revocation_endpoint=lambda url: url.replace("127.0.0.1", "localhost"))
