"""The runs have loops of their own, and need nothing of Home Assistant."""

import pytest


@pytest.fixture(autouse=True)
def custom_integrations() -> None:
    """Override the fixture that starts Home Assistant."""


@pytest.fixture(autouse=True)
def wall_clock() -> None:
    """Override the fixture that sets Home Assistant's clock."""
