"""The login of a config flow: its session, and the server's own page in the browser (contract, "Session").

Home Assistant's OAuth helper makes the URL, and its callback view returns the code to the flow. The code is exchanged by
our own client: the helper follows redirects, and knows neither sessions nor Retry-After.
"""

from abc import ABCMeta, abstractmethod
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, override

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.core import callback
from homeassistant.helpers.config_entry_oauth2_flow import LocalOAuth2ImplementationWithPkce

from .cloud import CLIENT_ID, Endpoints, HttpClient, Session, Tokens, WeSmartClient, exchange_code
from .cloud.account import Account
from .cloud.errors import SessionEndedError, WeSmartError
from .const import DOMAIN
from .session import new_http, wall_clock

type Login = Callable[[HttpClient], Awaitable[Tokens]]


class LoginFlow(ConfigFlow, metaclass=ABCMeta):
    """The session of a config flow, and the steps that log in on the server's page."""

    _endpoints: Endpoints
    _client: WeSmartClient
    # Nothing is known of it before the login.
    _account = Account(id="")
    # What was entered and what the server issued for it, which a text of the server may repeat.
    _secrets: tuple[str, ...] = ()
    # A session that no entry has taken over yet. It is revoked if the flow is closed.
    _session: Session | None = None
    _closed = False
    # Whether to log in on the page; None if the user has to choose.
    _on_page: bool | None
    # A visit to the page, with its PKCE verifier, and what the page returned.
    _visit: LocalOAuth2ImplementationWithPkce | None = None
    _returned: dict[str, Any] | None = None

    @callback
    @override
    def async_remove(self) -> None:
        """Revoke the session of a flow that is closed before its end."""
        self._closed = True
        if self._session is not None:
            # The revocation takes at most five seconds.
            self.hass.async_create_task(self._async_sign_out(), "WeSMART sign out")

    def _use_logins(self, endpoints: Endpoints) -> None:
        """Use a server and the logins that it offers."""
        self._endpoints = endpoints
        self._visit = None
        has_page = endpoints.authorization_endpoint is not None
        self._on_page = None if has_page and endpoints.offers_password else has_page

    async def async_step_login(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how to log in; the answer to the menu is the next step."""
        return await self._async_ask_login()

    async def async_step_login_moved(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how to log in, and warn about new hosts."""
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

    async def _async_open_session(self, login: Login) -> None:
        http = new_http(self.hass)
        self._session = Session(http, self._endpoints, await login(http), clock=wall_clock)
        self._secrets += self._session.secrets
        if self._closed:
            # The dialog was closed in the meantime.
            await self._async_sign_out()
            raise SessionEndedError("the dialog was closed")
        self._client = WeSmartClient(self._session)
        self._account = await self._client.account()

    async def _async_sign_out(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.revoke()

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
