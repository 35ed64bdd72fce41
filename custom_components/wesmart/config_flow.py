"""Adding an account, and logging in again: the server first, then the account, then terms that are still open."""

from collections.abc import Coroutine, Mapping
from typing import Any, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.helpers.selector import BooleanSelector, TextSelector, TextSelectorConfig, TextSelectorType
import msgspec
import voluptuous as vol

from .cloud import Endpoints, Tokens, WeSmartClient, discover, log_in, revoke, server_origin
from .cloud.errors import InvalidRequestError, TermsNotAcceptedError, WeSmartError
from .cloud.models import Account, Terms
from .connection import async_get_transport, wall_clock
from .const import CONF_ENDPOINTS, CONF_SERVER, CONF_TOKENS, CONTRACT_URL, DOMAIN
from .errors import placeholders, plain_text, translation_key

CONF_ACCEPT = "accept"

_SERVER_SCHEMA = vol.Schema(
    {vol.Required(CONF_SERVER): TextSelector(TextSelectorConfig(type=TextSelectorType.TEXT, autocomplete="url"))}
)
_PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password"))
_ACCOUNT_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_USERNAME): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEXT, autocomplete="username")
        ),
        vol.Required(CONF_PASSWORD): _PASSWORD,
    }
)
_REAUTH_SCHEMA = vol.Schema({vol.Required(CONF_PASSWORD): _PASSWORD})
_TERMS_SCHEMA = vol.Schema({vol.Required(CONF_ACCEPT, default=False): BooleanSelector()})


