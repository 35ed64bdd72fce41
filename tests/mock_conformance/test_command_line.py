"""script/conformance, against a server in a process of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
import os
from pathlib import Path
import re
import subprocess
import sys

from aiohttp import ClientSession, web
import pytest

from tests.conformance.target import HttpOperator
from tests.form_browser import Browser

# Each of them starts two interpreters.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PASSWORD = "hoa-sua-2026"
# What reads the password, and rules whose tests do not wait.
RULES = ("C-12", "C-17", "C-47")


@pytest.fixture
def server() -> Iterator[str]:
    """Return the URL of a mock cloud."""
    command = [sys.executable, "-m", "tests.mock_cloud", "--port", "0", "--login", "both"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own
        assert process.stdout is not None
        yield process.stdout.readline().split()[3].rstrip(",")
        process.terminate()


def conformance(server: str, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program."""
    command = [sys.executable, "-m", "tests.conformance", "--server", server, *arguments]
    return subprocess.run(  # noqa: S603  # our own
        command,
        cwd=ROOT,
        input=stdin,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("stdin", "environment"),
    [(f"{PASSWORD}\n", {}), ("", {"WESMART_PASSWORD": PASSWORD})],
    ids=["stdin", "environment"],
)
def test_a_server_is_checked_by_its_address(server: str, stdin: str, environment: dict[str, str]) -> None:
    """It says what was skipped, and never the password."""
    done = conformance(server, "--username", "minhanh@example.com", "--rule", *RULES, stdin=stdin, **environment)
    assert done.returncode == 0, done.stdout
    assert "needs a second account: --other-username\n    C-17: " in done.stdout
    assert PASSWORD not in done.stdout + done.stderr


def test_a_second_account_has_a_password_of_its_own(server: str) -> None:
    """From the next line of the standard input."""
    done = conformance(
        server,
        *("--username", "minhanh@example.com", "--other-username", "quocbao@example.com", "--rule", *RULES),
        stdin=f"{PASSWORD}\nsong-han-2026\n",
    )
    assert done.returncode == 0, done.stdout
    assert "only the operator of the server can do this: --control\n    C-47: " in done.stdout
    assert "C-17:" not in done.stdout


def test_the_controls_of_the_mock_cloud_are_an_operator(server: str) -> None:
    """By HTTP, beside the contract."""
    accounts = ("--username", "minhanh@example.com", "--other-username", "quocbao@example.com")
    stdin = f"{PASSWORD}\nsong-han-2026\n"
    done = conformance(server, *accounts, "--control", server, "--rule", "C-22", "C-47", "C-72", stdin=stdin)
    assert done.returncode == 0, done.stdout
    assert "not checked" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["--rule", "C-12"], "", "There is no password"),
        (["--rule", "C-17"], "wrong\n", "the login is answered 400 invalid_grant"),
        (["--rule", "X-1"], "x\n", "the contract has no rules X-1"),
        (["--password", "x"], "", "unrecognized arguments: --password"),
        (["--endpoint", "lamp"], "", "must be DEVICE/ENDPOINT"),
    ],
)
def test_what_is_wrong_is_said(server: str, arguments: list[str], stdin: str, said: str) -> None:
    """With another exit code than 0."""
    done = conformance(server, "--username", "minhanh@example.com", *arguments, stdin=stdin)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr


async def returned(url: str) -> str:
    """Log in on the mock cloud's page, which shows the one-time code; return the address that it leads to."""
    async with ClientSession() as http:
        browser = Browser(http)
        await browser.open(url)
        await browser.log_in("minhanh@example.com", PASSWORD)
        shown = re.search(r"\b\d{6}\b", browser.text)
        assert shown is not None
        await browser.submit(one_time_code=shown[0])
    return browser.location


def test_somebody_logs_in_on_the_page(server: str) -> None:
    """The program shows the page's address, and reads the one that it leads to."""
    command = [sys.executable, "-m", "tests.conformance", "--server", server, "--username", "minhanh@example.com"]
    command += ["--page", "--rule", "C-79", "--", "-k", "twice"]
    with subprocess.Popen(  # noqa: S603  # our own
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{PASSWORD}\n")
        process.stdin.flush()
        url = next(line.strip() for line in process.stdout if line.startswith("http"))
        output, _ = process.communicate(f"{asyncio.run(returned(url))}\n", timeout=60)
    assert process.returncode == 0, output
    assert "1 passed" in output


@pytest.fixture
async def controls() -> AsyncIterator[tuple[str, list[tuple[str, object]]]]:
    """Return the URL of controls, and what they were asked to do."""
    asked: list[tuple[str, object]] = []

    async def control(request: web.Request) -> web.Response:
        asked.append((request.match_info["name"], await request.json()))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/control/{name:suspend|unblock}", control)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    await runner.cleanup()
    await asyncio.sleep(0)


async def test_the_operator_is_called_by_http(controls: tuple[str, list[tuple[str, object]]]) -> None:
    """With the arguments of a control as JSON; one that is not there is a LookupError."""
    url, asked = controls
    operator = HttpOperator(f"{url}/")
    await operator.do("suspend", account="a", until=5.5)
    assert asked == [("suspend", {"account": "a", "until": 5.5})]
    with pytest.raises(LookupError):
        await operator.do("restart")
