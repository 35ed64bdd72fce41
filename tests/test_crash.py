"""A session survives Home Assistant being killed at any step of renewing its tokens: real processes, in real time."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
import signal
import sys
import time
from urllib.parse import parse_qs

import pytest

from tests.accounts import OWNER
from tests.crash_process import TOKEN_PATH, CrashPoint
from tests.mock_cloud import MockCloud

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
# A start takes a second or two, on a busy machine more.
PATIENCE_S = 60


@pytest.fixture
def custom_integrations() -> None:
    """Start no Home Assistant in this process."""


class Installation:
    """A folder of Home Assistant's, and the cloud that its account is at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Seconds that the cloud's clock is ahead.
        self.late = 0
        # Whether what is asked after a refused token is done, and not answered.
        self.refusals_stall = False
        self.cloud = MockCloud(clock=lambda: time.time() + self.late, observer=self)

    def answered(
        self,
        method: str,
        path: str,
        request_headers: Mapping[str, str],
        request_body: bytes,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
    ) -> None:
        """Watch the cloud's answers."""
        if status == 401 and self.refusals_stall:
            self.cloud.latency = PATIENCE_S

    def pushed(self, frame: str) -> None:
        """Ignore what is pushed."""

    @asynccontextmanager
    async def process(self, crash_point: CrashPoint = CrashPoint.NONE) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run Home Assistant on the folder until it is killed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.crash_process", str(self.folder), self.cloud.url, "--crash-point", crash_point),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                yield process
                await process.wait()
            assert process.returncode == -signal.SIGKILL
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    @asynccontextmanager
    async def home(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run Home Assistant, which must come up without asking for anything, for an hour."""
        async with self.process() as process:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"loaded 0\n"
            (session,) = self.cloud.sessions(OWNER.username)
            newest = session.successor or session.used
            while not self.cloud.streams or newest not in self.written:  # noqa: ASYNC110 - the disk has no event for it
                await asyncio.sleep(0.01)
            yield process

    def expire(self) -> None:
        """Let the access token expire, and make a Home Assistant that runs need another."""
        self.late += 2 * 3600
        self.cloud.cut()

    @property
    def renewals(self) -> list[str]:
        """The refresh tokens that were shown to the cloud, one for each renewal."""
        forms = [parse_qs(request.body.decode()) for request in self.cloud.requests if request.path == TOKEN_PATH]
        return [form["refresh_token"][0] for form in forms if form["grant_type"] == ["refresh_token"]]

    @property
    def written(self) -> str:
        """What Home Assistant has on its disk of its entries."""
        file = self.folder / ".storage" / "core.config_entries"
        return file.read_text() if file.exists() else ""


async def _kill_before_answer(installation: Installation) -> None:
    async with installation.home() as home:
        installation.refusals_stall = True
        renewals = len(installation.renewals)
        installation.expire()
        while len(installation.renewals) == renewals:  # noqa: ASYNC110 - the cloud has no event for it
            await asyncio.sleep(0.01)
        home.kill()
    installation.refusals_stall = False
    installation.cloud.latency = 0


async def _kill_after_write(installation: Installation) -> None:
    async with installation.home() as home:
        written = installation.written
        installation.expire()
        while installation.written == written:  # noqa: ASYNC110 - the disk has no event for it
            await asyncio.sleep(0.01)
        home.kill()


async def _crashes(installation: Installation, crash_point: CrashPoint) -> None:
    """Start a Home Assistant that kills itself; what it has on its disk stays as it was."""
    written, renewals = installation.written, len(installation.renewals)
    installation.expire()
    async with installation.process(crash_point):
        pass
    assert installation.written == written
    assert len(installation.renewals) - renewals == (crash_point is not CrashPoint.BEFORE_REQUEST)


async def _crash_everywhere(folder: Path) -> None:
    installation = Installation(folder)
    async with installation.cloud as cloud:
        async with installation.home() as home:
            home.kill()
        (session,) = cloud.sessions(OWNER.username)

        # Each start needs new tokens, and so proves that the crash_point before it has done no harm. The token on the disk
        # is that of the login first, and then one that was renewed.
        await _crashes(installation, CrashPoint.BEFORE_REQUEST)
        await _crashes(installation, CrashPoint.BEFORE_SAVE)
        await _crashes(installation, CrashPoint.BEFORE_WRITE)
        await _kill_before_answer(installation)
        await _kill_after_write(installation)
        await _crashes(installation, CrashPoint.BEFORE_WRITE)

        installation.expire()
        async with installation.home() as home:
            home.kill()
        assert cloud.sessions(OWNER.username) == [session]


@pytest.mark.timeout(240)
def test_home_assistant_may_be_killed_at_any_step_of_a_renewal(tmp_path: Path) -> None:
    """Before the request, before its answer, before and after the answer is saved, and after that was written."""
    asyncio.run(_crash_everywhere(tmp_path))
