"""Repairing what only the owner can: reading new terms and accepting them, whether the account is set up or not."""

from typing import Any, cast

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .cloud import WeSmartClient
from .cloud.errors import SessionEndedError, WeSmartError
from .cloud.models import Terms
from .connection import async_get_session
from .coordinator import WeSmartConfigEntry
from .forms import complaint
from .issues import ISSUE_ENTRY_ID, ISSUE_REFUSED, ISSUE_URL, ISSUE_VERSION
from .stored import endpoints_of
from .terms_form import CONF_ACCEPT, TERMS_SCHEMA, async_accept_terms, terms_placeholders
from .text import markdown


class TermsRepairFlow(RepairsFlow):
    """Shows the terms, and sends their acceptance to the cloud."""

    def __init__(self, entry: WeSmartConfigEntry, terms: Terms, *, refused: bool) -> None:
        """Ask the owner of an entry; `refused` is whether the cloud insists."""
        self._entry = entry
        self._terms = terms
        self._refused = refused
        self._endpoints = endpoints_of(entry)

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin with the terms."""
        return await self.async_step_terms()

    async def async_step_terms(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show the terms; accepting them brings the homes back, and refusing is answered with what happens then."""
        if user_input is None:
            return self._show_terms(None)
        if not user_input[CONF_ACCEPT]:
            return self.async_abort(
                reason="refused_and_locked" if self._refused else "refused",
                description_placeholders={"phone": markdown(self._endpoints.support_phone)},
            )
        # Of its own: while the cloud insists, the entry is not set up.
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
        await self._async_return()
        return self.async_create_entry(data={})

    async def _async_return(self) -> None:
        """Have the homes back at once, and not when they are looked for the next time."""
        if self._entry.state is ConfigEntryState.LOADED:
            await self._entry.runtime_data.async_look_again()
        else:
            self.hass.config_entries.async_schedule_reload(self._entry.entry_id)

    def _show_terms(self, error: WeSmartError | str | None) -> RepairsFlowResult:
        errors, details = complaint(error)
        return self.async_show_form(
            step_id="terms",
            data_schema=TERMS_SCHEMA,
            errors=errors,
            description_placeholders={**terms_placeholders(self._terms, self._endpoints), **details},
        )


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that repairs an issue; terms are the only one that can be."""
    known = cast("dict[str, Any]", data)  # as `issues` has put it there
    entry = hass.config_entries.async_get_known_entry(known[ISSUE_ENTRY_ID])
    terms = Terms(current=known[ISSUE_VERSION], url=known[ISSUE_URL])
    return TermsRepairFlow(entry, terms, refused=known[ISSUE_REFUSED])
