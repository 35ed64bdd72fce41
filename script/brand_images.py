"""Renders the brand images of Home Assistant and HACS from the drawings in docs/brand.

Home Assistant asks for icons of 256 and 512 pixels, and for logos whose short side is at least 128 and 256. The icon is legible
on any background and needs no dark variant; the letters of the logo do.
"""

import argparse
from io import BytesIO
from pathlib import Path
import sys

from PIL import Image, ImageChops
import resvg_py  # type: ignore[import-not-found]  # only in the environment of script/brand

ROOT = Path(__file__).resolve().parents[1]
DRAWINGS = ROOT / "docs" / "brand"
IMAGES = ROOT / "custom_components" / "wesmart" / "brand"
# The height of the drawings' view boxes.
DRAWING_HEIGHT = 256
# Name → drawing, height in pixels, color of the letters.
VARIANTS = {
    "icon": ("icon.svg", 256, "none"),
    "logo": ("logo.svg", 128, "#16323a"),
    "dark_logo": ("logo.svg", 128, "#ffffff"),
}


def render(drawing: str, height: int, ink: str) -> Image.Image:
    """Return a drawing in this height."""
    png: bytes = resvg_py.svg_to_bytes(
        svg_path=str(DRAWINGS / drawing),
        resources_dir=str(DRAWINGS),
        style_sheet=f".ink {{ color: {ink} }}",
        skip_system_fonts=True,
        zoom=height / DRAWING_HEIGHT,
    )
    return Image.open(BytesIO(png)).convert("RGBA")


def is_same(path: Path, image: Image.Image) -> bool:
    """Return whether a file contains exactly these pixels."""
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
    for name, (drawing, height, ink) in VARIANTS.items():
        for suffix, resolution in {"": 1, "@2x": 2}.items():
            path = IMAGES / f"{name}{suffix}.png"
            image = render(drawing, height * resolution, ink)
            if not is_same(path, image):
                stale += 1
                print(f"{path.relative_to(ROOT)}: {'not up to date' if check else 'written'}")
                if not check:
                    image.save(path, optimize=True)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
