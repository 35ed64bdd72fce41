"""Unpacks Python 3.14 from Debian's packages, for a Debian machine that reaches its mirror but not uv's downloads.

apt verifies the packages; they are unpacked below .cache, and patchelf makes the interpreter use the C library that comes
with them. The system does not change.
"""

from pathlib import Path
import platform
import shutil
import sys

from .process import SetupError, run

SUITE = "forky"  # the first Debian release with Python 3.14
KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
PACKAGES = [
    "python3.14", "python3.14-minimal", "python3.14-venv", "python3.14-dev", "libpython3.14", "libpython3.14-minimal",
    "libpython3.14-stdlib", "libpython3.14-dev", "libc6", "libssl3t64", "libexpat1", "zlib1g", "libsqlite3-0",
    "libffi8", "liblzma5", "libbz2-1.0", "libzstd1", "libuuid1", "libreadline8t64", "libncursesw6", "libtinfo6",
    "libgcc-s1", "libstdc++6",
]  # fmt: skip
# Machine → dynamic loader and library folder.
LOADERS = {
    "x86_64": ("ld-linux-x86-64.so.2", "x86_64-linux-gnu"),
    "aarch64": ("ld-linux-aarch64.so.1", "aarch64-linux-gnu"),
}


def prefix(cache: Path) -> Path:
    """Return the folder of the unpacked packages."""
    return cache / "python-3.14"


def interpreter(cache: Path) -> Path:
    """Return the path of the unpacked interpreter, which may not exist."""
    return prefix(cache) / "usr" / "bin" / "python3.14"


def unpack(uv: str, cache: Path) -> None:
    """Download, verify, and unpack Python 3.14; raise SetupError."""
    if platform.machine() not in LOADERS:
        raise SetupError(f"there is no recipe for {platform.machine()}, only for {', '.join(LOADERS)}")
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise SetupError(f"this is not a Debian machine ({tool} is missing)")
    loader, libraries = LOADERS[platform.machine()]

    work = cache / "apt"
    shutil.rmtree(work, ignore_errors=True)
    downloads = work / "downloads"
    for folder in (downloads, work / "lists" / "partial", work / "cache" / "archives" / "partial"):
        folder.mkdir(parents=True)
    sources = work / "sources.list"
    sources.write_text(f"deb [signed-by={_keyring()}] {_mirror()} {SUITE} main\n", encoding="utf-8")
    apt = [
        "apt-get",
        f"-oDir::Etc::sourcelist={sources}",
        "-oDir::Etc::sourceparts=/dev/null",
        f"-oDir::State::lists={work / 'lists'}",
        f"-oDir::Cache={work / 'cache'}",
        "-oDir::State::status=/dev/null",
        "-oAPT::Sandbox::User=root",
    ]
    run([*apt, "update"], timeout=300)
    run([*apt, "download", *PACKAGES], cwd=str(downloads), timeout=600)

    unfinished, target = work / "prefix", prefix(cache)
    for package in sorted(downloads.glob("*.deb")):
        run(["dpkg", "-x", str(package), str(unfinished)])
    # uv would look for a Python of its own to run patchelf with.
    found = shutil.which("patchelf")
    patchelf = [found] if found else [uv, "tool", "run", "--python", sys.executable, "patchelf"]
    library_path = str(target / "usr" / "lib" / libraries)
    interpreter_path = str(unfinished / "usr" / "bin" / "python3.14")
    patch = ["--set-interpreter", f"{library_path}/{loader}", "--force-rpath", "--set-rpath", library_path]
    run([*patchelf, *patch, interpreter_path])
    shutil.rmtree(target, ignore_errors=True)
    unfinished.replace(target)
    shutil.rmtree(work, ignore_errors=True)


def _mirror() -> str:
    listed = run(["apt-get", "indextargets", "--format", "$(REPO_URI)"]).split()
    mirrors = sorted({uri for uri in listed if uri.endswith("/debian/")})
    if not mirrors:
        raise SetupError("apt knows no Debian mirror: does it have one in its sources, and did `apt-get update` run?")
    return mirrors[0]


def _keyring() -> Path:
    for name in KEYRINGS:
        path = Path("/usr/share/keyrings") / name
        if path.exists():
            return path
    raise SetupError("the Debian archive keyring is missing: apt install debian-archive-keyring")
