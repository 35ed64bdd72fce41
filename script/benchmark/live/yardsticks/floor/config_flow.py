"""Logs in."""

from script.benchmark.live.yardsticks.flow import YardstickConfigFlow


class ConfigFlow(YardstickConfigFlow, domain="floor"):
    """The config flow of the floor."""
