"""Adding an account, changing its server, and logging in again: the server, the account, open terms, the homes."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, override

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
import voluptuous as vol
from yarl import URL

from .cloud import Endpoints, Session, WeSmartClient, discover, log_in, server_origin
from .cloud.errors import SessionEndedError, TermsNotAcceptedError, WeSmartError
from .cloud.models import Account, Home, Terms
from .connection import async_get_session, async_get_transport, wall_clock
from .const import (
    CONF_EXCLUDED_HOMES,
    CONF_HOMES,
    CONF_POLL_INTERVAL,
    CONF_SERVER,
    CONTRACT_URL,
    DOMAIN,
    MANUFACTURER,
    POLL_INTERVAL_S,
)
from .forms import POLL_INTERVAL_SELECTOR, any_of, complaint
from .homes import HomeChoice, async_home_choice
from .identity import account_unique_id, async_server_identity, server_identity
from .options_flow import WeSmartOptionsFlow
from .stored import endpoints_of, login_data
from .terms_form import CONF_ACCEPT, TERMS_SCHEMA, async_accept_terms, terms_placeholders
from .text import link, markdown, short

_SERVER_SCHEMA = vol.Schema(
    {vol.Required(CONF_SERVER): TextSelector(TextSelectorConfig(type=TextSelectorType.TEXT, autocomplete="url"))}
)
_LOGIN_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_USERNAME): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEXT, autocomplete="username")
        ),
        vol.Required(CONF_PASSWORD): TextSelector(
            TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
        ),
    }
)


class WeSmartConfigFlow(ConfigFlow, domain=DOMAIN):
    """Leads to a config entry that holds a session of the account, and never its password."""

    VERSION = 1

    _server: str
    _endpoints: Endpoints
    _client: WeSmartClient
    _account: Account
    _homes: tuple[Home, ...]
    _choice: HomeChoice
    _terms: Terms
    # Whether the cloud lets the account in although there are terms it has not accepted.
    _admitted: bool
    _username: str | None = None
    _support_phone = ""
    # A session that was opened here and no entry has taken over: it is ended when the flow is.
    _session: Session | None = None
    _closed = False

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> WeSmartOptionsFlow:
        """Return the flow that changes an account's settings."""
        return WeSmartOptionsFlow()

    @callback
    @override
    def async_remove(self) -> None:
        """Leave no session behind."""
        self._closed = True
        if self._session is not None:
            # Not awaited: the dialog is closed already. Revoking ends by itself after seconds.
            self.hass.async_create_task(self._async_sign_out(), "WeSMART sign out")

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the server."""
        return await self._async_step_server("user", user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where the server is now; whoever only wants to log in anew leaves it as it is."""
        entry = self._get_reconfigure_entry()
        self._username = entry.data[CONF_USERNAME]
        return await self._async_step_server("reconfigure", user_input, {CONF_SERVER: entry.data[CONF_SERVER]})

    async def _async_step_server(
        self, step_id: str, user_input: dict[str, Any] | None, suggested: Mapping[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Find out whether the server offers the contract."""
        error: WeSmartError | None = None
        if user_input is not None:
            try:
                origin = server_origin(user_input[CONF_SERVER])
                self._use(await discover(async_get_transport(self.hass), origin))
            except WeSmartError as err:
                error = err
            else:
                self._server = str(origin)
                return self._show_login(None)
        return self._show(step_id, _SERVER_SCHEMA, error, user_input or suggested, contract_url=CONTRACT_URL)

    async def async_step_account(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask who logs in."""
        return await self._async_step_login(user_input)

    async def async_step_terms(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show terms that are still open, and accept them; they can wait where the cloud lets the account in."""
        if user_input is None:
            return self._show_terms(None)
        if not user_input[CONF_ACCEPT]:
            return await self._async_finish() if self._admitted else self._show_terms("terms_not_accepted")
        try:
            account = await async_accept_terms(self._client, self._terms)
        except SessionEndedError as err:
            return self._show_login(err)
        except WeSmartError as err:
            return self._show_terms(err)
        if account is not None:
            self._account, self._terms = account, account.terms
            return self._show_terms("terms_changed")
        return await self._async_step_access(terms_can_wait=True)

    async def async_step_homes(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which homes to show, where there is a choice; all but those that another account shows already."""
        if user_input is not None:
            excluded = self._choice.names.keys() - set(user_input.get(CONF_HOMES, ()))
            return self._create(excluded, int(user_input[CONF_POLL_INTERVAL]))
        self._choice = async_home_choice(self.hass, self._identity, self._homes)
        names, taken = self._choice
        if len(self._homes) < 2 and len(names) == len(self._homes):
            # Nothing to choose, and nothing to say.
            return self._create(())
        if not names:
            return self._show("homes_taken", vol.Schema({}), None, taken=taken)
        schema = vol.Schema(
            {
                vol.Optional(CONF_HOMES): any_of(names),
                vol.Required(CONF_POLL_INTERVAL, default=POLL_INTERVAL_S): POLL_INTERVAL_SELECTOR,
            }
        )
        suggested = {CONF_HOMES: [*names], CONF_POLL_INTERVAL: POLL_INTERVAL_S}
        return self._show("homes", schema, None, suggested, taken=taken)

    async def async_step_homes_taken(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say that other accounts show all homes of this one already."""
        return await self.async_step_homes() if user_input is None else self._create(())

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Log in again: the session has ended."""
        self._server = entry_data[CONF_SERVER]
        self._use(endpoints_of(self._get_reauth_entry()))
        self._username = entry_data[CONF_USERNAME]
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the account's name, which may have changed in the app, and its password."""
        if user_input is None:
            await self._async_sign_out()
            # Whoever gets the password is named before it is asked for. Where nothing can be read, that is who has
            # got it before.
            with suppress(WeSmartError):
                self._use(await discover(async_get_transport(self.hass), URL(self._server)))
        return await self._async_step_login(user_input)

    async def async_step_reauth_moved(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the same, where other hosts than before would get it."""
        return await self.async_step_reauth_confirm(user_input)

    async def async_step_reconfigure_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the same account's login, on the server that was entered."""
        return await self._async_step_login(user_input)

    async def _async_step_login(self, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        if user_input is None:
            return self._show_login(None)
        self._username = user_input[CONF_USERNAME]
        await self._async_sign_out()
        try:
            await self._async_open_session(user_input[CONF_USERNAME], user_input[CONF_PASSWORD])
        except WeSmartError as err:
            return self._show_login(err)
        await self.async_set_unique_id(account_unique_id(self._identity, self._account.id))
        if self._known is None:
            self._abort_if_unique_id_configured()
        else:
            self._abort_if_unique_id_mismatch()
        return await self._async_step_access()

    async def _async_step_access(self, *, terms_can_wait: bool = False) -> ConfigFlowResult:
        """Finish if the account may be used; else say why not, or show the terms that stand between."""
        self._terms = self._account.terms
        try:
            # The account may be read in any state; whether its homes may, only they can tell.
            snapshot = await self._client.snapshot()
        except TermsNotAcceptedError as err:
            self._terms = Terms(current=err.version or self._terms.current, url=err.url or self._terms.url)
            self._admitted = False
            return self._show_terms(None)
        except WeSmartError as err:
            return self._show_login(err)
        self._homes = snapshot.homes if snapshot else ()
        self._admitted = True
        if self._terms.accepted != self._terms.current and not terms_can_wait:
            return self._show_terms(None)
        return await self._async_finish()

    async def _async_finish(self) -> ConfigFlowResult:
        entry = self._known
        if entry is None:
            return await self.async_step_homes()
        # What was opened at the hosts of before is ended there; nobody waits for it, as they may be gone.
        replaced = async_get_session(self.hass, entry)
        result = self.async_update_reload_and_abort(entry, data_updates=self._hand_over())
        self.hass.async_create_task(replaced.revoke(), "WeSMART sign out")
        return result

    def _create(self, excluded: Iterable[str], poll_interval_s: int = POLL_INTERVAL_S) -> ConfigFlowResult:
        account = self._account
        # Titles stand in logs: whoever has no name is not called by email or phone number.
        title = account.full_name or MANUFACTURER
        options = {CONF_EXCLUDED_HOMES: sorted(excluded), CONF_POLL_INTERVAL: poll_interval_s}
        return self.async_create_entry(title=title, data=self._hand_over(), options=options)

    def _hand_over(self) -> dict[str, Any]:
        """Return the data of an entry, whose the session is from here on."""
        session, self._session = self._client.session, None
        return {
            CONF_SERVER: self._server,
            CONF_USERNAME: self._username,
            **login_data(session.endpoints, session.tokens),
        }

    @property
    def _known(self) -> ConfigEntry | None:
        """The entry that logs in again; None for an account that is added."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        return self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None

    @property
    def _identity(self) -> str:
        """What the server is known by: an account that logs in again keeps it, wherever its server is now."""
        entry = self._known
        return async_server_identity(self.hass, self._server) if entry is None else server_identity(entry)

    async def _async_open_session(self, username: str, password: str) -> None:
        transport = async_get_transport(self.hass)
        tokens = await log_in(transport, self._endpoints, username, password, clock=wall_clock)
        self._session = Session(transport, self._endpoints, tokens, clock=wall_clock)
        if self._closed:
            # The dialog was closed while the cloud was opening the session.
            await self._async_sign_out()
            raise SessionEndedError("the dialog was closed")
        self._client = WeSmartClient(self._session)
        self._account = await self._client.account()

    async def _async_sign_out(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.revoke()

    def _use(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._support_phone = endpoints.support_phone
        if self._moved:
            # Whether that is right must not be asked of whoever says so.
            self._support_phone = endpoints_of(self._get_reauth_entry()).support_phone

    @property
    def _moved(self) -> bool:
        """Whether other hosts than before would get the password, without anybody having entered another server."""
        if self.source != SOURCE_REAUTH:
            return False
        return self._endpoints.origins != endpoints_of(self._get_reauth_entry()).origins

    @property
    def _login_step(self) -> str:
        if self.source == SOURCE_REAUTH:
            return "reauth_moved" if self._moved else "reauth_confirm"
        return "reconfigure_confirm" if self.source == SOURCE_RECONFIGURE else "account"

    def _show_login(self, error: WeSmartError | None) -> ConfigFlowResult:
        return self._show(
            self._login_step,
            _LOGIN_SCHEMA,
            error,
            {CONF_USERNAME: self._username},
            server=self._server,
            hosts=markdown(", ".join(dict.fromkeys(self._endpoints.origins))),
            login_host=markdown(URL(self._endpoints.token_endpoint).host),
            hotline=markdown(self._support_phone),
            terms_url=link(self._endpoints.terms_url),
        )

    def _show_terms(self, error: WeSmartError | str | None) -> ConfigFlowResult:
        return self._show("terms", TERMS_SCHEMA, error, None, **terms_placeholders(self._terms, self._endpoints))

    def _show(
        self,
        step_id: str,
        schema: vol.Schema,
        error: WeSmartError | str | None,
        suggested: Mapping[str, Any] | None = None,
        **description: str,
    ) -> ConfigFlowResult:
        """Show a form, with what is wrong if anything is; `description` is what its text needs to know."""
        errors, details = complaint(error)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
            # The phone for what is wrong, which is plain text and no Markdown.
            description_placeholders={"phone": short(self._support_phone), **description, **details},
        )
