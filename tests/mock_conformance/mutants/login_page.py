"""Mutants of the login page and its codes."""

from collections.abc import Callable
from dataclasses import replace

from multidict import MultiDict, MultiMapping
import pytest

from tests.mock_cloud import codes, login_page
from tests.mock_cloud.codes import Code
from tests.mock_cloud.login_page import Shown
from tests.mock_cloud.server import Response, Server
from tests.mock_cloud.tokens import TokenEndpoint
from tests.mock_conformance.mutants.discovery import change_discovery
from tests.mock_conformance.mutants.mutant import around, breaks


@breaks("C-75")
def _a_password_that_works_is_not_named(patch: pytest.MonkeyPatch) -> None:
    change_discovery(patch, grant_types_supported=lambda _: ["authorization_code", "refresh_token"])


@breaks("C-75")
def _the_page_has_no_url(patch: pytest.MonkeyPatch) -> None:
    def discovery(original: Callable[..., Response], self: Server, *rest: object) -> Response:
        answer = original(self, *rest)
        return replace(answer, body=answer.body.replace(b"authorization_endpoint", b"authorisation_endpoint"))

    around(patch, Server, "_discovery", discovery)


@breaks("C-76")
def _a_challenge_is_not_needed(patch: pytest.MonkeyPatch) -> None:
    def request(original: Callable[..., object], query: MultiMapping[str]) -> object:
        completed = MultiDict(query)
        completed.setdefault("code_challenge", "A" * 43)
        completed["code_challenge_method"] = "S256"
        return original(completed)

    around(patch, login_page, "_request", request)


@breaks("C-76")
def _the_state_is_changed(patch: pytest.MonkeyPatch) -> None:
    def redirect(original: Callable[..., Shown], redirect_uri: str, **parameters: str) -> Shown:
        return original(redirect_uri, **{**parameters, "state": parameters["state"].encode().hex()})

    around(patch, login_page, "_redirect", redirect)


@breaks("C-77")
def _every_host_with_a_callback_is_returned_to(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(login_page, "_is_home_assistant", lambda redirect_uri: "/auth/external/callback" in redirect_uri)


@breaks("C-77")
def _a_wrong_address_is_told_by_a_redirect(patch: pytest.MonkeyPatch) -> None:
    def message(original: Callable[..., Shown], **options: object) -> Shown:
        shown = original(**options)
        return replace(shown, status=303, html="", location="https://my.home-assistant.io/") if shown.html else shown

    around(patch, login_page, "Shown", message)


@breaks("C-78")
def _the_page_may_be_framed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Shown, "headers", {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'"})


@breaks("C-78")
def _a_redirect_is_307(patch: pytest.MonkeyPatch) -> None:
    def redirect(original: Callable[..., Shown], redirect_uri: str, **parameters: str) -> Shown:
        return replace(original(redirect_uri, **parameters), status=307)

    around(patch, login_page, "_redirect", redirect)


@breaks("C-79")
def _a_code_is_good_for_an_hour(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(codes, "CODE_S", 3600)


@breaks("C-79")
def _the_verifier_is_not_checked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Code, "fits", lambda self, redirect_uri, verifier, now: redirect_uri == self.request.redirect_uri)


@breaks("C-79")
def _a_code_that_comes_twice_leaves_its_session(patch: pytest.MonkeyPatch) -> None:
    def exchange(original: Callable[..., object], self: TokenEndpoint, form: dict[str, str]) -> object:
        tokens = original(self, form)
        code = self._core.codes.find(form["code"])
        assert code is not None
        code.session = None
        return tokens

    around(patch, TokenEndpoint, "_exchange", exchange)
