"""Runs the mock cloud by itself: python -m tests.mock_cloud."""

import argparse
import asyncio
from pathlib import Path
import signal

from tests.mock_cloud.cloud import MockCloud
from tests.mock_cloud.control_server import is_loopback
from tests.mock_cloud.freedoms import Freedoms
from tests.mock_cloud.home_file import DEFAULT_HOME, load_home


async def _serve(options: argparse.Namespace) -> None:
    freedoms = Freedoms.off() if options.seed is None else Freedoms.seeded(options.seed)
    cloud = MockCloud(
        home=load_home(options.home), freedoms=freedoms, state_file=options.state, control=options.control
    )
    cloud.login = options.login
    cloud.show_one_time_codes()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await cloud.start(options.host, options.port)
    print(f"Mock cloud at {cloud.url}, terms at {cloud.url}/terms", flush=True)  # noqa: T201  # read by the caller
    if options.control and is_loopback(options.host):
        print(f"Virtual home at {cloud.url}/", flush=True)  # noqa: T201  # for people
    await stopped.wait()
    await cloud.stop()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.mock_cloud", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8765, help="port, 0 for a free one (default: %(default)s)")
    parser.add_argument("--home", type=Path, default=DEFAULT_HOME, help="home file (default: the one beside this)")
    parser.add_argument(
        "--login", choices=("password", "code", "both"), default="password", help="how to log in (default: %(default)s)"
    )
    parser.add_argument("--state", type=Path, help="file that keeps sessions and states across restarts")
    parser.add_argument("--seed", type=int, help="use the contract's freedoms at random under this seed")
    parser.add_argument(
        "--no-control", dest="control", action="store_false", help="serve the contract only: no page, no controls"
    )
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
