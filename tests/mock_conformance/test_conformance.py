"""The mock cloud conforms, and the suite finds each server rule that a mutant of it breaks."""

from collections.abc import Sequence
from pathlib import Path
import re

import pytest

from tests.conformance.plugin import HERE, SCHEMA_RULE, Finding, Opening, run
from tests.conformance.rules import rules
from tests.mock_cloud import load_home
from tests.mock_cloud.model import World
from tests.mock_cloud.wire import JsonObject
from tests.mock_conformance.https import Https
from tests.mock_conformance.mock import VirtualTime, mock_cloud
from tests.mock_conformance.mutants import MUTANTS, NOT_TESTABLE, Mutant
from tests.specification import SpecificationChecker

# Pytest's plugin for exceptions in destructors collects garbage five times at the end of a run; this is slower than the
# run of a mutant, and the pytest around it does the same.
ARGUMENTS = ("-q", "-s", "-p", "no:unraisableexception")


def check(opening: Opening, selected: Sequence[str] = (), *, only_first: bool = False) -> list[Finding]:
    """Run the suite, and return the outcomes."""
    _, findings = run(opening, selected=selected, only_first=only_first, arguments=ARGUMENTS, plugins=[VirtualTime()])
    return findings


def not_passed(findings: Sequence[Finding]) -> list[Finding]:
    """Return what failed or was skipped, but for the rules of the other scheme (https or http)."""
    return [one for one in findings if one.outcome != "passed" and not one.text.startswith("the discovery document")]


@pytest.mark.parametrize(
    "seed", [None, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)]
)
def test_the_mock_cloud_conforms(seed: int | None) -> None:
    """Plain, and with the freedoms that the contract leaves to a server; nothing is skipped, and the home restored.

    Plain, it sends nothing that only a later version of the contract may add.
    """
    left: list[World] = []
    observer = SpecificationChecker(closed=seed is None)
    findings = check(mock_cloud(seed=seed, observer=observer, at_end=left.append))
    assert not_passed(findings) == []
    observer.verify()
    assert len(findings) > 100
    assert states(left[0]) == states(load_home())


def states(world: World) -> dict[tuple[str, str], JsonObject]:
    """Return the states of all endpoints, without what meters count."""
    return {
        (device.id, endpoint.id): {name: value for name, value in endpoint.state.items() if name != "energy_kwh"}
        for device in world.devices()
        for endpoint in device.endpoints
    }


def test_the_mock_cloud_conforms_by_https(tmp_path: Path) -> None:
    """Under a public name."""
    findings = check(mock_cloud(https=Https(tmp_path)), ["C-14", "C-15"])
    assert not_passed(findings) == []
    assert [one.outcome for one in findings if one.rules == ("C-14",)] == ["passed"]


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_broken_rule_is_found(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By the tests of that rule, which name it."""
    mutant.mutate(monkeypatch)
    findings = check(mock_cloud(https=Https(tmp_path) if mutant.https else None), [mutant.rule], only_first=True)
    assert [record.getMessage() for record in caplog.records if record.name == "aiohttp.server"] == []
    failed = [
        one for one in findings if one.outcome == "failed" and (one.when == "call" or one.rules == (SCHEMA_RULE,))
    ]
    assert mutant.rule in {rule for one in failed for rule in one.rules}


def test_the_suite_needs_nothing_of_the_mock_cloud() -> None:
    """Nor of the integration or Home Assistant: it is for any server."""
    for path in HERE.glob("*.py"):
        imported = re.findall(r"^\s*(?:from|import) ([\w.]+)", path.read_text("utf-8"), re.MULTILINE)
        assert [name for name in imported if re.match(r"tests\.mock|custom_components|homeassistant", name)] == [], path


def test_each_rule_has_a_mutant_or_a_reason_why_not() -> None:
    """A rule that the suite does not check would be worth nothing to a vendor."""
    checked = {mutant.rule for mutant in MUTANTS}
    assert checked & set(NOT_TESTABLE) == set()
    assert checked | set(NOT_TESTABLE) == set(rules())
