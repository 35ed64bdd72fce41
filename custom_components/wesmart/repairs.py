"""Issues in Repairs: a function of the account, and the flow that accepts new terms."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange, ConfigEntryState
from homeassistant.const import CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import dt as dt_util

from .cloud import WeSmartClient
from .cloud.account import Account, Maintenance, Terms
from .cloud.errors import SessionEndedError, WeSmartError
from .cloud.state import HomeState
from .const import DOMAIN
from .errors import blocked_key, form_errors
from .formatting import local_time, markdown, short, without_secrets
from .homes import async_home_choice, excluded_homes, server_address, server_id
from .session import async_get_session, endpoints_of
from .terms import CONF_ACCEPT, TERMS_SCHEMA, async_accept_terms, terms_placeholders

if TYPE_CHECKING:
    from .coordinator import WeSmartConfigEntry

# How the IDs of issues begin, after their owner: the entry, or the server, which accounts share.
_ACCOUNT, _TERMS, _TAKEN, _MAINTENANCE, _PLANNED = "account_", "terms_", "homes_taken", "maintenance", "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue that should exist."""

    translation_key: str
    severity: ir.IssueSeverity
    placeholders: Mapping[str, str]
    data: dict[str, str | int | float | None] | None = field(default=None)

    @property
    def is_fixable(self) -> bool:
        """Whether the user can fix it in Repairs."""
        return self.data is not None


def account_issues(
    account: Account, *, title: str, phone: str, language: str, secrets: Iterable[str | None] = ()
) -> dict[str, Issue]:
    """Return the issues of an account, by the end of their ID. What must be shown again after ignoring has another ID.

    The reason of a block is shown without `secrets`.
    """
    access, terms = account.access, account.terms
    if account.blocked:
        return {
            f"{_ACCOUNT}{access.status}": Issue(
                translation_key=blocked_key(access, terminated=access.status == "terminated"),
                severity=ir.IssueSeverity.ERROR,
                placeholders={
                    "account": short(title),
                    "reason": markdown(without_secrets(access.reason, secrets)),
                    "until": local_time(access.until, language),
                    "phone": markdown(phone),
                },
            )
        }
    if not terms.open:
        return {}
    return {
        f"{_TERMS}{short(terms.current)}_{terms.required}": Issue(
            translation_key="terms",
            severity=ir.IssueSeverity.ERROR if terms.required else ir.IssueSeverity.WARNING,
            placeholders={"account": short(title)},
            data={"version": terms.current, "url": terms.url, "required": terms.required},
        )
    }


def maintenance_issues(
    maintenance: Maintenance | None, *, in_maintenance: bool | None, server: str, now: datetime, language: str
) -> dict[str, Issue]:
    """Return the issues of a server, by the end of their ID; whether it is `in_maintenance` may be unknown."""
    issues: dict[str, Issue] = {}
    is_ahead = maintenance is not None and maintenance.starts_at > now
    if in_maintenance:
        until = maintenance.ends_at if maintenance and not is_ahead else None
        issues[_MAINTENANCE] = Issue(
            translation_key="maintenance" if until else "maintenance_indefinite",
            severity=ir.IssueSeverity.WARNING,
            placeholders={"server": server, "until": local_time(until, language)},
        )
    if maintenance and (is_ahead or (not in_maintenance and maintenance.ends_at and maintenance.ends_at > now)):
        issues[_PLANNED] = Issue(
            translation_key="maintenance_planned" if maintenance.ends_at else "maintenance_planned_indefinite",
            severity=ir.IssueSeverity.WARNING,
            placeholders={
                "server": server,
                "begin": local_time(maintenance.starts_at, language),
                "until": local_time(maintenance.ends_at, language),
            },
        )
    return issues


@callback
def async_update_issues(
    hass: HomeAssistant,
    entry: WeSmartConfigEntry,
    account: Account | None,
    *,
    in_maintenance: bool | None,
    state: HomeState,
) -> None:
    """Make the issue registry agree with what is known of an account. What is not known stays as it is."""
    # Issues are stored with their placeholders, so the language is not that of each user.
    language = hass.config.language
    unknown: list[str] = []
    issues: dict[str, Issue] = {}
    if account is None:
        unknown += (_ACCOUNT, _TERMS, _PLANNED)
    else:
        session = async_get_session(hass, entry)
        of_account = account_issues(
            account,
            title=entry.title,
            language=language,
            phone=session.endpoints.support_phone,
            secrets=(entry.data.get(CONF_USERNAME), *session.secrets, account.email, account.phone),
        )
        issues |= _with_owner(entry.entry_id, of_account)
    if in_maintenance is None:
        unknown.append(_MAINTENANCE)
    of_server = maintenance_issues(
        _maintenance(hass, entry),
        in_maintenance=in_maintenance,
        server=server_address(entry),
        now=dt_util.utcnow(),
        language=language,
    )
    issues |= _with_owner(server_id(entry), of_server)
    if state.state_seq < 0:
        unknown.append(_TAKEN)
    elif taken := _taken_homes(hass, entry, state):
        issue = Issue(
            translation_key="homes_taken",
            severity=ir.IssueSeverity.WARNING,
            placeholders={"account": short(entry.title), "taken": taken},
        )
        issues |= _with_owner(entry.entry_id, {_TAKEN: issue})
    _async_delete_issues(hass, (entry.entry_id, server_id(entry)), keep=issues.keys(), unknown=tuple(unknown))
    for issue_id, issue in issues.items():
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            data={**issue.data, "entry_id": entry.entry_id} if issue.data else None,
            is_fixable=issue.is_fixable,
            is_persistent=False,
            severity=issue.severity,
            translation_key=issue.translation_key,
            translation_placeholders={**issue.placeholders},
        )


