"""Show the integration in a real Home Assistant, with a family's two homes: `script/demo`."""

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
import shutil
import signal
import sys
import tempfile
from time import perf_counter

from .check import check
from .demo import Options, run_demo
from .errors import DemoError
from .folder import ROOT, open_folder, shown
from .frontend import DASHBOARD
from .login import PASSWORD, USERNAME
from .ports import free_port
from .texts import TEXTS

FOLDER = ROOT / ".demo"
DEFAULT_CLOUD_PORT = 8765
# What a shell says of a command that Ctrl-C ended: a check that did not come to its end has not passed.
INTERRUPTED = 130


def main() -> int:
    """Run the demo that the command line asks for; return the exit code."""
    options = _parser().parse_args()
    try:
        return asyncio.run(_check(options) if options.check else _stay(options))
    except DemoError as err:
        print(f"\n{err}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="go through everything once, on free ports, and end")
    parser.add_argument("--fresh", action="store_true", help=f"forget what {shown(FOLDER)} holds, and start over")
    parser.add_argument("--port", type=int, default=8123, help="Home Assistant's port (default: %(default)s)")
    parser.add_argument(
        "--cloud-port", type=int, help=f"the mock cloud's port (default: the last, or {DEFAULT_CLOUD_PORT})"
    )
    parser.add_argument("--language", choices=list(TEXTS), default="en", help="default: %(default)s")
    return parser


async def _stay(arguments: argparse.Namespace) -> int:
    """Run until interrupted."""
    with open_folder(FOLDER) as folder:
        if arguments.fresh:
            folder.clear()
        settings = folder.settings()
        cloud_port = arguments.cloud_port or (settings.cloud_port if settings else DEFAULT_CLOUD_PORT)
        if settings and settings.cloud_port != cloud_port:
            raise DemoError(
                f"The account in {shown(FOLDER)} belongs to a cloud at port {settings.cloud_port}: "
                "leave out --cloud-port, or start over with --fresh."
            )
        options = Options(port=arguments.port, cloud_port=cloud_port, language=arguments.language)

        async def show() -> int:
            async with run_demo(folder, options) as demo:
                print(
                    f"\n  Home Assistant  {demo.home_assistant.url}/{DASHBOARD}\n"
                    f"  log in as       {USERNAME}, password {PASSWORD}\n"
                    f"  mock cloud      {demo.cloud.cloud.url} ({demo.cloud.account.email})\n"
                    f"  log             {shown(folder.log)}\n\n"
                    "Ctrl-C ends it.",
                    flush=True,
                )
                await demo.home_assistant.wait()
            return 0

        return await _interruptible(show)


async def _check(arguments: argparse.Namespace) -> int:
    """Go through everything once; the files of a check that failed are left to be looked at."""
    path = Path(tempfile.mkdtemp(prefix="demo-check-", dir=ROOT / ".cache"))
    started = perf_counter()
    options = Options(port=free_port(), cloud_port=free_port(), language=arguments.language)

    async def go_through() -> int:
        with open_folder(path) as folder:
            async with run_demo(folder, options) as demo:
                report = await check(demo, folder)
        print(f"{report}\n{perf_counter() - started:.1f} s in all")
        if not report.good:
            print(f"\nHome Assistant's log: {shown(folder.log)}", file=sys.stderr)
            return 1
        shutil.rmtree(path)
        return 0

    return await _interruptible(go_through, interrupted=INTERRUPTED)


async def _interruptible(run: Callable[[], Coroutine[None, None, int]], *, interrupted: int = 0) -> int:
    """Run until it ends, or until Ctrl-C or SIGTERM; return its code, or after cleaning up the one for these."""
    task = asyncio.ensure_future(run())
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if not stopped:
            stopped = True
            print("\nStopping…", flush=True)
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        return interrupted


if __name__ == "__main__":
    sys.exit(main())
