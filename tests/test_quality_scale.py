"""The self-assessment: every rule there is, each with an answer, and a reason where a rule does not apply."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import custom_components.wesmart
from custom_components.wesmart.const import PLATFORMS

FILE = Path(custom_components.wesmart.__file__).with_name("quality_scale.yaml")
# Home Assistant's rules of 2026.10, tier by tier, in the order of its documentation.
TIERS = {
    "bronze": """
        action-setup appropriate-polling brands common-modules config-flow config-flow-test-coverage
        dependency-transparency docs-actions docs-conditions docs-high-level-description
        docs-installation-instructions docs-removal-instructions docs-triggers entity-event-setup entity-unique-id
        has-entity-name runtime-data test-before-configure test-before-setup unique-config-entry
    """,
    "silver": """
        action-exceptions config-entry-unloading docs-configuration-parameters docs-installation-parameters
        entity-unavailable integration-owner log-when-unavailable parallel-updates reauthentication-flow test-coverage
    """,
    "gold": """
        devices diagnostics discovery discovery-update-info docs-data-update docs-examples docs-known-limitations
        docs-supported-devices docs-supported-functions docs-troubleshooting docs-use-cases dynamic-devices
        entity-category entity-device-class entity-disabled-by-default entity-translations exception-translations
        icon-translations reconfiguration-flow repair-issues stale-devices
    """,
    "platinum": "async-dependency inject-websession strict-typing",
}


@pytest.fixture
def custom_integrations() -> None:
    """Start no Home Assistant: this reads a file."""


@pytest.fixture(scope="module")
def rules() -> dict[str, Any]:
    """Return the rules of the file."""
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    assert document.keys() == {"rules"}
    rules = document["rules"]
    assert isinstance(rules, dict)
    return rules


def test_every_rule_is_there_in_order(rules: dict[str, Any]) -> None:
    """And none that does not exist."""
    assert [*rules] == " ".join(TIERS.values()).split()


def test_every_rule_is_done_or_says_why_not(rules: dict[str, Any]) -> None:
    """As hassfest wants it of core: a word, or a status with a comment."""
    for rule, answer in rules.items():
        if answer == "done":
            continue
        assert answer.keys() == {"status", "comment"}, rule
        assert answer["status"] in ("done", "exempt"), rule
        assert answer["comment"].strip(), rule


def test_every_platform_says_how_many_updates_run_at_once() -> None:
    """As `parallel-updates` claims."""
    platforms = [FILE.with_name(f"{platform}.py") for platform in PLATFORMS]
    assert platforms
    assert [path.name for path in platforms if "\nPARALLEL_UPDATES = " not in path.read_text(encoding="utf-8")] == []
