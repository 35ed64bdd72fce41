"""The login on the server's own page, which a config flow opens in the browser (contract, "Session").

Home Assistant's OAuth helper makes the URL, and its callback view returns the code to the flow. The code is exchanged by
our own client: the helper follows redirects, and knows neither sessions nor Retry-After.
"""

from abc import ABCMeta, abstractmethod
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.helpers.config_entry_oauth2_flow import LocalOAuth2ImplementationWithPkce

from .cloud import CLIENT_ID, Endpoints, HttpClient, Tokens, exchange_code
from .cloud.errors import WeSmartError
from .const import DOMAIN
from .session import wall_clock

type Login = Callable[[HttpClient], Awaitable[Tokens]]


class LoginPageFlow(ConfigFlow, metaclass=ABCMeta):
    """The steps of a config flow that log in on the server's page."""

    _endpoints: Endpoints
    # Whether to log in on the page; None if the user has to choose.
    _on_page: bool | None
    # A visit to the page, with its PKCE verifier, and what the page returned.
    _visit: LocalOAuth2ImplementationWithPkce | None = None
    _returned: dict[str, Any] | None = None

    def _use_logins(self, endpoints: Endpoints) -> None:
        """Use a server and the logins that it offers."""
        self._endpoints = endpoints
        self._visit = None
        has_page = endpoints.authorization_endpoint is not None
        self._on_page = None if has_page and endpoints.offers_password else has_page

    async def async_step_login(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how to log in; the answer to the menu is the next step."""
        return await self._async_ask_login()

    async def async_step_password(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Log in with the password, although the server has a page."""
        self._on_page = False
        return self._show_login(None)

    async def async_step_browser(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Name the host of the page before it opens, or say what went wrong there."""
        return await self._async_ask_login() if user_input is None else await self.async_step_auth()

    async def async_step_browser_moved(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Warn about new hosts before the page opens."""
        return await self.async_step_browser(user_input)

    async def async_step_auth(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Open the page; Home Assistant's callback view passes on what it returns."""
        if user_input is not None:
            self._returned = user_input
            return self.async_external_step_done(next_step_id="authorized")
        self._on_page = True
        if self._visit is None:
            self._visit = LocalOAuth2ImplementationWithPkce(
                self.hass,
                DOMAIN,
                CLIENT_ID,
                str(self._endpoints.authorization_endpoint),
                self._endpoints.token_endpoint,
            )
        return self.async_external_step(
            step_id="auth",
            url=await self._visit.async_generate_authorize_url(self.flow_id),
            description_placeholders=self._login_placeholders(),
        )

    async def async_step_authorized(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Log in with the code that the page returned."""
        # Two windows may show this flow. A code that was exchanged twice would end its session.
        visit, self._visit = self._visit, None
        returned, self._returned = self._returned, None
        if visit is None or returned is None:
            return self._show_login(None)
        match returned:
            case {"code": str(code), "state": {"redirect_uri": str(redirect_uri)}}:
                exchange = partial(
                    exchange_code,
                    endpoints=self._endpoints,
                    code=code,
                    verifier=visit.code_verifier,
                    redirect_uri=redirect_uri,
                    clock=wall_clock,
                )
                return await self._async_log_in(exchange)
            case {"error": "access_denied"}:
                return self._show_login("login_denied")
        return self._show_login("login_failed")

    @abstractmethod
    async def _async_ask_login(self) -> ConfigFlowResult:
        """Begin a login, again if need be."""

    @abstractmethod
    async def _async_log_in(self, login: Login) -> ConfigFlowResult:
        """Open a session, and go on with its account."""

    @abstractmethod
    def _show_login(self, error: WeSmartError | str | None) -> ConfigFlowResult:
        """Show the menu or form of the login."""

    @abstractmethod
    def _login_placeholders(self) -> dict[str, str]:
        """Return the placeholders of the texts of a login."""
