"""What a user sees under Repairs, and in the log without asking for more."""

import asyncio
import logging

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.wesmart.const import DOMAIN

# The key of the text, and whether the user can repair it.
BLOCKED = ("account_suspended", False)
CLOSED = ("account_terminated", False)
MAINTAINED = ("maintenance", False)
PLANNED = ("maintenance_planned", False)
TAKEN = ("homes_taken", False)
TERMS = ("terms", True)


def issues(hass: HomeAssistant) -> list[tuple[str | None, bool | None]]:
    """Return what is shown under Repairs of this integration."""
    return [
        (issue.translation_key, issue.is_fixable)
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.active
    ]


def the_issue(hass: HomeAssistant) -> ir.IssueEntry:
    """Return the only one."""
    (issue,) = (issue for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN)
    return issue


def placeholders(hass: HomeAssistant) -> dict[str, str]:
    """Return what the text of the only issue is filled with."""
    return the_issue(hass).translation_placeholders or {}


async def comes(hass: HomeAssistant, *wanted: tuple[str, bool], within_s: float = 5) -> None:
    """Wait, in virtual seconds, until this and nothing else is shown under Repairs."""
    for _ in range(int(within_s * 20)):
        if issues(hass) == list(wanted):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"Repairs shows {issues(hass)}, not {wanted}")


def ignore(hass: HomeAssistant) -> None:
    """Ignore the only one, as its user may."""
    ir.async_ignore_issue(hass, DOMAIN, the_issue(hass).issue_id, True)


def ignored(hass: HomeAssistant) -> bool:
    """Return whether the only one is ignored."""
    return the_issue(hass).dismissed_version is not None


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the levels of what the log says of us without being asked for more.

    But for what Home Assistant says under our name: that it tries to set up an account again.
    """
    return [
        record.levelname
        for record in caplog.records
        if record.name.startswith("custom_components.wesmart")
        and record.levelno >= logging.INFO
        and not record.getMessage().startswith("Config entry '")
    ]
