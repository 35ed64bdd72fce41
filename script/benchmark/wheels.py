"""Says which wheels a package has for the machines that Home Assistant runs on, and how large they are; asks pip."""

from dataclasses import dataclass
from pathlib import Path
import subprocess
import sys
import tempfile

PYTHON = "3.14"
# Home Assistant's own image is musl; a virtual environment on Debian or Fedora is glibc. Older tags are compatible.
PLATFORMS = {
    "amd64 glibc": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "aarch64 glibc": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
    "amd64 musl": ("musllinux_1_2_x86_64", "musllinux_1_1_x86_64"),
    "aarch64 musl": ("musllinux_1_2_aarch64", "musllinux_1_1_aarch64"),
}


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that was found."""

    name: str
    size: int  # in bytes


def find(requirement: str, platform: str) -> Wheel | None:
    """Return the wheel of an exactly pinned requirement for one of PLATFORMS; None if there is none."""
    tags = [argument for tag in PLATFORMS[platform] for argument in ("--platform", tag)]
    wanted = ["--only-binary=:all:", "--no-deps", "--python-version", PYTHON, "--implementation", "cp", *tags]
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", folder, *wanted, requirement]
        done = subprocess.run(pip, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            if "No matching distribution" in done.stderr:
                return None
            raise RuntimeError(done.stderr)
        (path,) = Path(folder).iterdir()
        return Wheel(path.name, path.stat().st_size)
