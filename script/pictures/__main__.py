"""Take the pictures of docs/pictures in a Chromium that looks at the demo: `script/picture`."""

import argparse
import asyncio
from pathlib import Path
import shutil
import sys
import tempfile

from PIL import Image

from script.demo_home.demo import Options, run_demo
from script.demo_home.errors import DemoError
from script.demo_home.folder import ROOT, open_folder, shown
from script.demo_home.ports import free_port
from script.demo_home.texts import TEXTS

from .browser import log_in, open_browser, take
from .scenes import PICTURES, Scene

FOLDER = ROOT / "docs" / "pictures"


def main() -> int:
    """Take the pictures that the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(prog="script/picture", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PICTURES)} (default: all)")
    parser.add_argument("--language", choices=list(TEXTS), default="en", help="default: %(default)s")
    options = parser.parse_args()
    if unknown := set(options.names) - set(PICTURES):
        parser.error(f"there are no pictures {', '.join(sorted(unknown))}")
    try:
        asyncio.run(_take(options.names or list(PICTURES), options.language))
    except DemoError as err:
        print(f"\n{err}", file=sys.stderr)
        return 1
    return 0


async def _take(names: list[str], language: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix="pictures-", dir=ROOT / ".cache"))
    options = Options(port=free_port(), cloud_port=free_port(), language=language)
    with open_folder(path) as folder:
        async with run_demo(folder, options) as demo, open_browser(language) as page:
            await log_in(page, demo.home_assistant.url)
            for name in names:
                await PICTURES[name](Scene(page, demo))
                picture = FOLDER / (f"{name}.png" if language == "en" else f"{name}-{language}.png")
                await take(page, picture)
                _shrink(picture)
                print(f"{shown(picture)}, {picture.stat().st_size // 1024} KiB", flush=True)
    shutil.rmtree(path)


def _shrink(path: Path) -> None:
    """Write a picture with as few bytes as it can do with: an interface has few colours."""
    with Image.open(path) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