class WeSmartConfigFlow(ConfigFlow, domain=DOMAIN):
    """Leads to a config entry that holds a session of the account, and never its password."""

    VERSION = 1

    _server: str
    _endpoints: Endpoints
    _username: str
    _account: Account
    _terms: Terms
    _admitted: bool
    # A session that was opened here and no entry has taken over: it is ended when the flow is.
    _tokens: Tokens | None = None
    _errors: dict[str, str]
    _placeholders: dict[str, str]

    def __init__(self) -> None:
        """Start without anything to complain about."""
        self._errors = {}
        self._placeholders = {}

    @callback
    @override
    def async_remove(self) -> None:
        """Leave no session behind."""
        if self._tokens is not None:
            # Not awaited: the dialog is closed already. Revoking ends by itself after seconds.
            self.hass.async_create_task(self._async_sign_out(), "WeSMART sign out")

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the server, and find out whether it offers the contract."""
        self._forgive()
        if user_input is not None:
            try:
                origin = server_origin(user_input[CONF_SERVER])
                self._endpoints = await discover(async_get_transport(self.hass), origin)
            except WeSmartError as err:
                self._complain(err)
            else:
                self._server = str(origin)
                return await self.async_step_account()
        return self._show("user", _SERVER_SCHEMA, user_input, contract_url=CONTRACT_URL)

    async def async_step_account(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask who logs in."""
        self._forgive()
        if user_input is not None:
            self._username = user_input[CONF_USERNAME]
            if await self._async_log_in(user_input[CONF_PASSWORD]):
                await self.async_set_unique_id(f"{self._server} {self._account.id}")
                self._abort_if_unique_id_configured()
                return await self._async_step_access()
        return self._show_login()

    async def async_step_terms(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show terms that are still open, and accept them; they can wait where the cloud lets the account in."""
        self._forgive()
        if user_input is not None and user_input[CONF_ACCEPT]:
            try:
                await self._client().accept_terms(self._terms.current or "")
                return await self._async_step_access(terms_can_wait=True)
            except InvalidRequestError:
                # They changed while they were being read.
                if await self._async_try(self._async_read_account()):
                    self._terms = self._account.terms
                    self._errors["base"] = "terms_changed"
            except WeSmartError as err:
                self._complain(err)
        elif user_input is not None:
            if self._admitted:
                return await self._async_finish()
            self._errors["base"] = "terms_not_accepted"
        url = self._terms.url
        return self._show(
            "terms",
            _TERMS_SCHEMA,
            version=plain_text(self._terms.current),
            terms_url=url if url and url.startswith("https://") else self._endpoints.terms_url,
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Log in again: the session has ended."""
        self._server = entry_data[CONF_SERVER]
        self._endpoints = msgspec.convert(entry_data[CONF_ENDPOINTS], Endpoints)
        self._username = entry_data[CONF_USERNAME]
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the password only: it has to be the same account."""
        self._forgive()
        if user_input is not None and await self._async_log_in(user_input[CONF_PASSWORD]):
            await self.async_set_unique_id(f"{self._server} {self._account.id}")
            self._abort_if_unique_id_mismatch()
            return await self._async_step_access()
        return self._show_login()

    async def _async_step_access(self, *, terms_can_wait: bool = False) -> ConfigFlowResult:
        """Finish if the account may be used; else say why not, or show the terms that stand between."""
        self._terms = self._account.terms
        try:
            await self._client().snapshot()
        except TermsNotAcceptedError as err:
            if err.version is not None:
                self._terms = Terms(current=err.version, url=err.url)
            self._admitted = False
            return await self.async_step_terms()
        except WeSmartError as err:
            self._complain(err)
            return self._show_login()
        self._admitted = True
        if self._terms.accepted != self._terms.current and not terms_can_wait:
            return await self.async_step_terms()
        return await self._async_finish()

    async def _async_finish(self) -> ConfigFlowResult:
        data = {
            CONF_SERVER: self._server,
            CONF_ENDPOINTS: msgspec.to_builtins(self._endpoints),
            CONF_USERNAME: self._username,
            CONF_TOKENS: msgspec.to_builtins(self._tokens),
        }
        # From here on the session is the entry's.
        self._tokens = None
        if self.source == SOURCE_REAUTH:
            entry = self._get_reauth_entry()
            replaced = msgspec.convert(entry.data[CONF_TOKENS], Tokens)
            result = self.async_update_reload_and_abort(entry, data=data)
            await revoke(async_get_transport(self.hass), self._endpoints, replaced)
            return result
        account = self._account
        title = account.full_name or account.email or account.phone or self._username
        return self.async_create_entry(title=title, data=data)

    async def _async_log_in(self, password: str) -> bool:
        """Open a session and read the profile; return whether that worked."""
        await self._async_sign_out()
        return await self._async_try(self._async_open_session(password))

    async def _async_open_session(self, password: str) -> None:
        self._tokens = await log_in(
            async_get_transport(self.hass), self._endpoints, self._username, password, clock=wall_clock
        )
        await self._async_read_account()

    async def _async_read_account(self) -> None:
        self._account = await self._client().account()

    async def _async_sign_out(self) -> None:
        if self._tokens is not None:
            tokens, self._tokens = self._tokens, None
            await revoke(async_get_transport(self.hass), self._endpoints, tokens)

    async def _async_try(self, action: Coroutine[Any, Any, None]) -> bool:
        try:
            await action
        except WeSmartError as err:
            self._complain(err)
            return False
        return True

    def _client(self) -> WeSmartClient:
        if self._tokens is None:
            raise RuntimeError("nobody is logged in")
        return WeSmartClient(
            async_get_transport(self.hass), self._endpoints, self._tokens, on_tokens=self._save_tokens, clock=wall_clock
        )

    def _save_tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def _forgive(self) -> None:
        self._errors.clear()
        self._placeholders.clear()

    def _complain(self, err: WeSmartError) -> None:
        self._errors["base"] = translation_key(err)
        self._placeholders.update(placeholders(err))

    def _show_login(self) -> ConfigFlowResult:
        """Ask for what the source of the flow does not know of: the user name, too, or the password alone."""
        username = getattr(self, "_username", None)
        if self.source == SOURCE_REAUTH:
            return self._show("reauth_confirm", _REAUTH_SCHEMA, server=self._server, username=plain_text(username))
        suggested = {CONF_USERNAME: username}
        where = {"server": self._server, "terms_url": self._endpoints.terms_url}
        return self._show("account", _ACCOUNT_SCHEMA, suggested, **where)

    def _show(
        self, step_id: str, schema: vol.Schema, suggested: Mapping[str, Any] | None = None, **description: str
    ) -> ConfigFlowResult:
        endpoints: Endpoints | None = getattr(self, "_endpoints", None)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=dict(self._errors),
            description_placeholders={
                "phone": endpoints.support_phone if endpoints else "",
                **description,
                **self._placeholders,
            },
        )
