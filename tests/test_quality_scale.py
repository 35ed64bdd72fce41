"""The self-assessment has an answer to every rule of the Integration Quality Scale, and what it says is true."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import custom_components.wesmart
from custom_components.wesmart.cloud import timing
from custom_components.wesmart.const import PLATFORMS

INTEGRATION = Path(custom_components.wesmart.__file__).parent
SOURCES = {path.name: path.read_text(encoding="utf-8") for path in INTEGRATION.glob("*.py")}
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
    """Start no Home Assistant: these tests only read files."""


@pytest.fixture(scope="module")
def rules() -> dict[str, Any]:
    """Return the rules of the file."""
    document = yaml.safe_load((INTEGRATION / "quality_scale.yaml").read_text(encoding="utf-8"))
    assert document.keys() == {"rules"}
    rules = document["rules"]
    assert isinstance(rules, dict)
    return rules


def test_every_rule_is_there_in_order(rules: dict[str, Any]) -> None:
    """And no other rule."""
    assert [*rules] == " ".join(TIERS.values()).split()


def test_every_rule_is_done_or_says_why_not(rules: dict[str, Any]) -> None:
    """In the format that hassfest expects of core. The README says that one is not met."""
    for rule, answer in rules.items():
        if answer == "done":
            continue
        assert answer.keys() == {"status", "comment"}, rule
        # Of the other rules, the documentation says that there are no exceptions.
        expected = {"discovery": "exempt", "discovery-update-info": "exempt", "repair-issues": "todo"}
        assert answer["status"] == expected.get(rule, "done"), rule
        assert answer["comment"].strip(), rule


def test_polling_is_as_appropriate_as_it_says(rules: dict[str, Any]) -> None:
    """`appropriate-polling` names the intervals."""
    comment = rules["appropriate-polling"]["comment"]
    assert "Push; every one to two hours a conditional request" in comment
    assert "Without push about every 30 seconds" in comment
    assert [timing.safety_poll_interval(u) for u in (0, 1)] == [3600, 7200]
    assert timing.poll_interval(0.5) == 30


def test_updates_run_in_parallel_on_every_platform() -> None:
    """`parallel-updates` says so."""
    assert [platform for platform in PLATFORMS if "\nPARALLEL_UPDATES = 0\n" not in SOURCES[f"{platform}.py"]] == []


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ("discovery", "async_step_zeroconf"),
        ("discovery-update-info", "_abort_if_unique_id_configured(updates"),
    ],
)
def test_what_a_comment_says_is_not_there_is_not_there(rules: dict[str, Any], rule: str, word: str) -> None:
    """Otherwise it would be wrong."""
    assert rules[rule]["comment"]
    assert word not in "\n".join(SOURCES.values())


def test_set_up_is_as_hassfest_looks_for_it() -> None:
    """`test-before-setup`, `runtime-data` and `strict-typing` of core integrations."""
    setup = SOURCES["__init__.py"].partition("async def async_setup_entry(")[2].partition("async def")[0]
    assert "entry: WeSmartConfigEntry" in setup
    assert "entry.runtime_data = " in setup
    assert "await coordinator.async_config_entry_first_refresh()" in setup


def test_the_manifest_agrees(rules: dict[str, Any]) -> None:
    """`dependency-transparency` names all requirements, and `integration-owner` is done."""
    manifest = json.loads((INTEGRATION / "manifest.json").read_text(encoding="utf-8"))
    names = [requirement.partition("=")[0].rstrip("><~") for requirement in manifest["requirements"]]
    assert names == ["msgspec"]
    assert rules["dependency-transparency"]["comment"].startswith("msgspec: ")
    assert manifest["codeowners"] != []
    assert manifest["iot_class"] == "cloud_push"


def test_every_action_has_an_icon_and_is_registered_in_async_setup() -> None:
    """As `icon-translations` and `action-setup` say."""
    actions = yaml.safe_load((INTEGRATION / "services.yaml").read_text(encoding="utf-8")).keys()
    icons = json.loads((INTEGRATION / "icons.json").read_text(encoding="utf-8"))["services"]
    assert actions == icons.keys()
    setup = SOURCES["__init__.py"].partition("async def async_setup(")[2].partition("async def")[0]
    assert "async_setup_services(hass)" in setup
