"""Each example has a Home Assistant of its own, so the tests themselves get none."""

import pytest


@pytest.fixture(autouse=True)
def custom_integrations() -> None:
    """Take the place of the fixture that would set up a Home Assistant."""
