"""The pictures of the documentation are those of what it describes."""

import re

from PIL import Image
import pytest

from tests import pictures

READMES = [(pictures.ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.vi.md")]


@pytest.mark.parametrize("name", pictures.names())
def test_no_picture_is_older_than_what_it_shows(name: str) -> None:
    """`script/pictures` makes it anew."""
    assert pictures.recorded().get(name) == pictures.digest(name), "run script/pictures, and look at the pictures"


def test_every_picture_is_made_by_the_script_and_shown_in_a_readme() -> None:
    """No other is left."""
    made = {pictures.path(name) for name in pictures.names()}
    assert {file for file in pictures.FOLDER.iterdir() if file != pictures.RECORD} == made
    assert set(re.findall(r"docs/pictures/([\w-]+\.\w+)", "".join(READMES))) == {file.name for file in made}


@pytest.mark.parametrize("name", pictures.names())
def test_pictures_are_sharp_and_small(name: str) -> None:
    """Twice as wide as they are shown, and loaded at once."""
    with Image.open(pictures.path(name)) as picture:
        assert picture.width >= 800
    assert pictures.path(name).stat().st_size <= 200 * 1024
