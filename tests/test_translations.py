"""Every text a person can see is there in both languages, says the same things, and is used."""

import ast
from collections.abc import Iterator, Mapping
import inspect
import json
from pathlib import Path
import re
from string import Formatter

from homeassistant.config_entries import ConfigFlow
import pytest

from custom_components.wesmart import errors
from custom_components.wesmart.cloud import errors as cloud

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


def test_both_languages_have_the_same_texts_with_the_same_placeholders() -> None:
    """Neither lags behind."""
    english, vietnamese = (dict(flat(load(language))) for language in LANGUAGES)
    assert english.keys() == vietnamese.keys()
    assert {key: placeholders(text) for key, text in english.items()} == {
        key: placeholders(text) for key, text in vietnamese.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_hold_what_home_assistant_allows(language: str) -> None:
    """No HTML, no address, no placeholder in single quotes, no space at an end, keys in lower case, in order."""
    texts = load(language)
    for key, text in flat(texts):
        assert re.fullmatch(r"[a-z0-9_.-]+", key), key
        assert text == text.strip(), key
        assert not re.search(r"<[a-z/]|https?://|'\{\w+\}'", text), key
    source = (INTEGRATION / "translations" / f"{language}.json").read_text(encoding="utf-8")
    assert source == json.dumps(texts, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def test_vietnamese_is_vietnamese() -> None:
    """No text was left in English."""
    english, vietnamese = (dict(flat(load(language))) for language in LANGUAGES)
    assert {key for key, text in vietnamese.items() if text == english[key]} == set()


def subclasses(kind: type[cloud.WeSmartError]) -> Iterator[type[cloud.WeSmartError]]:
    """Yield every error of the client that is raised itself."""
    for sub in kind.__subclasses__():
        yield sub
        yield from subclasses(sub)


@pytest.mark.parametrize("kind", sorted(set(subclasses(cloud.WeSmartError)), key=str))
def test_every_error_of_the_client_has_a_sentence_that_its_placeholders_fill(kind: type[cloud.WeSmartError]) -> None:
    """In the flow or in the exceptions, wherever it can come up, and nothing is left in braces."""
    arguments: dict[type[cloud.WeSmartError], list[cloud.WeSmartError]] = {
        cloud.AccountBlockedError: [
            cloud.AccountBlockedError("", terminated=True),
            cloud.AccountBlockedError("", terminated=False),
        ],
        cloud.MaintenanceError: [cloud.MaintenanceError(""), cloud.MaintenanceError("", retry_after=5)],
        cloud.RateLimitedError: [cloud.RateLimitedError(""), cloud.RateLimitedError("", retry_after=5)],
        cloud.CommandRejectedError: [
            cloud.CommandRejectedError(problem)
            for problem in ("device-offline", "unsupported", "not-found", "invalid-request", "from-the-future", "")
        ],
    }
    english = load("en")
    for error in arguments.get(kind) or [kind("")]:
        key = errors.translation_key(error)
        known = {**errors.placeholders(error), "name": "Đèn", "phone": "0816 333 868"}
        sentences = []
        if key in keys(english, "config", "error"):
            sentences.append(dict(flat(english))[f"config.error.{key}"])
        if key in keys(english, "exceptions"):
            sentences.append(dict(flat(english))[f"exceptions.{key}.message"])
        assert sentences
        for sentence in sentences:
            assert placeholders(sentence) <= known.keys(), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_failure_of_a_call_names_what_it_is_about(language: str) -> None:
    """A hundred lamps may have been called at once; what is wrong with a text of the caller's own names nothing else."""
    texts = dict(flat(load(language)))
    nameless = {
        key
        for key in keys(load(language), "exceptions")
        if "name" not in placeholders(texts[f"exceptions.{key}.message"])
    }
    assert nameless == {"message_length", "subject_length"}


# What Home Assistant's flow itself aborts with where ours calls it. The newest says some of these in its own words; 2026.9,
# the oldest that we promise, looks for them here, and without would show the key.
ABORTS = {
    "async_set_unique_id": {"already_in_progress"},
    "_abort_if_unique_id_configured": {"already_configured"},
    "_abort_if_unique_id_mismatch": {"unique_id_mismatch"},
    "async_update_reload_and_abort": {"reauth_successful", "reconfigure_successful"},
}


def test_every_end_of_the_flow_has_a_sentence_of_ours() -> None:
    """And none is left over."""
    tree = ast.parse((INTEGRATION / "config_flow.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    called = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)}
    inherited = {name for name in vars(ConfigFlow) if "abort" in name or name == "async_set_unique_id"}
    # No reasons of our own: none is given, to Home Assistant's flow or by ourselves.
    assert called & inherited == ABORTS.keys()
    assert "AbortFlow" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert {keyword.arg for call in calls for keyword in call.keywords}.isdisjoint({"reason", "error"})
    source = inspect.getsource(ConfigFlow)
    assert all(f'"{reason}"' in source for reasons in ABORTS.values() for reason in reasons)
    for language in LANGUAGES:
        assert keys(load(language), "config", "abort") == set().union(*ABORTS.values())


@pytest.mark.parametrize("kind", [cloud.MaintenanceError, cloud.RateLimitedError])
@pytest.mark.parametrize(("retry_after", "seconds"), [(None, None), (0, None), (0.2, "1"), (59.5, "60")])
def test_whoever_has_to_wait_is_told_for_how_long_or_that_nobody_knows(
    kind: type[cloud.BusyError], retry_after: float | None, seconds: str | None
) -> None:
    """In a sentence of its own; never a dash, nor too short a time."""
    error = kind("", retry_after=retry_after)
    assert errors.placeholders(error).get("seconds") == seconds
    for language in LANGUAGES:
        texts = dict(flat(load(language)))
        key = errors.translation_key(error)
        for path in (f"config.error.{key}", f"exceptions.{key}.message", f"issues.terms.fix_flow.error.{key}"):
            assert ("seconds" in placeholders(texts[path])) is (seconds is not None)


def test_only_a_command_may_have_been_done_when_there_was_no_answer() -> None:
    """Whoever only asked is not sent to look."""
    english = dict(flat(load("en")))
    kinds = (cloud.CommandTimeoutError, cloud.GivenUpError, cloud.CloudTimeoutError)
    keys_ = {error: errors.translation_key(error("")) for error in kinds}
    told = {error: "may still have been done" in english[f"exceptions.{key}.message"] for error, key in keys_.items()}
    assert told == {cloud.CommandTimeoutError: True, cloud.GivenUpError: True, cloud.CloudTimeoutError: False}


def test_every_sentence_is_used() -> None:
    """By the flow, by the table of errors, or by an action."""
    english = load("en")
    source = "\n".join(path.read_text(encoding="utf-8") for path in INTEGRATION.glob("*.py"))
    for key in keys(english, "exceptions") | keys(english, "config", "error"):
        assert f'"{key}"' in source, key
    for flow in FLOWS:
        for step in keys(english, flow, "step"):
            assert f"async_step_{step}" in source, step


def test_every_repair_is_used_and_its_placeholders_are_filled() -> None:
    """Its title and description by the issue, its dialog by the flow; what can go wrong there has a sentence."""
    english = load("en")
    source = (INTEGRATION / "issues.py").read_text(encoding="utf-8")
    filled = {
        "account_suspended": {"account", "reason", "until", "phone"},
        "account_terminated": {"account", "reason", "until", "phone"},
        "homes_taken": {"account", "taken"},
        "maintenance": {"account", "until"},
        "maintenance_planned": {"begin", "until"},
        "terms": {"account"},
    }
    assert keys(english, "issues") == filled.keys()
    texts = dict(flat(english))
    for issue, known in filled.items():
        assert f'"{issue}"' in source
        for part in ("title", "description"):
            assert placeholders(texts.get(f"issues.{issue}.{part}", "")) <= known
    flow = ("issues", "terms", "fix_flow")
    assert keys(english, *flow, "step") == {"terms"}
    assert keys(english, *flow, "step", "terms", "data") == keys(english, *flow, "step", "terms", "data_description")
    assert placeholders(texts["issues.terms.fix_flow.step.terms.description"]) == {"version", "terms_url"}
    assert keys(english, *flow, "abort") == {"refused", "refused_and_locked"}


@pytest.mark.parametrize(
    "error",
    [
        cloud.CloudConnectionError(""),
        cloud.CloudTimeoutError(""),
        cloud.CloudFaultError(""),
        cloud.UnexpectedAnswerError(""),
        cloud.SessionEndedError(""),
        cloud.MaintenanceError(""),
        cloud.MaintenanceError("", retry_after=5),
        cloud.RateLimitedError(""),
        cloud.RateLimitedError("", retry_after=5),
        cloud.AccountBlockedError("", terminated=True),
        cloud.AccountBlockedError("", terminated=False),
        cloud.TermsNotAcceptedError(""),
        cloud.NotFoundError(""),
        cloud.InvalidRequestError(""),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_goes_wrong_with_accepting_terms_has_a_sentence(error: cloud.WeSmartError) -> None:
    """In the dialog, with its placeholders filled."""
    texts = dict(flat(load("en")))
    sentence = texts[f"issues.terms.fix_flow.error.{errors.translation_key(error)}"]
    assert placeholders(sentence) <= errors.placeholders(error).keys()


def test_fields_are_described() -> None:
    """Each field of each step and action says what it is for."""
    english = load("en")
    for flow in FLOWS:
        for step in keys(english, flow, "step"):
            described = {part for part in keys(english, flow, "step", step) if part.startswith("data")}
            assert described in (set(), {"data", "data_description"})
            if described:
                fields = keys(english, flow, "step", step, "data")
                assert fields == keys(english, flow, "step", step, "data_description")
    for action in keys(english, "services"):
        for field in keys(english, "services", action, "fields"):
            assert keys(english, "services", action, "fields", field) == {"name", "description"}
