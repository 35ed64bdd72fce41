"""Python 3.14 out of Debian's own packages, for a Debian machine that reaches its mirror but not uv's downloads.

The packages are downloaded with apt's signature checks into folders of our own, unpacked, and the interpreter is
told (patchelf) to use the C library that came with it. Nothing of the system changes.
"""

from pathlib import Path
import platform
import shutil
import sys
from typing import List

from .process import SetupError, run

SUITE = "forky"  # the first Debian release with Python 3.14
KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
PACKAGES = [
    "python3.14",
    "python3.14-minimal",
    "python3.14-venv",
    "python3.14-dev",
    "libpython3.14",
    "libpython3.14-minimal",
    "libpython3.14-stdlib",
    "libpython3.14-dev",
    "libc6",
    "libssl3t64",
    "libexpat1",
    "zlib1g",
    "libsqlite3-0",
    "libffi8",
    "liblzma5",
    "libbz2-1.0",
    "libzstd1",
    "libuuid1",
    "libreadline8t64",
    "libncursesw6",
    "libtinfo6",
    "libgcc-s1",
    "libstdc++6",
]

# machine → (dynamic loader, library folder), as Debian names them.
LOADERS = {
    "x86_64": ("ld-linux-x86-64.so.2", "x86_64-linux-gnu"),
    "aarch64": ("ld-linux-aarch64.so.1", "aarch64-linux-gnu"),
}


def prefix(cache: Path) -> Path:
    """Return the folder the packages are unpacked into."""
    return cache / "python-3.14"


def interpreter(cache: Path) -> Path:
    """Return where the unpacked interpreter is, or would be."""
    return prefix(cache) / "usr" / "bin" / "python3.14"


def unpack(uv: str, cache: Path) -> None:
    """Download, verify and unpack Debian's Python 3.14; raises SetupError where that cannot be done."""
    if platform.machine() not in LOADERS:
        raise SetupError(f"no recipe for {platform.machine()}: only {', '.join(LOADERS)}")
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise SetupError(f"this is not a Debian machine ({tool} is missing)")
    loader, libraries = LOADERS[platform.machine()]

    work = cache / "apt"
    shutil.rmtree(work, ignore_errors=True)
    downloads = work / "downloads"
    for folder in (downloads, work / "lists" / "partial", work / "cache" / "archives" / "partial"):
        folder.mkdir(parents=True)
    mirror, keyring = _mirror(), _keyring()
    sources = work / "sources.list"
    sources.write_text(f"deb [signed-by={keyring}] {mirror} {SUITE} main\n", encoding="utf-8")
    options = [
        f"-oDir::Etc::sourcelist={sources}",
        "-oDir::Etc::sourceparts=/dev/null",
        f"-oDir::State::lists={work / 'lists'}",
        f"-oDir::Cache={work / 'cache'}",
        "-oDir::State::status=/dev/null",
        "-oAPT::Sandbox::User=root",
    ]
    run(["apt-get", *options, "update"], timeout=300)
    run(["apt-get", *options, "download", *PACKAGES], cwd=str(downloads), timeout=600)

    unfinished = work / "prefix"
    for package in sorted(downloads.glob("*.deb")):
        run(["dpkg", "-x", str(package), str(unfinished)])
    target = prefix(cache)
    _patch(uv, unfinished / "usr" / "bin" / "python3.14", target / "usr" / "lib" / libraries, loader)
    shutil.rmtree(target, ignore_errors=True)
    # Last, so that a prefix that exists is a whole one.
    unfinished.replace(target)
    shutil.rmtree(work, ignore_errors=True)


def _mirror() -> str:
    listed = run(["apt-get", "indextargets", "--format", "$(REPO_URI)"]).split()
    mirrors = sorted({uri for uri in listed if uri.endswith("/debian/")})
    if not mirrors:
        raise SetupError("apt names no Debian mirror: is there one in its sources, and did `apt-get update` run once?")
    return mirrors[0]


def _keyring() -> Path:
    for name in KEYRINGS:
        path = Path("/usr/share/keyrings") / name
        if path.exists():
            return path
    raise SetupError("the Debian archive keyring is missing: apt install debian-archive-keyring")


def _patch(uv: str, binary: Path, libraries: Path, loader: str) -> None:
    where = ["--set-interpreter", str(libraries / loader), "--force-rpath", "--set-rpath", str(libraries)]
    run([*_patchelf(uv), *where, str(binary)])


def _patchelf(uv: str) -> List[str]:
    if shutil.which("patchelf"):
        return ["patchelf"]
    # sys.executable: uv would otherwise look for a Python of its own to run the tool with.
    return [uv, "tool", "run", "--python", sys.executable, "patchelf"]
