"""The brand images meet the requirements of Home Assistant and HACS."""

from pathlib import Path

from PIL import Image
import pytest

BRAND = Path(__file__).parents[1] / "custom_components" / "wesmart" / "brand"


def load(name: str) -> Image.Image:
    """Return the image, decoded."""
    with Image.open(BRAND / name) as image:
        assert image.format == "PNG"
        return image.convert("RGBA")


@pytest.mark.parametrize(("name", "side"), [("icon.png", 256), ("icon@2x.png", 512)])
def test_icons_are_squares(name: str, side: int) -> None:
    """Of the required size."""
    assert load(name).size == (side, side)


@pytest.mark.parametrize("name", ["logo", "dark_logo"])
def test_logos_are_landscape(name: str) -> None:
    """The short side has 128 to 256 pixels, in the high resolution twice as many."""
    logo, double = load(f"{name}.png"), load(f"{name}@2x.png")
    assert 128 <= logo.height <= 256
    assert logo.width > logo.height
    assert double.size == (2 * logo.width, 2 * logo.height)


@pytest.mark.parametrize("path", sorted(BRAND.iterdir()), ids=lambda path: path.name)
def test_images_are_transparent_trimmed_and_small(path: Path) -> None:
    """No image has a background or an empty margin."""
    alpha = load(path.name).getchannel("A")
    assert alpha.getpixel((0, 0)) == 0
    assert alpha.getbbox() == (0, 0, *alpha.size)
    assert path.stat().st_size <= 32 * 1024


def test_the_letters_of_the_logos_have_contrast() -> None:
    """Both logos are the same drawing: dark letters for a light background, light letters for a dark one."""
    logo, dark = load("logo.png"), load("dark_logo.png")
    assert logo.getchannel("A").tobytes() == dark.getchannel("A").tobytes()
    letters = (2 * logo.height, 0, logo.width, logo.height)
    for image, ink in ((logo, (0x16, 0x32, 0x3A, 0xFF)), (dark, (0xFF, 0xFF, 0xFF, 0xFF))):
        colours = image.crop(letters).getcolors(maxcolors=image.width * image.height)
        assert colours is not None
        opaque = [(count, colour) for count, colour in colours if isinstance(colour, tuple) and colour[3] == 0xFF]
        assert max(opaque)[1] == ink
