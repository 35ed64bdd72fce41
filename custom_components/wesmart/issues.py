"""What the owner of an account is told under Repairs, for as long as it is so: blocks, maintenance, terms to accept."""

from datetime import datetime

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .cloud.errors import AccountBlockedError, MaintenanceError, TermsNotAcceptedError, WeSmartError
from .cloud.models import Terms
from .cloud.replica import Replica
from .const import CONF_EXCLUDED_HOMES, DOMAIN
from .homes import async_home_choice
from .identity import server_identity
from .text import local_time, markdown, short

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


@callback
def async_setup_issues(hass: HomeAssistant) -> None:
    """Say nothing of an account that is not set up any more, nor about to be: unloaded, disabled or removed."""

    @callback
    def forget(_change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN and entry.state is ConfigEntryState.NOT_LOADED:
            async_report_refusal(hass, entry, "", None)
            ir.async_delete_issue(hass, DOMAIN, _issue_id(_TAKEN, entry))

    # For as long as Home Assistant runs: an entry whose set-up is tried again has no hook of its own for this.
    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, forget)


@callback
def async_report_refusal(hass: HomeAssistant, entry: ConfigEntry, phone: str, err: WeSmartError | None) -> None:
    """Say why the cloud does not show the homes of an account, and only that; with None that it does."""
    match err:
        case AccountBlockedError():
            reported = _BLOCK
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
        case MaintenanceError():
            reported = _MAINTENANCE
            until = local_time(err.ends_at)
            _async_create(hass, entry, _MAINTENANCE, "maintenance", ir.IssueSeverity.WARNING, until=until)
        case TermsNotAcceptedError():
            reported = _TERMS
            async_report_terms(hass, entry, Terms(current=err.version, url=err.url), refused=True)
        case None:
            reported = ""
        case _:
            return  # not a word about the account: what was said of it stands
    for kind in (_BLOCK, _MAINTENANCE, _PLAN, _TERMS):
        if kind != reported:
            ir.async_delete_issue(hass, DOMAIN, _issue_id(kind, entry))


@callback
def async_report_plan(
    hass: HomeAssistant, entry: ConfigEntry, starts_at: datetime | None, ends_at: datetime | None
) -> None:
    """Say when maintenance is planned, until it is over; what was called off or is history is not said."""
    issue_id = _issue_id(_PLAN, entry)
    over = ends_at or starts_at
    if over is None or over <= dt_util.utcnow():
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    plan: dict[str, str | int | float | None] = {"over": over.timestamp()}
    begin, until = local_time(starts_at), local_time(ends_at)
    _async_create(hass, entry, _PLAN, _PLAN, ir.IssueSeverity.WARNING, data=plan, begin=begin, until=until)

    @callback
    def forget(_now: datetime) -> None:
        issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
        # Another plan may have taken its place.
        if issue is not None and issue.data == plan:
            ir.async_delete_issue(hass, DOMAIN, issue_id)

    entry.async_on_unload(async_track_point_in_utc_time(hass, forget, over))


@callback
def async_report_terms(hass: HomeAssistant, entry: ConfigEntry, terms: Terms, *, refused: bool = False) -> None:
    """Ask for new terms to be accepted, which the cloud may insist on; nothing is asked where there are none."""
    if not refused and (terms.current is None or terms.accepted == terms.current):
        ir.async_delete_issue(hass, DOMAIN, _issue_id(_TERMS, entry))
        return
    _async_create(
        hass,
        entry,
        _TERMS,
        "terms",
        ir.IssueSeverity.ERROR if refused else ir.IssueSeverity.WARNING,
        data={
            ISSUE_ENTRY_ID: entry.entry_id,
            ISSUE_VERSION: terms.current,
            ISSUE_URL: terms.url,
            ISSUE_REFUSED: refused,
        },
    )


@callback
def async_report_homes(hass: HomeAssistant, entry: ConfigEntry, replica: Replica) -> None:
    """Say who shows the homes of an account that wants some and is left with none."""
    excluded = entry.options.get(CONF_EXCLUDED_HOMES, ())
    missed = [home for home in replica.left_out.values() if home.id not in excluded]
    names, taken = async_home_choice(hass, server_identity(entry), missed, besides=entry)
    if missed and not names and not replica.homes:
        _async_create(hass, entry, _TAKEN, "homes_taken", ir.IssueSeverity.WARNING, taken=taken)
    else:
        ir.async_delete_issue(hass, DOMAIN, _issue_id(_TAKEN, entry))


@callback
def _async_create(
    hass: HomeAssistant,
    entry: ConfigEntry,
    kind: str,
    translation_key: str,
    severity: ir.IssueSeverity,
    *,
    data: dict[str, str | int | float | None] | None = None,
    **placeholders: str,
) -> None:
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(kind, entry),
        data=data,
        is_fixable=kind == _TERMS,
        is_persistent=False,
        severity=severity,
        translation_key=translation_key,
        translation_placeholders={"account": short(entry.title), **placeholders},
    )


def _issue_id(kind: str, entry: ConfigEntry) -> str:
    return f"{kind}_{entry.entry_id}"
