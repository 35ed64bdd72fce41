"""A cloud that keeps the whole contract, for tests and for the demo; it knows nothing of Home Assistant."""

from tests.mock_cloud.cloud import MockCloud
from tests.mock_cloud.freedoms import Freedoms
from tests.mock_cloud.home_file import DEFAULT_HOME, load_home
from tests.mock_cloud.observer import Observer, Request

__all__ = ["DEFAULT_HOME", "Freedoms", "MockCloud", "Observer", "Request", "load_home"]