@callback
def async_setup_repairs(hass: HomeAssistant) -> None:
    """Delete the issues of accounts that are removed or disabled."""

    @callback
    def handle_change(change: ConfigEntryChange, entry: ConfigEntry) -> None:
        is_disabled = entry.disabled_by is not None and entry.state is ConfigEntryState.NOT_LOADED
        if entry.domain != DOMAIN or not (is_disabled or change is ConfigEntryChange.REMOVED):
            return
        owners = [entry.entry_id]
        others = hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False)
        if not any(other is not entry and server_id(other) == server_id(entry) for other in others):
            owners.append(server_id(entry))
        _async_delete_issues(hass, owners)

    # No hook of the entry is called when it is disabled while its set-up is retried.
    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, handle_change)


class TermsRepairFlow(RepairsFlow):
    """Shows new terms, and accepts them."""

    def __init__(self, entry: WeSmartConfigEntry, terms: Terms) -> None:
        """Show the terms to the owner of an entry."""
        self._entry = entry
        self._terms = terms
        self._endpoints = endpoints_of(entry)
        self._server = server_address(entry)

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Start with the terms."""
        return await self.async_step_terms()

    async def async_step_terms(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show the terms, and accept them; if they are not accepted, say what happens then."""
        if user_input is None:
            return self._show_terms(None)
        if not user_input[CONF_ACCEPT]:
            return self.async_abort(
                reason="refused_and_locked" if self._terms.required else "refused",
                description_placeholders={"phone": markdown(self._endpoints.support_phone)},
            )
        # Not the coordinator's client: while the terms are required, the entry may not be set up.
        client = WeSmartClient(async_get_session(self.hass, self._entry))
        try:
            account = await async_accept_terms(client, self._terms)
        except SessionEndedError as err:
            self._entry.async_start_reauth(self.hass)
            return self._show_terms(err)
        except WeSmartError as err:
            return self._show_terms(err)
        if account is not None:
            self._terms = account.terms
            return self._show_terms("terms_changed")
        if self._entry.state is ConfigEntryState.LOADED:
            await self._entry.runtime_data.async_refresh_account()
        else:
            self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
        return self.async_create_entry(data={})

    def _show_terms(self, error: WeSmartError | str | None) -> RepairsFlowResult:
        errors, details = form_errors(error)
        return self.async_show_form(
            step_id="terms",
            data_schema=TERMS_SCHEMA,
            errors=errors,
            description_placeholders={**terms_placeholders(self._terms, self._endpoints, self._server), **details},
        )


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that fixes an issue; only terms can be fixed."""
    known = cast("dict[str, Any]", data)
    entry = hass.config_entries.async_get_known_entry(known["entry_id"])
    terms = Terms(current=known["version"], url=known["url"], required=known["required"])
    return TermsRepairFlow(entry, terms)


def _with_owner(owner: str, issues: Mapping[str, Issue]) -> dict[str, Issue]:
    return {f"{owner} {key}": issue for key, issue in issues.items()}


@callback
def _async_delete_issues(
    hass: HomeAssistant, owners: Collection[str], *, keep: Collection[str] = (), unknown: tuple[str, ...] = ()
) -> None:
    """Delete the issues of owners but those to keep, also those of the last run that Home Assistant remembers as ignored.

    Deleting an issue forgets that it was ignored.
    """
    for domain, issue_id in [*ir.async_get(hass).issues]:
        owner, _, key = issue_id.partition(" ")
        if domain == DOMAIN and owner in owners and issue_id not in keep and not key.startswith(unknown):
            ir.async_delete_issue(hass, DOMAIN, issue_id)


def _maintenance(hass: HomeAssistant, entry: WeSmartConfigEntry) -> Maintenance | None:
    """Return the maintenance that the server told of last, to whichever of its accounts."""
    entries: list[WeSmartConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    others = [other for other in entries if other is not entry and server_id(other) == server_id(entry)]
    # Another account may have missed that the maintenance was called off.
    told = [known for other in (entry, *others) if (known := other.runtime_data).account is not None]
    latest = max(told, key=lambda coordinator: coordinator.account_read_at, default=None)
    return latest.account.maintenance if latest and latest.account else None


def _taken_homes(hass: HomeAssistant, entry: ConfigEntry, state: HomeState) -> str | None:
    """Return who shows the homes of an account that has none left to show; None if it shows one or wants none."""
    wanted = [home for home in state.excluded.values() if home.id not in excluded_homes(entry)]
    if state.homes or not wanted:
        return None
    names, taken = async_home_choice(hass, server_id(entry), wanted, exclude=entry)
    return None if names else taken
