"""A mock cloud of the whole contract, for tests and the demo; independent of Home Assistant."""

from tests.mock_cloud.cloud import MockCloud
from tests.mock_cloud.freedoms import Freedoms
from tests.mock_cloud.home_file import DEFAULT_HOME, load_home
from tests.mock_cloud.observer import Observer, Request

__all__ = ["DEFAULT_HOME", "Freedoms", "MockCloud", "Observer", "Request", "load_home"]
