"""A pytest plugin for the tests of any client: `pytest_plugins = ["tests.mock_cloud.plugin"]`. See docs/mock-cloud.md."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.mock_cloud import MockCloud
from tests.specification import SpecificationChecker


@pytest_asyncio.fixture
async def mock_cloud() -> AsyncIterator[MockCloud]:
    """Run a cloud on a free port of this machine; afterwards, fail if anything broke the contract's documents."""
    checker = SpecificationChecker()
    async with MockCloud(observer=checker) as cloud:
        yield cloud
    checker.verify()
