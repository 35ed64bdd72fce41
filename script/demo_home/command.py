"""Show the integration in a real Home Assistant, with a family's two homes."""

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
import shutil
import signal
import sys
import tempfile
from time import perf_counter

from .check import check
from .demo import Demo, Options, run_demo
from .errors import DemoError
from .folder import ROOT, Folder, Settings, open_folder, shown
from .frontend import DASHBOARD
from .login import PASSWORD, USERNAME
from .ports import HIGHEST, Wanted, free_port, require_free
from .texts import TEXTS

FOLDER = ROOT / ".demo"
DEFAULT_CLOUD_PORT = 8765
# What a shell says of a command that Ctrl-C ended: what did not come to its end has not passed.
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
    parser.add_argument("--port", type=_port, default=8123, help="Home Assistant's port (default: %(default)s)")
    parser.add_argument(
        "--cloud-port",
        type=_port,
        help=f"the mock cloud's port (default: the last, or {DEFAULT_CLOUD_PORT}); another one needs --fresh",
    )
    parser.add_argument(
        "--language",
        choices=list(TEXTS),
        default="en",
        help="of Home Assistant and of the dashboard; the family's own names stay Vietnamese (default: %(default)s)",
    )
    return parser


def _port(text: str) -> int:
    """Read a port of the command line."""
    if not text.isdecimal() or not 1 <= int(text) <= HIGHEST:
        raise argparse.ArgumentTypeError(f"{text} is no port: a number from 1 to {HIGHEST} is")
    return int(text)


async def _stay(arguments: argparse.Namespace) -> int:
    """Run until interrupted."""
    with open_folder(FOLDER) as folder:
        options = _choose(arguments, None if arguments.fresh else folder.settings())
        if arguments.fresh:
            folder.clear()
        greeted = False

        async def show() -> int:
            nonlocal greeted
            async with run_demo(folder, options) as demo:
                print(_greeting(demo, folder), flush=True)
                greeted = True
                await demo.home_assistant.keep_running()

        code = await _interruptible(show)
        # To look until one has seen enough is what it is for.
        return 0 if greeted and code == INTERRUPTED else code


def _choose(arguments: argparse.Namespace, settings: Settings | None) -> Options:
    """Return what the command line and an earlier start ask for; raise DemoError if that cannot be done."""
    cloud_port = arguments.cloud_port or (settings.cloud_port if settings else DEFAULT_CLOUD_PORT)
    if arguments.port == cloud_port:
        raise DemoError(f"Home Assistant and the mock cloud cannot both have port {cloud_port}: choose another --port.")
    if settings and settings.cloud_port != cloud_port:
        raise DemoError(
            f"The account in {shown(FOLDER)} belongs to a cloud at port {settings.cloud_port}: "
            f"leave out --cloud-port, or start over with --fresh --cloud-port {cloud_port}."
        )
    require_free(
        Wanted(arguments.port, "Home Assistant", "--port"),
        # The account in the folder knows its cloud by the port: another port is another start.
        Wanted(cloud_port, "the mock cloud", "--fresh --cloud-port" if settings or arguments.fresh else "--cloud-port"),
    )
    return Options(port=arguments.port, cloud_port=cloud_port, language=arguments.language)


def _greeting(demo: Demo, folder: Folder) -> str:
    account = demo.cloud.account
    lines = [
        ("Home Assistant", f"{demo.home_assistant.url}/{DASHBOARD}"),
        ("log in as", f"{USERNAME}, password {PASSWORD}"),
        ("mock cloud", demo.cloud.cloud.url),
        ("its account", f"{account.email}, password {account.password} (shown already)"),
        *(
            ("another one", f"{other.email}, password {other.password} (to add by hand, at the mock cloud's address)")
            for other in demo.cloud.others
        ),
        ("log", shown(folder.log)),
    ]
    return "\n" + "\n".join(f"  {what:<16}{value}" for what, value in lines) + "\n\nCtrl-C ends it."


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

    return await _interruptible(go_through)


async def _interruptible(run: Callable[[], Coroutine[None, None, int]]) -> int:
    """Run until it ends, or until Ctrl-C, SIGTERM or the end of the terminal; return its code, or INTERRUPTED."""
    task = asyncio.ensure_future(run())
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if not stopped:
            stopped = True
            # After the end of the terminal there is nowhere to print to.
            with suppress(OSError):
                print("\nStopping…", flush=True)
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        return INTERRUPTED
