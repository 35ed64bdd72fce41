"""What the owner of an account is told under Repairs, for as long as it is so: blocks, maintenance, terms to accept.

An issue goes when it is known to be so no more, or with its account, and never because nobody knows just now: one that
is deleted and comes back is another to Home Assistant, and whoever has ignored it would be told again by each reload.
"""

from datetime import datetime

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .cloud.errors import AccountBlockedError, MaintenanceError, TermsNotAcceptedError, WeSmartError
from .cloud.models import Terms
from .cloud.replica import Replica
from .cloud.timestamps import parse_timestamp
from .const import CONF_EXCLUDED_HOMES, DOMAIN
from .homes import async_home_choice
from .identity import server_identity
from .text import local_time, markdown, short

# What Home Assistant lets an issue hold.
type _Data = dict[str, str | int | float | None]

# An entry has at most one of each; which text it shows is its translation key.
_BLOCK = "account_blocked"
_MAINTENANCE = "maintenance"
_PLAN = "maintenance_planned"
_TAKEN = "homes_taken"
_TERMS = "terms"

# In the data of the issue, for the flow that repairs it.
ISSUE_ENTRY_ID = "entry_id"
ISSUE_VERSION = "version"
ISSUE_URL = "url"
ISSUE_REFUSED = "refused"
# And of a plan, for after a restart.
_STARTS_AT = "starts_at"
_ENDS_AT = "ends_at"

# What ends the wait for the end of a plan, by entry.
_PLANS: HassKey[dict[str, CALLBACK_TYPE]] = HassKey(f"{DOMAIN}_plans")


@callback
def async_setup_issues(hass: HomeAssistant) -> None:
    """Go on with what was said before a restart, and say nothing of an account that is disabled or removed."""
    plans = hass.data.setdefault(_PLANS, {})

    @callback
    def forget(change: ConfigEntryChange, entry: ConfigEntry) -> None:
        disabled = entry.disabled_by is not None and entry.state is ConfigEntryState.NOT_LOADED
        if entry.domain == DOMAIN and (disabled or change is ConfigEntryChange.REMOVED):
            _async_end_plan(hass, entry.entry_id)
            for kind in (_BLOCK, _MAINTENANCE, _TAKEN, _TERMS):
                _async_delete(hass, entry.entry_id, kind)

    # For as long as Home Assistant runs. No hook of an entry would do: where its set-up is tried again, disabling it
    # calls none.
    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, forget)

    @callback
    def stop(_event: Event) -> None:
        for cancel in plans.values():
            cancel()

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop)

    for issue in tuple(ir.async_get(hass).issues.values()):
        if issue.domain == DOMAIN and issue.translation_key == _PLAN:
            _async_resume_plan(hass, issue.issue_id.removeprefix(f"{_PLAN}_"), issue.data or {})


@callback
def async_report_refusal(hass: HomeAssistant, entry: ConfigEntry, phone: str, err: WeSmartError | None) -> None:
    """Say why the cloud does not show the homes of an account; with None that it does, or that it is asked no more.

    Each answer also says what is over: what would have come before it (contract, "Problems", precedence). Of terms it
    only says whether the cloud insists on them; whether they are accepted, the account does.
    """
    match err:
        case AccountBlockedError():
            _async_create(
                hass,
                entry,
                _BLOCK,
                "account_terminated" if err.terminated else "account_suspended",
                ir.IssueSeverity.ERROR,
                reason=markdown(err.reason),
                until=local_time(err.until),
                phone=markdown(phone),
            )
            over = [_MAINTENANCE]
        case MaintenanceError():
            until = local_time(err.ends_at)
            _async_create(hass, entry, _MAINTENANCE, _MAINTENANCE, ir.IssueSeverity.WARNING, until=until)
            over = []
        case TermsNotAcceptedError():
            _async_ask(hass, entry, Terms(current=err.version, url=err.url), refused=True)
            over = [_BLOCK, _MAINTENANCE]
        case None:
            if _is_refused(hass, entry):
                _async_ask(hass, entry, Terms(), refused=False)
            over = [_BLOCK, _MAINTENANCE]
        case _:
            over = []  # not a word about the account: what was said of it stands
    for kind in over:
        _async_delete(hass, entry.entry_id, kind)


@callback
def async_report_plan(
    hass: HomeAssistant, entry: ConfigEntry, starts_at: datetime | None, ends_at: datetime | None
) -> None:
    """Say when maintenance is planned, until it is over; restarts included, since the cloud says it only once.

    What was called off or is history is not said. Neither is what has begun and nobody knows the end of: nothing is
    planned any more then, and whether it goes on, the cloud's answers say.
    """
    over = ends_at or starts_at
    if over is None or over <= dt_util.utcnow():
        _async_end_plan(hass, entry.entry_id)
        return
    _async_create(
        hass,
        entry,
        _PLAN,
        _PLAN,
        ir.IssueSeverity.WARNING,
        data={
            _STARTS_AT: None if starts_at is None else starts_at.isoformat(),
            _ENDS_AT: None if ends_at is None else ends_at.isoformat(),
        },
        begin=local_time(starts_at),
        until=local_time(ends_at),
    )

    @callback
    def end(_now: datetime) -> None:
        _async_end_plan(hass, entry.entry_id)

    # Not for the entry to cancel: the plan ends whether the entry is loaded then or not.
    _async_cancel_plan(hass, entry.entry_id)
    hass.data[_PLANS][entry.entry_id] = async_track_point_in_utc_time(hass, end, over)


