"""Every text is there in both languages, has the placeholders it is given, and is used."""

import ast
from collections.abc import Iterator, Mapping
import datetime as dt
import json
from pathlib import Path
import re
from string import Formatter

import homeassistant
from msgspec.structs import replace
import pytest

from custom_components.wesmart import errors
from custom_components.wesmart.cloud import errors as cloud
from custom_components.wesmart.cloud.account import Access, Account, Maintenance, Terms
from custom_components.wesmart.repairs import Issue, account_issues, maintenance_issues

INTEGRATION = Path(__file__).parents[1] / "custom_components" / "wesmart"
LANGUAGES = ("en", "vi")
FLOWS = ("config", "options")

type Texts = Mapping[str, str | Texts]


def load(language: str) -> Texts:
    """Return the texts of a language."""
    texts: Texts = json.loads((INTEGRATION / "translations" / f"{language}.json").read_text(encoding="utf-8"))
    return texts


def flat(texts: Texts, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text with the path of its key."""
    for key, value in texts.items():
        if isinstance(value, str):
            yield f"{path}{key}", value
        else:
            yield from flat(value, f"{path}{key}.")


def keys(texts: Texts, *path: str) -> set[str]:
    """Return the keys below a path."""
    for key in path:
        below = texts[key]
        assert not isinstance(below, str)
        texts = below
    return set(texts)


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


ENGLISH, VIETNAMESE = load("en"), load("vi")
TEXTS = dict(flat(ENGLISH))


@pytest.fixture
def custom_integrations() -> None:
    """Start no Home Assistant: these tests only read files."""


def test_both_languages_have_the_same_texts_with_the_same_placeholders() -> None:
    """And no Vietnamese text is still in English."""
    vietnamese = dict(flat(VIETNAMESE))
    assert TEXTS.keys() == vietnamese.keys()
    assert {key for key in TEXTS if placeholders(TEXTS[key]) != placeholders(vietnamese[key])} == set()
    assert {key for key in TEXTS if TEXTS[key] == vietnamese[key]} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_hold_what_home_assistant_allows(language: str) -> None:
    """No HTML, no URL, no placeholder in single quotes; keys are in lower case and sorted (hassfest)."""
    texts = load(language)
    for key, text in flat(texts):
        assert re.fullmatch(r"[a-z0-9_.-]+", key), key
        assert text == text.strip(), key
        assert not re.search(r"<[a-z/]|https?://|'\{\w+\}'", text), key
    source = (INTEGRATION / "translations" / f"{language}.json").read_text(encoding="utf-8")
    assert source == json.dumps(texts, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def test_every_field_has_a_description() -> None:
    """Fields of flows and of actions."""
    forms: list[tuple[str, ...]] = [("issues", "terms", "fix_flow", "step", "terms")]
    forms += [(flow, "step", step) for flow in FLOWS for step in keys(ENGLISH, flow, "step")]
    for form in forms:
        if "data" in keys(ENGLISH, *form):
            assert keys(ENGLISH, *form, "data") == keys(ENGLISH, *form, "data_description")
    for action in keys(ENGLISH, "services"):
        assert keys(ENGLISH, "services", action) - {"sections"} == {"name", "description", "fields"}
        for field in keys(ENGLISH, "services", action, "fields"):
            assert keys(ENGLISH, "services", action, "fields", field) == {"name", "description"}


# Errors


def _subclasses(kind: type[cloud.WeSmartError]) -> Iterator[type[cloud.WeSmartError]]:
    yield kind
    for sub in kind.__subclasses__():
        yield from _subclasses(sub)


def _examples() -> Iterator[cloud.WeSmartError]:
    for kind in set(_subclasses(cloud.WeSmartError)):
        if issubclass(kind, cloud.BusyError):
            yield from (kind(""), kind("", retry_after=5))
        elif issubclass(kind, cloud.AccountBlockedError):
            yield from (kind("", terminated=True), kind("", terminated=False))
        elif issubclass(kind, cloud.CommandRejectedError):
            problems = ("device-offline", "unsupported", "not-found", "invalid-request", "superseded", "new", "")
            yield from (kind(problem) for problem in problems)
        else:
            yield kind("")


EXAMPLES = sorted(_examples(), key=repr)


# Neither a login nor accepting terms sends commands, or is stopped by the unload of an entry.
OF_COMMANDS = (cloud.CommandRejectedError, cloud.CommandTimeoutError, cloud.ClientClosedError)
# Of the login only.
OF_LOGIN = (cloud.InvalidServerError, cloud.UnsafeServerError, cloud.UnsupportedServerError)


@pytest.mark.parametrize("error", EXAMPLES, ids=repr)
def test_every_error_has_texts_whose_placeholders_are_filled(error: cloud.WeSmartError) -> None:
    """Wherever it can occur: in the config flow, in the repair of terms, in actions and in set-up."""
    key, filled = errors.translation_key(error), errors.placeholders(error).keys()
    texts = {}
    if not isinstance(error, OF_COMMANDS):
        texts[f"config.error.{key}"] = {"reason", "until", "phone", "http_address"}
    if not isinstance(error, (*OF_COMMANDS, *OF_LOGIN, cloud.InvalidCredentialsError)):
        texts[f"issues.terms.fix_flow.error.{key}"] = set()
    if not isinstance(error, (*OF_LOGIN, cloud.InvalidCredentialsError)):
        texts[f"exceptions.{key}.message"] = {"name", "phone"}
    for path, given in texts.items():
        assert placeholders(TEXTS[path]) <= given | filled, path


@pytest.mark.parametrize("kind", [cloud.MaintenanceError, cloud.RateLimitedError, cloud.UnavailableError])
@pytest.mark.parametrize(("retry_after", "seconds"), [(None, None), (0, None), (0.2, "1"), (59.5, "60")])
def test_texts_about_waiting_say_for_how_long_if_the_server_said_so(
    kind: type[cloud.BusyError], retry_after: float | None, seconds: str | None
) -> None:
    """Never too short a time, because seconds are rounded up."""
    error = kind("", retry_after=retry_after)
    key = errors.translation_key(error)
    assert errors.placeholders(error).get("seconds") == seconds
    for path in (f"config.error.{key}", f"exceptions.{key}.message", f"issues.terms.fix_flow.error.{key}"):
        assert ("seconds" in placeholders(TEXTS[path])) is (seconds is not None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_of_failed_actions_name_the_entity_or_account(language: str) -> None:
    """A hundred lamps may have been called at once; only texts about the caller's own input name nothing."""
    texts = dict(flat(load(language)))
    failures = keys(load(language), "exceptions")
    nameless = {key for key in failures if "name" not in placeholders(texts[f"exceptions.{key}.message"])}
    assert nameless == {"message_length", "subject_length"}


def test_only_texts_about_commands_say_that_it_may_have_been_done() -> None:
    """A request that only reads has no effect to look for."""
    kinds = (cloud.CommandTimeoutError, cloud.ClientClosedError, cloud.CloudTimeoutError)
    texts = [TEXTS[f"exceptions.{errors.translation_key(kind(''))}.message"] for kind in kinds]
    assert ["may still have been carried out" in text for text in texts] == [True, True, False]


# What the server may say, or not, about a blocked account.
BLOCKS = [
    (Access(reason=reason, until=until), terminated)
    for reason in ("Unpaid", None)
    for until in (dt.datetime(2026, 11, 20, tzinfo=dt.UTC), None)
    for terminated in (True, False)
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("access", "terminated"), BLOCKS)
def test_texts_about_a_blocked_account_hold_what_the_server_said(
    access: Access, terminated: bool, language: str
) -> None:
    """The reason and the end, in a form and under Repairs; a terminated account has no end."""
    texts, key = dict(flat(load(language))), errors.blocked_key(access, terminated=terminated)
    wanted = {"reason": access.reason is not None, "until": access.until is not None and not terminated}
    said = {name for name, is_said in wanted.items() if is_said}
    assert placeholders(texts[f"config.error.{key}"]) == {"phone", *said}
    assert placeholders(texts[f"issues.{key}.description"]) == {"phone", *said}


# Use


def test_every_text_of_flows_and_errors_is_used() -> None:
    """By a step, the table of errors, or an action."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in INTEGRATION.glob("*.py"))
    of_blocks = {errors.blocked_key(access, terminated=terminated) for access, terminated in BLOCKS}
    for key in (keys(ENGLISH, "exceptions") | keys(ENGLISH, "config", "error")) - of_blocks:
        assert f'"{key}"' in source, key
    for flow in FLOWS:
        for step in keys(ENGLISH, flow, "step"):
            assert f"async_step_{step}" in source, step


# The steps that lead to a password: where it is entered, or before the server's page opens.
LOGINS = {"account", "browser", "login", "reconfigure_confirm"}

# What Home Assistant's own methods abort a flow with. It has texts for some since 2026.10; 2026.9 looks for all here.
ABORTS = {
    "async_set_unique_id": {"already_in_progress"},
    "_abort_if_unique_id_configured": {"already_configured"},
    "_abort_if_unique_id_mismatch": {"unique_id_mismatch"},
    "async_update_reload_and_abort": {"reauth_successful", "reconfigure_successful"},
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_home_assistant_has_words_for_is_in_its_words(language: str) -> None:
    """2026.9 has none of them, so they are ours, too."""
    file = Path(homeassistant.__file__).parent / "components" / "homeassistant" / "translations" / f"{language}.json"
    theirs = dict(flat(json.loads(file.read_text(encoding="utf-8"))))
    ours = {key: text for key, text in flat(load(language)) if key.startswith("config.abort.")}
    assert {key: text for key, text in ours.items() if theirs.get(key, text) != text} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_login_warns_against_the_password_of_the_app(language: str) -> None:
    """Before every login but that of a session that ended, which knew the account already."""
    descriptions = {
        step: text
        for path, text in flat(load(language))
        if (step := path.removeprefix("config.step.").removesuffix(".description")) in LOGINS
    }
    assert descriptions.keys() == LOGINS
    assert {step for step, text in descriptions.items() if "WeSMART Plus" not in text or "3.3" not in text} == set()


def test_every_end_of_the_config_flow_has_a_text() -> None:
    """And no text is left over."""
    tree = ast.parse((INTEGRATION / "config_flow.py").read_text(encoding="utf-8"))
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert called >= ABORTS.keys()
    assert "async_abort" not in called
    assert keys(ENGLISH, "config", "abort") == set().union(*ABORTS.values())


def test_every_issue_has_a_text_whose_placeholders_are_filled() -> None:
    """And no text is left over."""
    now = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    ago, ahead, later = (now + dt.timedelta(hours=hours) for hours in (-1, 1, 2))
    issues: list[Issue] = []
    for account in (
        *(
            Account(id="a", access=replace(access, status="terminated" if terminated else "suspended"))
            for access, terminated in BLOCKS
        ),
        Account(id="a", terms=Terms(current="2", url="https://example.com/terms")),
        Account(id="a", maintenance=Maintenance(starts_at=ahead)),
        Account(id="a", maintenance=Maintenance(starts_at=ahead, ends_at=later)),
        Account(id="a", maintenance=Maintenance(starts_at=ago, ends_at=later)),
    ):
        issues += account_issues(account, title="A", phone="1", language="en").values()
        for in_maintenance in (True, False):
            issues += maintenance_issues(
                account.maintenance, in_maintenance=in_maintenance, server="s", now=now, language="en"
            ).values()
    filled = {issue.translation_key: issue.placeholders.keys() for issue in issues}
    assert keys(ENGLISH, "issues") == filled.keys() | {"homes_taken"}
    assert placeholders(TEXTS["issues.homes_taken.title"] + TEXTS["issues.homes_taken.description"]) == {
        "account",
        "taken",
    }
    for key, given in filled.items():
        for part in ("title", "description"):
            assert placeholders(TEXTS.get(f"issues.{key}.{part}", "")) <= given
    assert placeholders(TEXTS["issues.terms.fix_flow.step.terms.description"]) == {"version", "terms_url"}
    assert keys(ENGLISH, "issues", "terms", "fix_flow", "abort") == {"refused", "refused_and_locked"}
