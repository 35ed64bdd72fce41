"""Runs the suite: selects tests by rule, names the rule in each failure, and says what was skipped."""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conformance.rules import rules
from tests.conformance.target import Target

HERE = Path(__file__).parent

# The rule that a response or frame breaks when it does not fit the two documents.
SCHEMA_RULE = "C-11"

type Opening = Callable[[], AbstractAsyncContextManager[Target]]

OPENING = pytest.StashKey[Opening]()


class BrokenSchemaError(AssertionError):
    """A response or a frame does not fit docs/openapi.yaml or docs/asyncapi.yaml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The outcome of a test: passed, failed or skipped; `text` is the failure or why it was skipped."""

    test: str
    rules: tuple[str, ...]
    when: str
    outcome: str
    text: str


class Plugin:
    """Hooks of a run against the target that `opening` opens.

    Without `selected`, all rules are checked; `only_first` stops at the first failure that names one of them.
    """

    def __init__(self, opening: Opening, selected: Iterable[str], *, only_first: bool) -> None:
        self.findings: list[Finding] = []
        self._opening = opening
        self._only_first = only_first
        self._selected = set(selected)
        if unknown := self._selected - set(rules()):
            raise pytest.UsageError(f"the contract has no rules {', '.join(sorted(unknown))}")

    def pytest_configure(self, config: pytest.Config) -> None:
        """Let the fixtures open the target."""
        config.stash[OPENING] = self._opening

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the tests of the selected rules; each test must name rules that exist."""
        for item in items:
            cited = _rules_of(item)
            if not cited or not set(cited) <= set(rules()):
                raise pytest.UsageError(f"{item.nodeid} does not name rules of the contract")
        if self._selected:
            out = [item for item in items if self._selected.isdisjoint(_rules_of(item))]
            config.hook.pytest_deselected(items=out)
            items[:] = [item for item in items if not self._selected.isdisjoint(_rules_of(item))]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Name the rules in a failure, and keep the outcome."""
        report = yield
        broken_schema = call.excinfo is not None and call.excinfo.errisinstance(BrokenSchemaError)
        cited = (SCHEMA_RULE,) if broken_schema else _rules_of(item)
        text = ""
        if report.failed:
            for number in cited:
                report.sections.append((f"breaks {number} of docs/contract.md", rules()[number]))
            text = report.longreprtext
            if self._only_first and not self._selected.isdisjoint(cited):
                item.session.shouldstop = "a broken rule was found"
        elif report.skipped and isinstance(report.longrepr, tuple):
            text = report.longrepr[2].removeprefix("Skipped: ")
        if report.when == "call" or not report.passed:
            self.findings.append(
                Finding(test=item.name, rules=cited, when=report.when, outcome=report.outcome, text=text)
            )
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which rules are broken, and what was skipped and why."""
        write = terminalreporter.write_line
        failed = [finding for finding in self.findings if finding.outcome == "failed"]
        skipped = [finding for finding in self.findings if finding.outcome == "skipped"]
        checked = {rule for finding in self.findings if finding.outcome != "skipped" for rule in finding.rules}
        write(f"{len(checked)} of {len(rules())} rules were checked, at least in part; some bind only a client")
        if skipped:
            terminalreporter.section("not checked")
            for reason in sorted({finding.text for finding in skipped}):
                write(reason)
                for finding in skipped:
                    if finding.text == reason:
                        write(f"    {', '.join(finding.rules)}: {finding.test}")
        if failed:
            terminalreporter.section("broken rules of docs/contract.md")
            for number in sorted({rule for finding in failed for rule in finding.rules}, key=_order):
                write(f"{number} {rules()[number]}")
                for finding in failed:
                    if number in finding.rules:
                        write(f"    {finding.test}")


def _rules_of(item: pytest.Item) -> tuple[str, ...]:
    return tuple(str(number) for marker in item.iter_markers("rule") for number in marker.args)


def _order(number: str) -> int:
    return int(number.removeprefix("C-"))


def run(
    opening: Opening,
    *,
    selected: Iterable[str] = (),
    only_first: bool = False,
    arguments: Sequence[str] = (),
    plugins: Sequence[object] = (),
) -> tuple[int, list[Finding]]:
    """Run the suite; return pytest's exit code and the outcome of each test."""
    plugin = Plugin(opening, selected, only_first=only_first)
    code = pytest.main(
        [
            f"--config-file={HERE / 'pytest.ini'}",
            f"--rootdir={HERE}",
            f"--confcutdir={HERE}",
            "--disable-plugin-autoload",
            "-p", "pytest_asyncio.plugin",
            "-p", "no:cacheprovider",
            "-p", "no:faulthandler",
            *arguments,
            str(HERE),
        ],
        [plugin, *plugins],
    )  # fmt: skip
    return int(code), plugin.findings