@callback
def async_report_terms(hass: HomeAssistant, entry: ConfigEntry, terms: Terms) -> None:
    """Ask for open terms to be accepted, as the account has them, and no more once they are.

    Whether the cloud insists on them, the account does not say: what it has said to a request for the homes stands.
    """
    refused = _is_refused(hass, entry)
    # Where the account names none there are none, but for those that the cloud insists on.
    if refused if terms.current is None else terms.accepted != terms.current:
        _async_ask(hass, entry, terms, refused=refused)
    else:
        _async_delete(hass, entry.entry_id, _TERMS)


@callback
def async_report_homes(hass: HomeAssistant, entry: ConfigEntry, replica: Replica) -> None:
    """Say who shows the homes of an account that wants some and is left with none."""
    excluded = entry.options.get(CONF_EXCLUDED_HOMES, ())
    missed = [home for home in replica.left_out.values() if home.id not in excluded]
    names, taken = async_home_choice(hass, server_identity(entry), missed, besides=entry)
    if missed and not names and not replica.homes:
        _async_create(hass, entry, _TAKEN, _TAKEN, ir.IssueSeverity.WARNING, taken=taken)
    else:
        _async_delete(hass, entry.entry_id, _TAKEN)


@callback
def _async_resume_plan(hass: HomeAssistant, entry_id: str, plan: _Data) -> None:
    """Go on with a plan from before a restart, unless it is over or its account is gone."""
    entry = hass.config_entries.async_get_entry(entry_id)
    if entry is None or entry.disabled_by is not None:
        _async_end_plan(hass, entry_id)
        return
    starts_at, ends_at = (parse_timestamp(str(plan[key])) if plan.get(key) else None for key in (_STARTS_AT, _ENDS_AT))
    async_report_plan(hass, entry, starts_at, ends_at)


@callback
def _async_cancel_plan(hass: HomeAssistant, entry_id: str) -> None:
    if cancel := hass.data[_PLANS].pop(entry_id, None):
        cancel()


@callback
def _async_end_plan(hass: HomeAssistant, entry_id: str) -> None:
    _async_cancel_plan(hass, entry_id)
    _async_delete(hass, entry_id, _PLAN)


@callback
def _async_ask(hass: HomeAssistant, entry: ConfigEntry, terms: Terms, *, refused: bool) -> None:
    """Ask for terms to be accepted; where none are named it is those that were asked about before."""
    before = _asked(hass, entry)
    data: _Data = {ISSUE_VERSION: terms.current, ISSUE_URL: terms.url}
    if terms.current is None:
        data |= {key: before.get(key) for key in data}
    data |= {ISSUE_ENTRY_ID: entry.entry_id, ISSUE_REFUSED: refused}
    if before and (data[ISSUE_VERSION] != before[ISSUE_VERSION] or (refused and not before[ISSUE_REFUSED])):
        # Whoever has ignored one version has not ignored the next, nor what locks the homes with what could wait.
        _async_delete(hass, entry.entry_id, _TERMS)
    severity = ir.IssueSeverity.ERROR if refused else ir.IssueSeverity.WARNING
    _async_create(hass, entry, _TERMS, _TERMS, severity, data=data)


def _asked(hass: HomeAssistant, entry: ConfigEntry) -> _Data:
    """Return what stands in the issue that asks for terms; nothing where there is none, or none since a restart."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, _issue_id(entry.entry_id, _TERMS))
    return (issue.data if issue else None) or {}


def _is_refused(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    return bool(_asked(hass, entry).get(ISSUE_REFUSED))


@callback
def _async_create(
    hass: HomeAssistant,
    entry: ConfigEntry,
    kind: str,
    translation_key: str,
    severity: ir.IssueSeverity,
    *,
    data: _Data | None = None,
    **placeholders: str,
) -> None:
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry.entry_id, kind),
        data=data,
        is_fixable=kind == _TERMS,
        # The cloud repeats the others by itself.
        is_persistent=kind == _PLAN,
        severity=severity,
        translation_key=translation_key,
        # Diagnostics show what is persistent with all that is in it: a plan is the cloud's, and names nobody.
        translation_placeholders=placeholders if kind == _PLAN else {"account": short(entry.title), **placeholders},
    )


@callback
def _async_delete(hass: HomeAssistant, entry_id: str, kind: str) -> None:
    ir.async_delete_issue(hass, DOMAIN, _issue_id(entry_id, kind))


def _issue_id(entry_id: str, kind: str) -> str:
    return f"{kind}_{entry_id}"
