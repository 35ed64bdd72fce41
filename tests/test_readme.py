"""Both READMEs: their links lead somewhere, their automations work, and they promise no sentence that is not tested."""

import asyncio
from pathlib import Path
import re
from urllib.parse import parse_qs, unquote, urlsplit

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
import pytest

from tests.accounts import OWNER
from tests.home import FEEDBACK
from tests.mock_cloud import MockCloud
from tests.test_voice import SENTENCES

ROOT = Path(__file__).parents[1]
PAGES = {str(path.relative_to(ROOT)): path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]}
READMES = ("README.md", "README.vi.md")
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in PAGES.items()}

SLUG = "wesmart-community/home-assistant-wesmart"
REPOSITORY = f"https://github.com/{SLUG}/"
# Where files of the repository are on the web: as a page, and as they are.
FILES = (f"{REPOSITORY}blob/main/", f"https://raw.githubusercontent.com/{SLUG}/main/")
WORKFLOWS = f"{REPOSITORY}actions/workflows/"
IMPORT = "https://my.home-assistant.io/redirect/blueprint_import/"

FEEDBACK_AUTOMATION = re.compile(f"{FEEDBACK}|wesmart.send_feedback")


def links(name: str) -> list[str]:
    """Return the targets of a page's links and pictures."""
    text = re.sub(r"^```.*?^```", "", TEXTS[name], flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"\]\(\s*([^)\s]+)\s*\)", text) + re.findall(r'(?:src|srcset|href)="([^"]+)"', text)


def anchors(name: str) -> list[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    text = re.sub(r"^```.*?^```", "", TEXTS[name], flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("name", PAGES)
def test_links_within_the_repository_lead_somewhere(name: str) -> None:
    """To a file, to a heading of a page, or to a workflow."""
    for link in links(name):
        target, _, anchor = unquote(link).partition("#")
        if of_repository := next((prefix for prefix in FILES if target.startswith(prefix)), None):
            path = ROOT / target.removeprefix(of_repository)
        elif target.startswith(WORKFLOWS):
            path = ROOT / ".github/workflows" / target.removeprefix(WORKFLOWS).partition("/")[0]
        elif urlsplit(target).scheme:
            continue
        else:
            path = PAGES[name].parent / target if target else PAGES[name]
        assert path.exists(), link
        if anchor and path.suffix == ".md":
            assert anchor in anchors(str(path.resolve().relative_to(ROOT))), link


@pytest.mark.parametrize("name", READMES)
def test_a_readme_can_be_shown_by_hacs(name: str) -> None:
    """HACS shows it elsewhere, without relative links, and with simple HTML only."""
    assert [link for link in links(name) if not link.startswith(("https://", "#"))] == []
    assert {*re.findall(r"<(\w+)", TEXTS[name])} <= {"p", "img"}


@pytest.mark.parametrize("name", READMES)
def test_the_table_of_contents_has_every_section_in_order(name: str) -> None:
    """As they are called."""
    contents = re.findall(r"^- \[(.+)\]\(#(.+)\)$", TEXTS[name], re.MULTILINE)
    sections = re.findall(r"^## (.+)$", TEXTS[name], re.MULTILINE)
    assert [title for title, _ in contents] == sections
    assert [anchor for _, anchor in contents] == [
        anchor for anchor in anchors(name) if anchor in dict(contents).values()
    ]


@pytest.mark.parametrize("name", READMES)
def test_every_blueprint_can_be_imported_from_a_readme(name: str) -> None:
    """With Home Assistant's button."""
    imported = [parse_qs(urlsplit(link).query)["blueprint_url"][0] for link in links(name) if link.startswith(IMPORT)]
    files = {f"{FILES[0]}{path.relative_to(ROOT)}" for path in ROOT.glob("blueprints/**/*.yaml")}
    assert sorted(imported) == sorted(files)


@pytest.mark.parametrize("name", READMES)
def test_the_sentences_of_a_readme_are_tested(name: str) -> None:
    """In both languages."""
    rows = re.findall(r"^\|[^|]+\| `([^`]+)` \| `([^`]+)` \|$", TEXTS[name], re.MULTILINE)
    promised = {
        ("en", "vi")[(column + (name == "README.vi.md")) % 2]: {row[column] for row in rows} for column in (0, 1)
    }
    assert len(rows) > 5
    for language, sentences in promised.items():
        assert sentences <= {sentence for tested, sentence, _ in SENTENCES if tested == language}


def notifications(hass: HomeAssistant) -> list[tuple[str | None, str]]:
    """Return the titles and texts of the notifications."""
    return [(each["title"], each["message"]) for each in hass.data["persistent_notification"].values()]


@pytest.mark.parametrize("name", READMES)
async def test_the_automations_about_feedback_do_what_they_say(
    hass: HomeAssistant, cloud: MockCloud, entry: ConfigEntry, name: str
) -> None:
    """A panel that is offline for a day is reported, and the answer is shown. The day is an hour here."""
    assert await async_setup_component(hass, "persistent_notification", {})
    all_automations = re.findall(r"^```yaml\n(alias:.*?)^```", TEXTS[name], re.MULTILINE | re.DOTALL)
    automations = [each for each in all_automations if FEEDBACK_AUTOMATION.search(each)]
    assert sum('for: "24:00:00"' in each for each in automations) == 1
    config = [parse_yaml(each.replace("24:00:00", "01:00:00")) for each in automations]
    assert await async_setup_component(hass, "automation", {"automation": config})
    assert [state.state for state in hass.states.async_all("automation")] == ["on"] * 2
    cloud.meters_report = False
    await asyncio.sleep(1)
    cloud.set_online("cong-tac-bep", False)
    await asyncio.sleep(3610)
    (filed,) = cloud.tickets(OWNER.username)
    assert filed.sent["device_id"] == "cong-tac-bep"
    ((title, message),) = notifications(hass)
    assert (title or "").endswith(f": {filed.id}")
    assert message.endswith("0816 333 868")
    cloud.answer_ticket(filed.id, "Kỹ thuật viên sẽ đến sáng mai.")
    await asyncio.sleep(1)
    await hass.async_block_till_done()
    assert notifications(hass)[1:] == [(filed.sent["subject"], "Kỹ thuật viên sẽ đến sáng mai.")]
