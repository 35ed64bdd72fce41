"""The test vectors and the controls of docs/for-vendors.md are true."""

import json
import re

import pytest

from tests.conformance.rules import CONTRACT
from tests.mock_cloud import Freedoms, MockCloud, load_home
from tests.mock_cloud.commands import _canonical
from tests.mock_cloud.core import Core
from tests.mock_cloud.wire import parse_json
from tests.mock_conformance.mock import MockOperator

PAGE = (CONTRACT.parent / "for-vendors.md").read_text("utf-8")
ACCOUNT = "tk-minh-anh"


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without its head and without backticks."""
    table = PAGE.partition(f"\n### {heading}\n")[2].partition("\n##")[0]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.parametrize(("epoch", "seq", "tag"), rows("Entity tags"))
def test_the_entity_tags_are_those_of_the_mock_cloud(epoch: str, seq: str, tag: str) -> None:
    """C-42."""
    core = Core(load_home(), lambda: 0, Freedoms.off())
    core.epoch = json.loads(epoch)
    core.ledgers[ACCOUNT].seq = int(json.loads(seq))
    assert core.entity_tag(ACCOUNT) == tag


@pytest.mark.parametrize(("first", "second", "same"), rows("Same commands"))
def test_the_same_commands_are_those_of_the_mock_cloud(first: str, second: str, same: str) -> None:
    """C-57."""
    assert (_canonical(parse_json(first)) == _canonical(parse_json(second))) is (same == "yes")


def test_the_controls_exist() -> None:
    """Under the names that the page gives them."""
    text = PAGE.partition("The controls are ")[2].partition("Moments are")[0]
    names = [name for name in re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", text)) if name != "restart"]
    assert len(names) > 10
    assert [name for name in names if not callable(getattr(MockCloud, name, None))] == []
    assert callable(MockOperator.restart)


def test_there_are_vectors() -> None:
    """Otherwise nothing was tested."""
    assert (len(rows("Entity tags")), len(rows("Same commands"))) == (9, 12)
