"""Renders the brand images that Home Assistant and HACS show, out of the drawings in docs/brand.

The sizes are those that Home Assistant asks for: icons of 256 and 512 pixels, logos whose short side is at least 128 and 256.
The icon is legible on any background and needs no dark variant; the logo's letters do.
"""

import argparse
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
import sys

from PIL import Image, ImageChops
import resvg_py  # type: ignore[import-not-found]  # lives only in the environment that script/brand makes

ROOT = Path(__file__).resolve().parents[2]
DRAWINGS = ROOT / "docs" / "brand"
IMAGES = ROOT / "custom_components" / "wesmart" / "brand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One image: the drawing it is made of, its height in pixels, and the colour of its letters."""

    name: str
    drawing: str
    height: int
    ink: str = "none"


VARIANTS = (
    Variant(name="icon", drawing="icon.svg", height=256),
    Variant(name="logo", drawing="logo.svg", height=128, ink="#16323a"),
    Variant(name="dark_logo", drawing="logo.svg", height=128, ink="#ffffff"),
)
# File name suffix → pixels per pixel of the variant's height.
RESOLUTIONS = {"": 1, "@2x": 2}
DRAWING_HEIGHT = 256  # in units of the drawings' view boxes


def render(variant: Variant, resolution: int) -> Image.Image:
    """Return the variant in this resolution; its width follows from the drawing."""
    png: bytes = resvg_py.svg_to_bytes(
        svg_path=str(DRAWINGS / variant.drawing),
        resources_dir=str(DRAWINGS),
        style_sheet=f".ink {{ color: {variant.ink} }}",
        skip_system_fonts=True,
        zoom=variant.height * resolution / DRAWING_HEIGHT,
    )
    return Image.open(BytesIO(png)).convert("RGBA")


def same(path: Path, image: Image.Image) -> bool:
    """Return whether the file holds exactly these pixels."""
    if not path.exists():
        return False
    with Image.open(path) as stored:
        existing = stored.convert("RGBA")
    return existing.size == image.size and ImageChops.difference(existing, image).getbbox(alpha_only=False) is None


def main() -> int:
    """Write the images, or with --check compare them; return the exit code."""
    parser = argparse.ArgumentParser(prog="script/brand", description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if an image is not up to date")
    check: bool = parser.parse_args().check

    stale = 0
    for variant in VARIANTS:
        for suffix, resolution in RESOLUTIONS.items():
            path = IMAGES / f"{variant.name}{suffix}.png"
            image = render(variant, resolution)
            if same(path, image):
                continue
            stale += 1
            print(f"{path.relative_to(ROOT)}: {'not up to date' if check else 'written'}")
            if not check:
                image.save(path, optimize=True)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
