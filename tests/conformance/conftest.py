"""The server under test, a session of it, and an endpoint that may be switched."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

from aiohttp import ClientSession
import pytest

from tests.conformance.house import Endpoint, find, harmless, restored
from tests.conformance.plugin import OPENING, BrokenSchemaError
from tests.conformance.server import Server, Session
from tests.conformance.target import Login, Target
from tests.specification import SpecificationChecker


class Sessions:
    """Opens sessions, and revokes them when the test is over."""

    def __init__(self, server: Server) -> None:
        """Start without sessions."""
        self._server = server
        self._opened: list[Session] = []

    async def open(self, login: Login | None = None, session_id: str | None = None) -> Session:
        """Log in with a new session, by default of the first account."""
        if "password" not in self._server.discovery["grant_types_supported"]:
            pytest.skip("the server offers no login by password, which the suite needs for its sessions")
        session = self.add(Session(self._server, login or self._server.target.login, session_id))
        answer = await session.log_in()
        assert answer.status == 200, f"the login is answered {answer.status} {answer.problem}"
        return session

    def add(self, session: Session) -> Session:
        """Revoke a session when the test is over, if it is opened."""
        self._opened.append(session)
        return session

    async def close(self) -> None:
        """Revoke all sessions."""
        for session in self._opened:
            if session.refresh_token:
                await session.revoke()


@pytest.fixture(scope="session")
async def target(pytestconfig: pytest.Config) -> AsyncIterator[Target]:
    """Open the target of this run."""
    async with pytestconfig.stash[OPENING]() as opened:
        yield opened


@pytest.fixture(scope="session")
def checker() -> SpecificationChecker:
    """Return what checks each response and frame against the schemas."""
    return SpecificationChecker()


@pytest.fixture(scope="session")
async def stranger(target: Target, checker: SpecificationChecker) -> AsyncIterator[Server]:
    """Return a client that knows the server's address only."""
    async with ClientSession(connector=target.connect() if target.connect else None) as http:
        yield Server(target, http, checker)


@pytest.fixture(scope="session")
async def server(stranger: Server) -> Server:
    """Return a client that has read the discovery document."""
    answer = await stranger.discover()
    assert answer.status == 200, f"C-12: the discovery document is answered {answer}"
    return stranger


@pytest.fixture(scope="session")
async def session(server: Server) -> AsyncIterator[Session]:
    """Return a session of the first account that all tests share; they leave it open."""
    sessions = Sessions(server)
    yield await sessions.open()
    await sessions.close()


@pytest.fixture
async def sessions(server: Server) -> AsyncIterator[Sessions]:
    """Open sessions that a test may end."""
    opened = Sessions(server)
    yield opened
    await opened.close()


@pytest.fixture
def other_login(target: Target) -> Login:
    """Return a second account."""
    if target.other is None:
        pytest.skip("needs a second account: --other-username")
    return target.other


@pytest.fixture
async def lamp(session: Session, target: Target) -> AsyncIterator[Endpoint]:
    """Return an endpoint that may be switched, and restore it."""
    snapshot = await session.get("/snapshot")
    chosen = find(snapshot, target.endpoint) if target.endpoint else harmless(snapshot)
    if chosen is None:
        pytest.skip("the home has no light and no switch of one that is online: --endpoint names another")
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(restored(session, chosen))


@pytest.fixture(autouse=True)
def specification(checker: SpecificationChecker) -> Iterator[None]:
    """Fail a test whose responses or frames do not fit docs/openapi.yaml and docs/asyncapi.yaml (C-11)."""
    yield
    violations, checker.violations = checker.violations, []
    if violations:
        raise BrokenSchemaError("\n".join(violations))
