"""The brand images: what Home Assistant and HACS ask of them."""

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
def test_icons_are_squares_of_the_size_asked_for(name: str, side: int) -> None:
    """An icon is exactly as large as its resolution says."""
    assert load(name).size == (side, side)


@pytest.mark.parametrize("name", ["logo", "dark_logo"])
def test_logos_are_landscape_and_double_in_the_high_resolution(name: str) -> None:
    """A logo's short side is its height, 128 to 256 pixels, and the other resolution has the same shape."""
    logo, double = load(f"{name}.png"), load(f"{name}@2x.png")
    assert 128 <= logo.height <= 256
    assert logo.width > logo.height
    assert double.size == (2 * logo.width, 2 * logo.height)


@pytest.mark.parametrize("path", sorted(BRAND.iterdir()), ids=lambda path: path.name)
def test_images_are_transparent_trimmed_and_small(path: Path) -> None:
    """The background shows through, nothing is spent on an empty margin, and a browser has it at once."""
    alpha = load(path.name).getchannel("A")
    assert alpha.getpixel((0, 0)) == 0
    assert alpha.getbbox() == (0, 0, *alpha.size)
    assert path.stat().st_size <= 32 * 1024


def test_the_letters_stand_out_from_the_background_they_are_for() -> None:
    """The two logos are one drawing: dark letters for a light background, light letters for a dark one."""
    logo, dark = load("logo.png"), load("dark_logo.png")
    assert logo.getchannel("A").tobytes() == dark.getchannel("A").tobytes()
    letters = (2 * logo.height, 0, logo.width, logo.height)
    for image, ink in ((logo, (0x16, 0x32, 0x3A, 0xFF)), (dark, (0xFF, 0xFF, 0xFF, 0xFF))):
        colours = image.crop(letters).getcolors(maxcolors=image.width * image.height)
        assert colours is not None
        opaque = [(count, colour) for count, colour in colours if isinstance(colour, tuple) and colour[3] == 0xFF]
        assert max(opaque)[1] == ink
