"""Checks a cloud by its address: script/conformance --server URL --username NAME."""

import argparse
from contextlib import nullcontext
from getpass import getpass
import os
import sys

from tests.conformance.plugin import run
from tests.conformance.target import PERMISSIONS, HttpOperator, Login, Target

PASSWORD = "WESMART_PASSWORD"
OTHER_PASSWORD = "WESMART_OTHER_PASSWORD"


def main() -> int:
    """Run the suite, and return pytest's exit code."""
    options = _parser().parse_args()
    target = Target(
        url=options.server.rstrip("/"),
        login=_login(options.username, PASSWORD),
        other=_login(options.other_username, OTHER_PASSWORD) if options.other_username else None,
        operator=HttpOperator(options.control) if options.control else None,
        permissions=frozenset(options.allow),
        endpoint=options.endpoint,
        patience_s=options.patience,
        log_in_on_page=_log_in_on_page if options.page else None,
    )
    arguments = [*options.pytest, *(["--capture=no"] if options.page else [])]
    code, _ = run(lambda: nullcontext(target), selected=options.rule, arguments=arguments)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/conformance",
        description=(
            "Checks that a server keeps docs/contract.md. It logs in, switches one light, and leaves "
            f"it as it was. The password comes from {PASSWORD}, else from a prompt, else from the first line of the "
            f"standard input; that of the second account from {OTHER_PASSWORD}, else from the next."
        ),
        epilog="Arguments after -- go to pytest, such as -k stream.",
    )
    parser.add_argument("--server", required=True, metavar="URL", help="address with the discovery document")
    parser.add_argument("--username", required=True, help="email address or phone number of an account with a home")
    parser.add_argument("--other-username", metavar="NAME", help="a second account, which other homes belong to")
    parser.add_argument("--control", metavar="URL", help="controls of the server's operator: POST /control/<name>")
    parser.add_argument(
        "--allow", nargs="+", default=[], choices=PERMISSIONS, help="what else may be tried in this home"
    )
    parser.add_argument("--page", action="store_true", help="ask for logins on the server's login page, in a browser")
    parser.add_argument("--endpoint", type=_endpoint, metavar="DEVICE/ENDPOINT", help="the light or switch to use")
    parser.add_argument(
        "--patience", type=float, default=60, metavar="SECONDS", help="the longest wait of a test (default: 60)"
    )
    parser.add_argument("--rule", nargs="+", default=[], metavar="C-n", help="check these rules only")
    parser.add_argument("pytest", nargs="*", metavar="-- ARGUMENT", help=argparse.SUPPRESS)
    return parser


def _endpoint(text: str) -> tuple[str, str]:
    device, _, endpoint = text.rpartition("/")
    if not device or not endpoint:
        raise argparse.ArgumentTypeError("must be DEVICE/ENDPOINT")
    return device, endpoint


def _login(username: str, variable: str) -> Login:
    """Return credentials; the password is never an argument, which other users of a machine could read."""
    password = os.environ.get(variable)
    if password is None:
        prompt = f"Password of {username}: "
        password = getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not password:
        sys.exit(f"There is no password: set {variable}, or write it to the standard input.")
    return Login(username=username, password=password)


async def _log_in_on_page(url: str) -> str:
    print(f"\nLog in within a minute at\n{url}\nThen paste the address that the browser was sent to:")  # noqa: T201  # a person reads it
    return sys.stdin.readline().strip()


if __name__ == "__main__":
    sys.exit(main())
