"""The flows that add an account, change its server, and log in again: server, account, terms, homes."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, override

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import voluptuous as vol
from yarl import URL

from .cloud import Endpoints, Session, discover, http_address, log_in, server_origin
from .cloud.account import Access
from .cloud.errors import AccessError, AccountBlockedError, CloudConnectionError, SessionEndedError, WeSmartError
from .cloud.models import HomeOutline
from .const import CONF_EXCLUDED_HOMES, CONF_HOMES, CONF_SERVER, CONTRACT_URL, DOMAIN
from .coordinator import WeSmartConfigEntry
from .errors import blocked_key, form_errors
from .formatting import host, link, local_time, markdown, short, without_secrets
from .homes import (
    HomeChoice,
    account_title,
    account_unique_id,
    async_home_choice,
    async_server_id,
    server_address,
    server_id,
)
from .login import Login, LoginFlow
from .options_flow import WeSmartOptionsFlow, select_any
from .session import async_get_session, endpoints_of, login_data, new_http, wall_clock
from .terms import CONF_ACCEPT, TERMS_SCHEMA, async_accept_terms, terms_placeholders


def _text(autocomplete: str, type_: TextSelectorType = TextSelectorType.TEXT) -> TextSelector:
    return TextSelector(TextSelectorConfig(type=type_, autocomplete=autocomplete))


_SERVER_SCHEMA = vol.Schema({vol.Required(CONF_SERVER): _text("url")})
_LOGIN_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_USERNAME): _text("username"),
        vol.Required(CONF_PASSWORD): _text("current-password", TextSelectorType.PASSWORD),
    }
)
# What a local address looks like without TLS; in the translations, a URL must be a placeholder.
_LOCAL_EXAMPLE = "http://192.168.1.20:8765"


class WeSmartConfigFlow(LoginFlow, domain=DOMAIN):
    """Creates or updates a config entry, which holds a session of the account and never its password."""

    VERSION = 1

    _server: str
    _homes: tuple[HomeOutline, ...]
    _choice: HomeChoice
    _username: str | None = None
    _support_phone = ""

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: WeSmartConfigEntry) -> WeSmartOptionsFlow:
        """Return the flow that changes the options of an account."""
        return WeSmartOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the server."""
        return await self._async_step_server("user", user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the server's new address, or for the same one to log in again."""
        entry = self._get_reconfigure_entry()
        self._username = entry.data.get(CONF_USERNAME)
        return await self._async_step_server("reconfigure", user_input, {CONF_SERVER: server_address(entry)})

    async def _async_step_server(
        self, step_id: str, user_input: dict[str, Any] | None, suggested: Mapping[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Check that the server offers the contract."""
        error: WeSmartError | str | None = None
        plain: str | None = None
        if user_input is not None:
            entered = user_input[CONF_SERVER]
            try:
                origin = server_origin(entered)
                self._use(await discover(new_http(self.hass), origin))
            except CloudConnectionError as err:
                plain = http_address(entered)
                error = "no_https" if plain else err
            except WeSmartError as err:
                error = err
            else:
                self._server = str(origin)
                return self._show_login(None)
        return self._show(
            step_id,
            _SERVER_SCHEMA,
            error,
            user_input or suggested,
            contract_url=CONTRACT_URL,
            http_address=plain or _LOCAL_EXAMPLE,
        )

    async def async_step_account(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the account."""
        return await self._async_step_login(user_input)

    async def async_step_terms(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show terms that are not accepted yet, and accept them. Unless they are required, they can wait."""
        if user_input is None:
            return self._show_terms(None)
        if not user_input[CONF_ACCEPT]:
            required = self._account.terms.required
            return self._show_terms("terms_not_accepted") if required else await self._async_read_homes()
        try:
            account = await async_accept_terms(self._client, self._account.terms)
        except (SessionEndedError, AccountBlockedError) as err:
            return self._show_login(err)
        except WeSmartError as err:
            return self._show_terms(err)
        if account is not None:
            self._account = account
            return self._show_terms("terms_changed")
        return await self._async_read_homes()

    async def async_step_homes(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which homes to show, where there is a choice; all but those that another account shows already."""
        if user_input is not None:
            excluded = self._choice.names.keys() - set(user_input.get(CONF_HOMES, ()))
            return self._create(excluded)
        self._choice = async_home_choice(self.hass, self._server_id, self._homes)
        names, taken = self._choice
        if len(self._homes) < 2 and len(names) == len(self._homes):
            # There is nothing to choose.
            return self._create(())
        if not names:
            return self._show("homes_taken", vol.Schema({}), None, taken=taken)
        schema = vol.Schema({vol.Optional(CONF_HOMES): select_any(names)})
        return self._show("homes", schema, None, {CONF_HOMES: [*names]}, taken=taken)

    async def async_step_homes_taken(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say that other accounts show all homes of this one."""
        return await self.async_step_homes() if user_input is None else self._create(())

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Log in again, because the session ended."""
        entry = self._get_reauth_entry()
        self._server = server_address(entry)
        self._use(endpoints_of(entry))
        self._username = entry_data.get(CONF_USERNAME)
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the username, which may have changed, and the password."""
        return await self._async_step_login(user_input)

    async def async_step_reauth_moved(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the login, and warn about new hosts."""
        return await self.async_step_reauth_confirm(user_input)

    async def async_step_reconfigure_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the login of the same account at the server that was entered."""
        return await self._async_step_login(user_input)

    @override
    async def _async_ask_login(self) -> ConfigFlowResult:
        if self.source == SOURCE_REAUTH:
            await self._async_sign_out()
            # Show the hosts that get the password first. If the document cannot be read, they are the stored ones.
            with suppress(WeSmartError):
                self._use(await discover(new_http(self.hass), URL(self._server)))
        return self._show_login(None)

    async def _async_step_login(self, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        if user_input is None:
            return await self._async_ask_login()
        self._username, password = user_input[CONF_USERNAME], user_input[CONF_PASSWORD]
        self._secrets = (user_input[CONF_USERNAME], password)
        login = partial(log_in, endpoints=self._endpoints, username=self._username, password=password, clock=wall_clock)
        return await self._async_log_in(login)

    @override
    async def _async_log_in(self, login: Login) -> ConfigFlowResult:
        await self._async_sign_out()
        try:
            await self._async_open_session(login)
        except WeSmartError as err:
            return self._show_login(err)
        await self.async_set_unique_id(account_unique_id(self._server_id, self._account.id))
        if self._known_entry is None:
            self._abort_if_unique_id_configured()
        else:
            self._abort_if_unique_id_mismatch()
        if self._account.blocked:
            terminated = self._account.access.status == "terminated"
            return self._show_login(AccountBlockedError("the account is blocked", terminated=terminated))
        if self._account.terms.open:
            return self._show_terms(None)
        return await self._async_read_homes()

    async def _async_read_homes(self) -> ConfigFlowResult:
        try:
            try:
                snapshot = await self._client.snapshot()
            except AccessError:
                # It changed since the account was read, which says why.
                self._account = await self._client.account()
                raise
        except WeSmartError as err:
            return self._show_login(err)
        self._homes = snapshot.homes if snapshot else ()
        return await self._async_finish()

    async def _async_finish(self) -> ConfigFlowResult:
        entry = self._known_entry
        if entry is None:
            return await self.async_step_homes()
        replaced: Session | None = None
        with suppress(ConfigEntryError):  # what cannot be read holds no session
            replaced = async_get_session(self.hass, entry)
        result = self.async_update_reload_and_abort(entry, data_updates=self._hand_over())
        if replaced is not None:
            # It is revoked where it was opened. That is not awaited, because the server may be gone.
            self.hass.async_create_task(replaced.revoke(), "WeSMART sign out")
        return result

    def _create(self, excluded: Iterable[str]) -> ConfigFlowResult:
        excluded = sorted(excluded)
        shown = [home.name for home in self._homes if home.id in self._choice.names and home.id not in excluded]
        title = account_title(self._async_current_entries(), next(filter(None, shown), ""))
        return self.async_create_entry(title=title, data=self._hand_over(), options={CONF_EXCLUDED_HOMES: excluded})

    def _hand_over(self) -> dict[str, Any]:
        """Return the data of the entry, which owns the session from now on."""
        session, self._session = self._client.session, None
        return {
            CONF_SERVER: self._server,
            CONF_USERNAME: self._username,
            **login_data(session.endpoints, session.tokens),
        }

    @property
    def _known_entry(self) -> WeSmartConfigEntry | None:
        """The entry that logs in again; None if an account is added."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        return self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None

    @property
    def _server_id(self) -> str:
        """The server's ID, which an entry keeps wherever its server is now."""
        entry = self._known_entry
        return async_server_id(self.hass, self._server) if entry is None else server_id(entry)

    def _use(self, endpoints: Endpoints) -> None:
        self._use_logins(endpoints)
        self._support_phone = endpoints.support_phone
        if self._moved:
            # A document that may be forged must not name the hotline to ask about it.
            self._support_phone = endpoints_of(self._get_reauth_entry()).support_phone

    @property
    def _moved(self) -> bool:
        """Whether hosts would get the password that did not before, although no other server was entered."""
        if self.source != SOURCE_REAUTH:
            return False
        known = endpoints_of(self._get_reauth_entry())
        return self._endpoints.origins != known.origins or self._endpoints.moves_login_page(known)

    @property
    def _login_step(self) -> str:
        if self.source == SOURCE_REAUTH:
            return "reauth_moved" if self._moved else "reauth_confirm"
        return "reconfigure_confirm" if self.source == SOURCE_RECONFIGURE else "account"

    @override
    def _show_login(self, error: WeSmartError | str | None) -> ConfigFlowResult:
        texts = self._login_placeholders()
        if isinstance(error, AccountBlockedError):
            # Not known if only a later request was refused.
            access = self._account.access if self._account.blocked else Access()
            secrets = (*self._secrets, self._account.email, self._account.phone)
            texts |= {
                "reason": short(without_secrets(access.reason, secrets)),
                "until": local_time(access.until, self.hass.config.language),
            }
            error = blocked_key(access, terminated=error.terminated)
        if self._on_page is None:
            step_id = "login_moved" if self._moved else "login"
            return self.async_show_menu(
                step_id=step_id, menu_options=["auth", "password"], description_placeholders=texts
            )
        if self._on_page is False:
            return self._show(self._login_step, _LOGIN_SCHEMA, error, {CONF_USERNAME: self._username}, **texts)
        return self._show("browser_moved" if self._moved else "browser", vol.Schema({}), error, None, **texts)

    @override
    def _login_placeholders(self) -> dict[str, str]:
        page = self._endpoints.authorization_endpoint
        return {
            "server": self._server,
            "hosts": ", ".join(dict.fromkeys(map(host, self._endpoints.origins))),
            "login_host": host(self._endpoints.token_endpoint),
            "page_host": host(page) if page else "",
            "hotline": markdown(self._support_phone),
            "terms_url": link(self._endpoints.terms_url),
        }

    def _show_terms(self, error: WeSmartError | str | None) -> ConfigFlowResult:
        return self._show(
            "terms", TERMS_SCHEMA, error, None, **terms_placeholders(self._account.terms, self._endpoints, self._server)
        )

    def _show(
        self,
        step_id: str,
        schema: vol.Schema,
        error: WeSmartError | str | None,
        suggested: Mapping[str, Any] | None = None,
        **description: str,
    ) -> ConfigFlowResult:
        """Show a form, with an error if there is one; `description` holds the placeholders of its text."""
        errors, details = form_errors(error)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
            # The phone is for errors, which are plain text and not Markdown.
            description_placeholders={"phone": short(self._support_phone), **description, **details},
        )
