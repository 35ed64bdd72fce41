"""Show the integration in a real Home Assistant with a family's two homes."""

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
import shutil
import signal
import socket
import sys
import tempfile
from time import perf_counter

from .check import Check
from .dashboard import DASHBOARD, TITLES
from .demo import COMPLETE, LOG, Demo, run_demo
from .home_assistant import LOOPBACK, PASSWORD, ROOT, USERNAME, DemoError

FOLDER = ROOT / ".demo"
CLOUD_PORT = 8765
LANGUAGE = "en"
# A shell's exit code for a command that Ctrl-C ended.
INTERRUPTED = 130

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run the demo that the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="use everything once, on free ports, and end")
    parser.add_argument("--fresh", action="store_true", help=f"delete {FOLDER.name} and start over")
    parser.add_argument("--port", type=int, default=8123, help="Home Assistant's port (default: %(default)s)")
    parser.add_argument("--cloud-port", type=int, help=f"the mock cloud's, on a first start (default: {CLOUD_PORT})")
    parser.add_argument("--language", choices=TITLES, help=f"of Home Assistant, on a first start (default: {LANGUAGE})")
    arguments = parser.parse_args()
    try:
        return asyncio.run(_until_stopped(lambda: (_check if arguments.check else _stay)(arguments)))
    except DemoError as err:
        print(f"\n{err}", file=sys.stderr)
        return 1


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(port: int, advice: str) -> None:
    """Raise DemoError with advice if nobody can listen on a port now."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError) as err:
            raise DemoError(f"Port {port}: {getattr(err, 'strerror', err)}.\nEnd what uses it, or {advice}.") from None


async def _stay(arguments: argparse.Namespace) -> int:
    """Run until interrupted."""
    complete = FOLDER / COMPLETE
    # A config entry contains the cloud's address. The old port is also free only if no demo uses the folder.
    old_port = int(complete.read_text(encoding="ascii")) if complete.exists() else None
    cloud_port = arguments.cloud_port or old_port or CLOUD_PORT
    if old_port and old_port != cloud_port and not arguments.fresh:
        raise DemoError(f"The account belongs to a cloud on port {old_port}: leave out --cloud-port, or add --fresh.")
    if old_port and arguments.language and not arguments.fresh:
        raise DemoError(f"{FOLDER.name} has a language already: leave out --language, or add --fresh to start over.")
    if arguments.port == cloud_port:
        raise DemoError(f"Home Assistant and the mock cloud cannot both have port {cloud_port}: choose another --port.")
    if old_port:
        require_free(old_port, f"stop the demo that uses {FOLDER.name} (a second one needs a second clone)")
    require_free(cloud_port, f"start with --cloud-port {free_port()}")
    require_free(arguments.port, f"start with --port {free_port()}")
    if arguments.fresh:
        complete.unlink(missing_ok=True)
    async with run_demo(FOLDER, arguments.port, cloud_port, arguments.language or LANGUAGE) as demo:
        print(_greeting(demo), flush=True)
        await demo.client.close()
        with suppress(asyncio.CancelledError):
            await demo.home_assistant.keep_running()
    return 0


def _greeting(demo: Demo) -> str:
    account = demo.account
    lines = [
        ("Home Assistant", f"{demo.home_assistant.url}/{DASHBOARD}"),
        ("log in as", f"{USERNAME}, password {PASSWORD}"),
        ("virtual home", f"{demo.cloud.url}/ (press the walls, break things)"),
        ("mock cloud", demo.cloud.url),
        ("its account", f"{account.email}, password {account.password} (added already)"),
        *(("another one", f"{one.email}, password {one.password} (to add by hand)") for one in demo.others),
        ("log", f"{FOLDER.name}/{LOG}"),
    ]
    return "\n" + "\n".join(f"  {what:<16}{value}" for what, value in lines) + "\n\nCtrl-C ends it."


async def _check(arguments: argparse.Namespace) -> int:
    """Use everything once; keep the files of a failed check."""
    started = perf_counter()
    (ROOT / ".cache").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="demo-check-", dir=ROOT / ".cache"))
    cloud_port = free_port()
    async with run_demo(folder, free_port(), cloud_port, arguments.language or LANGUAGE) as demo:
        check = Check(demo)
        check.report("ok", "the demo has started", started)
        await check.run(folder / LOG)
    async with run_demo(folder, free_port(), cloud_port, arguments.language or LANGUAGE) as demo:
        await check.run_again(demo, folder / LOG)
    if not check.passed:
        print(f"\nHome Assistant's log: {folder / LOG}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


async def _until_stopped(run: Callable[[], Coroutine[None, None, int]]) -> int:
    """Run to the end, or until Ctrl-C, SIGTERM or SIGHUP; return its exit code or INTERRUPTED."""
    task, loop = asyncio.create_task(run()), asyncio.get_running_loop()

    def stop() -> None:
        for number in _SIGNALS:  # a second Ctrl-C does not interrupt the end
            loop.add_signal_handler(number, lambda: None)
        with suppress(OSError):  # without a terminal, after SIGHUP
            print("\nStopping…", flush=True)
        task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        return INTERRUPTED
