"""What a user sees in Repairs, and in the log at its usual level."""

import asyncio
import logging

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.wesmart.const import DOMAIN

# Translation key without the ends that say what the server did not say, and whether the user can fix it.
BLOCKED = ("account_suspended", False)
CLOSED = ("account_terminated", False)
MAINTAINED = ("maintenance", False)
PLANNED = ("maintenance_planned", False)
TAKEN = ("homes_taken", False)
TERMS = ("terms", True)


def issues(hass: HomeAssistant) -> list[tuple[str | None, bool | None]]:
    """Return the integration's issues, oldest first."""
    return [
        (_text(issue), issue.is_fixable)
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN and issue.active
    ]


def _text(issue: ir.IssueEntry) -> str | None:
    key = issue.translation_key
    return key and key.removesuffix("_indefinite").removesuffix("_unexplained")


def the_issue(hass: HomeAssistant) -> ir.IssueEntry:
    """Return the only issue."""
    (issue,) = (issue for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN and issue.active)
    return issue


def placeholders(hass: HomeAssistant) -> dict[str, str]:
    """Return the placeholders of the only issue."""
    return the_issue(hass).translation_placeholders or {}


async def comes(hass: HomeAssistant, *wanted: tuple[str, bool], within_s: float = 15) -> None:
    """Wait, in virtual seconds, until exactly these issues exist.

    By default, for as long as Home Assistant puts off a refresh that follows another one.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    while (waited_s := loop.time() - started) <= within_s:
        if sorted(issues(hass), key=str) == sorted(wanted, key=str):
            return
        await asyncio.sleep(0.05 if waited_s < 15 else 1)
    raise AssertionError(f"Repairs shows {issues(hass)}, not {wanted}")


def ignore(hass: HomeAssistant) -> None:
    """Ignore the only issue, as its user may."""
    ir.async_ignore_issue(hass, DOMAIN, the_issue(hass).issue_id, True)


def ignored(hass: HomeAssistant) -> bool:
    """Return whether the only issue is ignored."""
    return the_issue(hass).dismissed_version is not None


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the levels of the integration's log records that are shown by default.

    Except for Home Assistant's own about the set-up of an entry, which have our logger.
    """
    return [
        record.levelname
        for record in caplog.records
        if record.name.startswith("custom_components.wesmart")
        and record.levelno >= logging.INFO
        and not record.getMessage().startswith("Config entry '")
    ]
